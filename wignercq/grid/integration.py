"""Integrals over axes of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np

from wignercq.grid.grid import NAMES, Axis, Grid


def integral(values: np.ndarray, axis: Axis) -> float:
    """Of a function on the points of an axis."""
    return float(values.sum() * axis.spacing)


def plane_integrals(
    W: np.ndarray | Sequence[np.ndarray], grid: Grid, *, threads: int = 2, pool: Executor | None = None
) -> tuple[dict[tuple[str, str], np.ndarray], float]:
    """Integrals of W, shape ``grid.shape``, over each pair of variables, by the two that are left, and that of |W|.

    The pairs are in the order (q, p, x, y). The sweep goes slab by slab along q in double precision; the result does
    not depend on `threads`, nor on the `pool` of threads, an own one if None.
    """
    n_q, n_p, n_x, n_y = grid.shape
    qp, qx, qy = np.empty((n_q, n_p)), np.empty((n_q, n_x)), np.empty((n_q, n_y))
    px, py, xy = np.empty((n_q, n_p, n_x)), np.empty((n_q, n_p, n_y)), np.empty((n_q, n_x, n_y))
    absolute = np.empty(n_q)

    along_p, along_y = np.ones(n_p), np.ones(n_y)

    def sweep(first: int) -> None:  # products with ones are sums, several times as fast over short rows
        for i in range(first, n_q, threads):
            slab = np.asarray(W[i], float)
            px[i] = (slab.swapaxes(0, 1) @ along_y).T
            xy[i] = along_p @ slab.swapaxes(0, 1)
            py[i] = slab.sum(axis=1)
            qp[i], qx[i], qy[i] = px[i].sum(axis=1), px[i].sum(axis=0), py[i].sum(axis=0)
            absolute[i] = np.abs(slab).sum()

    with nullcontext(pool) if pool is not None else ThreadPoolExecutor(threads) as workers:
        list(workers.map(sweep, range(threads)))
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


def fold_power(power: np.ndarray) -> np.ndarray:
    """Add the power at -k to that at k: from FFT order, shape (n,), to shape (n // 2 + 1,)."""
    n = power.size
    folded = power[: n // 2 + 1].copy()
    negative = power[: n // 2 : -1]
    folded[1 : 1 + negative.size] += negative
    return folded
