"""Two-time functions, spectra and responses of the steady state, and the Keldysh dictionary."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import InputError, brief
from wignercq.gaussian.linear_model import LinearModel
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck

POSITIONS = (0, 2)  # of q and x in (q, p, x, y)
MOMENTA = (1, 3)  # where a force on q or x enters


def two_time(process: OrnsteinUhlenbeck, tau: ArrayLike) -> np.ndarray:
    """Two-time function of the steady state, exact, cf. eqs (31), (55)-(59).

    ``C(tau) = <dz(t + tau) dz(t)^T> = exp(-A tau) S`` for tau >= 0 and ``C(-tau) = C(tau)^T``.

    Parameters
    ----------
    process : OrnsteinUhlenbeck
        With a steady state.
    tau : array_like (...)
        Delays of either sign.

    Returns
    -------
    ndarray (..., n, n)

    Raises
    ------
    ModelError
        When there is no steady state.
    """
    delay = np.asarray(tau, dtype=float)
    forward = process.propagator(np.abs(delay)) @ process.steady_covariance()
    return signed(forward, delay)


def signed(matrix: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """Extend from |tau| to tau by ``C(-tau) = C(tau)^T``."""
    return np.where((delay < 0)[..., None, None], np.swapaxes(matrix, -1, -2), matrix)


def spectrum(process: OrnsteinUhlenbeck, w: ArrayLike) -> np.ndarray:
    """Spectral matrix of the steady state, eqs (33)-(38) for any process.

    ``S(w) = integral exp(-i w tau) C(tau) dtau = (A + i w)^-1 B (A^T - i w)^-1``.

    Parameters
    ----------
    process : OrnsteinUhlenbeck
        Stable.
    w : array_like (...)
        Angular frequencies.

    Returns
    -------
    ndarray (..., n, n), complex, Hermitian
    """
    return process.own.products / process.own.rate * _own_spectrum(process, _own_susceptibility(process, w))


def response(process: OrnsteinUhlenbeck, tau: ArrayLike) -> np.ndarray:
    """Retarded response to a kick, ``d<z_i(t + tau)>/d f_j(t) = theta(tau) exp(-A tau)_ij``, eqs (76)-(78).

    A force on q enters along p and one on x along y, so the response of x to a force on x is the element (x, y).

    Parameters and shape are those of :func:`two_time`; there is no response to the future, ``tau < 0``.
    """
    delay = np.asarray(tau, dtype=float)
    flow = process.propagator(np.maximum(delay, 0))
    return np.where((delay < 0)[..., None, None], 0.0, flow)


def susceptibility(process: OrnsteinUhlenbeck, w: ArrayLike) -> np.ndarray:
    """Retarded response in frequency, ``integral exp(-i w tau) response dtau = (A + i w)^-1``, cf. eqs (33)-(38).

    Parameters and shape are those of :func:`spectrum`.
    """
    return process.own.ratios / process.own.rate * _own_susceptibility(process, w)


def _own_susceptibility(process: OrnsteinUhlenbeck, w: ArrayLike) -> np.ndarray:
    """The susceptibility in the process's own units, where no entry is large for its units alone."""
    frequencies = np.asarray(w, dtype=float)[..., None, None] / process.own.rate
    return np.linalg.inv(process.own.drift + 1j * frequencies * np.eye(process.dimension))


def _own_spectrum(process: OrnsteinUhlenbeck, resolvent: np.ndarray) -> np.ndarray:
    return resolvent @ process.own.diffusion @ np.conj(np.swapaxes(resolvent, -1, -2))


def retarded_green(linear: LinearModel, w: ArrayLike) -> np.ndarray:
    """Retarded Green function of the quantum coordinate, eqs (75)-(76).

    ``G_R(tau) = -(i/hbar) theta(tau) <[x(t + tau), x(t)]> = -d<x(t + tau)>/dF(t)``, transformed with
    ``exp(-i w tau)``.

    Returns
    -------
    ndarray (...), complex
        At the angular frequencies w, array_like (...).
    """
    return -susceptibility(linear, w)[..., 2, 3]


