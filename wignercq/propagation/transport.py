"""The flow of the transport part T, exact, with or without the noise of p in it.

With gamma = alpha/M and f = exp(-gamma t) the characteristics of
``T = -(p/M) d_q - (y/m) d_x + d_p (gamma p .)`` are::

    q += p (1 - f)/(gamma M),    x += y t/m,    then    p *= f

With the noise of p, ``T + (D2/2) d_p^2``, the motion of (q, p) is an Ornstein-Uhlenbeck process: Gaussian, with the
covariance of its noise known in closed form. It is the same as three simple motions one after the other::

    q += b p,   b = tanh(gamma t/2)/(gamma M)
    p -> f p + noise of variance D2 (1 - f^2)/(2 gamma)
    q += b p + noise of variance D2/(gamma M)^2 [t - (2/gamma) tanh(gamma t/2)]

Both shears and the noise of q are multiplications in (k_q, p), and one real matrix along p does the rest for all k_q.
"""

from __future__ import annotations

import math

import numpy as np

from wignercq.grid.grid import Axis, Grid
from wignercq.model.drives import Forces
from wignercq.model.model import Model
from wignercq.propagation.engines import BathFlow, Shear
from wignercq.propagation.engines.blas import single_threaded

NODES, WEIGHTS = (np.polynomial.legendre.leggauss(16)[0] + 1) / 2, np.polynomial.legendre.leggauss(16)[1] / 2
SMALL_DAMPING = 0.01  # gamma t below which t - (2/gamma) tanh(gamma t/2) is taken from its series


def free_shear(
    model: Model, grid: Grid, time: float, *, of_q: bool = True, shift: tuple[float, float] = (0.0, 0.0)
) -> Shear:
    """exp(-i [k_q p (1-f)/(gamma M) + k_x y t/m]), at the Nyquist frequencies the mean over both signs.

    Without `of_q` its second part alone. With a `shift` q and x are displaced as well.
    """
    x = _phases(grid.x.half_frequencies, grid.y.values * (time / model.quantum_mass) + shift[1], grid.x)
    if not of_q:
        return Shear(None, x)
    gamma = model.damping_rate
    drift_time = -math.expm1(-gamma * time) / gamma if gamma else time
    return Shear(_phases(grid.q.frequencies, grid.p.values * (drift_time / model.classical_mass) + shift[0], grid.q), x)


def bath_flow(model: Model, grid: Grid, time: float) -> BathFlow:
    """The flow of (q, p) under free motion, friction and the noise of p.

    The two shears share the noise of q, of variance v: ``exp(-i k b p - v k^2/4)`` each.
    """
    gamma, mass, damping = model.damping_rate, model.classical_mass, model.damping_rate * time
    half_drift = math.tanh(damping / 2) / gamma if gamma else time / 2  # M b
    if damping < SMALL_DAMPING:
        wander = time**3 * (1 / 12 - damping**2 / 120)
    else:
        wander = (time - 2 * half_drift) / gamma**2
    k = grid.q.half_frequencies
    shear = _phases(k, grid.p.values * (half_drift / mass), grid.q)
    shear *= np.exp(-model.diffusion * wander / (2 * mass) ** 2 * k**2)[:, None]
    return BathFlow(
        shear, contraction_matrix(grid.p, math.exp(-damping), model.diffusion * spreading_time(model, time))
    )


def displacement(model: Model, forces: Forces, start: float, time: float) -> np.ndarray:
    """How far forces that are the same everywhere displace (q, p, x, y) in a time after `start`, shape (4,).

    Of a force F_q at the time `time - u` before the end, and F_x, friction and inertia leave ::

        dp = integral exp(-gamma u) F_q,    dq = integral (1 - exp(-gamma u))/(gamma M) F_q
        dy = integral F_x,                  dx = integral (u/m) F_x
    """
    of_q, of_x = forces.at(start + time * NODES)
    u, gamma, weights = time * (1 - NODES), model.damping_rate, time * WEIGHTS
    drift = -np.expm1(-gamma * u) / gamma if gamma else u
    of_q, of_x = weights * of_q, weights * of_x
    q, p = drift @ of_q / model.classical_mass, np.exp(-gamma * u) @ of_q
    return np.array([q, p, u @ of_x / model.quantum_mass, of_x.sum()])


def spreading_time(model: Model, time: float) -> float:
    """(1 - f^2)/(2 gamma): what D2 is multiplied by to give the variance of the noise of p after a time."""
    gamma = model.damping_rate
    return -math.expm1(-2 * gamma * time) / (2 * gamma) if gamma else time


def contraction_matrix(axis: Axis, factor: float, variance: float = 0.0) -> np.ndarray:
    """The real matrix that takes W(p) on the grid to W(p/f)/f, then smooths it by a Gaussian, shape (np, np).

    `factor` is f = exp(-gamma t), 0 <= f <= 1; `variance` that of the Gaussian. In Fourier space
    ``What(r) <- exp(-variance r^2/2) What(f r)``: the forward sum is taken at the contracted frequencies, the inverse
    transform at the plain ones. W counts as zero outside the box; since f r <= r nothing aliases. Spectrally accurate
    and norm-conserving.
    """
    r = axis.frequencies
    at, source = np.outer(axis.values, r), np.outer(factor * axis.values, r)
    weights = np.exp(-variance * r**2 / 2) / axis.points
    with single_threaded():  # the sum over r of cos(r (p - f p')), by its addition theorem
        matrix = (np.cos(at) * weights) @ np.cos(source).T + (np.sin(at) * weights) @ np.sin(source).T
    return matrix - (matrix.sum(axis=0) - 1) / axis.points  # the norm to the last bit, over any number of steps


def _phases(frequencies: np.ndarray, shifts: np.ndarray, axis: Axis) -> np.ndarray:
    """exp(-i k shift), the real part alone at the Nyquist frequency of `axis`."""
    factor = np.exp(-1j * np.outer(frequencies, shifts))
    if axis.points % 2 == 0:
        factor[axis.points // 2] = factor[axis.points // 2].real
    return factor
