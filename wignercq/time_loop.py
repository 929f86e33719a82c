"""The loop over steps and outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wignercq.grid import Grid
from wignercq.monitors import Watch, edge_mass, spectral_tail
from wignercq.observables import Marginals
from wignercq.propagator import Propagator
from wignercq.record import Record

CHECKS_PER_RUN = 20  # moments at which the monitors look, beside the outputs
ON_STEP = 1e-9  # an output this close to a step boundary, in steps, is on it


@dataclass(eq=False)
class TimeLoop:
    """Steps on the lattice ``n * dt`` and looks at W at outputs and some moments between.

    An output between two steps is reached by one shorter step on a copy, so W at any time does not depend on which
    other outputs were asked.

    Parameters
    ----------
    propagator : Propagator
    W : array
        At time 0, from the propagator's engine; advanced in place.
    record : Record
    watch : Watch
    threads : int
        For the observables.
    """

    propagator: Propagator
    W: Any
    record: Record
    watch: Watch
    threads: int
    at_output: Any = field(init=False, default=None)
    _steps: int = field(init=False, default=0)

    @property
    def _grid(self) -> Grid:
        return self.propagator.engine.grid

    def outputs(self, times: np.ndarray) -> Iterator[float]:
        """Go through all output times, yielding every moment reached on the way."""
        dt = self.propagator.dt
        chunk = max(1, math.ceil(times[-1] / dt / CHECKS_PER_RUN))
        for time in times:
            position = time / dt
            whole = round(position) if abs(position - round(position)) < ON_STEP else math.floor(position)
            while self._steps < whole:
                self._advance(min(chunk, whole - self._steps))
                if self._steps < whole:
                    self._look(self._steps * dt, self.W, output=False)
                    yield self._steps * dt
            remainder = time - whole * dt
            if abs(remainder) < ON_STEP * dt:
                self.at_output = self.W
            else:
                self.at_output = self._copy()
                self.propagator.leap(self.at_output, remainder)
            self._look(float(time), self.at_output, output=True)
            yield float(time)

    def _advance(self, steps: int) -> None:
        boundaries = self.propagator.advance(self.W, steps)
        times = [(self._steps + k) * self.propagator.dt for k in range(1, steps)]
        self.record.add_boundaries(times, boundaries)
        self._steps += steps

    def _copy(self) -> Any:
        copy = (
            self.propagator.engine.allocate() if self.at_output is None or self.at_output is self.W else self.at_output
        )
        copy[...] = self.W
        return copy

    def _look(self, time: float, W: Any, *, output: bool) -> None:
        marginals = Marginals.of(W, self._grid, threads=self.threads)
        edge, tail = edge_mass(marginals), spectral_tail(self.propagator.engine.spectral_power(W))
        self.watch.check(time, marginals.norm, edge, tail)
        if output:
            self.record.add_output(time, marginals, edge, tail)
        else:
            self.record.add_rate(time, marginals)
