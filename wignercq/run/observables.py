"""What a user asks to be recorded at every output beside what every run records."""

from __future__ import annotations

import hashlib
import keyword
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import sympy as sp
import xarray as xr

from wignercq.errors import (
    ExpressionError,
    GridError,
    InputError,
    ModelError,
    ObservableWarning,
    StateError,
    brief,
    warn,
)
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.formulas import as_rational, parse, real_symbol, representable, substitute
from wignercq.model.model import Formula, Model
from wignercq.observables.gauges import FunctionGauge, Gauge, PlaneOverlap, SlabOverlap, SymbolGauge
from wignercq.observables.marginals import Marginals
from wignercq.observables.physics import MEANINGS, OF_MARGINALS, Physics
from wignercq.results.variables import MODEL_UNITS, PURE, is_taken
from wignercq.run.given import on_other_axes
from wignercq.states import ClassicalState, QuantumState, State, gibbs
from wignercq.states.arguments import came_as

ALL, CLASSICAL, QUANTUM = NAMES, ("q", "p"), ("x", "y")
MOST, LONGEST = 100, 60  # observables, and characters of a name
LARGEST = 1e99  # of all values that are recorded
#: Which numbers of thermodynamics have units: temperatures, heat, work and rates.
MEASURED = [name for name in MEANINGS if name.startswith(("temperature", "heat", "work", "power", "entropy_"))]
MEASURED.remove("entropy_production_left_out")

#: A formula or the name of a number of :data:`wignercq.observables.physics.MEANINGS`; a state or a function of phase
#: space; a function of :class:`wignercq.observables.marginals.Marginals`.
Observable: TypeAlias = (
    Formula | State | QuantumState | ClassicalState | np.ndarray | xr.DataArray | Callable[..., float]
)
Observables: TypeAlias = Mapping[str, Observable] | Sequence[str]


class Field(Protocol):
    """W at one moment."""

    def slabs(self) -> Iterable[np.ndarray]:
        """One q after the other, arrays of shape (np, nx, ny)."""

    def array(self) -> np.ndarray:
        """All of it."""

    def for_result(self, *, copied: bool = True) -> np.ndarray:
        """All of it where the result is written."""


class Whole(NamedTuple):
    """W that is an array anyway."""

    W: np.ndarray

    def slabs(self) -> Iterable[np.ndarray]:
        """One q after the other."""
        return iter(self.W)

    def array(self) -> np.ndarray:
        """All of it."""
        return self.W

    def for_result(self, *, copied: bool = True) -> np.ndarray:
        """All of it."""
        return np.array(self.W) if copied else self.W


@dataclass(frozen=True, eq=False)
class Asked:
    """One observable that was asked for."""

    name: str
    meaning: str  # in words or as a formula
    identity: str  # tells it from others, in a checkpoint
    make: Callable[[Grid], Gauge] | None = None  # None: that number of MEANINGS
    formula: str = ""
    quantity: str = ""  # name among MEANINGS
    subject: sp.Expr | State | QuantumState | ClassicalState | None = None  # the symbol or the state itself
    units: str = MODEL_UNITS  # empty where it is a pure number, or they are not known

    @property
    def attributes(self) -> dict[str, str]:
        """Of its variable in a result: the user's name, with the formula, is what axes of plots show."""
        label = f"{self.name}, {self.formula}" if self.formula else self.name.replace("_", " ")
        formula = {"formula": self.formula} if self.formula else {}
        return {"long_name": label, **formula, "units": self.units, "description": self.meaning}


