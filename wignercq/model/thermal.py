"""Dynamics that keep the thermal state, of Layton and Miller (arXiv:2504.10587): what they need, and their numbers.

Any potentials have them; trajectories (:mod:`wignercq.unravelling.thermal`) take the operators as matrices. They are
linear in (x, y), which the grid and the Gaussian theory need, where at every q the quantum particle is an oscillator of
one frequency,

    V_Q + V_I = A (x - x0(q))**2/2 + function of q,    x0 = mu q + nu,    c = d_q d_x V_I = -A mu,    w**2 = A/m

The minimal dynamics measures ``L = d_q V_I = (mean force) + c (x - x0)``. These measure, with ``t = hbar w/(2 k_B T)``,

    L = integral over u from 0 to 1 of exp(-u h/(2 k_B T)) (d_q V_I) exp(u h/(2 k_B T))
      = (mean force) + c [S (x - x0) + i kappa y],    S = sinh(t)/t,    kappa = (cosh(t) - 1)/(t m w)

at ``4 D0 D2 = 1``, and add a Hamiltonian. For W that is, with xi = x - x0 and g = hbar D0 c**2 S kappa,

    dW/dt = -(p/M) d_q W - (y/m) d_x W + (alpha/M) d_p(p W) + [V_C' + mean force + c S xi] d_p W + A xi d_y W
            + g (1 + sech t) d_y(y W) + g (1 - sech t) d_x(xi W)
            + (hbar**2 c**2 S**2 D0/2) d_y**2 W + (1/2) (sqrt(D2) d_p + hbar c kappa sqrt(D0) d_x)**2 W
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import sympy as sp

from wignercq.errors import ModelError, ResolutionWarning, at_least, warn
from wignercq.model.formulas import real_symbol

if TYPE_CHECKING:
    from wignercq.model.model import Model

MINIMAL, THERMAL = DYNAMICS = ("minimal", "thermal")
STIFF, STIFFEST = 4.0, 20.0  # hbar w/(2 k_B T) from which on rates grow like its exponential, and beyond any use
ROUNDING = 1e-12  # by which 4 D0 D2 may differ from 1


@dataclass(frozen=True)
class ThermalTerms:
    """The numbers in the equation of a model, in the names of this module's first lines."""

    stiffness: float  # A
    coupling: float  # c
    slope: float  # mu
    offset: float  # nu
    frequency: float  # w
    half_quantum: float  # t = hbar w/(2 k_B T)
    S: float
    kappa: float
    friction_y: float  # g (1 + sech t)
    friction_x: float  # g (1 - sech t)
    diffusion_y: float  # hbar**2 c**2 S**2 D0
    noise_p: float  # sqrt(D2): what one Wiener process does to p,
    noise_x: float  # hbar c kappa sqrt(D0): and to x
    variance_x: float  # of xi in the thermal state, hbar coth(t)/(2 m w)
    variance_y: float  # of y, hbar m w coth(t)/2

    @classmethod
    def of(cls, model: Model) -> ThermalTerms:
        """Those of a coupled model with thermal dynamics; ModelError where these are not linear in (x, y)."""
        require_linear_thermal(model)
        q, x = real_symbol("q"), real_symbol("x")
        U = model.V_Q + model.V_I
        stiffness, coupling = (float(value) for value in _oscillator(model))
        return cls.of_oscillator(model, stiffness, coupling, -float(sp.diff(U, x).subs({q: 0, x: 0})) / stiffness)

    @classmethod
    def of_oscillator(cls, model: Model, stiffness: float, coupling: float, offset: float = 0.0) -> ThermalTerms:
        """Those of a model whose potentials are another one's, A, c and nu being given."""
        A, c = stiffness, coupling
        hbar, m, D0, D2 = model.hbar, model.quantum_mass, model.D0, model.diffusion
        w = math.sqrt(A / m)
        t = half_quantum(model, A)
        S, kappa = math.sinh(t) / t, 2 * math.sinh(t / 2) ** 2 / (t * m * w)
        g = hbar * D0 * c**2 * S * kappa
        spread = hbar / (2 * math.tanh(t))
        return cls(
            *(A, c, -c / A, offset, w, t, S, kappa),
            friction_y=g * (1 + 1 / math.cosh(t)),
            friction_x=g * 2 * math.sinh(t / 2) ** 2 / math.cosh(t),
            diffusion_y=D0 * (hbar * c * S) ** 2,
            noise_p=math.sqrt(D2),
            noise_x=hbar * c * kappa * math.sqrt(D0),
            variance_x=spread / (m * w),
            variance_y=spread * m * w,
        )


