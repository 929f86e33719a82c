"""The flow of the transport part T, exact: shear q by p and x by y, then contract p by friction.

With gamma = alpha/M and f = exp(-gamma t) the characteristics of
``T = -(p/M) d_q - (y/m) d_x + d_p (gamma p .)`` are::

    q += p (1 - f)/(gamma M),    x += y t/m,    then    p *= f
"""

from __future__ import annotations

import math

import numpy as np

from wignercq.grid.grid import Axis, Grid
from wignercq.model.model import Model
from wignercq.propagation.engines import Shear


def free_shear(model: Model, grid: Grid, time: float) -> Shear:
    """exp(-i [k_q p (1-f)/(gamma M) + k_x y t/m]); at the Nyquist frequencies the mean over both signs."""
    gamma = model.damping_rate
    drift_time = -math.expm1(-gamma * time) / gamma if gamma else time
    q = np.exp(-1j * np.outer(grid.q.frequencies, grid.p.values * drift_time / model.classical_mass))
    x = np.exp(-1j * np.outer(grid.x.half_frequencies, grid.y.values * time / model.quantum_mass))
    for factor, axis in ((q, grid.q), (x, grid.x)):
        if axis.points % 2 == 0:
            factor[axis.points // 2] = factor[axis.points // 2].real
    return Shear(q, x)


def contraction_matrix(axis: Axis, factor: float) -> np.ndarray:
    """The real matrix that takes W(p) on the grid to W(p/f)/f, shape (np, np), spectrally accurate and norm-conserving.

    `factor` is f = exp(-gamma t), 0 < f <= 1. In Fourier space the contraction is What(r) <- What(f r): the forward sum
    is taken at the contracted frequencies, the inverse transform at the plain ones. W counts as zero outside the box;
    since f r <= r nothing aliases.
    """
    r = axis.frequencies
    phase = r[:, None, None] * (axis.values[None, :, None] - factor * axis.values[None, None, :])
    matrix = np.cos(phase).sum(axis=0) / axis.points
    return matrix - (matrix.sum(axis=0) - 1) / axis.points  # the norm to the last bit, over any number of steps
