"""Checks of user input shared by the states, and the extent of sampled fields in space and in frequency."""

from __future__ import annotations

import math

import numpy as np

from wignercq.errors import StateError
from wignercq.grid.grid import Axis

NEGLIGIBLE = 1e-8  # of the maximum: what samples may still hold at the ends of their range and near their Nyquist limit
FLOOR = 1e-12  # of the maximum: below it sampled fields are rounding noise
BORDER = 0.03  # part of a range that counts as its end
LARGEST = 1e75  # size of a number that a state may contain, so that a product of four is a float; its inverse the least


def number(name: str, value: float, *, above: float | None = None, least: float | None = None) -> float:
    """`value` as a float after checking that it is a real number, greater than `above`, not less than `least`.

    Its size is at most 1e75; where it has to be positive, at least 1e-75.

    Raises
    ------
    StateError
        If it is not.
    """
    finite = (
        isinstance(value, (int, float, np.number))
        and not isinstance(value, (bool, np.complexfloating))
        and math.isfinite(value)
    )
    if finite and (above is None or value > above) and (least is None or value >= least):
        if abs(value) > LARGEST or (above == 0 and value < 1 / LARGEST):
            raise StateError(
                f"{name}: expected a number between {1 / LARGEST:g} and {LARGEST:g} in size, got {value:g}"
            )
        return float(value)
    bound = f" above {above:g}" if above is not None else f" >= {least:g}" if least is not None else ""
    raise StateError(f"{name}: expected a finite number{bound}, got {value!r}")


def array(name: str, value: object, *, dtype: type = float) -> np.ndarray:
    """A new array of `dtype` with the content of `value`, finite throughout.

    Raises
    ------
    StateError
        If `value` is no array of numbers or one of them is not finite.
    """
    kinds = "iufc" if dtype is complex else "iuf"
    try:
        raw = np.asarray(value)
    except ValueError:
        raise StateError(f"{name}: expected an array of numbers, got rows of unequal length") from None
    if raw.dtype.kind not in kinds:
        raise StateError(f"{name}: expected an array of {dtype.__name__} numbers, got {raw.dtype} values")
    result: np.ndarray = raw.astype(dtype)
    if not np.isfinite(result).all():
        raise StateError(f"{name}: expected finite numbers, got {np.sum(~np.isfinite(result))} that are not")
    return result


def vector(name: str, value: object, length: int) -> np.ndarray:
    """`value` as a read-only vector of `length` finite numbers; StateError otherwise."""
    result = array(name, value)
    if result.shape != (length,):
        raise StateError(f"{name}: expected {length} numbers, got shape {result.shape}")
    if np.abs(result).max() > LARGEST:
        raise StateError(f"{name}: expected numbers of at most {LARGEST:g} in size, got {np.abs(result).max():g}")
    return frozen(result)


def covariance_matrix(value: object, size: int) -> np.ndarray:
    """A read-only symmetric positive-definite (size, size) matrix from such a matrix or from its diagonal.

    Raises
    ------
    StateError
        Wrong shape, not finite, not symmetric (relative tolerance 1e-12) or not positive-definite.
    """
    result = array("covariance", value)
    if result.shape == (size,):
        result = np.diag(result)
    if result.shape != (size, size):
        raise StateError(f"covariance: expected {size} variances or a {size} x {size} matrix, got shape {result.shape}")
    largest, least = np.abs(result).max(), np.abs(np.diag(result)).min()
    if largest > LARGEST or 0 < least < 1 / LARGEST:
        raise StateError(
            f"covariance: expected variances between {1 / LARGEST:g} and {LARGEST:g}, got {least:g} to {largest:g}"
        )
    asymmetry = np.abs(result - result.T).max()
    if asymmetry > 1e-12 * np.abs(result).max():
        raise StateError(f"covariance: expected a symmetric matrix, got one that is asymmetric by {asymmetry:.3g}")
    result = (result + result.T) / 2
    spread = np.sqrt(np.abs(np.diag(result)))
    if (np.diag(result) <= 0).any() or (least := np.linalg.eigvalsh(result / np.outer(spread, spread))[0]) <= 1e-14:
        least = least if (np.diag(result) > 0).all() else np.diag(result).min()
        raise StateError(f"covariance: expected a positive-definite matrix, got the eigenvalue or variance {least:.3g}")
    return frozen(result)


def frozen(values: np.ndarray) -> np.ndarray:
    """`values`, made read-only."""
    values.flags.writeable = False
    return values


