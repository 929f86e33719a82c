"""Numbers that are read off W on one grid: integrals of Weyl symbols, overlaps with other functions of phase space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import sympy as sp

from wignercq.errors import ExpressionError, brief
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.evaluation import sampled
from wignercq.model.formulas import real_symbol
from wignercq.observables.marginals import Marginals

PAIRS = tuple(combinations(NAMES, 2))
SYMBOLS = tuple(real_symbol(name) for name in NAMES)
LARGEST = 1e100  # of all values of a formula on the grid

Planes = Mapping[tuple[str, str], np.ndarray]


class Gauge(ABC):
    """A number of W, the sum of what its marginals tell and what its slabs do, if they are needed."""

    sweeps = False  # whether slabs are needed

    @abstractmethod
    def of_marginals(self, marginals: Marginals) -> float:
        """What the marginals tell."""

    def of_slab(self, i: int, slab: np.ndarray) -> float:
        """What the slab of the i-th q adds, an array of shape (np, nx, ny)."""
        return 0.0


class SymbolGauge(Gauge):
    """``integral of a W`` for a Weyl symbol a, which may be any function of (q, p, x, y) that is finite on the grid.

    A term of two variables at most is summed over a marginal plane, any other over all of W.

    Parameters
    ----------
    formula : sympy.Expr
    grid : Grid
    where : str
        Where it came from, named in the ExpressionError if it is not finite on the grid.
    """

    def __init__(self, formula: sp.Expr, grid: Grid, *, where: str) -> None:
        self._grid = grid
        self._weights: dict[tuple[str, str], np.ndarray] = {}
        rest = []
        for term in sp.Add.make_args(formula):
            names = {symbol.name for symbol in term.free_symbols}
            pair = next((pair for pair in PAIRS if names <= set(pair)), None)
            if pair is None:
                rest.append(term)
            else:
                self._weights[pair] = self._weights.get(pair, 0.0) + self._on_plane(term, pair)
        self.sweeps = bool(rest)
        self._rest: Callable[..., np.ndarray] = sampled(SYMBOLS, sp.Add(*rest))
        slabs = (self._slab(i) for i in range(grid.q.points if rest else 0))
        if not all((np.abs(part) < LARGEST).all() for part in (*self._weights.values(), *slabs)):
            raise ExpressionError(where, "a formula that is finite on the grid", brief(str(formula)))

    def of_marginals(self, marginals: Marginals) -> float:
        return self.of_planes(marginals.planes)

    def of_planes(self, planes: Planes) -> float:
        """What the planes of W tell."""
        return sum(
            float((weight * planes[a, b]).sum()) * getattr(self._grid, a).spacing * getattr(self._grid, b).spacing
            for (a, b), weight in self._weights.items()
        )

    def of_slab(self, i: int, slab: np.ndarray) -> float:
        return float((self._slab(i) * slab).sum(dtype=float)) * self._grid.cell

    def _on_plane(self, term: sp.Expr, pair: tuple[str, str]) -> np.ndarray:
        first, second = (getattr(self._grid, name).values for name in pair)
        return sampled([real_symbol(name) for name in pair], term)(first[:, None], second)

    def _slab(self, i: int) -> np.ndarray:
        _, p, x, y = self._grid.mesh
        return self._rest(self._grid.q.values[i], p[0], x[0], y[0])


class PlaneOverlap(Gauge):
    """``factor * integral of f W`` for a function f of two variables: `values` of it on the points of the grid."""

    def __init__(self, values: np.ndarray, pair: tuple[str, str], grid: Grid, factor: float) -> None:
        self._weight, self._pair = values * (factor * _area(grid, pair)), pair

    def of_marginals(self, marginals: Marginals) -> float:
        return float(np.vdot(self._weight, marginals.planes[self._pair]))


class SlabOverlap(Gauge):
    """``factor * integral of f W`` for a function f whose slab of the i-th q ``write(i, out)`` writes."""

    sweeps = True

    def __init__(self, write: Callable[[int, np.ndarray], None], grid: Grid, factor: float) -> None:
        self._write, self._factor = write, factor * grid.cell
        self._slab = np.empty(grid.shape[1:])

    def of_marginals(self, marginals: Marginals) -> float:
        return 0.0

    def of_slab(self, i: int, slab: np.ndarray) -> float:
        with np.errstate(over="ignore"):  # of an exponent, far out, where f is 0
            self._write(i, self._slab)
        return float((self._slab * slab).sum()) * self._factor


class FunctionGauge(Gauge):
    """What a function of the marginals returns."""

    def __init__(self, function: Callable[[Marginals], float]) -> None:
        self._function = function

    def of_marginals(self, marginals: Marginals) -> float:
        return float(self._function(marginals))


def _area(grid: Grid, pair: tuple[str, str]) -> float:
    return float(np.prod([getattr(grid, name).spacing for name in pair]))
