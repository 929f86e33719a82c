"""What a run needs before its first step: checked settings, a grid, an engine, W at time 0 and a time step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wignercq.errors import GridError, StateError
from wignercq.grid.fixed_axis import FixedAxis, fixed_grid, is_fixed
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.drives import delayed, rate_of_change
from wignercq.model.model import Model
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look, Watch
from wignercq.planning.coarse_grid import coarsened
from wignercq.planning.damping import is_strongly_damped
from wignercq.planning.forecast import look_ahead
from wignercq.planning.frame_choice import FIXED, FrameChoice, placed
from wignercq.planning.grid_choice import Outlook
from wignercq.planning.memory import require_memory
from wignercq.planning.numerics import Numerics
from wignercq.planning.pilot import Pilot
from wignercq.planning.size import COARSEST, announce, announce_run, remedy
from wignercq.planning.tell import Tell, silent
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.engines import Engine
from wignercq.propagation.frame import MovingFrame
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.step_check import StepCheck
from wignercq.states import State

OCCUPIED, FEW = 1e-3, 16  # of the largest density, and places where it is looked how fast a drive changes
WORTHWHILE = 0.7  # of the size of a pilot grid: on a smaller one the pilot runs are begun again


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run before its first step."""

    propagator: Propagator  # carries model, engine, grid, scheme and time step
    W: Any  # at time 0, from the propagator's engine
    step: TimeStep
    check: StepCheck | None = None  # what the pilot run expects of the steps

    @property
    def grid(self) -> Grid:
        """The grid of the run, in its frame."""
        return self.propagator.engine.grid


def prepare(
    model: Model,
    state: State | np.ndarray,
    *,
    grid: Grid | Mapping[str, FixedAxis] | None,
    end: float,
    numerics: Numerics,
    memory_limit: float | None = None,
    runs: int = 1,
    interval: float | None = None,
    watch: Watch | None = None,
    growing: Collection[str] = (),
    origin: float = 0.0,
    frame: FrameChoice = FIXED,
    tell: Tell = silent,
) -> Prepared:
    """Choose what is missing of the grid, sample the initial W and find the time step.

    Parameters
    ----------
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`.
    end : float
        Duration of the run.
    memory_limit : float or None
        Bytes the run may use; None is all free memory.
    runs : int
        How many will go side by side on this grid.
    interval : float or None
        A time that a chosen time step is to divide.
    watch : Watch or None
        Looks at the initial W on a given grid before the search for a step; None accepts what is lost.
    growing : collection of str
        Axes whose box may grow in the course of the run.
    origin : float
        Time at which the run begins, as the model counts it.
    frame : FrameChoice
        With a grid that is given, or with extents that are, "auto" is not meant.
    tell : callable
        Told, in words, what is being done.

    Raises
    ------
    InputError
        Something does not go together: the grid, the state, the tolerance, the memory, the potentials.
    """
    model.at(origin)  # refused here where the potentials are none when the run begins
    moving: MovingFrame | None = None
    if grid is not None and not isinstance(grid, Grid) and is_fixed(grid):
        grid = fixed_grid(grid)
    if isinstance(grid, Grid):
        require_memory([grid] * runs, numerics, memory_limit)
        tell("initial state on the grid")
        if isinstance(state, np.ndarray) and (state.shape != grid.shape or not np.isrealobj(state)):
            raise StateError("state", f"a real array of shape {grid.shape}", f"{state.dtype} {state.shape}")
        if frame.kind == "moving":
            moving = frame.of(model, state, grid)
            grid = grid if isinstance(state, State) else grid.moved(-np.array(moving.beginning.start))
        engine, W = _start(numerics, grid, state, model, moving)
        powers = engine.spectral_power(W)
        look = Look.of(Marginals(placed(grid, moving), *engine.marginals(W)), powers)
        if watch is not None:
            watch.check(0.0, look.marginals.norm, look.edge, look.tail)
        if moving is None:
            kept, refuses = [name for name in NAMES if name not in growing], watch is not None
            ahead = delayed(model, origin)
            look_ahead(ahead, state, look.marginals, end, numerics.tolerance, axes=kept, refuses=refuses)
        coarse = numerics.make_engine(coarsened(grid, powers, numerics.tolerance))
        W_coarse = engine.transferred(W, coarse)
        pilot = _pilot(model, numerics, coarse, W_coarse, end, frame=moving, origin=origin, tell=tell)
        step, check = pilot.plan(numerics, interval)
        exact_bath = pilot.exact_bath
    elif isinstance(state, np.ndarray):
        raise GridError("grid", "a full Grid together with W as an array", "none")
    else:
        tell("choosing the grid")
        chosen, moving, pilot = _grid_and_pilot(
            model, state, grid or {}, end, numerics, memory_limit, frame, origin, tell
        )
        step, check = pilot.plan(numerics, interval)
        exact_bath = pilot.exact_bath
        del pilot  # before the run's own tables are made
        require_memory([chosen] * runs, numerics, memory_limit)
        announce_run(chosen, round(end / step.dt), numerics)
        tell("initial state on the grid")
        engine, W = _start(numerics, chosen, state, model, moving)
    propagator = Propagator(model, engine, numerics.scheme, step.dt, numerics.hbar_order, exact_bath, moving)
    propagator.require_way(origin + end)
    return Prepared(propagator, W, step, check)


