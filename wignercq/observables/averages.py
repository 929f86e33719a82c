"""Averages of what grows beyond all measure, taken where a density stands above its own errors.

Where a density has fallen below what rounding, time step and mesh make of it, its values say nothing; times the height
of a wall, 1e20 say, they would be all of an average. How large such values are is seen from the density itself: a true
one is nowhere negative.
"""

from __future__ import annotations

import numpy as np

ABOVE = 10.0  # times the most negative value, or the rounding of the maximum: a density that large is one
LARGEST_FLOOR = 1e-2  # of the maximum: what is more negative than a tenth of that is not so by error
WALL = 300.0  # by which a sum magnifies errors, relative to the maximum of a density, that it is not taken everywhere
LAGS = (6, 5, 4, 3)  # points before the last one above the floor over which the fall of a density is measured
LARGEST = 1e99  # of all bounds


def average(values: np.ndarray, density: np.ndarray, cell: float) -> float:
    """The integral of ``values * density`` over points of volume `cell` each, both arrays of the same shape.

    It is the plain sum where the values are moderate. Where they rise to a wall, only points count on which the density
    stands above ten times its most negative value, and above ten units of rounding of its maximum.
    """
    counted = _counted(values, density)
    if counted is None:
        return float((values * density).sum() * cell)
    return float((values[counted] * density[counted]).sum() * cell)


def average_along(values: np.ndarray, current: np.ndarray, density: np.ndarray, cell: float) -> float:
    """The integral of ``values * current``, the current being that of a density; points count as for :func:`average`.

    All three arrays have the same shape.
    """
    counted = _counted(values, density)
    if counted is None:
        return float((values * current).sum() * cell)
    return float((values[counted] * current[counted]).sum() * cell)


def left_out(values: np.ndarray, density: np.ndarray, cell: float) -> float:
    """What :func:`average` has left out at most, at a wall: 0 where it left out nothing.

    Beyond the last points that count a density is taken to fall by the factor by which it fell before them.
    """
    counted = _counted(values, density)
    if counted is None:
        return 0.0
    envelope = np.minimum(_envelope(density, counted), floor_of(density))
    if density.ndim > 1:  # no point holds more than the line it is on
        for axis in range(density.ndim):
            line = density.sum(axis=tuple(other for other in range(density.ndim) if other != axis), keepdims=True)
            envelope = np.minimum(envelope, _envelope(line, line > floor_of(line)))
    with np.errstate(over="ignore", invalid="ignore"):
        terms = np.abs(values[~counted]) * envelope[~counted]
    bound = float(np.where(envelope[~counted] > 0, terms, 0.0).sum() * cell)
    return min(bound, LARGEST) if bound == bound else LARGEST


def _counted(values: np.ndarray, density: np.ndarray) -> np.ndarray | None:
    """The points that count, or None where all of them may."""
    counted = density > floor_of(density)
    with np.errstate(over="ignore"):
        errors = np.linalg.norm(values[~counted]) * density.max(initial=0.0)
        total = np.abs(values[counted] * density[counted]).sum()
    return counted if not errors <= WALL * total else None


def floor_of(density: np.ndarray) -> float:
    """The value above which a density stands above its own errors."""
    return floor_between(float(density.min()), float(density.max()))


def floor_between(lowest: float, highest: float) -> float:
    """The same of a density whose lowest and highest value are known."""
    return min(ABOVE * max(-lowest, float(np.finfo(float).eps) * highest), LARGEST_FLOOR * highest)


def _envelope(density: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The density where it counts, and what it may be elsewhere if it goes on to fall, along each axis, as it fell."""
    envelope = np.zeros_like(density)
    for axis in range(density.ndim):
        for towards in (slice(None), slice(None, None, -1)):
            view = (np.moveaxis(array, axis, 0)[towards] for array in (density, counted, envelope))
            _continue(*view)
    return envelope


def _continue(density: np.ndarray, counted: np.ndarray, envelope: np.ndarray) -> None:
    """Raise the envelope, along the first axis, to a density that goes on to fall after points that count."""
    size = np.zeros(density.shape[1:])
    factor = np.zeros(density.shape[1:])
    for k, here in enumerate(counted):
        fall = np.zeros_like(size)
        for lag in (lag for lag in LAGS if lag <= k):
            known = here & counted[k - lag] & (fall == 0)
            fall[known] = (density[k][known] / density[k - lag][known]) ** (1 / lag)
        factor = np.where(here, np.minimum(fall, 1.0), factor)
        size = np.where(here, density[k], size * factor)
        envelope[k] = np.maximum(envelope[k], size)
