"""Random and fixed parameters shared by the tests of the Gaussian theory."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from support import systems
from wignercq.gaussian import CoupledOscillators
from wignercq.model.model import Model

two_hundred = settings(max_examples=200, deadline=None, derandomize=True)
fifty = settings(two_hundred, max_examples=50)

springs = st.floats(0.3, 3.0)
masses = st.floats(0.4, 2.5)
couplings = st.floats(0.2, 2.0) | st.floats(-0.14, -0.05)  # a negative one small enough to stay confining
frictions = st.floats(0.2, 3.0)
noises = st.floats(0.1, 3.0)

BOTH: dict = {
    "k_C": springs,
    "k_Q": springs,
    "lam": couplings,
    "classical_mass": masses,
    "quantum_mass": masses,
    "friction": frictions,
}
OSCILLATORS = st.builds(CoupledOscillators, **BOTH, classical_diffusion=noises, quantum_diffusion=noises)


def _hybrid(excess: float, **values: float) -> Model:
    return Model.oscillators(**values, decoherence=excess / (4 * values["diffusion"]))


HYBRIDS = st.builds(_hybrid, **BOTH, excess=st.floats(1.0, 4.0), hbar=st.floats(0.3, 2.0), diffusion=noises)

UNEQUAL = {"k_C": 1.3, "k_Q": 0.8, "classical_mass": 1.4, "quantum_mass": 0.7, "friction": 0.4}
IDENTICAL = {"k_C": 1.3, "k_Q": 1.3, "classical_mass": 0.7, "quantum_mass": 0.7, "friction": 0.4}
OVERDAMPED = {**UNEQUAL, "friction": 4.0}
NUMBERS: dict = {"classical_mass": 1.3, "quantum_mass": 0.6, "hbar": 0.7, "friction": 0.45, "diffusion": 0.8}
ANHARMONIC = Model(
    "k*q**2/2 + q**4/4 - 0.3*q",
    "x**2/2 + 0.2*x**4",
    "lam*(q - x)**2/2 + 0.1*q*x**2",
    parameters={"k": -1.0, "lam": 0.5},
    **{**NUMBERS, "friction": 0.3, "diffusion": 0.5},
)


def hybrid(**changes: float) -> Model:
    """The unequal oscillators as a hybrid model."""
    return systems.oscillators(**{**UNEQUAL, "lam": 0.6, "hbar": 0.6, **changes})


def coupled(**changes: float) -> CoupledOscillators:
    """The unequal oscillators in the classical-classical case."""
    return CoupledOscillators(
        **{**UNEQUAL, "lam": 0.6, "classical_diffusion": 0.5, "quantum_diffusion": 0.3, **changes}
    )
