"""How far W is from a thermal state: total variation distances."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wignercq.errors import ModelError, brief
from wignercq.grid.grid import Grid
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X

AT_ENDS = 1e-3  # of a density, at most at the outermost points


def total_variation(W: Sequence[np.ndarray], write: Callable[[int, np.ndarray], None], grid: Grid) -> float:
    """``integral of |W - W'|/2`` over the grid, 0 to 1 for densities, W' written slab by slab.

    Parameters
    ----------
    W : array or sequence of slabs, shape ``grid.shape``
    write : callable
        ``write(i, out)`` writes W'[i] into `out`, shape ``grid.shape[1:]``: what ``State.slab(grid)`` returns. What W'
        has outside the grid counts as well.
    """
    other = np.empty(grid.shape[1:])
    distance, mass = 0.0, 0.0
    for i in range(grid.q.points):
        write(i, other)
        mass += float(other.sum())
        other -= W[i]
        distance += float(np.abs(other, out=other).sum())
    return (distance * grid.cell + max(0.0, 1 - mass * grid.cell)) / 2


def classical_gibbs(model: Model, grid: Grid, temperature: float) -> Callable[[int, np.ndarray], None]:
    """The density ``exp(-H(q, p, x, y)/(k_B T))/Z`` of two classical particles, as a function that writes its slabs.

    Its integral over the (q, x) of the grid and all momenta is one. It is no state of a quantum particle where it is
    narrower than hbar.

    Raises
    ------
    ModelError
        A temperature that is not positive and finite; more than 1e-3 of the density at the ends of q or of x, where the
        potentials do not confine the particles to the grid.
    """
    if not 0 < temperature < np.inf:
        raise ModelError("temperature", "a positive, finite energy", brief(temperature))
    q, p, x, y = (axis.values for axis in grid)
    potential = sampled((Q, X), model.V_C + model.V_Q + model.V_I)(q[:, None], x[None, :])
    of_qx = np.exp((potential.min() - potential) / temperature)
    at_ends = 1 - float(of_qx[1:-1, 1:-1].sum() / of_qx.sum())
    if at_ends > AT_ENDS:
        raise ModelError("model", "a potential that confines both particles to the grid", f"{at_ends:.2g} at its ends")
    of_p, of_y = (
        np.exp(-(momenta**2) / (2 * mass * temperature)) / np.sqrt(2 * np.pi * mass * temperature)
        for momenta, mass in ((p, model.classical_mass), (y, model.quantum_mass))
    )
    of_qx /= of_qx.sum() * grid.q.spacing * grid.x.spacing

    def write(i: int, out: np.ndarray) -> None:
        np.multiply(of_p[:, None, None], of_qx[i][:, None] * of_y, out=out)

    return write
