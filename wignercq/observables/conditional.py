"""The quantum state given a point (q, p) of the classical particle, and fidelities of quantum states."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.errors import InputError
from wignercq.grid.grid import Axis, Grid
from wignercq.grid.interpolation import interpolation
from wignercq.observables.averages import floor_between
from wignercq.observables.density_matrix import density_matrix
from wignercq.observables.information import DENSITY_CUT
from wignercq.observables.marginals import Marginals


class ConditionalState(NamedTuple):
    """See :func:`conditional_state`."""

    wigner: np.ndarray  # of (x, y), integral 1, shape (nx, ny)
    density: float  # of (q, p) at the point, units of 1/action


def conditional_state(W: np.ndarray, grid: Grid, q: float, p: float) -> ConditionalState:
    """The Wigner function of the quantum state given (q, p), ``W(q, p, x, y)/P(q, p)``.

    ``P(q, p) = integral of W dx dy`` is the probability density of the point. Between the points of the grid W is its
    trigonometric interpolant.

    Parameters
    ----------
    W : np.ndarray, shape ``grid.shape``
    q, p : float
        Within the extents of the grid.

    Raises
    ------
    InputError
        A point outside the box, or where the density is below 1e-6 of its maximum: there W is of its errors.
    """
    for name, value, axis in (("q", q, grid.q), ("p", p, grid.p)):
        if not axis.lower <= value < axis.upper:
            raise InputError(name, f"a number from {axis.lower:.6g} to below {axis.upper:.6g}", f"{value!r}")
    along_q, along_p = (interpolation(axis, np.array([float(at)]))[0] for axis, at in ((grid.q, q), (grid.p, p)))
    plane = np.zeros(grid.shape[2:])
    for weight, slab in zip(along_q, W, strict=True):
        if weight:
            plane += weight * np.tensordot(along_p, slab, 1)
    area = grid.x.spacing * grid.y.spacing
    density, largest = float(plane.sum()) * area, float(np.max(np.sum(W, axis=(2, 3), dtype=float))) * area
    if not density > DENSITY_CUT * largest:
        raise InputError(
            "q, p", f"a point with more than {DENSITY_CUT:g} of the largest density", f"{density / largest:.1e} of it"
        )
    return ConditionalState(plane / density, density)


class HasWigner(Protocol):
    """A quantum state: whatever tells its Wigner function on two axes."""

    hbar: float

    def wigner(self, x: Axis, y: Axis, /) -> np.ndarray: ...


def fidelity(state: HasWigner) -> Callable[[Marginals], float]:
    """A function of marginals: the fidelity of the reduced quantum state with `state`, ``(Tr |sqrt(rho) sqrt(s)|)**2``.

    For a pure `state` it is the overlap ``2 pi hbar integral of W W_s``, which is quicker as an observable.
    Eigenvalues below ten times the most negative one, which is of errors of W, count as zero.
    """

    def of(marginals: Marginals) -> float:
        x, y = marginals.grid.x, marginals.grid.y
        with threadpool_limits(1, "blas"):  # matrices are small
            rho, s = (
                density_matrix(plane, x, y, hbar=state.hbar)
                for plane in (marginals.planes["x", "y"] / marginals.norm, state.wigner(x, y))
            )
            product = _root(rho) @ _root(s)
            return float(np.linalg.svd(product, compute_uv=False).sum() ** 2)

    return of


def _root(matrix: np.ndarray) -> np.ndarray:
    """Square root of a Hermitian matrix, of eigenvalues that stand above its errors; a root would magnify those."""
    values, vectors = np.linalg.eigh(matrix)
    above = values > floor_between(float(values[0]), float(values[-1]))
    root: np.ndarray = (vectors[:, above] * np.sqrt(values[above])) @ vectors[:, above].conj().T
    return root
