"""The physics of a run: potentials, masses, hbar, friction, diffusion and decoherence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import sympy as sp

from wignercq.errors import ModelError
from wignercq.expressions import CONSTANTS, FUNCTIONS, as_rational, parse, real_symbol

Formula = str | float | sp.Expr

Q, X = real_symbol("q"), real_symbol("x")
RESERVED = {"q", "p", "x", "y", "t", "I", *CONSTANTS, *FUNCTIONS}


@dataclass(frozen=True, eq=False)
class Model:
    """A classical particle (q, p) coupled to a quantum one (x, y), eqs (3)-(5) of arXiv:2510.07402.

    The Hamiltonian is ``H = p**2/(2 M) + V_C(q) + y**2/(2 m) + V_Q(x) + V_I(q, x)``. The classical momentum has
    friction ``-(alpha/M) p`` and diffusion ``d<p**2>/dt = D2``; the quantum particle decoheres through
    ``-(D0/2) [L, [L, rho]]`` with ``L = dV_I/dq``. Units are the user's own, as long as they are consistent.

    Parameters
    ----------
    classical_potential, quantum_potential, interaction : str, number or sympy.Expr
        V_C(q), V_Q(x) and V_I(q, x); text is parsed through a whitelist (:mod:`wignercq.expressions`).
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

    Raises
    ------
    ModelError
        A value out of its range, a parameter missing or not used, or the trade-off violated.
    ExpressionError
        A potential that is not an accepted formula.
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

    def __post_init__(self) -> None:
        for name in ("classical_mass", "quantum_mass", "hbar"):
            _require(name, getattr(self, name), "a positive number", lambda v: v > 0)
        for name in ("friction", "diffusion"):
            _require(name, getattr(self, name), "a number >= 0", lambda v: v >= 0)
        if self.decoherence is not None:
            _require("decoherence", self.decoherence, "a number >= 0", lambda v: v >= 0)
        for name, value in self.parameters.items():
            if not name.isidentifier() or not name.isascii() or name in RESERVED:
                raise ModelError(f"parameters.{name}: expected a plain name that is not reserved, got {name!r}")
            _require(f"parameters.{name}", value, "a finite number", lambda v: True)
        self._set("parameters", MappingProxyType(dict(self.parameters)))
        for name, coordinates in (("classical_potential", "q"), ("quantum_potential", "x"), ("interaction", "qx")):
            names = {*coordinates, *self.parameters}
            self._set(name, parse(getattr(self, name), names, where=name))
        unused = sorted(set(self.parameters) - {s.name for s in self._formulas_symbols()})
        if unused:
            raise ModelError(
                f"parameters.{unused[0]}: expected a name used in a potential, got one that occurs in none"
            )
        self._settle_decoherence()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _formulas_symbols(self) -> set[sp.Symbol]:
        formulas = (self.classical_potential, self.quantum_potential, self.interaction)
        return set().union(*(sp.sympify(f).free_symbols for f in formulas))

    def _settle_decoherence(self) -> None:
        if self.decoherence is None:
            if self.is_coupled and self.diffusion == 0:
                raise ModelError(
                    "diffusion: expected a positive number, since a coupled hybrid model needs 4 D0 D2 >= 1, got 0"
                )
            self._set("decoherence", 0.25 / self.diffusion if self.is_coupled else 0.0)
        product = 4 * self.D0 * self.diffusion
        if self.is_coupled and product < 1 - 1e-12 and not self.allow_unphysical:
            raise ModelError(
                f"decoherence: expected 4 D0 D2 >= 1 (complete positivity), so at least "
                f"{0.25 / self.diffusion if self.diffusion else math.inf:g}, got {self.D0:g} (4 D0 D2 = {product:g})"
            )

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

    @property
    def D0(self) -> float:
        """Decoherence strength, with the default resolved."""
        assert self.decoherence is not None
        return self.decoherence

    @cached_property
    def V_C(self) -> sp.Expr:
        """Classical potential with the parameters put in, a function of q."""
        return self._with_values(self.classical_potential)

    @cached_property
    def V_Q(self) -> sp.Expr:
        """Quantum potential with the parameters put in, a function of x."""
        return self._with_values(self.quantum_potential)

    @cached_property
    def V_I(self) -> sp.Expr:
        """Interaction with the parameters put in, a function of q and x."""
        return self._with_values(self.interaction)

    def _with_values(self, formula: Formula) -> sp.Expr:
        values = {real_symbol(name): as_rational(value) for name, value in self.parameters.items()}
        return sp.sympify(formula).subs(values)

    @cached_property
    def is_coupled(self) -> bool:
        """Whether the interaction couples the two particles: d_q d_x V_I is not zero."""
        return sp.simplify(sp.diff(self.V_I, Q, X)) != 0

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether every potential is a polynomial of degree at most two, so that Gaussian theory is exact."""
        total = sp.expand(self.V_C + self.V_Q + self.V_I)
        return bool(total.is_polynomial(Q, X)) and sp.Poly(total, Q, X).total_degree() <= 2

    @property
    def damping_rate(self) -> float:
        """Momentum damping rate gamma = alpha / M."""
        return self.friction / self.classical_mass

    @property
    def bath_temperature(self) -> float:
        """Temperature of the classical bath, k_B T_C = D2 / (2 alpha); infinite without friction."""
        return self.diffusion / (2 * self.friction) if self.friction else math.inf


def _require(name: str, value: object, expected: str, accepts) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not accepts(value):
        raise ModelError(f"{name}: expected {expected}, got {value!r}")
