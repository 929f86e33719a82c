"""Through all points of a sweep, and their results put together."""

from __future__ import annotations

import os
from concurrent.futures import Executor

from wignercq.config import Config
from wignercq.run.progress import Progress
from wignercq.sweep.carrier import Carrier
from wignercq.sweep.kinds import COMPARISONS, STEADY_STATES
from wignercq.sweep.points import compute
from wignercq.sweep.result import SweepResult
from wignercq.sweep.steady_result import SteadySweep


def run_sweep(
    config: Config,
    folder: str | os.PathLike[str],
    *,
    processes: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: bool | Progress = False,
) -> SweepResult:
    """Compare the theories at every point of the sweep of a configuration.

    A point is written as soon as it is finished, under a name made of all its settings; points that are there are
    not computed again, by whatever configuration or job, also where several share the folder at the same time. A point
    whose process dies is tried once more. A point that fails is left out of the result, with the reason, and tried
    again by the next run.

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
        cores evenly; with an executor a point has one. No result depends on either.
    executor : concurrent.futures.Executor, optional
        What carries the points, wherever it leads, in place of processes of the sweep's own; `folder` is to be found
        there under the same path. A worker of it does a point in a process of its own. It is left running; when one
        breaks, the points that it had not finished are failures.
    progress : bool or Progress
        Show what is being done, then a bar of points.

    Returns
    -------
    SweepResult

    Raises
    ------
    InputError
        No configuration, one without a sweep, a number of processes that is none, or no executor.
    ConfigError
        A point that cannot be computed whatever the grid; nothing was computed.
    Interrupted
        Ctrl-C, SIGTERM or SIGHUP; finished points are kept. Those that an executor has begun go on where they are.
    """
    points = compute(COMPARISONS, config, folder, Carrier(processes, threads, executor), progress)
    return COMPARISONS.gather(config, points.results, points.failures)


def sweep_steady_states(
    config: Config,
    folder: str | os.PathLike[str],
    *,
    processes: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: bool | Progress = False,
) -> SteadySweep:
    """Find the steady state at every point of the sweep of a configuration.

    Arguments, what becomes of points, and errors are those of :func:`run_sweep`. Points keep their planes, not W.

    Returns
    -------
    SteadySweep
    """
    points = compute(STEADY_STATES, config, folder, Carrier(processes, threads, executor), progress)
    return STEADY_STATES.gather(config, points.results, points.failures)