@lru_cache(maxsize=64)
def thermal_terms(model: Model) -> ThermalTerms:
    """:meth:`ThermalTerms.of`, once for each model."""
    return ThermalTerms.of(model)


def half_quantum(model: Model, stiffness: float) -> float:
    """t = hbar w/(2 k_B T)."""
    return model.hbar * math.sqrt(stiffness / model.quantum_mass) / (2 * model.bath_temperature)


def _oscillator(model: Model) -> tuple[sp.Expr, sp.Expr]:
    """``d_x**2 (V_Q + V_I)`` and ``d_q d_x V_I``, expanded."""
    q, x = real_symbol("q"), real_symbol("x")
    U = sp.expand(model.V_Q + model.V_I)
    return sp.expand(sp.diff(U, x, 2)), sp.expand(sp.diff(U, q, x))


def is_linear_thermal(model: Model) -> bool:
    """Whether thermal dynamics of these potentials are linear in (x, y): ``A x**2/2 + c q x + b x + f(q)``, A > 0."""
    stiffness, coupling = _oscillator(model)
    return bool(stiffness.is_number and coupling.is_number and stiffness > 0)


def require_linear_thermal(model: Model) -> None:
    """Refuse, with ModelError, thermal dynamics that only trajectories have."""
    if not is_linear_thermal(model):
        expected = "V_Q + V_I = A x**2/2 + c q x + b x + f(q) with A > 0, for thermal dynamics"
        raise ModelError("interaction", expected, f"{sp.sstr(model.V_Q + model.V_I)}; trajectories(...) takes others")


def require_thermal(model: Model) -> None:
    """Refuse, with ModelError, a coupled model that has no thermal dynamics.

    A ResolutionWarning where the bath of an oscillator is colder than hbar w/8.
    """
    if not model.is_paper:
        raise ModelError("dynamics", "'minimal' with a quantum_bath or noises", "'thermal'")
    if model.is_driven:
        raise ModelError("dynamics", "'minimal' with potentials that depend on the time t", "'thermal'")
    for name in ("friction", "diffusion"):
        if not getattr(model, name) > 0:
            raise ModelError(name, "a positive number with thermal dynamics", f"{getattr(model, name):g}")
    if abs(4 * model.D0 * model.diffusion - 1) > ROUNDING:
        raise ModelError("decoherence", f"1/(4 D2) = {0.25 / model.diffusion!r} with thermal dynamics", f"{model.D0!r}")
    if is_linear_thermal(model):
        _require_warm(model, float(_oscillator(model)[0]))


def _require_warm(model: Model, stiffness: float) -> None:
    """Refuse, with ModelError, an oscillator whose rates are too large, and warn of one that is stiff."""
    t, quantum = half_quantum(model, stiffness), model.hbar * math.sqrt(stiffness / model.quantum_mass)
    came = f"{model.bath_temperature:.4g}"
    if t > STIFFEST:
        raise ModelError("temperature", f"at least hbar w/40 = {at_least(quantum / 2 / STIFFEST)}", came)
    if t > STIFF * (1 + ROUNDING):
        least = at_least(quantum / 2 / STIFF)
        warn(
            f"temperature: expected hbar w/8 = {least} or more, below which it is stiff, got {came}", ResolutionWarning
        )


def refuse_thermal(model: Model, what: str, instead: str = "") -> None:
    """Refuse, with ModelError, thermal dynamics in something that is not known for it."""
    if model.is_thermal:
        raise ModelError("dynamics", f"'minimal' for {what}", f"'thermal'{'; ' if instead else ''}{instead}")
