"""From a model and an initial state to a Solution."""

from __future__ import annotations

import os
import time as clock
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from wignercq.errors import CheckpointWarning, InputError, Interrupted, MemoryLimitError, ResolutionError
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import Grid
from wignercq.model.formulas import MAX_NUMBER
from wignercq.model.model import Model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning.numerics import Numerics
from wignercq.results.solution import Solution
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.request import Request
from wignercq.run.session import Session
from wignercq.run.signals import Stop, StopRequests
from wignercq.states import State

DEFAULT_TOLERANCES = {"float64": 1e-6, "float32": 1e-4}
PROGRESS_BAR = "{l_bar}{bar}| t = {n:.4g}/{total:.4g} [{elapsed}<{remaining}]"


def evolve(
    model: Model,
    state: State | np.ndarray,
    *,
    grid: Grid | Mapping[str, FixedAxis] | None = None,
    duration: float | None = None,
    outputs: int | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    tolerance: float | None = None,
    dt: float | None = None,
    order: int = 4,
    hbar_order: int | None = None,
    precision: str = "float64",
    engine: str = "tiled",
    threads: int = 2,
    frames: int = 5,
    keep_state: bool = False,
    adapt: bool | None = None,
    memory_limit: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float = 600.0,
    resume: bool = False,
    progress: bool = False,
) -> Solution:
    """Solve the classical-quantum master equation, eqs (101)-(112) of arXiv:2510.07402, on a phase-space grid.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`, shape ``grid.shape``, integral 1.
    grid : Grid, mapping of axis name to FixedAxis, or None
        What is missing is chosen (:func:`wignercq.planning.grid_choice.choose_grid`) and trimmed to what a pilot run uses of it.
    duration : float
        End time; the run starts at 0. Not with `times`.
    outputs : int
        Number of equal intervals between outputs, default 20. Not with `times`.
    times : sequence of float
        Increasing output times. Time 0 is always an output as well.
    tolerance : float, optional
        On W relative to its maximum; sets the time step unless `dt` is given, and the level of warnings. Default
        1e-6, with float32 1e-4.
    dt : float, optional
        Time step. Its time error is estimated: above `tolerance` if that is given too, else above 1e-2, it is warned
        of, above 0.3 it is refused. Steps are at ``n * dt`` whatever the outputs; an output between two steps is
        reached by a shorter step on a copy, so other outputs never change the result.
    order : {4, 2}
        Order of the splitting scheme (:mod:`wignercq.propagation.schemes`).
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
    adapt : bool or None
        Whether the box may grow and the mesh be refined when W comes too close to their limits
        (:mod:`wignercq.run.adaptation`). None: in what `grid` leaves open; True: in every axis; False: never.
    memory_limit : float, optional
        Bytes the run may use, at most the free memory.
    checkpoint : path, optional
        Where to write checkpoints (:mod:`wignercq.run.checkpoint`). The last two are kept, here and with ``.previous``
        appended, also when the run is finished: remove them when its result is safe.
    checkpoint_every : float
        Seconds of wall time between checkpoints.
    resume : bool
        Go on from the checkpoint instead of starting at time 0.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Solution

    Raises
    ------
    InputError
        Something in the arguments cannot be used; nothing was computed.
    CheckpointError
        No checkpoint to resume, a damaged one, or one of another run.
    ResolutionError
        The grid lost the state on the way; ``.solution`` holds what was computed.
    Interrupted
        Ctrl-C or SIGTERM; ``.solution`` holds what was computed.
    """
    output_times = _output_times(duration, outputs, times)
    level = DEFAULT_TOLERANCES.get(precision, 1.0) if tolerance is None else tolerance
    numerics = Numerics(level, dt, order, hbar_order, precision, engine, threads)
    if frames < 0:
        raise InputError(f"frames: expected at least 0, got {frames!r}")
    for name, value in (("memory_limit", memory_limit), ("checkpoint_every", checkpoint_every)):
        if value is not None and not value > 0:
            raise InputError(f"{name}: expected a positive number, got {value!r}")
    accuracy = ERROR_LEVEL if tolerance is None else tolerance
    request = Request(model, state, grid, output_times, numerics, frames, adapt, memory_limit, accuracy)
    files = _checkpoint_files(checkpoint, resume)
    session: Session | None = None

    def so_far() -> Solution | None:
        return None if session is None else session.solution()

    with StopRequests() as requests:
        try:
            if files is not None and resume:
                session = Session.resume(request, files.read(model, request.framed))
            else:
                session = Session.begin(request)
            requests.patient = True
            _go(session, requests, files, checkpoint_every, progress)
        except Stop as stop:
            raise Interrupted("interrupted", so_far(), stop.signal) from None
        except ResolutionError as error:
            error.solution = so_far()
            raise
        except MemoryError as error:
            raise MemoryLimitError(f"grid: expected a run that fits the free memory, got: {error}") from None
    result = session.solution(keep_state=keep_state)
    assert result is not None
    return result


def _checkpoint_files(checkpoint: str | os.PathLike[str] | None, resume: bool) -> CheckpointFiles | None:
    if checkpoint is None:
        if resume:
            raise InputError("checkpoint: expected the path of a checkpoint to resume, got none")
        return None
    path = Path(checkpoint)
    if not path.parent.is_dir():
        raise InputError(f"checkpoint: expected a file in an existing folder, got {path}")
    return CheckpointFiles(path)


def _go(session: Session, requests: StopRequests, files: CheckpointFiles | None, every: float, progress: bool) -> None:
    """Through all outputs, writing checkpoints on the way; Stop after a checkpoint when a signal asks for it."""
    times, loop, written = session.request.times, session.loop, clock.perf_counter()
    end = float(times[-1])
    with tqdm(total=end, initial=loop.time, disable=not progress, bar_format=PROGRESS_BAR) as bar:
        for reached in loop.outputs(times):
            bar.update(reached - bar.n)
            if reached == end:
                return
            stop = requests.requested
            if files is not None and (stop is not None or clock.perf_counter() - written > every):
                _checkpoint(files, session)
                written = clock.perf_counter()
            if stop is not None:
                raise Stop(stop)


def _checkpoint(files: CheckpointFiles, session: Session) -> None:
    """Write a checkpoint; a run does not end because one cannot be written."""
    try:
        files.write(session.snapshot())
    except OSError as error:
        warnings.warn(
            f"{files.path}: expected a checkpoint that can be written, got: {error.strerror or error}; "
            "going on without",
            CheckpointWarning,
            stacklevel=2,
        )


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
        if not 1 / MAX_NUMBER <= result[-1] <= MAX_NUMBER:
            raise InputError(
                f"times: expected an end from {1 / MAX_NUMBER:g} to {MAX_NUMBER:g}, got {float(result[-1])!r}"
            )
        return result
    assert duration is not None
    if not 1 / MAX_NUMBER <= duration <= MAX_NUMBER:
        raise InputError(
            f"duration: expected a positive number, from {1 / MAX_NUMBER:g} to {MAX_NUMBER:g}, got {duration!r}"
        )
    count = 20 if outputs is None else outputs
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise InputError(f"outputs: expected a whole number >= 1, got {count!r}")
    return np.linspace(0.0, duration, count + 1)
