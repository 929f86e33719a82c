"""The quantum particle's part of an initial state: the common interface, and the Gaussian states."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import StateError, at_least, at_most
from wignercq.grid.grid import Axis
from wignercq.states.arguments import covariance_matrix, number, short_repr, vector
from wignercq.states.extent import Normal, normal_density

TOLERANCE = 1e-9  # relative, of the uncertainty bound


class QuantumState(ABC):
    """A state of the quantum particle, ``W(x, y) = (1/(2 pi hbar)) int du e^{-i y u/hbar} <x+u/2| rho |x-u/2>``.

    Attributes
    ----------
    hbar : float
    mean : ndarray, shape (2,)
        Mean of (x, y).
    covariance : ndarray, shape (2, 2)
        Symmetrised covariance of (x, y), which is the covariance of W.
    mass : float or None
        Of the particle, where the state was made for one; a model of another mass refuses it.
    """

    hbar: float
    mean: np.ndarray
    covariance: np.ndarray
    mass: float | None = None

    def __repr__(self) -> str:
        return short_repr(self)

    @property
    @abstractmethod
    def purity(self) -> float:
        """``tr rho**2 = 2 pi hbar int W**2``, dimensionless."""

    @abstractmethod
    def wigner(self, x: Axis, y: Axis) -> np.ndarray:
        """W on the points of two axes, shape (nx, ny), in units of 1/action."""

    @abstractmethod
    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals of x and y outside which ``|W| < level * max|W|``, shape (2, 2)."""

    @abstractmethod
    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Angular frequencies in x and y beyond which the spectrum of W is below `level` times its maximum."""


@dataclass(frozen=True, eq=False, repr=False)
class GaussianQuantumState(Normal, QuantumState):
    """A Gaussian state, ``W = exp(-z S^-1 z/2) / (2 pi sqrt(det S))``, eq (129) of arXiv:2510.07402.

    Parameters
    ----------
    mean : array_like, shape (2,)
        Mean of (x, y).
    covariance : array_like, shape (2,) or (2, 2)
        Variances or covariance matrix S of (x, y).
    hbar : float
        Positive.
    mass : float, optional
        Of the particle, if the state is to be one of a certain mass only.

    Raises
    ------
    StateError
        Malformed input, or ``det S < (hbar/2)**2`` (relative tolerance 1e-9), against the uncertainty relation.
    """

    mean: np.ndarray
    covariance: np.ndarray
    hbar: float
    mass: float | None

    def __init__(self, mean: ArrayLike, covariance: ArrayLike, *, hbar: float, mass: float | None = None) -> None:
        object.__setattr__(self, "hbar", number("hbar", hbar, above=0))
        object.__setattr__(self, "mass", mass if mass is None else number("mass", mass, above=0))
        object.__setattr__(self, "mean", vector("mean", mean, 2))
        object.__setattr__(self, "covariance", covariance_matrix(covariance, 2))
        require_uncertainty(self.covariance, self.hbar)

    @property
    def purity(self) -> float:
        return float(self.hbar / (2 * np.sqrt(np.linalg.det(self.covariance))))

    def wigner(self, x: Axis, y: Axis) -> np.ndarray:
        return normal_density(self.mean, self.covariance, x, y)


def require_uncertainty(covariance: np.ndarray, hbar: float) -> None:
    """Raise StateError unless the (2, 2) covariance of (x, y) has ``det >= (hbar/2)**2``, up to 1e-9 of it."""
    determinant = np.linalg.det(covariance)
    if determinant < (hbar / 2) ** 2 * (1 - TOLERANCE):
        raise StateError(
            "covariance",
            f"the quantum uncertainty area to be at least hbar/2 = {at_least(hbar / 2)}",
            at_most(math.sqrt(max(determinant, 0))),
        )