@dataclass(frozen=True, eq=False)
class Wanted:
    """All that was asked for, by name."""

    model: Model
    asked: tuple[Asked, ...] = ()

    @classmethod
    def read(cls, given: Observables | None, model: Model, grid: Grid | None = None) -> Wanted:
        """From what a user gave; InputError where it cannot be used. A bare array of W lies on `grid`."""
        if given is None:
            return cls(model)
        if isinstance(given, str) or not isinstance(given, (Mapping, Sequence)):
            raise InputError("observables", "a mapping of names to formulas, states or functions", type(given).__name__)
        named = given if isinstance(given, Mapping) else {name: name for name in given}
        if len(named) > MOST:
            raise InputError("observables", f"at most {MOST}", str(len(named)))
        return cls(model, tuple(_asked(name, value, model, grid) for name, value in named.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(one.name for one in self.asked)

    @property
    def forms_W(self) -> bool:
        """Whether all of W is needed as one array."""
        return any(one.make is None and one.quantity not in OF_MARGINALS for one in self.asked)

    @property
    def identity(self) -> dict[str, str]:
        """What a resumed run has to agree in."""
        return {f"observables.{one.name}": one.identity for one in self.asked}

    @property
    def attributes(self) -> dict[str, dict[str, str]]:
        """Attributes of each variable."""
        return {one.name: one.attributes for one in self.asked}


@dataclass(eq=False)
class Observers:
    """What was asked for, on the grid of W."""

    wanted: Wanted
    grid: Grid
    begun: bool = False  # whether outputs were recorded already: from then on nothing stops a run
    _gauges: dict[str, Gauge] = field(init=False, default_factory=dict)
    _gibbs: Callable[[int, np.ndarray], None] | None = field(init=False, default=None)
    _warned: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.regrid(self.grid)

    def regrid(self, grid: Grid) -> None:
        """W is on another grid from now on; InputError at the beginning where a formula is not finite there."""
        self.grid, self._gauges, self._gibbs = grid, {}, None
        if any(one.quantity == "gibbs_distance" for one in self.wanted.asked):
            with suppress(StateError, ModelError):  # a model without such a state
                self._gibbs = gibbs(self.wanted.model).slab(grid)
        for one in self.wanted.asked:
            if one.make is not None:
                try:
                    self._gauges[one.name] = one.make(grid)
                except ExpressionError as error:
                    if not self.begun:
                        raise
                    self._gauges[one.name] = FunctionGauge(lambda marginals: math.nan)
                    self._warn(one.name, f"{error}; NaN is recorded on this grid")

    def of(self, time: float, marginals: Marginals, W: Field) -> dict[str, float]:
        """All of one moment, by name; InputError at the first one where a function fails."""
        physics = Physics(self.wanted.model, self.grid, marginals, lambda: [*W.array()], self._gibbs, time=time)
        found = {}
        for one in self.wanted.asked:
            found[one.name] = self._guarded(one, time, marginals, physics)
        sweeping = {name: gauge for name, gauge in self._gauges.items() if gauge.sweeps}
        for i, slab in enumerate(W.slabs() if sweeping else ()):
            for name, gauge in sweeping.items():
                found[name] += gauge.of_slab(i, slab)
        self.begun = True
        return found

    def _guarded(self, one: Asked, time: float, marginals: Marginals, physics: Physics) -> float:
        """A number from marginals; where a user's function fails later in the run, NaN and a warning."""
        if one.make is None:
            return physics[one.quantity]
        try:
            value = self._gauges[one.name].of_marginals(marginals)
            came = f"{value:g}"
        except Exception as error:  # of a function that somebody else wrote
            value, came = math.inf, f"{type(error).__name__}: {error}"
        if value != value or abs(value) < LARGEST:
            return value
        if not self.begun:
            raise InputError(f"observables.{one.name}", "a function that returns a number", came)
        self._warn(one.name, f"at t = {time:.6g} expected a number, got {came}; NaN is recorded")
        return math.nan

    def _warn(self, name: str, text: str) -> None:
        if name not in self._warned:
            self._warned.add(name)
            warn(f"observables.{name}: {text}", ObservableWarning)


def _asked(name: str, value: Any, model: Model, grid: Grid | None) -> Asked:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or keyword.iskeyword(name):
        raise InputError("observables", "names of letters, digits and _", brief(name))
    if len(name) > LONGEST:
        raise InputError("observables", f"names of at most {LONGEST} characters", brief(name))
    where = f"observables.{name}"
    if is_taken(name) or (name in MEANINGS and value != name):
        raise InputError(where, "a name that the result does not use itself", brief(name))
    if isinstance(value, str) and value in MEANINGS:
        return Asked(name, MEANINGS[value], value, quantity=value, units=MODEL_UNITS if value in MEASURED else PURE)
    if isinstance(value, (str, sp.Basic, int, float)):
        if value == name:
            raise InputError("observables", f"names among {', '.join(MEANINGS)}, or a mapping", brief(name))
        return _formula(name, value, model, where)
    if isinstance(value, (State, QuantumState, ClassicalState)):
        return _state(name, value, model, where)
    if isinstance(value, np.ndarray):
        if grid is None or value.shape != grid.shape:
            expected = "a DataArray with coordinates" if grid is None else f"W on the grid, shape {grid.shape}"
            raise InputError(where, expected, f"an array of shape {value.shape}")
        value = xr.DataArray(value, dict(zip(NAMES, (axis.values for axis in grid), strict=True)), NAMES)
    value = value if isinstance(value, xr.DataArray) else getattr(value, "W", value)
    if callable(getattr(value, "full", None)):  # a Qobj, which is callable itself
        raise InputError(where, "a formula, a state, W or a function of marginals", came_as(value))
    if isinstance(value, xr.DataArray):
        return _function_of_phase_space(name, value, model, where)
    if not callable(value):
        raise InputError(where, "a formula, a state, W or a function of marginals", type(value).__name__)
    called = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__name__)}"
    return Asked(name, f"function {called}", called, lambda grid: FunctionGauge(value), units=PURE)


