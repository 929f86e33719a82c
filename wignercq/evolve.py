"""The time loop: from a model and an initial state to a Solution."""

from __future__ import annotations

import math
import platform
import time as clock
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from tqdm import tqdm

from wignercq.errors import InputError, Interrupted, ResolutionError
from wignercq.grid import Grid
from wignercq.grid_choice import AxisChoice
from wignercq.model import Model
from wignercq.monitors import Watch
from wignercq.prepare import Numerics, Prepared, prepare
from wignercq.record import Record
from wignercq.solution import Solution
from wignercq.states import State
from wignercq.time_loop import TimeLoop

LOWEST_WARNING = 1e-9  # edge mass or spectral tail that no tolerance makes worth a warning
PROGRESS_BAR = "{l_bar}{bar}| t = {n:.4g}/{total:.4g} [{elapsed}<{remaining}]"


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
    numerics = Numerics(tolerance, dt, order, hbar_order, precision, engine, threads)
    if frames < 0:
        raise InputError(f"frames: expected at least 0, got {frames!r}")
    end = float(output_times[-1])
    started = clock.perf_counter()
    record: Record | None = None

    def solution(W: Any) -> Solution | None:
        if record is None or not record.times:
            return None
        attributes["wall_time"] = clock.perf_counter() - started
        return Solution(record.dataset(attributes, W))

    try:
        run = prepare(model, state, grid=grid, end=end, numerics=numerics)
        attributes = _attributes(model, numerics, run)
        record = Record(model, run.grid, _framed(output_times.size, frames))
        loop = TimeLoop(run.propagator, run.W, record, Watch(max(tolerance, LOWEST_WARNING)), threads)
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


def _attributes(model: Model, numerics: Numerics, run: Prepared) -> dict[str, Any]:
    return {
        "wignercq_version": version("wignercq"),
        "versions": ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pyfftw", "xarray"))
        + f", python {platform.python_version()}",
        "model": str(model),
        "engine": numerics.engine,
        "precision": numerics.precision,
        "scheme": numerics.scheme.name,
        "hbar_order": "exact" if numerics.hbar_order is None else numerics.hbar_order,
        "tolerance": numerics.tolerance,
        "grid": " x ".join(str(n) for n in run.grid.shape),
        "time_step": run.step.dt,
        "time_error_estimate": run.step.error,
    }
