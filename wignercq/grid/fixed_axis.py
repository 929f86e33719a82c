"""What a user fixes of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wignercq.errors import GridError
from wignercq.grid.grid import NAMES, Axis, Grid


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

    def axis(self, interval: tuple[float, float], frequency: float) -> Axis:
        """The axis with what is missing chosen: over `interval`, and resolving `frequency`."""
        lower, upper = self.extent or interval
        return Axis.resolving(lower, upper, frequency) if self.points is None else Axis(lower, upper, self.points)


def is_fixed(axes: Mapping[str, FixedAxis]) -> bool:
    """Whether nothing is left to choose; GridError where an axis name is unknown."""
    unknown = sorted(set(axes) - set(NAMES))
    if unknown:
        raise GridError("grid", "the axes q, p, x, y", unknown[0])
    return all(name in axes and axes[name].extent and axes[name].points for name in NAMES)


def fixed_grid(axes: Mapping[str, FixedAxis]) -> Grid:
    """The grid when nothing is left to choose."""
    return Grid(*(axes[name].axis((0.0, 1.0), 1.0) for name in NAMES))
