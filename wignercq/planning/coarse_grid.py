"""The grid of a pilot run that has the box of the run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wignercq.grid.grid import MIN_POINTS, Axis, Grid

COARSENING = (0.75, 0.84)  # least and most points per axis
COARSENED_AWAY = 0.1  # of the tolerance: amplitude of the initial W that it should not lose on an axis


def coarsened(grid: Grid, powers: list[np.ndarray], tolerance: float) -> Grid:
    """The same box with three quarters of the points per axis, up to 0.84 of them where the initial W needs more.

    What it needs is seen from `powers`, the shares of its spectral power at the frequencies of each axis.
    """
    return Grid(*(_coarsened(axis, power, tolerance) for axis, power in zip(grid, powers, strict=True)))


def _coarsened(axis: Axis, power: np.ndarray, tolerance: float) -> Axis:
    lost = np.sqrt(np.cumsum(power[::-1])[::-1]) < COARSENED_AWAY * tolerance  # at and beyond each frequency
    needed = 2 * int(np.argmax(lost)) if lost.any() else axis.points
    least, most = (round(axis.points * share) for share in COARSENING)
    points = max(MIN_POINTS, least, min(needed, most))
    return replace(axis, points=min(axis.points, points + points % 2))
