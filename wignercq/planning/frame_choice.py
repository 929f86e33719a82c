"""The frame of a run: the laboratory's, or one that moves with W where its box takes fewer cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from wignercq.errors import GridError
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.observables.marginals import Marginals
from wignercq.planning.grid_choice import Outlook
from wignercq.propagation.frame import Beginning, MovingFrame, Point
from wignercq.states import State

FRAMES = ("auto", "fixed", "moving")
STAYING = 2_000_000  # cells at most of a box that stays in any case: its coordinates are easier to read
PAYS = 2.0  # times the cost of a box that moves, for which it is chosen
ON_THE_FLY = 2.0  # times the cost of a step: what kicks cost that are not the same everywhere


@dataclass(frozen=True)
class FrameChoice:
    """Which frame a run is to have."""

    kind: str = "fixed"  # of FRAMES
    time: float = 0.0  # at which the run begins, as the model counts it
    centre: Point | None = None  # where it is then, if that is known; at the mean of W else

    def of(self, model: Model, state: State | np.ndarray, grid: Grid | None) -> MovingFrame:
        """The frame that moves; of W as an array on `grid`."""
        if isinstance(state, State):
            mean, covariance = state.mean, state.covariance
        else:
            assert grid is not None
            marginals = Marginals.of(state, grid)
            mean, covariance = marginals.mean, marginals.covariance
        widths = np.sqrt(np.abs(np.diag(covariance)))
        q, p, x, y = self.centre or mean.tolist()
        return MovingFrame(model, Beginning((q, p, x, y), tuple(widths.tolist()), self.time))

    def preferred(self, outlook: Outlook, fixed: Mapping[str, FixedAxis], cells: Callable[[Grid], int]) -> Outlook:
        """The outlook in the frame that was asked for, or in the one that costs less.

        `cells` tells how many a grid has of W. GridError where no grid is possible.
        """
        if self.kind == "fixed":
            return outlook
        moving = outlook.in_moving_frame()
        if self.kind == "moving":
            return moving
        try:
            still = cells(outlook.grid(fixed))
        except GridError:  # more points than there can be
            return moving
        dearer = 1.0 if outlook.model.is_quadratic else ON_THE_FLY
        pays = still > STAYING and PAYS * dearer * cells(moving.grid(fixed)) < still
        return moving if pays else outlook


FIXED = FrameChoice()


def placed(grid: Grid, frame: MovingFrame | None) -> Grid:
    """A grid at the beginning of a run, in the laboratory."""
    return grid if frame is None else grid.moved(frame.beginning.start)