def _formula(name: str, value: Formula, model: Model, where: str) -> Asked:
    """The Weyl symbol a of ``integral of a W``, the model's parameters put in."""
    values = {key: as_rational(number) for key, number in model.parameters.items()}
    formula = parse(value, {*NAMES, *values}, where=where)
    put_in = substitute(formula, {**{key: real_symbol(key) for key in NAMES}, **values}, where=where)
    symbol = representable(put_in, where=where)
    text = " ".join(str(value).split())
    return Asked(
        name, f"mean of {text}", str(symbol), lambda grid: SymbolGauge(symbol, grid, where=where), text, "", symbol
    )


def _state(name: str, value: State | QuantumState | ClassicalState, model: Model, where: str) -> Asked:
    """Overlap with a state: ``2 pi hbar integral of W W'``, for a density of (q, p) ``integral of W f``."""
    if not isinstance(value, ClassicalState) and value.hbar != model.hbar:
        raise InputError(f"{where}.hbar", f"the model's hbar = {model.hbar:g}", f"{value.hbar:g}")
    numbers = ", ".join(f"{number:.9g}" for number in (*value.mean, *np.ravel(value.covariance)))
    kind, factor = type(value).__name__, 2 * math.pi * model.hbar

    def make(grid: Grid) -> Gauge:
        if isinstance(value, ClassicalState):
            return PlaneOverlap(value.density(grid.q, grid.p), CLASSICAL, grid, 1.0)
        if isinstance(value, QuantumState):
            return PlaneOverlap(value.wigner(grid.x, grid.y), QUANTUM, grid, factor)
        return SlabOverlap(value.slab(grid), grid, factor)

    units = PURE if isinstance(value, QuantumState) else MODEL_UNITS
    return Asked(name, f"overlap with a {kind}", f"{kind} {numbers}", make, subject=value, units=units)


def _function_of_phase_space(name: str, value: xr.DataArray, model: Model, where: str) -> Asked:
    """Overlap with W on a grid, or with a function of (x, y) or of (q, p); the same factors as for states."""
    pair = next((pair for pair in (ALL, CLASSICAL, QUANTUM) if {*value.dims} == {*pair}), None)
    if pair is None or value.dtype.kind not in "fiu" or not np.isfinite(value.values).all():
        raise InputError(where, "finite real numbers over (q, p, x, y), (x, y) or (q, p)", brief(value.dims))
    ordered = value.transpose(*pair)
    values = np.asarray(ordered.values, float)
    try:
        axes = [Axis.along(ordered, key) for key in pair]
    except GridError as error:
        raise error.under(where) from None
    factor = 1.0 if pair == CLASSICAL else 2 * math.pi * model.hbar

    def make(grid: Grid) -> Gauge:
        on_grid = on_other_axes(values, axes, [getattr(grid, key) for key in pair])
        if len(pair) == 2:
            return PlaneOverlap(on_grid, (pair[0], pair[1]), grid, factor)

        def write(i: int, out: np.ndarray) -> None:
            out[...] = on_grid[i]

        return SlabOverlap(write, grid, factor)

    units = PURE if pair == QUANTUM else MODEL_UNITS
    digest = hashlib.sha256(values.tobytes() + repr(axes).encode()).hexdigest()[:16]
    return Asked(name, f"overlap with a function of ({', '.join(pair)})", f"sha256 {digest}", make, units=units)
