"""The time loop: from a model and an initial state to a Solution."""

from __future__ import annotations

import math
import platform
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import psutil
from tqdm import tqdm

from wignercq.engines import ArrayEngine, Engine, TiledEngine
from wignercq.errors import GridError, InputError, Interrupted, MemoryLimitError, ResolutionError, StateError
from wignercq.grid import Grid
from wignercq.grid_choice import AxisChoice, choose_grid
from wignercq.model import Model
from wignercq.monitors import Watch, edge_mass, spectral_tail
from wignercq.observables import Marginals
from wignercq.propagator import Propagator
from wignercq.record import Record
from wignercq.schemes import BY_ORDER, Scheme
from wignercq.solution import Solution
from wignercq.states import State
from wignercq.time_step import TimeStep, pilot_run

CHECKS_PER_RUN = 20  # moments at which the monitors look, beside the outputs
ON_STEP = 1e-9  # an output this close to a step boundary, in steps, is on it
DTYPES = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32)}
FLOAT32_TOLERANCE = 1e-4  # rounding of many float32 passes does not allow less
ENGINES = ("tiled", "array")


def evolve(
    model: Model,
    state: State | np.ndarray,
    *,
    grid: Grid | Mapping[str, AxisChoice] | None = None,
    duration: float | None = None,
    outputs: int | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    tolerance: float = 1e-6,
    dt: float | None = None,
    order: int = 4,
    hbar_order: int | None = None,
    precision: str = "float64",
    engine: str = "tiled",
    threads: int = 2,
    frames: int = 5,
    keep_state: bool = False,
    progress: bool = False,
) -> Solution:
    """Solve the classical-quantum master equation, eqs (101)-(112) of arXiv:2510.07402, on a phase-space grid.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`, shape ``grid.shape``, integral 1.
    grid : Grid, mapping of axis name to AxisChoice, or None
        What is missing is chosen (:func:`wignercq.grid_choice.choose_grid`).
    duration : float
        End time; the run starts at 0. Not with `times`.
    outputs : int
        Number of equal intervals between outputs, default 20. Not with `times`.
    times : sequence of float
        Increasing output times. Time 0 is always an output as well.
    tolerance : float
        On W relative to its maximum; sets the time step unless `dt` is given, and the level of warnings.
    dt : float, optional
        Time step. Steps are at ``n * dt`` whatever the outputs; an output between two steps is reached by a
        shorter step on a copy, so other outputs never change the result.
    order : {4, 2}
        Chin's forward fourth-order scheme, or Strang's.
    hbar_order : int or None
        None: exact. 0: the classical Fokker-Planck counterpart. n: Moyal terms up to hbar**(2n).
    precision : {"float64", "float32"}
    engine : {"tiled", "array"}
        Fast default, or the whole-array reference.
    threads : int
        Worker threads; the result is the same for any number.
    frames : int
        Number of outputs, spread over the run, whose marginal planes are kept.
    keep_state : bool
        Keep the final W in the solution.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Solution

    Raises
    ------
    InputError
        Something in the arguments cannot be used; nothing was computed.
    ResolutionError
        The grid lost the state on the way; ``.solution`` holds what was computed.
    Interrupted
        Ctrl-C; ``.solution`` holds what was computed.
    """
    output_times = _output_times(duration, outputs, times)
    scheme = _check_settings(order, tolerance, dt, precision, engine, threads, frames)
    end = float(output_times[-1])
    full_grid = _resolve_grid(model, state, grid, end, tolerance)
    _check_memory(full_grid, scheme, DTYPES[precision])

    def make_engine(on: Grid) -> Engine:
        return TiledEngine(on, DTYPES[precision], threads=threads) if engine == "tiled" else ArrayEngine(on, DTYPES[precision])

    started = clock.perf_counter()
    main_engine = make_engine(full_grid)
    W = _fill(main_engine, state)
    pilot = pilot_run(model, scheme, hbar_order, W, full_grid, main_engine.spectral_power(W), end, make_engine)
    step = pilot.choose(tolerance) if dt is None else pilot.measure(dt)
    every = max(1, (output_times.size - 1) / max(1, frames - 1))
    framed = {round(k * every) for k in range(frames)} if frames else set()
    run = _Run(
        Propagator(model, main_engine, scheme, step.dt, hbar_order),
        W,
        Record(model, full_grid, framed),
        Watch(max(tolerance, 1e-9)),
        threads,
    )
    attributes = _attributes(model, scheme, step, engine, precision, tolerance, hbar_order, full_grid)

    def solution() -> Solution | None:
        if not run.record.times:
            return None
        attributes["wall_time"] = clock.perf_counter() - started
        return Solution(run.record.dataset(attributes, run.at_output if keep_state else None))

    try:
        with tqdm(total=end, disable=not progress, unit="t", bar_format="{l_bar}{bar}| t = {n:.4g}/{total:.4g} [{elapsed}<{remaining}]") as bar:
            for reached in run.outputs(output_times):
                bar.update(reached - bar.n)
    except ResolutionError as error:
        raise ResolutionError(str(error), solution()) from None
    except KeyboardInterrupt:
        raise Interrupted("interrupted", solution()) from None
    result = solution()
    assert result is not None
    return result


