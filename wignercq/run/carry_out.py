"""Through a run: begun or resumed, checkpoints on the way, and what there is when it is stopped."""

from __future__ import annotations

import os
import time as clock
from typing import TypeVar

from threadpoolctl import threadpool_limits

from wignercq.errors import (
    CheckpointWarning,
    InputError,
    Interrupted,
    MemoryLimitError,
    ResolutionError,
    quoted,
    warn,
)
from wignercq.planning.arguments import flag, path, seconds
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.progress import Progress, showing
from wignercq.run.request import Request
from wignercq.run.session import Session
from wignercq.run.signals import Stop, StopRequests

AnySession = TypeVar("AnySession", bound=Session)


def carry_out(
    kind: type[AnySession],
    request: Request,
    checkpoint: str | os.PathLike[str] | None,
    *,
    every: float | str,
    resume: bool,
    progress: bool | Progress,
) -> AnySession:
    """A session of a kind that has gone through all its outputs.

    Parameters
    ----------
    checkpoint : path or None
        Where checkpoints are written.
    every : float or str
        Seconds, or text with a unit, of wall time between checkpoints.
    resume : bool
        Go on from the checkpoint.
    progress : bool or Progress
        Show what is being done, where that is not shown already.

    Raises
    ------
    InputError
        Something that was asked cannot be done.
    StoppedError
        The grid lost the state, or a signal came; ``.solution`` holds what there is.
    """
    period = seconds("checkpoint_every", every)
    files = _checkpoint_files(checkpoint, flag("resume", resume))
    session: AnySession | None = None
    with (
        showing(progress) as shown,
        StopRequests() as requests,
        threadpool_limits(1, "blas"),  # the engine owns the cores
    ):
        try:
            if files is not None and resume:
                shown.tell("reading the checkpoint")
                session = kind.resume(request, files.read(request.model, request.framed, kind.row_shapes))
            else:
                session = kind.begin(request, shown.tell)
            requests.patient = True
            _go(session, requests, files, period, shown)
        except Stop as stop:
            raise Interrupted("interrupted", session and session.solution(), stop.signal) from None
        except ResolutionError as error:
            error.solution = session and session.solution()
            raise
        except MemoryError as error:
            raise MemoryLimitError("grid", "a run that fits the free memory", quoted(error)) from None
    return session


def _checkpoint_files(checkpoint: str | os.PathLike[str] | None, resume: bool) -> CheckpointFiles | None:
    if checkpoint is None:
        if resume:
            raise InputError("checkpoint", "the path of a checkpoint to resume", "none")
        return None
    file = path("checkpoint", checkpoint)
    if not file.parent.is_dir():
        raise InputError("checkpoint", "a file in an existing folder", file)
    return CheckpointFiles(file)


def _go(session: Session, requests: StopRequests, files: CheckpointFiles | None, every: float, shown: Progress) -> None:
    """Through all outputs, writing checkpoints on the way; Stop after a checkpoint when a signal asks for it."""
    end, written = float(session.request.times[-1]), clock.perf_counter()
    session.loop.interruption.asked = lambda: requests.requested is not None
    shown.start(end, session.loop.time, text="tables and first steps")
    try:
        for reached in session.outputs():
            shown.reach(reached)
            if session.loop.outputs_done == session.request.times.size:
                return
            stop = requests.requested
            if files is not None and (stop is not None or clock.perf_counter() - written > every):
                _checkpoint(files, session)
                written = clock.perf_counter()
            if stop is not None:
                raise Stop(stop)
    finally:
        shown.finish()


def _checkpoint(files: CheckpointFiles, session: Session) -> None:
    """Write a checkpoint; a run does not end because one cannot be written."""
    try:
        files.write(session.snapshot())
    except OSError as error:
        warn(
            f"{files.path}: expected a checkpoint that can be written, got: {error.strerror or error}; "
            "going on without",
            CheckpointWarning,
        )
