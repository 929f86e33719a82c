"""How far fields reach, in space and in frequency: normal densities in closed form, others by their samples."""

from __future__ import annotations

import math

import numpy as np

from wignercq.errors import StateError, brief
from wignercq.grid.grid import Axis

LEFTOVER = 1e-8  # of the maximum: what samples may still hold at the ends of their range and near their Nyquist limit
FLOOR = 1e-12  # of the maximum: below it sampled fields are rounding noise
BORDER = 0.03  # part of a range that counts as its end


def normal_density(mean: np.ndarray, covariance: np.ndarray, a: Axis, b: Axis) -> np.ndarray:
    """The normal density of two variables on the points of their axes, shape (na, nb)."""
    precision = np.linalg.inv(covariance)
    da, db = np.ix_(a.values - mean[0], b.values - mean[1])
    exponent = precision[0, 0] * da**2 + 2 * precision[0, 1] * da * db + precision[1, 1] * db**2
    return np.exp(-exponent / 2) * (np.sqrt(np.linalg.det(precision)) / (2 * np.pi))


class Normal:
    """How far a state reaches whose density is normal."""

    mean: np.ndarray
    covariance: np.ndarray

    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals outside which the density is below `level` times its maximum, shape (n, 2)."""
        reach = _radius(level) * np.sqrt(np.diag(self.covariance))
        return np.column_stack((self.mean - reach, self.mean + reach))

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Angular frequencies beyond which the spectrum is below `level` times its maximum, shape (n,)."""
        return _radius(level) * np.sqrt(np.diag(np.linalg.inv(self.covariance)))


def _radius(level: float) -> float:
    """Standard deviations within which a normal density stays above `level` times its maximum."""
    return math.sqrt(-2 * math.log(check_level(level)))


def check_level(level: float) -> float:
    """`level` if it lies between 0 and 1, StateError otherwise."""
    if not 0 < level < 1:
        raise StateError("level", "a number between 0 and 1", brief(level))
    return level


def require_sampled(name: str, samples: np.ndarray, axis: int) -> None:
    """Check that samples vanish at both ends of `axis` and resolve their function along it.

    StateError where more than 1e-8 of the maximum is left at an end or near the Nyquist frequency.
    """
    moved = np.abs(np.moveaxis(samples, axis, 0))
    if not moved.max() > 0:
        raise StateError(name, "a function that is not zero", "zeros")
    width = max(1, int(BORDER * len(moved)))
    at_ends = max(moved[:width].max(), moved[-width:].max()) / moved.max()
    if at_ends > LEFTOVER:
        raise StateError(
            name,
            f"samples that vanish at the ends of their range (below {LEFTOVER:g} of the maximum)",
            f"{at_ends:.3g}; widen the range",
        )
    tail = nyquist_content(samples, axis)
    if tail > LEFTOVER:
        raise StateError(
            name,
            f"samples that resolve their function (spectrum below {LEFTOVER:g} of its maximum near the Nyquist "
            "frequency)",
            f"{tail:.3g}; sample more finely",
        )


def nyquist_content(samples: np.ndarray, axis: int) -> float:
    """Largest spectral content of `samples` near the Nyquist frequency of `axis`, relative to the maximum."""
    spectrum = np.abs(np.moveaxis(np.fft.fftshift(np.fft.fft(samples, axis=axis), axes=axis), axis, 0))
    width = max(1, int(BORDER * len(spectrum)))
    return float(max(spectrum[:width].max(), spectrum[-width:].max()) / spectrum.max())


def support_of(field: np.ndarray, axes: tuple[Axis, ...], level: float) -> np.ndarray:
    """Intervals outside which ``|field|``, sampled on `axes`, is below `level` times its maximum, shape (n, 2)."""
    pairs = zip(axes, _reached(np.abs(field), level), strict=True)
    return np.array([axis.values[there][[0, -1]] + axis.spacing * np.array([-1, 1]) for axis, there in pairs])


def bandwidth_of(field: np.ndarray, axes: tuple[Axis, ...], level: float) -> np.ndarray:
    """Angular frequencies beyond which the spectrum of `field` is below `level` times its maximum, shape (n,)."""
    pairs = zip(axes, _reached(np.abs(np.fft.fftn(field)), level), strict=True)
    return np.array([np.abs(axis.frequencies[there]).max() + 2 * np.pi / axis.length for axis, there in pairs])


def _reached(size: np.ndarray, level: float) -> list[np.ndarray]:
    """For each axis the indices at which `size` somewhere reaches `level` times its maximum."""
    high = size >= max(check_level(level), FLOOR) * size.max()
    return [np.flatnonzero(high.any(axis=tuple(j for j in range(size.ndim) if j != i))) for i in range(size.ndim)]
