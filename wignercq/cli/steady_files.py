"""Steady states at the command line: from their files, into their files."""

from __future__ import annotations

from pathlib import Path

from wignercq.cli.run_files import Output
from wignercq.config import Config
from wignercq.config.identity import seek_the_same
from wignercq.errors import CheckpointError, InputError, StoppedError
from wignercq.run.progress import Progress
from wignercq.steady import SteadyState
from wignercq.sweep import SteadySweep
from wignercq.sweep.loading import load


def find_steady_state(
    files: Output, settings: Config, *, resume: bool, quiet: bool, progress: Progress
) -> SteadyState | None:
    """Find the steady state of a configuration and write it; None where it is there already.

    What there is of a search that is stopped is written as well, with the attribute ``stopped``.
    """
    from wignercq.config.execute import execute_steady

    if files.settled(lambda: _is_finished(files, settings), resume=resume, quiet=quiet, progress=progress):
        return None
    start = _beginning(files, settings) if resume else None

    def said(error: StoppedError) -> str:
        files.checkpoints.discard()
        return f"best W so far saved in {files.target}; go on with --resume"

    with files.saving(settings, said):
        result = execute_steady(settings, start=start, checkpoint=files.checkpoints.path, progress=progress)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    files.checkpoints.discard()
    return result


def find_steady_states(files: Output, settings: Config, processes: int, progress: Progress) -> SteadySweep:
    """Find the steady states of a sweep, whose points are kept in a folder beside the file, and write them."""
    from wignercq.sweep import sweep_steady_states

    points = files.target.with_name(files.target.name + ".points")
    result = sweep_steady_states(settings, points, processes=processes, progress=progress)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    return result


def _is_finished(files: Output, settings: Config) -> bool:
    """Whether the steady state of a configuration is there."""
    if not files.target.exists():
        return False
    result = load(files.target)
    if not (isinstance(result, SteadyState) and result.converged):
        return False
    return seek_the_same(str(result.dataset.attrs.get("configuration", "")), settings.text)


def _beginning(files: Output, settings: Config) -> SteadyState:
    """What a search goes on from: its checkpoint, which is newer, or the result of one that was stopped.

    CheckpointError where there is neither, or it belongs to another model.
    """
    if files.checkpoints.path.exists():
        return _of_the_same(files.checkpoints.path, settings)
    if not files.target.exists():
        raise CheckpointError(files.checkpoints.path, "a checkpoint to resume", "nothing at this path")
    start = _of_the_same(files.target, settings)
    if start.converged:
        raise CheckpointError(files.target, "a search to resume", "the finished result of another configuration")
    return start


def _of_the_same(path: Path, settings: Config) -> SteadyState:
    try:
        start = SteadyState.load(path)
    except InputError as error:
        raise CheckpointError(path, "a steady state to go on from", f"none: expected {error.expected}") from None
    if "W" not in start.dataset:
        raise CheckpointError(path, "a steady state to go on from", "one without its W")
    attributes, order = start.dataset.attrs, settings.run.hbar_order
    asked = (str(settings.model), "exact" if order is None else str(order))
    if (str(attributes.get("model")), str(attributes["hbar_order"])) != asked:
        raise CheckpointError(path, "the steady state of the same model", "that of another configuration")
    return start
