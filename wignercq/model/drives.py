"""Potentials that depend on time: what they consist of, what they are at a moment, and where they are refused.

Most are sums of products ``f(t) U(q, x)``. Then a number for each f is all that changes with time. The simplest ones,
``f(t) q`` and ``f(t) x``, are forces that are the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from wignercq.errors import ModelError
from wignercq.model.bath import Noise
from wignercq.model.evaluation import compiled
from wignercq.model.formulas import as_rational, real_symbol

if TYPE_CHECKING:
    from wignercq.model.model import Model

Q, X, T = real_symbol("q"), real_symbol("x"), real_symbol("t")
PLACE = {Q, X}
MOMENTS = (sp.sqrt(2) / 3, sp.sqrt(3) * 5, -sp.sqrt(7) * 11)  # at which formulas that are no products are looked at
PHASES = 400  # moments of a run at which it is looked how fast a drive changes


@dataclass(frozen=True, eq=False)
class Products:
    """A potential as ``still + sum over k of factors[k] parts[k] + rest``.

    Parameters
    ----------
    still : without t
    factors : functions of t alone
    parts : without t, one for each factor
    rest : what is no sum of products, 0 if all of it is
    """

    still: sp.Expr
    factors: tuple[sp.Expr, ...]
    parts: tuple[sp.Expr, ...]
    rest: sp.Expr


@lru_cache(maxsize=256)
def products(potential: sp.Expr) -> Products:
    """The products of functions of t and of (q, x) that a potential is the sum of."""
    rest, by_factor = sp.Integer(0), dict[sp.Expr, sp.Expr]()
    for term in sp.Add.make_args(potential):
        pairs = [_product(each) for each in ([term] if _product(term) else _expanded(term))]
        if not all(pairs):
            rest += term
            continue
        for part, whole in filter(None, pairs):
            for each in sp.Add.make_args(sp.expand(whole, power_exp=False)):
                number, factor = each.as_independent(T, as_Add=False)
                by_factor[factor] = by_factor.get(factor, sp.Integer(0)) + number * part
    still = by_factor.pop(sp.Integer(1), sp.Integer(0))
    kept = {factor: part for factor, part in by_factor.items() if part != 0}
    return Products(still, tuple(kept), tuple(kept.values()), rest)


def _product(term: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A term as a part without t times a factor of t alone; None if it is none."""
    part, factor = term.as_independent(T, as_Add=False)
    return None if factor.free_symbols & PLACE else (part, factor)


def _expanded(term: sp.Expr) -> tuple[sp.Expr, ...]:
    """The terms of one, multiplied out, sines and cosines of sums by their addition theorems."""

    def is_mixed(node: sp.Basic) -> bool:
        return isinstance(node, (sp.sin, sp.cos)) and T in node.free_symbols and bool(node.free_symbols & PLACE)

    def added(node: sp.Expr) -> sp.Expr:
        place, time = sp.expand(node.args[0]).as_independent(T, as_Add=True)
        if isinstance(node, sp.sin):
            return sp.sin(place) * sp.cos(time) + sp.cos(place) * sp.sin(time)
        return sp.cos(place) * sp.cos(time) - sp.sin(place) * sp.sin(time)

    terms: tuple[sp.Expr, ...] = sp.Add.make_args(sp.expand(term.replace(is_mixed, added)))
    return terms


def still_parts(potential: sp.Expr) -> list[sp.Expr]:
    """Formulas without t: what holds of all of them, and of sums of them, holds of the potential at any time."""
    if T not in potential.free_symbols:
        return [potential]
    found = products(potential)
    return [found.still, *found.parts, *(found.rest.subs(T, moment) for moment in MOMENTS if found.rest != 0)]


def at_time(potential: sp.Expr, time: float) -> sp.Expr:
    """A potential at a moment, with decimals for the numbers that come of it."""
    if T not in potential.free_symbols:
        return potential
    put_in = potential.subs(T, as_rational(time))
    decimals = {}
    for node in sp.preorder_traversal(put_in):
        if node.is_number and not node.is_Rational and node.is_finite is not False:
            value = complex(node)
            if value.imag == 0:  # others are refused where they are used
                decimals[node] = as_rational(value.real)
    return put_in.xreplace(decimals)


