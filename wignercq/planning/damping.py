"""Is friction fast beside the oscillations of a model? Then free motion, friction and noise go as one exact flow."""

from __future__ import annotations

import numpy as np
import sympy as sp

from wignercq.grid.grid import Grid
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, T, X

STRONG = 0.7  # of the frequency of small oscillations; at 1 both ways need about the same steps
OCCUPIED = 1e-6  # of the largest density; where W is nothing the potential may be anything


def is_strongly_damped(model: Model, grid: Grid, density: np.ndarray, time: float = 0.0) -> bool:
    """Whether the rate of friction is above 0.7 of the frequency of small oscillations.

    That frequency w is the root of the mean of w(q, x)**2, the largest eigenvalue of the Hessian of the potential in
    mass-weighted coordinates where positive.

    Parameters
    ----------
    grid : Grid
    density : np.ndarray
        Of (q, x), shape (nq, nx): the weight of the mean, its modulus.
    time : float
        At which potentials are taken that depend on it.
    """
    if not model.damping_rate:
        return False
    potential = model.V_C + model.V_Q + model.V_I
    weights = np.abs(density)
    i, j = np.nonzero(weights > OCCUPIED * weights.max())
    q, x, weights = grid.q.values[i], grid.x.values[j], weights[i, j]
    qq, qx, xx = (sampled((Q, X, T), sp.diff(potential, *pair))(q, x, time) for pair in ((Q, Q), (Q, X), (X, X)))
    M, m = model.classical_mass, model.quantum_mass
    with np.errstate(all="ignore"):
        largest = (qq / M + xx / m) / 2 + np.hypot((qq / M - xx / m) / 2, qx / np.sqrt(M * m))
        squared = np.average(np.maximum(largest, 0), weights=weights)
    return bool(model.damping_rate**2 > STRONG**2 * squared)
