"""Through all points of a sweep in several processes; what is finished stays finished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from wignercq.config import Config
from wignercq.config.sweep import Sweep
from wignercq.errors import InputError, Interrupted, quoted
from wignercq.run.progress import Progress, showing
from wignercq.run.signals import Stop, StopRequests
from wignercq.sweep.kinds import COMPARISONS, STEADY_STATES, Kind, OfPoint, OfSweep
from wignercq.sweep.layout import Point
from wignercq.sweep.process_pool import Workers
from wignercq.sweep.result import SweepResult
from wignercq.sweep.steady_result import SteadySweep


def run_sweep(
    config: Config, folder: str | os.PathLike[str], *, processes: int, progress: bool | Progress = False
) -> SweepResult:
    """Compare the theories at every point of the sweep of a configuration, one thread each.

    A point is written as soon as it is finished, under a name made of all its settings; points that are there are
    not computed again, by whatever configuration. A point whose process dies is tried once more. A point that fails
    is left out of the result, with the reason, and tried again by the next run.

    Parameters
    ----------
    config : Config
        With a table ``[sweep]``.
    folder : path
        Where the points are kept; made if missing.
    processes : int
        Processes side by side.
    progress : bool or Progress
        Show what is being done, then a bar of points.

    Returns
    -------
    SweepResult

    Raises
    ------
    ConfigError
        A point that cannot be computed whatever the grid; nothing was computed.
    Interrupted
        Ctrl-C or SIGTERM; finished points are kept.
    """
    return _carried_out(COMPARISONS, config, folder, processes, progress)


def sweep_steady_states(
    config: Config, folder: str | os.PathLike[str], *, processes: int, progress: bool | Progress = False
) -> SteadySweep:
    """Find the steady state at every point of the sweep of a configuration, one thread each.

    Arguments, what becomes of points, and errors are those of :func:`run_sweep`. Points keep their planes, not W.

    Returns
    -------
    SteadySweep
    """
    return _carried_out(STEADY_STATES, config, folder, processes, progress)


def _carried_out(
    kind: Kind[OfPoint, OfSweep],
    config: Config,
    folder: str | os.PathLike[str],
    processes: int,
    progress: bool | Progress,
) -> OfSweep:
    assert config.sweep is not None
    kind.check(config)
    with showing(progress) as shown:
        return _swept(kind, config, config.sweep, Path(folder), processes, shown)


def _swept(
    kind: Kind[OfPoint, OfSweep], config: Config, sweep: Sweep, files: Path, processes: int, shown: Progress
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
    jobs = [
        (point, _job(kind, config, point, files, name)) for point, name in identities.items() if point not in results
    ]
    workers = Workers(min(processes, len(jobs) or 1))
    requests = StopRequests(patient=True)
    shown.start(len(identities), len(results), unit="point")
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
