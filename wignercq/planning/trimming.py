"""A chosen grid without what a pilot run has shown not to be needed.

Trajectories bound where an anharmonic state goes and how fine its fringes are; many a state stays far from the bound.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.planning.grid_choice import AxisChoice
from wignercq.planning.pilot import Survey

TRIMMED = 0.03  # of the tolerance: what each edge and the tail of a trimmed axis may hold, as far as the pilot run saw
KEPT = 7 / 8  # of a trimmed axis, in space and in frequency, lies inside of them


def trimmed(grid: Grid, fixed: Mapping[str, AxisChoice], pilot: Grid, seen: Survey, tolerance: float) -> Grid:
    """`grid` without what a pilot run has shown not to be needed.

    An axis keeps the part that holds W but for 0.03 of `tolerance` at each end, in space and in frequency, and a
    margin: the outer eighth, in which the monitors look for W. Nothing is concluded from what the pilot run itself did
    not resolve so well.

    Parameters
    ----------
    grid : Grid
    fixed : mapping of axis name to AxisChoice
        What stays as it is.
    pilot : Grid
        Of the pilot run.
    seen : Survey
        What it has shown.
    tolerance : float
        Of the run, on W relative to its maximum.
    """
    axes = []
    for name, axis, coarse, mass, amplitude in zip(NAMES, grid, pilot, seen.masses, seen.amplitudes, strict=True):
        choice = fixed.get(name, AxisChoice())
        if choice.points is None:
            axis = _trimmed(axis, choice.extent is None, coarse, mass, amplitude, TRIMMED * tolerance)
        axes.append(axis)
    return Grid(*axes)


def _trimmed(
    axis: Axis, is_box_free: bool, coarse: Axis, mass: np.ndarray, amplitude: np.ndarray, level: float
) -> Axis:
    lower, upper, nyquist = axis.lower, axis.upper, axis.nyquist
    if is_box_free:
        below, above = (max(0, int(np.argmax(np.cumsum(line) > level)) - 1) for line in (mass, mass[::-1]))
        first, last = coarse.values[below], coarse.values[-1 - above]
        margin = (last - first) * (1 / KEPT - 1) / 2
        lower = max(lower, first - margin) if below else lower
        upper = min(upper, last + margin) if above else upper
    fine = np.flatnonzero(amplitude < level)
    if fine.size:
        nyquist = min(nyquist, float(coarse.half_frequencies[fine[0]]) / KEPT)
    smaller = Axis.resolving(lower, upper, nyquist)
    return smaller if smaller.points < axis.points else axis
