"""What a user asks to be recorded of every trajectory: its value there is the mean in the conditional quantum state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from wignercq.errors import ExpressionError, InputError, brief
from wignercq.grid.grid import Axis
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.observables.gauges import SYMBOLS
from wignercq.observables.heat import MEANS
from wignercq.run.observables import Asked, Observables, Wanted
from wignercq.states import ClassicalGaussian, ProductState, QuantumState, State
from wignercq.unravelling.format import OWN, is_own
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.preparation import eigenstates
from wignercq.unravelling.pure import Trajectories

P, Y = SYMBOLS[1], SYMBOLS[3]
HIGHEST = 12  # power of y
#: What has a value in a single trajectory, so that it can be averaged over them.
ALLOWED = "a formula, a quantum state, a Gaussian density, a product of both, or a mean of thermodynamics by name"


@dataclass(frozen=True, eq=False)
class PathObservable(ABC):
    """A number of each trajectory; it travels to other processes."""

    name: str
    attributes: Mapping[str, str]  # of its variable
    identity: str  # tells it from others, in a file

    @abstractmethod
    def values(self, now: Trajectories | Mixtures, axis: Axis, momenta: np.ndarray) -> np.ndarray:
        """Of each trajectory, shape (n,); `momenta` are those of the Fourier transform on the axis of x."""


@dataclass(frozen=True, eq=False)
class Average(PathObservable):
    """The mean of the operator whose Weyl symbol is ``sum_n f_n(q, p, x) y**n + g(q, p, y)``.

    ``int y**n W(x, y) dy`` is known at every x, and so is the density of y.
    """

    of_x: Mapping[int, sp.Expr]  # f_n by n
    of_y: sp.Expr  # g

    def values(self, now: Trajectories | Mixtures, axis: Axis, momenta: np.ndarray) -> np.ndarray:
        q, p = now.q[:, None], now.p[:, None]
        found = np.zeros(now.count)
        for power, formula in self.of_x.items():
            weights = sampled((Q, P, X), formula)(q, p, axis.values)
            found += (weights * now.y_moment(power, momenta)).sum(axis=1) * axis.spacing
        if self.of_y != 0:
            weights = sampled((Q, P, Y), self.of_y)(q, p, momenta)
            found += (weights * now.power()).sum(axis=1) * (axis.spacing / axis.points)
        return found


@dataclass(frozen=True, eq=False)
class Overlap(PathObservable):
    """``f(q, p) Tr(rho rho')``, of a density f and a quantum state rho', of either or of both."""

    density: ClassicalGaussian | None
    quantum: QuantumState | None
    factor: float

    def values(self, now: Trajectories | Mixtures, axis: Axis, momenta: np.ndarray) -> np.ndarray:
        found = np.full(now.count, self.factor)
        if self.density is not None:
            covariance = self.density.covariance
            apart = np.stack([now.q, now.p]) - self.density.mean[:, None]
            found *= np.exp(-0.5 * (apart * np.linalg.solve(covariance, apart)).sum(axis=0))
            found /= 2 * np.pi * np.sqrt(np.linalg.det(covariance))
        if self.quantum is not None:
            populations, waves = _eigenstates(self.quantum, axis)
            found *= now.overlaps(waves, axis.spacing) @ populations
        return found


@dataclass(frozen=True, eq=False)
class RecordPurity(PathObservable):
    """``Tr rho_c**2`` of the quantum state given the record."""

    def values(self, now: Trajectories | Mixtures, axis: Axis, momenta: np.ndarray) -> np.ndarray:
        return now.purities(axis.spacing)


RECORD_PURITY = RecordPurity(
    "record_purity",
    {"long_name": OWN["record_purity"][0], "description": "mean of Tr rho**2 of the quantum state given the record"},
    "record_purity",
)


@lru_cache(maxsize=8)
def _eigenstates(quantum: QuantumState, axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    return eigenstates(quantum, axis, whole=False)


def read(given: Observables | None, model: Model) -> tuple[PathObservable, ...]:
    """From what a user gave, as for :func:`wignercq.evolve`.

    InputError for what has no value in a single trajectory, or a name that the result uses itself.
    """
    found = []
    for asked in Wanted.read(given, model).asked:
        if is_own(asked.name):
            raise InputError(f"observables.{asked.name}", "a name that the result does not use itself", asked.name)
        found.append(_path_observable(asked, model))
    return tuple(found)


def _path_observable(asked: Asked, model: Model) -> PathObservable:
    told = (asked.name, asked.attributes, asked.identity)
    where, subject = f"observables.{asked.name}", asked.subject
    if isinstance(subject, State) and subject.factors is not None:
        subject = ProductState(*subject.factors)
    if asked.quantity in MEANS:
        subject = MEANS[asked.quantity](model)
    match subject:
        case sp.Basic():
            return Average(*told, *_terms(subject, where))
        case QuantumState():
            return Overlap(*told, None, subject, 1.0)
        case ClassicalGaussian():
            return Overlap(*told, subject, None, 1.0)
        case ProductState(classical=ClassicalGaussian() as density, quantum=quantum):
            return Overlap(*told, density, quantum, 1.0)
        case _:
            raise InputError(where, ALLOWED, f"{asked.meaning}, which is none of a single trajectory")


def _terms(formula: sp.Expr, where: str) -> tuple[dict[int, sp.Expr], sp.Expr]:
    """f_n by n, and g. ExpressionError for a term of x that is no polynomial of y."""
    of_x: dict[int, sp.Expr] = {}
    of_y: sp.Expr = sp.Integer(0)
    for term in sp.Add.make_args(formula):
        if term.is_polynomial(Y):
            parts = {power: part for (power,), part in sp.Poly(term, Y).terms()}
        elif X in term.free_symbols:
            raise ExpressionError(where, "polynomials of y wherever x is in the same term", brief(str(term)))
        else:
            parts, of_y = {}, of_y + term
        if max(parts, default=0) > HIGHEST:
            raise ExpressionError(where, f"powers of y up to {HIGHEST}", brief(str(term)))
        for power, part in parts.items():
            of_x[power] = of_x.get(power, sp.Integer(0)) + part
    return of_x, of_y
