"""Checkpoints: everything a run needs to go on as if it had never stopped, in one file that is whole or refused.

The file is HDF5 behind a user block of 512 bytes that holds the SHA-256 of the rest. It is written beside its final
name, synced, and renamed; the checkpoint before it is kept as ``.previous``. Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from wignercq.errors import CheckpointError, CheckpointWarning
from wignercq.grid import Axis, Grid
from wignercq.record import FRAME_PLANES, Frame, Record

FORMAT = 1
USER_BLOCK = 512  # bytes; HDF5 allows no less
MAGIC = b"wignercq checkpoint sha256 "
PIECE = 1 << 22  # bytes read at a time


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run between two steps.

    Parameters
    ----------
    identity : dict
        What was asked: model, grid, times and numerical settings as text; a checkpoint goes on with the same only.
    probe : np.ndarray
        Some values of the initial W, relative to its maximum.
    attributes : dict
        Of the result so far: versions, scheme, time step, error estimate.
    record : Record
    steps, next_output : int
        See TimeLoop.
    warned : list of (str, str)
        Axes and quantities already warned of.
    notes : list of str
        Changes of the grid so far.
    exhausted : bool
        No more changes of the grid.
    seconds : float
        Wall time so far.
    W : np.ndarray
        Shape ``record.grid.shape``.
    """

    identity: dict[str, str]
    probe: np.ndarray
    attributes: dict[str, Any]
    record: Record
    steps: int
    next_output: int
    warned: list[tuple[str, str]]
    notes: list[str]
    exhausted: bool
    seconds: float
    W: np.ndarray


@dataclass(frozen=True)
class CheckpointFiles:
    """The last two checkpoints of one run.

    Parameters
    ----------
    path : Path
        Of the last; the one before has ``.previous`` appended.
    """

    path: Path

    @property
    def previous(self) -> Path:
        """The checkpoint before the last."""
        return self.path.with_name(self.path.name + ".previous")

    @property
    def _partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def exist(self) -> bool:
        """Whether there is one to go on from."""
        return self.path.exists() or self.previous.exists()

    def discard(self) -> None:
        """Remove both, the run being finished."""
        for path in (self._partial, self.previous, self.path):
            path.unlink(missing_ok=True)

    def write(self, snapshot: Snapshot) -> None:
        """Write a checkpoint; the last two are kept, and on an error both are as before.

        Raises
        ------
        OSError
            For example a full disk.
        """
        try:
            _write(self._partial, snapshot)
            if self.path.exists():
                os.replace(self.path, self.previous)
            os.replace(self._partial, self.path)
            _sync(self.path.parent)
        finally:
            self._partial.unlink(missing_ok=True)

    def read(self, model: Any, framed: set[int]) -> Snapshot:
        """The last checkpoint, or the one before when the last is damaged (with a CheckpointWarning).

        Raises
        ------
        CheckpointError
            There is none, or none that is whole.
        """
        reasons = []
        for path in (self.path, self.previous):
            if not path.exists():
                continue
            try:
                snapshot = _read(path, model, framed)
            except CheckpointError as error:
                reasons.append(str(error))
                continue
            for reason in reasons:
                warnings.warn(f"{reason}; going on from {path.name}", CheckpointWarning, stacklevel=2)
            return snapshot
        if reasons:
            raise CheckpointError("; ".join(reasons))
        raise CheckpointError(f"{self.path}: expected a checkpoint to resume, got nothing at this path")


def _write(path: Path, snapshot: Snapshot) -> None:
    with h5py.File(path, "w", userblock_size=USER_BLOCK) as file:
        file.attrs["header"] = json.dumps(
            {
                "format": FORMAT,
                "identity": snapshot.identity,
                "attributes": snapshot.attributes,
                "steps": snapshot.steps,
                "next_output": snapshot.next_output,
                "warned": snapshot.warned,
                "notes": snapshot.notes,
                "exhausted": snapshot.exhausted,
                "seconds": snapshot.seconds,
                "grid": _axes(snapshot.record.grid),
            }
        )
        file["probe"] = snapshot.probe
        _write_record(file, snapshot.record)
        stored = file.create_dataset("W", snapshot.W.shape, snapshot.W.dtype)
        for i in range(snapshot.W.shape[0]):
            stored[i] = snapshot.W[i]
    digest = _digest(path)
    with open(path, "r+b") as raw:
        raw.write(MAGIC + digest.encode())
        raw.flush()
        os.fsync(raw.fileno())


def _read(path: Path, model: Any, framed: set[int]) -> Snapshot:
    try:
        with open(path, "rb") as raw:
            head = raw.read(len(MAGIC) + 64)
        if head != MAGIC + _digest(path).encode():
            raise CheckpointError(f"{path}: expected a whole checkpoint, got a damaged one")
        with h5py.File(path, "r") as file:
            header = json.loads(file.attrs["header"])
            if header["format"] != FORMAT:
                raise CheckpointError(f"{path}: expected checkpoint format {FORMAT}, got {header['format']}")
            grid = Grid(*(Axis(*axis) for axis in header["grid"]))
            return Snapshot(
                identity=header["identity"],
                probe=file["probe"][...],
                attributes=header["attributes"],
                record=_read_record(file, model, grid, framed),
                steps=header["steps"],
                next_output=header["next_output"],
                warned=[(axis, quantity) for axis, quantity in header["warned"]],
                notes=header["notes"],
                exhausted=header["exhausted"],
                seconds=header["seconds"],
                W=file["W"][...],
            )
    except CheckpointError:
        raise
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: expected a readable checkpoint, got: {error}") from None


def _write_record(file: h5py.File, record: Record) -> None:
    file["times"] = record.times
    file["rates"] = np.array([*record.rates.items()], float).reshape(-1, 2)
    rows = file.create_group("rows")
    for name in record.rows[0] if record.rows else ():
        rows[name] = np.array([row[name] for row in record.rows])
    for number, frame in enumerate(record.frames):
        group = file.create_group(f"frames/{number}")
        group.attrs["time"] = frame.time
        group.attrs["grid"] = _axes(frame.grid)
        for name, plane in frame.planes.items():
            group[name] = plane


def _read_record(file: h5py.File, model: Any, grid: Grid, framed: set[int]) -> Record:
    times = file["times"][...].tolist()
    columns = {name: values[...] for name, values in file["rows"].items()}
    rows = [{name: _scalar(values[i]) for name, values in columns.items()} for i in range(len(times))]
    frames = []
    for number in range(len(file.get("frames", ()))):
        group = file[f"frames/{number}"]
        axes = Grid(*(Axis(lower, upper, int(points)) for lower, upper, points in group.attrs["grid"]))
        frames.append(Frame(float(group.attrs["time"]), axes, {name: group[name][...] for name in FRAME_PLANES}))
    return Record(model, grid, framed, times, rows, frames, dict(map(tuple, file["rates"][...].tolist())))


def _scalar(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


def _axes(grid: Grid) -> list[tuple[float, float, int]]:
    return [(axis.lower, axis.upper, axis.points) for axis in grid]


def _digest(path: Path) -> str:
    """SHA-256 of everything behind the user block."""
    sha = hashlib.sha256()
    with open(path, "rb") as raw:
        raw.seek(USER_BLOCK)
        while piece := raw.read(PIECE):
            sha.update(piece)
    return sha.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
