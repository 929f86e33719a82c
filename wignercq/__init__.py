"""wignercq: the classical-quantum master equation on a phase-space grid."""

from importlib.metadata import version

from wignercq.errors import (
    Interrupted,
    ModelError,
    ResolutionError,
    ResolutionWarning,
    StateError,
    WignerCQError,
)
from wignercq.evolve import evolve
from wignercq.gaussian import LinearModel
from wignercq.grid import Axis, Grid
from wignercq.grid_choice import AxisChoice, choose_grid
from wignercq.model import Model
from wignercq.propagator import Propagator
from wignercq.solution import Solution
from wignercq.states import (
    ClassicalGaussian,
    State,
    cat,
    coherent,
    fock,
    from_density_matrix,
    from_wavefunction,
    gaussian,
    product,
    squeezed,
    thermal,
)

__version__ = version("wignercq")

__all__ = [
    "Axis",
    "AxisChoice",
    "ClassicalGaussian",
    "Grid",
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
    "cat",
    "choose_grid",
    "coherent",
    "evolve",
    "fock",
    "from_density_matrix",
    "from_wavefunction",
    "gaussian",
    "product",
    "squeezed",
    "thermal",
]
