"""The physics of a run: potentials, masses, hbar, friction, diffusion and decoherence."""

from __future__ import annotations

import keyword
import math
import numbers
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

import sympy as sp

from wignercq.errors import ModelError, at_least, at_most, brief, kind_of, listed
from wignercq.lazy import called
from wignercq.model.complexity import require_tractable
from wignercq.model.drives import Q, T, X, frozen, still_parts
from wignercq.model.formulas import (
    CONSTANTS,
    FUNCTIONS,
    MAX_NUMBER,
    as_rational,
    parse,
    representable,
    substitute,
)
from wignercq.model.structure import is_quadratic, is_separable
from wignercq.model.typeset import lines

Formula: TypeAlias = str | float | sp.Expr

#: Arguments by the letters that stand for them in a repr.
UNITS = {"M": "classical_mass", "m": "quantum_mass", "hbar": "hbar"}
BATH = {"alpha": "friction", "D2": "diffusion", "D0": "decoherence"}
ROUNDING = 1e-12  # by which 4 D0 D2 may be below 1
LONGEST_NAME = 60  # characters
LONG_FRACTION = 1000  # denominator, above which a number that is a decimal is shown as one
RESERVED = {"q", "p", "x", "y", "t", "I", "hbar", *CONSTANTS, *FUNCTIONS, *keyword.kwlist}


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A classical particle (q, p) coupled to a quantum one (x, y), eqs (3)-(5) of arXiv:2510.07402.

    The Hamiltonian is ``H = p**2/(2 M) + V_C(q) + y**2/(2 m) + V_Q(x) + V_I(q, x)``, and each potential may depend on
    the time t as well. The classical momentum has
    friction ``-(alpha/M) p`` and diffusion ``d<p**2>/dt = D2``; the quantum particle decoheres through
    ``-(D0/2) [L, [L, rho]]`` with ``L = dV_I/dq``. Units are the user's own, as long as they are consistent.

    Parameters
    ----------
    classical_potential, quantum_potential, interaction : str, number or sympy.Expr
        V_C(q), V_Q(x) and V_I(q, x), and with a drive V_C(q, t) and so on; text is parsed through a whitelist
        (:mod:`wignercq.model.formulas`).
    parameters : mapping of str to float
        Values of the other names in the potentials.
    classical_mass, quantum_mass : float
        M and m, positive.
    hbar : float
        Positive.
    friction : float
        alpha >= 0, units mass/time; momentum is damped at the rate ``alpha / M``.
    diffusion : float
        D2 >= 0, units momentum**2/time.
    decoherence : float or None
        D0 >= 0, units time/momentum**2. None saturates the trade-off, ``D0 = 1/(4 D2)``.
    allow_unphysical : bool
        Accept a coupled model with ``4 D0 D2 < 1``, which is not completely positive, for study.

    Attributes
    ----------
    V_C, V_Q, V_I : sympy.Expr
        The potentials with the parameters put in, functions of q, of x and of both, and of t.

    Raises
    ------
    ModelError
        A value out of its range, a parameter missing or not used, or the trade-off violated.
    ExpressionError
        A potential that is not an accepted formula, or is not finite and real with the parameters put in.
    """

    classical_potential: Formula
    quantum_potential: Formula
    interaction: Formula = 0
    parameters: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    classical_mass: float = field(default=1.0, kw_only=True)
    quantum_mass: float = field(default=1.0, kw_only=True)
    hbar: float = field(default=1.0, kw_only=True)
    friction: float = field(default=0.0, kw_only=True)
    diffusion: float = field(default=0.0, kw_only=True)
    decoherence: float | None = field(default=None, kw_only=True)
    allow_unphysical: bool = field(default=False, kw_only=True)
    V_C: sp.Expr = field(init=False)
    V_Q: sp.Expr = field(init=False)
    V_I: sp.Expr = field(init=False)

    def __post_init__(self) -> None:
        for name in ("classical_mass", "quantum_mass", "hbar"):
            self._set(name, _quantity(name, getattr(self, name), "a positive number", lambda v: v > 0))
        for name in ("friction", "diffusion", "decoherence"):
            if name != "decoherence" or self.decoherence is not None:
                self._set(name, _quantity(name, getattr(self, name), "a number >= 0", lambda v: v >= 0))
        self._set("parameters", _parameters(self.parameters))
        self._put_parameters_in()
        self._settle_decoherence()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _put_parameters_in(self) -> None:
        unused = set(self.parameters)
        values = {name: as_rational(value) for name, value in self.parameters.items()}
        for name, short, coordinates in (
            ("classical_potential", "V_C", {"q": Q, "t": T}),
            ("quantum_potential", "V_Q", {"x": X, "t": T}),
            ("interaction", "V_I", {"q": Q, "x": X, "t": T}),
        ):
            formula = parse(getattr(self, name), {*coordinates, *values}, where=name)
            used = sorted({symbol.name for symbol in formula.free_symbols} - {*coordinates})
            unused -= {*used}
            shown = listed([f"{parameter} = {_plain(self.parameters[parameter])}" for parameter in used], limit=4)
            where = f"{name} with {shown}" if used else name
            self._set(name, formula)
            put_in = representable(substitute(formula, {**coordinates, **values}, where=where), where=where)
            require_tractable(put_in, where=where)
            self._set(short, put_in)
        if unused:
            raise ModelError(f"parameters.{min(unused)}", "a name used in a potential", "one that occurs in none")

    def _settle_decoherence(self) -> None:
        least = 0.25 / self.diffusion if self.diffusion else math.inf
        if self.decoherence is None:
            if self.is_coupled and not math.isfinite(least):
                raise ModelError(
                    "diffusion",
                    "a positive number, since a coupled hybrid model needs 4 D0 D2 >= 1 and D0 finite",
                    _plain(self.diffusion),
                )
            self._set("decoherence", least if self.is_coupled else 0.0)
        product = 4 * self.D0 * self.diffusion
        if not self.is_physical and not self.allow_unphysical:
            raise ModelError(
                "decoherence",
                f"4 D0 D2 >= 1 (complete positivity), so at least {at_least(least)}",
                f"{self.D0!r} (4 D0 D2 = {at_most(product)})",
            )

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Model) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        """What tells models apart: formulas, parameters and numbers, with the default of decoherence resolved."""
        formulas = self.classical_potential, self.quantum_potential, self.interaction
        numbers = (getattr(self, name) for name in (*UNITS.values(), *BATH.values()))
        return (*formulas, *sorted(self.parameters.items()), *numbers, self.allow_unphysical)

    def __repr__(self) -> str:
        """Potentials, parameters and numbers; a parameter called as one of the others is ``parameters.NAME``."""
        values: dict[str, Formula] = {
            "V_C": self.classical_potential,
            "V_Q": self.quantum_potential,
            "V_I": self.interaction,
        }
        taken = {*values, *UNITS, *BATH}
        values |= {f"parameters.{name}" if name in taken else name: v for name, v in self.parameters.items()}
        values |= {short: getattr(self, name) for short, name in (UNITS | BATH).items()}
        return f"Model({', '.join(f'{name} = {_plain(value)}' for name, value in values.items())})"

    def _repr_latex_(self) -> str:
        """What a notebook shows: H with its numbers, and the bath."""
        return "$$\\begin{gathered} " + r" \\ ".join(lines(self)) + " \\end{gathered}$$"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "parameters": dict(self.parameters)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, parameters=MappingProxyType(state["parameters"]))

    @classmethod
    def oscillators(
        cls,
        *,
        k_C: float = 1.0,
        k_Q: float = 1.0,
        lam: float = 0.5,
        classical_mass: float = 1.0,
        quantum_mass: float = 1.0,
        hbar: float = 1.0,
        friction: float = 0.3,
        diffusion: float = 0.5,
        decoherence: float | None = None,
        allow_unphysical: bool = False,
    ) -> Model:
        """The coupled oscillators of the paper, eq (10): ``k_C q**2/2 + k_Q x**2/2 + lam (q - x)**2/2``."""
        return cls(
            "k_C*q**2/2",
            "k_Q*x**2/2",
            "lam*(q - x)**2/2",
            parameters={"k_C": k_C, "k_Q": k_Q, "lam": lam},
            classical_mass=classical_mass,
            quantum_mass=quantum_mass,
            hbar=hbar,
            friction=friction,
            diffusion=diffusion,
            decoherence=decoherence,
            allow_unphysical=allow_unphysical,
        )

    def well(self, x: float = 0.0, q: float | None = None) -> Any:
        """The oscillator at the bottom of the well of V_Q at x, whose methods make its states.

        ``model.well(0.0).cat(1.2)`` has the mass and the hbar of the model and the frequency of the well.
        It is :func:`wignercq.states.well`, which says more.
        """
        return called("states.wells", "well")(self, x, q)

    @property
    def D0(self) -> float:
        """Decoherence strength, with the default resolved."""
        assert self.decoherence is not None
        return self.decoherence

    @cached_property
    def is_coupled(self) -> bool:
        """Whether the interaction couples the two particles: it is not a sum of a function of q and one of x."""
        return not all(is_separable(part, (Q, X)) for part in still_parts(self.V_I))

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether every potential is a polynomial of degree at most two, so that Gaussian theory is exact."""
        return all(is_quadratic(part, (Q, X)) for part in still_parts(self.V_C + self.V_Q + self.V_I))

    @cached_property
    def is_driven(self) -> bool:
        """Whether a potential depends on the time t."""
        return any(T in V.free_symbols for V in (self.V_C, self.V_Q, self.V_I))

    def at(self, time: float) -> Model:
        """The model whose potentials are at all times what they are here at `time`; itself if none depends on t."""
        return frozen(self, time)

    @property
    def is_physical(self) -> bool:
        """Whether the dynamics is completely positive: 4 D0 D2 >= 1, or no coupling."""
        return not self.is_coupled or 4 * self.D0 * self.diffusion >= 1 - ROUNDING

    @property
    def damping_rate(self) -> float:
        """Momentum damping rate gamma = alpha / M."""
        return self.friction / self.classical_mass

    @property
    def bath_temperature(self) -> float:
        """Temperature of the classical bath, k_B T_C = D2 / (2 alpha); infinite without friction."""
        return self.diffusion / (2 * self.friction) if self.friction else math.inf


