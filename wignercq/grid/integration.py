"""Integrals over axes of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from wignercq.grid.grid import NAMES, Axis, Grid


def integral(values: np.ndarray, axis: Axis) -> float:
    """Of a function on the points of an axis."""
    return float(values.sum() * axis.spacing)


def plane_integrals(
    W: np.ndarray | Sequence[np.ndarray], grid: Grid, *, threads: int = 2
) -> tuple[dict[tuple[str, str], np.ndarray], float]:
    """Integrals of W, shape ``grid.shape``, over each pair of variables, by the two that are left, and that of |W|.

    The pairs are in the order (q, p, x, y). The sweep goes slab by slab along q in double precision; the result does
    not depend on `threads`.
    """
    n_q, n_p, n_x, n_y = grid.shape
    qp, qx, qy = np.empty((n_q, n_p)), np.empty((n_q, n_x)), np.empty((n_q, n_y))
    px, py, xy = np.empty((n_q, n_p, n_x)), np.empty((n_q, n_p, n_y)), np.empty((n_q, n_x, n_y))
    absolute = np.empty(n_q)

    def sweep(i: int) -> None:
        slab = np.asarray(W[i])
        px[i] = slab.sum(axis=2, dtype=float)
        xy[i] = slab.sum(axis=0, dtype=float)
        py[i] = slab.sum(axis=1, dtype=float)
        qp[i], qx[i], qy[i] = px[i].sum(axis=1), px[i].sum(axis=0), py[i].sum(axis=0)
        absolute[i] = np.abs(slab).sum(dtype=float)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(sweep, range(n_q)))
    sums = {
        ("q", "p"): qp,
        ("q", "x"): qx,
        ("q", "y"): qy,
        ("p", "x"): px.sum(axis=0),
        ("p", "y"): py.sum(axis=0),
        ("x", "y"): xy.sum(axis=0),
    }
    axes = dict(zip(NAMES, grid, strict=True))
    planes = {}
    for (a, b), plane in sums.items():
        planes[a, b] = plane * (grid.cell / (axes[a].spacing * axes[b].spacing))
    return planes, float(absolute.sum() * grid.cell)
