"""Correlation coefficients and mutual information of Gaussian states, equal and unequal times."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import StateError
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck
from wignercq.gaussian.own_units import in_widths
from wignercq.gaussian.two_time import two_time


def correlation_coefficients(covariance: ArrayLike) -> np.ndarray:
    """Equal-time correlation coefficients ``c_ij = S_ij/sqrt(S_ii S_jj)``, eq (64).

    Parameters
    ----------
    covariance : array_like (..., n, n)

    Returns
    -------
    ndarray (..., n, n)

    Raises
    ------
    StateError
        A variance that is not positive.
    """
    matrix = np.asarray(covariance, dtype=float)
    return matrix / _widths(matrix)


def two_time_correlation(process: OrnsteinUhlenbeck, tau: ArrayLike) -> np.ndarray:
    """Correlation coefficient of z_i(t + tau) with z_j(t) in the steady state, eqs (64)-(67) at any coupling.

    Parameters, shape and errors are those of :func:`two_time`.
    """
    return two_time(process, tau) / _widths(process.steady_covariance())


def mutual_information(correlation: ArrayLike) -> np.ndarray:
    """Mutual information of two jointly Gaussian variables, ``-ln(1 - c**2)/2``, eq (63); in nats.

    Parameters
    ----------
    correlation : array_like (...)
        Correlation coefficients c between -1 and 1; at the ends the information is infinite.

    Returns
    -------
    ndarray (...)

    Raises
    ------
    StateError
        A coefficient beyond -1 or 1 by more than rounding error.
    """
    square = np.asarray(correlation, dtype=float) ** 2
    if np.any(square > 1 + 1e-12):
        raise StateError("correlation", "coefficients within -1 and 1", f"{np.sqrt(square.max()):g}")
    with np.errstate(divide="ignore"):
        return -0.5 * np.log1p(-np.minimum(square, 1.0))


def block_mutual_information(covariance: ArrayLike) -> np.ndarray:
    """Mutual information of (q, p) with (x, y) as phase-space densities, ``ln(det S_C det S_Q/det S)/2``; in nats.

    Parameters
    ----------
    covariance : array_like (..., 4, 4)
        Positive definite.

    Returns
    -------
    ndarray (...)

    Raises
    ------
    StateError
        A covariance that is not positive definite.
    """
    _, matrix = in_widths(covariance)
    signs, logs = zip(
        *(np.linalg.slogdet(block) for block in (matrix[..., :2, :2], matrix[..., 2:, 2:], matrix)), strict=True
    )
    if np.any(np.array(signs) <= 0):
        raise StateError("covariance", "a positive definite matrix", "one that is not")
    return (logs[0] + logs[1] - logs[2]) / 2


def _widths(matrix: np.ndarray) -> np.ndarray:
    """``sqrt(S_ii S_jj)``."""
    variances = np.diagonal(matrix, axis1=-2, axis2=-1)
    if np.any(variances <= 0):
        raise StateError("covariance", "positive variances", f"{variances.min():g}")
    deviations = np.sqrt(variances)
    return deviations[..., :, None] * deviations[..., None, :]
