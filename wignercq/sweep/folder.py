"""The folder of a sweep's points, which jobs on other machines may share: files whole or not at all, and no locks."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from wignercq.errors import InputError, quoted
from wignercq.results.result import Result
from wignercq.sweep.kinds import Kind, OfPoint

ABANDONED = 3600.0  # seconds after which what somebody was writing is what he left behind when he was killed


def prepare(folder: Path) -> None:
    """Make a folder, and remove what killed jobs left in it; InputError where it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            now = os.fstat(probe.fileno()).st_mtime  # by the clock of the machine that keeps the files
    except OSError as error:
        raise InputError(folder, "a folder to write to", quoted(error)) from None
    for own in folder.glob("*.nc.*"):
        with suppress(OSError):  # another job has just removed it
            if now - own.stat().st_mtime > ABANDONED:
                own.unlink()


def found(kind: Kind[OfPoint, Any], target: Path, identity: str) -> OfPoint | None:
    """The result of a point; None if there is none that is whole."""
    try:
        result = kind.load(target)
    except InputError:
        return None
    return result if result.dataset.attrs.get("identity") == identity else None


def keep(result: Result, target: Path) -> None:
    """Write the result of a point under a name that nobody else has, and give it its own by a rename."""
    own = target.with_name(f"{target.name}.{secrets.token_hex(8)}")
    try:
        result.save(own)
        os.replace(own, target)
    finally:
        own.unlink(missing_ok=True)
