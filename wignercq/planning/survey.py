"""What a pilot run shows of the grid that the run will need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look
from wignercq.propagation.engines.base import Engine


@dataclass(frozen=True, eq=False)
class Survey:
    """How wide and how fine W becomes, the most of several moments of a run."""

    masses: list[np.ndarray]  # density of q, p, x and y times the spacing
    amplitudes: list[np.ndarray]  # root of the share of spectral power at and beyond each frequency of q, p, x and y
    lost: float  # the largest edge mass or spectral tail

    @classmethod
    def of(cls, W: Any, engine: Engine) -> Survey:
        """W at one moment."""
        marginals, powers = Marginals(engine.grid, *engine.marginals(W)), engine.spectral_power(W)
        look = Look.of(marginals, powers)
        return cls(
            [np.abs(line) * axis.spacing for line, axis in zip(marginals.lines, engine.grid, strict=True)],
            [np.sqrt(np.cumsum(power[::-1])[::-1]) for power in powers],
            float(np.max([look.edge, look.tail])),
        )

    def __or__(self, other: Survey) -> Survey:
        """The most of both."""
        pairs = (self.masses, other.masses), (self.amplitudes, other.amplitudes)
        masses, amplitudes = ([np.maximum(a, b) for a, b in zip(*pair, strict=True)] for pair in pairs)
        return Survey(masses, amplitudes, max(self.lost, other.lost))