def keldysh_green(linear: LinearModel, w: ArrayLike, *, hbar: float) -> np.ndarray:
    """Keldysh Green function of the quantum coordinate, eqs (75)-(78).

    ``G_K(tau) = -(i/hbar) <{x(t + tau), x(t)}> = -(2 i/hbar) C_xx(tau)``, transformed with ``exp(-i w tau)``.

    Returns
    -------
    ndarray (...), complex
        At the angular frequencies w, array_like (...).
    """
    return -2j / hbar * spectrum(linear, w)[..., 2, 2]


def effective_temperatures(linear: LinearModel, w: ArrayLike) -> np.ndarray:
    """Temperature at which the classical fluctuation-dissipation relation would hold at w, for q and for x.

    ``k_B T_i(w) = w S_ii(w)/(2 chi''_i(w))`` with ``chi''`` minus the imaginary part of the response of the position
    to its own force. For the coupled oscillators
    ``T_q = D/(2 alpha) + D_y lam**2/(2 alpha (k_Q + lam - m w**2)**2)`` and
    ``T_x = D/(2 alpha) + D_y |k_C + lam - M w**2 + i alpha w|**2/(2 alpha lam**2)``; in equilibrium all are equal.

    Parameters
    ----------
    linear : LinearModel
        With friction and coupling.
    w : array_like (...)
        Angular frequencies, not 0.

    Returns
    -------
    ndarray (..., 2)
        Infinite where a position does not respond: q at the frequency ``m w**2 = k_Q + lam`` of the held particle.
    """
    frequencies = np.asarray(w, dtype=float)
    if np.any(frequencies == 0):
        raise InputError("w", "frequencies other than 0, where the ratio has only a limit", "0")
    own, chi = linear.own, _own_susceptibility(linear, frequencies)
    noise = _own_spectrum(linear, chi)
    diagonal = np.stack([noise[..., i, i].real for i in POSITIONS], axis=-1)
    loss = np.stack([-chi[..., i, j].imag for i, j in zip(POSITIONS, MOMENTA, strict=True)], axis=-1)
    rounding = 1e-12 * np.abs(chi).max(axis=(-2, -1))[..., None]
    temperatures = np.full(loss.shape, np.inf)
    turns = frequencies[..., None] / own.rate
    np.divide(turns * diagonal, 2 * loss, out=temperatures, where=np.abs(loss) > rounding)
    return temperatures * own.rate * own.units[list(POSITIONS)] * own.units[list(MOMENTA)]


def keldysh_distribution(linear: LinearModel, w: ArrayLike, *, hbar: float) -> np.ndarray:
    """Distribution function of the quantum coordinate, ``F(w) = S_xx(w)/(hbar chi''_xx(w))``.

    It is the ratio ``G_K/(G_A - G_R)`` under the transform used here, and equals ``coth(hbar w/(2 k_B T))`` in thermal
    equilibrium.

    Returns
    -------
    ndarray (...)
        At the angular frequencies w, array_like (...), not 0.
    """
    return 2 * effective_temperatures(linear, w)[..., 1] / (hbar * np.asarray(w, dtype=float))


def fdr_violation(linear: LinearModel, w: ArrayLike, *, hbar: float, temperature: float) -> np.ndarray:
    """How far the quantum fluctuation-dissipation relation fails at w, ``F(w) tanh(hbar w/(2 k_B T)) - 1``.

    Parameters
    ----------
    linear : LinearModel
    w : array_like (...)
        Angular frequencies, not 0.
    hbar : float
    temperature : float
        k_B T of the equilibrium compared with, for example ``model.bath_temperature``; energy.

    Returns
    -------
    ndarray (...)
        0 in equilibrium at that temperature; positive when there is more noise than the response explains.
    """
    if not temperature > 0:
        raise InputError("temperature", "a positive energy", brief(temperature))
    thermal = np.tanh(hbar * np.asarray(w, dtype=float) / (2 * temperature))
    return keldysh_distribution(linear, w, hbar=hbar) * thermal - 1
