"""When checkpoints are written: soon for the first time, then as often as their cost allows."""

from __future__ import annotations

import time as clock

from wignercq.planning.arguments import seconds

FIRST = 60.0  # seconds of wall time before the first checkpoint, and between two at least
SHARE = 0.02  # of the time that writing may take


class Schedule:
    """Says when the next checkpoint is due.

    Parameters
    ----------
    every : float, str or None
        Seconds, or text with a unit, of wall time between checkpoints. None: the first after a minute, and then as long
        a time between two, a minute at least, that writing takes a fiftieth of it.
    """

    def __init__(self, every: float | str | None = None) -> None:
        self._fixed = every is not None
        self._interval = FIRST if every is None else seconds("checkpoint_every", every)
        self._last = self._begun = clock.perf_counter()

    @property
    def is_due(self) -> bool:
        """Whether a checkpoint should be written now."""
        return clock.perf_counter() - self._last > self._interval

    def begin(self) -> None:
        """One is being written from now on."""
        self._begun = clock.perf_counter()

    def end(self) -> None:
        """It is written, or could not be."""
        self._last = clock.perf_counter()
        if not self._fixed:
            self._interval = max(FIRST, (self._last - self._begun) / SHARE)
