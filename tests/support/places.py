"""Places in a folder that are no files, or files that are not to be written."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest


def _device(path: Path) -> None:
    """Another null device, so that a program that replaces it does no harm."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except (OSError, AttributeError):
        pytest.skip("making a device takes privileges")


def _socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(before)


def _read_only(path: Path) -> None:
    path.write_text("kept")
    path.chmod(0o444)


#: What makes a place, by what is said of it.
PLACES: dict[str, Callable[[Path], None]] = {
    "a device": _device,
    "a named pipe": lambda path: os.mkfifo(path, 0o666),
    "a socket": _socket,
    "a folder": lambda path: path.mkdir(),
    "a read-only one": _read_only,
}


def make(kind: str, path: Path, linked: bool) -> None:
    """Put a place of a kind at a path, or beside it and a link to it there."""
    if linked:
        path.symlink_to(path.with_name("place"))
        path = path.with_name("place")
    PLACES[kind](path)


def picture(folder: Path) -> dict[str, tuple[int, int, int, int]]:
    """All that is in a folder, its kinds and identities, and when it was changed."""
    found = {path.name: path.lstat() for path in folder.iterdir()}
    return {name: (s.st_ino, s.st_mode, s.st_size, s.st_mtime_ns) for name, s in found.items()}
