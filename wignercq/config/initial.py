"""The table ``[initial]``: each kind of initial state with its own keys."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import sympy as sp
from pydantic import Field

from wignercq.config.initial_file import digest, numbers_in, result_in
from wignercq.config.validation import Covariance2, Covariance4, Four, Table, Two
from wignercq.errors import StateError
from wignercq.model.evaluation import sampled
from wignercq.model.formulas import as_rational, parse, representable, substitute
from wignercq.model.model import Model, X
from wignercq.states import (
    ClassicalGaussian,
    QuantumState,
    State,
    cat,
    coherent,
    fock,
    from_number_basis,
    from_result,
    from_wavefunction,
    gaussian,
    product,
    squeezed,
    thermal,
)
from wignercq.states.oscillator import MAX_FOCK

FARTHEST = 2.0**20  # from 0, where a wave function is looked for
PLACES = 2**12  # at which it is looked for in each octave on either side, and again in the range that these leave
ENOUGH = 64  # places at which it is seen: its range is known
VANISHING = 1e-14  # of the maximum: where a wave function counts as zero


class Initial(Table):
    """What every kind of initial state can do."""

    kind: str

    @property
    def path(self) -> Path | None:
        """The file that it reads, if any."""
        return None

    @property
    def identity(self) -> dict[str, Any]:
        """All that tells it from others: its keys, and the content of its file in place of the name."""
        return self.model_dump() | ({} if self.path is None else {"file": digest(self.path)})

    @abstractmethod
    def state(self, model: Model) -> State:
        """The initial state of a model; StateError if it is none."""


class _Gaussian(Initial):
    kind: Literal["gaussian"]
    mean: Four
    covariance: Covariance4

    def state(self, model: Model) -> State:
        return gaussian(self.mean, np.array(self.covariance), hbar=model.hbar)


class _Oscillator(Initial):
    """A classical Gaussian beside a state of the quantum oscillator at the centre `mean`."""

    mean: Four
    classical_covariance: Covariance2
    frequency: float | None = Field(default=None, gt=0)

    def state(self, model: Model) -> State:
        classical, (x, y) = _classical(self.mean[:2], self.classical_covariance), self.mean[2:]
        oscillator = {"mass": model.quantum_mass, "frequency": self.omega(model), "hbar": model.hbar}
        return product(classical, self.quantum({"position": x, "momentum": y, **oscillator}))

    @abstractmethod
    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        """The state of the quantum particle: `oscillator` has its centre, mass, frequency and hbar."""

    def omega(self, model: Model) -> float:
        """The given frequency, or that of small oscillations in V_Q about the centre, ``sqrt(V_Q''(x0)/m)``."""
        if self.frequency is not None:
            return self.frequency
        stiffness = sp.diff(model.at(0.0).V_Q, X, 2).subs(X, as_rational(self.mean[2]))
        if not (stiffness.is_real and stiffness > 0):
            raise StateError("frequency", f"a number > 0 (V_Q''(x0) = {stiffness.evalf(6)} gives none)", "nothing")
        return math.sqrt(float(stiffness) / model.quantum_mass)


class _Coherent(_Oscillator):
    kind: Literal["coherent"]

    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        return coherent(**oscillator)


class _Squeezed(_Oscillator):
    kind: Literal["squeezed"]
    squeezing: float
    angle: float = 0.0

    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        return squeezed(squeezing=self.squeezing, angle=self.angle, **oscillator)


class _Thermal(_Oscillator):
    kind: Literal["thermal"]
    temperature: float = Field(ge=0)

    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        return thermal(self.temperature, **oscillator)


class _Fock(_Oscillator):
    kind: Literal["fock"]
    n: int = Field(ge=0, le=MAX_FOCK)

    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        return fock(self.n, **oscillator)


class _Cat(_Oscillator):
    kind: Literal["cat"]
    displacement: Two
    phase: float = 0.0

    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        return cat(self.displacement, phase=self.phase, **oscillator)


class _NumberBasis(_Oscillator):
    """A ket or a density matrix of an oscillator in a .npy file."""

    kind: Literal["number_basis"]
    file: str

    @property
    def path(self) -> Path:
        return Path(self.file)

    def quantum(self, oscillator: dict[str, float]) -> QuantumState:
        try:
            return from_number_basis(numbers_in(self.path), **oscillator)
        except StateError as error:
            raise error.renamed({"rho": "file"}) from None


class _Result(Initial):
    """W at the end of a run, or at one of the times at which the run kept it."""

    kind: Literal["result"]
    file: str
    time: float | None = None

    @property
    def path(self) -> Path:
        return Path(self.file)

    def state(self, model: Model) -> State:
        try:
            state = from_result(result_in(self.path), self.time)
            state.require_model(model)
        except StateError as error:
            raise error.renamed({"result": "file", "W": "file", "state": "file"}) from None
        return state


class _Wavefunction(Initial):
    """A classical Gaussian beside the pure state psi(x), a formula in x, hbar and the model's parameters."""

    kind: Literal["wavefunction"]
    psi: str
    classical_mean: Two
    classical_covariance: Covariance2

    def state(self, model: Model) -> State:
        values = {"hbar": model.hbar, **model.parameters}
        formula = parse(self.psi, {"x", *values}, where="psi", imaginary=True)
        known = {"x": X, **{name: as_rational(value) for name, value in values.items()}}
        put_in = substitute(formula, known, where="psi", imaginary=True)
        psi = representable(put_in, where="psi", imaginary=True)
        wave = sampled((X,), psi, complex)
        quantum = from_wavefunction(_range(wave), wave, hbar=model.hbar)  # which refuses what is not finite
        return product(_classical(self.classical_mean, self.classical_covariance), quantum)


