"""The loop over steps and outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wignercq.errors import InputError
from wignercq.grid import Grid
from wignercq.monitors import Watch, mass_at_all_ends, mass_at_ends, spectral_tail
from wignercq.observables import Marginals
from wignercq.propagator import Boundary, Propagator
from wignercq.record import Record
from wignercq.regrid import Adapter, transfer

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
    steps : int
        Whole steps behind W.
    next_output : int
        Number of the first output that is still to come.
    """

    propagator: Propagator
    W: Any
    record: Record
    watch: Watch
    threads: int
    adapter: Adapter | None = None
    steps: int = 0
    next_output: int = 0
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
        """Go through all output times still to come, yielding every moment reached, W being at ``self.time`` then."""
        stretch = self._stretch(float(times[-1]))
        if self.adapter is not None:
            self._save_copy()
        while self.next_output < times.size:
            time = float(times[self.next_output])
            position = time / self.propagator.dt
            whole = round(position) if abs(position - round(position)) < ON_STEP else math.floor(position)
            look = None
            while self.steps < whole:
                look = self._advance(min(stretch, whole - self.steps))
                if self.steps < whole:
                    self._report(self.time, look, output=False)
                    yield self.time
            remainder = time - self.time
            if abs(remainder) < ON_STEP * self.propagator.dt:
                self.at_output = self.W
                self._report(time, look or self._look(self.W), output=True)
            else:
                self._save_copy()
                self.at_output = self._copy
                self.propagator.leap(self._copy, remainder)
                self._report(time, self._look(self._copy), output=True)
            self.next_output += 1
            yield time
            if self.adapter is not None and self.at_output is self._copy:
                self._save_copy()

    def _stretch(self, duration: float) -> int:
        """Steps between two looks."""
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
        self.propagator, self.W = propagator, None
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
        self.watch.check(time, look.marginals.norm, edge, look.tail)
        if output:
            self.record.add_output(time, look.marginals, edge, look.tail)
        else:
            self.record.add_rate(time, look.marginals)


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