def frozen(model: Model, time: float) -> Model:
    """The model whose potentials are always what those of `model` are at a moment; itself if nothing drives it."""
    return _with_potentials(model, *(at_time(V, time) for V in _potentials(model))) if model.is_driven else model


def delayed(model: Model, origin: float) -> Model:
    """The model with its time counted from `origin` on."""
    if not (model.is_driven and origin):
        return model
    return _with_potentials(model, *(V.subs(T, T + as_rational(origin)) for V in _potentials(model)))


@dataclass(frozen=True, eq=False)
class Forces:
    """A model as another one under forces ``F_q(t)`` and ``F_x(t)`` that are the same everywhere.

    The potentials of the other one lack ``-F_q(t) q`` and ``-F_x(t) x``, which act on q and x alone and commute with
    every potential.
    """

    model: Model
    of_q: sp.Expr
    of_x: sp.Expr

    @property
    def act(self) -> bool:
        """Whether there are any."""
        return (self.of_q, self.of_x) != (0, 0)

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F_q and F_x at some times."""
        of_q, of_x = compiled((T,), [self.of_q, self.of_x])(times)
        return np.broadcast_to(of_q, times.shape).astype(float), np.broadcast_to(of_x, times.shape).astype(float)


@lru_cache(maxsize=64)
def forces_of(model: Model) -> Forces:
    """The forces that are the same everywhere and depend on time, and the model without them."""
    if not model.is_driven:
        return Forces(model, sp.Integer(0), sp.Integer(0))
    totals, left = {Q: sp.Integer(0), X: sp.Integer(0)}, []
    for potential in _potentials(model):
        found = products(potential)
        for factor, part in zip(found.factors, found.parts, strict=True):
            slopes = {v: sp.diff(part, v) for v in (Q, X)}
            for v, slope in slopes.items():
                if slope.is_number and slope != 0:
                    totals[v] -= slope * factor
                    potential -= slope * factor * v
        left.append(sp.expand(potential, power_exp=False) if potential.is_polynomial(Q, X) else potential)
    if totals == {Q: 0, X: 0}:
        return Forces(model, sp.Integer(0), sp.Integer(0))
    return Forces(_with_potentials(model, *left), totals[Q], totals[X])


def rate_of_change(model: Model, duration: float, q: np.ndarray, x: np.ndarray) -> float:
    """How fast forces change with time by themselves in a run: w of a force ``cos(w t)``; 0 if nothing drives them.

    At points q and x, arrays of one shape.
    """
    if not model.is_driven:
        return 0.0
    total = sum(_potentials(model), sp.Integer(0))
    slopes = [sp.diff(total, v) for v in (Q, X)]
    times = duration * (np.arange(PHASES) + 0.5) / PHASES
    values = compiled((Q, X, T), [*slopes, *(sp.diff(slope, T) for slope in slopes)])(q[:, None], x[:, None], times)
    forces_q, forces_x, rates_q, rates_x = (np.broadcast_to(v, (q.size, times.size)) for v in values)
    fastest = 0.0
    for forces, rates in ((forces_q, rates_q), (forces_x, rates_x)):
        swing, change = np.ptp(forces, axis=1) / 2, np.abs(rates).max(axis=1)
        ratios = change[swing > 0] / swing[swing > 0]
        fastest = max(fastest, float(ratios[np.isfinite(ratios)].max(initial=0.0)))
    return fastest


def require_undriven(model: Model, what: str) -> None:
    """Refuse, with ModelError, a model whose potentials depend on time where that has no meaning."""
    if model.is_driven:
        names = [n for n, V in zip(("V_C", "V_Q", "V_I"), _potentials(model), strict=True) if T in V.free_symbols]
        raise ModelError("model", f"potentials without t for {what}", f"{' and '.join(names)} that depend on t")


def _potentials(model: Model) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    return model.V_C, model.V_Q, model.V_I


def _with_potentials(model: Model, V_C: sp.Expr, V_Q: sp.Expr, V_I: sp.Expr) -> Model:
    """The model with other potentials, without those checks that are not about them."""
    return replace(
        model,
        classical_potential=V_C,
        quantum_potential=V_Q,
        interaction=V_I,
        parameters={},
        noises=[Noise(*term) for term in model.noise_terms],
        allow_unphysical=True,
    )
