"""Steady states at the command line: from their files, into their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wignercq.cli.cluster import Means
from wignercq.cli.run_files import Output
from wignercq.config import Config
from wignercq.config.identity import seek_the_same
from wignercq.errors import CheckpointError, InputError, StoppedError
from wignercq.results.result import Result
from wignercq.run.progress import Progress
from wignercq.steady import SteadyState
from wignercq.sweep import SteadySweep


def find_steady_state(
    files: Output,
    settings: Config,
    *,
    resume: bool = False,
    force: bool = False,
    threads: int | None = None,
    quiet: bool = False,
    progress: Progress,
) -> SteadyState | None:
    """Find the steady state of a configuration and write it; None where it is there already.

    What there is of a search that is stopped is written as well, with the attribute ``stopped``.
    """
    from wignercq.config.execute import execute_steady

    same = is_search_of(settings)
    if files.settled(same, resume=resume, force=force, quiet=quiet, progress=progress):
        return None
    start = _beginning(files, settings) if resume else None

    def said(error: StoppedError) -> str:
        files.checkpoints.discard()
        return f"best W so far saved in {files.target}; go on with --resume"

    with files.saving(settings, said):
        place = files.checkpoints.path
        result = execute_steady(settings, threads=threads, start=start, checkpoint=place, progress=progress)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    files.checkpoints.discard()
    return result


def find_steady_states(
    files: Output,
    settings: Config,
    *,
    means: Means,
    threads: int | None = None,
    force: bool = False,
    progress: Progress,
) -> SteadySweep:
    """Find the steady states of a sweep, whose points are kept in a folder beside the file, and write them."""
    from wignercq.sweep import sweep_steady_states

    points = points_of(files)
    files.require_gathered(SteadySweep, points, force=force)
    result = sweep_steady_states(settings, points, threads=threads, progress=progress, **means.of_a_sweep)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    return result


def points_of(files: Output) -> Path:
    """The folder of the points of a sweep."""
    return files.target.with_name(files.target.name + ".points")


def is_search_of(settings: Config) -> Callable[[Result], bool]:
    """What tells whether a result is the steady state of a configuration."""

    def told(result: Result) -> bool:
        text = str(result.dataset.attrs.get("configuration", ""))
        return isinstance(result, SteadyState) and result.converged and seek_the_same(text, settings.text)

    return told


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
