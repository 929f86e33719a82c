"""Exact mean and covariance of a linear stochastic process, and the drift and noise of the coupled oscillators."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

Array = np.ndarray
LONGEST_PIECE = 2.0  # time in units of the fastest rate


def oscillator_drift(
    *,
    k_C: float,
    k_Q: float,
    lam: float,
    classical_mass: float,
    quantum_mass: float,
    friction: float,
) -> Array:
    """Drift matrix A of ``dz = -A z dt + noise``, z = (q, p, x, y), for V_I = lam (q - x)^2/2; eq (13)."""
    force = np.array([[k_C + lam, -lam], [-lam, k_Q + lam]])
    drift = np.zeros((4, 4))
    drift[0, 1], drift[2, 3] = -1 / classical_mass, -1 / quantum_mass
    drift[np.ix_((1, 3), (0, 2))] = force
    drift[1, 1] = friction / classical_mass
    return drift


def oscillator_noise(*, lam: float, hbar: float, diffusion: float, decoherence: float) -> Array:
    """Noise matrix B = diag(0, D2, 0, hbar^2 lam^2 D0) of d<z z^T>/dt; eqs (16), (74). Shape (4, 4)."""
    return np.diag([0.0, diffusion, 0.0, (hbar * lam) ** 2 * decoherence])


def propagate(drift: Array, noise: Array, mean: Array, covariance: Array, time: float) -> tuple[Array, Array]:
    """Mean (n,) and covariance (n, n) after `time` of d<z>/dt = -A z, dS/dt = -A S - S A^T + B.

    Solved by the matrix exponential of [[-A, B], [0, A^T]] (Van Loan 1978): its blocks are e^{-A t} and
    (integral of e^{-A s} B e^{-A^T s} ds) e^{A^T t}. Holds with or without damping. A long time is taken in pieces,
    since the second grows as fast as the first one falls.
    """
    n, pieces = len(drift), max(1, int(np.ceil(np.abs(drift).max() * time / LONGEST_PIECE)))
    block = expm(np.block([[-drift, noise], [np.zeros((n, n)), drift.T]]) * (time / pieces))
    flow = block[:n, :n]
    spread = block[:n, n:] @ flow.T
    for _ in range(pieces):
        mean, covariance = flow @ mean, flow @ covariance @ flow.T + spread
    return mean, covariance
