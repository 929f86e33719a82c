"""What carries the jobs of a sweep: worker processes of its own, or an executor, wherever that leads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from wignercq.errors import InputError, kind_of
from wignercq.planning.arguments import whole
from wignercq.propagation.engines.cores import cores, thread_count
from wignercq.sweep.here import do_here
from wignercq.sweep.process_pool import Workers

PATIENCE = 0.2  # seconds between looks for a request to stop

Job = dict[str, Any]
Given = TypeVar("Given")
Label = TypeVar("Label")


@dataclass(frozen=True)
class Carrier:
    """Where jobs are done, and on how many threads; InputError where that cannot be."""

    processes: int | None = None
    threads: int | None = None
    executor: Executor | None = None

    def __post_init__(self) -> None:
        if self.processes is not None:
            whole("processes", self.processes, 1)
        if self.threads is not None:
            thread_count(self.threads)
        _require_executor(self.executor)
        if self.executor is not None and self.processes is not None:
            raise InputError("processes", "none beside an executor, which has its own", self.processes)

    def outcomes(
        self, jobs: Sequence[tuple[Label, Job]], stopped: Callable[[], bool]
    ) -> Generator[tuple[Label, str | None]]:
        """As :func:`outcomes`. By default threads share the cores here, and a job that is carried away has one."""
        if self.executor is not None:
            return outcomes(self.executor, do_here, _with_threads(jobs, self.threads or 1), stopped)
        count, each = shares(len(jobs), self.processes, self.threads)
        return own_outcomes(count, _with_threads(jobs, each), stopped)


def _require_executor(executor: object) -> None:
    if not isinstance(executor, Executor | None):
        expected = "a concurrent.futures.Executor, such as Client.get_executor() of dask"
        raise InputError("executor", expected, kind_of(executor))


def _with_threads(jobs: Iterable[tuple[Label, Job]], threads: int) -> list[tuple[Label, Job]]:
    return [(label, {**job, "threads": threads}) for label, job in jobs]


def shares(points: int, processes: int | None, threads: int | None) -> tuple[int, int]:
    """Processes side by side, and threads of each: as asked, and otherwise so that each core has one thread."""
    if processes is None:
        processes = max(1, cores() // (threads or 1))
    processes = max(1, min(processes, points))
    return processes, threads or max(1, cores() // processes)


def outcomes(
    executor: Executor,
    do: Callable[[Given], str | None],
    jobs: Iterable[tuple[Label, Given]],
    stopped: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Label, str | None]]:
    """Labels of jobs in the order in which they end, each with what went wrong or None, until `stopped` says so.

    An executor that breaks, or refuses jobs, is what went wrong with all that were not done. When it is left, at
    whatever point, jobs that have not begun are given up; those that have go on where they are.
    """
    running: dict[Future[str | None], Label] = {}
    try:
        for label, job in jobs:
            try:
                running[executor.submit(do, job)] = label
            except RuntimeError as error:  # BrokenExecutor is one
                yield label, _told(error)
        while running and not stopped():
            done, _ = wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), _answer(future)
    finally:
        for future in running:
            future.cancel()


def _answer(future: Future[str | None]) -> str | None:
    try:
        return future.result()
    except Exception as error:  # the worker is gone, could not import wignercq, or whatever else its executor says
        return _told(error)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error) or 'its executor gave it up'}"


def own_outcomes(
    count: int, jobs: Iterable[tuple[Label, Job]], stopped: Callable[[], bool] = lambda: False
) -> Generator[tuple[Label, str | None]]:
    """The same of so many workers on this machine, none of which goes on when it is left."""
    workers, threads = Workers(), ThreadPoolExecutor(count)
    try:
        yield from outcomes(threads, workers.do, jobs, stopped)
    finally:
        workers.kill()
        threads.shutdown(cancel_futures=True)
        workers.close()