def _grid_and_pilot(
    model: Model,
    state: State,
    axes: Mapping[str, FixedAxis],
    end: float,
    numerics: Numerics,
    memory_limit: float | None,
    choice: FrameChoice,
    origin: float,
    tell: Tell,
) -> tuple[Grid, MovingFrame | None, Pilot]:
    """A grid for the run, its frame, and a pilot, on the grid itself if that is the smaller one."""
    tolerance = min(numerics.tolerance, COARSEST)
    seen = Outlook.of(delayed(model, origin), state, end, tolerance, numerics.hbar_order)
    outlook = choice.preferred(seen, axes, numerics.cells)
    frame = None if outlook is seen else choice.of(model, state, None)
    bound = outlook.grid(axes)
    require_memory([bound], numerics, memory_limit, remedy(bound, axes, numerics))

    def pilot_on(grid: Grid) -> Pilot:
        engine = numerics.make_engine(grid)
        W = _filled(engine, state, placed(grid, frame))
        return _pilot(model, numerics, engine, W, end, frame=frame, origin=origin, tell=tell)

    coarse = outlook.pilot_grid(bound)
    announce(bound, axes, coarse, numerics)
    pilot = pilot_on(coarse)
    chosen = bound if outlook.is_sure else outlook.trimmed(bound, axes, coarse, pilot.survey())
    is_smaller = numerics.cells(chosen) < WORTHWHILE * numerics.cells(coarse)
    return chosen, frame, pilot_on(chosen) if is_smaller else pilot


def _pilot(
    model: Model, numerics: Numerics, engine: Engine, W: Any, end: float, frame: MovingFrame | None, **options: Any
) -> Pilot:
    density, origin, grid = engine.marginals(W)[0]["q", "x"], options["origin"], placed(engine.grid, frame)
    exact, changing = (
        is_strongly_damped(model, grid, density, origin),
        _rate(delayed(model, origin), grid, density, end),
    )
    of_equation = model, numerics.scheme, numerics.hbar_order
    return Pilot(*of_equation, engine, W, end, exact, frame, fastest_drive=changing, **options)


def _rate(model: Model, grid: Grid, density: np.ndarray, end: float) -> float:
    """How fast a drive changes where W is."""
    if not model.is_driven:
        return 0.0
    i, j = np.nonzero(np.abs(density) > OCCUPIED * np.abs(density).max())
    chosen = np.random.default_rng(0).choice(i.size, min(i.size, FEW), replace=False)
    return rate_of_change(model, end, grid.q.values[i[chosen]], grid.x.values[j[chosen]])


def _start(
    numerics: Numerics, grid: Grid, state: State | np.ndarray, model: Model, frame: MovingFrame | None
) -> tuple[Engine, Any]:
    """An engine and W at time 0, checked.

    What the box cuts off a state (1e-10, say) is made up for once, here and never again.
    """
    where = placed(grid, frame)
    if not isinstance(state, np.ndarray):
        state.require_model(model)
        state.require_held(where)
    engine = numerics.make_engine(grid)
    W = engine.of(state) if isinstance(state, np.ndarray) else _filled(engine, state, where)
    norm = engine.integral(W)
    if not abs(norm - 1) < 1e-4:
        raise StateError("state", "W with integral 1 on the grid", f"{norm:.6g}; check the extents and points")
    return engine, engine.divided(W, norm)


def _filled(engine: Engine, state: State, grid: Grid) -> Any:
    """The W of a state on the points of `grid`."""
    with np.errstate(over="ignore"):  # of an exponent, far out, where W is 0
        if state.factors is None:
            return engine.fill(state.slab(grid))
        classical, quantum = state.factors
        q, p, x, y = grid
        return engine.product(classical.density(q, p), quantum.wigner(x, y))
