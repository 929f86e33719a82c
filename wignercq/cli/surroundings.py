"""What all commands do alike: show what is done, turn what goes wrong into one line, read a configuration in a result.

Libraries are imported where they are needed, so that --help is there at once.
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wignercq.errors import CheckpointWarning, InputError, ResolutionError, ResolutionWarning, SizeWarning, quoted

if TYPE_CHECKING:
    import xarray as xr

    from wignercq.cli.run_files import Output
    from wignercq.config import Config
    from wignercq.gaussian import LinearModel
    from wignercq.results.result import Result
    from wignercq.run.progress import Progress

OURS = (ResolutionWarning, CheckpointWarning, SizeWarning)
GONE = 4  # exit code where other processes, which are needed, are gone


@contextmanager
def showing(text: str, quiet: bool = False) -> Iterator[Progress]:
    """Show what a command does, from before the libraries that it needs are loaded."""
    from wignercq.run.progress import showing_command

    with showing_command(quiet) as progress:
        progress.tell(text)
        yield progress


def theory_of(settings: Config | None) -> LinearModel | None:
    if settings is None or not settings.model.is_quadratic or settings.model.is_driven:
        return None
    from wignercq.gaussian import LinearModel

    return LinearModel.from_model(settings.model)


def configuration_in(dataset: xr.Dataset) -> Config | None:
    """The configuration in a result; None when it was made from Python."""
    text = dataset.attrs.get("configuration")
    if text is None:
        return None
    from wignercq.config import Config

    return Config.from_text(text, name="configuration in the result", runs=False)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn what the system says of files in a folder into bad input."""
    try:
        yield
    except OSError as error:
        raise InputError(folder, "a folder to write to", quoted(error)) from None


@contextmanager
def floats_suffice() -> Iterator[None]:
    """Turn what NumPy, SciPy and JSON say to numbers out of all proportion into bad input."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            yield
    except InputError:
        raise
    except (RuntimeWarning, ArithmeticError, ValueError) as error:  # a LinAlgError is a ValueError
        raise InputError("model", "numbers that floats can combine", quoted(error)) from None


@contextmanager
def warnings_as_lines(progress: Progress) -> Iterator[None]:
    """Print every warning of a run as one line on stderr, above what is shown of it."""
    with warnings.catch_warnings():
        for category in OURS:
            warnings.simplefilter("always", category)
        otherwise = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None) -> None:  # type: ignore[no-untyped-def]
            if issubclass(category, OURS):
                progress.say(f"wignercq: warning: {message}")
            else:
                otherwise(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def say_next(result: Path, first: str = "") -> None:
    """One line on what can be done with a result, on stderr, since what is on stdout may be read by a program."""
    path = shlex.quote(str(result))
    figures = shlex.quote(f"{result.with_suffix('')}_figures")
    steps = [first] if first else [f"wignercq plot {path} -o {figures}"]
    click.echo(f"wignercq: next: {'; '.join([*steps, f'wignercq info {path}'])}", err=True)


def require_all(result: Result, files: Output) -> None:
    """ResolutionError where points of a sweep failed."""
    from wignercq.sweep.result import Swept

    if isinstance(result, Swept) and result.failures:
        point, reason = next(iter(result.failures.items()))
        raise ResolutionError(f"{len(result.failures)} points failed, the rest is in {files.target}; {point}: {reason}")
