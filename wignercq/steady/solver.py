"""From a guess to the steady state on a grid: Krylov cycles, a time step and a grid that suit the tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse.linalg import gmres

from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look
from wignercq.planning.memory import free_memory, held_memory, require_memory
from wignercq.planning.numerics import Numerics
from wignercq.planning.tell import Tell, silent
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.propagator import Propagator
from wignercq.steady.averaging import AveragedEquation
from wignercq.steady.guess import Guess

PERIODS = 0.7  # of the slower particle, over which the average goes
FIRST_STEPS = 20  # of a period of the faster particle, for a tolerance of 1e-6, and by the order of the scheme fewer
FEWEST, MOST_STEPS = 16.0, 300.0  # of such a period
CYCLE = 8  # Krylov vectors between two looks
FIELDS = CYCLE + 8  # arrays as large as W beside what a run needs
REDUCTION = 0.03  # of the error in a cycle
SOLVED, TIMED = 0.2, 0.6  # shares of the tolerance for what is left of the equation and for the time step
GROWTH, FINER = 1.12, 1.12  # of a box that is too small and of a mesh too coarse
SHARE = 0.5  # of the free memory that a grid may grow to
COARSE = 1e-3  # error of W below which it tells of its grid and of the step
SAME = 1e-9  # of a frequency, so that an axis of the same extent keeps its points
CYCLES = 40  # in all
CONFIRMATIONS = 12  # looks without the modes of the guess, at most
STALLED = 0.7  # factor between the errors of two cycles from which on nothing is gained any more


@dataclass(eq=False)
class Solver:
    """A steady state under way.

    Parameters
    ----------
    model : Model
    numerics : Numerics
    guess : Guess
    engine : Engine
        Carries the grid.
    W : np.ndarray
        The best so far, integral 1.
    """

    model: Model
    numerics: Numerics
    guess: Guess
    engine: Engine
    W: np.ndarray
    extents: frozenset[str] = frozenset(NAMES)  # axes whose box may grow
    points: frozenset[str] = frozenset(NAMES)  # axes whose mesh may be refined
    memory_limit: float | None = None
    tell: Tell = silent
    look: Callable[[], None] = lambda: None  # called after every step; may raise to end it
    after_cycle: Callable[[], None] = lambda: None
    dt: float = 0.0  # 0 until it is chosen
    error: float = math.inf  # of W, what is left of the equation, relative to the maximum
    time_error: float = math.inf  # of the time step, likewise
    steps: int = 0  # taken so far
    cell_steps: float = 0.0  # steps times cells
    notes: list[str] = field(default_factory=list)  # changes of the grid and of the step
    _correction: np.ndarray = field(init=False)  # what the equation wants added to W, to first order
    _before: tuple[float, float] = (math.inf, 0.0)  # error of the time step before this one, and that step; 0 if none
    _is_smooth: bool = True  # W has no steps where a box ended before, which would look like errors of the time step

    @property
    def grid(self) -> Grid:
        """Of W."""
        return self.engine.grid

    def solve(self) -> bool:
        """Improve W until its error is below the tolerance; whether that is so.

        MemoryLimitError where the grid does not fit.
        """
        tolerance, is_free = self.numerics.tolerance, self.numerics.dt is None
        self.dt = self.numerics.dt or self._first_step()
        equation, before = self._equation(), math.inf
        for _ in range(CYCLES):
            self._measure(equation)
            self.after_cycle()
            is_solved = self.error <= SOLVED * tolerance
            if is_solved or (self.error < COARSE and self._is_smooth and self.time_error == math.inf):
                self._measure_step(equation)
            is_worse = self.time_error > max(TIMED * tolerance, 0 if is_solved else self.error)
            if is_free and is_worse and self.time_error < self._fallen():
                if not self._shortened():
                    break
                equation, before = self._equation(), math.inf
                continue
            regridded = self._regridded() if self.error < max(COARSE, tolerance) else None
            if regridded is not None:
                self.move(regridded)
                equation, before = self._equation(), math.inf
                continue
            if is_solved and (self._is_within or not is_free):
                return self._is_confirmed(equation)
            if is_solved:  # what a shorter step does not help is the grid's
                regridded = self._enlarged(NAMES, NAMES)
                if regridded is None:
                    break
                self.move(regridded)
                equation, before = self._equation(), math.inf
                continue
            if self.error > STALLED * before:
                break
            before = self.error
            self._cycle(equation, max(REDUCTION, 0.5 * SOLVED * tolerance / self.error))
            self._is_smooth = True
        if self.time_error == math.inf:
            self._measure_step(equation)
        return self._is_within

    @property
    def _is_within(self) -> bool:
        return self.error + self.time_error <= self.numerics.tolerance

    # what is solved

    def _equation(self) -> AveragedEquation:
        require_memory([self.grid], self.numerics, self.memory_limit, "lower points", beside=_beside(self.grid))
        steps = math.ceil(PERIODS * 2 * math.pi / min(self.guess.frequencies) / self.dt)
        return AveragedEquation(self.propagator(self.dt), steps, self.guess, self._taken)

    def propagator(self, dt: float) -> Propagator:
        """Of steps of some length, on the grid of W."""
        return Propagator(self.model, self.engine, self.numerics.scheme, dt, self.numerics.hbar_order)

    def _taken(self, steps: int) -> None:
        self.steps += steps
        self.cell_steps += steps * float(self.grid.size)
        self.look()

    def _measure(self, equation: AveragedEquation) -> None:
        """What is left of the equation."""
        self._correction = -equation.error(self.W)
        self.error = float(np.abs(self._correction).max() / np.abs(self.W).max())
        self.tell(f"steady state: error {self.error:.1e} after {self.steps} steps")

    def _is_confirmed(self, equation: AveragedEquation) -> bool:
        """Whether W looks good to ``(W - F W)/(1 - f)`` as well, f being what F leaves of the fastest known mode.

        M may take an error for none, since the slow modes of the guess are not quite those of P. Further cycles and
        averages, which damp all but slow modes, then improve W; `error` is the larger of both.
        """
        allowed = self.numerics.tolerance - (self.time_error if self.numerics.dt is None else 0.0)
        for attempt in range(CONFIRMATIONS):
            averaged = equation.averaged(self.W)
            apart = float(np.abs(self.W - averaged).max() / np.abs(self.W).max()) / (1 - equation.rest)
            if apart <= allowed:
                break
            if attempt % 2:
                self._take(averaged)
            else:
                self._cycle(equation, REDUCTION)
            self._measure(equation)
        self.error = max(self.error, apart)
        return apart <= allowed

    def _measure_step(self, equation: AveragedEquation) -> None:
        """How far a step of half the length moves the solution, and so how far that is from the truth."""
        fine = equation.error_of(equation.refined_residual(self.W, self.propagator(self.dt / 2)))
        moved = float(np.abs(fine + self._correction).max() / np.abs(self.W).max())
        self.time_error = moved / (1 - 2.0**-self.numerics.order)

    def _cycle(self, equation: AveragedEquation, goal: float) -> None:
        """Solve for what is to be added to W, to a share of it."""
        correction, _ = gmres(equation.operator, self._correction.ravel(), rtol=goal, restart=CYCLE, maxiter=1)
        self._take(self.W + correction.reshape(self.grid.shape))

    def _take(self, W: np.ndarray) -> None:
        """W from now on, with integral 1."""
        self.W = W / (W.sum() * self.grid.cell)

    # the step

    def _first_step(self) -> float:
        steps = max(FEWEST, FIRST_STEPS * (1e-6 / self.numerics.tolerance) ** (1 / self.numerics.order))
        return 2 * math.pi / max(self.guess.frequencies) / min(steps, MOST_STEPS)

    def _fallen(self) -> float:
        """Error below which a shorter step has helped by half of the scheme's order; above, the rest is the grid's."""
        before, dt = self._before
        return before * (self.dt / dt) ** (self.numerics.order / 2) if dt else math.inf

    def _shortened(self) -> bool:
        """Shorten the step so that its error is small enough; whether that can be done."""
        factor = min(
            0.8, max(0.4, (0.5 * TIMED * self.numerics.tolerance / self.time_error) ** (1 / self.numerics.order))
        )
        if self.dt * factor < 2 * math.pi / max(self.guess.frequencies) / MOST_STEPS:
            return False
        self._before, self.time_error = (self.time_error, self.dt), math.inf
        self.dt *= factor
        error, dt = self._before
        self.notes.append(f"time step {self.dt:.4g}, since one of {dt:.4g} had an error of {error:.1e}")
        return True

    # the grid

    def seen(self) -> Look:
        """Marginals of W, and how it is resolved."""
        field = self.engine.of(self.W)
        return Look.of(Marginals(self.grid, *self.engine.marginals(field)), self.engine.spectral_power(field))

    def _regridded(self) -> Grid | None:
        """A larger or finer grid, where the monitors see that W needs one."""
        look, level = self.seen(), self.numerics.tolerance
        larger = {name for name, edge in zip(NAMES, look.edge, strict=True) if edge > level}
        return self._enlarged(larger, {name for name, tail in zip(NAMES, look.tail, strict=True) if tail > level})

    def _enlarged(self, larger: Collection[str], finer: Collection[str]) -> Grid | None:
        """A grid with larger boxes and finer meshes along some axes, in what is left open and where memory allows."""
        boxes, meshes = self.extents.intersection(larger), self.points.intersection(finer)
        if not boxes and not meshes:
            return None
        axes = []
        for name, axis in zip(NAMES, self.grid, strict=True):
            box, mesh = GROWTH if name in boxes else 1.0, FINER if name in meshes else 1.0
            centre, half = (axis.lower + axis.upper) / 2, box * axis.length / 2
            lower, upper = centre - half, centre + half
            if name not in self.points:
                axes.append(Axis(lower, upper, axis.points))
            else:
                grown = box * mesh > 1
                axes.append(Axis.resolving(lower, upper, mesh * axis.nyquist * (1 - SAME)) if grown else axis)
        grid = Grid(*axes)
        free = free_memory() + held_memory()
        if self.numerics.memory(grid) + _beside(grid) > min(SHARE * free, self.memory_limit or free):
            return None
        told = [f"larger along {', '.join(sorted(boxes))}"] * bool(boxes)
        told += [f"finer along {', '.join(sorted(meshes))}"] * bool(meshes)
        self.notes.append(f"{' x '.join(map(str, grid.shape))} points, {' and '.join(told)}")
        return grid

    def move(self, grid: Grid) -> None:
        """W to another grid."""
        target = self.numerics.make_engine(grid)
        W = target.array(self.engine.transferred(self.engine.of(self.W), target))
        self.engine = target
        self._take(W)
        self._before, self.time_error, self._is_smooth = (math.inf, 0.0), math.inf, False


def _beside(grid: Grid) -> float:
    """Bytes of the Krylov vectors and the like, beside what a run on a grid needs."""
    return FIELDS * 8.0 * grid.size
