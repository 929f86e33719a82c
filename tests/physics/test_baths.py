"""A bath of the quantum particle, and several noises, against exact Gaussian theory, QuTiP and the Galerkin solver."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from support.reference import cases
from support.reference.schroedinger import wigner_of_matrix
from threadpoolctl import threadpool_limits

from wignercq import Axis, Grid, Model, evolve
from wignercq.gaussian import LinearModel
from wignercq.gaussian.closure import gaussian_closure
from wignercq.model.bath import Noise, QuantumBath
from wignercq.observables.density_matrix import density_matrix
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import CHIN_4A, FORWARD_3, STRANG, Scheme
from wignercq.states import gaussian

HBAR, MASS = 0.8, 0.9
MEAN = [0.6, -0.4, -0.5, 0.3]
PURE = np.diag([0.6, 0.8, 0.3, HBAR**2 / 4 / 0.3])
BATH = QuantumBath(friction=0.36, diffusion={"xx": 0.1, "xy": 0.03, "yy": 0.5})


def alone(potential: str, bath: QuantumBath | None, **more: Any) -> Model:
    """A quantum particle that nothing but its bath acts on, beside a classical oscillator."""
    return Model(
        "q**2/2", potential, hbar=HBAR, quantum_mass=MASS, friction=0.3, diffusion=0.5, quantum_bath=bath, **more
    )


def test_a_damped_oscillator_relaxes_as_gaussian_theory_says() -> None:
    """Kills: a wrong rate, drift or diffusion of the flow of (x, y), at any time; to 1e-8 on the way to rest."""
    model = alone("0.5*x**2", BATH)
    theory = LinearModel.from_model(model)
    steady = theory.steady_covariance()
    assert steady[2, 3] == pytest.approx(-MASS * BATH.diffusion.xx / 2)
    run = evolve(model, gaussian(MEAN, PURE, hbar=HBAR), times=[0.0, 1.0, 5.0, 20.0], tolerance=1e-9).dataset
    times = run["time"].values
    assert np.abs(run["mean"].values - theory.mean(times, MEAN)).max() < 1e-8
    assert np.abs(run["covariance"].values - theory.covariance(times, PURE)).max() < 1e-8
    assert np.abs(run["covariance"].values[-1] - steady)[2:, 2:].max() < 5e-3


@pytest.mark.slow
def test_a_coupled_pair_with_every_bath_follows_gaussian_theory_and_the_closure() -> None:
    """Kills: D_yy lost or doubled between flow and kick, a bath that forgets the coupling, energy out of balance."""
    noises = [Noise("0.5*x + q**2/9", 0.2, 0.1)]
    model = Model(
        "0.6*q**2", "0.5*x**2", "0.4*(q - x)**2/2", hbar=HBAR, classical_mass=1.5, quantum_mass=MASS, friction=0.3,
        diffusion=0.5, quantum_bath=BATH, noises=noises,
    )  # fmt: skip
    theory = LinearModel.from_model(model)
    run = evolve(model, gaussian(MEAN, PURE, hbar=HBAR), duration=1.0, outputs=2, tolerance=1e-6).dataset
    mean, covariance = theory.mean(1.0, MEAN), theory.covariance(1.0, PURE)
    assert np.abs(run["mean"].values[-1] - mean).max() < 1e-6
    assert np.abs(run["covariance"].values[-1] - covariance).max() < 1e-6
    closure = gaussian_closure(model, MEAN, PURE, [0.0, 1.0])
    assert np.abs(closure.covariance[-1] - covariance).max() < 1e-9
    budget = run["energy_budget_residual"]
    assert np.abs(budget).max() < 1e-5 + 2 * budget.attrs["integration_error"]


def lindblad(model: Model, levels: int, length: float) -> tuple[Any, Any]:
    """H/hbar and the Lindblad operators for QuTiP, in Fock states of that length; friction has a part in H."""
    import qutip

    a = qutip.destroy(levels + 8)
    x, y = length / np.sqrt(2) * (a + a.dag()), HBAR / length / np.sqrt(2) / 1j * (a - a.dag())
    potential = sum((float(c) * x**k for (k,), c in model.V_Q.as_poly().terms()), start=0 * x)
    rate, (xx, xy, yy) = model.quantum_damping_rate, model.quantum_diffusion
    H = y**2 / (2 * MASS) + potential + rate / 4 * (x * y + y * x)
    off = -xy / HBAR**2 - 0.5j * rate / HBAR
    strengths, vectors = np.linalg.eigh([[yy / HBAR**2, off], [np.conj(off), xx / HBAR**2]])
    found = zip(strengths, vectors.T, strict=True)
    operators = [np.sqrt(s) * (v[0] * x + v[1] * y) for s, v in found if s > 1e-14]

    def cut(operator: Any) -> Any:
        return qutip.Qobj(operator.full()[:levels, :levels]).to("CSR").tidyup(1e-13)

    return cut(H / HBAR), [cut(operator) for operator in operators]


@pytest.mark.slow
@threadpool_limits.wrap(limits=1)
def test_an_anharmonic_particle_equals_the_lindblad_equation_of_qutip() -> None:
    """Kills: any term of the bath that is not that of the Lindblad equation; the signed W is compared, to 1e-5."""
    import qutip

    model, levels, length, more = alone("0.5*x**2 + 0.1*x**4 + 0.1*x**3", BATH), 56, 0.8, 60
    run = evolve(model, gaussian(MEAN, PURE, hbar=HBAR), duration=1.0, outputs=2, tolerance=1e-7).dataset
    H, operators = lindblad(model, levels, length)
    shift = (MEAN[2] / length + 1j * MEAN[3] * length / HBAR) / np.sqrt(2)
    squeezing = -np.log(2 * PURE[2, 2] / length**2) / 2
    unitary = qutip.displace(levels + more, shift) * qutip.squeeze(levels + more, squeezing)
    ket = qutip.Qobj((unitary * qutip.basis(levels + more, 0)).full()[:levels])
    options = {"atol": 1e-9, "rtol": 1e-8, "nsteps": 10**6, "progress_bar": ""}
    matrix = qutip.mesolve(H, ket * ket.dag(), [0, 1.0], operators, options=options).states[-1].full()
    basis = dataclasses.replace(cases.quartic_case().basis, levels=levels, x_centre=0.0, x_length=length)
    x, y = run["x"].values, run["y"].values
    expected = wigner_of_matrix(matrix, basis.fock_functions, x, y, hbar=HBAR, reach=12.0)
    assert np.abs(run["wigner_xy"].values[-1] - expected).max() < 1e-5 * expected.max()


def lowest(bath: QuantumBath, time: float) -> float:
    """The lowest eigenvalue of the density matrix of a narrow state after a time with a bath."""
    model = alone("0.5*x**2 + 0.1*x**4", bath, allow_unphysical=True)
    narrow = np.diag([0.6, 0.8, 0.06, HBAR**2 / 4 / 0.06])
    run = evolve(model, gaussian([0, 0, 0.3, 0], narrow, hbar=HBAR), duration=time, outputs=1, tolerance=1e-8).dataset
    axes = [Axis(v[0], 2 * v[-1] - v[-2], v.size) for v in (run["x"].values, run["y"].values)]
    return float(np.linalg.eigvalsh(density_matrix(run["wigner_xy"].values[-1], *axes, hbar=HBAR))[0])


def test_positivity_is_kept_at_the_bound_and_broken_below_it() -> None:
    """Kills: a bound of no consequence: at it eigenvalues are above -1e-7, one of Caldeira and Leggett below -1e-2."""
    friction, T = 0.36, 0.5
    at_the_bound = QuantumBath(friction=friction, temperature=T)
    without = QuantumBath(friction=friction, diffusion={"yy": 2 * friction * T})
    assert lowest(at_the_bound, 0.3) > -1e-7
    assert lowest(without, 0.3) < -1e-2


GRID = Grid(Axis(-7, 7.2, 32), Axis(-7.5, 7, 34), Axis(-6.9, 6.5, 36), Axis(-6.2, 6.6, 40))


def final(model: Model, scheme: Scheme, steps: int, grid: Grid = GRID) -> np.ndarray:
    """W after a time of 0.8."""
    engine, start = TiledEngine(grid), gaussian(MEAN, np.diag([0.6, 0.8, 0.45, 0.5]), hbar=HBAR)
    W, _ = Propagator(model, engine, scheme, 0.8 / steps).advance(engine.fill(start.slab(grid)), steps)
    return np.array(engine.array(W))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["x", "q"])
def test_the_order_is_four_with_diffusion_of_x_or_noise_that_depends_on_q(what: str) -> None:
    """Kills: C without -D_xx (d_x G)**2 or the cube of r, which leave the order two; the signed W, from both sides."""
    if what == "x":
        more: dict[str, Any] = {"quantum_bath": QuantumBath(friction=0.24, diffusion={"xx": 0.3, "xy": 0.1, "yy": 0.5})}
    else:
        more = {"noises": [Noise("x**2", 0.2, "0.2*q**2 + 0.1*q + 0.05")]}
    masses = {"hbar": HBAR, "classical_mass": 1.5, "quantum_mass": 0.8, "friction": 0.3, "diffusion": 0.5}
    model = Model("0.6*q**2", "0.5*x**2 + 0.05*x**4", "0.4*(q - x)**2/2", **masses, **more)
    reference = final(model, FORWARD_3, 12)
    for scheme, steps in ((STRANG, (4, 8)), (CHIN_4A, (2, 4))):
        errors = [np.abs(final(model, scheme, n) - reference).max() for n in steps]
        order = np.log2(errors[0] / errors[1])
        assert abs(order - scheme.order) < 0.25, (scheme.name, order)


def test_two_noises_are_one_with_the_sum_of_their_matrices() -> None:
    """Kills: a noise counted twice or not at all: L_k = a_k x + b_k commute, so a_k**2 D0_k and D2_k add up."""
    masses = {"hbar": HBAR, "friction": 0.3, "diffusion": 0.5}
    potentials = ("0.6*q**2", "0.5*x**2 + 0.05*x**4", "0.3*q*x")
    two = Model(
        *potentials, **masses, decoherence=0.5, noises=[Noise("0.5*x", 0.4, "0.1*q**2"), Noise("x + q", 0.2, 0.3)]
    )
    one = Model(*potentials, **masses, decoherence=0.5, noises=[Noise("x", 0.3, "0.1*q**2 + 0.3")])
    grid = Grid(Axis(-6, 6, 16), Axis(-6, 6, 18), Axis(-5, 5, 20), Axis(-5, 5, 18))
    first, second = (final(model, FORWARD_3, 2, grid) for model in (two, one))
    assert np.abs(first - second).max() < 1e-13 * np.abs(first).max()


@pytest.mark.slow
def test_noise_that_depends_on_q_and_an_operator_of_x_squared_follow_the_galerkin_solver() -> None:
    """Kills: a wrong sign, factor or ordering of D2(q) or [L, [L, rho]] with L = x**2 and q x/2; moments to 1e-5."""
    case = cases.nonlinear_coupling_case()
    system = dataclasses.replace(
        case.system, noise_of_p=(0.0, 0.06, 0.1), decohering=((0.3, {(0, 2): 1.0}), (0.2, {(1, 1): 0.5}))
    )
    basis = dataclasses.replace(case.basis, degree=10, levels=26)
    case = dataclasses.replace(case, system=system, times=(0.3,), basis=basis)
    model = Model(
        case.classical_formula,
        case.quantum_formula,
        case.interaction_formula,
        noises=[Noise("x**2", 0.3, "0.06*q + 0.1*q**2"), Noise("0.5*q*x", 0.2)],
        **{name: getattr(system, name) for name in ("classical_mass", "quantum_mass", "hbar")},
        **{name: getattr(system, name) for name in ("friction", "diffusion", "decoherence")},
    )
    expected = case.reference()[-1]
    start = gaussian(case.mean, np.diag(case.variances), hbar=system.hbar)
    run = evolve(model, start, times=[0.0, *case.times], tolerance=1e-6).dataset
    assert np.abs(run["mean"].values[-1] - expected.mean).max() < 1e-5
    assert np.abs(run["covariance"].values[-1] - expected.covariance).max() < 1e-5
