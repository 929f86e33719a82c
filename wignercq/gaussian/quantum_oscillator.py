"""What makes the second oscillator quantum: occupation, purity, uncertainty and the coldest state it can reach."""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from wignercq.errors import InputError, ModelError
from wignercq.gaussian.linear_model import require_quadratic
from wignercq.gaussian.oscillators.coupled import CoupledOscillators
from wignercq.model.model import Model, X


def quantum_frequency(model: Model) -> float:
    """Frequency of the bare quantum oscillator, ``w_Q = sqrt(V_Q''/m)``.

    Raises
    ------
    ModelError
        For an anharmonic model, or when V_Q has no minimum.
    """
    require_quadratic(model)
    stiffness = float(sp.diff(model.V_Q, X, 2))
    if stiffness <= 0:
        raise ModelError("quantum_potential", "a positive curvature for an occupation", f"{stiffness:g}")
    return float(np.sqrt(stiffness / model.quantum_mass))


def occupation(model: Model, covariance: ArrayLike, *, mean: ArrayLike = (0.0, 0.0, 0.0, 0.0)) -> np.ndarray:
    """Occupation number of the bare quantum oscillator, ``n + 1/2 = <H_Q>/(hbar w_Q)``, eq (79).

    ``H_Q = y**2/(2 m) + V_Q(x) - min V_Q``. Not negative for any state that is one.

    Parameters
    ----------
    model : Model
        Quadratic, with a minimum of V_Q.
    covariance : array_like (..., 4, 4)
    mean : array_like (..., 4)
        The origin by default.

    Returns
    -------
    ndarray (...)

    Raises
    ------
    ModelError
        For an anharmonic model, or when V_Q has no minimum.
    """
    frequency, m = quantum_frequency(model), model.quantum_mass
    spread, centre = np.asarray(covariance, dtype=float), np.asarray(mean, dtype=float)
    lowest = -float(sp.diff(model.V_Q, X).subs(X, 0)) / (m * frequency**2)
    kinetic = (spread[..., 3, 3] + centre[..., 3] ** 2) / (2 * m)
    potential = m * frequency**2 * (spread[..., 2, 2] + (centre[..., 2] - lowest) ** 2) / 2
    return (kinetic + potential) / (model.hbar * frequency) - 0.5


def weak_occupation(model: Model) -> float:
    """Occupation number of the steady state at leading order in lam, eq (85).

    ``n + 1/2 = k_B T_C/(hbar w_Q) + 4 D0 D2 (hbar w_Q/(16 k_B T_C)) [1 + (k_C - M w_Q**2)**2/(alpha w_Q)**2]`` with
    ``k_B T_C = D2/(2 alpha)``, eq (84). The error is of order lam.

    Raises
    ------
    ModelError
        For an anharmonic model, or without friction, diffusion or a positive k_Q.
    """
    T, half, mismatch = _colding(model)
    return T / (2 * half) + 4 * model.D0 * model.diffusion * half * mismatch / (8 * T) - 0.5


def critical_temperature(model: Model) -> float:
    """Bath temperature k_B T_C at which :func:`weak_occupation` is least, below eq (85).

    ``k_B T_C = (hbar w_Q/4) sqrt(4 D0 D2 [1 + (k_C - M w_Q**2)**2/(alpha w_Q)**2])`` when D2 varies at fixed friction
    and fixed product ``4 D0 D2``: ``hbar w/4`` for identical oscillators and a saturated trade-off.

    Errors are those of :func:`weak_occupation`.
    """
    _, half, mismatch = _colding(model)
    return float(half / 2 * np.sqrt(4 * model.D0 * model.diffusion * mismatch))


def minimum_occupation(model: Model) -> float:
    """Occupation number at :func:`critical_temperature`, at leading order in lam; below eq (85).

    ``n + 1/2 = sqrt(4 D0 D2 [1 + (k_C - M w_Q**2)**2/(alpha w_Q)**2])/2``: 0 for identical oscillators and a saturated
    trade-off, and never less while ``4 D0 D2 >= 1``.

    Errors are those of :func:`weak_occupation`.
    """
    _, _, mismatch = _colding(model)
    return float(np.sqrt(4 * model.D0 * model.diffusion * mismatch) / 2 - 0.5)


def _colding(model: Model) -> tuple[float, float, float]:
    """k_B T_C, hbar w_Q/2 and ``1 + (k_C - M w_Q^2)^2/(alpha w_Q)^2``."""
    o = CoupledOscillators.from_model(model)
    for name, value in (("k_Q", o.k_Q), ("friction", model.friction), ("diffusion", model.diffusion)):
        if value <= 0:
            raise ModelError(name, "a positive number for an occupation at weak coupling", f"{value:g}")
    frequency = float(np.sqrt(o.k_Q / o.quantum_mass))
    detuning = (o.k_C - o.classical_mass * frequency**2) / (o.friction * frequency)
    return model.bath_temperature, model.hbar * frequency / 2, 1 + detuning**2


def uncertainty_product(covariance: ArrayLike) -> np.ndarray:
    """``sqrt(det S_Q)`` of the reduced quantum state, ``S_Q`` the block of (x, y): at least hbar/2.

    Parameters
    ----------
    covariance : array_like (..., 4, 4)

    Returns
    -------
    ndarray (...)

    Raises
    ------
    InputError
        When the determinant of the block is not positive.
    """
    determinant = np.linalg.det(np.asarray(covariance, dtype=float)[..., 2:, 2:])
    if np.any(determinant <= 0):
        raise InputError("covariance", "a positive determinant of the (x, y) block", f"{determinant.min():g}")
    return np.sqrt(determinant)


def purity(covariance: ArrayLike, *, hbar: float) -> np.ndarray:
    """Purity ``tr rho**2 = hbar/(2 sqrt(det S_Q))`` of the reduced Gaussian quantum state.

    Parameters
    ----------
    covariance : array_like (..., 4, 4)
    hbar : float

    Returns
    -------
    ndarray (...)
        At most 1 for a state that obeys the uncertainty bound.

    Raises
    ------
    InputError
        When the determinant of the (x, y) block is not positive.
    """
    return hbar / (2 * uncertainty_product(covariance))
