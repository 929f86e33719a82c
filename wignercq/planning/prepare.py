"""What a run needs before its first step: checked settings, a grid, an engine, W at time 0 and a time step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wignercq.errors import GridError, InputError, MemoryLimitError, StateError
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.planning.grid_choice import AxisChoice, Outlook, fixed_grid, is_fixed
from wignercq.planning.memory import free_memory
from wignercq.planning.pilot import Pilot, coarsened, resample
from wignercq.planning.time_step import FEWEST_STEPS, SAFETY, TimeStep
from wignercq.planning.trimming import trimmed
from wignercq.propagation.engines import ArrayEngine, Engine, TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import BY_ORDER, Part, Scheme
from wignercq.propagation.step_check import StepCheck, noise_level
from wignercq.states import State

DTYPES: dict[str, np.dtype] = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32)}
ROUNDING = (7.0, 0.7)  # n steps: at most 7 n**0.7 units of rounding of the maximum of W, in all cases measured
ENGINES = ("tiled", "array")
WORTHWHILE = 0.7  # of the size of a pilot grid: on a smaller one the pilot runs are begun again


@dataclass(frozen=True)
class Numerics:
    """How a run is computed.

    Parameters
    ----------
    tolerance : float
        On W relative to its maximum.
    dt : float or None
        Time step; None lets the tolerance choose it.
    order : {4, 2}
    hbar_order : int or None
        None is exact; 0 the classical Fokker-Planck counterpart.
    precision : {"float64", "float32"}
    engine : {"tiled", "array"}
    threads : int

    Raises
    ------
    InputError
        A value that cannot be used.
    """

    tolerance: float = 1e-6
    dt: float | None = None
    order: int = 4
    hbar_order: int | None = None
    precision: str = "float64"
    engine: str = "tiled"
    threads: int = 2

    def __post_init__(self) -> None:
        if self.order not in BY_ORDER:
            raise InputError(f"order: expected 2 or 4, got {self.order!r}")
        if self.precision not in DTYPES:
            raise InputError(f"precision: expected 'float64' or 'float32', got {self.precision!r}")
        if self.engine not in ENGINES:
            raise InputError(f"engine: expected 'tiled' or 'array', got {self.engine!r}")
        if not 0 < self.tolerance < 1:
            raise InputError(f"tolerance: expected a number between 0 and 1, got {self.tolerance!r}")
        if self.dt is None:
            self.require_precision(FEWEST_STEPS)
        if self.dt is not None and not (math.isfinite(self.dt) and self.dt > 0):
            raise InputError(f"dt: expected a positive number, got {self.dt!r}")
        if self.threads < 1:
            raise InputError(f"threads: expected at least 1, got {self.threads!r}")

    def require_precision(self, steps: int) -> None:
        """Refuse a tolerance that rounding errors of so many steps would break.

        Raises
        ------
        InputError
            float32 and too small a tolerance, or too many steps.
        """
        factor, power = ROUNDING
        expected = factor * float(np.finfo(DTYPES[self.precision]).eps) * steps**power
        if self.tolerance < expected:
            raise InputError(
                f"tolerance: expected at least {expected:.1e} with {self.precision} over {steps} steps, "
                f"got {self.tolerance:g}"
            )

    @property
    def scheme(self) -> Scheme:
        """The splitting scheme of the order asked."""
        return BY_ORDER[self.order]

    def make_engine(self, grid: Grid) -> Engine:
        """The engine asked, on `grid`."""
        dtype = DTYPES[self.precision]
        return TiledEngine(grid, dtype, threads=self.threads) if self.engine == "tiled" else ArrayEngine(grid, dtype)

    def memory(self, grid: Grid) -> float:
        """Bytes a run on `grid` needs: W, one copy, and a half-spectrum table per distinct momentum stage."""
        tables = len({stage for stage in self.scheme.stages if stage.part is Part.MOMENTUM})
        temporaries = 4 if self.engine == "array" else 0
        return 1.1 * grid.size * DTYPES[self.precision].itemsize * (2 + temporaries + tables * (1 + 2 / grid.y.points))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run before its first step.

    Parameters
    ----------
    propagator : Propagator
        Carries model, engine, grid, scheme and time step.
    W : array
        At time 0, from the propagator's engine.
    step : TimeStep
        The time step and its estimated error.
    check : StepCheck or None
        What the pilot run expects of the steps.
    """

    propagator: Propagator
    W: Any
    step: TimeStep
    check: StepCheck | None = None

    @property
    def grid(self) -> Grid:
        """The grid of the run."""
        return self.propagator.engine.grid


