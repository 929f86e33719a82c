"""The time step of trajectories against the splitting composed by hand, for a model in which that is exact."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from wignercq import LinearModel, Model
from wignercq.errors import InputError
from wignercq.states import gaussian
from wignercq.unravelling.plan import planned
from wignercq.unravelling.time_step import Splitting, Surroundings

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
MODEL = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.7, **BATH)
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


def test_no_steps_mend_the_error_of_those_before() -> None:
    """Kills: an error that grows on its own, answered with 100 000 steps that add next to none."""
    pendulum = Model("0.55*q**2", "1.5*(1 - cos(x/1.3)) + 0.1*x**2", "0.5*q*sin(x)", **BATH)
    plan = planned(pendulum, STATE, (0.0, 0.5, 1.0, 1.5, 2.0), tolerance=3e-4, dt=None, axis=None, seed=1)
    assert max(plan.steps) < 40
    assert plan.time_error < 4e-4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 1e-14}, "tolerance: expected one with less than 100000 steps to an output, got 1e-14"),
        ({"dt": 1e-7}, "dt: expected one with less than 100000 steps to an output, got 1e-07"),
    ],
)
def test_steps_without_end_are_refused(options: dict, message: str) -> None:
    """Kills: a run of a hundred thousand steps, or more than memory holds, without a word."""
    with pytest.raises(InputError, match=message):
        planned(MODEL, STATE, (0.0, *TIMES), **{"tolerance": 1e-3, "dt": None, **options}, axis=None, seed=1)


@pytest.mark.parametrize(
    ("model", "mean"),
    [(MODEL, [1000.0, 0.0, -200.0, 300.0]), (Model("q**2/2", "-x**2/2", "0.3*q*x", **BATH), [0.0] * 4)],
    ids=["far", "inverted"],
)
def test_axes_without_end_are_refused(model: Model, mean: list[float]) -> None:
    """Kills: terabytes asked of the machine for wave functions that are far away or fly apart."""
    state = gaussian(mean, [0.5, 0.6, 0.45, 0.5], hbar=0.8)
    with pytest.raises(InputError, match="axis: expected at most 4096 points of x, got wave functions that need"):
        planned(model, state, (0.0, 6.0), tolerance=1e-2, dt=None, axis=None, seed=1)
