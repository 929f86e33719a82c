"""The density matrix of the reduced quantum state from its Wigner function on the grid, and trace norms."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation


def density_matrix(plane: np.ndarray, x: Axis, y: Axis, *, hbar: float) -> np.ndarray:
    """The inverse Weyl transform of W(x, y), ``<u|rho|v> = int dy e^{i y (u-v)/hbar} W((u+v)/2, y)``.

    The positions u lie on a lattice fine and wide enough for every W that the two axes resolve, states or not: it
    spans the box and half the shift ``pi hbar/dy`` of the highest frequency at either end, and its spacing resolves
    the momenta of the box and ``pi hbar/(2 dx)`` beyond either end. The spacing divides the box, so that the sum over
    the lattice is exact for what the box holds, also where that does not vanish at its ends.

    From W of shape (..., nx, ny), units 1/action, it makes complex Hermitian matrices (..., n, n) in the orthonormal
    basis of the lattice: the trace is the integral of W, the eigenvalues are those of rho.
    ``n = (Lx + pi hbar/dy) (Ly + pi hbar/dx)/(2 pi hbar)``, the box and its surroundings rounded up.

    It is the inverse of eqs (101), (102) of arXiv:2510.07402.
    """
    to_centres, to_shifts = _lattice(x, y, hbar)
    count = (len(to_centres) + 1) // 2
    table = to_centres @ plane @ to_shifts
    a, b = np.ogrid[:count, :count]
    result: np.ndarray = table[..., a + b, a - b + count - 1]
    return result


def lattice(x: Axis, y: Axis, *, hbar: float) -> np.ndarray:
    """The positions u of the rows and columns of :func:`density_matrix`, shape (n,)."""
    inside, beyond = _counts(x, y, hbar)
    return x.lower + x.length / inside * np.arange(-beyond, inside + beyond)


def _counts(x: Axis, y: Axis, hbar: float) -> tuple[int, int]:
    """How many points of the lattice lie in the box, and how many beyond either end."""
    inside = math.ceil(x.length * (y.length + math.pi * hbar / x.spacing) / (2 * math.pi * hbar))
    return inside, math.ceil(_reach(y, hbar) / 2 / (x.length / inside))


def _reach(y: Axis, hbar: float) -> float:
    """The shift ``u - v`` that belongs to the highest frequency of y."""
    return math.pi * hbar / y.spacing


@lru_cache(maxsize=4)
def _lattice(x: Axis, y: Axis, hbar: float) -> tuple[np.ndarray, np.ndarray]:
    """What takes W from the left to the centres ``(u + v)/2`` and from the right to the shifts ``u - v``."""
    (inside, beyond), reach = _counts(x, y, hbar), _reach(y, hbar)
    step, count = x.length / inside, inside + 2 * beyond
    centres = x.lower + step / 2 * np.arange(-2 * beyond, 2 * count - 1 - 2 * beyond)
    shifts = step * np.arange(1 - count, count)
    phases = np.exp(1j / hbar * np.outer(y.values, shifts)) * (np.abs(shifts) <= reach)
    return interpolation(x, centres), phases * (y.spacing * step)


def trace_norm(matrix: np.ndarray) -> float:
    """``Tr |A|`` of a Hermitian matrix, the sum of the moduli of its eigenvalues."""
    return float(np.abs(np.linalg.eigvalsh(matrix)).sum())


def von_neumann_entropy(eigenvalues: np.ndarray) -> np.ndarray:
    """``-Tr rho ln rho`` from the eigenvalues of rho / Tr rho, shape (..., n) to (...); nats.

    What errors have made negative counts as zero.
    """
    positive = np.maximum(eigenvalues, np.finfo(float).tiny)
    return -(positive * np.log(positive)).sum(axis=-1)
