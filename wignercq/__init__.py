"""wignercq: the classical-quantum master equation on a phase-space grid.

Initial states are in :mod:`wignercq.states`, the Gaussian theory in :mod:`wignercq.gaussian`.
"""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.comparison.compare import compare as compare
    from wignercq.correlations.correlation import correlation as correlation
    from wignercq.errors import CheckpointError as CheckpointError
    from wignercq.errors import ConvergenceError as ConvergenceError
    from wignercq.errors import ExpressionError as ExpressionError
    from wignercq.errors import GridError as GridError
    from wignercq.errors import InputError as InputError
    from wignercq.errors import Interrupted as Interrupted
    from wignercq.errors import MemoryLimitError as MemoryLimitError
    from wignercq.errors import ModelError as ModelError
    from wignercq.errors import ResolutionError as ResolutionError
    from wignercq.errors import ResolutionWarning as ResolutionWarning
    from wignercq.errors import StateError as StateError
    from wignercq.errors import WignerCQError as WignerCQError
    from wignercq.gaussian import LinearModel as LinearModel
    from wignercq.grid.fixed_axis import FixedAxis as FixedAxis
    from wignercq.grid.grid import Axis as Axis
    from wignercq.grid.grid import Grid as Grid
    from wignercq.model.bath import Noise as Noise
    from wignercq.model.bath import QuantumBath as QuantumBath
    from wignercq.model.model import Model as Model
    from wignercq.planning.grid_choice import choose_grid as choose_grid
    from wignercq.propagation.propagator import Propagator as Propagator
    from wignercq.results.provenance import __version__ as __version__
    from wignercq.results.quantum_state import quantum_state as quantum_state
    from wignercq.results.solution import Solution as Solution
    from wignercq.run.evolve import evolve as evolve
    from wignercq.run.gradient import gradient as gradient
    from wignercq.states import State as State
    from wignercq.states.classical import classical as classical
    from wignercq.steady.relaxation import relaxation as relaxation
    from wignercq.steady.result import SteadyState as SteadyState
    from wignercq.steady.steady_state import steady_state as steady_state
    from wignercq.sweep.loading import load as load
    from wignercq.units.units import Units as Units
    from wignercq.unravelling.trajectories import trajectories as trajectories

export(
    __name__,
    {
        "comparison.compare": "compare",
        "correlations.correlation": "correlation",
        "errors": "CheckpointError ConvergenceError ExpressionError GridError InputError Interrupted MemoryLimitError "
        "ModelError ResolutionError ResolutionWarning StateError WignerCQError",
        "gaussian": "LinearModel",
        "grid.fixed_axis": "FixedAxis",
        "grid.grid": "Axis Grid",
        "model.bath": "Noise QuantumBath",
        "model.model": "Model",
        "planning.grid_choice": "choose_grid",
        "propagation.propagator": "Propagator",
        "results.provenance": "__version__",
        "results.quantum_state": "quantum_state",
        "results.solution": "Solution",
        "run.evolve": "evolve",
        "run.gradient": "gradient",
        "states": "State",
        "states.classical": "classical",
        "steady.relaxation": "relaxation",
        "steady.result": "SteadyState",
        "steady.steady_state": "steady_state",
        "sweep.loading": "load",
        "units.units": "Units",
        "unravelling.trajectories": "trajectories",
    },
)
