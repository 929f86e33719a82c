"""Means of many trajectories with their standard errors, gathered block by block in memory that does not grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(eq=False)
class Statistics:
    """Means and second central moments of K numbers that every trajectory has at each of T moments."""

    count: int
    mean: np.ndarray  # (T, K)
    scatter: np.ndarray  # (T, K, K), sum of products of deviations from the mean

    @classmethod
    def of(cls, numbers: np.ndarray) -> Self:
        """Of trajectories, numbers of shape (T, K, n)."""
        mean = numbers.mean(axis=2)
        apart = numbers - mean[:, :, None]
        return cls(numbers.shape[2], mean, apart @ apart.transpose(0, 2, 1))

    def add(self, other: Statistics) -> None:
        """Those of other trajectories with them (Chan, Golub and LeVeque 1983)."""
        count = self.count + other.count
        apart = other.mean - self.mean
        self.scatter += other.scatter + self.count * other.count / count * apart[:, :, None] * apart[:, None, :]
        self.mean += other.count / count * apart
        self.count = count

    def error(self, gradient: np.ndarray) -> np.ndarray:
        """Standard error of a function of the means with some gradient by them, shape (T, ..., K) to (T, ...)."""
        spread = self.scatter / (self.count * (self.count - 1.0))
        extra = gradient.ndim - 2
        spread = spread.reshape(spread.shape[0], *(1,) * extra, *spread.shape[1:])
        variance = (gradient[..., None, :] @ spread @ gradient[..., :, None])[..., 0, 0]
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


@dataclass(eq=False)
class PairStatistics:
    """Central moments of all pairs (u, v) of m numbers of every trajectory, to the orders that an error needs."""

    count: int
    mean: np.ndarray  # (m,)
    first: np.ndarray  # (m, m), sum of u v, of deviations from the mean
    mixed: np.ndarray  # (m, m), sum of u**2 v
    second: np.ndarray  # (m, m), sum of u**2 v**2

    @classmethod
    def of(cls, numbers: np.ndarray) -> Self:
        """Of trajectories, numbers of shape (m, n)."""
        mean = numbers.mean(axis=1)
        u = numbers - mean[:, None]
        squares = u**2
        return cls(numbers.shape[1], mean, u @ u.T, squares @ u.T, squares @ squares.T)

    def add(self, other: PairStatistics) -> None:
        """Those of other trajectories with them (Pebay, Sandia report SAND2008-6212)."""
        count = self.count + other.count
        apart = other.mean - self.mean
        ours, theirs = (
            part.about(shift)
            for part, shift in zip(
                (self, other), (other.count / count * apart, -self.count / count * apart), strict=True
            )
        )
        self.first, self.mixed, self.second = (a + b for a, b in zip(ours, theirs, strict=True))
        self.mean, self.count = self.mean + other.count / count * apart, count

    def about(self, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The three sums of deviations from the mean and a shift, shape (m,)."""
        n, a, b = self.count, shift[:, None], shift
        squares = np.diag(self.first)
        uu, vv = squares[:, None], squares
        first = self.first + n * a * b
        mixed = self.mixed - 2 * a * self.first - b * uu - n * a**2 * b
        second = self.second - 2 * b * self.mixed - 2 * a * self.mixed.T
        second += b**2 * uu + a**2 * vv + 4 * a * b * self.first + n * a**2 * b**2
        return first, mixed, second

    @property
    def covariance(self) -> np.ndarray:
        """``E[u v]``, shape (m, m)."""
        return self.first / self.count

    @property
    def error(self) -> np.ndarray:
        """Its standard error."""
        variance = self.second / self.count - self.covariance**2
        return np.asarray(np.sqrt(np.maximum(variance, 0.0) / (self.count - 1.0)))
