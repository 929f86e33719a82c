"""Processes that compute blocks of trajectories: signals are for their program alone, and they end with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any

from wignercq.run.signals import SIGNALS


class Processes(ProcessPoolExecutor):
    """So many processes, which neither Ctrl-C in their terminal nor a batch system ends before the program.

    It wants the blocks that are under way. They begin with those signals blocked, for as long as they live, and watch
    the program, which may be killed.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, get_context("spawn"), initializer=_end_with_parent)

    def submit(self, do: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """As of any executor; a process that is started for it inherits what is blocked meanwhile."""
        with _blocked():
            return super().submit(do, *given, **named)


@contextmanager
def _blocked() -> Iterator[None]:
    """Context in which signals that ask to stop have to wait."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
