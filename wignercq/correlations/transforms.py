"""Fourier integrals over tau >= 0 of functions known at some times."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from wignercq.errors import InputError, at_most, one_of

NODES = 8  # of a Gauss rule between two times, for a phase that turns by pi at most
SHORTENED = 0.75  # of the times: what a transform of these alone differs by is its truncation error

#: Weights of tau by ``tau/T``, T being the last time.
WINDOWS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda u: np.ones_like(u),
    "hann": lambda u: np.cos(np.pi * u / 2) ** 2,
    "tukey": lambda u: np.cos(np.pi * np.maximum(u - 0.5, 0)) ** 2,
}


def half_transform(
    tau: np.ndarray, values: np.ndarray, frequencies: np.ndarray, window: str
) -> tuple[np.ndarray, np.ndarray]:
    """``integral from 0 to T of window(tau/T) exp(-i w tau) values dtau`` and its truncation error.

    Between the times the values follow a spline of fifth degree.

    Parameters
    ----------
    tau : np.ndarray (n,)
        From 0 to T.
    values : np.ndarray (n, ...)
    frequencies : np.ndarray (m,)
    window : str
        Of :data:`WINDOWS`.

    Returns
    -------
    transform : np.ndarray (m, ...), complex
    error : np.ndarray (m, ...)
        Its difference from that over three quarters of the times.
    """
    from scipy.interpolate import make_interp_spline  # here, since results are read without SciPy

    one_of("window", window, WINDOWS)
    if tau.size < 4 or tau[0] != 0:
        raise InputError("times", "at least 4 that begin at 0, for a transform", f"{tau.size} from {tau[0]:g}")
    highest = np.pi / np.diff(tau).max()
    if not np.abs(frequencies).max(initial=0.0) <= highest * (1 + 1e-9):
        expected = f"numbers up to pi over the spacing of the times, {at_most(highest)}"
        raise InputError("frequencies", expected, repr(float(np.abs(frequencies).max())))
    spline = make_interp_spline(tau, values, k=5 if tau.size > 5 else 3)
    x, weights = np.polynomial.legendre.leggauss(NODES)
    halves = np.diff(tau)[:, None] / 2
    nodes, weights = tau[:-1, None] + halves * (1 + x), halves * weights
    shorter = max(1, int(np.searchsorted(tau, SHORTENED * tau[-1])))

    def over(intervals: int) -> np.ndarray:
        at, weight = nodes[:intervals].ravel(), weights[:intervals].ravel()
        kernel = np.exp(-1j * np.multiply.outer(frequencies, at)) * weight * WINDOWS[window](at / tau[intervals])
        result: np.ndarray = np.tensordot(kernel, spline(at), axes=(1, 0))
        return result

    whole = over(tau.size - 1)
    return whole, np.abs(whole - over(shorter))
