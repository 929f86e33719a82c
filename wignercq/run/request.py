"""What was asked of a run, and how to tell whether two runs were asked the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning.grid_choice import AxisChoice
from wignercq.planning.memory import free_memory, held_memory
from wignercq.planning.prepare import Numerics
from wignercq.run.adaptation import Adapter, Freedom
from wignercq.states import State

LOWEST_WARNING = 1e-9  # edge mass or spectral tail that no tolerance makes worth a warning
ADAPT_LEVEL = 0.2  # of the warning level: where the grid is changed, if it may be
PROBE_LEVEL = 1e-3  # initial states are compared where they are above this share of their maximum,
PROBE_POINTS = 8  # at so many points per axis
DIGEST_SHOWN = 16  # digits of a digest that tell arrays apart


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked of a run.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
    grid : Grid, mapping of axis name to AxisChoice, or None
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
    grid: Grid | Mapping[str, AxisChoice] | None
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

    @cached_property
    def identity(self) -> dict[str, str]:
        """What a run that goes on from a checkpoint has to agree in, as text; the keys name arguments."""
        of_model = {
            f.name: getattr(self.model, f.name) for f in fields(self.model) if f.init and f.name != "parameters"
        }
        numerics = {f.name: getattr(self.numerics, f.name) for f in fields(self.numerics) if f.name != "threads"}
        extents, points = sorted(self.freedom.extents), sorted(self.freedom.points)
        values = {
            **of_model,
            **{f"parameters.{name}": value for name, value in self.model.parameters.items()},
            "state": _digest(self.state) if isinstance(self.state, np.ndarray) else type(self.state).__name__,
            **{f"grid.{name}": _axis(self.grid, name) for name in NAMES},
            "adapt": f"extents of {', '.join(extents) or 'no axis'}, points of {', '.join(points) or 'no axis'}",
            "times": f"{self.times.size} outputs to t = {self.times[-1]}, {_digest(self.times)}",
            "frames": self.frames,
            **numerics,
        }
        return {name: str(value) for name, value in values.items()}

    @cached_property
    def probe(self) -> np.ndarray:
        """Where the initial W lies and some of its values, all of order one, to tell states apart; nothing of arrays.

        Arrays have their digest in the identity.
        """
        if isinstance(self.state, np.ndarray):
            return np.zeros(0)
        lower, upper = self.state.support(PROBE_LEVEL).T
        W = self.state.wigner(Grid(*(Axis(*ends, PROBE_POINTS) for ends in zip(lower, upper, strict=True))))
        return np.concatenate([lower / (upper - lower), np.log(upper - lower), W.ravel() / np.abs(W).max()])


def _axis(grid: Grid | Mapping[str, AxisChoice] | None, name: str) -> str:
    """What is fixed of an axis."""
    if isinstance(grid, Grid):
        axis: Axis = getattr(grid, name)
        choice = AxisChoice((axis.lower, axis.upper), axis.points)
    else:
        choice = (grid or {}).get(name, AxisChoice())
    where = "chosen" if choice.extent is None else f"[{float(choice.extent[0])}, {float(choice.extent[1])}]"
    return f"extent {where}, points {'chosen' if choice.points is None else choice.points}"


def _digest(array: np.ndarray) -> str:
    return "sha256 " + hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()[:DIGEST_SHOWN]
