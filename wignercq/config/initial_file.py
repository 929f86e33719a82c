"""Files that a configuration names for its initial state: found beside it, of a moderate size, never executed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from wignercq.errors import InputError, StateError, brief, quoted
from wignercq.results.solution import Solution
from wignercq.states.number_basis import MAX_LEVELS

LARGEST = 64 * MAX_LEVELS**2  # bytes of a file of numbers, more than any state takes
PIECE = 2**20  # bytes read at a time


def numbers_in(path: Path) -> np.ndarray:
    """The array in a .npy file; StateError where there is none."""
    expected = "a .npy file of one array of numbers"
    _require_ordinary(path)
    if path.exists() and path.stat().st_size > LARGEST:
        raise StateError("file", f"a ket or a density matrix of at most {MAX_LEVELS} levels", "a larger file")
    try:
        values = np.load(path)  # which runs nothing: NumPy pickles only when told to
    except OSError as error:
        raise StateError("file", expected, f"{brief(path.name)}{quoted(error)}") from None
    except (ValueError, EOFError, MemoryError):
        raise StateError("file", expected, "something else") from None
    if not isinstance(values, np.ndarray):
        values.close()
        raise StateError("file", expected, "an archive")
    return values


def result_in(path: Path) -> Solution:
    """The result of a run or a steady state in a file; StateError where there is none."""
    try:
        return Solution.load(path)
    except InputError as error:
        raise StateError("file", error.expected, f"{error.got}, {brief(path.name)}") from None


def digest(path: Path) -> str:
    """What tells the content of a file from others; of one that cannot be read, that it is missing."""
    found = hashlib.sha256()
    try:
        _require_ordinary(path)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                found.update(piece)
    except (OSError, StateError):
        return "missing"
    return found.hexdigest()


def _require_ordinary(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise StateError("file", "an ordinary file", "a folder, a pipe or a device")