@dataclass(eq=False)
class _Run:
    """The state of a run: W at the last step boundary, and what has been recorded."""

    propagator: Propagator
    W: Any
    record: Record
    watch: Watch
    threads: int
    at_output: Any = field(init=False, default=None)
    _steps: int = field(init=False, default=0)

    @property
    def _grid(self) -> Grid:
        return self.propagator.engine.grid

    def outputs(self, times: np.ndarray) -> Iterator[float]:
        """Go through all output times, yielding every moment reached on the way."""
        dt = self.propagator.dt
        chunk = max(1, math.ceil(times[-1] / dt / CHECKS_PER_RUN))
        for time in times:
            position = time / dt
            whole = round(position) if abs(position - round(position)) < ON_STEP else math.floor(position)
            while self._steps < whole:
                self._advance(min(chunk, whole - self._steps))
                if self._steps < whole:
                    self._look(self._steps * dt, self.W, output=False)
                    yield self._steps * dt
            remainder = time - whole * dt
            if abs(remainder) < ON_STEP * dt:
                self.at_output = self.W
            else:
                self.at_output = self._copy()
                self.propagator.leap(self.at_output, remainder)
            self._look(float(time), self.at_output, output=True)
            yield float(time)

    def _advance(self, steps: int) -> None:
        boundaries = self.propagator.advance(self.W, steps)
        times = [(self._steps + k) * self.propagator.dt for k in range(1, steps)]
        self.record.add_boundaries(times, boundaries)
        self._steps += steps

    def _copy(self) -> Any:
        copy = self.propagator.engine.allocate() if self.at_output is None or self.at_output is self.W else self.at_output
        copy[...] = self.W
        return copy

    def _look(self, time: float, W: Any, *, output: bool) -> None:
        marginals = Marginals.of(W, self._grid, threads=self.threads)
        edge, tail = edge_mass(marginals), spectral_tail(self.propagator.engine.spectral_power(W))
        self.watch.check(time, marginals.norm, edge, tail)
        if output:
            self.record.add_output(time, marginals, edge, tail)
        else:
            self.record.add_rate(time, marginals)


def _output_times(duration: float | None, outputs: int | None, times: Sequence[float] | np.ndarray | None) -> np.ndarray:
    if (duration is None) == (times is None):
        raise InputError("duration: expected either duration or times, got both or neither")
    if times is not None:
        if outputs is not None:
            raise InputError("outputs: expected it together with duration, got it together with times")
        given = np.asarray(times, float)
        if given.ndim != 1 or not given.size or not np.isfinite(given).all() or given[0] < 0 or (np.diff(given) <= 0).any():
            raise InputError("times: expected increasing times >= 0, got others")
        result = given if given[0] == 0 else np.concatenate([[0.0], given])
        if result.size < 2:
            raise InputError("times: expected a time after 0, got none")
        return result
    assert duration is not None
    if not (math.isfinite(duration) and duration > 0):
        raise InputError(f"duration: expected a positive number, got {duration!r}")
    count = 20 if outputs is None else outputs
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise InputError(f"outputs: expected a whole number >= 1, got {count!r}")
    return np.linspace(0.0, duration, count + 1)


