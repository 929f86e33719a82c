"""The time loop: from a model and an initial state to a Solution."""

from __future__ import annotations

import math
import platform
import time as clock
from collections.abc import Mapping, Sequence
from functools import partial
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
from wignercq.monitors import Watch
from wignercq.propagator import Propagator
from wignercq.record import Record
from wignercq.schemes import BY_ORDER, Part, Scheme
from wignercq.solution import Solution
from wignercq.states import State
from wignercq.time_loop import TimeLoop
from wignercq.time_step import pilot_run

LOWEST_WARNING = 1e-9  # edge mass or spectral tail that no tolerance makes worth a warning
PROGRESS_BAR = "{l_bar}{bar}| t = {n:.4g}/{total:.4g} [{elapsed}<{remaining}]"
DTYPES: dict[str, np.dtype] = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32)}
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
    _check_memory(full_grid, scheme, precision, engine)
    make_engine = partial(_make_engine, engine, DTYPES[precision], threads)
    started = clock.perf_counter()
    attributes = _attributes(model, scheme, engine, precision, tolerance, hbar_order, full_grid)
    record = Record(model, full_grid, _framed(output_times.size, frames))

    def solution(W: Any) -> Solution | None:
        attributes["wall_time"] = clock.perf_counter() - started
        return Solution(record.dataset(attributes, W)) if record.times else None

    try:
        main_engine = make_engine(full_grid)
        W = _fill(main_engine, state, model.hbar)
        pilot = pilot_run(model, scheme, hbar_order, W, full_grid, main_engine.spectral_power(W), end, make_engine)
        step = pilot.choose(tolerance) if dt is None else pilot.measure(dt)
        del pilot
        attributes.update(time_step=step.dt, time_error_estimate=step.error)
        propagator = Propagator(model, main_engine, scheme, step.dt, hbar_order)
        loop = TimeLoop(propagator, W, record, Watch(max(tolerance, LOWEST_WARNING)), threads)
        with tqdm(total=end, disable=not progress, bar_format=PROGRESS_BAR) as bar:
            for reached in loop.outputs(output_times):
                bar.update(reached - bar.n)
    except ResolutionError as error:
        raise ResolutionError(str(error), solution(None)) from None
    except KeyboardInterrupt:
        raise Interrupted("interrupted", solution(None)) from None
    result = solution(loop.at_output if keep_state else None)
    assert result is not None
    return result


def _make_engine(name: str, dtype: np.dtype, threads: int, grid: Grid) -> Engine:
    return TiledEngine(grid, dtype, threads=threads) if name == "tiled" else ArrayEngine(grid, dtype)


def _framed(outputs: int, frames: int) -> set[int]:
    """Numbers of the outputs whose planes are kept: `frames` of them spread evenly, the last always among them."""
    return {round(k) for k in np.linspace(outputs - 1, 0, min(frames, outputs))}


def _output_times(
    duration: float | None, outputs: int | None, times: Sequence[float] | np.ndarray | None
) -> np.ndarray:
    if (duration is None) == (times is None):
        raise InputError("duration: expected either duration or times, got both or neither")
    if times is not None:
        if outputs is not None:
            raise InputError("outputs: expected it together with duration, got it together with times")
        given = np.asarray(times, float)
        if (
            given.ndim != 1
            or not given.size
            or not np.isfinite(given).all()
            or given[0] < 0
            or (np.diff(given) <= 0).any()
        ):
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


def _check_memory(grid: Grid, scheme: Scheme, precision: str, engine: str) -> None:
    """Refuse before allocating: W, a copy for outputs between steps, and one half-spectrum table per distinct stage."""
    tables = len({stage for stage in scheme.stages if stage.part is Part.MOMENTUM}) + 1
    temporaries = 4 if engine == "array" else 0
    needed = 1.1 * grid.size * DTYPES[precision].itemsize * (2 + temporaries + tables * (1 + 2 / grid.y.points))
    available = psutil.virtual_memory().available
    if needed > available:
        raise MemoryLimitError(
            f"grid: expected a run that fits the free memory of {available / 2**30:.1f} GiB, got "
            f"{' x '.join(map(str, grid.shape))} points, which need {needed / 2**30:.1f} GiB; "
            "lower points or shorten the run"
        )


def _fill(engine: Engine, state: State | np.ndarray, hbar: float) -> Any:
    """W at time 0, checked; what the box cuts off a state (1e-10, say) is made up for once, here and never again."""
    if not isinstance(state, np.ndarray) and state.hbar != hbar:
        raise StateError(f"state.hbar: expected the model's hbar = {hbar:g}, got {state.hbar:g}")
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
    return W


def _attributes(
    model: Model,
    scheme: Scheme,
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
        "grid": " x ".join(str(n) for n in grid.shape),
    }
