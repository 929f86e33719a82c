"""The quantum particle's part of an initial state: the common interface, and the Gaussian states."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import StateError
from wignercq.grid.grid import Axis
from wignercq.states.sampling import (
    covariance_matrix,
    normal_bandwidth,
    normal_density,
    normal_support,
    number,
    vector,
)

TOLERANCE = 1e-9  # relative, of the uncertainty bound
MAX_SQUEEZING = 3  # 26 dB; the determinant of a far more squeezed covariance is lost to rounding


class QuantumState(ABC):
    """A state of the quantum particle, ``W(x, y) = (1/(2 pi hbar)) int du e^{-i y u/hbar} <x+u/2| rho |x-u/2>``.

    Attributes
    ----------
    hbar : float
    mean : ndarray, shape (2,)
        Mean of (x, y).
    covariance : ndarray, shape (2, 2)
        Symmetrised covariance of (x, y), which is the covariance of W.
    """

    hbar: float
    mean: np.ndarray
    covariance: np.ndarray

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


@dataclass(frozen=True, eq=False)
class GaussianQuantumState(QuantumState):
    """A Gaussian state, ``W = exp(-z S^-1 z/2) / (2 pi sqrt(det S))``, eq (129) of arXiv:2510.07402.

    Parameters
    ----------
    mean : array_like, shape (2,)
        Mean of (x, y).
    covariance : array_like, shape (2,) or (2, 2)
        Variances or covariance matrix S of (x, y).
    hbar : float
        Positive.

    Raises
    ------
    StateError
        Malformed input, or ``det S < (hbar/2)**2`` (relative tolerance 1e-9), against the uncertainty relation.
    """

    mean: np.ndarray
    covariance: np.ndarray
    hbar: float

    def __init__(self, mean: ArrayLike, covariance: ArrayLike, *, hbar: float) -> None:
        object.__setattr__(self, "hbar", number("hbar", hbar, above=0))
        object.__setattr__(self, "mean", vector("mean", mean, 2))
        object.__setattr__(self, "covariance", covariance_matrix(covariance, 2))
        require_uncertainty(self.covariance, self.hbar)

    @property
    def purity(self) -> float:
        return float(self.hbar / (2 * np.sqrt(np.linalg.det(self.covariance))))

    def wigner(self, x: Axis, y: Axis) -> np.ndarray:
        return normal_density(self.mean, self.covariance, x, y)

    def support(self, level: float = 1e-10) -> np.ndarray:
        return normal_support(self.mean, self.covariance, level)

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        return normal_bandwidth(self.covariance, level)


def require_uncertainty(covariance: np.ndarray, hbar: float) -> None:
    """Raise StateError unless the (2, 2) covariance of (x, y) has ``det >= (hbar/2)**2``, up to 1e-9 of it."""
    determinant = np.linalg.det(covariance)
    if determinant < (hbar / 2) ** 2 * (1 - TOLERANCE):
        raise StateError(
            f"covariance: expected the quantum uncertainty area to be at least hbar/2 = {hbar / 2:g}, "
            f"got {math.sqrt(max(determinant, 0)):.6g}"
        )


def coherent(position: float, momentum: float, *, mass: float, frequency: float, hbar: float) -> GaussianQuantumState:
    """The coherent state of an oscillator, ``<xx> = hbar/(2 m w)``, ``<yy> = hbar m w/2``.

    Parameters
    ----------
    position, momentum : float
        Its centre (x, y).
    mass, frequency : float
        m and w of the oscillator, positive.
    hbar : float
        Positive.

    Raises
    ------
    StateError
        A value that is not finite or not positive where it must be.
    """
    return squeezed(position, momentum, squeezing=0.0, mass=mass, frequency=frequency, hbar=hbar)


def squeezed(
    position: float,
    momentum: float,
    *,
    squeezing: float,
    angle: float = 0.0,
    mass: float,
    frequency: float,
    hbar: float,
) -> GaussianQuantumState:
    """A squeezed coherent state, its variance scaled by ``e^{-2r}`` along one direction and ``e^{2r}`` across it.

    In the quadratures ``x sqrt(m w/hbar)``, ``y/sqrt(m w hbar)`` the covariance is
    ``R(angle) diag(e^{-2r}, e^{2r}) R(angle)^T / 2``.

    Parameters
    ----------
    position, momentum : float
        Its centre (x, y).
    squeezing : float
        r, between -3 and 3.
    angle : float
        Squeezed direction in the plane of the quadratures, radians from x towards y: 0 squeezes the position.
    mass, frequency : float
        m and w of the oscillator, positive.
    hbar : float
        Positive.

    Raises
    ------
    StateError
        A value that is not finite or out of its range.
    """
    length, hbar = oscillator_length(mass, frequency, hbar), float(hbar)
    r, angle = number("squeezing", squeezing), number("angle", angle)
    if abs(r) > MAX_SQUEEZING:
        raise StateError(f"squeezing: expected a number between -{MAX_SQUEEZING} and {MAX_SQUEEZING}, got {r:g}")
    cos, sin = math.cos(angle), math.sin(angle)
    narrow, wide = math.exp(-2 * r) / 2, math.exp(2 * r) / 2
    mixed = (narrow - wide) * cos * sin * hbar
    return GaussianQuantumState(
        (number("position", position), number("momentum", momentum)),
        [
            [(narrow * cos**2 + wide * sin**2) * length**2, mixed],
            [mixed, (narrow * sin**2 + wide * cos**2) * (hbar / length) ** 2],
        ],
        hbar=hbar,
    )


def thermal(
    temperature: float,
    *,
    position: float = 0.0,
    momentum: float = 0.0,
    mass: float,
    frequency: float,
    hbar: float,
) -> GaussianQuantumState:
    """The thermal state of an oscillator, ``<n> + 1/2 = coth(hbar w/(2 k_B T))/2``.

    Parameters
    ----------
    temperature : float
        k_B T, an energy, not negative; 0 gives the ground state.
    position, momentum : float
        Its centre (x, y).
    mass, frequency : float
        m and w of the oscillator, positive.
    hbar : float
        Positive.

    Raises
    ------
    StateError
        A value that is not finite or out of its range.
    """
    length = oscillator_length(mass, frequency, hbar)
    temperature = number("temperature", temperature, least=0)
    ratio = hbar * frequency / (2 * temperature) if temperature else math.inf
    spread = 0.5 / math.tanh(ratio)
    centre = (number("position", position), number("momentum", momentum))
    return GaussianQuantumState(centre, (spread * length**2, spread * (hbar / length) ** 2), hbar=hbar)


def oscillator_length(mass: float, frequency: float, hbar: float) -> float:
    """``sqrt(hbar/(m w))``, after checking that all three are positive."""
    mass, frequency = number("mass", mass, above=0), number("frequency", frequency, above=0)
    return math.sqrt(number("hbar", hbar, above=0) / (mass * frequency))
