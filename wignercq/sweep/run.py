"""Through all points of a sweep in several processes; what is finished stays finished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from wignercq.config import Config
from wignercq.config.sweep import Sweep
from wignercq.errors import ConfigError, InputError, Interrupted, kind_of, quoted
from wignercq.planning.arguments import path, whole
from wignercq.propagation.engines.cores import cores, thread_count
from wignercq.run.progress import Progress, showing
from wignercq.run.signals import Stop, StopRequests
from wignercq.sweep.kinds import COMPARISONS, STEADY_STATES, Kind, OfPoint, OfSweep
from wignercq.sweep.layout import Point
from wignercq.sweep.process_pool import Workers
from wignercq.sweep.result import SweepResult
from wignercq.sweep.steady_result import SteadySweep


def run_sweep(
    config: Config,
    folder: str | os.PathLike[str],
    *,
    processes: int | None = None,
    threads: int | None = None,
    progress: bool | Progress = False,
) -> SweepResult:
    """Compare the theories at every point of the sweep of a configuration.

    A point is written as soon as it is finished, under a name made of all its settings; points that are there are
    not computed again, by whatever configuration. A point whose process dies is tried once more. A point that fails
    is left out of the result, with the reason, and tried again by the next run.

    Parameters
    ----------
    config : Config
        With a table ``[sweep]``.
    folder : path
        Where the points are kept; made if missing.
    processes : int, optional
        Processes side by side, at most one for each point; by default as many as the cores have `threads`.
    threads : int, optional
        Worker threads of each process, in place of ``run.threads``. Where neither is given, the processes share the
        cores evenly. No result depends on either.
    progress : bool or Progress
        Show what is being done, then a bar of points.

    Returns
    -------
    SweepResult

    Raises
    ------
    InputError
        No configuration, one without a sweep, or a number of processes that is none.
    ConfigError
        A point that cannot be computed whatever the grid; nothing was computed.
    Interrupted
        Ctrl-C, SIGTERM or SIGHUP; finished points are kept.
    """
    return _carried_out(COMPARISONS, config, folder, processes, threads, progress)


def sweep_steady_states(
    config: Config,
    folder: str | os.PathLike[str],
    *,
    processes: int | None = None,
    threads: int | None = None,
    progress: bool | Progress = False,
) -> SteadySweep:
    """Find the steady state at every point of the sweep of a configuration.

    Arguments, what becomes of points, and errors are those of :func:`run_sweep`. Points keep their planes, not W.

    Returns
    -------
    SteadySweep
    """
    return _carried_out(STEADY_STATES, config, folder, processes, threads, progress)


def _carried_out(
    kind: Kind[OfPoint, OfSweep],
    config: Config,
    folder: str | os.PathLike[str],
    processes: int | None,
    threads: int | None,
    progress: bool | Progress,
) -> OfSweep:
    if not isinstance(config, Config):
        raise InputError("config", "a Config", kind_of(config))
    if config.sweep is None:
        raise ConfigError("sweep", "this table", "nothing")
    files = path("folder", folder)
    if processes is not None:
        whole("processes", processes, 1)
    kind.check(config)
    if threads is None:
        threads = config.run.threads
    if threads is not None:
        thread_count(threads)
    with showing(progress) as shown:
        return _swept(kind, config, config.sweep, files, processes, threads, shown)


def shares(points: int, processes: int | None, threads: int | None) -> tuple[int, int]:
    """Processes side by side, and threads of each: as asked, and otherwise so that each core has one thread."""
    if processes is None:
        processes = max(1, cores() // (threads or 1))
    processes = max(1, min(processes, points))
    return processes, threads or max(1, cores() // processes)


def _swept(
    kind: Kind[OfPoint, OfSweep],
    config: Config,
    sweep: Sweep,
    files: Path,
    processes: int | None,
    threads: int | None,
    shown: Progress,
) -> OfSweep:
    shown.tell("points of the sweep")
    identities = {tuple(point.values()): kind.identity(config.at(point)) for point in sweep.points}
    try:
        files.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(files, "a folder to write to", quoted(error)) from None
    results: dict[Point, OfPoint] = {}
    for point, name in identities.items():
        known = _finished(kind, files / f"{name}.nc", name)
        if known is not None:
            results[point] = known
    failures: dict[Point, str] = {}
    missing = {point: name for point, name in identities.items() if point not in results}
    count, each = shares(len(missing), processes, threads)
    jobs = [(point, {**_job(kind, config, point, files, name), "threads": each}) for point, name in missing.items()]
    workers = Workers(count)
    requests = StopRequests(patient=True)
    shown.start(len(identities), len(results), unit="points")
    with (
        suppress(Stop),
        requests,
        closing(workers.outcomes(jobs, lambda: requests.requested is not None)) as ended,
    ):
        for point, failure in ended:
            finished = None if failure else _finished(kind, files / f"{identities[point]}.nc", identities[point])
            if finished is None:
                failures[point] = failure or "the result could not be read back"
            else:
                results[point] = finished
            shown.reach(len(results) + len(failures))
    shown.finish()
    if requests.requested is not None:
        count = sum((files / f"{name}.nc").exists() for name in identities.values())
        done = f"{count} of {len(identities)} points are finished in {files}"
        raise Interrupted(f"interrupted; {done}; the same command goes on with the rest", signal=requests.requested)
    return kind.gather(config, results, failures)


def _job(kind: Kind[Any, Any], config: Config, point: Point, files: Path, name: str) -> dict[str, Any]:
    assert config.sweep is not None
    values: Mapping[str, float] = dict(zip((axis.name for axis in config.sweep.axes), point, strict=True))
    target = str((files / f"{name}.nc").resolve())
    asked = {"kind": kind.name, "configuration": config.text, "folder": str(config.folder), "point": values}
    return {**asked, "target": target, "identity": name}


def _finished(kind: Kind[OfPoint, Any], path: Path, name: str) -> OfPoint | None:
    """The result of a point; None if there is none that is whole."""
    try:
        result = kind.load(path)
    except InputError:
        return None
    return result if result.dataset.attrs.get("identity") == name else None
