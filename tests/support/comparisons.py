"""Runs that tests of the breakdown share: an anharmonic model, every number different, stepped without pilot runs."""

from __future__ import annotations

import numpy as np

from support import systems
from wignercq import Axis, Grid, Model, Propagator
from wignercq.comparison.lockstep import Lockstep
from wignercq.planning.prepare import Prepared
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import CHIN_4A

MEAN = np.array([0.6, 0.2, -0.7, 0.3])
COVARIANCE = np.diag([0.5, 0.45, 0.4, 0.42])  # admissible for hbar up to 0.8: 0.4 * 0.42 > 0.16
GRID = Grid(Axis(-4.6, 4.8, 26), Axis(-4.9, 4.7, 24), Axis(-4.4, 4.2, 36), Axis(-4.7, 4.9, 40))


def quartic(g: float, hbar: float, diffusion: float = 0.5) -> Model:
    """Quartic V_Q of strength g, bilinear coupling, saturated decoherence."""
    return systems.quartic(g, hbar=hbar, diffusion=diffusion, decoherence=None)


def lockstep(model: Model, W: np.ndarray, grid: Grid, dt: float) -> Lockstep:
    """The equations of a model from an array W."""
    engine = TiledEngine(grid)
    start = systems.field(engine, W / (W.sum() * grid.cell))
    prepared = Prepared(Propagator(model, engine, CHIN_4A, dt, None), start, TimeStep(dt, 0.0))
    return Lockstep(prepared, dt, warning_level=1e-2, threads=2)


def from_gaussian(model: Model, *, grid: Grid = GRID, dt: float = 0.1) -> Lockstep:
    """The same from the Gaussian above, whatever hbar."""
    return lockstep(model, systems.gaussian_density(grid, MEAN, COVARIANCE), grid, dt)
