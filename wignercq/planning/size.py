"""What a chosen grid costs: said before anything runs on it, or refused with the axis to give."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wignercq.errors import GridError, SizeWarning, readable_size, warn
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES, Grid
from wignercq.planning.numerics import Numerics

COARSEST = 1e-3  # tolerance of a chosen grid: a coarser one would cut off too much of the initial state
PILOT_STEPS = 100  # of all pilot runs together, in round numbers
NOTEWORTHY, TOO_LONG = 20.0, 1200.0  # seconds


def announce(grid: Grid, fixed: Mapping[str, FixedAxis], pilot: Grid, numerics: Numerics) -> None:
    """A SizeWarning before pilot runs, on the grid `pilot`, that take long; GridError where they take too long."""
    seconds = PILOT_STEPS * numerics.cells(pilot) / numerics.speed
    if seconds > TOO_LONG:
        raise GridError(
            "grid",
            f"one for which the search for a time step takes less than {_time(TOO_LONG)}",
            f"up to {_shape(grid)} points, {_cells(grid, numerics)}, and {_time(seconds)}; "
            f"{remedy(grid, fixed, numerics)}",
        )
    if seconds > NOTEWORTHY:
        warn(
            f"grid: up to {_shape(grid)} points, {_cells(grid, numerics)} and {readable_size(numerics.memory(grid))}; "
            f"the search for a time step alone takes {_time(seconds)}, the run longer; {remedy(grid, fixed, numerics)}",
            SizeWarning,
        )


def announce_run(grid: Grid, steps: int, numerics: Numerics) -> None:
    """A SizeWarning before a run that takes long."""
    seconds = steps * numerics.cells(grid) / numerics.speed
    if seconds > NOTEWORTHY:
        warn(
            f"grid: {_shape(grid)} points, {_cells(grid, numerics)}, and {steps} steps take {_time(seconds)}; "
            f"{_larger(numerics)}or shorten the run",
            SizeWarning,
        )


def remedy(grid: Grid, fixed: Mapping[str, FixedAxis], numerics: Numerics) -> str:
    """What a user can do about a chosen grid that is too large: the longest axis left open."""
    choices = {name: fixed.get(name, FixedAxis()) for name in NAMES}
    left_open = [name for name, choice in choices.items() if None in (choice.extent, choice.points)]
    name = max(left_open, key=lambda name: getattr(grid, name).points)
    axis = getattr(grid, name)
    where = f"{axis.points} points from {axis.lower:.4g} to {axis.upper:.4g}"
    given = f"give extent and points of {name} in grid, left open and now {where}"
    return f"{given}, {_larger(numerics)}or shorten the run"


def _larger(numerics: Numerics) -> str:
    """The advice to be less accurate, where that makes a grid smaller."""
    return f"raise tolerance, now {numerics.tolerance:g}, " if numerics.tolerance < COARSEST else ""


def _shape(grid: Grid) -> str:
    return " x ".join(map(str, grid.shape))


def _cells(grid: Grid, numerics: Numerics) -> str:
    cells = numerics.cells(grid)
    return f"{cells / 1e6:.3g} million cells" if cells < 1e9 else f"{cells:.2g} cells"


def _time(seconds: float) -> str:
    """In round numbers."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"about {seconds / length:.2g} {unit}"
    return f"about {math.ceil(seconds / 10) * 10} seconds"
