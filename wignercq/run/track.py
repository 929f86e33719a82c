"""One equation followed on its grid: W and all that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wignercq.errors import InputError, ResolutionError
from wignercq.grid.grid import Grid
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look, Watch, mass_at_ends
from wignercq.propagation.engines.base import Boundary, Engine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.step_check import StepCheck
from wignercq.run.adaptation import Adapter
from wignercq.run.record import Record

ON_STEP = 1e-9  # an output this close to a step boundary, in steps, is on it


@dataclass(eq=False)
class Track:
    """W under one equation, advanced by whole steps and looked at.

    When a look finds W too close to the end of its box or of its spectrum, the steps since the look before are taken
    back and repeated on a better grid.
    """

    propagator: Propagator
    W: Any  # from the propagator's engine
    record: Record
    watch: Watch
    adapter: Adapter | None = None  # chooses better grids; None keeps the grid
    check: StepCheck | None = None  # compares the steps with those of the pilot run now and then; None trusts them
    # W at the last output, as long as no step is taken, and what was seen of it
    at_output: Any = field(init=False, default=None)
    look: Look | None = field(init=False, default=None)
    _copy: Any = field(init=False, default=None)
    _seen: Look | None = field(init=False, default=None)  # W now, if it has been looked at

    @property
    def engine(self) -> Engine:
        """The engine that owns W."""
        return self.propagator.engine

    @property
    def grid(self) -> Grid:
        """The grid of W."""
        return self.engine.grid

    def keep(self) -> None:
        """Keep a copy of W where it may be needed: to go back to when the grid turns out too small."""
        if self.adapter is not None:
            self._save_copy()

    def advance(self, steps: int, count: int) -> None:
        """Take `count` steps after the first `steps`, on better and better grids until one is good enough."""
        dt = self.propagator.dt
        while True:
            self.W, boundaries = self.propagator.advance(self.W, count)
            self._seen = self._look(self.W)
            if not self._moved_to_better_grid(steps * dt, self._seen, boundaries):
                break
        self.record.add_boundaries([(steps + k) * dt for k in range(1, count)], boundaries)
        time = (steps + count) * dt
        if self.check is not None and self.check.due(time):
            self._save_copy()
            self.check.check(time, self.propagator, self.W, self._copy)
        self.keep()

    def report(self, time: float) -> None:
        """Report W as it was last seen, at a moment between outputs."""
        assert self._seen is not None
        self._judge(time, self._seen)
        self.record.add_rate(time, self._seen.marginals)

    def output(self, time: float, steps: int) -> None:
        """Report an output, at W after so many steps or within the next one."""
        remainder = time - steps * self.propagator.dt
        self.at_output, self.look, self._seen = self.W, self._seen, None
        if remainder > ON_STEP * self.propagator.dt:
            self._save_copy()
            self.at_output, self.look = self.propagator.leap(self._copy, remainder), None
            self._copy = self.at_output
        self.look = self.look or self._look(self.at_output)
        self._judge(time, self.look)
        self.watch.check_energy(time, self.record.add_output(time, self.look))

    def after_output(self) -> None:
        """Go on from W, whatever the output took of the copy."""
        if self.at_output is self._copy:
            self.keep()

    def _look(self, W: Any) -> Look:
        return Look.of(Marginals(self.grid, *self.engine.marginals(W)), self.engine.spectral_power(W))

    def _judge(self, time: float, look: Look) -> None:
        try:
            self.watch.check(time, look.marginals.norm, look.edge, look.tail)
        except ResolutionError as error:
            if self.adapter is None or not self.adapter.exhausted:
                raise
            raise ResolutionError(f"{error}; the grid was to be changed at {self.adapter.notes[-1]}") from None

    def _moved_to_better_grid(self, time: float, look: Look, boundaries: list[Boundary]) -> bool:
        """Whether W is back at the start of the stretch, on another grid."""
        if self.adapter is None:
            return False
        ends = np.max([look.ends, *(_ends_between(boundary, self.grid) for boundary in boundaries)], axis=0)
        grid = self.adapter.improved(time, self.grid, ends, look.tail)
        if grid is None:
            return False
        try:
            propagator = replace(self.propagator, engine=self.adapter.make_engine(grid))
        except InputError as error:
            self.adapter.give_up(str(error))
            return False
        before, self.propagator, self.W, self.at_output = self.engine, propagator, None, None
        self.W = before.transferred(self._copy, self.engine)
        self._copy = None
        self._save_copy()
        self.record.regrid(grid)
        return True

    def _save_copy(self) -> None:
        self._copy = self.engine.copy(self.W, self._copy)


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
