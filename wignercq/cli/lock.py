"""One run at a time for each result: a file beside it, locked while a run is under way and gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO

from wignercq.errors import InputError
from wignercq.results.whole_file import destination


@contextmanager
def locked(lock: Path, target: Path) -> Iterator[None]:
    """Context in which this process alone has the lock of `target`; InputError where another has it.

    The system lets go of the lock of a process that dies. Where it knows none, nobody is kept apart.
    """
    with _held(destination(lock), target):
        try:
            yield
        finally:
            with suppress(OSError):  # a folder that has become read-only; Windows, as long as the file is open
                lock.unlink(missing_ok=True)
    if os.name == "nt":
        with suppress(OSError):  # the next run has it already
            lock.unlink(missing_ok=True)


@contextmanager
def _held(lock: Path, target: Path) -> Iterator[None]:
    while True:
        with open(lock, "a") as handle:
            try:
                _grasp(handle)
            except BlockingIOError:
                raise InputError(target, "a file that no other run is writing", "one in use") from None
            except (OSError, ImportError):  # some network file systems know no locks, nor do some systems
                yield
                return
            try:
                current = os.stat(lock).st_ino == os.fstat(handle.fileno()).st_ino
            except FileNotFoundError:  # the run before has just removed it
                current = False
            if current:
                yield
                return


def _grasp(handle: IO[str]) -> None:
    """Lock an open file; BlockingIOError where another process has it, others where there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        windows = import_module("msvcrt")
        try:
            windows.locking(handle.fileno(), windows.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
