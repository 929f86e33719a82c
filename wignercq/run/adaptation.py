"""Another grid in the middle of a run: boxes that grow and meshes that are refined, by exact lattice operations only.

- A box grows by whole cells, W being zero in the new ones: zero padding in phase space.
- A mesh is refined by zero padding of the spectrum, the new points within the same extent.

Both keep W to the last digit where it was known; nothing is interpolated locally, rescaled or clipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES, Axis, Grid, fast_even_size
from wignercq.planning.memory import Need
from wignercq.propagation.engines import Engine

GROWTH = 0.25  # of the points of an axis, added at an end or by refinement
LOWER, UPPER = 0, 1  # ends of an axis
#: A mesh that was refined this often and needs this share of the memory it may have is asked where it leads ...
FOLDING, LARGE = 3, 0.25
#: ... and stays as it is if, when this share of the rest of the run is over, it would need so many times that memory.
FORESIGHT, HOPELESS = 0.5, 2.0
REMEDIES = "raise the decoherence or diffusion, shorten the run, raise memory_limit or tolerance"


class Refinement(NamedTuple):
    """A mesh that was refined in the course of a run."""

    time: float
    axis: str
    ratio: float  # of the spacing from then on to that before


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
    memory: Callable[[Grid], Need]  # of a run on a grid, that of the change to it included
    make_engine: Callable[[Grid], Engine]  # the run's kind of engine on another grid
    notes: list[str] = field(default_factory=list)  # what was changed and why, a line each
    exhausted: bool = False  # nothing better can be had; the grid stays as it is
    end: float = 0.0  # time at which the run ends; 0: nothing is foreseen
    refinements: list[Refinement] = field(default_factory=list)
    origin: float = 0.0  # that is added to times when they are told
    _settled: int = field(init=False, default=0)  # refinements before the last change

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
        axes, reasons, refinements = {}, [], []
        for name, axis, ends, top in zip(NAMES, grid, edges, tail, strict=True):
            changed = axis
            if ends.sum() > self.level and name in self.freedom.extents:
                changed = grown(changed, ends > self.level / 4)
                reasons.append(f"{name} to [{changed.lower:.6g}, {changed.upper:.6g}], edge mass {ends.sum():.1e}")
            if top > self.level and name in self.freedom.points:
                changed = refined(changed)
                refinements.append(Refinement(time, name, changed.spacing / axis.spacing))
                reasons.append(f"{name} to spacing {changed.spacing:.4g}, spectral tail {top:.1e}")
            axes[name] = changed
        if not reasons:
            return None
        better = Grid(**axes)
        self.notes.append(f"t = {self.origin + time:.6g}: {'; '.join(reasons)}")
        self._settled = len(self.refinements)
        self.refinements += refinements
        reason = self._objection(time, better)
        if reason:
            self.give_up(reason)
            return None
        return better

    def withdraw(self) -> None:
        """The last change was left half done; it will be chosen again by the run that goes on."""
        self.notes.pop()
        del self.refinements[self._settled :]

    def _objection(self, time: float, grid: Grid) -> str:
        """Why not to go on with a grid that is better; empty if nothing speaks against it."""
        need = self.memory(grid)
        folded = [name for name in NAMES if self._count(name) >= FOLDING]
        history = "; ".join(f"{name} was refined {self._count(name)} times" for name in folded)
        if need.needed >= need.allowed:
            told = f" ({history}); {REMEDIES}" if folded else ""
            return f"beyond the memory limit, {need}{told}"
        growth = math.prod(self._expected_growth(name, time) for name in folded)
        if need.needed < LARGE * need.allowed or need.needed * growth < HOPELESS * need.allowed:
            return ""
        later = time + FORESIGHT * (self.end - time)
        ahead = Need(need.needed * growth, need.allowed)
        when = f"t = {self.origin + later:.4g}"
        return f"W folds ever finer ({history}), and at this pace would need {ahead} at {when}; {REMEDIES}"

    def _count(self, name: str) -> int:
        return sum(each.axis == name for each in self.refinements)

    def _expected_growth(self, name: str, time: float) -> float:
        """Factor by which an axis will need more points later in the run, at the pace of all of it so far.

        The pace is that of the finest frequency in time, which is constant where a packet shears.
        """
        gained = 1 - math.prod(each.ratio for each in self.refinements if each.axis == name)  # of the frequency now
        return 1 + gained * FORESIGHT * (self.end - time) / time if time > 0 else 1.0

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
