"""What makes two runs the same: what was asked of them as text, and values of the initial W to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from wignercq.errors import CheckpointError, cut
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.thermal import MINIMAL
from wignercq.planning.numerics import DTYPES
from wignercq.run.checkpoint import Snapshot, grid_of
from wignercq.run.record import Record
from wignercq.run.request import Request
from wignercq.run.time_loop import whole_steps
from wignercq.states import State

#: Settings that a run that goes on may have changed.
UNIMPORTANT = ("threads", "devices", "forms_W", "kept", "copies")
PROBE_TOLERANCE = 1e-9  # largest difference in what is compared of initial states that are the same

PROBE_LEVEL = 1e-3  # initial states are compared where they are above this share of their maximum,
PROBE_POINTS = 8  # at so many points per axis
PROBE_DIGITS = 6  # decimals of them in a digest
DIGEST_SHOWN = 16  # digits of a digest that tell arrays apart


def identity(request: Request) -> dict[str, str]:
    """What a run that goes on from a checkpoint has to agree in, as text; the keys name arguments."""
    model = request.model
    of_model = {f.name: getattr(model, f.name) for f in fields(model) if f.init and f.name != "parameters"}
    for name, plain in (("quantum_bath", None), ("noises", ()), ("dynamics", MINIMAL)):
        if of_model[name] == plain:
            del of_model[name]
    settings = [f.name for f in fields(request.numerics) if f.name not in UNIMPORTANT]
    numerics = {name: getattr(request.numerics, name) for name in settings}
    extents, points = sorted(request.freedom.extents), sorted(request.freedom.points)
    values = {
        **of_model,
        **{f"parameters.{name}": value for name, value in request.model.parameters.items()},
        "state": _digest(request.state) if isinstance(request.state, np.ndarray) else type(request.state).__name__,
        **{f"grid.{name}": _axis(request.grid, name) for name in NAMES},
        "adapt": f"extents of {', '.join(extents) or 'no axis'}, points of {', '.join(points) or 'no axis'}",
        "times": f"{request.times.size} outputs to t = {request.times[-1]}, {_digest(request.times)}",
        "frames": request.frames,
        "keep_state": f"{len(request.keeping.outputs)} times before the last" if request.keeping.outputs else "none",
        **{f"keep_state.{number}": request.times[number] for number in sorted(request.keeping.outputs)},
        **({} if request.wanted is None else request.wanted.identity),
        **request.further,
        "start": request.origin,
        "state.grid": request.on,
        "frame": request.frame,
        "on_unresolved": request.on_unresolved,
        "interval": request.interval,
        **numerics,
        **{f"equations.{name}": its.text for name, its in request.equations.items() if len(request.equations) > 1},
    }
    return {name: str(value) for name, value in values.items()}


def probe(request: Request) -> np.ndarray:
    """Where the initial W lies and some of its values, all of order one, to tell states apart; nothing of arrays.

    Arrays have their digest in the identity.
    """
    if isinstance(request.state, np.ndarray):
        return np.zeros(0)
    return _probe(request.state)


def state_digest(state: State) -> str:
    """What tells states apart, as text."""
    return _digest(np.round(_probe(state), PROBE_DIGITS) + 0.0)


def _probe(state: State) -> np.ndarray:
    lower, upper = state.support(PROBE_LEVEL).T
    W = state.wigner(Grid(*(Axis(*ends, PROBE_POINTS) for ends in zip(lower, upper, strict=True))))
    return np.concatenate([lower / (upper - lower), np.log(upper - lower), W.ravel() / np.abs(W).max()])


def _axis(grid: Grid | Mapping[str, FixedAxis] | None, name: str) -> str:
    """What is fixed of an axis."""
    if isinstance(grid, Grid):
        axis: Axis = getattr(grid, name)
        choice = FixedAxis((axis.lower, axis.upper), axis.points)
    else:
        choice = (grid or {}).get(name, FixedAxis())
    where = "chosen" if choice.extent is None else f"[{float(choice.extent[0])}, {float(choice.extent[1])}]"
    return f"extent {where}, points {'chosen' if choice.points is None else choice.points}"


def _digest(array: np.ndarray) -> str:
    return "sha256 " + hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()[:DIGEST_SHOWN]


def require_same(request: Request, snapshot: Snapshot) -> None:
    begun, asked = snapshot.header.identity, identity(request)
    for key in {**asked, **begun}:
        if begun.get(key) != asked.get(key):
            raise CheckpointError(
                key, f"{cut(begun.get(key, 'nothing'))} as in the checkpoint", cut(asked.get(key, "nothing"))
            )
    values = probe(request)
    if snapshot.probe.shape != values.shape or not (np.abs(snapshot.probe - values) <= PROBE_TOLERANCE).all():
        raise CheckpointError("state", "the initial state of the checkpoint", "another")


def require_consistent(request: Request, snapshot: Snapshot) -> None:
    """Refuse a checkpoint that no run of `request` can have written."""
    times, header = request.times, snapshot.header
    leader = next(iter(snapshot.records.values()))
    outputs = len(leader.rows)
    first, last = (whole_steps(float(times[min(n, times.size) - 1]), header.dt) for n in (max(outputs, 1), outputs + 1))
    if (
        not 0 < outputs <= times.size
        or not all(_agrees(record, request, outputs) for record in snapshot.records.values())
        or not all(len(snapshot.records[name].rows) == outputs for name in header.tracks)
        or not all(row["time"] in leader.rates for row in leader.rows)
        or not first <= header.steps <= last
        or request.numerics.dt not in (None, header.dt)
        or not all(_fits(parts, _grid(name, snapshot), request) for name, parts in snapshot.fields.items())
        or next(iter(snapshot.records)) not in header.tracks
        or not {*header.tracks} <= {*request.equations}
        or next(iter(snapshot.records)) != next(iter(request.equations))
    ):
        raise CheckpointError("checkpoint", "one that this program has written", "one that contradicts itself")


def _grid(name: str, snapshot: Snapshot) -> Grid:
    """Where a W in a checkpoint lies: that of an equation, or that of its last output."""
    track, _, is_good = name.partition("/")
    good = snapshot.header.tracks[track].good
    return grid_of(good) if is_good and good is not None else snapshot.records[track].grid


def _fits(parts: Mapping[str, np.ndarray], grid: Grid, request: Request) -> bool:
    """Whether these are the arrays that W is stored as."""
    shapes = {key: part.shape for key, part in parts.items()}
    is_whole = shapes == request.numerics.stored_shapes(grid)
    return is_whole and all(part.dtype == DTYPES[request.numerics.precision] for part in parts.values())


def _agrees(record: Record, request: Request, outputs: int) -> bool:
    """Whether a record has the first outputs and frames of a run, at most so many."""
    count = len(record.rows)
    kept = [float(request.times[n]) for n in sorted(request.framed) if n < count]
    times = request.times[:count].tolist()
    states = [float(request.times[n]) for n in sorted(request.keeping.outputs) if n < count]
    return (
        count <= outputs
        and record.times == times
        and [frame.time for frame in record.frames] == kept
        and [state.time for state in record.states] == states
        and (record.latest is None or record.latest.time == times[-1])
    )
