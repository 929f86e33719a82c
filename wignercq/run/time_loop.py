"""The loop over steps and outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wignercq.errors import InputError, ResolutionError
from wignercq.grid.grid import Grid
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Watch, mass_at_all_ends, mass_at_ends, spectral_tail
from wignercq.propagation.propagator import Boundary, Propagator
from wignercq.propagation.step_check import StepCheck
from wignercq.run.adaptation import Adapter, transfer
from wignercq.run.record import Record

CHECKS_PER_RUN = 20  # moments at which the monitors look, beside the outputs
STRETCH_WORK = 250_000_000  # cells times steps between two such moments, at most: some seconds
ON_STEP = 1e-9  # an output this close to a step boundary, in steps, is on it


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen of W at one moment.

    Parameters
    ----------
    marginals : Marginals
    ends : np.ndarray
        Mass near the lower and upper end of each axis, shape (4, 2).
    tail : np.ndarray
        Spectral tail of each axis, shape (4,).
    """

    marginals: Marginals
    ends: np.ndarray
    tail: np.ndarray


@dataclass(eq=False)
class TimeLoop:
    """Steps on the lattice ``n * dt`` and looks at W at outputs and some moments between.

    An output between two steps is reached by one shorter step on a copy, so W at any time does not depend on which
    other outputs were asked. When a look finds W too close to the end of its box or of its spectrum, the steps since
    the look before are taken back and repeated on a better grid.

    Parameters
    ----------
    propagator : Propagator
    W : array
        After `steps` steps, from the propagator's engine; advanced in place.
    record : Record
    watch : Watch
    threads : int
        For the observables.
    adapter : Adapter or None
        Chooses better grids; None keeps the grid.
    check : StepCheck or None
        Compares the steps with those of the pilot run now and then; None trusts them.
    steps : int
        Whole steps behind W.
    """

    propagator: Propagator
    W: Any
    record: Record
    watch: Watch
    threads: int
    adapter: Adapter | None = None
    check: StepCheck | None = None
    steps: int = 0
    at_output: Any = field(init=False, default=None)
    _copy: Any = field(init=False, default=None)

    @property
    def time(self) -> float:
        """The time of W."""
        return self.steps * self.propagator.dt

    @property
    def grid(self) -> Grid:
        """The grid of W."""
        return self.propagator.engine.grid

    def outputs(self, times: np.ndarray) -> Iterator[float]:
        """Go through all output times still to come, yielding every moment reached.

        Whenever it yields, W, `steps` and `record` are all that is needed to go on with the very same operations.
        """
        end = float(times[-1])
        if self.adapter is not None:
            self._save_copy()
        while len(self.record.rows) < times.size:
            time, look = float(times[len(self.record.rows)]), None
            whole = whole_steps(time, self.propagator.dt)
            while self.steps < whole:
                look = self._advance(min(self._stretch(end), whole - self.steps))
                if self.steps < whole:
                    self._report(self.time, look, output=False)
                    yield self.time
            self._output(time, look)
            yield time
            if self.adapter is not None and self.at_output is self._copy:
                self._save_copy()

    def _output(self, time: float, look: Look | None) -> None:
        """Report an output at or within a step after W, which `look` has seen if it is not None."""
        remainder = time - self.time
        self.at_output = self.W
        if remainder > ON_STEP * self.propagator.dt:
            self._save_copy()
            self.at_output = self._copy
            self.propagator.leap(self._copy, remainder)
            look = None
        self._report(time, look or self._look(self.at_output), output=True)

    def _stretch(self, duration: float) -> int:
        """Steps until W is looked at again; on a grid that has grown they are fewer."""
        evenly = math.ceil(duration / self.propagator.dt / CHECKS_PER_RUN)
        return max(1, min(evenly, STRETCH_WORK // self.grid.size))

    def _advance(self, count: int) -> Look:
        """Take `count` steps, on better and better grids until one is good enough."""
        while True:
            boundaries = self.propagator.advance(self.W, count)
            look = self._look(self.W)
            if not self._moved_to_better_grid(look, boundaries):
                break
        times = [(self.steps + k) * self.propagator.dt for k in range(1, count)]
        self.record.add_boundaries(times, boundaries)
        self.steps += count
        if self.check is not None and self.check.due(self.time):
            self._save_copy()
            self.check.check(self.time, self.propagator, self.W, self._copy)
        if self.adapter is not None:
            self._save_copy()
        return look

    def _moved_to_better_grid(self, look: Look, boundaries: list[Boundary]) -> bool:
        """Whether W is back at the start of the stretch, on another grid."""
        if self.adapter is None:
            return False
        ends = np.max([look.ends, *(_ends_between(boundary, self.grid) for boundary in boundaries)], axis=0)
        grid, before = self.adapter.improved(self.time, self.grid, ends, look.tail), self.grid
        if grid is None:
            return False
        try:
            propagator = replace(self.propagator, engine=self.adapter.make_engine(grid))
        except InputError as error:
            self.adapter.give_up(str(error))
            return False
        self.propagator, self.W, self.at_output = propagator, None, None
        self.W = propagator.engine.allocate()
        transfer(self._copy, before, grid, self.W)
        self._copy = None
        self._save_copy()
        self.record.regrid(grid)
        return True

    def _save_copy(self) -> None:
        if self._copy is None:
            self._copy = self.propagator.engine.allocate()
        self._copy[...] = self.W

    def _look(self, W: Any) -> Look:
        marginals = Marginals.of(W, self.grid, threads=self.threads)
        tail = spectral_tail(self.propagator.engine.spectral_power(W))
        return Look(marginals, mass_at_all_ends(marginals), tail)

    def _report(self, time: float, look: Look, *, output: bool) -> None:
        edge = look.ends.sum(axis=1)
        try:
            self.watch.check(time, look.marginals.norm, edge, look.tail)
        except ResolutionError as error:
            if self.adapter is None or not self.adapter.exhausted:
                raise
            raise ResolutionError(f"{error}; the grid was to be changed at {self.adapter.notes[-1]}") from None
        if output:
            self.record.add_output(time, look.marginals, edge, look.tail)
        else:
            self.record.add_rate(time, look.marginals)


def whole_steps(time: float, dt: float) -> int:
    """Number of whole steps from 0 to `time`, or to the step boundary that `time` is on up to rounding."""
    nearest = round(time / dt)
    return nearest if abs(time / dt - nearest) < ON_STEP else math.floor(time / dt)


def _ends_between(boundary: Boundary, grid: Grid) -> np.ndarray:
    """Mass near the ends of each axis at a step boundary inside a stretch, shape (4, 2); y is not seen there: zero."""
    cell_qx = grid.p.spacing * grid.y.spacing
    cell_p = grid.cell / grid.p.spacing
    density_qx = boundary.density_qx * cell_qx
    return np.array(
        [
            mass_at_ends(grid.q, density_qx.sum(axis=1) * grid.x.spacing),
            mass_at_ends(grid.p, np.fft.ifft(boundary.p_characteristic).real * cell_p),
            mass_at_ends(grid.x, density_qx.sum(axis=0) * grid.q.spacing),
            np.zeros(2),
        ]
    )
