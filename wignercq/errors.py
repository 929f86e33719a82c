"""Exceptions and warnings a user of wignercq can catch, and the wording of values in their messages."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LONGEST = 60  # characters of a text in a message


class WignerCQError(Exception):
    """Base of every error raised on purpose by wignercq."""


class InputError(WignerCQError, ValueError):
    """Something the user supplied cannot be used; the message names it, what was expected and what came.

    Parameters
    ----------
    argument : str or path
        What was supplied: an argument or a part of one (``"parameters.k"``), a key of the configuration, a file.
    expected : str
        What it should have been.
    got : object
        What came, and after a semicolon what to try; or :func:`quoted`.
    """

    def __init__(self, argument: object, expected: str, got: object) -> None:
        self.argument, self.expected, self.got = str(argument), expected, str(got)
        super().__init__(argument, expected, str(got))

    def __str__(self) -> str:
        return f"{self.argument}: expected {self.expected}, got{'' if self.got.startswith(': ') else ' '}{self.got}"

    def under(self, prefix: str, kind: type[InputError] | None = None) -> InputError:
        """This error, of the class `kind` if given, about a part of `prefix`."""
        return (kind or type(self))(f"{prefix}.{self.argument}", self.expected, self.got)

    def renamed(self, names: Mapping[str, str], kind: type[InputError] | None = None) -> InputError:
        """This error, of the class `kind` if given, with another name for the argument, whose parts keep theirs.

        A file keeps its name.
        """
        if isinstance(self.args[0], Path):
            return (kind or type(self))(*self.args)
        name, dot, part = self.argument.partition(".")
        return (kind or type(self))(names.get(name, name) + dot + part, self.expected, self.got)


class ExpressionError(InputError):
    """A potential or wave function given as text or SymPy is not an accepted formula."""


class ModelError(InputError):
    """The model is incomplete or unphysical, for example 4 D0 D2 < 1."""


class GridError(InputError):
    """An axis or a grid cannot be built."""


class StateError(InputError):
    """An initial state is not a state: uncertainty bound, trace, Hermiticity or positivity violated."""


class ConfigError(InputError):
    """A configuration file has an unknown key, a wrong type or an impossible value."""


class MemoryLimitError(InputError):
    """The run needs more memory than the machine has; raised before anything is allocated."""


class CheckpointError(InputError):
    """There is no checkpoint to resume, it is damaged, or it belongs to another run."""


class StoppedError(WignerCQError):
    """A run ended before its time.

    Attributes
    ----------
    solution : Solution or None
        Everything computed up to the last good output; None if there was none.
    """

    def __init__(self, message: str, solution: Any = None) -> None:
        super().__init__(message)
        self.solution = solution


class ResolutionError(StoppedError):
    """The grid no longer resolves the state, or the numbers are no longer finite."""


class ConvergenceError(StoppedError):
    """A search did not reach its tolerance."""


class Interrupted(StoppedError):
    """The run was interrupted, by Ctrl-C or by SIGTERM.

    Attributes
    ----------
    solution : Solution or None
        Everything computed up to the last output; None if there was none.
    signal : int
        Number of the signal.
    """

    def __init__(self, message: str, solution: Any = None, signal: int = 2) -> None:
        super().__init__(message, solution)
        self.signal = signal


class ResolutionWarning(UserWarning):
    """The grid is close to not resolving the state; the message says which number to change."""


class SizeWarning(UserWarning):
    """A chosen grid is large, and the run will take long; the message says how large and how long."""


class ObservableWarning(UserWarning):
    """An observable that the user asked for has no value at an output; NaN is recorded and the run goes on."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written or is damaged; the run goes on without it."""


def cut(text: str) -> str:
    """A text, cut when long."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def brief(value: object) -> str:
    """The repr of a value on one short line."""
    if isinstance(value, str):
        return repr(cut(value))
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python prints no integer of more than 4300 digits
        return "a number of thousands of digits"


def listed(items: Sequence[str], limit: int) -> str:
    """The first few items."""
    return ", ".join([*items[:limit], *(["..."] if len(items) > limit else [])])


def readable_size(size: float) -> str:
    """Bytes, as MiB or GiB."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def quoted(error: Exception) -> str:
    """What the system or a library says in its own words, on one line and behind a colon."""
    return ": " + (getattr(error, "strerror", None) or " ".join(str(error).split()))
