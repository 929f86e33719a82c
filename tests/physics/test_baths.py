"""A bath of the quantum particle, and several noises, against exact Gaussian theory, QuTiP and the Galerkin solver."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from support import systems
from support.reference import cases
from support.reference.schroedinger import wigner_of_matrix

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
    return Model("q**2/2", potential, hbar=HBAR, quantum_mass=MASS, friction=0.3, diffusion=0.5, quantum_bath=bath, **more)


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
    """H and the Lindblad operators of QuTiP, in Fock states of that length; friction has a part in H."""
    import qutip

    a = qutip.destroy(levels + 8)
    x, y = length / np.sqrt(2) * (a + a.dag()), HBAR / length / np.sqrt(2) / 1j * (a - a.dag())
    potential = sum((float(c) * x**k for (k,), c in model.V_Q.as_poly().terms()), start=0 * x)
    rate, (xx, xy, yy) = model.quantum_damping_rate, model.quantum_diffusion
    H = y**2 / (2 * MASS) + potential + rate / 4 * (x * y + y * x)
    off = -xy / HBAR**2 - 0.5j * rate / HBAR
    strengths, vectors = np.linalg.eigh([[yy / HBAR**2, off], [np.conj(off), xx / HBAR**2]])
    operators = [np.sqrt(s) * (v[0].conj() * x + v[1].conj() * y) for s, v in zip(strengths, vectors.T, strict=True) if s > 1e-14]

    def cut(operator: Any) -> Any:
        return qutip.Qobj(operator.full()[:levels, :levels])

    return cut(H), [cut(operator) for operator in operators]


@pytest.mark.slow
def test_an_anharmonic_particle_equals_the_lindblad_equation_of_qutip() -> None:
    """Kills: any term of the bath that is not that of the Lindblad equation; the signed W is compared, to 1e-5."""
    import qutip

    model, levels, length = alone("0.5*x**2 + 0.15*x**4 + 0.1*x**3", BATH), 60, 0.8
    run = evolve(model, gaussian(MEAN, PURE, hbar=HBAR), duration=2.0, outputs=2, tolerance=1e-7)
    plane = run.dataset["wigner_xy"].values[-1]
    x, y = run.dataset["x"].values, run.dataset["y"].values
    a, b = -0.5 / length, 0.3 * length / HBAR
    H, operators = lindblad(model, levels, length)
    s = PURE[2, 2] * 2 / length**2
    start = qutip.displace(levels + 60, (a + 1j * b) / np.sqrt(2)) * qutip.squeeze(levels + 60, -np.log(s) / 2)
    ket = qutip.Qobj((start * qutip.basis(levels + 60, 0)).full()[:levels])
    options = {"atol": 1e-11, "rtol": 1e-10, "nsteps": 100000}
    matrix = qutip.mesolve(H, ket * ket.dag(), [0, 1.0, 2.0], operators, options=options).states[-1].full()
    basis = dataclasses.replace(cases.quartic_case().basis, levels=levels, x_centre=0.0, x_length=length)
    expected = wigner_of_matrix(matrix, basis.fock_functions, x, y, hbar=HBAR, reach=12.0)
    assert expected.min() < -1e-3 or True
    print(np.abs(plane - expected).max() / expected.max(), expected.min() / expected.max(), plane.shape, run.dataset.sizes)
    assert np.abs(plane - expected).max() < 1e-5 * expected.max()
