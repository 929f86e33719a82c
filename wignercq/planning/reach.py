"""How far W reaches along x and y and how fine it is there, read off densities.

Of a pure state, the spectral power of W along y is the autocorrelation of the density of x, and the power of W itself
at each y, the sum of W**2 over x, is the density of y convolved with itself, at 2 y; the same with x and y exchanged.
That power tells of fringes between distant parts of a state, which no marginal shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ENDS = 1 / 16  # share of the range of x and of y, at each end, that is to stay empty
FRINGE = 0.1  # weight of fringes beside mass: of a Gaussian both then end at the same point


@dataclass(frozen=True, eq=False)
class Reach:
    """Most of all moments: how much of W lies beyond each point of an axis, and beyond each frequency."""

    points: np.ndarray
    below: np.ndarray  # mass up to each point, or FRINGE of the root of the share of power if that is more
    above: np.ndarray  # and from it on
    frequencies: np.ndarray
    amplitudes: np.ndarray  # root of the share of spectral power from each frequency on

    def ends(self, level: float) -> tuple[float, float]:
        """The interval that leaves `level` at each end."""
        half = (self.points[1] - self.points[0]) / 2  # sums end between points
        lower = np.interp(math.log(level), _log(self.below), self.points + half)
        upper = np.interp(-math.log(level), -_log(self.above), self.points - half)
        return float(lower), float(upper)

    def frequency(self, level: float) -> float:
        """Beyond which the root of the share of spectral power is below `level`."""
        return float(np.interp(-math.log(level), -_log(self.amplitudes), self.frequencies))

    def is_crowded(self, level: float) -> bool:
        """Whether so much is near the ends, where it would come back at the other one, that its fringes count.

        Fringes between the bulk of a state and a part with the mass m have the root of m as their amplitude.
        """
        band, mass = math.ceil(ENDS * self.points.size), min(level, (level / FRINGE) ** 2)
        return bool(self.below[band] > mass or self.above[-band - 1] > mass)


def _log(sums: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(sums, np.finfo(float).tiny))


def cumulated(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums up to and from each point."""
    return np.cumsum(lines, axis=-1), np.cumsum(lines[..., ::-1], axis=-1)[..., ::-1]


def autocorrelation(line: np.ndarray) -> np.ndarray:
    """``sum_i line[i] line[i + k]`` for both signs of k together, of numbers that are not negative: no cancellation."""
    result = np.correlate(line, line, "full")[line.size - 1 :]
    result[1:] *= 2
    return result


def fringes(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """FRINGE of the root of the share of the power of W up to and from each point, from a density."""
    power = np.convolve(line, line)  # at half the spacing
    below, above = cumulated(power / (power.sum() or 1.0))
    return FRINGE * np.sqrt(below[::2]), FRINGE * np.sqrt(above[::2])
