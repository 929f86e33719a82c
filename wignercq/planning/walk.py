"""W on its way through a pilot run, from moment to moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wignercq.propagation.engines.base import Engine
from wignercq.propagation.propagator import Propagator


@dataclass(eq=False)
class Walk:
    """W on its way through a run."""

    propagator: Propagator
    W: Any
    steps: int = 0  # behind W
    origin: float = 0.0  # time at which it begins, as the model counts it

    @property
    def engine(self) -> Engine:
        """The engine that owns W."""
        return self.propagator.engine

    @property
    def time(self) -> float:
        """The time of W, as the model counts it."""
        return self.origin + self.steps * self.propagator.dt

    def to(self, step: int) -> None:
        """Take all steps up to this one."""
        if step > self.steps:
            self.W, _ = self.propagator.advance(self.W, step - self.steps, time=self.time)
            self.steps = step
