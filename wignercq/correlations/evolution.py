"""W and what operators make of it, evolved to the times asked for and looked at there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from wignercq.correlations.measurement import Measurement
from wignercq.errors import GridError, ResolutionError
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.model import Model
from wignercq.observables.resolution import Watch, mass_at_ends, spectral_tail
from wignercq.planning.coarse_grid import coarsened
from wignercq.planning.numerics import Numerics
from wignercq.planning.pilot import LEAST_ERROR, Pilot
from wignercq.planning.tell import Tell, silent
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.propagator import Propagator

ON_STEP = 1e-9  # a time this close to a step boundary, in steps, is on it
SAME_SPACING = 1e-9  # of the spacing of times, by which they may differ from equal ones


@dataclass(eq=False)
class InsertionPilot(Pilot):
    """Pilot runs of a W that is no state: it decays, and its sums along axes may vanish.

    Its errors are relative to its maximum at time 0, times `largest`.
    """

    largest: float = 1.0  # maximum of W before it was scaled, in units of what an error is to be relative to

    @cached_property
    def _beginning(self) -> Any:
        return self.engine.thinned(self.initial)

    def _deviation(self, weights: Sequence[float], runs: Sequence[list[Any]]) -> float:
        beginning = self._beginning
        found = [self.engine.deviation((*weights, 0.0), (*fields, beginning)) for fields in zip(*runs, strict=True)]
        inside, anywhere = np.max(found, axis=0)
        noticed = self._seen is not None and anywhere > self._seen.lost
        return max(LEAST_ERROR, self.largest * float(anywhere if noticed else inside))


def step_for(
    model: Model,
    engine: Engine,
    W: Any,
    times: np.ndarray,
    numerics: Numerics,
    *,
    largest: float,
    exact_bath: bool,
    tell: Tell = silent,
) -> TimeStep:
    """The time step, asked or chosen, for a W that is no state and whose modulus has the integral 1.

    It is found on a coarser grid, or on the grid itself where the coarser one did not hold W; `largest` is that of
    :class:`InsertionPilot`.
    """
    coarse, end = engine.on(coarsened(engine.grid, engine.spectral_power(W), numerics.tolerance)), float(times[-1])

    def pilot_on(place: Engine, initial: Any) -> InsertionPilot:
        scheme, order = numerics.scheme, numerics.hbar_order
        return InsertionPilot(model, scheme, order, place, initial, end, exact_bath, tell=tell, largest=largest)

    interval = equal_interval(times)
    with suppress(GridError):
        pilot = pilot_on(coarse, engine.transferred(W, coarse))
        step, _ = pilot.plan(numerics, interval)
        if pilot.held_w:
            return step
    return pilot_on(engine, W).plan(numerics, interval)[0]


def equal_interval(times: np.ndarray) -> float | None:
    """The interval between times that are multiples of it, None where they are not all in a row."""
    spacings = np.diff(times, prepend=0.0)[int(times[0] == 0) :]
    even = np.ptp(spacings) <= SAME_SPACING * spacings.max()
    return float(times[-1] / spacings.size) if even else None


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen of W at one time."""

    averages: np.ndarray  # of the formulas measured
    edge: np.ndarray  # mass near both ends of each axis, shape (4,)
    tail: np.ndarray  # spectral tail of each axis, shape (4,)
    change: float  # largest difference from W at time 0, relative to its maximum there


@dataclass(eq=False)
class Evolution:
    """W on its way through the times asked for.

    Edge mass and spectral tail are shares of W at time 0, whose modulus has the integral 1, so that what has decayed
    loses nothing any more. A signed W may vanish when integrated over three variables: its edges are seen in planes.
    """

    propagator: Propagator
    measurement: Measurement
    watch: Watch
    steps: int = 0
    _spare: Any = field(init=False, default=None)

    @property
    def engine(self) -> Engine:
        """The engine that owns W."""
        return self.propagator.engine

    def through(self, W: Any, times: np.ndarray) -> Iterator[Seen]:
        """What is seen of W, which is spent, at each of the times."""
        engine, dt = self.engine, self.propagator.dt
        beginning, integral = engine.thinned(W), engine.integral(W)
        for time in times:
            steps = _whole_steps(float(time), dt)
            if steps > self.steps:
                W, _ = self.propagator.advance(W, steps - self.steps)
                self.steps = steps
            remainder, there = float(time) - self.steps * dt, W
            if remainder > ON_STEP * dt:
                there = self.propagator.leap(W, remainder, self._spare if self._spare is not None else engine.empty())
                self._spare = there
            yield self._look(there, float(time), beginning, integral)

    def _look(self, W: Any, time: float, beginning: Any, integral: float) -> Seen:
        engine = self.engine
        planes, absolute = engine.marginals(W)
        if not math.isfinite(absolute):
            raise ResolutionError(f"W is not finite at t = {time:.6g}: expected finite numbers, got NaN or infinity")
        edge = edge_masses(planes, engine.grid)
        tail = min(1.0, absolute) * spectral_tail(engine.spectral_power(W))
        now = float(planes["q", "p"].sum()) * engine.grid.q.spacing * engine.grid.p.spacing
        self.watch.check(time, 1 + now - integral, edge, tail)
        change = engine.deviation((1, -1), (engine.thinned(W), beginning)).anywhere
        return Seen(self.measurement.of(planes, lambda: engine.slabs(W)), edge, tail, change)


def edge_masses(planes: dict[tuple[str, str], np.ndarray], grid: Grid) -> np.ndarray:
    """Mass near both ends of each axis, shape (4,): the most that one of its planes shows of its modulus."""
    axes, found = dict(zip(NAMES, grid, strict=True)), dict.fromkeys(NAMES, 0.0)
    for pair, plane in planes.items():
        for name, other, values in zip(pair, pair[::-1], (plane, plane.T), strict=True):
            density = np.abs(values).sum(axis=1) * axes[other].spacing
            found[name] = max(found[name], float(mass_at_ends(axes[name], density).sum()))
    return np.array([found[name] for name in NAMES])


def _whole_steps(time: float, dt: float) -> int:
    nearest = round(time / dt)
    return nearest if abs(time / dt - nearest) < ON_STEP else math.floor(time / dt)
