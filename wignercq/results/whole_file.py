"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(target: Path, room: int = 0) -> Iterator[Path]:
    """Context of a file beside `target` that takes its place at the end; after an error it is removed.

    `room` bytes are reserved beforehand, where the system can, with an OSError where the disk is full: HDF5 crashes a
    process in which it runs out of space.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        if room and hasattr(os, "posix_fallocate"):
            with open(partial, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, room)
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
