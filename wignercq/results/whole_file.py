"""Files that appear whole or not at all, where nothing but a file was before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wignercq.errors import InputError, quoted

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def destination(target: Path) -> Path:
    """Where a file of this name is written: what a link leads to, so that the link stays, else `target` itself.

    Nothing is touched.

    Raises
    ------
    InputError
        There is something that is no file (a folder, a device, a named pipe, a socket), or a file that is read-only,
        also for the superuser, whom the system would let have his way.
    """
    place, mode = _found(target)
    leads = "" if place is target else f"a link to {place}, "
    if mode is None and leads and not place.parent.is_dir():
        raise InputError(target, "a file in an existing folder", f"{leads}whose folder is none")
    if mode is not None and not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise InputError(target, "a file to write", leads + kind)
    if mode is not None and not (mode & WRITABLE and _is_open_to_us(place)):
        raise InputError(target, "a file that can be written", f"{leads}a read-only one")
    return place


def _is_open_to_us(place: Path) -> bool:
    """Whether this process may write a file, as far as the file is concerned: its folder is another matter."""
    return os.access(place, os.W_OK) or not os.access(place.parent, os.W_OK)


def _found(target: Path) -> tuple[Path, int | None]:
    """Where a link leads, or `target` itself, and the mode of what is there; None where nothing is."""
    place = target
    try:
        if stat.S_ISLNK(os.lstat(target).st_mode):
            place = Path(os.path.realpath(target))
        return place, os.stat(target).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return place, None
    except (OSError, ValueError) as error:  # loops of links, names that no system takes
        raise InputError(target, "a file to write", quoted(error)) from None


@contextmanager
def whole_file(target: Path, room: int = 0) -> Iterator[Path]:
    """Context of a file beside `target` that takes its place at the end; after an error it is removed.

    `room` bytes are reserved beforehand, where the system can, with an OSError where the disk is full: HDF5 crashes a
    process in which it runs out of space. InputError where `target` is something else than a file, see
    :func:`destination`.
    """
    place = destination(target)
    partial = destination(place.with_name(place.name + ".partial"))
    try:
        if room and hasattr(os, "posix_fallocate"):
            with open(partial, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, room)
        yield partial
        with open(partial, "r+b") as file:  # Windows syncs only what it could write
            os.fsync(file.fileno())
        os.replace(partial, place)
    finally:
        partial.unlink(missing_ok=True)
