"""Strang splitting with a fixed step, as general spectral solvers do it: whole arrays, scipy.fft, precomputed tables.

Independent of the package: of its formulas only the potentials' coefficients are used. One step is half a kick, free
motion with friction, half a kick, neighbouring halves fused:

- kick, diagonal after transforms of p and y, k and s = hbar k_y being the conjugates: the exponential of
  ``i (V(x + s/2) - V(x - s/2))/hbar + i k F - D2 k^2/2 - D0 (L(x + s/2) - L(x - s/2))^2/2`` with V = V_Q + V_I,
  L = dV_I/dq and ``F = V_C' + (L(x + s/2) + L(x - s/2))/2``, eqs (3)-(5) of arXiv:2510.07402;
- motion, diagonal after transforms of q and x, then p contracted by ``exp(-alpha t/M)``, a matrix along p.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.fft
from support.reference.cases import Case

Array = np.ndarray
WORKERS = 2
Box = Sequence[tuple[float, float, int]]  # ends and points of q, p, x and y


def solve(case: Case, box: Box, duration: float, steps: int) -> Array:
    """W at the end, shape (q, p, x, y)."""
    q, p, x, y = (np.linspace(lower, upper, n, endpoint=False) for lower, upper, n in box)
    dt = duration / steps
    half, whole = _kick(case, q, p, x, y, dt / 2), _kick(case, q, p, x, y, dt)
    of_q, of_x, contraction = _motion(case, q, p, x, y, dt)
    W = _gaussian(case, q, p, x, y)
    for n in range(steps + 1):
        spectrum = scipy.fft.rfft2(W, axes=(1, 3), workers=WORKERS, overwrite_x=True)
        spectrum *= half if n in (0, steps) else whole
        W = scipy.fft.irfft2(spectrum, s=(p.size, y.size), axes=(1, 3), workers=WORKERS, overwrite_x=True)
        if n == steps:
            break
        spectrum = scipy.fft.rfft2(W, axes=(0, 2), workers=WORKERS, overwrite_x=True)
        spectrum *= of_q
        spectrum *= of_x
        W = scipy.fft.irfft2(spectrum, s=(q.size, x.size), axes=(0, 2), workers=WORKERS, overwrite_x=True)
        W = np.matmul(contraction, W.reshape(q.size, p.size, -1)).reshape(W.shape)
    return W


def interpolation(values: Array, wanted: Array) -> Array:
    """From samples on equidistant points of a period to the trigonometric interpolant at others, shape (wanted, n)."""
    length = values.size * (values[1] - values[0])
    k = np.arange(1, (values.size - 1) // 2 + 1) * 2 * np.pi / length
    offsets = wanted[:, None] - values
    return (1 + 2 * np.cos(k[:, None, None] * offsets).sum(axis=0)) / values.size


def _gaussian(case: Case, *points: Array) -> Array:
    W = np.ones(())
    for values, mean, variance in zip(points, case.mean, case.variances, strict=True):
        W = np.multiply.outer(W, np.exp(-((values - mean) ** 2) / (2 * variance)))
    return W / (W.sum() * np.prod([values[1] - values[0] for values in points]))


def _kick(case: Case, q: Array, p: Array, x: Array, y: Array, time: float) -> Array:
    system = case.system
    k = 2 * np.pi * scipy.fft.fftfreq(p.size, p[1] - p[0])[:, None, None]
    s = system.hbar * 2 * np.pi * scipy.fft.rfftfreq(y.size, y[1] - y[0])
    q, x = q[:, None, None, None], x[:, None]
    ahead, behind = x + s / 2, x - s / 2
    well = np.polynomial.polynomial.polyval(ahead, system.quantum_potential)
    well = well - np.polynomial.polynomial.polyval(behind, system.quantum_potential)
    difference = well + _coupling(system.interaction, q, ahead) - _coupling(system.interaction, q, behind)
    slopes = {(i - 1, j): i * c for (i, j), c in system.interaction.items() if i}
    L_ahead, L_behind = _coupling(slopes, q, ahead), _coupling(slopes, q, behind)
    classical = np.polynomial.polynomial.polyder(system.classical_potential)
    force = np.polynomial.polynomial.polyval(q, classical) + (L_ahead + L_behind) / 2
    damping = system.diffusion * k**2 / 2 + system.decoherence * (L_ahead - L_behind) ** 2 / 2
    return np.exp(time * (1j * difference / system.hbar + 1j * k * force - damping))


def _coupling(coefficients: Mapping[tuple[int, int], float], q: Array, x: Array) -> Array:
    """The sum of ``c q^i x^j``."""
    return sum((c * q**i * x**j for (i, j), c in coefficients.items()), start=np.zeros(()))


def _motion(case: Case, q: Array, p: Array, x: Array, y: Array, time: float) -> tuple[Array, Array, Array]:
    """Multipliers of the spectrum of (q, x), and the matrix along p: exact for all of the motion together."""
    system = case.system
    rate = system.friction / system.classical_mass
    effective = -np.expm1(-rate * time) / rate if rate else time
    k_q = 2 * np.pi * scipy.fft.fftfreq(q.size, q[1] - q[0])[:, None, None, None]
    k_x = 2 * np.pi * scipy.fft.rfftfreq(x.size, x[1] - x[0])[:, None]
    of_q = np.exp(-1j * effective * k_q * p[:, None, None] / system.classical_mass)
    stretched = p * np.exp(rate * time)
    matrix = np.exp(rate * time) * interpolation(p, stretched)
    matrix[(stretched < p[0]) | (stretched > p[-1])] = 0.0
    return of_q, np.exp(-1j * time * k_x * y / system.quantum_mass), matrix
