"""One equation followed on its grid: W and all that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from wignercq.errors import InputError, ResolutionError
from wignercq.grid.grid import Grid
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look, Watch, mass_at_ends
from wignercq.propagation.engines import pages, processes
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.engines.compiled_step import Boundary
from wignercq.propagation.engines.interruption import Abandoned
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.step_check import StepCheck
from wignercq.run.adaptation import Adapter
from wignercq.run.record import Record

ON_STEP = 1e-9  # an output this close to a step boundary, in steps, is on it


class Good(NamedTuple):
    """W at the last output that was reported."""

    engine: Engine  # that owns it
    W: Any

    def slabs(self) -> Iterable[np.ndarray]:
        """W one q after the other."""
        return self.engine.slabs(self.W)

    def array(self) -> np.ndarray:
        """All of W."""
        return self.engine.array(self.W)

    def for_result(self, *, copied: bool = True) -> np.ndarray:
        """All of W, in the first of several processes; zeros that take no memory in the others."""
        if processes.is_first():
            W = self.engine.array(self.W)
            return np.array(W) if copied else W
        for _ in self.slabs():  # which come to all
            pass
        return np.broadcast_to(np.zeros((), self.engine.dtype), self.engine.grid.shape)


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
    keeps: bool = False  # whether W at the last output is at hand until the next one
    good: Good | None = None  # that W, if it is kept
    # W at the last output, as long as no step is taken, and what was seen of it
    at_output: Any = field(init=False, default=None)
    look: Look | None = field(init=False, default=None)
    _before: Any = field(init=False, default=None)  # W before the stretch under way
    _spare: Any = field(init=False, default=None)  # a W that nobody needs any more, for the next one
    _boundaries: list[Boundary] = field(init=False, default_factory=list)  # of the last stretch, until it is settled
    _seen: Look | None = field(init=False, default=None)  # W now, if it has been looked at

    @property
    def engine(self) -> Engine:
        """The engine that owns W."""
        return self.propagator.engine

    @property
    def grid(self) -> Grid:
        """The grid of W, in its frame."""
        return self.engine.grid

    def advance(self, steps: int, count: int) -> None:
        """Take `count` steps after the first `steps`, on better and better grids until one is good enough."""
        dt, self.at_output = self.propagator.dt, None
        while True:
            self._step(steps, count)
            self._seen = self._look(self.W, (steps + count) * dt)
            if not self._moved_to_better_grid(steps * dt, self._seen):
                break

    def _step(self, steps: int, count: int) -> None:
        """W after `count` steps more; W before them is kept until they are settled."""
        self._before = self.W
        time = self._time(steps)
        self.W, self._boundaries = self.propagator.advance(self.W, count, self._take_spare(), time=time)

    def take_back(self) -> None:
        """Be where the stretch began, whether it was begun or done, on the last grid that W was moved to."""
        if self._before is not None:
            self.W, self._before = self._before, None
        self._boundaries = []

    def settle(self, steps: int) -> None:
        """Note the boundaries of a stretch after the first `steps`; it is not taken back any more."""
        self.record.add_boundaries(
            [(steps + k) * self.propagator.dt for k in range(1, len(self._boundaries) + 1)], self._boundaries
        )
        self._boundaries = []
        if self._before is not None:
            self._spare, self._before = self._before, None

    def check_step(self, steps: int) -> int:
        """Compare the steps with those of the pilot run, if that is due; what to divide the step by from here on."""
        dt = self.propagator.dt
        if self.check is None or steps != self.check.next_step(dt):
            return 1
        return self.check.check(steps * dt, self.propagator, self.W, self._take_spare(), self.watch.lose)

    def divide_step(self, divisor: int) -> None:
        """Go on with shorter steps."""
        self.propagator = replace(self.propagator, dt=self.propagator.dt / divisor)

    def report(self, time: float) -> None:
        """Report W as it was last seen, at a moment between outputs."""
        assert self._seen is not None
        self._judge(time, self._seen)
        self.record.add_rate(time, self._seen.marginals)

    def reach(self, time: float, steps: int) -> None:
        """Look at W at the time of an output, after so many steps or within the next one."""
        remainder = time - steps * self.propagator.dt
        self.at_output, self.look, self._seen = self.W, self._seen, None
        if remainder > ON_STEP * self.propagator.dt:
            start = self._time(steps)
            self.at_output = self.propagator.leap(self.W, remainder, self._take_spare(), time=start)
            self.look = None
        self.look = self.look or self._look(self.at_output, time)

    def output(self, time: float) -> None:
        """Report the output that was reached."""
        assert self.look is not None
        self._judge(time, self.look)
        seen = Good(self.engine, self.at_output)
        left_out = self.record.add_output(time, self.look, seen)
        self.good = seen if self.keeps else None
        self.watch.check_energy(self.record.origin + time, left_out)
        if not self.record.model.is_physical:
            self.watch.check_purity(self.record.origin + time, self.record.rows[-1]["purity"])

    def after_output(self) -> None:
        """Go on from W; what was put out is needed no more, unless it is kept."""
        if self.at_output is self.W:
            self.keep_copy()
        elif not self.keeps:
            self._spare = self.at_output

    def keep_copy(self) -> None:
        """Keep W as it is now, if that is asked for, for the case that this output is the last."""
        self.good = None  # its memory first
        if self.keeps:
            self.good = Good(self.engine, self.engine.copy(self.W))

    def let_go(self) -> None:
        """Do without the memory that only the next steps need."""
        self._spare = None

    def _time(self, steps: int) -> float:
        """The time after so many steps, as the model counts it."""
        return self.record.origin + steps * self.propagator.dt

    def _look(self, W: Any, time: float) -> Look:
        grid = self.record.in_laboratory(time)
        return Look.of(Marginals(grid, *self.engine.marginals(W)), self.engine.spectral_power(W))

    def _judge(self, time: float, look: Look) -> None:
        try:
            self.watch.check(self.record.origin + time, look.marginals.norm, look.edge, look.tail)
        except ResolutionError as error:
            if self.adapter is None or not self.adapter.exhausted:
                raise
            raise ResolutionError(f"{error}; the grid was to be changed at {self.adapter.notes[-1]}") from None

    def _moved_to_better_grid(self, time: float, look: Look) -> bool:
        """Whether W is back at the start of the stretch, on another grid.

        In memory there is never more of it than W on both grids.
        """
        if self.adapter is None:
            return False
        ends = np.max([look.ends, *(_ends_between(boundary, self.grid) for boundary in self._boundaries)], axis=0)
        grid = self.adapter.improved(time, self.grid, ends, look.tail)
        if grid is None:
            return False
        try:
            propagator = self._propagator_on(grid, self.adapter)
        except InputError as error:
            self.adapter.give_up(str(error))
            return False
        self.take_back()
        try:
            self._move(propagator)
        except Abandoned:
            self.adapter.withdraw()
            raise
        return True

    def _propagator_on(self, grid: Grid, adapter: Adapter) -> Propagator:
        """One for another grid, for which the tables of this one make room."""
        self.propagator.forget_tables()
        engine = adapter.make_engine(grid)
        engine.interruption = self.engine.interruption
        propagator = replace(self.propagator, engine=engine)
        propagator.require_way(self.record.origin + adapter.end)
        return propagator

    def _move(self, propagator: Propagator) -> None:
        """Go on from W on the grid of another propagator."""
        self.at_output = self._seen = self._spare = None
        self.W = self.engine.transferred(self.W, propagator.engine)
        self.propagator = propagator
        self.record.regrid(self.grid)
        pages.trim()

    def _take_spare(self) -> Any:
        spare, self._spare = self._spare, None
        return self.engine.empty() if spare is None else spare


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
