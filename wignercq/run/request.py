"""What was asked of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning.memory import free_memory, held_memory
from wignercq.planning.numerics import Numerics
from wignercq.run.adaptation import Adapter, Freedom
from wignercq.states import State

LOWEST_WARNING = 1e-9  # edge mass or spectral tail that no tolerance makes worth a warning
ADAPT_LEVEL = 0.2  # of the warning level: where the grid is changed, if it may be


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked of a run.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
    grid : Grid, mapping of axis name to FixedAxis, or None
    times : np.ndarray
        Output times, the first of them 0.
    numerics : Numerics
    frames : int
        Number of outputs whose planes are kept.
    adapt : bool or None
        Whether the grid may change; None: what `grid` leaves open may.
    memory_limit : float or None
        Bytes; None is all free memory.
    accuracy : float
        Time error relative to the maximum of W worth a warning, when the time step is given.
    """

    model: Model
    state: State | np.ndarray
    grid: Grid | Mapping[str, FixedAxis] | None
    times: np.ndarray
    numerics: Numerics
    frames: int = 5
    adapt: bool | None = None
    memory_limit: float | None = None
    accuracy: float = ERROR_LEVEL

    @property
    def level(self) -> float:
        """Edge mass or spectral tail worth a warning."""
        return max(self.numerics.tolerance, LOWEST_WARNING)

    @property
    def framed(self) -> set[int]:
        """Numbers of the outputs whose planes are kept: spread evenly, the last always among them."""
        last = self.times.size - 1
        return {round(k) for k in np.linspace(last, 0, min(self.frames, self.times.size))}

    @property
    def freedom(self) -> Freedom:
        """What of the grid may change."""
        if self.adapt is None:
            return Freedom() if isinstance(self.grid, Grid) else Freedom.beyond(self.grid or {})
        return Freedom.full() if self.adapt else Freedom()

    def adapter(self) -> Adapter | None:
        """What changes the grid, if anything may."""
        if not self.freedom:
            return None
        return Adapter(self.freedom, ADAPT_LEVEL * self.level, self._fits, self.numerics.make_engine)

    def _fits(self, grid: Grid) -> bool:
        """Whether a run on `grid` keeps to the memory limit, counting what this process holds as free."""
        free = free_memory() + held_memory()
        return self.numerics.memory(grid) < min(free, self.memory_limit or free)
