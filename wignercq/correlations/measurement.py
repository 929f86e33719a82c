"""Averages of several formulas over one W: from its planes where a part depends on two variables, else slab by slab."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import sympy as sp

from wignercq.grid.grid import Grid
from wignercq.observables.gauges import Planes, SymbolGauge


class Measurement:
    """Integrals of ``a W`` for Weyl symbols a, which may be any functions of (q, p, x, y) that are finite on the grid.

    Parameters
    ----------
    formulas : iterable of sympy.Expr
    grid : Grid
    where : str
        The argument they came from, named in the ExpressionError for one that is not finite on the grid.
    """

    def __init__(self, formulas: Iterable[sp.Expr], grid: Grid, *, where: str) -> None:
        self._gauges = [SymbolGauge(formula, grid, where=where) for formula in formulas]

    def of(self, planes: Planes, slabs: Callable[[], Iterable[np.ndarray]]) -> np.ndarray:
        """The integrals, shape (formulas,), from the planes of W and, where they do not suffice, from its slabs."""
        totals = np.array([gauge.of_planes(planes) for gauge in self._gauges])
        sweeping = [number for number, gauge in enumerate(self._gauges) if gauge.sweeps]
        for i, slab in enumerate(slabs() if sweeping else ()):
            for number in sweeping:
                totals[number] += self._gauges[number].of_slab(i, slab)
        return totals
