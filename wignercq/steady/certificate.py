"""How far a W is from the steady state: what the generator makes of it, measured over a short time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from wignercq.grid.grid import NAMES, Grid
from wignercq.propagation.propagator import Propagator

PARTS = 64  # of a step, over which the generator is measured


class Drift(NamedTuple):
    """dW/dt of a W that ought not to move."""

    residual: float  # the largest |dW/dt| over the largest |W|, per unit time
    mean: np.ndarray  # d<z>/dt, shape (4,)
    covariance: np.ndarray  # of the covariance, shape (4, 4)


def rate_of_change(propagator: Propagator, W: np.ndarray) -> np.ndarray:
    """L W to first order in a short time tau: (exp(L tau) W - W)/tau.

    The splitting error of so short a step is a 64**4th of that of a step.
    """
    engine, tau = propagator.engine, propagator.dt / PARTS
    field = propagator.leap(engine.of(W), tau)
    return np.asarray((engine.array(field) - W) / tau)


def drift(propagator: Propagator, W: np.ndarray) -> Drift:
    """How W changes."""
    grid = propagator.engine.grid
    rate = rate_of_change(propagator, W)
    mean, _ = moments(W, grid)
    change, second = moments(rate, grid)
    covariance = second - np.outer(mean, change) - np.outer(change, mean)
    return Drift(float(np.abs(rate).max() / np.abs(W).max()), change, covariance)


def moments(values: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Integrals of z_i and of z_i z_j times a function on the grid, shapes (4,) and (4, 4)."""
    first, second = np.empty(4), np.empty((4, 4))
    for i, j, plane in _planes(values):
        a, b = (list(grid)[k].values for k in (i, j))
        second[i, j] = second[j, i] = a @ plane @ b
        first[i], second[i, i] = a @ plane.sum(axis=1), a**2 @ plane.sum(axis=1)
        first[j], second[j, j] = b @ plane.sum(axis=0), b**2 @ plane.sum(axis=0)
    return first * grid.cell, second * grid.cell


def _planes(values: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """The sums of an array over each pair of axes."""
    for i in range(len(NAMES)):
        for j in range(i + 1, len(NAMES)):
            yield i, j, values.sum(axis=tuple(k for k in range(4) if k not in (i, j)))
