"""How far a W is from the steady state: what the generator makes of it, measured over a short time."""

from __future__ import annotations

from collections.abc import Mapping
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
    """How W, of integral 1, changes."""
    engine = propagator.engine
    rate = rate_of_change(propagator, W)
    (mean, _), (change, second) = (moments(engine.marginals(engine.of(f))[0], engine.grid) for f in (W, rate))
    covariance = second - np.outer(mean, change) - np.outer(change, mean)
    return Drift(float(np.abs(rate).max() / np.abs(W).max()), change, covariance)


def moments(planes: Mapping[tuple[str, str], np.ndarray], grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Integrals of z_i and of z_i z_j times a function, whose integral need not be 1; shapes (4,) and (4, 4).

    From its integrals over each pair of variables, by the names of the two others.
    """
    first, second = np.empty(4), np.empty((4, 4))
    axes = dict(zip(NAMES, grid, strict=True))
    for pair, plane in planes.items():
        i, j = map(NAMES.index, pair)
        a, b = (axes[name].values for name in pair)
        mass = plane * axes[pair[0]].spacing * axes[pair[1]].spacing
        second[i, j] = second[j, i] = a @ mass @ b
        first[i], second[i, i] = a @ mass.sum(axis=1), a**2 @ mass.sum(axis=1)
        first[j], second[j, j] = b @ mass.sum(axis=0), b**2 @ mass.sum(axis=0)
    return first, second