def prepare(
    model: Model,
    state: State | np.ndarray,
    *,
    grid: Grid | Mapping[str, AxisChoice] | None,
    end: float,
    numerics: Numerics,
    memory_limit: float | None = None,
) -> Prepared:
    """Choose what is missing of the grid, sample the initial W and find the time step.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`.
    grid : Grid, mapping of axis name to AxisChoice, or None
    end : float
        Duration of the run.
    numerics : Numerics
    memory_limit : float or None
        Bytes the run may use; None is all free memory.

    Raises
    ------
    InputError
        Something in the arguments cannot be used.
    """
    if grid is not None and not isinstance(grid, Grid) and is_fixed(grid):
        grid = fixed_grid(grid)
    if isinstance(grid, Grid):
        require_memory(grid, numerics, memory_limit)
        engine, W = _start(numerics, grid, state, model.hbar)
        step, local_errors = pilot_run(_pilot_on_given_grid(model, numerics, end, engine, W), numerics)
    elif isinstance(state, np.ndarray):
        raise GridError("grid: expected a full Grid together with W as an array, got none")
    else:
        chosen, pilot = _grid_and_pilot(model, state, grid or {}, end, numerics, memory_limit)
        step, local_errors = pilot_run(pilot, numerics)
        del pilot  # before the run's own tables are made
        engine, W = _start(numerics, chosen, state, model.hbar)
    propagator = Propagator(model, engine, numerics.scheme, step.dt, numerics.hbar_order)
    return Prepared(propagator, W, step, StepCheck(end, local_errors, step.error, numerics.tolerance))


def pilot_run(pilot: Pilot, numerics: Numerics) -> tuple[TimeStep, list[float]]:
    """The time step, asked or chosen, with its error, and local errors of a run with a known step."""
    if numerics.dt is None:
        law = pilot.law(error=SAFETY * numerics.tolerance)
        step = law.choose(numerics.tolerance, pilot.duration)
        numerics.require_precision(round(pilot.duration / step.dt))
    else:
        step = pilot.measure(numerics.dt)
    return step, pilot.local_errors(step.dt, noise_level(numerics.tolerance, step.error))


def _pilot_on_given_grid(model: Model, numerics: Numerics, end: float, engine: Engine, W: Any) -> Pilot:
    coarse = coarsened(engine.grid, engine.spectral_power(W), numerics.tolerance)
    initial = resample(W, engine.grid, coarse)
    return Pilot(model, numerics.scheme, numerics.hbar_order, numerics.make_engine(coarse), initial, end)


def _grid_and_pilot(
    model: Model,
    state: State,
    axes: Mapping[str, AxisChoice],
    end: float,
    numerics: Numerics,
    memory_limit: float | None,
) -> tuple[Grid, Pilot]:
    """A grid for the run, and a pilot for it, on the grid itself if that is the smaller one."""
    outlook = Outlook.of(model, state, end, numerics.tolerance)
    bound = outlook.grid(axes)
    require_memory(bound, numerics, memory_limit)

    def pilot_on(grid: Grid, *, surveyed: bool = False) -> Pilot:
        engine = numerics.make_engine(grid)
        return Pilot(model, numerics.scheme, numerics.hbar_order, engine, state.wigner(grid), end, surveyed)

    coarse = outlook.pilot_grid(bound)
    pilot = pilot_on(coarse, surveyed=True)
    chosen = trimmed(bound, axes, coarse, pilot.survey(), numerics.tolerance)
    return chosen, pilot_on(chosen) if chosen.size < WORTHWHILE * coarse.size else pilot


def require_memory(grid: Grid, numerics: Numerics, limit: float | None) -> None:
    """Refuse a run that does not fit, before anything is allocated.

    Raises
    ------
    MemoryLimitError
        The run needs more than is free, or more than `limit` bytes.
    """
    needed, free = numerics.memory(grid), free_memory()
    allowed = free if limit is None else min(limit, free)
    if needed > allowed:
        whose = "the free memory" if allowed == free else "a memory limit"
        raise MemoryLimitError(
            f"grid: expected a run that fits {whose} of {_readable(allowed)}, got "
            f"{' x '.join(map(str, grid.shape))} points, which need {_readable(needed)}; "
            "lower points or shorten the run"
        )


def _readable(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def _start(numerics: Numerics, grid: Grid, state: State | np.ndarray, hbar: float) -> tuple[Engine, Any]:
    """An engine and W at time 0, checked.

    What the box cuts off a state (1e-10, say) is made up for once, here and never again.
    """
    if not isinstance(state, np.ndarray) and state.hbar != hbar:
        raise StateError(f"state.hbar: expected the model's hbar = {hbar:g}, got {state.hbar:g}")
    engine = numerics.make_engine(grid)
    W = engine.allocate()
    if isinstance(state, np.ndarray):
        if state.shape != engine.grid.shape or not np.isrealobj(state):
            raise StateError(
                f"state: expected a real array of shape {engine.grid.shape}, got {state.dtype} {state.shape}"
            )
        W[...] = state
    else:
        state.fill(engine.grid, W)
    norm = float(W.sum(dtype=float)) * engine.grid.cell
    if not abs(norm - 1) < 1e-4:
        raise StateError(f"state: expected W with integral 1 on the grid, got {norm:.6g}; check the extents and points")
    W /= norm
    return engine, W
