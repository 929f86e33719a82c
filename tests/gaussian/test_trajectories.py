"""Sampled trajectories against the exact covariances and two-time functions.

Seeds are fixed; "standard errors" are those of the estimator for Gaussian variables,
``sqrt((S_ii S_jj + S_ij**2)/N)`` for N independent trajectories.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov
from support.parameters import coupled, hybrid

from wignercq.errors import InputError
from wignercq.gaussian import (
    LinearModel,
    OrnsteinUhlenbeck,
    sample_euler_maruyama,
    sample_exact,
    two_time,
)

COUNT = 20_000
LIMIT = 4.5  # standard errors; about 100 entries are compared, so that the largest is expected near 2.8


def standard_errors(first: np.ndarray, second: np.ndarray, expected: np.ndarray) -> float:
    """Largest deviation of the sampled <first second^T> (both centred) from `expected`, in standard errors."""
    found = first.T @ second / len(first)
    error = np.sqrt((np.outer(first.var(axis=0), second.var(axis=0)) + expected**2) / len(first))
    return float((np.abs(found - expected) / error).max())


def test_exact_trajectories_from_a_point_reproduce_mean_and_covariance() -> None:
    """Kills a wrong noise root, offset or time step at uneven times, with a force and a singular diffusion."""
    linear = coupled().process
    process = OrnsteinUhlenbeck(linear.drift, linear.diffusion, [0, 0.4, 0, -0.3])
    times, start = np.array([0.0, 0.02, 0.7, 5.0, 40.0]), np.array([1.0, -0.5, 0.3, 2.0])
    paths = sample_exact(process, times, trajectories=COUNT, rng=7, start=start)
    assert paths.shape == (COUNT, 5, 4)
    assert np.array_equal(paths[:, 0], np.broadcast_to(start, (COUNT, 4)))
    covariances, means = process.covariance(times, np.zeros((4, 4))), process.mean(times, start)
    for k in range(1, 5):
        deviation = np.abs(paths[:, k].mean(axis=0) - means[k]) / np.sqrt(np.diag(covariances[k]) / COUNT)
        assert deviation.max() < LIMIT
        centred = paths[:, k] - means[k]
        assert standard_errors(centred, centred, covariances[k]) < LIMIT


def test_exact_trajectories_reproduce_two_time_functions() -> None:
    """Kills trajectories with the right one-time law but wrong memory: <z(t+tau) z(t)^T> at four delays."""
    process = LinearModel.from_model(hybrid())
    times = np.array([0.0, 0.3, 1.5, 6.0, 25.0])
    paths = sample_exact(process, times, trajectories=COUNT, rng=11)
    for k, tau in enumerate(times):
        assert standard_errors(paths[:, k], paths[:, 0], two_time(process, tau)) < LIMIT
        assert standard_errors(paths[:, k], paths[:, k], process.steady_covariance()) < LIMIT


def test_euler_maruyama_has_the_law_of_its_recursion() -> None:
    """Kills noise scaled with h instead of sqrt(h), and sub-steps that miss the output times: at a coarse step the
    stationary covariance is that of the discrete recursion, and measurably not the exact one."""
    process, h = coupled(friction=1.5, lam=1.2, classical_diffusion=0.3, quantum_diffusion=0.4).process, 0.06
    flow = np.eye(4) - process.drift * h
    stationary = solve_discrete_lyapunov(flow, process.diffusion * h)
    start = np.random.default_rng(3).multivariate_normal(np.zeros(4), stationary, size=COUNT)
    paths = sample_euler_maruyama(process, [0.0, 0.3, 2.1], step=h, trajectories=COUNT, rng=5, start=start)
    for k, steps in enumerate((0, 5, 35)):
        assert standard_errors(paths[:, k], paths[:, k], stationary) < LIMIT
        assert standard_errors(paths[:, k], paths[:, 0], np.linalg.matrix_power(flow, steps) @ stationary) < LIMIT
    assert standard_errors(paths[:, 2], paths[:, 2], process.steady_covariance()) > 2 * LIMIT


def test_euler_maruyama_converges_at_first_order() -> None:
    """Kills a scheme of the wrong order: noise-free, with a force, the error halves with the step, order within 0.1."""
    linear = coupled().process
    process = OrnsteinUhlenbeck(linear.drift, np.zeros((4, 4)), [0, 0.4, 0, -0.3])
    start, exact = np.array([1.0, -0.5, 0.3, 2.0]), process.mean(2.0, [1.0, -0.5, 0.3, 2.0])
    errors = []
    for step in (4e-3, 2e-3):
        path = sample_euler_maruyama(process, [0.0, 2.0], step=step, trajectories=1, rng=0, start=start)
        errors.append(np.abs(path[0, 1] - exact).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_euler_maruyama_with_fine_steps_reproduces_the_steady_state() -> None:
    """Kills a bias that does not go away: at h = 0.002 the exact covariance holds within the standard errors."""
    process = coupled(friction=1.5, lam=1.2, classical_diffusion=0.3, quantum_diffusion=0.4).process
    paths = sample_euler_maruyama(process, [0.0, 2.0], step=0.002, trajectories=COUNT, rng=17)
    assert standard_errors(paths[:, 1], paths[:, 1], process.steady_covariance()) < LIMIT
    assert standard_errors(paths[:, 1], paths[:, 0], two_time(process, 2.0)) < LIMIT


def test_same_seed_same_trajectories() -> None:
    """Kills randomness from outside the given generator: equal for equal seeds, different otherwise."""
    process = coupled().process
    one, same, other = (sample_exact(process, [0.0, 1.0], trajectories=3, rng=seed) for seed in (4, 4, 5))
    assert np.array_equal(one, same)
    assert np.abs(one - other).min() > 0


def test_impossible_requests_are_refused() -> None:
    """Kills times that go back, a start of the wrong shape, no trajectories and a step of zero."""
    process = coupled().process
    with pytest.raises(InputError, match=r"^times: expected"):
        sample_exact(process, [0.0, 1.0, 0.5], trajectories=2, rng=0)
    with pytest.raises(InputError, match=r"^start: expected"):
        sample_exact(process, [0.0], trajectories=2, rng=0, start=[0.0, 1.0])
    with pytest.raises(InputError, match=r"^trajectories: expected"):
        sample_exact(process, [0.0], trajectories=0, rng=0)
    with pytest.raises(InputError, match=r"^step: expected"):
        sample_euler_maruyama(process, [0.0, 1.0], step=0.0, trajectories=2, rng=0)
