"""Through a run: begun or resumed, checkpoints on the way, and what there is when it is stopped."""

from __future__ import annotations

import os
import shutil
from typing import TypeVar

from threadpoolctl import threadpool_limits

from wignercq.errors import (
    CheckpointWarning,
    InputError,
    Interrupted,
    MemoryLimitError,
    ResolutionError,
    quoted,
    readable_size,
    warn,
)
from wignercq.planning.arguments import flag, path
from wignercq.propagation.engines import processes
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.progress import Progress, showing
from wignercq.run.request import Request
from wignercq.run.schedule import Schedule
from wignercq.run.session import Session
from wignercq.run.signals import Stop, StopRequests

AnySession = TypeVar("AnySession", bound=Session)


def carry_out(
    kind: type[AnySession],
    request: Request,
    checkpoint: str | os.PathLike[str] | None,
    *,
    every: float | str | None,
    resume: bool,
    progress: bool | Progress,
) -> AnySession:
    """A session of a kind that has gone through all its outputs.

    Parameters
    ----------
    checkpoint : path or None
        Where checkpoints are written.
    every : float, str or None
        Seconds, or text with a unit, of wall time between checkpoints; None leaves it to their cost.
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
    schedule = Schedule(every)
    files = _checkpoint_files(checkpoint, flag("resume", resume))
    session: AnySession | None = None
    with (
        showing(progress) as shown,
        StopRequests() as requests,
        threadpool_limits(1, "blas"),  # the engine owns the cores
    ):
        try:
            if files is not None and resume and (files.have_steps or not files.exist()):
                shown.tell("reading the checkpoint")
                session = kind.resume(
                    request, files.read(request.record, {**kind.row_shapes, **dict.fromkeys(request.names, ())})
                )
            else:
                session = kind.begin(request, shown.tell)
            if files is not None:
                _require_disk(files, session)
            requests.patient = True
            session.make_ready(files, resume, shown)
            _go(session, requests, files, schedule, shown)
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
    files = CheckpointFiles(file)
    files.require_files()
    return files


def _require_disk(files: CheckpointFiles, session: Session) -> None:
    """Refuse to keep more W than the disk of the checkpoints, which hold them all, has room for."""
    needed = session.request.numerics.memory_of_states(session.loop.leader.grid)
    free = shutil.disk_usage(files.path.parent).free
    if session.request.keeping.outputs and needed > free:
        raise InputError(
            "keep_state",
            f"states that fit the free {readable_size(free)} of the disk of the checkpoints",
            f"{len(session.request.keeping.outputs)}, which need {readable_size(needed)}",
        )


def _go(
    session: Session, requests: StopRequests, files: CheckpointFiles | None, schedule: Schedule, shown: Progress
) -> None:
    """Through all outputs, writing checkpoints on the way; Stop after a checkpoint when a signal asks for it."""
    end, origin, written = float(session.request.times[-1]), session.request.origin, None
    session.loop.interruption.asked = lambda: _asked(requests) is not None
    shown.start(origin + end, origin + session.loop.time, text="tables and first steps")
    try:
        for reached in session.outputs():
            shown.reach(origin + reached)
            if session.loop.outputs_done == session.request.times.size:
                return
            stop = _asked(requests)
            here = session.loop.steps, session.loop.outputs_done
            if files is not None and here != written and (stop is not None or processes.first_says(schedule.is_due)):
                schedule.begin()
                written = here if _checkpoint(files, session) else None
                schedule.end()
            if stop is not None:
                raise Stop(stop)
    finally:
        shown.finish()


def _asked(requests: StopRequests) -> int | None:
    """The signal that asks one of the processes to stop."""
    if processes.count() == 1:
        return requests.requested
    return int(processes.gathered(requests.requested or 0).max()) or None


def _checkpoint(files: CheckpointFiles, session: Session) -> bool:
    """Write a checkpoint, and whether it could be; a run does not end because one cannot be written."""
    error = None
    try:
        files.write(session.snapshot())
    except OSError as raised:
        error = raised
    if processes.first_says(error is not None):
        warn(
            f"{files.path}: expected a checkpoint that can be written, got: {error and (error.strerror or error)}; "
            "going on without",
            CheckpointWarning,
        )
        return False
    return True
