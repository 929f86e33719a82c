"""The flow of the transport part of thermal dynamics, exact: a linear Gaussian process of (q, p, x, y).

With friction, noise and contractions (:mod:`wignercq.model.thermal`) all of the equation but forces, Moyal brackets and
the noise of y is, with one Wiener process w,

    dq = (p/M) dt,    dp = -gamma p dt + sqrt(D2) dw,    dy = -g_y y dt
    dx = (y/m) dt - g_x (x - x0(q)) dt + hbar c kappa sqrt(D0) dw

After a time t, z has become F z + noise of covariance N. That is the same as three motions in a row,

    q += b p,    x += a y + d p
    p -> f p,    x -> x0 + e_x (x - x0),    y -> e_y y,    noise of (p, x) along one direction,          at rest in q
    q += b' p,   x += a y + d p,    noise of (q, x): what of theirs does not go with that of p

the first and the last being multiplications in (k_q, p, k_x, y), the one in the middle matrices along p, x and y and a
multiplication in (q, r, k_x, y). So the equation of thermal dynamics is split as the minimal one is, into T and V.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import expm

from wignercq.grid.grid import Axis, Grid
from wignercq.model.model import Model
from wignercq.model.thermal import thermal_terms
from wignercq.propagation.engines.multipliers import Dissipation, Shear
from wignercq.propagation.transport import contraction_matrix, shifting_phases


def thermal_flow(model: Model, grid: Grid, time: float) -> tuple[Shear, Dissipation]:
    """The first of the three motions of this module, and the two others."""
    terms, (flow, noise) = thermal_terms(model), flow_and_noise(model, time)
    f, e_x, e_y = flow[1, 1], flow[2, 2], flow[3, 3]
    after = noise[0, 1] / noise[1, 1]  # b'
    before = flow[0, 1] - after * f
    by_y = flow[2, 3] / (e_x + e_y)
    by_p = (flow[2, 1] - (1 - e_x) * terms.slope * before) / (e_x + f)
    along = np.array([noise[1, 1], noise[1, 2] - by_p * noise[1, 1]]) / math.sqrt(noise[1, 1])  # of (p, x)
    beside = noise[np.ix_([0, 2], [0, 2])] - np.outer(noise[[0, 2], 1], noise[[0, 2], 1]) / noise[1, 1]
    x = shifting_phases(grid.x.half_frequencies, by_y * grid.y.values, grid.x)
    shifts = (1 - e_x) * (terms.slope * grid.q.values + terms.offset)
    dissipation = Dissipation(
        (contraction_matrix(grid.p, f), contraction_matrix(grid.x, e_x), contraction_matrix(grid.y, e_y)),
        _noise_of_px(grid, along),
        shifting_phases(grid.x.frequencies, shifts, grid.x).T,
        Shear(_shear_by_p(grid, after, by_p, beside), x),
    )
    return Shear(_shear_by_p(grid, before, by_p, np.zeros((2, 2))), x), dissipation


def flow_and_noise(model: Model, time: float) -> tuple[np.ndarray, np.ndarray]:
    """F and N, both (4, 4): z becomes ``F z`` and noise of covariance N, but for the constant in x0."""
    terms = thermal_terms(model)
    rate = np.zeros((4, 4))
    rate[0, 1], rate[2, 3] = 1 / model.classical_mass, 1 / model.quantum_mass
    rate[1, 1], rate[2, 2], rate[3, 3] = -model.damping_rate, -terms.friction_x, -terms.friction_y
    rate[2, 0] = terms.friction_x * terms.slope
    kick = np.array([0, terms.noise_p, terms.noise_x, 0])
    pair = np.block([[-rate, np.outer(kick, kick)], [np.zeros((4, 4)), rate.T]])
    together = expm(pair * time)  # Van Loan
    flow = together[4:, 4:].T
    noise = flow @ together[:4, 4:]
    return flow, (noise + noise.T) / 2


def _shear_by_p(grid: Grid, of_q: float, of_x: float, noise: np.ndarray) -> np.ndarray:
    """exp(-i (k_q b + k_x d) p - k.N.k/2), shape (nq, np, nx // 2 + 1)."""
    sizes, directions = np.linalg.eigh(noise)
    p = grid.p.values[:, None]

    def values(k_q: np.ndarray, k_x: np.ndarray) -> np.ndarray:
        exponent = sum(
            max(size, 0.0) * (k_q * u + k_x * v) ** 2 for size, (u, v) in zip(sizes, directions.T, strict=True)
        )
        return np.asarray(np.exp(-exponent / 2 - 1j * (k_q * of_q + k_x * of_x) * p))

    return _over_both_signs(values, grid.q, grid.x)


def _noise_of_px(grid: Grid, along: np.ndarray) -> np.ndarray:
    """exp(-(u r + v k_x)**2/2), shape (nx, np // 2 + 1)."""
    u, v = along

    def values(k_x: np.ndarray, r: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(-((u * r + v * k_x) ** 2) / 2))

    return _over_both_signs(values, grid.x, grid.p)[:, 0]


def _over_both_signs(values: Callable[..., np.ndarray], first: Axis, second: Axis) -> np.ndarray:
    """A function of the frequencies of two axes, shape (n1, ..., n2 // 2 + 1), at Nyquist the mean over both signs."""
    k, half = first.frequencies[:, None, None], second.half_frequencies
    table = values(k, half)
    if second.points % 2 == 0:
        table[..., -1:] = (table[..., -1:] + values(k, -half[-1:])) / 2
    if first.points % 2 == 0:
        n = first.points // 2
        other = values(-k[n : n + 1], half)
        if second.points % 2 == 0:
            other[..., -1:] = (other[..., -1:] + values(-k[n : n + 1], -half[-1:])) / 2
        table[n] = (table[n] + other[0]) / 2
    return table
