"""A box that goes with W: where it is to lie in the course of a run, by whole cells of its grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wignercq.grid.grid import Axis, Grid
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.propagator import Propagator

SEGMENTS = 20  # of a run, in each of which the box stays in place
ON_SEGMENT = 1e-9  # of a segment: as close to its beginning is within it


@dataclass(frozen=True, eq=False)
class Course:
    """How far a box has moved in each segment of a run."""

    duration: float
    displacements: np.ndarray  # of the box from its place at time 0, shape (SEGMENTS + 1, 4)

    def segment(self, time: float) -> int:
        """The number of the segment that begins at a time or holds it."""
        return int(time / self.duration * SEGMENTS + ON_SEGMENT)

    def at(self, segment: int, grid: Grid) -> Grid:
        """Where the box of a grid is in a segment, by the nearest whole numbers of cells."""
        return Grid(*map(shifted, grid, self.displacements[segment]))


def shifted(axis: Axis, distance: float) -> Axis:
    """The axis moved by about this distance, by a whole number of cells."""
    cells = round(distance / axis.spacing)
    return replace(axis, lower=axis.lower + cells * axis.spacing, upper=axis.upper + cells * axis.spacing)


@dataclass(eq=False)
class Walk:
    """W on its way through a run, in a box that stays or moves on a course."""

    propagator: Propagator
    W: Any
    course: Course | None
    steps: int = 0  # behind W
    origin: float = 0.0  # time at which it begins, as the model counts it

    def __post_init__(self) -> None:
        self._start = self.engine.grid

    @property
    def engine(self) -> Engine:
        """The engine that owns W."""
        return self.propagator.engine

    @property
    def time(self) -> float:
        """The time of W, as the model counts it."""
        return self.origin + self.steps * self.propagator.dt

    def to(self, step: int) -> None:
        """Take all steps up to this one."""
        while self.steps < step:
            count = 1
            while self.steps + count < step and self._segment(self.steps + count) == self._segment(self.steps):
                count += 1
            self.W, _ = self.propagator.advance(self.W, count, time=self.time)
            self.steps += count
            if self.course is not None:
                self._move(self.course.at(self._segment(self.steps), self._start))

    def _segment(self, step: int) -> int:
        return 0 if self.course is None else self.course.segment(step * self.propagator.dt)

    def _move(self, grid: Grid) -> None:
        if grid != self.engine.grid:
            engine = self.engine.on(grid)
            self.W, self.propagator = self.engine.transferred(self.W, engine), replace(self.propagator, engine=engine)
