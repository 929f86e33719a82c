"""What a user fixes of a grid."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from wignercq.errors import GridError, brief, kind_of
from wignercq.grid.grid import MIN_POINTS, NAMES, Axis, Grid


@dataclass(frozen=True)
class FixedAxis:
    """What the user fixes of an axis; the rest is chosen.

    Parameters
    ----------
    extent : (float, float) or None
    points : int or None
    """

    extent: tuple[float, float] | None = None
    points: int | None = None

    def __post_init__(self) -> None:
        if self.extent is not None:
            if not isinstance(self.extent, (tuple, list)) or len(self.extent) != 2:
                raise GridError("extent", "two ends (lower, upper)", kind_of(self.extent))
            object.__setattr__(self, "extent", tuple(self.extent))
        Axis(*(self.extent or (0.0, 1.0)), MIN_POINTS if self.points is None else self.points)

    def axis(self, interval: tuple[float, float], frequency: float) -> Axis:
        """The axis with what is missing chosen: over `interval`, and resolving `frequency`."""
        lower, upper = self.extent or interval
        return Axis.resolving(lower, upper, frequency) if self.points is None else Axis(lower, upper, self.points)


AxisLike: TypeAlias = FixedAxis | Axis | tuple[float, float] | list[float] | int | Mapping[str, Any]
GridLike: TypeAlias = Grid | Mapping[str, AxisLike] | Mapping[str, FixedAxis] | None


def given_axes(grid: object) -> Grid | dict[str, FixedAxis]:
    """What a user gives as the grid: all of it, or of some axes the box, the number of points, or both.

    ``{"x": (-5, 5), "q": 64, "y": {"extent": (-6, 6), "points": 48}}`` is short for FixedAxis; an Axis is taken as
    well, and None leaves everything open. GridError for anything else.
    """
    if isinstance(grid, Grid):
        return grid
    if not isinstance(grid, Mapping | None):
        expected = "a Grid, or boxes or points of some axes, such as {'x': (-5, 5), 'q': 64}"
        raise GridError("grid", expected, kind_of(grid))
    axes = {}
    for name, value in ({} if grid is None else grid).items():
        if name not in NAMES:
            raise GridError("grid", "the axes q, p, x, y", brief(name))
        try:
            axes[name] = _given_axis(value)
        except GridError as error:
            raise error.under(f"grid.{name}") from None
    return axes


def _given_axis(value: object) -> FixedAxis:
    if isinstance(value, FixedAxis):
        return value
    if isinstance(value, Axis):
        return FixedAxis((value.lower, value.upper), value.points)
    if isinstance(value, Mapping) and value.keys() <= {"extent", "points"}:
        return FixedAxis(**value)
    if isinstance(value, (tuple, list)):
        return FixedAxis(extent=(*value,))
    if isinstance(value, numbers.Integral):
        return FixedAxis(points=value)  # type: ignore[arg-type]
    raise GridError("extent or points", "a box (lower, upper), a number of points or a FixedAxis", kind_of(value))


def is_fixed(axes: Mapping[str, FixedAxis]) -> bool:
    """Whether nothing is left to choose; GridError where an axis name is unknown."""
    unknown = sorted(set(axes) - set(NAMES))
    if unknown:
        raise GridError("grid", "the axes q, p, x, y", unknown[0])
    return all(name in axes and axes[name].extent and axes[name].points for name in NAMES)


def fixed_grid(axes: Mapping[str, FixedAxis]) -> Grid:
    """The grid when nothing is left to choose."""
    return Grid(*(axes[name].axis((0.0, 1.0), 1.0) for name in NAMES))
