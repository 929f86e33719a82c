"""The exact equation and its truncations in hbar, stepped side by side on one grid with one time step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from wignercq.comparison.theories import EXACT, HBAR_ORDERS
from wignercq.errors import InputError, ResolutionError
from wignercq.grid.grid import Grid
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import ERROR_LEVEL, Watch, edge_mass, spectral_tail
from wignercq.planning.prepare import Prepared
from wignercq.propagation.generator import GeneratorSymbol
from wignercq.propagation.propagator import Propagator


@dataclass(frozen=True, eq=False)
class Look:
    """W at an output and what was measured of it.

    Parameters
    ----------
    W : array, shape ``grid.shape``
        The running W itself, not a copy.
    marginals : Marginals
    edge, tail : np.ndarray, shape (4,)
        Edge mass and spectral tail of each axis.
    """

    W: Any
    marginals: Marginals
    edge: np.ndarray
    tail: np.ndarray


@dataclass(eq=False)
class Lockstep:
    """Several equations from one initial W.

    Equations with the same symbol are stepped once. One that cannot be built, or that the grid loses on the way, is
    left out from there on, with the reason in :attr:`notes`.

    Parameters
    ----------
    prepared : Prepared
        The exact run before its first step; its W is advanced in place.
    dt : float
        Time step of all equations.
    warning_level : float
        Edge mass or spectral tail of the exact W worth a warning.
    threads : int
        For the observables.

    Attributes
    ----------
    notes : dict of str to str
        What is to be said of an equation: that it is the same as another, or why it has no result.
    """

    prepared: Prepared
    dt: float
    warning_level: float
    threads: int
    notes: dict[str, str] = field(init=False, default_factory=dict)
    _runs: dict[str, tuple[Propagator, Any, Watch]] = field(init=False, default_factory=dict)
    _same: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        ready = self.prepared.propagator
        symbols: dict[str, GeneratorSymbol] = {}
        for name, order in HBAR_ORDERS.items():
            try:
                symbol = GeneratorSymbol(ready.model, order)
                twin = next((known for known, other in symbols.items() if _are_equal(symbol, other)), None)
                if twin is not None:
                    self._same[name], self.notes[name] = twin, f"the same equation as {twin}"
                    continue
                propagator = Propagator(ready.model, ready.engine, ready.scheme, self.dt, order)
            except InputError as error:
                if name == EXACT:
                    raise
                self.notes[name] = str(error)
                continue
            W = ready.engine.allocate()
            W[...] = self.prepared.W
            # Only the exact run warns: the grid was chosen for it.
            level = self.warning_level if name == EXACT else ERROR_LEVEL
            self._runs[name], symbols[name] = (propagator, W, Watch(level)), symbol

    @property
    def grid(self) -> Grid:
        """The common grid."""
        return self.prepared.grid

    def advance(self, steps: int) -> None:
        """Take `steps` steps with every equation."""
        for propagator, W, _ in self._runs.values():
            propagator.advance(W, steps)

    def look(self, time: float) -> dict[str, Look]:
        """What every equation that is still followed has come to.

        Raises
        ------
        ResolutionError
            The grid lost the exact W.
        """
        looks = {}
        for name, (propagator, W, watch) in list(self._runs.items()):
            marginals = Marginals.of(W, self.grid, threads=self.threads)
            edge, tail = edge_mass(marginals), spectral_tail(propagator.engine.spectral_power(W))
            try:
                watch.check(time, marginals.norm, edge, tail)
            except ResolutionError as error:
                if name == EXACT:
                    raise
                self.notes[name] = f"lost by the grid: {error}"
                del self._runs[name]
                continue
            looks[name] = Look(W, marginals, edge, tail)
        return looks | {name: looks[twin] for name, twin in self._same.items() if twin in looks}


def _are_equal(a: GeneratorSymbol, b: GeneratorSymbol) -> bool:
    return bool(sp.expand(a.phase - b.phase) == 0 and sp.expand(a.damping - b.damping) == 0)
