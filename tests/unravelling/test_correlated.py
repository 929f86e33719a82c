"""Initial states that are correlated and no Gaussians: against closed forms, and against the grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from wignercq import Axis, Grid, Model, evolve
from wignercq.errors import StateError
from wignercq.states import GriddedState, State, from_result, from_wigner, gaussian, gibbs
from wignercq.unravelling import trajectories
from wignercq.unravelling.correlated import correlated
from wignercq.unravelling.preparation import matrices, prepared, prepared_mixed

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
ANHARMONIC = Model("q**2/2 + 0.05*q**4", "x**2/2 + 0.1*x**4", "-0.5*q*x", **BATH)
OSCILLATORS = Model("0.45*q**2", "0.6*x**2", "-0.3*q*x", **BATH)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
COVARIANCE = np.diag([0.8, 0.9, 0.7, 0.9]) + 0.2 * np.add.outer([1, -1, 1, 1], [1, -1, 1, 1])
GAUSSIAN = gaussian([0.4, -0.3, -0.2, 0.3], COVARIANCE, hbar=0.8)
AXIS = Axis(-7.0, 7.0, 64)


@cache
def gridded() -> GriddedState:
    """The correlated Gaussian, as W on a grid."""
    reach = 5.6 * np.sqrt(np.diag(COVARIANCE))
    grid = Grid(*(Axis(m - r, m + r, n) for m, r, n in zip(GAUSSIAN.mean, reach, (20, 22, 24, 26), strict=True)))
    return from_wigner(GAUSSIAN.wigner(grid), grid, hbar=0.8)


def require_normal(points: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> None:
    """Fail where mean or covariance of points (2, n) are further than 4 standard errors away, or on a lattice."""
    n = points.shape[1]
    assert np.abs((points.mean(axis=1) - mean) / np.sqrt(np.diag(covariance) / n)).max() < 4
    spread = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / n)
    assert np.abs((np.cov(points) - covariance) / spread).max() < 4


def drawn(state: State, calls: int) -> np.ndarray:
    random = np.random.default_rng(1)
    return np.concatenate([correlated(state).points(64, random) for _ in range(calls)], axis=1)


def test_a_gaussian_on_a_grid_is_drawn_as_what_it_is() -> None:
    """Kills: conditional states of another point, bras for kets, points only on the grid or spread over its cells."""
    points = drawn(gridded(), 60)
    require_normal(points, GAUSSIAN.mean[:2], COVARIANCE[:2, :2])
    assert len(np.unique(points[0].round(9))) > 400  # of 20 on the grid
    found = prepared_mixed(gridded(), AXIS)(3, np.random.default_rng(2))
    slope = np.linalg.solve(COVARIANCE[:2, :2], COVARIANCE[:2, 2:]).T
    x, y = GAUSSIAN.mean[2:, None] + slope @ (np.stack([found.q, found.p]) - GAUSSIAN.mean[:2, None])
    exact = matrices(x, y, COVARIANCE[2:, 2:] - slope @ COVARIANCE[:2, 2:], AXIS, 0.8)
    assert found.rho == pytest.approx(exact, abs=1e-4 * np.abs(exact).max())


def test_a_gibbs_state_of_oscillators_is_thermal_at_every_place() -> None:
    """Kills: the density of q without what the quantum particle adds to it, a state of another place, p at rest."""
    state, T = gibbs(OSCILLATORS), OSCILLATORS.bath_temperature
    softened = 0.9 - 0.3**2 / 1.2  # the free energy of x in V_I is -(0.3 q)**2/(2 1.2)
    require_normal(drawn(state, 60), np.zeros(2), np.diag([T / softened, 1.3 * T]))
    found = prepared_mixed(state, AXIS)(3, np.random.default_rng(2))
    w = np.sqrt(1.2 / 0.7)
    width = 0.4 / np.tanh(0.8 * w / (2 * T))
    exact = matrices(0.3 * found.q / 1.2, np.zeros(3), np.diag([width / (0.7 * w), width * 0.7 * w]), AXIS, 0.8)
    assert found.rho == pytest.approx(exact, abs=1e-8)
    waves = prepared(state, AXIS)(3, np.random.default_rng(2))
    assert (waves.density.sum(axis=1) * AXIS.spacing) == pytest.approx(1.0, abs=1e-12)


def test_what_is_no_quantum_state_given_a_point_is_refused() -> None:
    """Kills: populations below zero left out in silence, raw errors, an axis that cuts the states."""
    narrow = gaussian([0.4, -0.3, -0.2, 0.3], COVARIANCE, hbar=0.4)
    grid = gridded().grid
    squeezed = from_wigner(narrow.wigner(grid), grid, hbar=4.0)  # W of an area that hbar forbids
    with pytest.raises(StateError, match=r"state: expected a W that is a quantum state given \(q, p\), .* of them"):
        trajectories(Model("q**2/2", "x**2/2", "-0.5*q*x", **BATH | {"hbar": 4.0}), squeezed, 0.1)
    with pytest.raises(StateError, match="axis: expected one that holds the initial state"):
        prepared(gridded(), Axis(-0.5, 0.5, 32))(3, np.random.default_rng(3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gridded", "gibbs"])
def test_moments_at_the_beginning_and_later_are_those_of_the_grid(kind: str) -> None:
    """Kills: what Gaussians do not show: densities of (q, p) that are none, states that change with q by more."""
    state: State = gibbs(ANHARMONIC)
    if kind == "gridded":
        run = evolve(ANHARMONIC, STATE, duration=0.8, outputs=1, tolerance=1e-3, keep_state=True)
        state = from_result(run)
    on_grid = evolve(ANHARMONIC, state, duration=0.6, outputs=1, tolerance=1e-3)
    found = trajectories(ANHARMONIC, state, 0.6, count=512, outputs=1, frames=0, seed=7, tolerance=3e-3)
    for name in ("mean", "covariance"):
        error = np.maximum(found.dataset[f"{name}_error"].values, 1e-4)  # <y> of each is zero in a Gibbs state
        apart = (found.dataset[name].values - on_grid.dataset[name].values) / error
        assert np.abs(apart).max() < 4, name
