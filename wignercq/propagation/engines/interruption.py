"""A request to stop, as engines see it: they look between tiles and slabs, and leave what is of no use any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class Abandoned(BaseException):
    """An engine left what it was doing half done, since the run is to stop; a W that it was given is spoilt."""


@dataclass(eq=False)
class Interruption:
    """Whether engines should leave what they are doing."""

    asked: Callable[[], bool] = bool  # whether somebody wants the run to stop, which nobody takes back
    allowed: bool = False  # whether what is being done can be taken back

    def look(self) -> None:
        """Abandoned where it is asked and allowed."""
        if self.allowed and self.asked():
            raise Abandoned

    @contextmanager
    def welcome(self) -> Iterator[None]:
        """Allow it meanwhile."""
        self.allowed = True
        try:
            yield
        finally:
            self.allowed = False


class Interruptible(Generic[T]):
    """An iterator that several threads share, and that ends early where an interruption is asked and allowed.

    Whoever waits for the threads looks at the interruption afterwards.
    """

    def __init__(self, items: Iterable[T], interruption: Interruption) -> None:
        self._items, self._interruption = iter(items), interruption

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._interruption.allowed and self._interruption.asked():
            raise StopIteration
        return next(self._items)
