"""How far a hybrid Wigner function is from another one, and from a Gaussian."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from wignercq.grid.grid import NAMES, Grid
from wignercq.observables.averages import average
from wignercq.observables.marginals import Marginals

#: Marginals that are probability densities: of one variable, and of two whose operators commute.
DENSITIES = ("q", "p", "x", "y", "qp", "qx", "qy", "px", "py")


def l1_distance(W: Iterable[np.ndarray], other: Iterable[np.ndarray], grid: Grid) -> float:
    """``integral of |W - W'|`` of two fields given by their slabs of constant q: 0 to 2 for densities."""
    return float(sum(np.abs(a - b).sum() for a, b in zip(W, other, strict=True)) * grid.cell)


def l1_distance_to_gaussian(W: Iterable[np.ndarray], grid: Grid, mean: np.ndarray, covariance: np.ndarray) -> float:
    """``integral of |W - G|`` of the slabs of W, with G the Gaussian of this mean (4,) and covariance (4, 4).

    What G has outside the grid counts as well.
    """
    precision = np.linalg.inv(covariance)
    height = math.sqrt(np.linalg.det(precision)) / (2 * math.pi) ** 2
    dq, dp, dx, dy = (axis - centre for axis, centre in zip(grid.mesh, mean, strict=True))
    rest = (dp[0], dx[0], dy[0])
    slope = sum(precision[0, i] * offset for i, offset in enumerate(rest, start=1))
    inner = sum(precision[i, j] * a * b / 2 for i, a in enumerate(rest, start=1) for j, b in enumerate(rest, start=1))
    distance, mass = 0.0, 0.0
    for slab, offset in zip(W, dq.ravel(), strict=True):
        gaussian = height * np.exp(-(offset * (precision[0, 0] * offset / 2 + slope) + inner))
        distance += float(np.abs(slab - gaussian).sum())
        mass += float(gaussian.sum())
    return distance * grid.cell + max(0.0, 1 - mass * grid.cell)


def gaussian_plane(grid: Grid, pair: tuple[str, str], mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The density of two of (q, p, x, y) of a Gaussian with this mean (4,) and covariance (4, 4), on the grid."""
    i, j = (NAMES.index(name) for name in pair)
    precision = np.linalg.inv(covariance[np.ix_((i, j), (i, j))])
    a, b = np.ix_(*(getattr(grid, NAMES[k]).values - mean[k] for k in (i, j)))
    exponent = precision[0, 0] * a**2 + 2 * precision[0, 1] * a * b + precision[1, 1] * b**2
    return np.exp(-exponent / 2) * (math.sqrt(np.linalg.det(precision)) / (2 * math.pi))


def relative_entropies(marginals: Marginals) -> np.ndarray:
    """Relative entropy of each of :data:`DENSITIES` to the Gaussian with the same moments; in nats, shape (9,).

    ``integral of f ln(f/g) = ln sqrt((2 pi e)**n det S) + integral of f ln f`` for n variables of covariance S. Points
    where f is not positive, by rounding and time error, are left out.
    """
    result = []
    for name in DENSITIES:
        indices = [NAMES.index(letter) for letter in name]
        axes = [getattr(marginals.grid, letter) for letter in name]
        density = marginals.lines[indices[0]] if len(name) == 1 else marginals.planes[name[0], name[1]]
        positive = density[density > 0] / marginals.norm
        information = float((positive * np.log(positive)).sum()) * math.prod(axis.spacing for axis in axes)
        determinant = np.linalg.det(marginals.covariance[np.ix_(indices, indices)])
        result.append(math.log((2 * math.pi * math.e) ** len(name) * determinant) / 2 + information)
    return np.array(result)


def cumulants(marginals: Marginals) -> tuple[np.ndarray, np.ndarray]:
    """Third and fourth cumulant of each variable, each of shape (4,); zero for a Gaussian.

    ``k3 = <dz**3>``, ``k4 = <dz**4> - 3 <dz**2>**2``. Excess kurtosis is ``k4/<dz**2>**2``.
    """
    third, fourth = [], []
    for axis, line, mean in zip(marginals.grid, marginals.lines, marginals.mean, strict=True):
        offset = axis.values - mean
        second, cubed, fourfold = (average(offset**n, line, 1.0) / float(line.sum()) for n in (2, 3, 4))
        third.append(cubed)
        fourth.append(fourfold - 3 * second**2)
    return np.array(third), np.array(fourth)
