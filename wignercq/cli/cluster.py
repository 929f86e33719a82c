"""Options of commands whose work may be spread: over processes, over the jobs of an array, with dask, with MPI."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wignercq.errors import ConfigError, InputError, Interrupted, ResolutionError, brief, quoted

if TYPE_CHECKING:
    from wignercq.config import Config
    from wignercq.run.progress import Progress

FOUND_WITHIN = 30  # seconds for the scheduler of dask to answer


class _Share(click.ParamType):
    """K/N as (K, N)."""

    name = "K/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        first, _, step = value.partition("/")
        if not (first.isdecimal() and step.isdecimal() and 1 <= int(first) <= int(step)):
            self.fail(f"expected K/N, every Nth point from the Kth, with 1 <= K <= N, got {value!a}.", param, ctx)
        return int(first), int(step)


@dataclass(frozen=True)
class Means:
    """What the points of a sweep are computed with."""

    processes: int | None
    share: tuple[int, int] | None
    executor: Executor | None

    def require_use(self, settings: Config) -> None:
        """ConfigError where there is no sweep and one was asked to be divided."""
        if settings.sweep is None and (self.share or self.executor):
            raise ConfigError("sweep", "this table, whose points can be spread over jobs", "nothing")

    @property
    def of_a_sweep(self) -> dict[str, Any]:
        """As arguments of sweeps."""
        return {"processes": self.processes, "executor": self.executor}

    def compute_share(
        self, kind: str, settings: Config, points: Path, threads: int | None, progress: Progress, quiet: bool
    ) -> None:
        """Compute every Nth point from the Kth, which another command gathers; ResolutionError where some fail.

        The gathered result, and its lock, are left alone: other jobs do the same beside this one.
        """
        from wignercq.sweep.carrier import Carrier
        from wignercq.sweep.kinds import KINDS
        from wignercq.sweep.points import compute

        assert self.share is not None
        carrier = Carrier(self.processes, threads, self.executor)
        done = compute(KINDS[kind], settings, points, carrier, progress, self.share)
        first, step = self.share
        count = f"{len(done.results)} of {done.ended} points of the share {first}/{step}"
        if done.failures:
            reason = next(iter(done.failures.values()))
            raise ResolutionError(f"{count} are finished in {points}, {len(done.failures)} failed: {reason}")
        if not quiet:
            click.echo(f"{count} are finished in {points}; the same command without --points gathers all of them")


def over_an_executor(command: Callable[..., None]) -> Callable[..., None]:
    """Options ``--processes``, ``--scheduler`` and ``--mpi``; the command gets `processes` and `executor`."""

    @click.option("--processes", type=click.IntRange(min=1), help="Side by side; by default cores and threads decide.")
    @click.option("--scheduler", metavar="tcp://HOST:PORT", help="Compute with the workers of this scheduler of dask.")
    @click.option("--mpi", is_flag=True, help="Compute with the other ranks, as in mpiexec -n 17 wignercq ... --mpi.")
    @wraps(command)
    def carried(*, processes: int | None, scheduler: str | None, mpi: bool, **asked: Any) -> None:
        if sum((processes is not None, scheduler is not None, mpi)) > 1:
            raise click.UsageError("--processes, --scheduler and --mpi exclude each other.")
        with _executor(scheduler, mpi) as executor:
            command(processes=processes, executor=executor, **asked)

    return carried


def over_points(command: Callable[..., None]) -> Callable[..., None]:
    """The same and ``--points``; the command gets all of them as `means`."""

    @over_an_executor
    @click.option("--points", "share", type=_Share(), help="Of a sweep every Nth point from the Kth; gathers nothing.")
    @wraps(command)
    def spread(
        *, processes: int | None, executor: Executor | None, share: tuple[int, int] | None, **asked: Any
    ) -> None:
        command(means=Means(processes, share, executor), **asked)

    return spread


def _executor(scheduler: str | None, mpi: bool) -> Any:
    if scheduler is not None:
        return _dask(scheduler)
    return _mpi() if mpi else nullcontext()


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    """The workers of a scheduler; what has begun there when it is left goes on."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler", "the extra wignercq[dask]", "no package distributed") from None
    if not address.rpartition(":")[2].isdecimal():  # dask would wait for a minute
        raise InputError("--scheduler", "an address, tcp://HOST:PORT", brief(address))
    expected = "the address of a scheduler of dask"
    try:
        found = asyncio.run(_identity(address))
    except Exception as error:  # nobody there, no such protocol, or somebody who speaks another language
        came = quoted(error) if str(error) else ": no answer"
        raise InputError("--scheduler", expected, f"{address}{came}") from None
    if found["type"] != "Scheduler":
        raise InputError("--scheduler", expected, f"{address}, that of a {found['type'].lower()}")
    if not found["workers"]:
        click.echo(f"wignercq: {address} has no workers yet, for which all points wait", err=True)
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what fails is told point by point, in a line
    with Client(address, timeout=FOUND_WITHIN, set_as_default=False) as client:
        yield client.get_executor(pure=False)


async def _identity(address: str) -> dict[str, Any]:
    """Who is there, as dask tells it; a Client that finds no scheduler would leave a traceback after a minute."""
    from distributed.core import rpc
    from distributed.security import Security

    secured = Security().get_connection_args("client")
    async with rpc(address, timeout=FOUND_WITHIN, connection_args=secured) as server:
        identity: dict[str, Any] = await asyncio.wait_for(server.identity(), FOUND_WITHIN + 5)
        return identity


@contextmanager
def _mpi() -> Iterator[Executor]:
    """The other ranks of this program, which serve and then end it; rank 0 alone goes on."""
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPICommExecutor
    except (ImportError, RuntimeError) as error:  # RuntimeError: no library of MPI
        raise InputError("--mpi", "the extra wignercq[mpi] and an MPI library", quoted(error)) from None
    if MPI.COMM_WORLD.Get_size() == 1:  # also where srun and MPI do not know each other: each would compute all points
        raise InputError(
            "--mpi", "other ranks to compute with, as in mpiexec -n 17 wignercq ... --mpi", "one rank alone"
        )
    with MPICommExecutor(MPI.COMM_WORLD) as given:
        executor: Any = given  # its types say another class, and not None
        if executor is not None:
            try:
                yield executor
            except Interrupted as error:  # the ranks would compute on to the end of their points
                click.echo(f"wignercq: {error}", err=True)
                MPI.COMM_WORLD.Abort(128 + error.signal)
    if executor is None:  # the others have served
        raise click.exceptions.Exit(0)
