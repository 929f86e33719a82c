"""Initial states: hybrid Gaussians, and products of a classical density with a quantum state."""

from wignercq.states.classical import ClassicalDensity, ClassicalGaussian, ClassicalState
from wignercq.states.equilibrium import GibbsState, gibbs
from wignercq.states.hybrid import GaussianState, ProductState, State, gaussian, product
from wignercq.states.oscillator import cat, coherent, fock, squeezed, thermal
from wignercq.states.quantum import GaussianQuantumState, QuantumState
from wignercq.states.sampled import SampledQuantumState, from_density_matrix, from_wavefunction

__all__ = [
    "ClassicalDensity",
    "ClassicalGaussian",
    "ClassicalState",
    "GaussianQuantumState",
    "GaussianState",
    "GibbsState",
    "ProductState",
    "QuantumState",
    "SampledQuantumState",
    "State",
    "cat",
    "coherent",
    "fock",
    "from_density_matrix",
    "from_wavefunction",
    "gaussian",
    "gibbs",
    "product",
    "squeezed",
    "thermal",
]
