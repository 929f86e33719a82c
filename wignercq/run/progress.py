"""What is going on, while it goes on: a line of text, replaced by the next one, then a bar.

A terminal and a notebook get the line and the bar of tqdm. A file gets whole lines, few of them. No library is loaded
before something is to be shown: most of a start is spent on loading the others.
"""

from __future__ import annotations

import os
import sys
import time as clock
import warnings
from contextlib import AbstractContextManager, nullcontext, suppress
from types import TracebackType
from typing import Any, Self

from wignercq.errors import InputError, kind_of

TIME_BAR = "{l_bar}{bar}| t = {n:.4g}/{total:.4g} [{elapsed}<{remaining}]"
WIDTH, HEIGHT = 80, 24  # of a terminal that does not say
FIRST = 10.0  # seconds before the first line of the command's log,
SILENCE = 60.0  # between two of them at least,
LONGEST = 1800.0  # and at most, where something can be said
SHARE = 0.1  # of the whole, between two lines of a log that come within that time


class Progress:
    """Shows nothing; what is derived from it shows something.

    As a context it leaves nothing unfinished behind, whatever happens within.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.finish()

    def tell(self, text: str) -> None:
        """What is done from now on, in place of what was told before; `text` goes on with three dots."""

    def start(self, total: float, done: float = 0, *, text: str = "", unit: str = "") -> None:
        """Begin a bar that counts time, or units, from `done` to `total`; `text` stands before it until it moves."""

    def reach(self, done: float) -> None:
        """Move the bar."""

    def finish(self) -> None:
        """End the bar, which stays, or take away what was told."""

    def say(self, line: str) -> None:
        """Print a whole line on stderr, above what is shown; a terminal that is closed stops nothing."""
        with suppress(OSError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


class Bar(Progress):
    """A line and a bar on a terminal or in a notebook; warnings appear above them."""

    def __init__(self) -> None:
        self._tqdm = _tqdm()
        self._shown: Any = None
        self._is_line = False  # whether text is shown, not a bar
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = warnings.showwarning
        warnings.showwarning = self._show_warning
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        warnings.showwarning = self._before
        self.finish()

    def tell(self, text: str) -> None:
        line = f"{text[: max(0, _size()[0] - 5)]} ..."
        if self._is_line:
            self._shown.set_description_str(line)
        else:
            self._open(desc=line, bar_format="{desc}", leave=False)
            self._is_line = True

    def start(self, total: float, done: float = 0, *, text: str = "", unit: str = "") -> None:
        style = {"unit": unit} if unit else {"bar_format": TIME_BAR}
        self._open(total=total, initial=done, desc=text or None, **style)

    def reach(self, done: float) -> None:
        if self._shown.desc and done > self._shown.n:
            self._shown.set_description_str("", refresh=False)
        self._shown.update(done - self._shown.n)

    def finish(self) -> None:
        if self._shown is not None:
            self._shown.close()
        self._shown, self._is_line = None, False

    def say(self, line: str) -> None:
        with suppress(OSError):
            self._tqdm.write(line, file=sys.stderr)

    def _open(self, **options: Any) -> None:
        self.finish()
        columns, rows = _size()
        size = {} if _is_notebook() else {"ncols": columns - 1, "nrows": rows}
        self._shown = self._tqdm(**options, **size)

    def _show_warning(self, *arguments: Any, **options: Any) -> None:
        with suppress(OSError), self._tqdm.external_write_mode(file=sys.stderr):
            self._before(*arguments, **options)


class Log(Progress):
    """Whole lines, for the log of a job and for the output of a script.

    The first after `first` seconds, each other after `silence` seconds, when a tenth more is done or half an hour gone.
    """

    def __init__(self, silence: float = 0.0, first: float = 0.0) -> None:
        self._silence = silence
        self._last, self._due = clock.monotonic(), first
        self._total, self._unit = 0.0, ""
        self._begun = self._first = self._noted = 0.0

    def tell(self, text: str) -> None:
        if self._is_due:
            self._note(f"{text} ...")

    def start(self, total: float, done: float = 0, *, text: str = "", unit: str = "") -> None:
        self._total, self._unit = total, unit
        self._first = self._noted = done
        self._begun = clock.monotonic()

    def reach(self, done: float) -> None:
        is_overdue = clock.monotonic() - self._last >= LONGEST
        is_more = done - self._noted >= SHARE * (self._total - self._first) or self._noted == self._first
        if not self._is_due or done == self._first or not (is_more or is_overdue):
            return
        self._noted = done
        gone = clock.monotonic() - self._begun
        left = gone * (self._total - done) / (done - self._first)
        counted = f"{done:g} of {self._total:g} {self._unit}" if self._unit else f"t = {done:.4g} of {self._total:.4g}"
        self._note(f"{counted}, {span(gone)} gone, about {span(left)} left")

    @property
    def _is_due(self) -> bool:
        return clock.monotonic() - self._last >= self._due

    def _note(self, text: str) -> None:
        self._last, self._due = clock.monotonic(), self._silence
        self.say(f"wignercq: {text}")


def showing(progress: bool | Progress) -> AbstractContextManager[Progress]:
    """Context of what `progress` asks of a function: nothing, what is open already, or what suits this place."""
    if isinstance(progress, Progress):
        return nullcontext(progress)
    if not isinstance(progress, bool):
        raise InputError("progress", "True, False or a Progress", kind_of(progress))
    if not progress:
        return Progress()
    return Bar() if sys.stderr.isatty() or _is_notebook() else Log()


def showing_command(quiet: bool) -> Progress:
    """Context of what a command shows: of a job without a terminal only what takes longer than some seconds."""
    if quiet:
        return Progress()
    return Bar() if sys.stderr.isatty() else Log(SILENCE, FIRST)


def _tqdm() -> Any:
    """The bar of this place; that of a notebook needs ipywidgets, without which the text is written below the cell."""
    if not _is_notebook():
        from tqdm import tqdm

        return tqdm
    from tqdm import TqdmWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm as automatic
    return automatic


def _is_notebook() -> bool:
    """Whether this is the kernel of a notebook or of the like, whose stderr goes below the cell."""
    return "ipykernel.zmqshell" in sys.modules


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal, which tqdm takes for none at all where it does not say."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        columns = rows = 0
    return columns or WIDTH, rows or HEIGHT


def span(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
