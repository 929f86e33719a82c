"""Checkpoints: everything a run needs to go on as if it had never stopped, in a file that is whole or refused.

A checkpoint is written beside its final name, synced and renamed; the one before it is kept as ``.previous``.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from wignercq.errors import CheckpointError, CheckpointWarning, GridError, InputError, quoted, warn
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.propagation.engines import processes
from wignercq.propagation.frame import Beginning
from wignercq.results.variables import FRAME_PLANES
from wignercq.results.whole_file import destination
from wignercq.run.adaptation import Refinement
from wignercq.run.array_file import Archive
from wignercq.run.record import Frame, KeptState, Record

FORMAT = 5

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[FiniteFloat, Field(gt=0)]
Axes = list[tuple[float, float, int]]
Empty: TypeAlias = Callable[[str, Grid, Beginning | None], Record]  # a record by its name in which nothing is reported


class TrackHeader(BaseModel):
    """What a checkpoint says of one equation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # see StepCheck; no local errors where nothing is checked
    local_errors: list[FiniteFloat]
    checked: Count
    excess: Positive
    unresolved: str
    warned: list[tuple[str, str]]  # axes and quantities already warned of
    notes: list[str]  # changes of the grid so far
    exhausted: bool  # no more changes of the grid
    refinements: list[Refinement] = []  # see Adapter
    good: Axes | None = None  # where the W of the last output lies, if that is another one than W now


class Header(BaseModel):
    """What a checkpoint says beside its arrays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    # what was asked: model, state, grid, times and numerical settings; a checkpoint goes on with the same only
    identity: dict[str, str]
    versions: dict[str, str]  # of the program and of the libraries that began the run
    resumed: list[str]  # earlier resumptions, a line each
    dt: Positive
    error: FiniteFloat  # estimated, of this time step
    exact_bath: bool  # see Propagator
    steps: Count  # whole steps behind W
    seconds: FiniteFloat  # wall time so far
    tracks: dict[str, TrackHeader]  # of every equation that is still followed
    lost: dict[str, str]  # equations that are not, and why
    frame: Beginning | None = None  # of one that moves; None: the laboratory's
    devices: Count = 1  # that had a part of W each


class _RecordLayout(BaseModel):
    """The grids that the arrays of a record belong to."""

    model_config = ConfigDict(extra="forbid")

    grid: Axes
    frames: list[tuple[FiniteFloat, Axes]]
    latest: bool = False  # whether the last of the frames is that of an output that is not framed
    states: list[tuple[FiniteFloat, Axes]] = []


class _Layout(BaseModel):
    """The header as it is stored."""

    model_config = ConfigDict(extra="forbid")

    header: Header
    records: dict[str, _RecordLayout]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run between two steps."""

    header: Header
    probe: np.ndarray  # some values of the initial W
    records: dict[str, Record]
    # W of every equation still followed, as Engine.stored names its arrays; under NAME/good that of its last output
    fields: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class CheckpointFiles:
    """The last two checkpoints of one run, and what it computed before its first step."""

    path: Path  # of the last; the one before has ``.previous`` appended

    @property
    def previous(self) -> Path:
        """The checkpoint before the last."""
        return self.path.with_name(self.path.name + ".previous")

    @property
    def _partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def piece(self, name: str) -> Path:
        """Where something lies that was computed before the first step."""
        return self.path.with_name(f"{self.path.name}.{name}.nc")

    @property
    def _pieces(self) -> list[Path]:
        return sorted(self.path.parent.glob(f"{glob.escape(self.path.name)}.*.nc"))

    @property
    def have_steps(self) -> bool:
        """Whether there is a checkpoint, and not only what comes before the first step."""
        return self.path.exists() or self.previous.exists()

    def require_files(self) -> None:
        """CheckpointError where something lies in the place of a checkpoint that is no file, or a read-only one."""
        for path in (self._partial, self.previous, self.path):
            try:
                destination(path)
            except InputError as error:
                raise CheckpointError(*error.args) from None

    def exist(self) -> bool:
        """Whether there is something to go on from."""
        return self.have_steps or bool(self._pieces)

    def discard(self) -> None:
        """Remove all of it, the run being finished."""
        for path in (self._partial, self.previous, self.path, *self._pieces):
            path.unlink(missing_ok=True)

    def write(self, snapshot: Snapshot) -> None:
        """Write a checkpoint; the last two are kept, and after an OSError (a full disk, say) both are as before.

        Of several processes the first one does, from what each of them has.
        """
        if not processes.is_first():
            _packed(snapshot).pass_by()
            return
        try:
            _packed(snapshot).write(self._partial)
            if self.path.exists():
                os.replace(self.path, self.previous)
            os.replace(self._partial, self.path)
            _sync(self.path.parent)
        finally:
            self._partial.unlink(missing_ok=True)

    def read(self, empty: Empty, shapes: Mapping[str, tuple[int, ...]]) -> Snapshot:
        """The last checkpoint; when it is damaged the one before, which takes its place, with a CheckpointWarning.

        `empty` makes a record in which nothing is reported, `shapes` says what each output has in one. CheckpointError
        where none is whole.
        """
        if not self.have_steps:
            raise CheckpointError(self.path, "a checkpoint to resume", "nothing at this path")
        if not self.path.exists():
            return _read(self.previous, empty, shapes)
        try:
            return _read(self.path, empty, shapes)
        except CheckpointError as error:
            if not self.previous.exists():
                raise
            try:
                snapshot = _read(self.previous, empty, shapes)
            except CheckpointError as earlier:
                raise CheckpointError(error.argument, error.expected, f"{error.got}; {earlier}") from None
            warn(f"{error}; going on from the one before", CheckpointWarning)
        processes.gathered(0)  # all have read it
        processes.first_does(lambda: os.replace(self.previous, self.path))
        return snapshot


