"""What the two particles know of each other: Holevo information, and that of phase-space densities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.grid.grid import NAMES, Grid
from wignercq.observables.density_matrix import density_matrix, von_neumann_entropy
from wignercq.observables.marginals import Marginals

DENSITY_CUT = 1e-6  # of the largest density of (q, p): below it a conditional state is not looked at
WEIGHT_CUT = 1e-12  # eigenvalues of the reduced state from which on its eigenvectors count
BLOCK = 2**21  # bytes of the matrices that are diagonalised at once
#: Pairs of variables, one of each particle, whose joint density is a probability.
PAIRS = (("q", "x"), ("q", "y"), ("p", "x"), ("p", "y"))


class HolevoInformation(NamedTuple):
    """In nats; see :func:`holevo_information`."""

    information: float
    entropy: float  # S(rho_Q) of the reduced quantum state
    conditional_entropy: float  # mean of S(rho_qp)
    conditional_purity: float  # mean of Tr rho_qp**2
    conditional_negativity: float  # mean of the sum of the moduli of negative eigenvalues, by errors of W
    left_out: float  # share of the density of (q, p) whose conditional states are not looked at


@threadpool_limits.wrap(limits=1, user_api="blas")
def quantum_entropy(marginals: Marginals, *, hbar: float) -> float:
    """``S(rho_Q) = -Tr rho_Q ln rho_Q`` of the reduced quantum state, from the plane (x, y); in nats.

    Eigenvalues that errors of W made negative count as zero.
    """
    grid = marginals.grid
    weights = np.linalg.eigvalsh(density_matrix(marginals.planes["x", "y"], grid.x, grid.y, hbar=hbar))
    return float(von_neumann_entropy(weights / weights.sum()))


@threadpool_limits.wrap(limits=1, user_api="blas")  # matrices are small
def holevo_information(W: Sequence[np.ndarray], marginals: Marginals, *, hbar: float) -> HolevoInformation:
    """How much the classical particle's (q, p) tell of the quantum state, ``S(rho_Q) - <S(rho_qp)>``.

    ``rho_qp = rho(q, p)/Tr rho(q, p)`` is the quantum state given (q, p), ``rho_Q`` their mean, S the von Neumann
    entropy; the mean is over the density of (q, p). It is the mutual information of a classical-quantum state, between
    0 and S(rho_Q).

    Conditional states are looked at where the density of (q, p) is above 1e-6 of its maximum, and weigh as much as
    their share of the rest; they are diagonalised in the span of the eigenvectors of rho_Q with eigenvalues above
    1e-12, which holds all but a part of them that weighs as little. Eigenvalues that errors of W made negative count
    as zero in an entropy.

    Parameters
    ----------
    W : array or sequence of slabs, shape ``marginals.grid.shape``
        Read once, slab by slab of constant q.
    hbar : float
    """
    grid, density = marginals.grid, marginals.planes["q", "p"]
    weights, vectors = np.linalg.eigh(density_matrix(marginals.planes["x", "y"], grid.x, grid.y, hbar=hbar))
    basis = vectors[:, weights > WEIGHT_CUT * weights[-1]]
    counted = density > DENSITY_CUT * density.max()
    sums, total = np.zeros(3), 0.0
    for matrices in _conditional(W, counted, grid, basis, hbar):
        values = np.linalg.eigvalsh(matrices)
        share = values.sum(axis=1)  # of the density of (q, p), in the units of W
        values /= share[:, None]
        negative = np.maximum(-values, 0).sum(axis=1)
        sums += share @ np.stack([von_neumann_entropy(values), (values**2).sum(axis=1), negative], axis=1)
        total += float(share.sum())
    conditional, purity, negativity = (float(value) for value in sums / total)
    entropy = float(von_neumann_entropy(weights / weights.sum()))
    left_out = 1 - float(density[counted].sum() / density.sum())
    return HolevoInformation(entropy - conditional, entropy, conditional, purity, negativity, left_out)


def _conditional(
    W: Sequence[np.ndarray], counted: np.ndarray, grid: Grid, basis: np.ndarray, hbar: float
) -> Iterator[np.ndarray]:
    """The density matrices of counted points (q, p), some at a time, in a basis (n, k): shape (some, k, k)."""
    some = max(1, BLOCK // (16 * 6 * len(basis) ** 2))
    for i in np.flatnonzero(counted.any(axis=1)):
        slab = np.asarray(W[int(i)], float)
        places = np.flatnonzero(counted[i])
        for first in range(0, len(places), some):
            planes = slab[places[first : first + some]]
            yield basis.conj().T @ density_matrix(planes, grid.x, grid.y, hbar=hbar) @ basis


def block_information(W: Sequence[np.ndarray], marginals: Marginals) -> float:
    """Mutual information of (q, p) with (x, y) as phase-space densities, ``integral of W ln(W/(W_C W_Q))``; nats.

    The counterpart of :func:`wignercq.gaussian.information.block_mutual_information`. Where W, W_C or W_Q is not
    positive it has no logarithm, and such points are left out of its entropy.
    """
    grid, norm = marginals.grid, marginals.norm
    joint = sum(_x_log_x(np.asarray(W[i], float), norm) for i in range(grid.q.points)) * grid.cell
    qp, xy = (
        _x_log_x(marginals.planes[pair], norm) * cell
        for pair, cell in (
            (("q", "p"), grid.q.spacing * grid.p.spacing),
            (("x", "y"), grid.x.spacing * grid.y.spacing),
        )
    )
    return float(joint - qp - xy)


def pair_information(marginals: Marginals) -> dict[str, float]:
    """Mutual information of each of :data:`PAIRS`, ``integral of f ln(f/(f_a f_b))``; nats.

    For jointly Gaussian variables ``-ln(1 - c**2)/2`` with their correlation coefficient c, eqs (63)-(68). Points where
    f is not positive, by errors of W, are left out.
    """
    axes, norm = dict(zip("qpxy", marginals.grid, strict=True)), marginals.norm
    alone = {
        name: _x_log_x(line, norm) * axes[name].spacing for name, line in zip("qpxy", marginals.lines, strict=True)
    }
    return {
        a + b: _x_log_x(marginals.planes[a, b], norm) * axes[a].spacing * axes[b].spacing - alone[a] - alone[b]
        for a, b in PAIRS
    }


def pair_correlations(marginals: Marginals) -> dict[str, float]:
    """Correlation coefficient of each of :data:`PAIRS`, their covariance over the root of the product of variances."""
    covariance = marginals.covariance
    indices = {a + b: (NAMES.index(a), NAMES.index(b)) for a, b in PAIRS}
    return {
        pair: float(covariance[i, j] / np.sqrt(covariance[i, i] * covariance[j, j])) for pair, (i, j) in indices.items()
    }


def _x_log_x(density: np.ndarray, norm: float) -> float:
    """Sum of ``f ln f`` over the points where f, the density over its norm, is positive."""
    f = np.maximum(density / norm, np.finfo(float).tiny)
    return float(np.vdot(f, np.log(f)))
