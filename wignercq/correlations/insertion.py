"""What an operator B makes of W when it is inserted at time 0: a W that is no state, and is evolved like one.

With ``Lambda = <-d_x d_y-> - <-d_y d_x->`` between the Weyl symbol b and W, polynomials b make finite series of

    {B, rho}/2                            ->   b cos(hbar Lambda/2) W
    (i/hbar) [B, rho]                     ->   -(2/hbar) b sin(hbar Lambda/2) W
    -({B, rho}_PB - {rho, B}_PB)/2        ->   -(d_q b) cos(hbar Lambda/2) d_p W + (d_p b) cos(hbar Lambda/2) d_q W

The first makes two-time functions, the sum of the others is what a kick ``H -> H - f B delta(t)`` adds to W for each
unit of f, by the bracket (4) of arXiv:2510.07402: ``-d_y W`` for x, ``-d_p W`` for q.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from wignercq.correlations.operators import MAX_DEGREE, Polynomial, Powers
from wignercq.grid.grid import Axis, Grid
from wignercq.propagation.engines.blas import single_threaded

Insertion: TypeAlias = dict[Powers, Polynomial]  # what multiplies the derivative of W of each orders


class Inserted(NamedTuple):
    """An insertion into W, an array of its shape, and the largest modulus that its terms could add up to."""

    values: np.ndarray
    scale: float


def symmetrised(b: Polynomial, hbar: float) -> Insertion:
    """Of ``{B, rho}/2``: the cosine bracket ``b cos(hbar Lambda/2) W``."""
    return _gathered(_bracket(b, range(0, MAX_DEGREE + 1, 2), hbar, 1.0))


def kicked(b: Polynomial, hbar: float) -> Insertion:
    """Of ``H -> H - f B delta(t)``, for each unit of f."""

    def parts() -> Iterator[tuple[Powers, Polynomial]]:
        even = range(0, MAX_DEGREE + 1, 2)
        yield from _bracket(b, range(1, MAX_DEGREE + 1, 2), hbar, -2 / hbar)
        yield from _bracket(b.derivative(1, 0, 0, 0), even, hbar, -1.0, p=1)
        yield from _bracket(b.derivative(0, 1, 0, 0), even, hbar, 1.0, q=1)

    return _gathered(parts())


def _bracket(
    b: Polynomial, orders: range, hbar: float, factor: float, *, q: int = 0, p: int = 0
) -> Iterator[tuple[Powers, Polynomial]]:
    """Terms of ``b f(hbar Lambda/2) d_q**q d_p**p W``, f being the cosine or the sine whose orders these are."""
    for n in orders:
        weight = factor * (-1) ** (n // 2) * (hbar / 2) ** n / math.factorial(n)
        for k in range(n + 1):
            derivative = b.derivative(0, 0, n - k, k)
            if derivative.terms:
                yield (q, p, k, n - k), derivative.times(weight * math.comb(n, k) * (-1) ** k)


def _gathered(parts: Iterator[tuple[Powers, Polynomial]]) -> Insertion:
    insertion: Insertion = defaultdict(lambda: Polynomial({}))
    for orders, polynomial in parts:
        insertion[orders] = insertion[orders] + polynomial
    return dict(insertion)


def inserted(insertion: Insertion, W: np.ndarray, grid: Grid) -> Inserted:
    """An insertion into W, with derivatives that are exact for all frequencies of the grid."""
    result, largest = np.zeros(grid.shape), dict.fromkeys(insertion, 0.0)
    with single_threaded():
        for q_order in {orders[0] for orders in insertion}:
            field = W if q_order == 0 else np.tensordot(derivative(grid.q, q_order), W, axes=(1, 0))
            terms = [
                (orders, [derivative(axis, order) if order else None for axis, order in zip(grid, orders, strict=True)])
                for orders in insertion
                if orders[0] == q_order
            ]
            _, p, x, y = grid.mesh
            for i, q in enumerate(grid.q.values):
                for orders, (_, along_p, along_x, along_y) in terms:
                    slab = field[i] if along_p is None else np.tensordot(along_p, field[i], axes=(1, 0))
                    slab = slab if along_x is None else along_x @ slab
                    slab = slab if along_y is None else slab @ along_y.T
                    slab = slab * insertion[orders](q, p[0], x[0], y[0])
                    largest[orders] = max(largest[orders], float(np.abs(slab).max()))
                    result[i] += slab
    return Inserted(result, sum(largest.values()))


def derivative(axis: Axis, order: int) -> np.ndarray:
    """The matrix of a derivative along an axis, real, shape (points, points).

    The Nyquist frequency of an even axis, which has no sign, is left out of odd orders.
    """
    k = axis.frequencies.copy()
    if axis.points % 2 == 0 and order % 2:
        k[axis.points // 2] = 0
    matrix: np.ndarray = np.fft.ifft((1j * k[:, None]) ** order * np.fft.fft(np.eye(axis.points), axis=0), axis=0).real
    return matrix