def outline(path: Path) -> tuple[Header, dict[str, dict[str, np.ndarray]]]:
    """What the checkpoint at a path says beside its W: the header, and the outputs of each equation by variable.

    CheckpointError where it is damaged or something else.
    """
    try:
        archive = Archive.read(path)
    except OSError as error:
        raise CheckpointError(path, "a readable checkpoint", quoted(error)) from None
    try:
        layout = _Layout.model_validate(archive.header)
        rows = {
            name: {
                key.removeprefix("rows/"): np.array(values)
                for key, values in _own(name, archive.arrays).items()
                if key.startswith("rows/")
            }
            for name in layout.records
        }
        _require(layout.header.format == FORMAT and bool(rows) and all(len(row["time"]) > 0 for row in rows.values()))
        _require(all(len(values) == len(row["time"]) for row in rows.values() for values in row.values()))
    except (ValidationError, KeyError, TypeError, ValueError):
        raise CheckpointError(path, "a checkpoint of this version", "another content") from None
    return layout.header, rows


def _packed(snapshot: Snapshot) -> Archive:
    layouts, arrays = {}, {"probe": snapshot.probe}
    for name, record in snapshot.records.items():
        known = record.frames if record.latest is None else [*record.frames, record.latest]
        layouts[name] = _RecordLayout(
            grid=axes_of(record.grid),
            frames=[(frame.time, axes_of(frame.grid)) for frame in known],
            latest=record.latest is not None,
            states=[(state.time, axes_of(state.grid)) for state in record.states],
        )
        arrays[f"{name}/rates"] = np.array([*record.rates.items()], float).reshape(-1, 2)
        columns = record.rows[0] if record.rows else {}
        arrays |= {f"{name}/rows/{column}": np.array([row[column] for row in record.rows], float) for column in columns}
        arrays |= {f"{name}/states/{k}": state.W for k, state in enumerate(record.states)}
        for k, frame in enumerate(known):
            arrays |= {f"{name}/frames/{k}/{plane}": values for plane, values in frame.planes.items()}
    fields = {f"{name}/{key}": part for name, parts in snapshot.fields.items() for key, part in parts.items()}
    return Archive(_Layout(header=snapshot.header, records=layouts).model_dump(), {**arrays, **fields})


def _read(path: Path, empty: Empty, shapes: Mapping[str, tuple[int, ...]]) -> Snapshot:
    try:
        archive = Archive.read(path)
    except OSError as error:
        raise CheckpointError(path, "a readable checkpoint", quoted(error)) from None
    try:
        return _unpacked(archive, empty, shapes)
    except (ValidationError, GridError, KeyError, TypeError, ValueError):
        raise CheckpointError(path, "a checkpoint of this version", "another content") from None


def _unpacked(archive: Archive, empty: Empty, shapes: Mapping[str, tuple[int, ...]]) -> Snapshot:
    """The snapshot in an archive; ValueError and its like where it is none."""
    layout = _Layout.model_validate(archive.header)
    arrays = archive.arrays
    _require(layout.header.format == FORMAT and bool(layout.records))
    records = {}
    for name, stored in layout.records.items():
        record = empty(name, grid_of(stored.grid), layout.header.frame)
        records[name] = _restored(record, stored, _own(name, arrays), shapes)
    fields = {
        name: {key: part for key, part in _own(name, arrays).items() if key.startswith("W")}
        for name in layout.header.tracks
    }
    _require(all(name in records and parts for name, parts in fields.items()))
    for name, header in layout.header.tracks.items():
        if header.good is not None:
            fields[f"{name}/good"] = _own("good", _own(name, arrays))
    return Snapshot(layout.header, np.array(arrays["probe"]), records, fields)


def _own(name: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of an equation."""
    return {key.removeprefix(f"{name}/"): value for key, value in arrays.items() if key.startswith(f"{name}/")}


def _restored(
    record: Record, layout: _RecordLayout, arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> Record:
    """A record with all that was reported in it."""
    frames = []
    for k, (time, axes) in enumerate(layout.frames):
        frame = Frame(time, grid_of(axes), {name: np.array(arrays[f"frames/{k}/{name}"]) for name in FRAME_PLANES})
        points = dict(zip(NAMES, frame.grid.shape, strict=True))
        _require(all(frame.planes[n].shape == (points[a], points[b]) for n, (a, b) in FRAME_PLANES.items()))
        _require(all(before <= now for before, now in zip(frame.grid.shape, record.grid.shape, strict=True)))
        frames.append(frame)
    columns = {name: np.array(arrays[f"rows/{name}"]) for name in shapes}
    outputs = columns["time"].size
    _require(all(column.shape == (outputs, *shapes[name]) for name, column in columns.items()))
    rows = [{name: c[i] if c.ndim > 1 else float(c[i]) for name, c in columns.items()} for i in range(outputs)]
    _require(arrays["rates"].shape[1:] == (2,) and bool(np.isfinite(arrays["rates"]).all()))
    rates = dict(arrays["rates"].tolist())
    states = [KeptState(time, grid_of(axes), arrays[f"states/{k}"]) for k, (time, axes) in enumerate(layout.states)]
    _require(all(state.W.shape == state.grid.shape for state in states))
    latest = frames.pop() if layout.latest else None
    return replace(record, rows=rows, frames=frames, rates=rates, states=states, latest=latest)


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def axes_of(grid: Grid) -> Axes:
    """A grid as it is stored."""
    return [(axis.lower, axis.upper, axis.points) for axis in grid]


def grid_of(axes: Axes) -> Grid:
    """A grid that was stored."""
    return Grid(*(Axis(*axis) for axis in axes))


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where a folder can be opened: not on Windows."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
