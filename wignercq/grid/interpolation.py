"""Values on an axis taken to other points: trigonometric interpolation inside the extent, zero outside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wignercq.grid.grid import NAMES, Axis, Grid

SAME_POINT = 1e-6  # of the spacing: closer points are one


def interpolation(axis: Axis, points: np.ndarray, *, nyquist: float = math.inf) -> np.ndarray:
    """The matrix that takes values on `axis` to those at `points`, shape (points, axis.points).

    Inside the extent of `axis` it is trigonometric interpolation, and the exact identity where all points are on the
    axis; outside it is zero. Frequencies of the axis from `nyquist` on are left out.
    """
    position = (points - axis.lower) / axis.spacing
    inside = (position > -SAME_POINT) & (position < axis.points - SAME_POINT)
    nearest = np.rint(position)
    matrix = np.zeros((points.size, axis.points))
    is_whole = nyquist > axis.nyquist * (1 - SAME_POINT)
    if is_whole and np.abs(position - nearest)[inside].max(initial=0.0) < SAME_POINT:
        matrix[inside, nearest[inside].astype(int)] = 1
        return matrix
    offsets = position[inside, None] - np.arange(axis.points)
    k = 2 * np.pi / axis.points * np.arange(1, (axis.points - 1) // 2 + 1)
    k = k[k < nyquist * axis.spacing * (1 - SAME_POINT)]
    kernel = np.zeros_like(offsets)
    for frequency in k:  # one at a time: all at once they would take more memory than W
        kernel += np.cos(frequency * offsets)
    kernel = 1 + 2 * kernel
    if is_whole and axis.points % 2 == 0:
        kernel += np.cos(np.pi * offsets)
    matrix[inside] = kernel / axis.points
    return matrix


def interpolations(grid: Grid, target: Grid) -> list[np.ndarray]:
    """For each of (q, p, x, y) the matrix from one grid to another, without what the other cannot hold.

    A box that has grown by whole cells is zero padding in phase space; a finer mesh is zero padding of the spectrum.
    """
    return [interpolation(a, b.values, nyquist=b.nyquist) for a, b in zip(grid, target, strict=True)]


def on_grid(plane: np.ndarray, pair: Sequence[str], grid: Grid, target: Grid) -> np.ndarray:
    """Values over two of (q, p, x, y) on one grid taken to another."""
    if grid == target:
        return plane
    along = dict(zip(NAMES, interpolations(grid, target), strict=True))
    first, second = pair
    result: np.ndarray = along[first] @ plane @ along[second].T
    return result


def common_grid(grids: list[Grid]) -> Grid:
    """The grid that holds and resolves what any of several grids does; one of them if it can."""
    axes = []
    for choices in zip(*grids, strict=True):
        lower, upper = min(axis.lower for axis in choices), max(axis.upper for axis in choices)
        finest = min(choices, key=lambda axis: axis.spacing)
        axes.append(
            finest if (finest.lower, finest.upper) == (lower, upper) else Axis.resolving(lower, upper, finest.nyquist)
        )
    return Grid(*axes)
