"""Quantum states given the record alone, against the Riccati equation of the exact filter and against the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from wignercq import Axis, LinearModel, Model, evolve
from wignercq.errors import InputError
from wignercq.states import ClassicalGaussian, GaussianState, cat, coherent, gaussian, product
from wignercq.unravelling import Ensemble, trajectories
from wignercq.unravelling.measurement import Measurement
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.preparation import prepared, prepared_mixed
from wignercq.unravelling.scheme import Noise, Scheme

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
ABOVE = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, decoherence=2.0, **BATH)
SATURATED = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, **BATH)
PRESSURE = Model("0.45*q**2 + 0.05*q**4", "0.6*x**2 + 0.02*x**4", "0.2*q*x**2 + 0.3*q*x", decoherence=1.5, **BATH)
CORRELATED = gaussian(
    [0.4, -0.3, -0.2, 0.3], np.diag([0.8, 0.9, 0.7, 0.9]) + 0.2 * np.add.outer([1, -1, 1, 1], [1, -1, 1, 1]), hbar=0.8
)
PURE = product(ClassicalGaussian([0.4, -0.3], [0.5, 0.6]), coherent(-0.2, 0.3, mass=0.7, frequency=1.2, hbar=0.8))
AXIS = Axis(-7.0, 7.0, 64)


def given_point(state: GaussianState) -> np.ndarray:
    mixed = state.covariance[:2, 2:]
    found: np.ndarray = state.covariance[2:, 2:] - mixed.T @ np.linalg.solve(state.covariance[:2, :2], mixed)
    return found


def filtered(start: np.ndarray, D0: float, times: list[float]) -> np.ndarray:
    """``dS/dt = A S + S A^T + diag(0, (hbar lam)**2 D0) - (lam**2/D2) (S e_x)(S e_x)^T``, the same for every record."""
    A = np.array([[0, 1 / 0.7], [-1.9, 0]])

    def rate(t: float, flat: np.ndarray) -> np.ndarray:
        S = flat.reshape(2, 2)
        gained = 0.7**2 / 0.5 * np.outer(S[:, 0], S[:, 0])
        return (A @ S + S @ A.T + np.diag([0, (0.8 * 0.7) ** 2 * D0]) - gained).ravel()

    solved = solve_ivp(rate, (0, times[-1]), start.ravel(), t_eval=times, rtol=1e-11, atol=1e-13)
    return solved.y.T.reshape(-1, 2, 2)


def purity(S: np.ndarray) -> Any:
    return 0.4 / np.sqrt(np.linalg.det(S))


def conditional(now: Mixtures, axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    """Purities and variances of x."""
    return now.purities(axis.spacing), Measurement(ABOVE, axis).numbers(now)[-1]


def test_gaussian_states_follow_the_riccati_equation() -> None:
    """Kills: hidden decoherence of another strength, a record that tells too much; at an order other than two."""
    S = filtered(given_point(CORRELATED), 2.0, [1.6])[0]
    errors = []
    for steps in (16, 32):
        random = np.random.default_rng(1)
        now = prepared_mixed(CORRELATED, AXIS)(3, random)
        assert conditional(now, AXIS)[0] == pytest.approx(purity(given_point(CORRELATED)), abs=1e-9)
        Scheme(ABOVE, AXIS, 1.6 / steps).advance(now, [Noise.drawn(3, random) for _ in range(steps)])
        purities, spreads = conditional(now, AXIS)
        assert np.ptp(purities) < 1e-6  # whatever the record
        errors.append([purities[0] - purity(S), spreads[0] - S[0, 0]])
    coarse, fine = np.array(errors)
    assert np.log2(np.abs(coarse / fine)) == pytest.approx([2, 2], abs=0.25)
    assert fine + (fine - coarse) / 3 == pytest.approx(np.zeros(2), abs=2e-5)
    assert purity(S) < 0.7


def test_at_saturation_a_state_stays_or_becomes_pure() -> None:
    """Kills: a mixed state that the record does not purify, a pure one that loses purity to the scheme."""
    for state, start in (
        (PURE, np.diag([0.8 / (2 * 0.7 * 1.2), 0.8 * 0.7 * 1.2 / 2])),
        (CORRELATED, given_point(CORRELATED)),
    ):
        random = np.random.default_rng(2)
        now = prepared_mixed(state, AXIS)(2, random)
        assert now.purities(AXIS.spacing) == pytest.approx(purity(start), abs=1e-9)
        Scheme(SATURATED, AXIS, 0.1).advance(now, [Noise.drawn(2, random) for _ in range(60)])
        expected = purity(filtered(start, 0.5, [6.0])[0])
        assert now.purities(AXIS.spacing) == pytest.approx(expected, abs=1e-9 if state is PURE else 2e-3)
    assert expected > purity(start) + 0.2  # what the record has told


def test_what_is_read_off_a_pure_density_matrix_is_that_of_its_wave_function() -> None:
    """Kills: bras and kets exchanged, momenta of the wrong sign on one side, an overlap with the complex conjugate."""
    pure = prepared(PURE, AXIS)(3, np.random.default_rng(3))
    pure.psi *= np.exp(0.4j * AXIS.values**2) * (1 + 0.3 * AXIS.values)
    pure.psi /= np.sqrt((pure.density.sum(axis=1, keepdims=True)) * AXIS.spacing)
    mixed = Mixtures(pure.q, pure.p, pure.psi[:, :, None] * pure.psi.conj()[:, None, :])
    measure = Measurement(ABOVE, AXIS)
    assert measure.numbers(mixed) == pytest.approx(measure.numbers(pure), abs=1e-9)
    for order in (1, 2, 3):
        expected = pure.y_moment(order, measure.momenta)
        assert mixed.y_moment(order, measure.momenta) == pytest.approx(expected, abs=1e-9)
    for points in (None, 128):
        assert mixed.power(points) == pytest.approx(pure.power(points), abs=1e-8)
    assert mixed.overlaps(pure.psi, AXIS.spacing) == pytest.approx(pure.overlaps(pure.psi, AXIS.spacing), abs=1e-9)
    for one in (pure, mixed):
        one.take_to(AXIS, Axis(-8.0, 8.0, 96))
    assert mixed.density == pytest.approx(pure.density, abs=1e-9)


def test_mixed_states_without_a_record_are_refused() -> None:
    """Kills: a conditional state of a dynamics that measures nothing."""
    with pytest.raises(InputError, match="conditional: expected pure, without a record to know, got mixed"):
        trajectories(ABOVE, PURE, 0.1, conditional="mixed", dynamics="mean_field")


def deviations(found: Ensemble, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    upper = np.triu_indices(4)
    of_mean = (found.mean - mean)[1:] / found.dataset.mean_error.values[1:]
    apart = (found.covariance - covariance)[1:] / found.dataset.covariance_error.values[1:]
    return np.concatenate([of_mean, apart[:, upper[0], upper[1]]], axis=1)


@pytest.mark.slow
def test_ensembles_of_mixed_states_above_saturation() -> None:
    """Kills: a purity that is no average over records, sums of density matrices that are not those of the state."""
    options: dict[str, Any] = {"count": 512, "frames": 2, "seed": 4, "conditional": "mixed"}
    found = trajectories(ABOVE, CORRELATED, 2.0, outputs=2, dt=0.05, axis=AXIS, two_time=True, **options)
    S = filtered(given_point(CORRELATED), 2.0, [0.0, 1.0, 2.0])
    data = found.dataset
    assert data.record_purity.values == pytest.approx(purity(S), abs=4e-3)
    assert data.conditional_spread.values == pytest.approx(S[:, 0, 0], abs=4e-3)
    assert data.record_purity_error.max() < 1e-6
    theory = LinearModel.from_model(ABOVE)
    total = theory.covariance(found.time, CORRELATED.covariance)
    assert np.abs(deviations(found, theory.mean(found.time, CORRELATED.mean), total)).max() < 4
    assert float(data.purity[-1]) == pytest.approx(purity(total[-1, 2:, 2:]), abs=5e-3)
    total[:, 2:, 2:] -= S
    at_once = [data[name].values[[1, 2], [1, 2]] for name in ("two_time", "two_time_error")]
    assert np.abs((at_once[0] - total[1:]) / at_once[1]).max() < 4


@pytest.mark.slow
def test_mixed_states_of_an_anharmonic_model_average_to_those_of_the_grid() -> None:
    """Kills: decoherence with L taken at another place than q, for a coupling that is not linear; a cat that decays."""
    state = product(ClassicalGaussian([0.4, -0.3], [0.5, 0.6]), cat((1.2, 0.0), mass=0.7, frequency=1.3, hbar=0.8))
    on_grid = evolve(PRESSURE, state, duration=1.0, outputs=1, tolerance=1e-3, threads=2)
    axis = Axis(-6.0, 6.0, 64)
    found = trajectories(
        PRESSURE, state, 1.0, count=512, outputs=1, frames=0, seed=5, dt=0.1, axis=axis, conditional="mixed"
    )
    assert np.abs(deviations(found, on_grid.mean, on_grid.covariance)).max() < 4
    record, reduced = found.dataset.record_purity.values, on_grid.dataset.purity.values
    assert record[0] == pytest.approx(1.0, abs=1e-9)
    assert reduced[-1] + 0.05 < record[-1] < 0.9