def _classical(mean: tuple[float, ...], covariance: tuple[tuple[float, ...], ...]) -> ClassicalGaussian:
    try:
        return ClassicalGaussian(np.array(mean), np.array(covariance))
    except StateError as error:
        raise error.renamed({"mean": "classical_mean", "covariance": "classical_covariance"}) from None


def _range(psi: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The range outside which a wave function vanishes, found by looking at it on every scale.

    What is seen at few places is looked at more closely: in the first look, a narrow packet far out is one point.
    A packet narrower than about 1e-5 of its distance from 0 may be missed.
    """
    far = np.geomspace(1 / FARTHEST, FARTHEST, 40 * PLACES + 1)
    places, largest = np.concatenate([-far[::-1], np.linspace(-far[0], far[0], PLACES + 1)[1:-1], far]), 0.0
    while True:
        size = np.nan_to_num(np.abs(psi(places)), nan=0.0, posinf=np.inf)  # 0 * inf far out is no value
        largest = max(largest, size.max())
        if not 0 < largest < np.inf:
            raise StateError("psi", "a wave function that is finite and not zero", "one that is not")
        reached = np.flatnonzero(size > VANISHING * largest)
        first, last = max(reached[0] - 1, 0), min(reached[-1] + 1, len(places) - 1)
        low, high = places[first], places[last]
        if max(abs(low), abs(high)) >= FARTHEST:
            raise StateError("psi", "a wave function that vanishes at both ends", "one that does not")
        if len(reached) >= ENOUGH or 2 * (high - low) > places[-1] - places[0]:
            margin = 0.1 * (high - low)
            return np.array([low - margin, high + margin])
        places = np.union1d(np.linspace(low, high, PLACES + 1), places[reached])


KINDS: Mapping[str, type[Initial]] = MappingProxyType(
    {
        "gaussian": _Gaussian,
        "coherent": _Coherent,
        "squeezed": _Squeezed,
        "thermal": _Thermal,
        "fock": _Fock,
        "cat": _Cat,
        "number_basis": _NumberBasis,
        "wavefunction": _Wavefunction,
        "result": _Result,
    }
)
