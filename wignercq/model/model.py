"""The physics of a run: potentials, masses, hbar, friction, diffusion and decoherence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sympy as sp

from wignercq.errors import ModelError, brief, kind_of, suggestion
from wignercq.lazy import called
from wignercq.model import trade_off
from wignercq.model.bath import Diffusion, Formula, Noise, NoiseTerm, QuantumBath, noises_of, quantum_bath_of
from wignercq.model.drives import Q, T, X, frozen, still_parts
from wignercq.model.formulas import as_rational
from wignercq.model.given_formulas import FormulaReader
from wignercq.model.quantities import diffusion_at, parameters_of, quantity
from wignercq.model.structure import is_quadratic, is_separable
from wignercq.model.thermal import DYNAMICS, MINIMAL, THERMAL, is_linear_thermal, require_thermal
from wignercq.model.typeset import BATH, UNITS, lines, plain, written

ROUNDING = 1e-12  # by which 4 D0 D2 may be below 1


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A classical particle (q, p) coupled to a quantum one (x, y), eqs (3)-(5) of arXiv:2510.07402.

    The Hamiltonian is ``H = p**2/(2 M) + V_C(q) + y**2/(2 m) + V_Q(x) + V_I(q, x)``, and each potential may depend on
    the time t as well. The classical momentum has friction ``-(alpha/M) p`` and diffusion ``d<p**2>/dt = D2``; the
    quantum particle decoheres through ``-(D0/2) [L, [L, rho]]``, ``L = dV_I/dq``. Units are the user's own, consistent.

    Parameters
    ----------
    classical_potential, quantum_potential, interaction : str, number or sympy.Expr
        V_C(q), V_Q(x) and V_I(q, x), of t as well; text passes the whitelist of :mod:`wignercq.model.formulas`.
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
        Accept what is not completely positive, for study: a coupled model with ``4 D0 D2 < 1``, a bath of the quantum
        particle with too little noise.
    dynamics : {"minimal", "thermal"}
        The master equation (3)-(5), or that of Layton and Miller, which keeps the thermal state at the temperature of
        the bath (:mod:`wignercq.model.thermal`); :meth:`thermal` makes a model from that temperature.
    quantum_bath : QuantumBath, mapping of its arguments, or None
        Friction and diffusion of the quantum particle.
    noises : sequence of Noise or of mappings of its arguments
        Noises beside that of friction and interaction, each with its own operator. `diffusion` is then one part of
        D2(q), and the trade-off is that of the matrices (:mod:`wignercq.model.trade_off`); where one of their
        diffusions is a formula, or the interaction depends on t, it is checked on the grid of a run.

    Attributes
    ----------
    V_C, V_Q, V_I : sympy.Expr
        The potentials with the parameters put in, functions of q, of x and of both, and of t.
    noise_terms : tuple of NoiseTerm
        The noises with the parameters put in.

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
    dynamics: str = field(default=MINIMAL, kw_only=True)
    quantum_bath: QuantumBath | None = field(default=None, kw_only=True)
    noises: Sequence[Noise] = field(default=(), kw_only=True)
    V_C: sp.Expr = field(init=False)
    V_Q: sp.Expr = field(init=False)
    V_I: sp.Expr = field(init=False)
    noise_terms: tuple[NoiseTerm, ...] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("classical_mass", "quantum_mass", "hbar"):
            self._set(name, quantity(name, getattr(self, name), "a positive number", lambda v: v > 0))
        for name in ("friction", "diffusion", "decoherence"):
            if name != "decoherence" or self.decoherence is not None:
                self._set(name, quantity(name, getattr(self, name), "a number >= 0", lambda v: v >= 0))
        self._set("parameters", parameters_of(self.parameters))
        self._set("quantum_bath", quantum_bath_of(self.quantum_bath))
        self._set("noises", noises_of(self.noises))
        self._put_parameters_in()
        if self.dynamics not in DYNAMICS:
            known = " or ".join(map(repr, DYNAMICS))
            raise ModelError("dynamics", known, brief(self.dynamics) + suggestion(self.dynamics, DYNAMICS))
        if self.decoherence is None:
            self._set("decoherence", trade_off.least_decoherence(self))
        if not self.allow_unphysical:
            trade_off.require_physical(self)
        if self.quantum_bath is not None and not self.allow_unphysical:
            self.quantum_bath.require_physical(self.quantum_mass, self.hbar)
        if self.is_thermal:
            require_thermal(self)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _put_parameters_in(self) -> None:
        reader = FormulaReader(self.parameters)
        for name, short, coordinates in (
            ("classical_potential", "V_C", {"q": Q, "t": T}),
            ("quantum_potential", "V_Q", {"x": X, "t": T}),
            ("interaction", "V_I", {"q": Q, "x": X, "t": T}),
        ):
            formula, put_in = reader.read(getattr(self, name), name, coordinates)
            self._set(name, formula)
            self._set(short, put_in)
        noises, terms = [], []
        for i, noise in enumerate(self.noises):
            force, L = reader.read(noise.force, f"noises.{i}.force", {"q": Q, "x": X})
            diffusion, D2 = reader.read(noise.diffusion, f"noises.{i}.diffusion", {"q": Q})
            if D2.is_number and D2 < 0:
                raise ModelError(f"noises.{i}.diffusion", "a number >= 0, or a formula in q", plain(D2))
            noises.append(replace(noise, force=force, diffusion=diffusion))
            terms.append(NoiseTerm(L, noise.decoherence, D2))
        self._set("noises", tuple(noises))
        self._set("noise_terms", tuple(terms))
        reader.require_all_used()

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Model) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        """What tells models apart: formulas, parameters and numbers, with the default of decoherence resolved."""
        formulas = self.classical_potential, self.quantum_potential, self.interaction
        numbers = (getattr(self, name) for name in (*UNITS.values(), *BATH.values()))
        more = self.allow_unphysical, self.dynamics, self.quantum_bath, self.noises
        return (*formulas, *sorted(self.parameters.items()), *numbers, *more)

    def __repr__(self) -> str:
        return written(self)

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

    @classmethod
    def thermal(
        cls,
        classical_potential: Formula,
        quantum_potential: Formula,
        interaction: Formula,
        *,
        friction: float,
        temperature: float,
        **others: Any,
    ) -> Model:
        """A model whose dynamics keep the thermal state at `temperature`, k_B T: ``D2 = 2 alpha k_B T``.

        `others` are further arguments of :class:`Model`. The grid needs an oscillator at each q (:mod:`.thermal`).
        """
        diffusion = diffusion_at(temperature, friction)
        potentials = classical_potential, quantum_potential, interaction
        return cls(*potentials, friction=friction, diffusion=diffusion, dynamics=THERMAL, **others)

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

    @property
    def is_thermal(self) -> bool:
        """Whether its dynamics are those that keep the thermal state; without coupling both dynamics are the same."""
        return self.dynamics == THERMAL and self.is_coupled

    @cached_property
    def is_linear_thermal(self) -> bool:
        """Whether its dynamics are thermal and linear in (x, y), as the grid and the Gaussian theory need them.

        ``V_Q + V_I`` is ``A x**2/2 + c q x + b x + f(q)`` with A > 0; with others only trajectories have them.
        """
        return self.is_thermal and is_linear_thermal(self)

    @cached_property
    def is_quadratic(self) -> bool:
        """Whether every potential is a polynomial of degree at most two, so that Gaussian theory is exact.

        Noises have to be Gaussian as well: a diffusion that does not depend on q, an operator linear in x.
        """
        gaussian = all(
            noise.diffusion.is_number and (not noise.decoherence or sp.expand(sp.diff(noise.L, X)).is_number)
            for noise in self.noise_terms
        )
        return gaussian and all(is_quadratic(part, (Q, X)) for part in still_parts(self.V_C + self.V_Q + self.V_I))

    @cached_property
    def is_driven(self) -> bool:
        """Whether a potential depends on the time t."""
        return any(T in V.free_symbols for V in (self.V_C, self.V_Q, self.V_I))

    def at(self, time: float) -> Model:
        """The model whose potentials are always what they are here at a time; itself if none depends on t."""
        return frozen(self, time)

    @property
    def is_physical(self) -> bool:
        """Whether the hybrid dynamics is completely positive: 4 D0 D2 >= 1, or no coupling.

        With noises it is the trade-off of the matrices at some points at time 0, if no diffusion depends on the place.
        """
        if not self.is_coupled or 4 * self.D0 * self.constant_diffusion >= 1 - ROUNDING:
            return True
        if not self.noises:
            return False
        if self.noise_diffusion.free_symbols:
            return True
        return trade_off.is_positive(trade_off.worst(self, trade_off.PLACES_Q, trade_off.PLACES_X))

    @cached_property
    def noise_diffusion(self) -> sp.Expr:
        """What the noises add to D2, a function of q."""
        return sp.Add(*(noise.diffusion for noise in self.noise_terms))

    @cached_property
    def total_diffusion(self) -> sp.Expr:
        """D2(q), all of the diffusion of p."""
        return as_rational(self.diffusion) + self.noise_diffusion

    @cached_property
    def constant_diffusion(self) -> float:
        """What of D2(q) does not depend on q."""
        return self.diffusion + sum(float(n.diffusion) for n in self.noise_terms if n.diffusion.is_number)

    @property
    def quantum_damping_rate(self) -> float:
        """Damping rate of y, gamma_Q = friction/m of the quantum particle's bath."""
        return 0.0 if self.quantum_bath is None else self.quantum_bath.friction / self.quantum_mass

    @property
    def quantum_diffusion(self) -> Diffusion:
        """Diffusion of x and y by the quantum particle's bath."""
        bath = self.quantum_bath
        return Diffusion() if bath is None else bath.noise(self.quantum_mass, self.hbar)

    @cached_property
    def quantum_heating(self) -> sp.Expr:
        """``hbar**2 sum_k D0_k (d_x L_k)**2``, a function of q and x: d<y**2>/dt by decoherence of all kinds."""
        operators = [(sp.diff(self.V_I, Q), self.D0), *((noise.L, noise.decoherence) for noise in self.noise_terms)]
        squares = (as_rational(strength) * sp.diff(L, X) ** 2 for L, strength in operators if strength)
        return as_rational(self.hbar) ** 2 * sp.Add(*squares)

    @property
    def is_paper(self) -> bool:
        """Whether there is nothing but what the paper's master equation has: no further bath or noise."""
        return self.quantum_bath is None and not self.noises

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
