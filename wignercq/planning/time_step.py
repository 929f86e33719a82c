"""The time error of W as a function of the step, as pilot runs measure it, and the step that keeps a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wignercq.errors import InputError, ResolutionWarning, warn

FEWEST_STEPS = 5  # of a run whose step is chosen
STEP_MULTIPLE = 20  # of which more than ten steps are a multiple, so that common output times fall on steps
LARGER_MULTIPLE = 40  # the same of more than a hundred steps
MAX_STEPS = 200_000
CLIFF = 9.0  # a power of the step that no scheme has
SAFETY = 0.5  # aim below the tolerance
MEANINGLESS = 0.3  # time error relative to the maximum of W from which on a result says nothing


@dataclass(frozen=True)
class TimeStep:
    """A time step and the error it makes."""

    dt: float
    error: float  # estimated largest time error of W over the run, relative to the maximum of W at the time

    def judge(self, accuracy: float) -> None:
        """Refuse a given step whose result would mean nothing; warn of one whose error is worth a warning."""
        if not self.error < MEANINGLESS:
            raise InputError(
                "dt",
                f"a time step with an error below {MEANINGLESS:g} of the maximum of W",
                f"{self.dt:g} with one of {self.error:.2g}; lower dt",
            )
        if self.error > accuracy:
            warn(
                f"time error at dt = {self.dt:g}: expected below {accuracy:.2g} of the maximum of W, "
                f"got {self.error:.2g}; lower run.dt",
                ResolutionWarning,
            )


@dataclass(frozen=True)
class ErrorLaw:
    """Errors at some time steps, each half of the one before.

    Between them the error follows a power of the step, whatever it is: long steps may converge faster than the order
    of the scheme promises. Where it falls off a cliff, it may do so anywhere between (steps in resonance with a fast
    oscillation, say): there the error is that of the longer step down to the shorter one. Beyond the shortest it falls
    as ``dt**order`` at least. Of an excess of the power, up to two, half counts for one more halving: that is within a
    factor two whether it ends at once or not.
    """

    order: int  # of the scheme
    steps: tuple[float, ...]  # falling
    errors: tuple[float, ...]  # positive

    @property
    def longest(self) -> float:
        """Longest step that was measured."""
        return self.steps[0]

    @property
    def shortest(self) -> float:
        """Shortest step that was measured."""
        return self.steps[-1]

    def error(self, dt: float) -> float:
        """Error at a step not longer than the longest."""
        if dt <= self.shortest:
            ratio = dt / self.shortest
            return self.errors[-1] * ratio**self.order * max(ratio, 0.5) ** (self._excess / 2)
        k = max(1, sum(step > dt for step in self.steps))  # between the steps k - 1 and k
        if self._power(k) > CLIFF:
            return self.errors[k - 1] if dt > self.steps[k] else self.errors[k]
        return self.errors[k] * (dt / self.steps[k]) ** self._power(k)

    def _power(self, k: int) -> float:
        """By which the error falls from the step before the k-th one to that."""
        return math.log2(self.errors[k - 1] / self.errors[k])

    @property
    def _excess(self) -> float:
        """By how much the power exceeds the order of the scheme at the shortest steps, at most two."""
        if len(self.errors) < 2:
            return 0.0
        return min(2.0, max(0.0, self._power(len(self.errors) - 1) - self.order))

    def step(self, error: float) -> float:
        """The longest step with at most this error for sure, or the longest that was measured."""
        for k, (dt, found) in enumerate(zip(self.steps, self.errors, strict=True)):
            if found <= error:
                if k == 0:
                    return dt
                power = self._power(k)
                return dt if power > CLIFF else dt * (error / found) ** (1 / power)
        return self.shortest * (error / self.errors[-1]) ** (1 / self.order)

    def choose(self, tolerance: float, duration: float, interval: float | None = None) -> TimeStep:
        """The longest step that keeps to `tolerance`, and divides `interval` or, where there is none, is convenient.

        InputError where that takes more than 200000 steps.
        """
        steps = duration / self.step(SAFETY * tolerance)
        if steps > MAX_STEPS:
            raise InputError(
                "tolerance", f"one that {MAX_STEPS} steps can reach", f"{tolerance:g}, which needs about {steps:.3g}"
            )
        dt = (
            duration / _convenient(steps)
            if interval is None
            else divided(interval, duration / max(steps, FEWEST_STEPS))
        )
        return TimeStep(dt, self.error(dt))


def divided(interval: float, dt: float) -> float:
    """The longest step up to `dt` of which an interval is a multiple."""
    return interval / math.ceil(interval / dt * (1 - 1e-9))


def _convenient(steps: float) -> int:
    """The next of 5, 10, 20, 40, 60, 80, 100, 120, 160, 200, ... steps."""
    for few in (FEWEST_STEPS, 2 * FEWEST_STEPS):
        if steps <= few * (1 + 1e-9):
            return few
    multiple = STEP_MULTIPLE if steps <= 100 else LARGER_MULTIPLE
    return multiple * int(np.ceil(steps / multiple * (1 - 1e-9)))
