"""A run in its surroundings: what was asked, how it begins or goes on from a checkpoint, and what comes out of it."""

from __future__ import annotations

import platform
import time as clock
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import psutil

from wignercq.checkpoint import Snapshot
from wignercq.errors import CheckpointError, CheckpointWarning
from wignercq.grid import Axis, Grid
from wignercq.grid_choice import AxisChoice
from wignercq.model import Model
from wignercq.monitors import Watch
from wignercq.prepare import Numerics, prepare
from wignercq.propagator import Propagator
from wignercq.record import Record
from wignercq.regrid import Adapter, Freedom
from wignercq.solution import Solution
from wignercq.states import State
from wignercq.time_loop import TimeLoop

LOWEST_WARNING = 1e-9  # edge mass or spectral tail that no tolerance makes worth a warning
ADAPT_LEVEL = 0.2  # of the warning level: where the grid is changed, if it may be
PROBE_POINTS = 8  # per axis, at which initial states are compared
PROBE_TOLERANCE = 1e-9  # relative difference of initial states that are the same
VERSIONED = ("numpy", "scipy", "pyfftw", "xarray")


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked of a run.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
    grid : Grid, mapping of axis name to AxisChoice, or None
    times : np.ndarray
        Output times, the first of them 0.
    numerics : Numerics
    frames : int
        Number of outputs whose planes are kept.
    adapt : bool or None
        Whether the grid may change; None: what `grid` leaves open may.
    memory_limit : float or None
        Bytes; None is all free memory.
    """

    model: Model
    state: State | np.ndarray
    grid: Grid | Mapping[str, AxisChoice] | None
    times: np.ndarray
    numerics: Numerics
    frames: int
    adapt: bool | None
    memory_limit: float | None

    @property
    def level(self) -> float:
        """Edge mass or spectral tail worth a warning."""
        return max(self.numerics.tolerance, LOWEST_WARNING)

    @property
    def framed(self) -> set[int]:
        """Numbers of the outputs whose planes are kept: spread evenly, the last always among them."""
        last = self.times.size - 1
        return {round(k) for k in np.linspace(last, 0, min(self.frames, self.times.size))}

    @cached_property
    def freedom(self) -> Freedom:
        """What of the grid may change."""
        if self.adapt is None:
            return Freedom() if isinstance(self.grid, Grid) else Freedom.beyond(self.grid or {})
        return Freedom.full() if self.adapt else Freedom()

    def adapter(self) -> Adapter | None:
        """What changes the grid, if anything may."""
        if not self.freedom:
            return None
        return Adapter(self.freedom, ADAPT_LEVEL * self.level, self._fits, self.numerics.make_engine)

    def _fits(self, grid: Grid) -> bool:
        """Whether a run on `grid` keeps to the memory limit, counting what this process holds as free."""
        held = psutil.Process().memory_info().rss
        free = psutil.virtual_memory().available + held
        return self.numerics.memory(grid) < min(free, self.memory_limit or free)

    @property
    def identity(self) -> dict[str, str]:
        """What a run that resumes a checkpoint has to agree in, as text."""
        settings = asdict(self.numerics)
        del settings["threads"]
        return {
            "model": str(self.model),
            "grid": str(self.grid),
            "times": " ".join(map(repr, self.times.tolist())),
            "frames": str(self.frames),
            "adapt": str(self.adapt),
            **{name: str(value) for name, value in settings.items()},
        }

    @cached_property
    def probe(self) -> np.ndarray:
        """Some values of the initial W relative to their largest, to tell one state from another."""
        if isinstance(self.state, np.ndarray):
            steps = (max(1, n // PROBE_POINTS) for n in self.state.shape)
            values = np.array(self.state[tuple(slice(None, None, step) for step in steps)])
        else:
            grid = Grid(*(Axis(lower, upper, PROBE_POINTS) for lower, upper in self.state.support(1e-3)))
            values = np.zeros(grid.shape)
            self.state.fill(grid, values)
        return values / np.abs(values).max()


@dataclass(eq=False)
class Session:
    """A run under way.

    Parameters
    ----------
    request : Request
    loop : TimeLoop
    attributes : dict
        Of the result.
    started : float
        Reading of the clock from which wall time counts.
    """

    request: Request
    loop: TimeLoop
    attributes: dict[str, Any]
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
        record = Record(request.model, start.grid, request.framed)
        watch, threads = Watch(request.level), request.numerics.threads
        loop = TimeLoop(start.propagator, start.W, record, watch, threads, request.adapter())
        numerics = request.numerics
        attributes = {
            "wignercq_version": version("wignercq"),
            "versions": _versions(),
            "model": str(request.model),
            "engine": numerics.engine,
            "precision": numerics.precision,
            "scheme": numerics.scheme.name,
            "hbar_order": "exact" if numerics.hbar_order is None else numerics.hbar_order,
            "tolerance": numerics.tolerance,
            "time_step": start.step.dt,
            "time_error_estimate": start.step.error,
        }
        return cls(request, loop, attributes, started)

    @classmethod
    def resume(cls, request: Request, snapshot: Snapshot) -> Session:
        """Go on from a checkpoint, to the last bit as if the run had never stopped.

        Raises
        ------
        CheckpointError
            The checkpoint is of another run.
        """
        _require_same(request, snapshot)
        _tell_versions(snapshot.attributes)
        numerics, record = request.numerics, snapshot.record
        engine = numerics.make_engine(record.grid)
        dt = snapshot.attributes["time_step"]
        propagator = Propagator(request.model, engine, numerics.scheme, dt, numerics.hbar_order)
        W = engine.allocate()
        W[...] = snapshot.W
        adapter = request.adapter()
        if adapter is not None:
            adapter.notes, adapter.exhausted = snapshot.notes, snapshot.exhausted
        watch = Watch(request.level, set(snapshot.warned))
        loop = TimeLoop(propagator, W, record, watch, numerics.threads, adapter, snapshot.steps, snapshot.next_output)
        attributes = snapshot.attributes | {"resumed": f"at t = {loop.time:.6g}"}
        return cls(request, loop, attributes, clock.perf_counter() - snapshot.seconds)

    def snapshot(self) -> Snapshot:
        """Everything to go on from here."""
        loop, adapter = self.loop, self.loop.adapter
        return Snapshot(
            identity=self.request.identity,
            probe=self.request.probe,
            attributes=self.attributes,
            record=loop.record,
            steps=loop.steps,
            next_output=loop.next_output,
            warned=sorted(loop.watch.warned),
            notes=[] if adapter is None else adapter.notes,
            exhausted=adapter is not None and adapter.exhausted,
            seconds=clock.perf_counter() - self.started,
            W=loop.W,
        )

    def solution(self, *, keep_state: bool = False) -> Solution | None:
        """The result so far; None before the first output."""
        loop = self.loop
        if not loop.record.times:
            return None
        attributes = self.attributes | {
            "grid": " x ".join(str(n) for n in loop.grid.shape),
            "grid_changes": "\n".join(loop.adapter.notes if loop.adapter is not None else []),
            "wall_time": clock.perf_counter() - self.started,
        }
        return Solution(loop.record.dataset(attributes, loop.at_output if keep_state else None))


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in VERSIONED)
    return f"{libraries}, python {platform.python_version()}"


def _require_same(request: Request, snapshot: Snapshot) -> None:
    for key, wanted in request.identity.items():
        begun = snapshot.identity.get(key, "nothing")
        if begun != wanted:
            raise CheckpointError(f"{key}: expected {_brief(begun)} as in the checkpoint, got {_brief(wanted)}")
    probe = request.probe
    if snapshot.probe.shape != probe.shape or np.abs(snapshot.probe - probe).max() > PROBE_TOLERANCE:
        raise CheckpointError("initial: expected the initial state of the checkpoint, got another")


def _brief(text: str) -> str:
    return text if len(text) <= 100 else text[:100] + "..."


def _tell_versions(attributes: Mapping[str, Any]) -> None:
    begun = f"wignercq {attributes['wignercq_version']}, {attributes['versions']}"
    now = f"wignercq {version('wignercq')}, {_versions()}"
    if begun != now:
        warnings.warn(
            f"checkpoint: begun with {begun}, going on with {now}; equal to rounding, not to the last bit",
            CheckpointWarning,
            stacklevel=2,
        )