def _check_settings(
    order: int, tolerance: float, dt: float | None, precision: str, engine: str, threads: int, frames: int
) -> Scheme:
    if order not in BY_ORDER:
        raise InputError(f"order: expected 2 or 4, got {order!r}")
    if precision not in DTYPES:
        raise InputError(f"precision: expected 'float64' or 'float32', got {precision!r}")
    if engine not in ENGINES:
        raise InputError(f"engine: expected 'tiled' or 'array', got {engine!r}")
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance: expected a number between 0 and 1, got {tolerance!r}")
    if precision == "float32" and dt is None and tolerance < FLOAT32_TOLERANCE:
        raise InputError(f"tolerance: expected at least {FLOAT32_TOLERANCE:g} with float32, got {tolerance:g}")
    if dt is not None and not (math.isfinite(dt) and dt > 0):
        raise InputError(f"dt: expected a positive number, got {dt!r}")
    if threads < 1:
        raise InputError(f"threads: expected at least 1, got {threads!r}")
    if frames < 0:
        raise InputError(f"frames: expected at least 0, got {frames!r}")
    return BY_ORDER[order]


def _resolve_grid(
    model: Model, state: State | np.ndarray, grid: Grid | Mapping[str, AxisChoice] | None, end: float, tolerance: float
) -> Grid:
    if isinstance(grid, Grid):
        return grid
    if isinstance(state, np.ndarray):
        raise GridError("grid: expected a full Grid together with W as an array, got none")
    return choose_grid(model, state, end, tolerance=tolerance, axes=grid)


def _check_memory(grid: Grid, scheme: Scheme, dtype: np.dtype) -> None:
    """Refuse before allocating: W, a copy for outputs between steps, and one half-spectrum table per distinct stage."""
    tables = len({stage for stage in scheme.stages if stage.part.value == "V"}) + 1
    needed = grid.size * dtype.itemsize * (2 + tables * (1 + 2 / grid.y.points)) * 1.1
    available = psutil.virtual_memory().available
    if needed > available:
        raise MemoryLimitError(
            f"grid: expected a run that fits the free memory of {available / 2**30:.1f} GiB, got "
            f"{' x '.join(map(str, grid.shape))} points, which need {needed / 2**30:.1f} GiB; lower points"
        )


def _fill(engine: Engine, state: State | np.ndarray) -> Any:
    """W at time 0, checked."""
    W = engine.allocate()
    if isinstance(state, np.ndarray):
        if state.shape != engine.grid.shape or not np.isrealobj(state):
            raise StateError(f"state: expected a real array of shape {engine.grid.shape}, got {state.dtype} {state.shape}")
        W[...] = state
    else:
        state.fill(engine.grid, W)
    norm = float(W.sum(dtype=float)) * engine.grid.cell
    if not abs(norm - 1) < 1e-4:
        raise StateError(f"state: expected W with integral 1 on the grid, got {norm:.6g}; check the extents and points")
    return W


def _attributes(
    model: Model,
    scheme: Scheme,
    step: TimeStep,
    engine: str,
    precision: str,
    tolerance: float,
    hbar_order: int | None,
    grid: Grid,
) -> dict[str, Any]:
    return {
        "wignercq_version": version("wignercq"),
        "versions": ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pyfftw", "xarray"))
        + f", python {platform.python_version()}",
        "model": str(model),
        "engine": engine,
        "precision": precision,
        "scheme": scheme.name,
        "hbar_order": "exact" if hbar_order is None else hbar_order,
        "tolerance": tolerance,
        "time_step": step.dt,
        "time_error_estimate": step.error,
        "grid": " x ".join(str(n) for n in grid.shape),
    }
