"""The option ``--join``: one of several processes that carry out one run, of which the first alone writes and tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from wignercq.cli.surroundings import GONE
from wignercq.errors import ConfigError, InputError
from wignercq.run.progress import Progress

if TYPE_CHECKING:
    from wignercq.cli.run_files import Output
    from wignercq.config import Config

option = click.option(
    "--join", metavar="HOW", help="Be one of several processes of one run: slurm, openmpi, mpi4py or HOST:PORT,K/N."
)


LONGEST = 400  # characters of an error of JAX


class Voice:
    """Whether this process keeps silent, because the first one of a run says the same."""

    is_silent = False


class Silence(Progress):
    """Shows nothing and says nothing."""

    def say(self, line: str) -> None:
        """Nothing."""


def require_engine(settings: Config) -> None:
    """ConfigError where a configuration is not for several processes."""
    if settings.run.engine != "jax":
        raise ConfigError("run.engine", '"jax" together with --join', repr(settings.run.engine))


@contextmanager
def joined(how: str | None, settings: Config, progress: Progress) -> Iterator[tuple[type[Output], Progress]]:
    """Context in which others are joined, with what the files of a run are and what shows it; None: nobody.

    Where all come to an end by the same error the first tells it alone; one that is alone with it tells it, too.
    """
    if how is None:
        from wignercq.cli.run_files import Output

        yield Output, progress
        return
    require_engine(settings)
    from wignercq.cli.shared_files import SharedOutput
    from wignercq.propagation.engines import processes

    progress.tell("waiting for the other processes")
    try:
        processes.join(how)
    except InputError as error:
        raise error.renamed({"join": "--join"}) from None
    Voice.is_silent = not processes.is_first()
    if Voice.is_silent:
        progress.finish()
    try:
        yield SharedOutput, Silence() if Voice.is_silent else progress
    except BaseException as error:
        if not processes.all_end():
            text = " ".join(str(error).split())[:LONGEST]
            click.echo(f"wignercq: {processes.name()} ends while others do not: {text}", err=True)
            os._exit(GONE)  # JAX would wait for the others, and leave a traceback of its own
        if isinstance(error, processes.Failed):  # the first one says why
            raise click.exceptions.Exit(2) from None
        raise
