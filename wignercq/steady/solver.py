"""From a guess to the steady state on a grid: Krylov cycles, a time step and a grid that suit the tolerance."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.sparse.linalg import gmres

from wignercq.errors import MemoryLimitError, readable_size
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look
from wignercq.planning.memory import free_memory, held_memory, require_memory
from wignercq.planning.numerics import Numerics
from wignercq.planning.tell import Tell, silent
from wignercq.propagation.propagator import Propagator
from wignercq.steady.averaging import AveragedEquation, as_operator
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
STALLED = 0.7  # factor between the errors of two cycles from which on nothing is gained any more
SHORT = 64  # parts of a step over which the generator is measured


@dataclass(eq=False)
class Solver:
    """A steady state under way.

    Parameters
    ----------
    model : Model
    numerics : Numerics
    guess : Guess
    W : np.ndarray
        The best so far, integral 1.
    grid : Grid
    """

    model: Model
    numerics: Numerics
    guess: Guess
    W: np.ndarray
    grid: Grid
    extents: frozenset[str] = frozenset(NAMES)  # axes whose box may grow
    points: frozenset[str] = frozenset(NAMES)  # axes whose mesh may be refined
    memory_limit: float | None = None
    look: Callable[[], None] = lambda: None  # called often; may raise to end it
    tell: Tell = silent
    dt: float = 0.0  # 0 leaves it open
    error: float = math.inf  # of W, what is left of the equation, relative to the maximum
    time_error: float = math.inf  # of the time step, likewise
    steps: int = 0  # taken so far
    cell_steps: float = 0.0  # steps times cells
    notes: list[str] = field(default_factory=list)  # changes of the grid and of the step
    after_cycle: Callable[[], None] = lambda: None
    _before: tuple[float, float] = (math.inf, 0.0)  # error of the time step before this one, and that step; 0 if none

    _is_smooth: bool = True  # W has no steps where a box ended before, which would look like errors of the time step

    def solve(self) -> bool:
        """Improve W until its error is below the tolerance; whether that is so.

        MemoryLimitError where the grid does not fit.
        """
        tolerance, is_free = self.numerics.tolerance, self.numerics.dt is None
        self.dt = self.dt or self.numerics.dt or self._first_step()
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
                self._move(regridded)
                equation, before = self._equation(), math.inf
                continue
            if is_solved and (self._is_within or not is_free):
                return True
            if is_solved:  # what a shorter step does not help is the grid's
                regridded = self._enlarged(NAMES, NAMES)
                if regridded is None:
                    break
                self._move(regridded)
                equation, before = self._equation(), math.inf
                continue
            if self.error > STALLED * before:
                break
            before = self.error
            self._cycle(equation)
            self._is_smooth = True
        if self.time_error == math.inf:
            self._measure_step(equation)
        return self._is_within

    @property
    def _is_within(self) -> bool:
        return self.error + self.time_error <= self.numerics.tolerance

    # what is solved

    def _equation(self) -> AveragedEquation:
        require_memory([self.grid], self.numerics, self.memory_limit, "lower points")
        extra = FIELDS * 8.0 * self.grid.size
        needed, free = self.numerics.memory(self.grid) + extra, free_memory() + self.W.nbytes
        allowed = min(free, self.memory_limit or free)
        if needed > allowed:
            raise MemoryLimitError(
                "grid",
                f"a search that fits {readable_size(allowed)}",
                f"{' x '.join(map(str, self.grid.shape))} points, which need {readable_size(needed)}; lower points",
            )
        engine = self.numerics.make_engine(self.grid)
        propagator = Propagator(self.model, engine, self.numerics.scheme, self.dt, self.numerics.hbar_order)
        steps = math.ceil(PERIODS * 2 * math.pi / min(self.guess.frequencies) / self.dt)
        return AveragedEquation(propagator, steps, self.guess)

    def _measure(self, equation: AveragedEquation) -> None:
        """What is left of the equation."""
        self._correction = -self._counted(equation, lambda: equation.error(self.W))
        self.error = float(np.abs(self._correction).max() / np.abs(self.W).max())
        self.tell(f"steady state: error {self.error:.1e} after {self.steps} steps")

    def _measure_step(self, equation: AveragedEquation) -> None:
        """How far a step of half the length moves the solution, and so how far that is from the truth."""
        finer = replace(equation.propagator, dt=self.dt / 2)
        fine = self._counted(equation, lambda: equation.error_of(equation.refined_residual(self.W, finer)))
        moved = float(np.abs(fine + self._correction).max() / np.abs(self.W).max())
        self.time_error = moved / (1 - 2.0**-self.numerics.order)

    def _cycle(self, equation: AveragedEquation) -> None:
        operator = as_operator(equation, self.grid.shape, self.look)
        goal = max(REDUCTION, 0.5 * SOLVED * self.numerics.tolerance / self.error)

        def solve() -> np.ndarray:
            correction, _ = gmres(operator, self._correction.ravel(), rtol=goal, restart=CYCLE, maxiter=1)
            return np.asarray(correction)

        self.W = self.W + self._counted(equation, solve).reshape(self.grid.shape)
        self.W /= self.W.sum() * self.grid.cell

    def _counted(self, equation: AveragedEquation, work: Callable[[], Any]) -> Any:
        before = equation.done
        result = work()
        self.steps += equation.done - before
        self.cell_steps += (equation.done - before) * float(self.grid.size)
        self.look()
        return result

    # the step

    def _first_step(self) -> float:
        steps = max(FEWEST, FIRST_STEPS * (1e-6 / self.numerics.tolerance) ** (1 / self.numerics.order))
        return 2 * math.pi / max(self.guess.frequencies) / min(steps, MOST_STEPS)

    def _fallen(self) -> float:
        """Error below which a shorter step has helped by half of the scheme's order; above, the rest is the grid's."""
        before, dt = self._before
        return before * (self.dt / dt) ** (self.numerics.order / 2) if dt else sys.float_info.max

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
        engine = self.numerics.make_engine(self.grid)
        field = engine.of(self.W)
        return Look.of(Marginals(self.grid, *engine.marginals(field)), engine.spectral_power(field))

    def _regridded(self) -> Grid | None:
        """A larger or finer grid, where the monitors see that W needs one."""
        look, level = self.seen(), self.numerics.tolerance
        larger = {name for name, edge in zip(NAMES, look.edge, strict=True) if edge > level}
        return self._enlarged(larger, {name for name, tail in zip(NAMES, look.tail, strict=True) if tail > level})

    def _enlarged(self, larger: Collection[str], finer: Collection[str]) -> Grid | None:
        """A grid with larger boxes and finer meshes along some axes, in what is left open and where memory allows."""
        boxes, meshes = self.extents.intersection(larger), self.points.intersection(finer)
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
        if not boxes and not meshes:
            return None
        if self.numerics.memory(grid) + FIELDS * 8.0 * grid.size > SHARE * (free_memory() + held_memory()):
            return None
        told = [f"larger along {', '.join(sorted(boxes))}"] * bool(boxes)
        told += [f"finer along {', '.join(sorted(meshes))}"] * bool(meshes)
        self.notes.append(f"{' x '.join(map(str, grid.shape))} points, {' and '.join(told)}")
        return grid

    def _move(self, grid: Grid) -> None:
        """W to another grid."""
        engine, target = self.numerics.make_engine(self.grid), self.numerics.make_engine(grid)
        W = np.array(target.array(engine.transferred(engine.of(self.W), target)))
        self.W, self.grid = W / (W.sum() * grid.cell), grid
        self._before, self.time_error, self._is_smooth = (math.inf, 0.0), math.inf, False
