"""How what is being done is shown: by a bar of its own, or by what a program has open for that already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

BAR = "{l_bar}{bar}| {elapsed}<{remaining}"


class Shown(Protocol):
    """Whatever shows a line of text and a bar, such as a Progress of a run."""

    def tell(self, text: str) -> None: ...

    def start(self, total: float) -> None: ...

    def reach(self, done: float) -> None: ...

    def finish(self) -> None: ...


class Nothing:
    """Shows nothing."""

    def tell(self, text: str) -> None: ...

    def start(self, total: float) -> None: ...

    def reach(self, done: float) -> None: ...

    def finish(self) -> None: ...


class Bar:
    """A bar on a terminal."""

    _bar: Any = None

    def tell(self, text: str) -> None:
        """The text before the bar."""
        self._open(1.0, text)

    def start(self, total: float) -> None:
        """An empty bar."""
        self._open(total, "")

    def reach(self, done: float) -> None:
        """How much of the total is done."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def finish(self) -> None:
        """Close what is open."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, total: float, text: str) -> None:
        from tqdm import tqdm

        self.finish()
        self._bar = tqdm(total=total, desc=text, bar_format=BAR, leave=False, disable=None)


@contextmanager
def showing(progress: bool | Shown) -> Iterator[Shown]:
    """Context of what `progress` asks for: nothing, a bar, or what is open already, which stays open."""
    if not isinstance(progress, bool):
        yield progress
        return
    shown = Bar() if progress else Nothing()
    try:
        yield shown
    finally:
        shown.finish()