def require_model(value: object) -> Model:
    """`value` itself, if it is a model; ModelError otherwise."""
    if not isinstance(value, Model):
        raise ModelError("model", "a Model", kind_of(value))
    return value


def _parameters(parameters: Mapping[str, float]) -> Mapping[str, float]:
    if not isinstance(parameters, Mapping):
        raise ModelError("parameters", "a mapping of names to numbers", brief(parameters))
    for name in parameters:
        text = name if isinstance(name, str) else ""
        short = text.isprintable() and len(text) <= LONGEST_NAME
        if not (short and text.isidentifier() and text.isascii()) or text in RESERVED:
            raise ModelError(
                f"parameters.{text if text and short else brief(name)}",
                f"a plain name that is not reserved, of at most {LONGEST_NAME} characters",
                brief(name),
            )
    values = {n: _number(f"parameters.{n}", v, "a finite number", lambda _: True) for n, v in parameters.items()}
    return MappingProxyType(values)


def _quantity(name: str, value: object, expected: str, accepts: Callable[[float], bool]) -> float:
    number = _number(name, value, expected, accepts)
    if number and not 1 / MAX_NUMBER <= number <= MAX_NUMBER:
        raise ModelError(name, f"a size from {1 / MAX_NUMBER:g} to {MAX_NUMBER:g}", f"{number:g}")
    return number


def _number(name: str, value: object, expected: str, accepts: Callable[[float], bool]) -> float:
    number = math.nan
    if isinstance(value, numbers.Real):
        with suppress(OverflowError):
            number = float(value)
    if isinstance(value, bool) or not math.isfinite(number) or not accepts(number):
        raise ModelError(name, expected, brief(value))
    return number


def _plain(value: Formula) -> str:
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if not isinstance(value, sp.Expr):
        return value
    long = {number: repr(float(number)) for number in value.atoms(sp.Rational) if number.q > LONG_FRACTION}
    exact = {number: sp.Symbol(decimal) for number, decimal in long.items() if sp.Rational(decimal) == number}
    return str(value.xreplace(exact))
