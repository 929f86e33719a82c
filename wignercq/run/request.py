"""What was asked of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from wignercq.errors import InputError, brief, one_of
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.formulas import MAX_NUMBER
from wignercq.model.model import Model, require_model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning.arguments import flag, moderate, require_state, spread, whole
from wignercq.planning.frame_choice import FRAMES, FrameChoice
from wignercq.planning.memory import Need, free_memory, held_memory, room_of
from wignercq.planning.numerics import MAX_OUTPUTS, OUTPUTS, Numerics
from wignercq.propagation.frame import Beginning, MovingFrame, Point
from wignercq.run.adaptation import Adapter, Freedom
from wignercq.run.keeping import SAME_TIME, Keeping
from wignercq.run.observables import Wanted
from wignercq.run.record import Record
from wignercq.states import State

LOWEST_WARNING = 1e-9  # edge mass or spectral tail that no tolerance makes worth a warning
ADAPT_LEVEL = 0.2  # of the warning level: where the grid is changed, if it may be
OTHERS_LEVEL = 10.0  # of the warning level: where that of another equation is, at most a tenth of the threshold
GROWTH_SHARE = 0.5  # of the memory of the machine, up to which a grid grows where no limit was given
LAST_CHANCE = 0.1  # of the error level, at which W is lost: the grid is changed there at the latest
ALONE = "run"  # name of the equation of a run that has no others beside it


class Equation(NamedTuple):
    """What W obeys: that of the model, or one that differs from it in what is not None."""

    hbar_order: int | None = None  # see Numerics
    dynamics: str | None = None  # of the model

    def of(self, model: Model) -> Model:
        """A model with these dynamics; ModelError where it has none."""
        return model if self.dynamics is None else replace(model, dynamics=self.dynamics)

    @property
    def text(self) -> str:
        """What tells equations apart."""
        return f"{self.hbar_order}" if self.dynamics is None else f"{self.hbar_order}, {self.dynamics}"


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked of a run."""

    model: Model
    state: State | np.ndarray
    grid: Grid | Mapping[str, FixedAxis] | None
    times: np.ndarray  # output times, the first of them 0
    numerics: Numerics
    frames: int = 5  # number of outputs whose planes are kept
    adapt: bool | None = None  # whether the grid may change; None: what `grid` leaves open may
    memory_limit: float | None = None  # bytes; None is all free memory
    # time error relative to the maximum of W worth a warning, when the time step is given
    accuracy: float = ERROR_LEVEL
    # what is followed side by side, by name; the first one leads, the grid is chosen for it; none: that of `numerics`
    # alone
    equations: Mapping[str, Equation] = field(default_factory=dict)
    interval: float | None = None  # a time that a chosen time step is to divide
    on_unresolved: str = "stop"  # or "warn": go on when the grid loses W, and say so in the result
    wanted: Wanted | None = None  # observables beside those of every run
    keeping: Keeping = field(default_factory=Keeping)
    on: Grid | None = None  # where W lies that was given on a grid of its own; `grid` says what of it is fixed
    origin: float = 0.0  # time at which the run begins, as it is told; `times` count from there
    frame: str = "fixed"  # of FRAMES
    centre: Point | None = None  # of a frame that moves, at the beginning, if it is known

    def __post_init__(self) -> None:
        require_model(self.model)
        if not isinstance(self.state, np.ndarray):
            require_state(self.state)
        if self.adapt is not None:
            flag("adapt", self.adapt)
        forms_W = self.numerics.forms_W or self.keeping.last or (self.wanted is not None and self.wanted.forms_W)
        numerics = replace(
            self.numerics, forms_W=forms_W, kept=len(self.keeping.outputs), copies=int(bool(self.keeping))
        )
        object.__setattr__(self, "numerics", numerics.suited_to(self.model, self.state))
        if not self.equations:
            object.__setattr__(self, "equations", {ALONE: Equation(self.numerics.hbar_order)})
        for equation in self.equations.values():
            self.numerics.suited_to(equation.of(self.model), self.state)  # refused here if at all
        one_of("on_unresolved", self.on_unresolved, ("stop", "warn"))
        one_of("frame", self.frame, FRAMES)

    @property
    def further(self) -> dict[str, object]:
        """What else decides the result, by argument."""
        return {}

    @property
    def level(self) -> float:
        """Edge mass or spectral tail worth a warning."""
        return max(self.numerics.tolerance, LOWEST_WARNING)

    @property
    def framed(self) -> set[int]:
        """Numbers of the outputs whose planes are kept: spread evenly, the last always among them."""
        return {*spread(self.times.size, self.frames)}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the observables that were asked for beside those of every run."""
        return () if self.wanted is None else self.wanted.names

    def record(self, name: str, grid: Grid, frame: Beginning | None = None) -> Record:
        """One of an equation, or another theory, in which nothing is reported yet; `frame` is one that moves."""
        return Record(
            self.equations.get(name, Equation()).of(self.model),
            grid,
            self.framed,
            wanted=self.wanted,
            kept=self.keeping.outputs,
            origin=self.origin,
            frame=None if frame is None else MovingFrame(self.model, frame),
        )

    @property
    def frame_choice(self) -> FrameChoice:
        """Which frame the run is to have; the laboratory's where extents are given, unless the other one is asked.

        InputError where the equation is not known in a frame that moves, or the engine has no kicks that change from
        step to step.
        """
        reasons = {
            "engine 'jax' and a model that is not quadratic": self.numerics.engine == "jax"
            and not self.model.is_quadratic,
            "potentials that depend on time": self.model.is_driven,
            "thermal dynamics": self.model.is_thermal,
        }
        reason = next((reason for reason, holds in reasons.items() if holds), None)
        if reason is not None and self.frame == "moving":
            raise InputError("frame", f"'fixed', with {reason}", "'moving'")
        given = isinstance(self.grid, Grid) or any(axis.extent for axis in (self.grid or {}).values())
        stays = given or reason is not None or self.adapt is False or len(self.equations) > 1
        kind = "fixed" if self.frame == "auto" and stays else self.frame
        return FrameChoice(kind, self.origin, self.centre)

    @property
    def freedom(self) -> Freedom:
        """What of the grid may change."""
        if self.adapt is None:
            return Freedom() if isinstance(self.grid, Grid) else Freedom.beyond(self.grid or {})
        return Freedom.full() if self.adapt else Freedom()

    def adapter(self, name: str, beside: Callable[[], Iterable[Grid]] = tuple) -> Adapter | None:
        """What changes the grid of an equation, if anything may, while those of others, `beside`, stay as they are.

        What the user fixes is the grid of the first equation; another may refine it.
        """
        freedom, share = self.freedom, ADAPT_LEVEL
        if name != next(iter(self.equations)) and self.adapt is not False:
            freedom, share = Freedom(freedom.extents, frozenset(NAMES)), OTHERS_LEVEL
        if not freedom:
            return None

        def memory(grid: Grid) -> Need:
            room = room_of(self.numerics, grid)
            free = free_memory() + held_memory() if room is None else room.free + room.held  # what is held counts
            needed = sum(self.numerics.memory(each) for each in (grid, *beside()))
            return Need(needed, min(free, self.memory_limit or GROWTH_SHARE * free))

        level = min(share * self.level, LAST_CHANCE * ERROR_LEVEL)
        end = float(self.times[-1])
        return Adapter(freedom, level, memory, self.numerics.make_engine, end=end, origin=self.origin)


def times_of(
    duration: float | None, outputs: int | None, times: Sequence[float] | np.ndarray | None, start: float = 0.0
) -> np.ndarray:
    """Output times from 0 on: given, or so many equal intervals, 20 by default. InputError where they are of no use.

    Times that are given count from the same moment as `start`, where the run begins.
    """
    if (duration is None) == (times is None):
        raise InputError("duration", "either duration or times", "both or neither")
    if times is not None:
        if outputs is not None:
            raise InputError("outputs", "it together with duration", "it together with times")
        try:
            given = np.asarray(times, float) - start
        except (TypeError, ValueError):
            given = np.zeros((0, 0))
        if start and given.ndim == 1 and given.size and abs(given[0]) <= SAME_TIME * abs(start):
            given[0] = 0.0
        if (
            given.ndim != 1
            or not given.size
            or not np.isfinite(given).all()
            or given[0] < 0
            or (np.diff(given) <= 0).any()
        ):
            where = ", where the run begins" if start else ""
            raise InputError("times", f"increasing times >= {start:g}{where}", brief(times))
        result = given if given[0] == 0 else np.concatenate([[0.0], given])
        if result.size < 2:
            raise InputError("times", f"a time after {start:g}", "none")
        if not 1 / MAX_NUMBER <= result[-1] <= MAX_NUMBER:
            raise InputError("times", f"an end from {1 / MAX_NUMBER:g} to {MAX_NUMBER:g}", repr(float(result[-1])))
        return result
    end = moderate("duration", duration)
    count = OUTPUTS if outputs is None else whole("outputs", outputs, 1, MAX_OUTPUTS)
    return np.linspace(0.0, end, count + 1)
