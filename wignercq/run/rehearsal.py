"""What a run will cost, from its preparation and its first steps; nothing is kept of them."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from wignercq.errors import Interrupted, MemoryLimitError, quoted, readable_size
from wignercq.grid.grid import NAMES, Grid
from wignercq.planning.memory import free_memory, room_of
from wignercq.run.progress import Progress, showing, span
from wignercq.run.request import Request
from wignercq.run.session import Session
from wignercq.run.signals import Stop, StopRequests
from wignercq.run.time_loop import CHECKS_PER_RUN, whole_steps
from wignercq.run.track import Track

LONG_ENOUGH = 0.5  # seconds of steps that tell how long one takes
MOST_STEPS = 16  # in one go


@dataclass(frozen=True)
class Rehearsal:
    """The beginning of a run, and what the rest of it will take on this machine."""

    request: Request
    grid: Grid
    dt: float
    time_error: float  # estimated, of W relative to its maximum
    steps: int
    seconds: float  # expected, from the start to the end; more where the grid grows
    memory: float  # bytes needed,
    free: float  # of so many

    def summary(self) -> str:
        """A few lines."""
        numerics, freedom = self.request.numerics, self.request.freedom
        cells, times = numerics.cells(self.grid), self.request.times
        changes = [
            f"{what} of {', '.join(name for name in NAMES if name in axes)}"
            for what, axes in (("extents", freedom.extents), ("points", freedom.points))
            if axes
        ]
        rows = {
            "grid": f"{' x '.join(map(str, self.grid.shape))}, {cells} cells",
            "extents": ", ".join(f"{n} [{a.lower:.4g}, {a.upper:.4g}]" for n, a in zip(NAMES, self.grid, strict=True)),
            "may change": " and ".join(changes) or "nothing",
            "memory": f"{readable_size(self.memory)} of {readable_size(self.free)}",
            "engine": f"{numerics.engine_name}, {numerics.precision}, {_counted(numerics.threads, 'thread')}",
            "time step": f"{self.dt:.6g} ({numerics.scheme.name})",
            "time error": f"{self.time_error:.1e} of the maximum of W",
            "steps": f"{self.steps} to t = {times[-1]:.6g}, {times.size} outputs",
            "expected time": f"{span(self.seconds)}{' or more, if the grid grows' if changes else ''}",
        }
        return "\n".join(f"{name:<16}{value}" for name, value in rows.items())


def rehearse(request: Request, *, progress: bool | Progress = False) -> Rehearsal:
    """Prepare a run and take some steps, as a run would; errors and warnings are those of the run."""
    begun = clock.perf_counter()
    with showing(progress) as shown, StopRequests(), threadpool_limits(1, "blas"):
        try:
            session = Session.begin(request, shown.tell)
            prepared = clock.perf_counter() - begun
            shown.tell("tables and first steps")
            track, numerics = session.loop.leader, request.numerics
            steps = max(1, whole_steps(float(request.times[-1]), track.propagator.dt))
            seconds = prepared + _expected(track, steps, request.times.size)
        except Stop as stop:
            raise Interrupted("interrupted", None, stop.signal) from None
        except MemoryError as error:
            raise MemoryLimitError("grid", "a run that fits the free memory", quoted(error)) from None
    room, needed = room_of(numerics, track.grid), numerics.memory(track.grid)
    free = free_memory() + needed if room is None else room.free  # the rehearsal has not let go yet
    limit = request.memory_limit
    allowed = free if limit is None else min(limit, free)
    return Rehearsal(request, track.grid, track.propagator.dt, session.step.error, steps, seconds, needed, allowed)


def _expected(track: Track, steps: int, outputs: int) -> float:
    """Seconds of tables, steps and looks at W."""
    propagator, W = track.propagator, track.W
    taken, (W, _) = _timed(propagator.advance, W, 1)
    count, in_steps = 1, 0.0
    while in_steps < LONG_ENOUGH and count < min(steps, MOST_STEPS):
        count = min(2 * count, steps, MOST_STEPS)
        in_steps, (W, _) = _timed(propagator.advance, W, count)
    each = (in_steps or taken) / count
    track.W = W
    look, _ = _timed(track.reach, 0.0, 0)
    return taken + (steps - 1) * each + max(outputs, CHECKS_PER_RUN) * look


def _timed(act: Any, *arguments: Any) -> tuple[float, Any]:
    begun = clock.perf_counter()
    result = act(*arguments)
    return clock.perf_counter() - begun, result


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
