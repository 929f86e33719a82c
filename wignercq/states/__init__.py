"""Initial states: hybrid Gaussians, and products of a classical density with a quantum state."""

from wignercq.states.classical import ClassicalDensity, ClassicalGaussian, ClassicalState
from wignercq.states.equilibrium import GibbsState, gibbs
from wignercq.states.gridded import GriddedState, from_result, from_wigner
from wignercq.states.hybrid import GaussianState, ProductState, State, gaussian, product
from wignercq.states.number_basis import from_number_basis
from wignercq.states.oscillator import cat, coherent, fock, squeezed, thermal
from wignercq.states.quantum import GaussianQuantumState, QuantumState
from wignercq.states.sampled import SampledQuantumState, from_density_matrix, from_wavefunction
from wignercq.states.wells import Well, well

__all__ = [
    "ClassicalDensity",
    "ClassicalGaussian",
    "ClassicalState",
    "GaussianQuantumState",
    "GaussianState",
    "GibbsState",
    "GriddedState",
    "ProductState",
    "QuantumState",
    "SampledQuantumState",
    "State",
    "Well",
    "cat",
    "coherent",
    "fock",
    "from_density_matrix",
    "from_number_basis",
    "from_result",
    "from_wavefunction",
    "from_wigner",
    "gaussian",
    "gibbs",
    "product",
    "squeezed",
    "thermal",
    "well",
]
