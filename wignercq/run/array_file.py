"""Named arrays and a header in one file that is whole or refused; reading it executes nothing.

The file is a line with the SHA-256 of the rest, the length of the header in eight bytes, the header as JSON, and the
arrays one after another. The header lists their names, types and shapes, which have to fill the file exactly: a file
never makes its reader allocate more than its own size.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from wignercq.errors import CheckpointError

MAGIC = b"wignercq archive 1, sha256 "
DIGEST = slice(len(MAGIC), len(MAGIC) + 64)
BODY = DIGEST.stop + 1  # where the signed part begins: after the newline
LENGTH_BYTES = 8  # of the length of the header
ALIGNMENT = 64  # bytes, of the first array; the header is filled up with blanks
MAX_HEADER = 2**28  # bytes
DTYPES = ("<f8", "<f4")
PIECE = 2**22  # bytes hashed at a time


@dataclass(frozen=True, eq=False)
class Pieces:
    """An array that is written part by part, so that it need not be in memory as a whole."""

    dtype: np.dtype
    shape: tuple[int, ...]
    parts: Iterable[np.ndarray]  # along the first axis


@dataclass(frozen=True, eq=False)
class Archive:
    """Arrays and what is said of them."""

    header: dict[str, Any]  # of what JSON knows
    arrays: Mapping[str, Any]  # float64 or float32, any layout; from :meth:`read`, views of the file

    def write(self, path: Path) -> None:
        """Write the file and wait until it is on the disk; after an OSError an incomplete one may be left behind."""
        listed = [(name, array.dtype.newbyteorder("<").str, array.shape) for name, array in self.arrays.items()]
        header = json.dumps({"header": self.header, "arrays": listed}).encode()
        header += b" " * (-(BODY + LENGTH_BYTES + len(header)) % ALIGNMENT)
        digest, arrays = hashlib.sha256(), self._pieces()
        with open(path, "wb") as file, _to_the_end(arrays):
            file.write(bytes(BODY))
            for piece in chain((len(header).to_bytes(LENGTH_BYTES, "little"), header), arrays):
                digest.update(piece)
                file.write(piece)
            file.seek(0)
            file.write(MAGIC + digest.hexdigest().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def pass_by(self) -> None:
        """What :meth:`write` does in the first of several processes is this in the others: the parts come to all."""
        for _ in self._pieces():
            pass

    def _pieces(self) -> Iterator[bytes]:
        """The bytes of all arrays in C order."""
        for array in self.arrays.values():
            for part in array.parts if isinstance(array, Pieces) else [array]:
                yield np.asarray(part, part.dtype.newbyteorder("<")).tobytes()

    @classmethod
    def read(cls, path: Path) -> Archive:
        """Read a file that :meth:`write` wrote, its arrays as read-only views of it.

        CheckpointError where it is damaged or something else; OSError where it cannot be read.
        """
        if not path.is_file():
            raise CheckpointError(path, "a checkpoint", "something that is no file")
        if path.stat().st_size < BODY + LENGTH_BYTES:
            raise CheckpointError(path, "a whole checkpoint", "a damaged one")
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            signature = file.read(BODY)
            while piece := file.read(PIECE):
                digest.update(piece)
        if signature != MAGIC + digest.hexdigest().encode() + b"\n":
            raise CheckpointError(path, "a whole checkpoint", "a damaged one")
        try:
            return cls(*_parse(np.asarray(np.memmap(path, np.uint8, "r"))[BODY:]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            raise CheckpointError(path, "a checkpoint of wignercq", "another content") from None


@contextmanager
def _to_the_end(parts: Iterator[bytes]) -> Iterator[None]:
    """Context that takes all parts, also after an error: other processes wait with each that they have."""
    try:
        yield
    except OSError:
        for _ in parts:
            pass
        raise


def is_archive(path: Path) -> bool:
    """Whether a file begins as those that :meth:`Archive.write` writes."""
    if not path.is_file():
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:  # said by whoever reads it
        return False


def _parse(body: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of the signed part of a file; ValueError and its like where it is not one."""
    length = int.from_bytes(body[:LENGTH_BYTES].tobytes(), "little")
    end = LENGTH_BYTES + length
    if length > min(MAX_HEADER, body.size):
        raise ValueError("header longer than its file")
    content = json.loads(body[LENGTH_BYTES:end].tobytes())
    arrays = {}
    for name, dtype, shape in content["arrays"]:
        if dtype not in DTYPES or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError("no array")
        start, end = end, end + np.dtype(dtype).itemsize * math.prod(shape)
        if end > body.size:
            raise ValueError("arrays beyond the end")
        arrays[name] = body[start:end].view(dtype).reshape(shape)
    if end != body.size:
        raise ValueError("bytes beyond the arrays")
    return content["header"], arrays
