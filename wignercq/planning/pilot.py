"""A run in small: the same initial state on a coarser grid, to learn what the run itself will need.

Two runs with steps dt and dt/2 differ by ``(1 - 2**-order)`` times the error of the longer step, at every time of the
run (Richardson). Three runs tell the error of the shortest step as well, from ``W + A dt**order + B dt**power`` at
every point, with the power that the errors of the longer steps show, between the next two of a symmetric scheme. Pilot
steps are halved until the error is as small as asked, or falls with the order of the scheme and can be extrapolated.
The runs also show how fine and how wide W becomes, and whether the coarser grid held all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import Any

import numpy as np

from wignercq.errors import GridError, InputError
from wignercq.model.model import Model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning.numerics import Numerics
from wignercq.planning.survey import Survey
from wignercq.planning.tell import Tell, silent
from wignercq.planning.time_step import MAX_STEPS, SAFETY, ErrorLaw, TimeStep, divided
from wignercq.planning.walk import Walk
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.frame import MovingFrame
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import Scheme
from wignercq.propagation.step_check import MOMENTS, StepCheck, local_error, noise_level

MARKS = 3  # moments of the run at which pilot runs are compared, and steps of the first one
LOOKS = 2 * MARKS  # moments at which it is noted how wide and how fine W is
TRUSTED_ERROR = 3e-2  # the order can show only below this
FITTED_ERROR = 0.1  # of the longest of three steps that tell the error of the shortest, at most
ORDER_MARGIN = 0.6  # an observed order this close to the declared one is asymptotic
LEAST_ORDER = 2  # of any scheme
NEXT_ORDERS = (2, 4)  # beyond the declared one: those of the next terms in the error of a symmetric scheme
REDUCED_FROM = 1.0  # friction times a step: longer steps have less than the order of the scheme
SURELY, HOPELESS = (
    4.0,
    2.0,
)  # times too small or too large, an error needs no further run to tell whether a step will do,
FARTHEST = 4.0  # if that is not shorter than the shortest in a pilot run by more than this
LATE = 3  # runs whose errors tell nothing: then steps are measured themselves,
SHORTENED = 1.4  # and shortened by this factor until one will do
STAGNANT = 0.7  # an error that falls by less than this factor, twice, while it is
HALTED_BELOW = 0.3  # of the maximum of W, falls no more: then W is lost on the grid
EDGE_BAND = 1 / 8  # share of an axis, at both ends together, in which
LOST = 0.03  # of the mass means that W has left the box of the pilot run
NEGLIGIBLE = 1e-11  # below this differences are rounding
PHASE_OF_DRIVE = 2.0  # of the fastest drive in one step of the first run, radians: it is not to be in step with it
LEAST_ERROR = 1e-17  # in place of none at all


@dataclass(eq=False)
class Pilot:
    """Runs of one initial state on a coarser grid."""

    model: Model
    scheme: Scheme
    hbar_order: int | None
    engine: Engine  # on the coarse grid
    initial: Any  # W at time 0
    duration: float
    exact_bath: bool = False  # see Propagator
    frame: MovingFrame | None = None  # see Propagator
    tell: Tell = silent  # told, in words, what is being done
    origin: float = 0.0  # time at which they begin, as the model counts it
    fastest_drive: float = 0.0  # rate at which potentials change by themselves
    _errors: list[float] = field(init=False, default_factory=list)  # of all steps but the shortest
    _runs: list[list[Any]] = field(init=False, default_factory=list)  # the last three: longest step first
    _seen: Survey | None = field(init=False, default=None)

    def plan(self, numerics: Numerics, interval: float | None = None) -> tuple[TimeStep, StepCheck]:
        """The time step, asked or chosen, with its error, and what to expect of the steps of the run.

        A chosen step divides `interval` if that is given. InputError where no step keeps the tolerance; GridError where
        shorter steps do not help, the grid not holding W.
        """
        tolerance = numerics.tolerance
        if numerics.dt is None:
            law = self.law(error=SAFETY * tolerance, interval=interval or math.inf)
            step = law.choose(tolerance, self.duration, interval)
            if numerics.least_tolerance(round(self.duration / step.dt)) > tolerance:
                step = law.choose(tolerance, self.duration)
            if self._fell_late:
                step = self._confirmed(step, tolerance, interval or self.duration)
            numerics.require_precision(round(self.duration / step.dt))
        else:
            step = self.measure(numerics.dt)
        expected = []
        if not self.held_w:
            self.tell("errors of single steps")
            expected = self.local_errors(step.dt, noise_level(tolerance, step.error))
        return step, StepCheck(self.duration, expected, step.error, tolerance, numerics.dt is not None)

    @property
    def held_w(self) -> bool:
        """Whether the coarser grid held and resolved all of W, so that nothing about the steps will be a surprise."""
        return self._seen is not None and self._seen.lost < ERROR_LEVEL

    def run(self, dt: float, marks: list[int]) -> list[Any]:
        """Every other point of W along each axis, after each number of steps in `marks`."""
        walk, looks = self._start(dt), set[int]()
        if marks[-1] >= LOOKS and (self._seen is None or not self._is_trusted):
            looks = {marks[-1] * k // LOOKS for k in range(1, LOOKS + 1)}
            self._seen = Survey.of(walk.W, walk.engine)
        results = []
        for step in sorted({*marks, *looks} - {0}):
            walk.to(step)
            if step in looks:
                assert self._seen is not None
                self._seen |= Survey.of(walk.W, walk.engine)
            if step in marks:
                results.append(walk.engine.thinned(walk.W))
        return results

    def error(self, coarse: list[Any], fine: list[Any]) -> float:
        """Error of the run with the longer of two steps that differ by a factor two, while W is in the box."""
        return self._deviation((1, -1), (coarse, fine)) / (1 - 2.0**-self.scheme.order)

    def _deviation(self, weights: Sequence[float], runs: Sequence[list[Any]]) -> float:
        engine, together = self.engine, [*zip(*runs, strict=True)]
        contained = [*takewhile(lambda fields: _is_contained(engine.lines(fields[-1])), together)] or together[:1]
        inside, anywhere = np.max([engine.deviation(weights, fields) for fields in contained], axis=0)
        noticed = self._seen is not None and anywhere > self._seen.lost  # more than the grid can be blamed for
        return max(LEAST_ERROR, float(anywhere if noticed else inside))

    def law(self, *, error: float = 0.0, dt: float = 0.0, interval: float = math.inf) -> ErrorLaw:
        """Errors of halved steps, until they fall with the order of the scheme or one more reaches `error` or `dt`.

        Only steps that divide `interval` will be asked for. InputError where the order does not show within 200000
        steps; GridError where the grid does not hold W.
        """
        while not self._is_enough(error, dt, interval):
            self._halve()
        return self._known

    @property
    def _known(self) -> ErrorLaw:
        """The errors known so far."""
        errors = self._errors[: len(self._errors) - self._stalled]
        if self._is_smooth:
            errors = [*errors, self._error_of_shortest]
        return ErrorLaw(self.scheme.order, tuple(self._step(k) for k in range(len(errors))), tuple(errors))

    def measure(self, dt: float) -> TimeStep:
        """The error of a given step, from the law or, for a step longer than the pilot runs have, directly."""
        if not self.exact_bath and dt <= (law := self.law(dt=dt)).longest:
            return TimeStep(dt, law.error(dt))
        return self._measured(dt)

    def _measured(self, dt: float) -> TimeStep:
        """The error of a step from runs with it and with shorter ones."""
        steps = max(1, int(self.duration / dt * (1 + 1e-12)))
        self.tell(f"trial runs for the error of the time step ({steps} steps and more)")
        marks = sorted({max(1, round(steps * k / MARKS)) for k in range(1, MARKS + 1)})
        finer = (2, 4) if self.exact_bath else (2,)
        longer = self.run(dt, marks)
        return TimeStep(dt, max(self.error(longer, self.run(dt / n, [n * mark for mark in marks])) for n in finer))

    @property
    def _fell_late(self) -> bool:
        """Whether errors were large for several halvings and then fell: a weak, fast oscillation was not resolved.

        Shorter steps may still be in resonance with it, and their errors larger than those of longer ones.
        """
        return sum(error > TRUSTED_ERROR for error in self._errors) >= LATE

    def _confirmed(self, step: TimeStep, tolerance: float, interval: float) -> TimeStep:
        """The step, or a shorter one, with its error as measured, which keeps the tolerance."""
        last: list[float] = []
        while (step := self._measured(step.dt)).error > tolerance and step.dt > self.duration / MAX_STEPS:
            last = [*last[-2:], step.error]
            if len(last) == 3 and _stagnates(last):
                raise _halted(step.error)
            step = TimeStep(divided(interval, step.dt / SHORTENED), math.inf)
        return step

    def survey(self) -> Survey:
        """What the first runs show whose error is known to be small."""
        while not self._is_trusted or self._seen is None:
            self._halve()
        return self._seen

    def local_errors(self, dt: float, noise: float) -> list[float]:
        """:func:`local_error` at MOMENTS of a run with the step `dt`, or the shortest whose error is known.

        A difference of two results up to `noise`, relative to the maximum of W, says nothing of the steps.
        """
        if not self.exact_bath:
            dt = max(dt, self.law(error=np.inf).shortest)
        walk, found = self._start(dt), []
        for moment in MOMENTS:
            walk.to(round(self.duration * moment / dt))
            found.append(local_error(walk.propagator, walk.W, noise, walk.engine.empty(), time=walk.time))
        return found

    def _start(self, dt: float) -> Walk:
        propagator = Propagator(self.model, self.engine, self.scheme, dt, self.hbar_order, self.exact_bath, self.frame)
        return Walk(propagator, self.engine.copy(self.initial), origin=self.origin)

    @property
    def _fewest(self) -> int:
        """Steps of the first run."""
        return MARKS * max(1, math.ceil(self.duration * self.fastest_drive / (PHASE_OF_DRIVE * MARKS)))

    def _is_enough(self, error: float, dt: float, interval: float) -> bool:
        if len(self._errors) == 1 and not self.exact_bath:  # the order has not shown: then less than that has to do
            return self._is_trusted and self._errors[0] * (interval / self._step(0)) ** LEAST_ORDER <= error
        if len(self._errors) < 2:
            return False
        last, order = self._errors[-1], self.scheme.order
        if last < NEGLIGIBLE or self._stalled:
            return True
        if self._is_reduced:
            return self._errors[-2] <= error or self._shortest <= dt
        if not self._is_smooth:
            return False
        if self._observed < order + ORDER_MARGIN or self._shortest <= 4 * dt:
            return True
        law = self._known
        if law.errors[-1] <= error * 2**order:
            return True
        allowed = divided(interval, law.step(error)) if math.isfinite(interval) else 0.0
        if allowed == interval:  # no longer step is allowed
            return law.error(allowed) <= error
        sure = law.error(allowed) <= error / SURELY and law.shortest <= FARTHEST * allowed
        return sure and law.error(interval / (round(interval / allowed) - 1)) > HOPELESS * error

    def _step(self, k: int) -> float:
        """The step of the k-th run."""
        return self.duration / (self._fewest * 2**k)

    @property
    def _shortest(self) -> float:
        """The shortest step whose error is known from two runs."""
        return self._step(len(self._errors) - 1)

    @property
    def _is_smooth(self) -> bool:
        """Whether errors fall with the order of the scheme at least, those of three runs, and are small."""
        if len(self._errors) < 2 or self._is_reduced or not self._is_trusted or self._errors[-2] > FITTED_ERROR:
            return False
        return self._errors[-1] >= NEGLIGIBLE and self._observed >= self.scheme.order - ORDER_MARGIN

    @property
    def _error_of_shortest(self) -> float:
        """The error of the shortest step, from the last three runs.

        The mean of two estimates, on a logarithmic scale: powers of the step fitted at every point, where the longest
        step has more of them than two and makes the result too large, and the power of the errors continued, which is
        too small where it is to fall to the order of the scheme.
        """
        order = self.scheme.order
        powers = np.array([0.0, order, order + np.clip(self._observed - order, *NEXT_ORDERS)])
        weights = np.linalg.solve(np.array([4.0, 2.0, 1.0]) ** powers[:, None], [0.0, 1.0, 1.0])
        continued = self._errors[-1] / 2**self._observed
        return math.sqrt(self._deviation(weights.tolist(), self._runs) * continued)

    @property
    def _is_reduced(self) -> bool:
        """Whether even the shortest step is long beside friction: it has less than the order of the scheme."""
        return self.exact_bath and self.model.damping_rate * self._shortest > REDUCED_FROM

    @property
    def _is_trusted(self) -> bool:
        """Whether the last two runs are close to the truth."""
        return bool(self._errors) and self._errors[-1] <= TRUSTED_ERROR

    @property
    def _observed(self) -> float:
        """Order of convergence between the last two steps."""
        return float(np.log2(self._errors[-2] / self._errors[-1]))

    @property
    def _stalled(self) -> int:
        """How many of the last errors are not of the step but of the grid."""
        if len(self._errors) < 2:
            return 0
        before, last = self._errors[-2:]
        if not NEGLIGIBLE <= last < TRUSTED_ERROR or before >= TRUSTED_ERROR:
            return 0
        if not self._is_reduced:
            return int(self._observed < self.scheme.order - ORDER_MARGIN)
        return 2 if len(self._errors) > 2 and _stagnates(self._errors[-3:]) else 0

    def _halve(self) -> None:
        """Measure the error of the next shorter step."""
        steps = self._fewest * 2 ** len(self._errors)
        if 2 * steps > MAX_STEPS:
            raise InputError("duration", f"one that {MAX_STEPS} steps resolve", f"{self.duration:g}")
        told = ", ".join(str(self._fewest * 2**k) for k in range(len(self._errors) + 2))
        self.tell(f"trial runs for the time step ({told} steps)")
        runs = self._runs or [self._evenly(steps)]
        self._runs = runs = [*runs[-2:], self._evenly(2 * steps)]
        if self.exact_bath and len(runs) > 2:  # two errors of opposite signs are no small ones
            self._errors[-1] = max(self._errors[-1], self.error(runs[0], runs[2]))
        self._errors.append(self.error(runs[-2], runs[-1]))
        last = self._errors[-3:]
        if len(last) == 3 and max(last[1:]) < HALTED_BELOW and _stagnates(last) and not self._stalled:
            raise _halted(last[-1])

    def _evenly(self, steps: int) -> list[Any]:
        return self.run(self.duration / steps, [steps * k // MARKS for k in range(1, MARKS + 1)])


def _halted(error: float) -> GridError:
    return GridError(
        "grid",
        "one on which shorter steps bring a smaller error",
        f"an error that stays at {error:.2g} of the maximum of W, which the grid does not hold or resolve; "
        "widen the extents, raise the points, or shorten the run",
    )


def _stagnates(errors: list[float]) -> bool:
    """Whether halved steps make errors hardly smaller."""
    return all(STAGNANT * before < after for before, after in pairwise(errors))


def _is_contained(lines: list[np.ndarray]) -> bool:
    """Whether W has not reached the ends of an axis, judged by its sums along all axes but one."""
    for line in map(np.abs, lines):
        band = max(1, round(line.size * EDGE_BAND / 2))
        if line[:band].sum() + line[-band:].sum() > LOST * line.sum():
            return False
    return True
