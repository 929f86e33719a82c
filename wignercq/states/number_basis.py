"""Quantum states given between the number states of an oscillator: kets, density matrices and QuTiP's objects."""

from __future__ import annotations

import math

import numpy as np

from wignercq.errors import StateError
from wignercq.states.arguments import array, number
from wignercq.states.oscillator import MAX_FOCK, TAIL, hermite_functions, oscillator_length, uniform
from wignercq.states.sampled import TOLERANCE, SampledQuantumState, decomposed

MAX_LEVELS = MAX_FOCK + 1


def from_number_basis(
    rho: object,
    *,
    position: float = 0.0,
    momentum: float = 0.0,
    mass: float,
    frequency: float,
    hbar: float,
    tolerance: float = TOLERANCE,
) -> SampledQuantumState:
    """The state ``rho = sum_nm rho[n, m] |n><m|`` of the number states of an oscillator, displaced to a centre.

    The wave function of ``|n>`` is ``<x|n> = H_n(xi) e^{-xi**2/2} / sqrt(2**n n! sqrt(pi) l)`` with ``xi = x/l``,
    ``l = sqrt(hbar/(m w))``. In QuTiP's words, without displacement,
    ``W[x, y] = qutip.wigner(rho, x/l, y l/hbar, g=sqrt(2)).T/hbar``.

    Parameters
    ----------
    rho : array_like of complex or qutip.Qobj
        Of shape (n, n) a density matrix, of shape (n,) or (n, 1) a ket, of shape (1, n) a bra; at most 301 levels. A
        Qobj is a ket, a bra or a density matrix of one oscillator whose levels are counted from 0.
    position, momentum : float
        Centre (x, y) of the oscillator.
    mass, frequency, hbar : float
        m and w of the oscillator, and hbar; positive.
    tolerance : float
        By which the trace may differ from 1, eigenvalues be negative and the matrix not Hermitian. What was computed
        on a grid may need more than the default; nothing is made up for.

    Raises
    ------
    StateError
        Another shape, numbers that are not finite, too many levels, no state to the tolerance, or a value out of its
        range.
    """
    length, tolerance = oscillator_length(mass, frequency, hbar), number("tolerance", tolerance, least=0)
    weights, vectors = _mixture(_values(rho), tolerance)
    count = vectors.shape[1]
    reach = math.sqrt(2 * count - 1) + TAIL
    xi = uniform(reach, reach)
    waves = vectors @ hermite_functions(count, xi) / math.sqrt(length)
    centre = (number("position", position), number("momentum", momentum))
    return SampledQuantumState(xi * length, waves, weights, shift=centre, hbar=float(hbar), mass=float(mass))


def _values(rho: object) -> np.ndarray:
    """The elements of a ket as a vector, of a density matrix as a matrix, without empty levels at the end."""
    if callable(full := getattr(rho, "full", None)):  # a Qobj, known without importing QuTiP
        dims, kind = getattr(rho, "dims", None), getattr(rho, "type", None)
        if kind not in ("ket", "bra", "oper") or not all(len(side) == 1 for side in dims or [[]]):
            raise StateError("rho", "a ket, bra or density matrix of one oscillator", f"a {kind} with dims {dims}")
        rho = full()
    values = array("rho", rho, dtype=complex)
    if values.ndim == 2 and 1 in values.shape:
        values = values[:, 0] if values.shape[1] == 1 else values[0].conj()
    if values.ndim not in (1, 2) or len({*values.shape}) != 1 or values.size == 0:
        raise StateError("rho", "a ket (n,) or a density matrix (n, n)", f"shape {values.shape}")
    filled = np.flatnonzero(np.abs(values).max(axis=tuple(range(1, values.ndim)), initial=0.0))
    count = filled[-1] + 1 if filled.size else 1
    if count > MAX_LEVELS:
        raise StateError("rho", f"at most {MAX_LEVELS} levels", count)
    return values[(slice(count),) * values.ndim]


def _mixture(values: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (k,) of orthonormal kets (k, n)."""
    if values.ndim == 2:
        return decomposed(values, "a trace of 1", tolerance)
    norm = float(np.sum(np.abs(values) ** 2))
    if abs(norm - 1) > tolerance:
        raise StateError("rho", "a ket of norm 1", f"{math.sqrt(norm):.12g}")
    return np.ones(1), values[None, :]
