"""Is the time step as good as its pilot run said? Local errors in the run itself against those in the pilot run.

Local errors go as ``dt**(order + 1)``. The pilot run, on its coarser grid and with longer steps, tells what to expect.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wignercq.errors import ResolutionWarning, warn
from wignercq.propagation.propagator import Propagator

MOMENTS = (1 / 5, 3 / 5)  # of the run at which local errors are taken
UNITS = 100  # in the last place by which two results may differ for no reason
NOTEWORTHY = 2.0  # times what was expected; less is within what the extrapolation from longer steps allows
ROUNDING = 1e-11  # difference of two results, relative to the maximum of W, that says nothing of the steps
STUBBORN = 4.0  # times what the order makes of a local error when the step is halved; more is not of the step
LARGEST_DIVISOR = 8  # of a step in the course of a run
NOISE = 1e-3  # of the tolerance, or of the time error if that is larger: such a difference may be the grid's own


@dataclass(eq=False)
class StepCheck:
    """What is expected of the steps of a run, and how much worse they turned out."""

    duration: float
    # local error over ``dt**(order + 1)`` at each of MOMENTS; empty where the pilot run saw all of W: nothing to check
    expected: list[float]
    error: float  # estimated time error of the run
    tolerance: float  # of the run; what keeps to it is not warned of
    is_given: bool = False  # whether the step was asked for, and stays
    done: int = 0  # moments already checked
    excess: float = 1.0  # largest local error so far over the expected one, at least 1
    origin: float = 0.0  # that is added to times when they are told
    warned: bool = False  # of a step that stays

    @property
    def estimate(self) -> float:
        """The time error of the run by all that is known: local errors add up."""
        return self.excess * self.error

    @property
    def noise(self) -> float:
        """Difference of two results that says nothing of the steps."""
        return noise_level(self.tolerance, self.error)

    def next_step(self, dt: float) -> float:
        """How many steps from time 0 the next check is due; infinity after the last."""
        if self.done == len(self.expected):
            return math.inf
        return math.ceil(self.duration * MOMENTS[self.done] / dt * (1 - 1e-9))

    def check(self, time: float, propagator: Propagator, W: Any, scratch: Any, lose: Callable[[str], None]) -> int:
        """Compare the steps at this time; `scratch` is spent, W is not.

        Returns
        -------
        int
            What to divide the step by from here on, so that the run keeps its tolerance.

        Where no step can make up for what the run has already lost, ``lose(message)``. A step that was asked for stays,
        with a ResolutionWarning; so does one whose local errors are those of the grid, not falling with the step.
        """
        found = local_error(propagator, W, self.noise, scratch, time=self.origin + time)
        expected = self.expected[self.done]
        self.done += 1
        if not expected or found <= NOTEWORTHY * self.excess * expected:
            return 1
        excess = found / expected
        message = (
            f"time error at t = {self.origin + time:.6g}: expected steps as in the pilot run, got local errors "
            f"{excess:.1f} times as large"
        )
        if excess * self.error >= self.tolerance and not self._falls(found, propagator, W, self.origin + time):
            self._warn_once(f"{message}, which are those of the grid; raise its points")
            return 1
        self.excess = excess
        if self.estimate < self.tolerance:
            return 1
        if self.is_given:
            self._warn_once(f"{message}; lower run.dt")
            return 1
        so_far = self.estimate * time / self.duration
        to_come, order = self.estimate - so_far, propagator.scheme.order
        if so_far + to_come / LARGEST_DIVISOR**order > self.tolerance:
            lose(f"{message}, so that the tolerance of {self.tolerance:g} is lost; lower tolerance or give run.dt")
            return 1
        divisor = math.ceil((to_come / (self.tolerance - so_far)) ** (1 / order))
        warn(f"{message}; the step is divided by {divisor} from here on", ResolutionWarning)
        self.error, self.excess = so_far + to_come / divisor**order, 1.0
        self.expected = [max(found, value) for value in self.expected]
        return divisor

    def _warn_once(self, message: str) -> None:
        if not self.warned:
            warn(message, ResolutionWarning)
        self.warned = True

    def _falls(self, found: float, propagator: Propagator, W: Any, time: float) -> bool:
        """Whether steps half as long make local errors smaller by about the power they should."""
        half = propagator.dt / 2
        once = propagator.leap(W, half, propagator.engine.empty(), time=time)
        twice = propagator.leap(once, half, time=time + half)
        return _compared(propagator, W, twice, half, time) / _unit(propagator, half) < STUBBORN * found


def noise_level(tolerance: float, error: float) -> float:
    """Difference of two results, relative to the maximum of W, that says nothing of steps with this time error."""
    return max(ROUNDING, NOISE * max(tolerance, error))


def local_error(propagator: Propagator, W: Any, noise: float, scratch: Any, *, time: float) -> float:
    """Local error of a step from W over ``dt**(order + 1)``, relative to the maximum of W; 0 when lost in `noise`.

    A step of 2 dt and two steps of dt differ by ``2**(order + 1) - 2`` local errors of a step dt. W is not spent, but
    `scratch` is, a W that nobody needs any more. `time` is that of W.
    """
    engine, dt = propagator.engine, propagator.dt
    twice, _ = propagator.advance(W, 2, scratch, time=time)
    difference = _compared(propagator, W, twice, dt, time)
    lost = difference <= max(noise, UNITS * np.finfo(engine.dtype).eps)
    return 0.0 if lost else difference / _unit(propagator, dt)


def _compared(propagator: Propagator, W: Any, twice: Any, dt: float, time: float) -> float:
    """Difference of one step 2 dt from W and two steps dt, whose result `twice` is spent, relative to its maximum."""
    engine = propagator.engine
    thinned = engine.thinned(twice)
    return engine.deviation((1, -1), (engine.thinned(propagator.leap(W, 2 * dt, twice, time=time)), thinned)).inside


def _unit(propagator: Propagator, dt: float) -> float:
    """What such a difference is in units of the coefficient of the local error."""
    order = propagator.scheme.order
    return float((2 ** (order + 1) - 2) * dt ** (order + 1))
