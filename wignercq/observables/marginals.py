"""Expectation values, marginals, energies and non-classicality of W, gathered in one sweep over memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wignercq.errors import one_of
from wignercq.grid.grid import NAMES, Grid
from wignercq.grid.integration import integral, plane_integrals
from wignercq.observables.averages import average


class Lines(list[np.ndarray]):
    """Densities of q, p, x and y alone, in this order, and by these names: ``lines[2]`` is ``lines["x"]``."""

    def __getitem__(self, key: Any) -> Any:
        """One of them; InputError for a name of none."""
        if isinstance(key, str):
            one_of("lines", key, NAMES)
            return super().__getitem__(NAMES.index(key))
        return super().__getitem__(key)


@dataclass(frozen=True, eq=False)
class Marginals:
    """All six two-variable marginals of W and the integral of ``|W|``."""

    grid: Grid
    # ``planes["q", "p"]`` is the density over (q, p), x and y being integrated out; keys in (q, p, x, y) order
    planes: dict[tuple[str, str], np.ndarray]
    absolute: float  # integral of |W|

    @classmethod
    def of(cls, W: np.ndarray | Sequence[np.ndarray], grid: Grid, *, threads: int = 2) -> Marginals:
        """Integrate W, shape ``grid.shape``, over each pair of variables.

        See :func:`wignercq.grid.integration.plane_integrals`.
        """
        return cls(grid, *plane_integrals(W, grid, threads=threads))

    @cached_property
    def lines(self) -> Lines:
        """Densities of q, p, x and y alone, ``lines["x"]`` that of x."""
        qp, xy = self.planes["q", "p"], self.planes["x", "y"]
        q, p, x, y = self.grid
        return Lines([qp.sum(1) * p.spacing, qp.sum(0) * q.spacing, xy.sum(1) * y.spacing, xy.sum(0) * x.spacing])

    @property
    def norm(self) -> float:
        """Integral of W."""
        return float(self.planes["q", "p"].sum() * self.grid.q.spacing * self.grid.p.spacing)

    @property
    def negativity(self) -> float:
        """``(integral of |W| - integral of W)/2``, the volume of the negative part of W."""
        return (self.absolute - self.norm) / 2

    @cached_property
    def mean(self) -> np.ndarray:
        """<z> for z = (q, p, x, y), shape (4,)."""
        return (
            np.array([integral(axis.values * f, axis) for axis, f in zip(self.grid, self.lines, strict=True)])
            / self.norm
        )

    @cached_property
    def covariance(self) -> np.ndarray:
        """<(z_i - <z_i>)(z_j - <z_j>)>, Weyl-ordered, shape (4, 4)."""
        axes = list(self.grid)
        offsets = [axis.values - mean for axis, mean in zip(axes, self.mean, strict=True)]
        result = np.empty((4, 4))
        for i, (axis, line) in enumerate(zip(axes, self.lines, strict=True)):
            result[i, i] = average(offsets[i] ** 2, line, axis.spacing)
        for (a, b), plane in self.planes.items():
            i, j = NAMES.index(a), NAMES.index(b)
            cell = axes[i].spacing * axes[j].spacing
            result[i, j] = result[j, i] = offsets[i] @ plane @ offsets[j] * cell
        return result / self.norm

    def purity(self, hbar: float) -> float:
        """Tr rho_Q**2 = 2 pi hbar * integral of W_xy**2 of the reduced quantum state."""
        x, y = self.grid.x, self.grid.y
        return float(2 * np.pi * hbar * (self.planes["x", "y"] ** 2).sum() * x.spacing * y.spacing)
