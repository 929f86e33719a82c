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

A bath of the quantum particle is the same for (x, y), and more general: friction of y at the rate gamma and noise of x,
``(D_xx/2) d_x^2``. Where there is also that of both together, ``D_xy d_x d_y``, a part of the noise of y comes with it,
since alone it is no diffusion (:func:`diffusion_in_V`). With S(t) the covariance that this noise gathers, d = (1 -
f)/(gamma m) and b = S_xy/S_yy (0 without noise of y)::

    x += (d - f b) y,    y -> f y + noise of variance S_yy,    x += b y + noise of variance S_xx - b^2 S_yy
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from wignercq.grid.grid import Axis, Grid
from wignercq.model.drives import Forces
from wignercq.model.model import Model
from wignercq.propagation.engines import BathFlow, QuantumFlow, Shear
from wignercq.propagation.engines.blas import single_threaded

NODES = 32  # of integrals over exponentials of gamma t
SMALL_DAMPING = 0.01  # gamma t below which t - (2/gamma) tanh(gamma t/2) is taken from its series


def free_shear(
    model: Model, grid: Grid, time: float, *, of_q: bool = True, shift: tuple[float, float] = (0.0, 0.0)
) -> Shear:
    """exp(-i [k_q p (1-f)/(gamma M) + k_x y t/m]), at the Nyquist frequencies the mean over both signs.

    Without `of_q` its second part alone. With a bath of the quantum particle the latter is the first shear of its flow,
    and has the noise of x in it where there is no other shear. With a `shift` q and x are displaced as well.
    """
    if model.quantum_bath is None:
        x = shifting_phases(grid.x.half_frequencies, grid.y.values * (time / model.quantum_mass) + shift[1], grid.x)
    else:
        flow = _quantum_motion(model, time)
        x = shifting_phases(grid.x.half_frequencies, grid.y.values * flow.first + shift[1], grid.x)
        if not flow.second:
            x *= np.exp(-flow.noise_of_x / 2 * grid.x.half_frequencies**2)[:, None]
    if not of_q:
        return Shear(None, x)
    gamma = model.damping_rate
    drift_time = -math.expm1(-gamma * time) / gamma if gamma else time
    moved = grid.p.values * (drift_time / model.classical_mass) + shift[0]
    return Shear(shifting_phases(grid.q.frequencies, moved, grid.q), x)


def diffusion_in_V(model: Model) -> float:
    """What of D_yy belongs to V.

    All of it without D_xy. Else half of what T does not need, ``D_yy - D_xy**2/D_xx``: with less of it in T the shears
    are longer than boxes, for b is D_xy over what T has, and with none in V the part of C by D_xx would amplify.
    """
    D_xx, D_xy, D_yy = model.quantum_diffusion
    return max(0.0, D_yy - D_xy**2 / D_xx) / 2 if D_xy else D_yy


def quantum_flow(model: Model, grid: Grid, time: float) -> QuantumFlow | None:
    """What is left of the flow of (x, y) after :func:`free_shear`; None where that is all."""
    if not model.quantum_damping_rate and not model.quantum_diffusion.xy:
        return None
    flow, shear = _quantum_motion(model, time), None
    if flow.second:
        k = grid.x.half_frequencies
        shear = shifting_phases(k, grid.y.values * flow.second, grid.x) * np.exp(-flow.noise_of_x / 2 * k**2)[:, None]
    return QuantumFlow(contraction_matrix(grid.y, flow.factor, flow.noise_of_y), shear)


class _Motion(NamedTuple):
    """x += first y, y -> factor y + noise, x += second y + noise."""

    first: float
    factor: float
    noise_of_y: float  # variances
    second: float
    noise_of_x: float


def _quantum_motion(model: Model, time: float) -> _Motion:
    """Of (x, y) in a time, with the bath of the quantum particle."""
    gamma, mass, (D_xx, D_xy, D_yy) = model.quantum_damping_rate, model.quantum_mass, model.quantum_diffusion
    factor, drift = math.exp(-gamma * time), -math.expm1(-gamma * time) / gamma / mass if gamma else time / mass
    if not D_xy:
        return _Motion(drift, factor, 0.0, 0.0, D_xx * time)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    since = time * (1 + nodes) / 2
    kick = np.array([-np.expm1(-gamma * since) / gamma if gamma else since, np.exp(-gamma * since)])
    kick[0] /= mass  # what a kick of one to y has become of x and y since then
    along, alone = D_xy / D_xx, D_yy - diffusion_in_V(model) - D_xy**2 / D_xx
    of_x, of_y = np.concatenate([np.array([[1.0], [0.0]]) + along * kick, kick], axis=1)
    weights = time / 2 * np.concatenate([D_xx * weights, alone * weights])
    noise_of_y = float(weights @ of_y**2)
    second = float(weights @ (of_x * of_y)) / noise_of_y
    noise_of_x = float(weights @ (of_x - second * of_y) ** 2)
    return _Motion(drift - factor * second, factor, noise_of_y, second, noise_of_x)


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
    shear = shifting_phases(k, grid.p.values * (half_drift / mass), grid.q)
    shear *= np.exp(-model.diffusion * wander / (2 * mass) ** 2 * k**2)[:, None]
    return BathFlow(
        shear, contraction_matrix(grid.p, math.exp(-damping), model.diffusion * spreading_time(gamma, time))
    )


def displacement(model: Model, forces: Forces, start: float, time: float) -> np.ndarray:
    """How far forces that are the same everywhere displace (q, p, x, y) in a time after `start`, shape (4,).

    Of a force F at the time `time - u` before the end, friction at the rate gamma and the inertia of a mass leave ::

        integral (1 - exp(-gamma u))/(gamma mass) F  of the position,    integral exp(-gamma u) F  of the momentum
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    u, moved = time * (1 - nodes) / 2, []
    for gamma, mass, force in zip(
        (model.damping_rate, model.quantum_damping_rate),
        (model.classical_mass, model.quantum_mass),
        forces.at(start + time * (1 + nodes) / 2),
        strict=True,
    ):
        impulses = time / 2 * weights * force
        drift = -np.expm1(-gamma * u) / gamma if gamma else u
        moved += [drift @ impulses / mass, np.exp(-gamma * u) @ impulses]
    return np.array(moved)


def spreading_time(gamma: float, time: float) -> float:
    """(1 - f^2)/(2 gamma): the variance of a damped momentum after a time, over its diffusion."""
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


def shifting_phases(frequencies: np.ndarray, shifts: np.ndarray, axis: Axis) -> np.ndarray:
    """exp(-i k shift), the real part alone at the Nyquist frequency of `axis`."""
    factor = np.exp(-1j * np.outer(frequencies, shifts))
    if axis.points % 2 == 0:
        factor[axis.points // 2] = factor[axis.points // 2].real
    return factor
