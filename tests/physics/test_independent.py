"""The reference solvers against exact results and against one another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import eval_genlaguerre
from support.reference import cases, kramers, schroedinger
from support.reference import hermite_galerkin as galerkin
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate

HBAR = 0.7
BASIS = galerkin.Basis(
    degree=12, levels=20, q_centre=0.1, q_width=0.8, p_centre=-0.2, p_width=1.0, x_centre=0.05, x_length=0.75
)
OSCILLATORS = {"k_C": 0.9, "k_Q": 1.3, "lam": 0.5, "classical_mass": 1.6, "quantum_mass": 0.8, "friction": 0.35}
MEAN = np.array([0.6, -0.4, 0.5, 0.3])
COVARIANCE = np.diag([0.35, 0.5, 0.3, HBAR**2 / 1.2])
COVARIANCE[0, 1] = COVARIANCE[1, 0] = 0.08


def start_classical(basis: galerkin.Basis) -> np.ndarray:
    return galerkin.gaussian_density(basis, MEAN[:2], COVARIANCE[:2, :2])


def start(basis: galerkin.Basis) -> np.ndarray:
    packet = schroedinger.gaussian_packet(MEAN[2], MEAN[3], COVARIANCE[2, 2], HBAR)
    return galerkin.product_state(start_classical(basis), galerkin.fock_coefficients(basis, packet))


def polynomial_system(**changes: object) -> galerkin.System:
    """Every term of the equation present, no two numbers alike."""
    system = dataclasses.replace(
        cases.anharmonic_case().system,
        quantum_potential=(0.0, -0.2, 0.65, 0.05, 0.0625),
        interaction={(2, 1): 0.1, (1, 2): 0.15, (1, 1): 0.4},
    )
    return dataclasses.replace(system, **changes)


def test_galerkin_follows_the_exact_moments_of_coupled_oscillators():
    """Kills any wrong sign or factor of friction, diffusion, back-action, decoherence or the commutator."""
    k_C, k_Q, lam = (OSCILLATORS[name] for name in ("k_C", "k_Q", "lam"))
    system = polynomial_system(
        classical_potential=(0.0, 0.0, k_C / 2),
        quantum_potential=(0.0, 0.0, k_Q / 2),
        interaction={(2, 0): lam / 2, (1, 1): -lam, (0, 2): lam / 2},
    )
    found, _ = galerkin.evolve(system, BASIS, start(BASIS), (0.0, 1.0, 2.0))
    drift = oscillator_drift(**OSCILLATORS)
    noise = oscillator_noise(lam=lam, hbar=HBAR, diffusion=system.diffusion, decoherence=system.decoherence)
    for moments in found:
        mean, covariance = propagate(drift, noise, MEAN, COVARIANCE, moments.time)
        assert abs(moments.norm - 1) < 1e-12
        np.testing.assert_allclose(moments.mean, mean, rtol=0, atol=1e-8)
        np.testing.assert_allclose(moments.covariance, covariance, rtol=0, atol=1e-8)


def frozen_moments(system: galerkin.System, time: float) -> dict[str, float]:
    """Exact moments when the quantum particle is too heavy to move, V_Q = 0 and V_I = q L(x).

    Given x, (I, q, p) with I = integral of q dt is Gaussian under the constant force -L(x), and
    y = y0 - L'(x) I + noise of variance hbar^2 D0 L'(x)^2 t. Averages over x by Gauss-Hermite quadrature.
    """
    a, b = system.interaction[1, 2], system.interaction[1, 1]
    k, M = 2 * system.classical_potential[2], system.classical_mass
    drift = np.array([[0, -1, 0, 0], [0, 0, -1 / M, 0], [0, k, system.friction / M, 1], [0, 0, 0, 0]])  # last: force L
    noise = np.diag([0, 0, system.diffusion, 0.0])
    spread = np.zeros((4, 4))
    spread[1:3, 1:3] = COVARIANCE[:2, :2]
    free, within = propagate(drift, noise, np.array([0, *MEAN[:2], 0]), spread, time)
    response = propagate(drift, noise, np.array([0, 0, 0, 1.0]), spread, time)[0]
    u, w = np.polynomial.hermite_e.hermegauss(20)
    w = w / w.sum()
    x = MEAN[2] + np.sqrt(COVARIANCE[2, 2]) * u
    L, slope = a * x**2 + b * x, 2 * a * x + b
    given = free[:3, None] + response[:3, None] * L  # means of I, q, p at each x
    kick = slope * given[0]
    q, p, y = w @ given[1], w @ given[2], MEAN[3] - w @ kick
    broadening = slope**2 * (within[0, 0] + HBAR**2 * system.decoherence * time)
    return {
        "q": q,
        "p": p,
        "y": y,
        "qq": w @ given[1] ** 2 + within[1, 1] - q**2,
        "pp": w @ given[2] ** 2 + within[2, 2] - p**2,
        "qx": w @ (given[1] * x) - q * MEAN[2],
        "py": MEAN[3] * p - w @ (slope * (given[0] * given[2] + within[0, 2])) - p * y,
        "yy": COVARIANCE[3, 3] + w @ (kick**2 + broadening) - (w @ kick) ** 2,
    }


def test_galerkin_follows_the_exact_moments_of_a_nonlinear_coupling_to_a_heavy_particle():
    """Kills a coupling beyond bilinear whose force, kick or decoherence is wrong, which no oscillator shows."""
    system = polynomial_system(
        classical_potential=(0.0, 0.0, 0.45),
        quantum_potential=(),
        interaction={(1, 2): 0.3, (1, 1): 0.5},
        quantum_mass=1e12,
    )
    basis = dataclasses.replace(BASIS, degree=8, levels=30, x_length=0.6)
    moments = galerkin.evolve(system, basis, start(basis), (0.6,))[0][-1]
    mean, covariance = moments.mean, moments.covariance
    found = {"q": mean[0], "p": mean[1], "y": mean[3], "qq": covariance[0, 0], "pp": covariance[1, 1]}
    found |= {"qx": covariance[0, 2], "py": covariance[1, 3], "yy": covariance[3, 3]}
    exact = frozen_moments(system, 0.6)
    for name, value in exact.items():
        assert found[name] == pytest.approx(value, abs=1e-8), name


def test_galerkin_generator_balances_the_energy():
    """Kills a term missing from the anharmonic generator, or heating by decoherence with a wrong factor."""
    system, basis = polynomial_system(), dataclasses.replace(BASIS, degree=6)
    change = galerkin.unpack(basis, galerkin.generator(system, basis) @ galerkin.pack(start(basis)))
    rate = galerkin.moments(system, basis, change, 0.0).energy
    slope_squared = (0.2 * MEAN[0] + 0.3 * MEAN[2] + 0.4) ** 2 + 0.04 * COVARIANCE[0, 0] + 0.09 * COVARIANCE[2, 2]
    momentum_squared = MEAN[1] ** 2 + COVARIANCE[1, 1]
    heating = system.diffusion / (2 * system.classical_mass)
    heating += system.decoherence / 2 * HBAR**2 * slope_squared / system.quantum_mass
    assert rate == pytest.approx(heating - system.friction / system.classical_mass**2 * momentum_squared, abs=1e-9)


def test_galerkin_and_sinc_functions_give_one_wigner_function():
    """Kills a wrong phase or sign of x or y: the signed, negative, asymmetric Wigner functions are compared."""
    system = polynomial_system(interaction={}, quantum_potential=(0.0, -0.2, 0.3, 0.05, 0.15))
    basis = dataclasses.replace(BASIS, degree=1, levels=48, x_length=0.55)
    state = galerkin.evolve(system, basis, start(basis), (1.9,))[1]
    x, y = np.linspace(-2.5, 2.2, 23), np.linspace(-2.6, 2.9, 19)

    def potential(z: np.ndarray) -> np.ndarray:
        return np.polynomial.polynomial.polyval(z, system.quantum_potential)

    particle = schroedinger.QuantumParticle(potential, system.quantum_mass, HBAR, -7.0, 7.0, 120)
    packet = schroedinger.gaussian_packet(MEAN[2], MEAN[3], COVARIANCE[2, 2], HBAR)
    exact = schroedinger.wigner(particle.evolve(packet, 1.9), x, y, hbar=HBAR, reach=11.0)
    matrix = galerkin.Expectation(basis, state).conditional(0, 0)
    found = schroedinger.wigner_of_matrix(matrix, basis.fock_functions, x, y, hbar=HBAR, reach=11.0)
    assert exact.min() < -1e-2
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-7)


def anharmonic_particle(n: int, scale: float) -> kramers.ClassicalParticle:
    return kramers.ClassicalParticle(
        slope=lambda q: 0.1 + 0.9 * q + 0.12 * q**2 + 0.12 * q**3,
        mass=1.6,
        friction=0.35,
        diffusion=0.6,
        q=kramers.HermiteAxis(0.05, 0.65 * scale, n),
        p=kramers.HermiteAxis(-0.3, 0.9 * scale, n + 4),
    )


def test_galerkin_and_collocation_give_the_same_classical_moments():
    """Kills a wrong anharmonic force, transport or friction of the classical particle, in either solver."""
    system = polynomial_system(interaction={}, quantum_potential=())
    basis = dataclasses.replace(BASIS, degree=22, levels=3, q_width=0.7)
    state = galerkin.evolve(system, basis, galerkin.product_state(start_classical(basis), np.eye(3)[0]), (1.2,))[1]
    particle = anharmonic_particle(44, 1.0)
    values = particle.evolve(kramers.gaussian(MEAN[:2], COVARIANCE[:2, :2]), 1.2)
    mean_of = galerkin.Expectation(basis, state)
    for i, k in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (1, 2)):
        found = particle.average(values, lambda q, p, i=i, k=k: q**i * p**k)
        assert mean_of(i, k) == pytest.approx(found, abs=1e-6), (i, k)


def test_collocation_does_not_depend_on_its_basis():
    """Kills a differentiation matrix or an interpolation that is exact for one scale of the functions only."""
    q, p = np.linspace(-2.2, 2.5, 21), np.linspace(-3.1, 2.8, 17)
    densities = []
    for n, scale in ((44, 1.0), (52, 0.9)):
        particle = anharmonic_particle(n, scale)
        values = particle.evolve(kramers.gaussian(MEAN[:2], COVARIANCE[:2, :2]), 1.2)
        assert particle.average(values, lambda q, p: np.ones_like(q * p)) == pytest.approx(1, abs=1e-6)
        densities.append(particle.on(values, q, p))
    np.testing.assert_allclose(*densities, rtol=0, atol=1e-6)


@pytest.mark.parametrize("friction", [0.35, 2.4, 5.0], ids=["underdamped", "critical", "overdamped"])
def test_closed_form_kramers_agrees_with_matrix_exponential_and_collocation(friction):
    """Kills a slip in the closed form, at and on either side of critical damping (alpha^2 = 4 k M)."""
    k, mass, diffusion, time = 0.9, 1.6, 0.7 * friction, 1.7
    found = kramers.harmonic_moments(
        MEAN[:2], COVARIANCE[:2, :2], time, k=k, mass=mass, friction=friction, diffusion=diffusion
    )
    drift = np.array([[0, -1 / mass], [k, friction / mass]])
    exact = propagate(drift, np.diag([0, diffusion]), MEAN[:2], COVARIANCE[:2, :2], time)
    for mine, theirs in zip(found, exact, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-13)
    particle = kramers.ClassicalParticle(
        slope=lambda q: k * q,
        mass=mass,
        friction=friction,
        diffusion=diffusion,
        q=kramers.HermiteAxis(0.0, 0.7, 36),
        p=kramers.HermiteAxis(0.0, 0.8, 40),
    )
    values = particle.evolve(kramers.gaussian(MEAN[:2], COVARIANCE[:2, :2]), time)
    q, p = np.linspace(-2, 2.4, 15), np.linspace(-2.5, 2.2, 13)
    np.testing.assert_allclose(
        particle.on(values, q, p), kramers.gaussian(*found)(q[:, None], p[None, :]), rtol=0, atol=1e-8
    )


def test_sinc_hamiltonian_has_the_known_levels_of_the_quartic_oscillator():
    """Kills a wrong kinetic matrix: H = y^2 + x^4 has the levels published to many digits since the 1970s."""
    particle = schroedinger.QuantumParticle(lambda x: x**4, 0.5, 1.0, -6.0, 6.0, 121)
    known = [1.060362090484183, 3.799673029801394, 7.455697937986738]
    np.testing.assert_allclose(particle.spectrum[0][:3], known, rtol=0, atol=1e-11)


def test_sinc_evolution_moves_a_coherent_state_along_its_orbit():
    """Kills evolution in the wrong sense of time, and a Wigner function with y reversed."""
    mass, omega, time = 0.8, 1.3, 0.9
    variance = HBAR / (2 * mass * omega)
    particle = schroedinger.QuantumParticle(lambda x: mass * omega**2 * x**2 / 2, mass, HBAR, -7.0, 7.2, 130)
    psi = particle.evolve(schroedinger.gaussian_packet(0.8, 0.3, variance, HBAR), time)
    c, s = np.cos(omega * time), np.sin(omega * time)
    x0, y0 = 0.8 * c + 0.3 / (mass * omega) * s, 0.3 * c - 0.8 * mass * omega * s
    x, y = np.linspace(-2, 2.4, 15), np.linspace(-2.5, 2.2, 13)
    exact = np.exp(-((x[:, None] - x0) ** 2) / (2 * variance) - 2 * variance * (y - y0) ** 2 / HBAR**2) / (np.pi * HBAR)
    np.testing.assert_allclose(schroedinger.wigner(psi, x, y, hbar=HBAR, reach=11.0), exact, rtol=0, atol=1e-10)


def test_wigner_function_of_a_density_matrix_has_the_closed_form_of_fock_coherences():
    """Kills |m><n| taken for |n><m|, whose Wigner functions differ in the sign of y alone."""
    matrix = np.zeros((4, 4), dtype=complex)
    matrix[2, 2], matrix[3, 3], matrix[3, 1], matrix[1, 3] = 0.6, 0.4, 0.2 + 0.3j, 0.2 - 0.3j
    basis = dataclasses.replace(BASIS, levels=4)
    x, y = np.linspace(-2, 2.4, 15), np.linspace(-2.5, 2.2, 13)
    found = schroedinger.wigner_of_matrix(matrix, basis.fock_functions, x, y, hbar=HBAR, reach=9.0)
    u = (x[:, None] - basis.x_centre) / basis.x_length
    v = y * basis.x_length / HBAR
    square, envelope = u**2 + v**2, np.exp(-(u**2) - v**2) / (np.pi * HBAR)
    diagonal = 0.6 * eval_genlaguerre(2, 0, 2 * square) - 0.4 * eval_genlaguerre(3, 0, 2 * square)
    coherence = -np.sqrt(1 / 6) * 2 * (u - 1j * v) ** 2 * eval_genlaguerre(1, 2, 2 * square)  # of |3><1|
    exact = envelope * (diagonal + 2 * ((0.2 + 0.3j) * coherence).real)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12)


CASES = [cases.quartic_case, cases.nonlinear_coupling_case, cases.anharmonic_case]


def agree(some: list[galerkin.Moments], others: list[galerkin.Moments], tolerance: float) -> None:
    for mine, theirs in zip(some, others, strict=True):
        np.testing.assert_allclose(mine.mean, theirs.mean, rtol=0, atol=tolerance)
        np.testing.assert_allclose(mine.covariance, theirs.covariance, rtol=0, atol=tolerance)
        assert mine.energy == pytest.approx(theirs.energy, abs=tolerance)


@pytest.mark.parametrize("make", CASES[:2])
def test_cases_do_not_depend_on_the_basis(make):
    """Kills a case that diverges with the basis, at the first of its times, or a field at odds with its moments."""
    case = make()
    case = dataclasses.replace(case, times=case.times[:1], basis=dataclasses.replace(case.basis, degree=8, levels=20))
    smaller = dataclasses.replace(case.basis, degree=7, levels=18, q_width=0.75, x_length=0.66)
    found, state = case.solve()
    agree(found, case.solve(smaller)[0], 1e-5)
    x, y = np.linspace(-4.5, 4.5, 41), np.linspace(-5.5, 5.5, 47)
    weighted = case.wigner_xy(state, x, y, p_power=1) * (x[1] - x[0]) * (y[1] - y[0])
    mean, covariance = found[0].mean, found[0].covariance
    assert weighted.sum() == pytest.approx(mean[1], abs=1e-7)
    assert x @ weighted.sum(axis=1) == pytest.approx(covariance[1, 2] + mean[1] * mean[2], abs=1e-7)
    assert weighted.sum(axis=0) @ y == pytest.approx(covariance[1, 3] + mean[1] * mean[3], abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES)
def test_cases_are_accurate_to_what_they_promise(make):
    """Kills reference moments further than 2e-7 from those of the finer basis, and a state that is none."""
    case = make()
    finer, _ = case.solve(case.finer_basis)
    agree(case.reference(), finer, 2e-7)
    assert np.linalg.eigvalsh(finer[-1].density_matrix)[0] > -1e-9
