"""The loop over steps and outputs, for one equation or several side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from wignercq.errors import ResolutionError
from wignercq.run.track import ON_STEP, Track

CHECKS_PER_RUN = 20  # moments at which the monitors look, beside the outputs
STRETCH_WORK = 250_000_000  # cells times steps between two such moments, at most: some seconds


@dataclass(eq=False)
class TimeLoop:
    """Steps on the lattice ``n * dt`` and looks at W at outputs and some moments between.

    An output between two steps is reached by one shorter step on a copy, so W at any time does not depend on which
    other outputs were asked.
    """

    # stepped side by side; the first one leads: when the grid loses it, the run ends; another is left behind
    tracks: dict[str, Track]
    steps: int = 0  # whole steps behind W
    lost: dict[str, str] = field(default_factory=dict)  # tracks that were left behind, and why

    @property
    def leader(self) -> Track:
        """The track that every other one is compared with."""
        return next(iter(self.tracks.values()))

    @property
    def dt(self) -> float:
        """The time step of all tracks."""
        return self.leader.propagator.dt

    @property
    def time(self) -> float:
        """The time of W."""
        return self.steps * self.dt

    def outputs(self, times: np.ndarray) -> Iterator[float]:
        """Go through all output times still to come, yielding every moment reached.

        Whenever it yields, W and the record of every track and `steps` are all that is needed to go on with the very
        same operations.
        """
        end = float(times[-1])
        for track in self.tracks.values():
            track.keep()
        while len(self.leader.record.rows) < times.size:
            time = float(times[len(self.leader.record.rows)])
            while self.steps < whole_steps(time, self.dt):
                count = min(self._stretch(end), whole_steps(time, self.dt) - self.steps)
                self._each(Track.advance, self.steps, count)
                self.steps += count
                self._divide_step(self.leader.divisor)
                if self.steps < whole_steps(time, self.dt):
                    self._each(Track.report, self.time)
                    yield self.time
            self._each(Track.output, time, self.steps)
            yield time
            for track in self.tracks.values():
                track.after_output()

    def _each(self, action: Callable[..., None], *arguments: float) -> None:
        """Do the same with every track; those that the grid loses are left behind."""
        for name, track in list(self.tracks.items()):
            try:
                action(track, *arguments)
            except ResolutionError as error:
                if track is self.leader:
                    raise
                self.lost[name] = f"lost by the grid: {error}"
                del self.tracks[name]

    def _divide_step(self, divisor: int) -> None:
        """Refine the lattice of steps; all moments of the old one are on the new one."""
        if divisor > 1:
            self._each(Track.divide_step, divisor)
            self.steps *= divisor

    def _stretch(self, duration: float) -> int:
        """Steps until W is looked at again; on a grid that has grown they are fewer. None skips a check of the step."""
        evenly = math.ceil(duration / self.dt / CHECKS_PER_RUN)
        most = min(evenly, STRETCH_WORK // sum(track.grid.size for track in self.tracks.values()))
        check = self.leader.check
        to_check = math.inf if check is None else check.next_step(self.dt) - self.steps
        return int(max(1, min(most, to_check)))


def whole_steps(time: float, dt: float) -> int:
    """Number of whole steps from 0 to `time`, or to the step boundary that `time` is on up to rounding."""
    nearest = round(time / dt)
    return nearest if abs(time / dt - nearest) < ON_STEP else math.floor(time / dt)
