"""A run in its surroundings: what was asked, how it begins or goes on from a checkpoint, and what comes out of it."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from wignercq.errors import CheckpointWarning, InputError, SizeWarning, warn
from wignercq.observables.resolution import ERROR_LEVEL, Watch
from wignercq.planning.memory import require_memory
from wignercq.planning.prepare import prepare
from wignercq.planning.tell import Tell, silent
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.engines import Engine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.step_check import StepCheck
from wignercq.results.provenance import listed_versions, program, solved, versions
from wignercq.results.result import Result
from wignercq.results.solution import Solution
from wignercq.results.variables import ROW_SHAPES
from wignercq.run.array_file import Pieces
from wignercq.run.checkpoint import CheckpointFiles, Header, Snapshot, TrackHeader, axes_of, grid_of
from wignercq.run.identity import identity, probe, require_consistent, require_same
from wignercq.run.progress import Progress
from wignercq.run.record import Record
from wignercq.run.request import Request
from wignercq.run.time_loop import TimeLoop
from wignercq.run.track import ON_STEP, Good, Track


@dataclass(eq=False)
class Session:
    """A run under way."""

    request: Request
    loop: TimeLoop
    records: dict[str, Record]  # of every equation, also of those that were left behind
    step: TimeStep
    versions: dict[str, str]  # what the run was begun with
    resumed: list[str]  # where it was resumed, a line each
    started: float  # reading of the clock from which wall time counts

    #: Shape of what an output has in a record, by variable.
    row_shapes: ClassVar[Mapping[str, tuple[int, ...]]] = ROW_SHAPES

    @classmethod
    def begin(cls, request: Request, tell: Tell = silent) -> Self:
        """Prepare a run at time 0; InputError where something that was asked cannot be done."""
        started, stops = clock.perf_counter(), request.on_unresolved == "stop"
        start = prepare(
            request.model,
            request.state,
            grid=request.on or request.grid,
            end=float(request.times[-1]),
            numerics=request.numerics,
            memory_limit=request.memory_limit,
            runs=len(request.equations),
            interval=request.interval,
            watch=Watch(ERROR_LEVEL) if stops else None,
            growing=request.freedom.extents,
            origin=request.origin,
            frame=request.frame_choice,
            tell=tell,
        )
        if request.numerics.dt is not None:
            start.step.judge(request.accuracy)
        if start.propagator.engine.advice:
            warn(start.propagator.engine.advice, SizeWarning)
        loop = TimeLoop({})
        for name, equation in request.equations.items():
            leads = not loop.tracks
            propagator, model = start.propagator, equation.of(request.model)
            try:
                if not leads:
                    propagator = replace(propagator, model=model, hbar_order=equation.hbar_order)
            except InputError as error:
                loop.lost[name] = str(error)
                continue
            W = start.W if leads else propagator.engine.copy(loop.leader.W)
            frame = None if propagator.frame is None else propagator.frame.beginning
            record = request.record(name, start.grid, frame)
            watch = Watch(request.level, stops) if leads else Watch(ERROR_LEVEL)  # the grid is chosen for the first
            _follow(loop, request, name, propagator, W, record, watch, start.check if leads else None)
        records = {name: track.record for name, track in loop.tracks.items()}
        return cls(request, loop, records, start.step, versions(), [], started)

    @classmethod
    def resume(cls, request: Request, snapshot: Snapshot) -> Self:
        """Go on from a checkpoint, to the last bit as if the run had never stopped.

        CheckpointError where it is of another run; MemoryLimitError where the run does not fit.
        """
        require_same(request, snapshot)
        require_consistent(request, snapshot)
        header, numerics = snapshot.header, request.numerics
        grids = [snapshot.records[name].grid for name in header.tracks]
        require_memory(grids, numerics, request.memory_limit)
        loop = TimeLoop({}, header.steps, dict(header.lost))
        for (name, stored), grid in zip(header.tracks.items(), grids, strict=True):
            engine = numerics.make_engine(grid)
            equation, record = request.equations[name], snapshot.records[name]
            model, order = equation.of(request.model), equation.hbar_order
            propagator = Propagator(model, engine, numerics.scheme, header.dt, order, header.exact_bath, record.frame)
            check = None
            if stored.local_errors:
                end, error = float(request.times[-1]), header.error
                check = StepCheck(
                    end,
                    stored.local_errors,
                    error,
                    numerics.tolerance,
                    numerics.dt is not None,
                    stored.checked,
                    stored.excess,
                )
            W = engine.restored(snapshot.fields[name])
            level, stops = (ERROR_LEVEL, True) if loop.tracks else (request.level, request.on_unresolved == "stop")
            watch = Watch(level, stops, stored.unresolved, set(stored.warned))
            track = _follow(loop, request, name, propagator, W, record, watch, check)
            if track.adapter is not None:
                track.adapter.notes, track.adapter.exhausted = list(stored.notes), stored.exhausted
                track.adapter.refinements = list(stored.refinements)
            if stored.good is not None and track.keeps:
                owner = numerics.make_engine(grid_of(stored.good))
                track.good = Good(owner, owner.restored(snapshot.fields[f"{name}/good"]))
            elif abs(record.times[-1] - loop.time) < ON_STEP * header.dt:  # W is that of the last output
                track.keep_copy()
        changes = _told_changes(header.versions) + _told_devices(header.devices, loop.leader.engine.devices)
        resumed = [*header.resumed, f"at t = {request.origin + loop.time:.6g}{changes}"]
        started = clock.perf_counter() - header.seconds
        step = TimeStep(header.dt, header.error)
        return cls(request, loop, snapshot.records, step, header.versions, resumed, started)

    def make_ready(self, files: CheckpointFiles | None, resume: bool, shown: Progress) -> None:
        """Compute what comes before the first step, beside the checkpoints: nothing, for a run."""

    def outputs(self) -> Iterator[float]:
        """Go through all outputs still to come, yielding every moment at which a snapshot can be taken."""
        yield from self.loop.outputs(self.request.times)

    def snapshot(self) -> Snapshot:
        """Everything to go on from here."""
        tracks, fields = {}, {}
        for name, track in self.loop.tracks.items():
            adapter, check = track.adapter, track.check
            tracks[name] = TrackHeader(
                local_errors=[] if check is None else check.expected,
                checked=0 if check is None else check.done,
                excess=1.0 if check is None else check.excess,
                unresolved=track.watch.unresolved,
                warned=sorted(track.watch.warned),
                notes=[] if adapter is None else adapter.notes,
                exhausted=adapter is not None and adapter.exhausted,
                refinements=[] if adapter is None else adapter.refinements,
                good=None if track.good is None or track.good.W is track.W else axes_of(track.good.engine.grid),
            )
            fields[name] = _stored(track.engine, track.W)
            if track.good is not None and track.good.W is not track.W:
                fields[f"{name}/good"] = _stored(*track.good)
        frame = self.loop.leader.propagator.frame
        header = Header(
            identity=identity(self.request),
            versions=self.versions,
            resumed=self.resumed,
            dt=self.loop.dt,
            error=self.step.error if self.loop.leader.check is None else self.loop.leader.check.error,
            exact_bath=self.loop.leader.propagator.exact_bath,
            steps=self.loop.steps,
            seconds=clock.perf_counter() - self.started,
            tracks=tracks,
            lost=self.loop.lost,
            frame=None if frame is None else frame.beginning,
            devices=self.loop.leader.engine.devices,
        )
        return Snapshot(header, probe(self.request), self.records, fields)

    def solution(self) -> Result | None:
        """The result so far; None before the first output. One that was stopped has its last W if any is kept."""
        track = self.loop.leader
        if not track.record.rows:
            return None
        stopped, keeping = len(track.record.rows) < self.request.times.size, self.request.keeping
        good = track.good if keeping.last or stopped else None
        grid = track.grid if good is None else good.engine.grid
        attributes = {
            **self.attributes,
            "hbar_order": self.request.numerics.hbar_text,
            "grid": " x ".join(str(n) for n in grid.shape),
            "grid_changes": "\n".join(track.adapter.notes if track.adapter is not None else []),
        }
        W = None if good is None else good.for_result(copied=False)
        return Solution(track.record.dataset(attributes, W, grid))

    @property
    def attributes(self) -> dict[str, Any]:
        """What is to be known of any result: program, model, settings, step and its error, time taken."""
        numerics, check = self.request.numerics, self.loop.leader.check
        attributes = {
            **program(self.versions),
            **solved(self.request.model),
            **numerics.attributes,
            "bath": "one flow with free motion" if self.loop.leader.propagator.exact_bath else "split",
            "frame": "fixed" if self.loop.leader.propagator.frame is None else "moving",
            "time_step": self.loop.dt,
            "time_error_estimate": self.step.error if check is None else check.estimate,
            "wall_time": clock.perf_counter() - self.started,
        }
        if self.resumed:
            attributes["resumed"] = "\n".join(self.resumed)
        if self.loop.leader.watch.unresolved:
            attributes["unresolved"] = self.loop.leader.watch.unresolved
        return attributes


def _follow(
    loop: TimeLoop,
    request: Request,
    name: str,
    propagator: Propagator,
    W: Any,
    record: Record,
    watch: Watch,
    check: StepCheck | None,
) -> Track:
    """Add a track to a loop."""

    def beside() -> list[Any]:
        return [track.grid for other, track in loop.tracks.items() if other != name]

    if check is not None:
        check.origin = request.origin
    adapter = request.adapter(name, beside)
    loop.tracks[name] = Track(propagator, W, record, watch, adapter, check, keeps=bool(request.keeping))
    return loop.tracks[name]


def _stored(engine: Engine, W: Any) -> dict[str, Pieces]:
    """W as it goes into a checkpoint."""
    shapes, parts = engine.stored_shapes(engine.grid), engine.stored(W)
    return {key: Pieces(engine.dtype, shapes[key], parts[key]) for key in shapes}


def _told_devices(begun: int, now: int) -> str:
    """On how many devices a run goes on in place of others, after a warning; empty where they are as many."""
    if begun == now:
        return ""
    changed = f"with {now} in place of {begun} device{'s' * (begun > 1)}"
    warn(f"checkpoint: going on {changed}; the result is equal to rounding, not to the last bit", CheckpointWarning)
    return f" {changed}"


def _told_changes(begun: Mapping[str, str]) -> str:
    """What a run goes on with instead of what it was begun with, after a warning; empty if nothing."""
    now = versions()
    changed = [name for name in now if now[name] != begun.get(name)]
    if not changed:
        return ""
    old = listed_versions({name: begun.get(name, "unknown") for name in changed})
    new = listed_versions({name: now[name] for name in changed})
    warn(
        f"checkpoint: begun with {old}, going on with {new}; the result is equal to rounding, not to the last bit",
        CheckpointWarning,
    )
    return f" with {new} instead of {old}"
