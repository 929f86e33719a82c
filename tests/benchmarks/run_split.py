"""Where the wall time of a whole run goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from common import markdown, timed

from wignercq import Model, Propagator, Solution, evolve
from wignercq.planning.grid_choice import Outlook
from wignercq.planning.pilot import Pilot
from wignercq.propagation.engines import TiledEngine
from wignercq.run.record import Record
from wignercq.states import State

#: What counts as which phase; a call inside another counted call belongs to the outer one.
PHASES: tuple[tuple[str, Any, str], ...] = (
    ("choosing the grid", Outlook, "of"),
    ("pilot runs", Pilot, "survey"),
    ("pilot runs", Pilot, "plan"),
    ("steps", Propagator, "advance"),
    ("steps", Propagator, "leap"),
    ("observables and monitors", TiledEngine, "marginals"),
    ("observables and monitors", TiledEngine, "spectral_power"),
    ("observables and monitors", Record, "dataset"),
)


class Stopwatch:
    """Seconds by phase, counted for the outermost phase alone."""

    def __init__(self) -> None:
        self.seconds = {phase: 0.0 for phase, _, _ in PHASES}
        self._busy = False

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """Count the time of this block, unless it is inside another."""
        if self._busy:
            yield
            return
        self._busy, start = True, time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] += time.perf_counter() - start
            self._busy = False

    def around(self, phase: str, owner: Any, name: str) -> Any:
        """What to put in the place of ``owner.name``."""
        function = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            with self.during(phase):
                return function(*arguments, **options)

        bound = isinstance(vars(owner)[name], classmethod)
        return staticmethod(watched) if bound else watched


def split(run: Callable[[], Solution]) -> tuple[Solution, dict[str, float]]:
    """The result of a run and its wall seconds by phase."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for phase, owner, name in PHASES:
            stack.enter_context(mock.patch.object(owner, name, watch.around(phase, owner, name)))
        solution, total = timed(run)
    idle = [phase for phase, spent in watch.seconds.items() if not spent]
    if idle:
        raise SystemExit(f"run_split: expected time spent in every phase, got none in {', '.join(idle)}")
    return solution, {**watch.seconds, "the rest": total - sum(watch.seconds.values()), "in all": total}


def table(runs: dict[str, tuple[Model, State, float, int, float]]) -> str:
    """Table of the phases of each run: model, state, duration, outputs, tolerance."""
    columns, parts = [], []
    for name, (model, state, duration, outputs, tolerance) in runs.items():
        solution, seconds = split(
            lambda m=model, s=state, d=duration, o=outputs, t=tolerance: evolve(
                m, s, duration=d, outputs=o, tolerance=t
            )
        )
        attributes = solution.dataset.attrs
        steps = round(duration / attributes["time_step"])
        columns.append(f"{name}: {attributes['grid']}, {steps} steps")
        parts.append(seconds)
    rows = [(phase, *(f"{p[phase]:.1f} s ({p[phase] / p['in all']:.0%})" for p in parts)) for phase in parts[0]]
    return markdown(("phase", *columns), rows)
