"""Checkpoints: everything a run needs to go on as if it had never stopped, in a file that is whole or refused.

A checkpoint is written beside its final name, synced and renamed; the one before it is kept as ``.previous``.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from wignercq.errors import CheckpointError, CheckpointWarning, GridError
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model
from wignercq.results.variables import DESCRIPTIONS, FRAME_PLANES, ROW_DIMENSIONS
from wignercq.run.array_file import Archive
from wignercq.run.record import Frame, Record

FORMAT = 1
ROW_NAMES = ("time", *(name for name in DESCRIPTIONS if name not in {"energy_budget_residual", "W", *FRAME_PLANES}))

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[FiniteFloat, Field(gt=0)]
Axes = list[tuple[float, float, int]]


class Header(BaseModel):
    """What a checkpoint says beside its arrays.

    Parameters
    ----------
    identity : dict of str to str
        What was asked: model, state, grid, times and numerical settings; a checkpoint goes on with the same only.
    versions : dict of str to str
        Of the program and of the libraries that began the run.
    resumed : list of str
        Earlier resumptions, a line each.
    dt, error : float
        The time step and its estimated error.
    steps : int
        Whole steps behind W.
    local_errors, checked, excess
        See StepCheck.
    warned : list of (str, str)
        Axes and quantities already warned of.
    notes : list of str
        Changes of the grid so far.
    exhausted : bool
        No more changes of the grid.
    seconds : float
        Wall time so far.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    identity: dict[str, str]
    versions: dict[str, str]
    resumed: list[str]
    dt: Positive
    error: FiniteFloat
    steps: Count
    local_errors: list[FiniteFloat]
    checked: Count
    excess: Positive
    warned: list[tuple[str, str]]
    notes: list[str]
    exhausted: bool
    seconds: FiniteFloat


class _Layout(BaseModel):
    """The header as it is stored: with the grids that the arrays belong to."""

    model_config = ConfigDict(extra="forbid")

    header: Header
    grid: Axes
    frames: list[tuple[FiniteFloat, Axes]]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run between two steps.

    Parameters
    ----------
    header : Header
    probe : np.ndarray
        Some values of the initial W.
    record : Record
    W : np.ndarray
        Shape ``record.grid.shape``.
    """

    header: Header
    probe: np.ndarray
    record: Record
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
        """Remove both, their run being finished."""
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
            _packed(snapshot).write(self._partial)
            if self.path.exists():
                os.replace(self.path, self.previous)
            os.replace(self._partial, self.path)
            _sync(self.path.parent)
        finally:
            self._partial.unlink(missing_ok=True)

    def read(self, model: Model, framed: set[int]) -> Snapshot:
        """The last checkpoint; when it is damaged the one before, which takes its place, with a CheckpointWarning.

        Parameters
        ----------
        model : Model
        framed : set of int
            See Record.

        Raises
        ------
        CheckpointError
            There is none, or none that is whole.
        """
        if not self.exist():
            raise CheckpointError(f"{self.path}: expected a checkpoint to resume, got nothing at this path")
        if not self.path.exists():
            return _read(self.previous, model, framed)
        try:
            return _read(self.path, model, framed)
        except CheckpointError as error:
            if not self.previous.exists():
                raise
            try:
                snapshot = _read(self.previous, model, framed)
            except CheckpointError as earlier:
                raise CheckpointError(f"{error}; {earlier}") from None
            warnings.warn(f"{error}; going on from the one before", CheckpointWarning, stacklevel=2)
        os.replace(self.previous, self.path)
        return snapshot


def _packed(snapshot: Snapshot) -> Archive:
    record = snapshot.record
    layout = _Layout(
        header=snapshot.header,
        grid=_axes(record.grid),
        frames=[(frame.time, _axes(frame.grid)) for frame in record.frames],
    )
    arrays = {
        "probe": snapshot.probe,
        "rates": np.array([*record.rates.items()], float).reshape(-1, 2),
        **{f"rows/{name}": np.array([row[name] for row in record.rows], float) for name in ROW_NAMES},
        **{f"frames/{k}/{name}": frame.planes[name] for k, frame in enumerate(record.frames) for name in FRAME_PLANES},
        "W": snapshot.W,
    }
    return Archive(layout.model_dump(), arrays)


def _read(path: Path, model: Model, framed: set[int]) -> Snapshot:
    try:
        archive = Archive.read(path)
    except OSError as error:
        raise CheckpointError(f"{path}: expected a readable checkpoint, got: {error.strerror}") from None
    try:
        return _unpacked(archive, model, framed)
    except (ValidationError, GridError, KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path}: expected a checkpoint of this version, got another content") from None


def _unpacked(archive: Archive, model: Model, framed: set[int]) -> Snapshot:
    """The snapshot in an archive; ValueError and its like where it is none."""
    layout = _Layout.model_validate(archive.header)
    arrays = archive.arrays
    grid = _grid(layout.grid)
    _require(layout.header.format == FORMAT and arrays["W"].shape == grid.shape)
    frames = []
    for k, (time, axes) in enumerate(layout.frames):
        frame = Frame(time, _grid(axes), {name: np.array(arrays[f"frames/{k}/{name}"]) for name in FRAME_PLANES})
        points = dict(zip(NAMES, frame.grid.shape, strict=True))
        _require(all(frame.planes[n].shape == (points[a], points[b]) for n, (a, b) in FRAME_PLANES.items()))
        _require(all(before <= now for before, now in zip(frame.grid.shape, grid.shape, strict=True)))
        frames.append(frame)
    columns = {name: np.array(arrays[f"rows/{name}"]) for name in ROW_NAMES}
    outputs = columns["time"].size
    _require(all(c.shape == (outputs, *(4,) * len(ROW_DIMENSIONS.get(n, ()))) for n, c in columns.items()))
    rows = [{name: c[i] if c.ndim > 1 else float(c[i]) for name, c in columns.items()} for i in range(outputs)]
    _require(arrays["rates"].shape[1:] == (2,) and bool(np.isfinite(arrays["rates"]).all()))
    rates = dict(arrays["rates"].tolist())
    _require(all(row["time"] in rates for row in rows))
    record = Record(model, grid, framed, rows, frames, rates)
    return Snapshot(layout.header, np.array(arrays["probe"]), record, arrays["W"])


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def _axes(grid: Grid) -> Axes:
    return [(axis.lower, axis.upper, axis.points) for axis in grid]


def _grid(axes: Axes) -> Grid:
    return Grid(*(Axis(*axis) for axis in axes))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
