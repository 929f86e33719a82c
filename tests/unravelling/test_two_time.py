"""Covariances at two times against the Gaussian theory, the exact filter and regression on the grid."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp

from wignercq import LinearModel, Model, correlation, evolve
from wignercq.errors import InputError
from wignercq.states import gaussian
from wignercq.unravelling import trajectories
from wignercq.unravelling.statistics import PairStatistics

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
OSCILLATORS = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, **BATH)
QUARTIC = Model("q**2/2", "x**2/2 + 0.05*x**4", "-0.5*q*x", **BATH)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)


def filtered(packet: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Covariances of (x, y) given the record, from the Riccati equation of ``L = const - 0.7 x`` and the stiffness 1.9.

    ``dS/dt = A S + S A^T + diag(0, (hbar 0.7)**2 D0) - (0.7**2/D2) (S e_x)(S e_x)^T`` with ``D0 = 1/(4 D2)``.
    """
    A = np.array([[0, 1 / 0.7], [-1.9, 0]])
    noise = np.diag([0, (0.8 * 0.7) ** 2 / (4 * 0.5)])

    def rate(t: float, flat: np.ndarray) -> np.ndarray:
        S = flat.reshape(2, 2)
        return (A @ S + S @ A.T + noise - 0.7**2 / 0.5 * np.outer(S[:, 0], S[:, 0])).ravel()

    return solve_ivp(rate, (0, times[-1]), packet.ravel(), t_eval=times, rtol=1e-10, atol=1e-12).y.T.reshape(-1, 2, 2)


def test_records_and_conditional_means_of_oscillators() -> None:
    """Kills: times exchanged, means not taken off, conditional means that pass for the quantum two-time function."""
    found = trajectories(OSCILLATORS, STATE, 2.4, count=1024, outputs=3, frames=0, seed=3, two_time=True)
    theory, times = LinearModel.from_model(OSCILLATORS), found.time
    S = theory.covariance(times, STATE.covariance)
    hidden = np.zeros((4, 4, 4))
    hidden[:, 2:, 2:] = filtered(STATE.covariance[2:, 2:] * 0.4 / np.sqrt(0.45 * 0.5), times)
    assert 0.4 / np.sqrt(np.linalg.det(hidden[:, 2:, 2:])) == pytest.approx(1.0, abs=1e-8)  # pure all the time
    for i, j in ((0, 1), (1, 2), (1, 3), (2, 3), (2, 2), (3, 3)):
        flow = theory.propagator(times[j] - times[i])
        entry = {"time": j, "time2": i}
        value, error = (found.dataset[name].isel(entry).values for name in ("two_time", "two_time_error"))
        apart = np.abs(value - flow @ (S[i] - hidden[i])) / error
        assert apart.max() < 4
        assert np.abs((value - flow @ S[i]) / error)[:, :2].max() < 4  # the hybrid function where q or p comes first
    quantum = (found.dataset.two_time[3, 2, 2, 2] - (flow @ S[2])[2, 2]) / found.dataset.two_time_error[3, 2, 2, 2]
    assert abs(quantum) > 10  # the hybrid one where x comes first has the conditional fluctuations, too


def test_moments_of_two_parts_are_those_of_all() -> None:
    """Kills: a wrong sign or weight in the shift of third and fourth moments to a common mean."""
    numbers = np.random.default_rng(1).exponential(size=(3, 60)) + np.array([[0.0], [5.0], [-2.0]])
    numbers[1] += numbers[0] ** 2
    parts = PairStatistics.of(numbers[:, :13])
    parts.add(PairStatistics.of(numbers[:, 13:]))
    u = numbers - numbers.mean(axis=1, keepdims=True)
    products = u[:, None] * u
    assert parts.covariance == pytest.approx(np.cov(numbers, bias=True), rel=1e-12)
    assert parts.error == pytest.approx(products.std(axis=2) / np.sqrt(59), rel=1e-10)
    assert parts.mixed == pytest.approx((u[:, None] * products).sum(axis=2), rel=1e-10)


def test_numbers_that_cannot_be_paired_are_refused() -> None:
    """Kills: raw errors, squares of any number of outputs in memory; added trajectories that lose their pairs."""
    small = {"outputs": 1, "frames": 0, "observables": {"a": "x**2"}}
    for two_time in ("q", ["q", "energy"], ["q", "q"], 3):
        with pytest.raises(InputError, match="two_time: expected"):
            trajectories(QUARTIC, STATE, 0.1, two_time=two_time, **small)
    with pytest.raises(InputError, match="at most 1200 numbers at all outputs together, got 4 at each of 302"):
        trajectories(QUARTIC, STATE, 0.1, outputs=301, two_time=True)
    small["two_time"] = ["q", "a"]
    start = trajectories(QUARTIC, STATE, 0.1, count=256, **small)
    both = trajectories(QUARTIC, STATE, 0.1, count=512, start=start, **small)
    xr.testing.assert_identical(both.dataset, trajectories(QUARTIC, STATE, 0.1, count=512, **small).dataset)
    assert both.dataset.two_time.sel(of_time="a", of_time2="a").shape == (2, 2)


@pytest.mark.slow
def test_records_of_an_anharmonic_model_are_those_of_the_regression() -> None:
    """Kills: what a quadratic model does not show; the earlier number is q or p, the later one any."""
    run = evolve(QUARTIC, STATE, duration=0.8, outputs=1, tolerance=1e-4, keep_state=True)
    exact = correlation(QUARTIC, run, ["q", "p", "x", "y"], ["q", "p"], [0.0, 0.7, 1.4], tolerance=1e-3).connected
    options = {"count": 10_000, "frames": 0, "seed": 5, "tolerance": 1e-3}
    found = trajectories(QUARTIC, STATE, times=[0.8, 1.5, 2.2], two_time=True, **options).dataset
    first = int(np.flatnonzero(found.time == 0.8)[0])
    value, error = (found[name].isel(time2=first).sel(of_time2=["q", "p"]) for name in ("two_time", "two_time_error"))
    apart = (value.values[first:] - exact.transpose("tau", "first", "second").values) / error.values[first:]
    assert np.abs(apart).max() < 4
    assert 0.2 < (apart**2).mean() < 2
