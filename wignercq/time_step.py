"""The time step for a tolerance, and the time error of a step, from pilot runs on a coarser grid.

Two pilot runs from the same initial state with steps dt and dt/2 differ by ``(1 - 2**-order)`` times the error of the
longer step, at every time of the run (Richardson). Pilot steps are halved until that error falls with the declared
order; from there it is extrapolated as dt**order. So the pilot runs need few steps, and three quarters of the
points per axis (a third of the work), since only the law is read from them and not the solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

import numpy as np

from wignercq.engines import Engine
from wignercq.errors import GridError, InputError
from wignercq.grid import MIN_POINTS, Axis, Grid
from wignercq.model import Model
from wignercq.propagator import Propagator
from wignercq.schemes import Scheme

MARKS = 5  # moments of the run at which pilot runs are compared
STEP_MULTIPLE = 20  # more than ten steps are a multiple of this,
LARGER_MULTIPLE = 40  # more than a hundred of this, so that common output times fall on steps
MAX_STEPS = 200_000
EVERY_OTHER = (slice(None, None, 2),) * 4  # enough to find the largest difference of two smooth fields
COARSENING = 3 / 4  # points per axis of the pilot grid
COARSENED_AWAY = 1e-3  # share of the amplitude of the initial W the pilot grid may lose on an axis
TRUSTED_ERROR = 3e-2  # the order can show only below this
ORDER_MARGIN = 0.6  # an observed order this close to the declared one is asymptotic
STAGNANT = 0.7  # an error that falls by less than this factor, twice, while it is
HALTED_BELOW = 0.3  # of the maximum of W, falls no more: then W is lost on the grid
EDGE_BAND = 1 / 8  # share of an axis, at both ends together, in which
LOST = 0.03  # of the mass means that W has left the box of the pilot run
NEGLIGIBLE = 1e-11  # below this differences are rounding
SAFETY = 0.5  # aim below the tolerance


@dataclass(frozen=True)
class TimeStep:
    """A time step and the error it makes.

    Parameters
    ----------
    dt : float
    error : float
        Estimated largest time error of W over the run, relative to the maximum of W at the time.
    """

    dt: float
    error: float


@dataclass(frozen=True, eq=False)
class Pilot:
    """Runs of one initial state on a coarser grid.

    Parameters
    ----------
    model : Model
    scheme : Scheme
    hbar_order : int or None
    engine : Engine
        On the coarse grid.
    initial : np.ndarray
        W at time 0 on the coarse grid.
    duration : float
    """

    model: Model
    scheme: Scheme
    hbar_order: int | None
    engine: Engine
    initial: np.ndarray
    duration: float

    def run(self, dt: float, marks: list[int]) -> list[np.ndarray]:
        """Every other point of W along each axis, after each number of steps in `marks`."""
        propagator = Propagator(self.model, self.engine, self.scheme, dt, self.hbar_order)
        W = self.engine.allocate()
        W[...] = self.initial
        results, done = [], 0
        for mark in marks:
            propagator.advance(W, mark - done)
            done = mark
            results.append(W[EVERY_OTHER].copy())
        return results

    def error(self, coarse: list[np.ndarray], fine: list[np.ndarray]) -> float:
        """Error of the run with the longer of two steps that differ by a factor two, while W is in the box."""
        contained = [*takewhile(_is_contained, fine)] or fine[:1]
        ratios = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(coarse, contained, strict=False)]
        return float(max(ratios)) / (1 - 2.0**-self.scheme.order)

    @cached_property
    def law(self) -> TimeStep:
        """A step short enough that the error of every shorter one follows from it as dt**order.

        Raises
        ------
        InputError
            There is none within 200000 steps, or shorter steps do not help because the grid does not hold W.
        """
        steps, halted = MARKS, 0
        longer, shorter = self._evenly(steps), self._evenly(2 * steps)
        previous = self.error(longer, shorter)
        while True:
            steps, longer = 2 * steps, shorter
            shorter = self._evenly(2 * steps)
            error = self.error(longer, shorter)
            observed = np.log2(previous / error) if error else self.scheme.order
            stalled = error < TRUSTED_ERROR and observed < self.scheme.order - ORDER_MARGIN
            if (error < TRUSTED_ERROR and abs(observed - self.scheme.order) < ORDER_MARGIN) or error < NEGLIGIBLE:
                return TimeStep(self.duration / steps, error)
            if stalled and previous < TRUSTED_ERROR:
                return TimeStep(2 * self.duration / steps, previous)
            halted = halted + 1 if STAGNANT * previous < error < HALTED_BELOW else 0
            if halted == 2:
                raise GridError(
                    "grid: expected one on which shorter steps bring a smaller error, got an error that stays at "
                    f"{error:.2g} of the maximum of W, which the grid does not hold or resolve; widen the extents, "
                    "raise the points, or shorten the run"
                )
            if 4 * steps > MAX_STEPS:
                raise InputError(f"duration: expected one that {MAX_STEPS} steps resolve, got {self.duration:g}")
            previous = error

    def measure(self, dt: float) -> TimeStep:
        """The error of a given step, from the law or, for a step longer than the law holds for, directly."""
        if dt <= self.law.dt:
            return TimeStep(dt, self.law.error * (dt / self.law.dt) ** self.scheme.order)
        steps = max(1, int(self.duration / dt * (1 + 1e-12)))
        marks = sorted({max(1, round(steps * k / MARKS)) for k in range(1, MARKS + 1)})
        return TimeStep(dt, self.error(self.run(dt, marks), self.run(dt / 2, [2 * mark for mark in marks])))

    def choose(self, tolerance: float) -> TimeStep:
        """The longest step that meets `tolerance`.

        Raises
        ------
        InputError
            More than 200000 steps would be needed.
        """
        law = self.law
        steps = self.duration / law.dt * max(1.0, law.error / (SAFETY * tolerance)) ** (1 / self.scheme.order)
        if steps > MAX_STEPS:
            raise InputError(
                f"tolerance: expected one that {MAX_STEPS} steps can reach, got {tolerance:g}, "
                f"which needs about {steps:.3g}"
            )
        return self.measure(self.duration / _convenient(steps))

    def _evenly(self, steps: int) -> list[np.ndarray]:
        return self.run(self.duration / steps, [steps * k // MARKS for k in range(1, MARKS + 1)])


def _is_contained(W: np.ndarray) -> bool:
    """Whether W, on every other point of the grid, has not reached the ends of an axis."""
    for axis in range(W.ndim):
        line = np.abs(W.sum(axis=tuple(i for i in range(W.ndim) if i != axis)))
        band = max(1, round(line.size * EDGE_BAND / 2))
        if line[:band].sum() + line[-band:].sum() > LOST * line.sum():
            return False
    return True


def _convenient(steps: float) -> int:
    """The next of 5, 10, 20, 40, 60, 80, 100, 120, 160, 200, ... steps."""
    for few in (MARKS, 2 * MARKS):
        if steps <= few * (1 + 1e-9):
            return few
    multiple = STEP_MULTIPLE if steps <= 100 else LARGER_MULTIPLE
    return multiple * int(np.ceil(steps / multiple * (1 - 1e-9)))


def pilot_run(
    model: Model,
    scheme: Scheme,
    hbar_order: int | None,
    W: np.ndarray,
    grid: Grid,
    powers: list[np.ndarray],
    duration: float,
    make_engine: Callable[[Grid], Engine],
) -> Pilot:
    """A pilot for the initial W on `grid`, whose spectral shares are `powers`."""
    coarse = Grid(*(_coarsened(axis, power) for axis, power in zip(grid, powers, strict=True)))
    return Pilot(model, scheme, hbar_order, make_engine(coarse), resample(W, grid, coarse), duration)


def _coarsened(axis: Axis, power: np.ndarray) -> Axis:
    """The same extent with about three quarters of the points, enough to hold nearly all of the spectrum."""
    lost = np.sqrt(np.cumsum(power[::-1])[::-1])  # amplitude at and beyond each frequency
    needed = 2 * int(np.argmax(lost < COARSENED_AWAY)) if (lost < COARSENED_AWAY).any() else axis.points
    points = max(MIN_POINTS, round(axis.points * COARSENING), needed)
    return replace(axis, points=min(axis.points, points + points % 2))


def resample(W: np.ndarray, grid: Grid, coarse: Grid) -> np.ndarray:
    """W on a grid with the same extents and fewer points, by dropping the highest frequencies of each axis."""
    along_q, along_p, along_x, along_y = (_resampler(a, b) for a, b in zip(grid, coarse, strict=True))
    result = np.zeros(coarse.shape)
    for i in range(grid.q.points):
        slab = np.einsum("Pp,pxy->Pxy", along_p, W[i], optimize=True)
        slab = np.einsum("Xx,pxy->pXy", along_x, slab, optimize=True) @ along_y.T
        result += along_q[:, i, None, None, None] * slab
    return result


def _resampler(axis: Axis, coarse: Axis) -> np.ndarray:
    """Trigonometric interpolation from `axis` to `coarse` without the frequencies `coarse` cannot hold."""
    highest = (min(axis.points, coarse.points) - 1) // 2
    k = np.arange(1, highest + 1) * 2 * np.pi / axis.length
    offsets = coarse.values[:, None] - axis.values[None, :]
    return (1 + 2 * np.cos(k[:, None, None] * offsets).sum(axis=0)) / axis.points
