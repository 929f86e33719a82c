"""Averages of several formulas over one W: from its planes where a part depends on two variables, else slab by slab."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

import numpy as np
import sympy as sp

from wignercq.errors import ExpressionError, brief
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.evaluation import sampled
from wignercq.model.formulas import real_symbol

PAIRS = tuple(combinations(NAMES, 2))
SYMBOLS = tuple(real_symbol(name) for name in NAMES)
LARGEST = 1e100  # of all values of a formula on the grid

Planes = Mapping[tuple[str, str], np.ndarray]


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
        self._grid = grid
        self._weights: list[dict[tuple[str, str], np.ndarray]] = []
        self._rest: dict[int, Callable[..., np.ndarray]] = {}
        for number, formula in enumerate(formulas):
            weights: dict[tuple[str, str], np.ndarray] = {}
            rest = []
            for term in sp.Add.make_args(formula):
                names = {symbol.name for symbol in term.free_symbols}
                pair = next((pair for pair in PAIRS if names <= set(pair)), None)
                if pair is None:
                    rest.append(term)
                else:
                    weights[pair] = weights.get(pair, 0.0) + self._on_plane(term, pair)
            self._weights.append(weights)
            if rest:
                self._rest[number] = sampled(SYMBOLS, sp.Add(*rest))
            parts = [*weights.values(), *(self._slab(number, q) for q in grid.q.values if rest)]
            if not all((np.abs(part) < LARGEST).all() for part in parts):
                raise ExpressionError(where, "a formula that is finite on the grid", brief(str(formula)))

    def of(self, planes: Planes, slabs: Callable[[], Iterable[np.ndarray]]) -> np.ndarray:
        """The integrals, shape (formulas,), from the planes of W and, where they do not suffice, from its slabs."""
        cells = {axis: getattr(self._grid, axis).spacing for axis in NAMES}
        totals = np.zeros(len(self._weights))
        for number, weights in enumerate(self._weights):
            for (a, b), weight in weights.items():
                totals[number] += float((weight * planes[a, b]).sum()) * cells[a] * cells[b]
        if self._rest:
            for q, slab in zip(self._grid.q.values, slabs(), strict=True):
                for number in self._rest:
                    totals[number] += float((self._slab(number, q) * slab).sum(dtype=float)) * self._grid.cell
        return totals

    def _on_plane(self, term: sp.Expr, pair: tuple[str, str]) -> np.ndarray:
        first, second = (getattr(self._grid, name).values for name in pair)
        return sampled([real_symbol(name) for name in pair], term)(first[:, None], second)

    def _slab(self, number: int, q: float) -> np.ndarray:
        _, p, x, y = self._grid.mesh
        return self._rest[number](q, p[0], x[0], y[0])