def normal_density(mean: np.ndarray, covariance: np.ndarray, a: Axis, b: Axis) -> np.ndarray:
    """The normal density of two variables on the points of their axes, shape (na, nb)."""
    precision = np.linalg.inv(covariance)
    da, db = np.ix_(a.values - mean[0], b.values - mean[1])
    exponent = precision[0, 0] * da**2 + 2 * precision[0, 1] * da * db + precision[1, 1] * db**2
    return np.exp(-exponent / 2) * (np.sqrt(np.linalg.det(precision)) / (2 * np.pi))


def normal_support(mean: np.ndarray, covariance: np.ndarray, level: float) -> np.ndarray:
    """Intervals outside which a normal density is below `level` times its maximum, shape (n, 2)."""
    reach = _radius(level) * np.sqrt(np.diag(covariance))
    return np.column_stack((mean - reach, mean + reach))


def normal_bandwidth(covariance: np.ndarray, level: float) -> np.ndarray:
    """Frequencies beyond which the spectrum of a normal density is below `level` times its maximum, shape (n,)."""
    return _radius(level) * np.sqrt(np.diag(np.linalg.inv(covariance)))


def _radius(level: float) -> float:
    """Standard deviations within which a normal density stays above `level` times its maximum."""
    return math.sqrt(-2 * math.log(check_level(level)))


def check_level(level: float) -> float:
    """`level` if it lies between 0 and 1, StateError otherwise."""
    if not 0 < level < 1:
        raise StateError(f"level: expected a number between 0 and 1, got {level!r}")
    return level


def require_sampled(name: str, samples: np.ndarray, axis: int) -> None:
    """Check that samples vanish at both ends of `axis` and resolve their function along it.

    Raises
    ------
    StateError
        If more than 1e-8 of the maximum is left at an end or near the Nyquist frequency.
    """
    moved = np.abs(np.moveaxis(samples, axis, 0))
    if not moved.max() > 0:
        raise StateError(f"{name}: expected a function that is not zero, got zeros")
    width = max(1, int(BORDER * len(moved)))
    at_ends = max(moved[:width].max(), moved[-width:].max()) / moved.max()
    if at_ends > NEGLIGIBLE:
        raise StateError(
            f"{name}: expected samples that vanish at the ends of their range (below {NEGLIGIBLE:g} of the maximum), "
            f"got {at_ends:.3g}; widen the range"
        )
    tail = spectral_tail(samples, axis)
    if tail > NEGLIGIBLE:
        raise StateError(
            f"{name}: expected samples that resolve their function (spectrum below {NEGLIGIBLE:g} of its maximum near "
            f"the Nyquist frequency), got {tail:.3g}; sample more finely"
        )


def spectral_tail(samples: np.ndarray, axis: int) -> float:
    """Largest spectral content of `samples` near the Nyquist frequency of `axis`, relative to the maximum."""
    spectrum = np.abs(np.moveaxis(np.fft.fftshift(np.fft.fft(samples, axis=axis), axes=axis), axis, 0))
    width = max(1, int(BORDER * len(spectrum)))
    return float(max(spectrum[:width].max(), spectrum[-width:].max()) / spectrum.max())


def support_of(field: np.ndarray, axes: tuple[Axis, ...], level: float) -> np.ndarray:
    """Intervals outside which ``|field|``, sampled on `axes`, is below `level` times its maximum, shape (n, 2)."""
    size = np.abs(field)
    threshold = max(check_level(level), FLOOR) * size.max()
    result = []
    for i, axis in enumerate(axes):
        reached = np.flatnonzero(size.max(axis=tuple(j for j in range(size.ndim) if j != i)) >= threshold)
        result.append(axis.values[reached[[0, -1]]] + axis.spacing * np.array([-1, 1]))
    return np.array(result)


def bandwidth_of(field: np.ndarray, axes: tuple[Axis, ...], level: float) -> np.ndarray:
    """Angular frequencies beyond which the spectrum of `field` is below `level` times its maximum, shape (n,)."""
    size = np.abs(np.fft.fftn(field))
    threshold = max(check_level(level), FLOOR) * size.max()
    result = []
    for i, axis in enumerate(axes):
        reached = size.max(axis=tuple(j for j in range(size.ndim) if j != i)) >= threshold
        result.append(np.abs(axis.frequencies[reached]).max() + 2 * np.pi / axis.length)
    return np.array(result)
