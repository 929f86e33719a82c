"""Trajectories at the command line: from their configuration and file, into their file."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

from wignercq.cli.run_files import Output
from wignercq.config import Config
from wignercq.config.identity import are_same
from wignercq.errors import CheckpointError, InputError, StoppedError
from wignercq.results.result import Result
from wignercq.run.progress import Progress
from wignercq.unravelling import Ensemble, trajectories

TOLERANCE, LEAST = 1e-3, 1e-4  # on the time error; what is less is lost among statistical errors


def average(
    files: Output,
    settings: Config,
    *,
    trajectories: int,
    seed: int,
    processes: int | None,
    resume: bool,
    force: bool,
    quiet: bool,
    progress: Progress,
) -> Ensemble | None:
    """Average a run over so many trajectories and write the result; None where it is there already.

    What there is of a run that is stopped is written as well, with the attribute ``stopped``; checkpoints are such
    results. To resume is to add trajectories to either, or to a finished result.
    """

    def is_same(result: Result) -> bool:
        return _belongs(result, settings, seed) and _count(result) >= trajectories and _is_finished(result)

    if not (resume or force):
        _require_no_fewer(files, settings, seed, trajectories)
    if not resume and files.settled(is_same, force=force, quiet=quiet, progress=progress):
        return None
    start = _beginning(files, settings, seed) if resume else None
    if start is not None and start.count >= trajectories and _is_finished(start):
        files.settled(is_same, resume=True, quiet=quiet, progress=progress)
        return None

    def said(error: StoppedError) -> str:
        files.checkpoints.discard()
        return f"{error.solution.count} trajectories saved in {files.target}; go on with --resume"

    with files.saving(settings, said):
        result = _computed(files, settings, start, trajectories, seed, processes, progress)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    files.checkpoints.discard()
    return result


def _require_no_fewer(files: Output, settings: Config, seed: int, count: int) -> None:
    """InputError where some of the trajectories that are asked for are there already, but not all."""
    try:
        there = files.finished()
    except InputError:  # no result: that is told later
        return
    if there is not None and _belongs(there, settings, seed) and _count(there) < count:
        came = f"{_count(there)} of these trajectories"
        raise InputError(files.target, "--resume, which adds to those that are there, or --force", came)


def _computed(
    files: Output,
    settings: Config,
    start: Ensemble | None,
    count: int,
    seed: int,
    processes: int | None,
    progress: Progress,
) -> Ensemble:
    run = settings.run
    with ExitStack() as stack:
        pool = None
        if processes is not None:
            pool = stack.enter_context(ProcessPoolExecutor(processes, get_context("spawn")))
        return trajectories(
            settings.model,
            settings.state,
            **{"duration": None, "outputs": None, "times": None, **run.when},
            count=count,
            seed=seed,
            tolerance=max(run.tolerance or TOLERANCE, LEAST),
            dt=run.dt,
            frames=run.frames if isinstance(run.frames, int) else len(run.times),
            start=start,
            executor=pool,
            checkpoint=files.checkpoints.path,
            checkpoint_every=run.checkpoint_every,
            attributes={"configuration": settings.text},
            progress=progress,
        )


def _count(result: Result) -> int:
    return int(result.dataset.attrs["trajectories"])


def _is_finished(result: Result) -> bool:
    return not result.dataset.attrs.get("stopped")


def _belongs(result: Result, settings: Config, seed: int) -> bool:
    text = str(result.dataset.attrs.get("configuration", ""))
    return isinstance(result, Ensemble) and result.dataset.attrs["seed"] == seed and are_same(text, settings.text)


def _beginning(files: Output, settings: Config, seed: int) -> Ensemble:
    """What is gone on from: the checkpoint, which has more, or the result."""
    place = files.checkpoints.path if files.checkpoints.path.exists() else files.target
    if not place.exists():
        raise CheckpointError(place, "trajectories to go on from", "nothing at this path")
    start = Ensemble.load(place)
    if not _belongs(start, settings, seed):
        raise CheckpointError(place, "trajectories of the same configuration and seed", "others")
    return start
