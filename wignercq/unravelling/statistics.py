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
