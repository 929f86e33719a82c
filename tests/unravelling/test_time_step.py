"""The time step of trajectories against the splitting composed by hand, for a model in which that is exact."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from wignercq import LinearModel, Model
from wignercq.states import gaussian
from wignercq.unravelling.plan import planned
from wignercq.unravelling.time_step import Splitting, Surroundings

MODEL = Model.oscillators(
    k_C=0.9, k_Q=1.2, lam=0.7, classical_mass=1.3, quantum_mass=0.7, hbar=0.8, friction=0.3, diffusion=0.5
)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
TIMES = (1.0, 2.0, 3.0)


def by_steps(steps: tuple[int, ...]) -> np.ndarray:
    """Covariances after so many steps of T/2, K, T/2 to each of TIMES."""
    linear, found, S = LinearModel.from_model(MODEL), [], np.array(STATE.covariance)
    T = np.zeros((4, 4))
    T[0, 1], T[2, 3] = 1 / 1.3, 1 / 0.7
    K = -linear.drift - T
    for count in steps:
        half, pair = expm(T / count / 2), expm(np.block([[-K, linear.diffusion], [np.zeros((4, 4)), K.T]]) / count)
        kick = pair[4:, 4:].T
        for _ in range(count):
            S = half @ (kick @ half @ S @ half.T @ kick.T + kick @ pair[:4, 4:]) @ half.T
        found.append(S)
    return np.array(found)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3])
def test_the_step_keeps_the_tolerance_and_no_more(tolerance: float) -> None:
    """Kills: a step that resolves oscillations but not noise, an error estimate made of the noise of a few paths."""
    plan = planned(MODEL, STATE, (0.0, *TIMES), tolerance=tolerance, dt=None, axis=None, seed=1)
    exact = LinearModel.from_model(MODEL).covariance(np.array(TIMES), STATE.covariance)
    widths = np.sqrt(np.diagonal(exact, axis1=1, axis2=2))
    true = (np.abs(by_steps(plan.steps) - exact) / (widths[:, :, None] * widths[:, None, :])).max()
    assert 0.2 * tolerance < true < tolerance
    assert true * (1 - 1e-6) < plan.time_error < 2 * true


def test_what_moves_freely_needs_one_step() -> None:
    """Kills: a process without forces or noise that the search for a step trips over."""
    free = Splitting(Model("0", "0"), np.diag([0.5, 0.6, 0.45, 0.5]), "hybrid")
    assert free.steps(Surroundings(0, 0, 0, 0, 0, 0, 0), 5.0, 1e-6) == 1
