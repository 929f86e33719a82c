"""wignercq: the classical-quantum master equation on a phase-space grid.

Initial states are in :mod:`wignercq.states`, the Gaussian theory in :mod:`wignercq.gaussian`.
"""

from importlib.metadata import version

from wignercq.errors import (
    InputError,
    Interrupted,
    ModelError,
    ResolutionError,
    ResolutionWarning,
    StateError,
    WignerCQError,
)
from wignercq.gaussian import LinearModel
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import Axis, Grid
from wignercq.model.model import Model
from wignercq.planning.grid_choice import choose_grid
from wignercq.propagation.propagator import Propagator
from wignercq.results.solution import Solution
from wignercq.run.evolve import evolve
from wignercq.states import State

__version__ = version("wignercq")

__all__ = [
    "Axis",
    "FixedAxis",
    "Grid",
    "InputError",
    "Interrupted",
    "LinearModel",
    "Model",
    "ModelError",
    "Propagator",
    "ResolutionError",
    "ResolutionWarning",
    "Solution",
    "State",
    "StateError",
    "WignerCQError",
    "choose_grid",
    "evolve",
]
