"""Weak coupling: the paper's expansions in lam of the poles, the two-time functions and what follows from them.

Every form states the power of lam of its error; the exact ones are in ``gaussian.two_time`` and ``coupled``.
Two-time functions use the poles to second order in lam in their exponents, so that they hold for delays up to the
relaxation time, of order ``1/lam**2``; they need friction. All raise ModelError where :func:`weak_poles` does.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import ModelError
from wignercq.gaussian.information import mutual_information
from wignercq.gaussian.oscillators.coupled import CoupledOscillators
from wignercq.gaussian.two_time import signed


def weak_poles(oscillators: CoupledOscillators) -> np.ndarray:
    """Eigenvalues of the drift to second order in lam, eqs (44)-(49), for identical oscillators (51)-(54).

    With f and g the bare impedances, the modes ``exp(s t)`` start from ``g(s0) = 0`` (slow) or ``f(s0) = 0`` (fast):
    slow: ``s = s0 - lam/g' + lam**2 (2/(f g') - g''/g'**3)/2``, and with f and g exchanged for the fast pair.
    The error is of order ``lam**3``. The poles in the plane of complex frequencies are ``w = -i s``.

    Parameters
    ----------
    oscillators : CoupledOscillators
        With k_Q > 0; not critically damped, and without a common root of f and g.

    Returns
    -------
    ndarray (4,), complex
        Eigenvalues ``-s`` of A: the slow pair, then the fast pair (a conjugate pair, or two real ones if overdamped).

    Raises
    ------
    ModelError
        Where the expansion does not exist.
    """
    o, units = oscillators.in_own_units()
    slow, fast = _modes(o)
    return -units.rate * np.array([slow, np.conj(slow), *fast])


def induced_damping(oscillators: CoupledOscillators) -> float:
    """Energy damping rate of the second oscillator through the first, eqs (47), (53); twice the decay rate of <x>.

    ``Gamma = lam**2 alpha/(m [(k_C - M w_Q**2)**2 + alpha**2 w_Q**2])``, for identical oscillators
    ``lam**2/(m alpha w**2)``; the error is of order ``lam**3``.
    """
    o, units = oscillators.in_own_units()
    return float(units.rate * o.lam**2 * o.friction / (o.quantum_mass * abs(_impedance_at_slow(o)) ** 2))


def weak_correlators(oscillators: CoupledOscillators, tau: ArrayLike) -> np.ndarray:
    """Leading two-time functions of the positions at given noises, eqs (55)-(60) and (133)-(138).

    With ``f0 = f(i w_Q)``, ``X = D_y |f0|**2/(2 alpha k_Q)``, s the slow mode, s_j the fast ones, for tau >= 0:
    ``<xx> = (X/lam**2) Re exp(s tau)``, ``<qx> = (X/lam) Re[exp(s tau)/f0]``, ``<xq> = (X/lam) Re[exp(s tau)/f0^*]``,
    ``<qq> = D sum_j exp(s_j tau)/(f'(s_j) f(-s_j)) + X Re exp(s tau)/|f0|**2``. For identical oscillators
    ``<xx> = D_y alpha/(2 m lam**2) exp(-Gamma tau/2) cos(w tau)``. Each has a relative error of order lam.

    Parameters
    ----------
    oscillators : CoupledOscillators
        Its D_y is held fixed in the expansion: the classical-classical case.
    tau : array_like (...)
        Delays of either sign.

    Returns
    -------
    ndarray (..., 2, 2)
        ``[..., 0, 1]`` is ``<q(t + tau) x(t)>``.
    """
    o, units = oscillators.in_own_units()
    amplitude = o.quantum_diffusion * abs(_impedance_at_slow(o)) ** 2 / (_dissipation(o) * o.k_Q * o.lam**2)
    delay = np.asarray(tau, dtype=float) * units.rate
    matrix = _slow_part(o, np.abs(delay), amplitude, 0.0)
    matrix[..., 0, 0] += _fast_part(o, np.abs(delay), np.ones_like)
    return units.correlator * signed(matrix, delay)


def hybrid_weak_correlators(oscillators: CoupledOscillators, tau: ArrayLike) -> np.ndarray:
    """Leading two-time functions of the positions of the hybrid oscillators, eqs (80)-(83).

    As :func:`weak_correlators`, with ``D_y`` proportional to ``lam**2``: now <qq> and <xx> are of order 1 and the cross
    terms of order lam. With ``Z = lam**2 D/(2 alpha k_Q)`` beside X, ``<xx> = ((X + Z)/lam**2) Re exp(s tau)``,
    ``<qq> = D sum_j exp(s_j tau)/(f'(s_j) f(-s_j))``, ``<qx> = ((X + Z)/lam) Re[exp(s tau)/f0] + F`` and
    ``<xq> = (1/lam) Re[exp(s tau) (X/f0^* + Z/f0)] + F``, where
    ``F = lam D sum_j exp(s_j tau)/(f'(s_j) f(-s_j) g(s_j))``. Each has a relative error of order lam.

    Parameters and returns are those of :func:`weak_correlators`, but what is held fixed in the expansion is
    ``D_y/lam**2 = hbar**2 D0``.
    """
    o, units = oscillators.in_own_units()
    own = o.quantum_diffusion / o.lam**2 * abs(_impedance_at_slow(o)) ** 2 / (_dissipation(o) * o.k_Q)
    delay = np.asarray(tau, dtype=float) * units.rate
    matrix = _slow_part(o, np.abs(delay), own, o.classical_diffusion / (_dissipation(o) * o.k_Q))
    cross = o.lam * _fast_part(o, np.abs(delay), o.quantum_impedance)
    matrix[..., 0, 0] = _fast_part(o, np.abs(delay), np.ones_like)
    matrix[..., 0, 1] += cross
    matrix[..., 1, 0] += cross
    return units.correlator * signed(matrix, delay)


def weak_responses(oscillators: CoupledOscillators, tau: ArrayLike) -> np.ndarray:
    """Leading responses of the positions to forces on them, cf. eqs (82)-(83) and (133)-(138).

    For tau >= 0: ``chi_xx = Re[2 exp(s tau)/g'(s0)]``, ``chi_qq = sum_j exp(s_j tau)/f'(s_j)``,
    ``chi_qx = chi_xq = lam (sum_j exp(s_j tau)/(f'(s_j) g(s_j)) + 2 Re[exp(s tau)/(f0 g'(s0))])``;
    zero for tau < 0. Each has a relative error of order lam.

    Returns
    -------
    ndarray (..., 2, 2)
        ``[..., 0, 1]`` is the response of q to a force on x, at delays tau (...).
    """
    o, units = oscillators.in_own_units()
    delay = np.asarray(tau, dtype=float) * units.rate
    after = np.maximum(delay, 0)
    (slow, fast), root = _modes(o), 1j * _slow_frequency(o)
    ring = np.exp(slow * after) / (2 * o.quantum_mass * root)
    matrix = np.zeros((*delay.shape, 2, 2))
    matrix[..., 1, 1] = 2 * ring.real
    cross = 2 * (ring / _impedance_at_slow(o)).real
    for bare, mode in zip(_fast_roots(o), fast, strict=True):
        kick = np.exp(mode * after) / (2 * o.classical_mass * bare + o.friction)
        matrix[..., 0, 0] += kick.real
        cross = cross + (kick / o.quantum_impedance(bare)).real
    matrix[..., 0, 1] = matrix[..., 1, 0] = o.lam * cross
    return np.where((delay < 0)[..., None, None], 0.0, units.response * matrix)


def amplitude_ratio(oscillators: CoupledOscillators) -> float:
    """Ratio of the size of the slow swings of q to those of x, ``|lam|/|f(i w_Q)|``, eq (61).

    For identical oscillators ``|lam|/(alpha w)``; the relative error is of order lam.
    """
    return float(abs(oscillators.lam) / abs(_impedance_at_slow(oscillators)))


def long_lived_correlator(oscillators: CoupledOscillators, tau: ArrayLike) -> np.ndarray:
    """What is left of <q(t + tau) q(t)> once the fast mode has decayed, eq (62).

    ``(D_y/(2 alpha k_Q)) exp(-Gamma |tau|/2) cos(w tau)``, w shifted as in :func:`weak_poles`: the first oscillator
    remembers what the second one does. Delays (...) are long against ``M/alpha``, the relative error is of order lam.
    """
    o, units = oscillators.in_own_units()
    slow = _modes(o)[0]
    size = units.correlator * o.quantum_diffusion / (_dissipation(o) * o.k_Q)
    return size * np.exp(slow * np.abs(np.asarray(tau, dtype=float) * units.rate)).real


def weak_correlation(oscillators: CoupledOscillators, tau: ArrayLike) -> np.ndarray:
    """Leading correlation coefficients of the positions at two times, eqs (64)-(67).

    ``c_ij(tau) = <z_i(t + tau) z_j(t)>/sqrt(<z_i**2><z_j**2>)`` of :func:`weak_correlators`; the error is of order lam.

    Parameters and shape are those of :func:`weak_correlators`.
    """
    o, units = oscillators.in_own_units()
    deviations = np.sqrt(np.diagonal(weak_correlators(o, 0.0)))
    delay = np.asarray(tau, dtype=float) * units.rate
    return weak_correlators(o, delay) / (deviations[:, None] * deviations[None, :])


def asymptotic_mutual_information(oscillators: CoupledOscillators, tau: ArrayLike) -> np.ndarray:
    """Mutual information of q(t + tau) with q(t) once the fast mode has decayed, eq (68); in nats.

    ``-ln(1 - c**2)/2`` with ``c = D_y k_C cos(w tau) exp(-Gamma |tau|/2)/(D k_Q + D_y k_C)``.
    Delays (...) are long against ``M/alpha``, the error is of order lam.
    """
    o, units = oscillators.in_own_units()
    variance = (o.classical_diffusion / o.k_C + o.quantum_diffusion / o.k_Q) / _dissipation(o)
    delay = np.asarray(tau, dtype=float) * units.rate
    return mutual_information(long_lived_correlator(o, delay) / variance)


def _dissipation(o: CoupledOscillators) -> float:
    """2 alpha, what the noise is divided by in a steady state."""
    if not o.friction:
        raise ModelError("friction", "a positive number for a steady state", "0")
    return 2 * o.friction


def _slow_frequency(o: CoupledOscillators) -> float:
    if o.k_Q <= 0:
        raise ModelError("k_Q", "a positive number for an expansion in lam", "a negative one" if o.k_Q < 0 else "0")
    return float(np.sqrt(o.k_Q / o.quantum_mass))


def _impedance_at_slow(o: CoupledOscillators) -> complex:
    """f0 = f(i w_Q) = k_C - M w_Q^2 + i alpha w_Q."""
    value = complex(o.classical_impedance(1j * _slow_frequency(o)))
    if abs(value) < 1e-12 * (abs(o.k_C) + o.k_Q):
        raise ModelError("friction", "a positive number for an expansion in lam at equal frequencies", "0")
    return value


def _fast_roots(o: CoupledOscillators) -> tuple[complex, complex]:
    """Roots s of f."""
    discriminant = o.friction**2 - 4 * o.classical_mass * o.k_C
    if abs(discriminant) < 1e-12 * (o.friction**2 + abs(4 * o.classical_mass * o.k_C)):
        raise ModelError("friction", "no critical damping for an expansion in lam", "the critical one")
    root = cmath.sqrt(discriminant)
    return (-o.friction + root) / (2 * o.classical_mass), (-o.friction - root) / (2 * o.classical_mass)


def _modes(o: CoupledOscillators) -> tuple[complex, tuple[complex, complex]]:
    """The slow mode s of positive frequency and the two fast ones, to second order in lam."""

    def expand(root: complex, slope: complex, curvature: float, other: complex) -> complex:
        # (f + lam)(g + lam) = lam^2, so that g + lam = lam^2/f + O(lam^3) near a root of g, and likewise for f
        first = -1 / slope
        second = (1 / other - curvature * first**2) / slope
        return root + o.lam * first + o.lam**2 * second

    s = 1j * _slow_frequency(o)
    slow = expand(s, 2 * o.quantum_mass * s, o.quantum_mass, _impedance_at_slow(o))
    fast = [
        expand(r, 2 * o.classical_mass * r + o.friction, o.classical_mass, complex(o.quantum_impedance(r)))
        for r in _fast_roots(o)
    ]
    return slow, (fast[0], fast[1])


def _slow_part(o: CoupledOscillators, delay: np.ndarray, own: float, fed: float) -> np.ndarray:
    """Correlators of the slow mode, whose <xx> is `own` from the noise on y plus `fed` from the noise on p.

    x rings and drags along ``q = lam x/f0``; the noise on p also shakes q before it reaches x, hence ``fed * drag``
    where ``own`` has the conjugate.
    """
    ring = np.exp(_modes(o)[0] * delay)
    drag = o.lam / _impedance_at_slow(o)
    matrix = np.empty((*delay.shape, 2, 2))
    matrix[..., 0, 0] = (own + fed) * abs(drag) ** 2 * ring.real
    matrix[..., 0, 1] = (own + fed) * (ring * drag).real
    matrix[..., 1, 0] = (ring * (own * np.conj(drag) + fed * drag)).real
    matrix[..., 1, 1] = (own + fed) * ring.real
    return matrix


def _fast_part(o: CoupledOscillators, delay: np.ndarray, divisor: Callable[..., np.ndarray]) -> np.ndarray:
    """``D sum_j exp(s_j tau)/(f'(s_j) f(-s_j) h(s_j))`` over the fast modes, h = `divisor`."""
    total = np.zeros(delay.shape, dtype=complex)
    for bare, mode in zip(_fast_roots(o), _modes(o)[1], strict=True):
        residue = (2 * o.classical_mass * bare + o.friction) * o.classical_impedance(-bare) * divisor(bare)
        total += o.classical_diffusion * np.exp(mode * delay) / residue
    return total.real
