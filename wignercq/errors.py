"""Exceptions and warnings a user of wignercq can catch, and the wording of values in their messages."""

from __future__ import annotations

import difflib
import re
import reprlib
import sys
import warnings
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from pathlib import Path
from typing import Any

PACKAGE = __name__.partition(".")[0]
LONGEST = 60  # characters of a text in a message
BOUND_DIGITS, DIGITS = 6, 17  # of a bound in a message, and of any float


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

    Attributes
    ----------
    line : int or None
        Of a configuration, where the argument is a key of one.
    """

    line: int | None = None

    def __init__(self, argument: object, expected: str, got: object) -> None:
        self.argument, self.expected, self.got = str(argument), expected, str(got)
        super().__init__(argument, expected, str(got))

    def __str__(self) -> str:
        line = "" if self.line is None else f" (line {self.line})"
        got = self.got if self.got.startswith(": ") else f" {self.got}"
        return f"{self.argument}: expected {self.expected}, got{got}{line}"

    def under(self, prefix: str, kind: type[InputError] | None = None) -> InputError:
        """This error, of the class `kind` if given, about a part of `prefix`."""
        return (kind or type(self))(f"{prefix}.{self.argument}", self.expected, self.got)

    def renamed(self, names: Mapping[str, str], kind: type[InputError] | None = None) -> InputError:
        """This error, of the class `kind` if given, with another name for the argument, whose parts keep theirs.

        A file keeps its name.
        """
        if isinstance(self.args[0], Path):
            return (kind or type(self))(*self.args)
        match = re.match(r"(\w+)((?:\.| with ).*)?$", self.argument)
        name, part = (match[1], match[2] or "") if match else (self.argument, "")
        return (kind or type(self))(names.get(name, name) + part, self.expected, self.got)


class ExpressionError(InputError):
    """A potential or wave function given as text or SymPy is not an accepted formula."""


class ModelError(InputError):
    """The model is incomplete or unphysical, for example 4 D0 D2 < 1."""


class GridError(InputError):
    """An axis or a grid cannot be built."""


class StateError(InputError):
    """An initial state is not a state: uncertainty bound, trace, Hermiticity or positivity violated."""


class ConfigError(InputError):
    """A configuration file has an unknown key, a wrong type or an impossible value.

    Attributes
    ----------
    parts : tuple of ConfigError
        All that is wrong with the file, one line each; for a single mistake the error itself.
    """

    others: tuple[ConfigError, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[ConfigError]) -> ConfigError:
        """One error of all of `parts`, at least one; its own attributes are those of the first."""
        first = parts[0]
        first.others = tuple(parts[1:])
        return first

    @property
    def parts(self) -> tuple[ConfigError, ...]:
        first = type(self)(*self.args)
        first.line = self.line
        return (first, *self.others)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.others)])


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
    """The run was interrupted, by Ctrl-C, SIGTERM or SIGHUP.

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


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line that called this package, however deep in it the reason was found."""
    level, frame = 2, sys._getframe(1)  # 1 is this function
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


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


def at_least(bound: float) -> str:
    """A lower bound in few digits, rounded up, so that what it says is accepted."""
    return _rounded(bound, ROUND_CEILING)


def at_most(bound: float) -> str:
    """An upper bound in few digits, rounded down, so that what it says is accepted."""
    return _rounded(bound, ROUND_FLOOR)


def _rounded(bound: float, rounding: str) -> str:
    exact = Decimal(repr(float(bound)))
    if not exact.is_finite() or not exact:
        return f"{bound:g}"
    digit = Decimal(1).scaleb(exact.adjusted() - BOUND_DIGITS + 1)
    return f"{float(exact.quantize(digit, rounding, Context(prec=DIGITS))):.{BOUND_DIGITS}g}"


def kind_of(value: object) -> str:
    """What kind of object a value is; plain values are shown."""
    if value is None or isinstance(value, (str, int, float, complex, tuple, list, dict)):
        return brief(value)
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def listed(items: Sequence[str], limit: int) -> str:
    """The first few items."""
    return ", ".join([*items[:limit], *(["..."] if len(items) > limit else [])])


def suggestion(name: object, known: Iterable[object]) -> str:
    """The nearest of the known names, as the end of a message; nothing if none is near, or they are no names."""
    near = nearest(name, known) if isinstance(name, str) else None
    return f"; did you mean {near!r}?" if near else ""


def nearest(name: str, known: Iterable[object]) -> str | None:
    """The nearest of the known names, capitals being no difference; None if none is near."""
    plain = {other.lower(): other for other in known if isinstance(other, str)}
    near = difflib.get_close_matches(name.lower(), plain, n=1)
    return plain[near[0]] if near else None


def one_of(argument: str, value: object, known: Collection[object]) -> None:
    """Refuse, with InputError, a value that is not among those known; the message has the nearest of them."""
    if not isinstance(value, Hashable) or value not in known:
        raise InputError(argument, " or ".join(map(repr, known)), brief(value) + suggestion(value, known))


def readable_size(size: float) -> str:
    """Bytes, as MiB or GiB."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def quoted(error: Exception) -> str:
    """What the system or a library says in its own words, on one line and behind a colon."""
    return ": " + (getattr(error, "strerror", None) or " ".join(str(error).split()))
