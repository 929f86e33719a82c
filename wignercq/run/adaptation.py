"""Another grid in the middle of a run: boxes that grow and meshes that are refined, by exact lattice operations only.

- A box grows by whole cells, W being zero in the new ones: zero padding in phase space.
- A box that goes with W is moved by whole cells, W being zero in the new ones.
- A mesh is refined by zero padding of the spectrum, the new points within the same extent.

Both keep W to the last digit where it was known; nothing is interpolated locally, rescaled or clipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES, Axis, Grid, fast_even_size
from wignercq.planning.course import shifted
from wignercq.propagation.engines import Engine

GROWTH = 0.25  # of the points of an axis, added at an end or by refinement
LOWER, UPPER = 0, 1  # ends of an axis
OFF_CENTRE = 1 / 40  # of an axis that moves: how far W may be from its middle


@dataclass(frozen=True)
class Freedom:
    """What of a grid may change in the course of a run."""

    extents: frozenset[str] = frozenset()  # axes whose box may grow
    points: frozenset[str] = frozenset()  # axes whose mesh may be refined

    @classmethod
    def beyond(cls, axes: Mapping[str, FixedAxis]) -> Freedom:
        """Freedom in everything that the user has not fixed; growing a box adds points too."""
        fixed = {name: axes.get(name, FixedAxis()) for name in NAMES}
        loose = frozenset(name for name, axis in fixed.items() if axis.points is None)
        return cls(frozenset(name for name in loose if fixed[name].extent is None), loose)

    def __bool__(self) -> bool:
        return bool(self.extents or self.points)

    @classmethod
    def full(cls) -> Freedom:
        """Freedom in every axis."""
        return cls(frozenset(NAMES), frozenset(NAMES))


@dataclass(eq=False)
class Adapter:
    """Decides when a run needs another grid, and which."""

    freedom: Freedom
    level: float  # edge mass or spectral tail that calls for a change
    fits: Callable[[Grid], bool]  # whether a run on a grid keeps to its memory limit
    make_engine: Callable[[Grid], Engine]  # the run's kind of engine on another grid
    notes: list[str] = field(default_factory=list)  # what was changed and why, a line each
    exhausted: bool = False  # nothing better can be had; the grid stays as it is
    moving: frozenset[str] = frozenset()  # axes along which the box goes with W

    def following(self, grid: Grid, mean: np.ndarray) -> Grid:
        """The grid with W in the middle along the axes that move, by whole cells; `mean` is that of W, shape (4,)."""
        axes = []
        for name, axis, centre in zip(NAMES, grid, mean, strict=True):
            off = float(centre) - (axis.lower + axis.upper) / 2
            follows = name in self.moving and abs(off) > OFF_CENTRE * axis.length
            axes.append(shifted(axis, off) if follows else axis)
        return Grid(*axes)

    def improved(self, time: float, grid: Grid, edges: np.ndarray, tail: np.ndarray) -> Grid | None:
        """The grid to go on with, or None when `grid` is good enough, or nothing better is allowed.

        Parameters
        ----------
        time : float
            For the notes.
        edges : np.ndarray
            Mass near the lower and upper end of each axis, shape (4, 2).
        tail : np.ndarray
            Spectral tail of each axis, shape (4,).
        """
        if self.exhausted:
            return None
        axes, reasons = {}, []
        for name, axis, ends, top in zip(NAMES, grid, edges, tail, strict=True):
            changed = axis
            if ends.sum() > self.level and name in self.freedom.extents:
                changed = grown(changed, ends > self.level / 4)
                reasons.append(f"{name} to [{changed.lower:.6g}, {changed.upper:.6g}], edge mass {ends.sum():.1e}")
            if top > self.level and name in self.freedom.points:
                changed = refined(changed)
                reasons.append(f"{name} to spacing {changed.spacing:.4g}, spectral tail {top:.1e}")
            axes[name] = changed
        if not reasons:
            return None
        better = Grid(**axes)
        self.notes.append(f"t = {time:.6g}: {'; '.join(reasons)}")
        if not self.fits(better):
            self.give_up("beyond the memory limit")
            return None
        return better

    def give_up(self, reason: str) -> None:
        """The last change did not work; there will be no other."""
        self.exhausted = True
        self.notes[-1] += f": not done, {reason}"


def grown(axis: Axis, ends: np.ndarray) -> Axis:
    """The axis with about a quarter more points at each end that is marked, the spacing unchanged."""
    points = fast_even_size(axis.points + math.ceil(GROWTH * axis.points) * int(ends.sum()))
    added = points - axis.points
    below = added if not ends[UPPER] else added // 2 if ends[LOWER] else 0
    return Axis(axis.lower - below * axis.spacing, axis.upper + (added - below) * axis.spacing, points)


def refined(axis: Axis) -> Axis:
    """The axis with about a quarter more points within the same extent."""
    return replace(axis, points=fast_even_size(math.ceil((1 + GROWTH) * axis.points)))
