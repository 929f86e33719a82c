"""A run in its surroundings: what was asked, how it begins or goes on from a checkpoint, and what comes out of it."""

from __future__ import annotations

import time as clock
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from wignercq.errors import CheckpointWarning, InputError, ResolutionWarning
from wignercq.observables.resolution import Watch
from wignercq.planning.memory import require_memory
from wignercq.planning.prepare import prepare
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.step_check import StepCheck
from wignercq.results.provenance import listed_versions, versions
from wignercq.results.solution import Solution
from wignercq.run.checkpoint import Header, Snapshot
from wignercq.run.identity import identity, probe, require_consistent, require_same
from wignercq.run.record import Record
from wignercq.run.request import Request
from wignercq.run.time_loop import TimeLoop

MEANINGLESS = 0.3  # time error relative to the maximum of W from which on a result says nothing


@dataclass(eq=False)
class Session:
    """A run under way.

    Parameters
    ----------
    request : Request
    loop : TimeLoop
    step : TimeStep
        The time step and its estimated error.
    versions : dict of str to str
        What the run was begun with.
    resumed : list of str
        Where it was resumed, a line each.
    started : float
        Reading of the clock from which wall time counts.
    """

    request: Request
    loop: TimeLoop
    step: TimeStep
    versions: dict[str, str]
    resumed: list[str]
    started: float

    @classmethod
    def begin(cls, request: Request) -> Session:
        """Prepare a run at time 0.

        Raises
        ------
        InputError
            Something that was asked cannot be done.
        """
        started = clock.perf_counter()
        start = prepare(
            request.model,
            request.state,
            grid=request.grid,
            end=float(request.times[-1]),
            numerics=request.numerics,
            memory_limit=request.memory_limit,
        )
        if request.numerics.dt is not None:
            _judge(start.step, request.accuracy)
        record = Record(request.model, start.grid, request.framed)
        watch, threads = Watch(request.level), request.numerics.threads
        loop = TimeLoop(start.propagator, start.W, record, watch, threads, request.adapter(), start.check)
        return cls(request, loop, start.step, versions(), [], started)

    @classmethod
    def resume(cls, request: Request, snapshot: Snapshot) -> Session:
        """Go on from a checkpoint, to the last bit as if the run had never stopped.

        Raises
        ------
        CheckpointError
            The checkpoint is of another run.
        MemoryLimitError
            The run does not fit.
        """
        require_same(request, snapshot)
        require_consistent(request, snapshot)
        header, record, numerics = snapshot.header, snapshot.record, request.numerics
        require_memory(record.grid, numerics, request.memory_limit)
        engine = numerics.make_engine(record.grid)
        propagator = Propagator(request.model, engine, numerics.scheme, header.dt, numerics.hbar_order)
        W = engine.allocate()
        W[...] = snapshot.W
        adapter = request.adapter()
        if adapter is not None:
            adapter.notes, adapter.exhausted = list(header.notes), header.exhausted
        watch = Watch(request.level, set(header.warned))
        check = StepCheck(
            float(request.times[-1]),
            header.local_errors,
            header.error,
            numerics.tolerance,
            header.checked,
            header.excess,
        )
        loop = TimeLoop(propagator, W, record, watch, numerics.threads, adapter, check, header.steps)
        resumed = [*header.resumed, f"at t = {loop.time:.6g}{_told_changes(header.versions)}"]
        started = clock.perf_counter() - header.seconds
        return cls(request, loop, TimeStep(header.dt, header.error), header.versions, resumed, started)

    def snapshot(self) -> Snapshot:
        """Everything to go on from here."""
        loop, adapter, check = self.loop, self.loop.adapter, self.loop.check
        assert check is not None
        header = Header(
            identity=identity(self.request),
            versions=self.versions,
            resumed=self.resumed,
            dt=self.step.dt,
            error=self.step.error,
            steps=loop.steps,
            local_errors=check.expected,
            checked=check.done,
            excess=check.excess,
            warned=sorted(loop.watch.warned),
            notes=[] if adapter is None else adapter.notes,
            exhausted=adapter is not None and adapter.exhausted,
            seconds=clock.perf_counter() - self.started,
        )
        return Snapshot(header, probe(self.request), loop.record, loop.W)

    def solution(self, *, keep_state: bool = False) -> Solution | None:
        """The result so far; None before the first output."""
        loop, numerics = self.loop, self.request.numerics
        if not loop.record.rows:
            return None
        attributes = {
            "wignercq_version": self.versions["wignercq"],
            "versions": listed_versions({name: v for name, v in self.versions.items() if name != "wignercq"}),
            "model": str(self.request.model),
            "engine": numerics.engine,
            "precision": numerics.precision,
            "scheme": numerics.scheme.name,
            "hbar_order": "exact" if numerics.hbar_order is None else numerics.hbar_order,
            "tolerance": numerics.tolerance,
            "time_step": self.step.dt,
            "time_error_estimate": self.step.error * (loop.check.excess if loop.check is not None else 1),
            "grid": " x ".join(str(n) for n in loop.grid.shape),
            "grid_changes": "\n".join(loop.adapter.notes if loop.adapter is not None else []),
            "wall_time": clock.perf_counter() - self.started,
        }
        if self.resumed:
            attributes["resumed"] = "\n".join(self.resumed)
        return Solution(loop.record.dataset(attributes, loop.at_output if keep_state else None))


def _judge(step: TimeStep, accuracy: float) -> None:
    """Refuse a given time step whose result would mean nothing; warn of one whose error is worth a warning."""
    if not step.error < MEANINGLESS:
        raise InputError(
            f"dt: expected a time step with an error below {MEANINGLESS:g} of the maximum of W, got {step.dt:g} with "
            f"one of {step.error:.2g}; lower dt"
        )
    if step.error > accuracy:
        warnings.warn(
            f"time error at dt = {step.dt:g}: expected below {accuracy:.2g} of the maximum of W, "
            f"got {step.error:.2g}; lower run.dt",
            ResolutionWarning,
            stacklevel=2,
        )


def _told_changes(begun: Mapping[str, str]) -> str:
    """What a run goes on with instead of what it was begun with, after a warning; empty if nothing."""
    now = versions()
    changed = [name for name in now if now[name] != begun.get(name)]
    if not changed:
        return ""
    old, new = (
        listed_versions({n: begun.get(n, "unknown") for n in changed}),
        listed_versions({n: now[n] for n in changed}),
    )
    warnings.warn(
        f"checkpoint: begun with {old}, going on with {new}; the result is equal to rounding, not to the last bit",
        CheckpointWarning,
        stacklevel=2,
    )
    return f" with {new} instead of {old}"
