"""What is recorded of every trajectory against Gaussian integrals and against the grid."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from wignercq import Axis, LinearModel, Model, evolve
from wignercq.errors import InputError
from wignercq.states import ClassicalGaussian, coherent, gaussian, product
from wignercq.unravelling import Ensemble, trajectories
from wignercq.unravelling.preparation import eigenstates

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
OSCILLATORS = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, **BATH)
PRESSURE = Model("0.45*q**2 + 0.05*q**4", "0.6*x**2 + 0.02*x**4", "0.2*q*x**2 + 0.3*q*x", **BATH)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
MINE = coherent(-0.2, 0.3, mass=0.7, frequency=1.2, hbar=0.8)
PLACE = ClassicalGaussian([0.1, 0.2], [0.5, 0.4])
SMALL: dict[str, Any] = {"count": 256, "outputs": 1, "frames": 0, "kept": 0}


def gauss_hermite(mean: np.ndarray, covariance: np.ndarray, function: Any) -> float:
    """The mean of a function of (q, p, x, y) in a normal density."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*[nodes] * 4, indexing="ij")])
    weight = np.prod(np.meshgrid(*[weights / weights.sum()] * 4, indexing="ij"), axis=0).ravel()
    return float(weight @ function(*(mean[:, None] + np.linalg.cholesky(covariance) @ mesh)))


def normal(z: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    apart = z - mean[:, None]
    heights = np.exp(-0.5 * (apart * np.linalg.solve(covariance, apart)).sum(axis=0))
    return heights / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))


def test_formulas_and_overlaps_are_integrals_over_W() -> None:
    """Kills: y ordered otherwise than Weyl's way, overlaps without their factors, a force where work was asked for."""
    asked = {"xy": "q*x**2*y**2", "y4": "p*y**3", "e": "q*exp(-y**2)", "s": "sin(q*x)", "mine": MINE, "place": PLACE}
    asked |= {"both": product(PLACE, MINE), **{n: n for n in ("work_on_quantum", "heat_from_bath")}}
    found = trajectories(OSCILLATORS, STATE, 1.0, count=1024, outputs=1, frames=0, seed=2, observables=asked)
    theory = LinearModel.from_model(OSCILLATORS)
    mean_of = partial(gauss_hermite, theory.mean(1.0, STATE.mean), theory.covariance(1.0, STATE.covariance))

    def of_mine(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * np.pi * 0.8 * normal(np.stack([x, y]), MINE.mean, MINE.covariance)

    def of_place(q: np.ndarray, p: np.ndarray) -> np.ndarray:
        return normal(np.stack([q, p]), PLACE.mean, PLACE.covariance)

    exact = {
        "xy": mean_of(lambda q, p, x, y: q * x**2 * y**2),
        "y4": mean_of(lambda q, p, x, y: p * y**3),
        "e": mean_of(lambda q, p, x, y: q * np.exp(-(y**2))),
        "s": mean_of(lambda q, p, x, y: np.sin(q * x)),
        "mine": mean_of(lambda q, p, x, y: of_mine(x, y)),
        "place": mean_of(lambda q, p, x, y: of_place(q, p)),
        "both": mean_of(lambda q, p, x, y: of_place(q, p) * of_mine(x, y)),
        "work_on_quantum": mean_of(lambda q, p, x, y: -y / 0.7 * 0.7 * (x - q)),
        "heat_from_bath": mean_of(lambda q, p, x, y: 0.5 / 2.6 - 0.3 / 1.3**2 * p**2),
    }
    assert found.observables == tuple(exact)
    for name, value in exact.items():
        error = float(found.dataset[f"{name}_error"][-1])
        assert abs(float(found.dataset[name][-1]) - value) < 4 * error, name
        assert error < 0.25 * max(abs(value), 0.3), name
    assert "mine" in found.summary()


def test_what_has_no_value_in_a_trajectory_is_refused() -> None:
    """Kills: an entropy averaged as if it were linear, names that overwrite errors, trajectories of other questions."""
    for asked, said in (
        ({"S": "von_neumann_entropy"}, r"observables\.S: expected a formula, .* none of a single trajectory"),
        ({"f": lambda marginals: 1.0}, r"observables\.f: expected a formula, .* none of a single trajectory"),
        ({"f": "x*exp(-y**2)"}, r"observables\.f: expected polynomials of y wherever x"),
        ({"mean_error": "x"}, r"observables\.mean_error: expected a name that the result does not use"),
    ):
        with pytest.raises(InputError, match=said):
            trajectories(OSCILLATORS, STATE, 0.1, observables=asked, **SMALL)
    with pytest.raises(InputError, match=r"observables\.f: expected a formula that is finite along all trajectories"):
        trajectories(OSCILLATORS, STATE, 0.1, observables={"f": "log(q)"}, **SMALL)
    start = trajectories(OSCILLATORS, STATE, 0.1, observables={"f": "x"}, **SMALL)
    with pytest.raises(InputError, match="start: expected trajectories of the same observables"):
        trajectories(OSCILLATORS, STATE, 0.1, observables={"f": "x**2"}, start=start, **SMALL | {"count": 512})


def test_what_is_faster_than_all_wave_functions_overlaps_with_none() -> None:
    """Kills: a state beyond the momenta of the axis, +-11.5, seen at its points alone as one at rest; one that moves
    fast drawn as one that moves as its own lattice cannot tell it from.
    """
    axis = Axis(-7.0, 7.0, 64)
    fast = coherent(0.3, 2 * 0.8 * axis.nyquist, mass=0.7, frequency=1.2, hbar=0.8)
    populations, waves = eigenstates(fast, axis, whole=False)
    assert populations @ (np.abs(waves) ** 2).sum(axis=1) * axis.spacing < 1e-9
    axis = Axis(-7.0, 7.0, 256)
    _, waves = eigenstates(fast, axis)
    power = np.abs(np.fft.fft(waves[-1])) ** 2
    assert 0.8 * axis.frequencies @ power / power.sum() == pytest.approx(fast.mean[1], abs=1e-6)


@pytest.mark.slow
def test_observables_are_those_of_the_grid() -> None:
    """Kills: what only potentials that are no parabolas show, with the same questions asked of both solvers."""
    asked = {"a": "q*x**2*y**2", "b": "p*x*y", "mine": MINE, "both": product(PLACE, MINE)}
    asked |= {name: name for name in ("work_on_classical", "work_on_quantum", "heat_from_decoherence")}
    on_grid = evolve(PRESSURE, STATE, duration=2.0, outputs=2, tolerance=1e-4, observables=asked)
    found = trajectories(PRESSURE, STATE, 2.0, count=10_000, outputs=2, seed=4, tolerance=3e-4, observables=asked)
    assert isinstance(found, Ensemble)
    for name in asked:
        apart = (found.dataset[name] - on_grid.dataset[name]) / found.dataset[f"{name}_error"]
        assert np.abs(apart[1:]).max() < 4, name
