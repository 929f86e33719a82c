"""Trajectories at the command line: from their configuration and file, into their file."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wignercq.cli.run_files import Output
from wignercq.config import Config
from wignercq.config.identity import are_same
from wignercq.config.keys import KEYS
from wignercq.errors import CheckpointError, InputError, StoppedError, kind_of
from wignercq.results.result import Result
from wignercq.run.progress import Progress
from wignercq.sweep.loading import load
from wignercq.unravelling import Ensemble, trajectories
from wignercq.unravelling.processes import Processes
from wignercq.unravelling.trajectories import FINEST

TOLERANCE = 1e-3  # on the time error


def average(
    files: Output,
    settings: Config,
    *,
    count: int,
    seed: int,
    processes: int | None,
    executor: Executor | None,
    resume: bool,
    force: bool,
    mixed: bool,
    two_time: bool,
    quiet: bool,
    progress: Progress,
) -> Ensemble | None:
    """Average a run over so many trajectories and write the result; None where it is there already.

    What there is of a run that is stopped is written as well, with the attribute ``stopped``; checkpoints are such
    results. To resume is to add trajectories to either, or to a finished result.
    """

    def held(result: Result) -> int:
        """How many of these trajectories a result has."""
        if not isinstance(result, Ensemble) or result.dataset.attrs["seed"] != seed:
            return 0
        if ("record_purity" in result.dataset, "two_time" in result.dataset) != (mixed, two_time):
            return 0
        return result.count if are_same(str(result.dataset.attrs.get("configuration", "")), settings.text) else 0

    def has_all(result: Result) -> bool:
        if not resume and 0 < held(result) < count:
            came = f"{held(result)} of these trajectories"
            raise InputError(files.target, "--resume, which adds to those that are there, or --force", came)
        return held(result) >= count

    if files.settled(has_all, resume=resume, force=force, quiet=quiet, progress=progress):
        return None
    place = _beginning(files) if resume else None

    def said(error: StoppedError) -> str:
        files.checkpoints.discard()
        return f"{error.solution.count} trajectories saved in {files.target}; go on with --resume"

    with files.saving(settings, said):
        asked = {"count": count, "seed": seed, "two_time": two_time, "conditional": "mixed" if mixed else "pure"}
        result = _computed(files, settings, place, asked, processes, executor, progress)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    files.checkpoints.discard()
    return result


def _beginning(files: Output) -> Path:
    """What is gone on from: the checkpoint, which has more, or the result."""
    place = files.checkpoints.path if files.checkpoints.path.exists() else files.target
    if not place.exists():
        raise CheckpointError(place, "trajectories to go on from", "nothing at this path")
    return place


def _computed(
    files: Output,
    settings: Config,
    place: Path | None,
    asked: dict[str, Any],
    processes: int | None,
    executor: Executor | None,
    progress: Progress,
) -> Ensemble:
    """All trajectories, those in a file at `place` among them; CheckpointError where these are of another run."""
    run, start = settings.run, None if place is None else load(place)
    if not isinstance(start, Ensemble | None):
        raise CheckpointError(place, "a result of trajectories", kind_of(start))
    with ExitStack() as stack:
        if processes is not None:
            executor = stack.enter_context(Processes(processes))
        try:
            return trajectories(
                settings.model,
                settings.state,
                **{"duration": None, "outputs": None, "times": None, **run.when},
                **asked,
                tolerance=max(run.tolerance or TOLERANCE, FINEST),
                dt=run.dt,
                frames=run.frames,
                observables=run.observables or None,
                start=start,
                executor=executor,
                checkpoint=files.checkpoints.path,
                checkpoint_every=run.checkpoint_every,
                progress=progress,
            )
        except InputError as error:
            if place is not None and error.argument == "start":
                raise CheckpointError(place, error.expected, error.got) from None
            raise error.renamed(KEYS) from None
