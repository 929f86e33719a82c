"""Runs that tests of the breakdown share: an anharmonic model, every number different, stepped without pilot runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from support import systems
from wignercq import Axis, Grid, Model, Propagator
from wignercq.comparison.theories import EQUATIONS, THEORIES
from wignercq.errors import ResolutionError
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import ERROR_LEVEL, Look, Watch
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import CHIN_4A

MEAN = np.array([0.6, 0.2, -0.7, 0.3])
COVARIANCE = np.diag([0.5, 0.45, 0.4, 0.42])  # admissible for hbar up to 0.8: 0.4 * 0.42 > 0.16
GRID = Grid(Axis(-4.6, 4.8, 26), Axis(-4.9, 4.7, 24), Axis(-4.4, 4.2, 36), Axis(-4.7, 4.9, 40))


def quartic(g: float, hbar: float, diffusion: float = 0.5) -> Model:
    """Quartic V_Q of strength g, bilinear coupling, saturated decoherence."""
    return systems.quartic(g, hbar=hbar, diffusion=diffusion, decoherence=None)


@dataclass(frozen=True)
class Seen:
    """W of one equation, and its marginals."""

    W: np.ndarray
    marginals: Marginals


class SideBySide:
    """The equations of a model from an array W on one grid; one that the grid loses is left behind."""

    def __init__(self, model: Model, W: np.ndarray, grid: Grid, dt: float) -> None:
        engine = TiledEngine(grid)
        self.names = [name for name in THEORIES if name in EQUATIONS]
        self.fields = {name: engine.of(W / (W.sum() * grid.cell)) for name in self.names}
        self.runs = {name: Propagator(model, engine, CHIN_4A, dt, EQUATIONS[name].hbar_order) for name in self.names}

    def advance(self, steps: int) -> None:
        for name, W in self.fields.items():
            self.fields[name], _ = self.runs[name].advance(W, steps)

    def look(self, time: float) -> dict[str, Seen]:
        seen = {}
        for name, W in list(self.fields.items()):
            engine = self.runs[name].engine
            look = Look.of(Marginals(engine.grid, *engine.marginals(W)), engine.spectral_power(W))
            try:
                Watch(ERROR_LEVEL).check(time, look.marginals.norm, look.edge, look.tail)
                seen[name] = Seen(engine.array(W), look.marginals)
            except ResolutionError:
                del self.fields[name]
        return seen


def from_gaussian(model: Model, *, grid: Grid = GRID, dt: float = 0.1) -> SideBySide:
    """The equations from the Gaussian above, whatever hbar."""
    return SideBySide(model, systems.gaussian_density(grid, MEAN, COVARIANCE), grid, dt)
