"""Lengths that a formula in (q, x) knows by itself, whatever the units of its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import sympy as sp

from wignercq.gaussian.own_units import power_of_two
from wignercq.model.model import Q, X

DIMENSIONLESS = (sp.Function, sp.exp, sp.sign)  # of order one wherever its argument is
LONG = 60  # bits of an exact number that NumPy still computes with
MOST_BALANCES = 40  # looked at in one formula
MOST_LENGTHS = 8  # kept along each coordinate
ALIKE = math.log(3)  # lengths closer than this factor count as one


class Monomial(NamedTuple):
    """``c q**a x**b``; as a balance, the curve on which ``c q**a x**b = 1``."""

    a: float
    b: float
    log_c: float


def characteristic_lengths(formula: sp.Expr) -> tuple[list[float], list[float]]:
    """Lengths along q and along x at which two terms of a sum are equal, or the argument of a function is one.

    Where such a balance holds on a curve, its crossings with the others count. Numbers that are converted to other
    units give the same lengths, converted; there are none in a formula that looks alike at all scales. Each list is
    sorted, without what is nearly equal, and short.
    """
    balances: list[Monomial] = []
    for balance in _balances(formula):
        if all(max(abs(u - v) for u, v in zip(balance, other, strict=True)) > 1e-9 for other in balances):
            balances.append(balance)
        if len(balances) == MOST_BALANCES:
            break
    logs_q = [-f.log_c / f.a for f in balances if not f.b]
    logs_x = [-f.log_c / f.b for f in balances if not f.a]
    for f, g in combinations(balances, 2):
        determinant = f.a * g.b - f.b * g.a
        if determinant and (f.b or g.b) and (f.a or g.a):
            logs_q.append((f.b * g.log_c - g.b * f.log_c) / determinant)
            logs_x.append((g.a * f.log_c - f.a * g.log_c) / determinant)
    return _thinned(logs_q), _thinned(logs_x)


def in_units(formula: sp.Expr, q: float, x: float, energy: float | None = None) -> sp.Expr:
    """An energy as a function of q and x in units of those lengths, in the unit given, itself.

    Polynomials are expanded, so that no power of a length is left; None takes the largest coefficient of one.
    """
    scaled = formula.xreplace({Q: sp.Rational(q) * Q, X: sp.Rational(x) * X})
    if scaled.is_polynomial(Q, X):
        scaled = sp.expand(scaled, power_exp=False)
        varying = sp.Poly(scaled - scaled.subs({Q: 0, X: 0}), Q, X).coeffs() if energy is None else [energy]
        scaled = sp.expand(scaled / sp.Rational(power_of_two(max(abs(float(c)) for c in varying))), power_exp=False)
    elif energy is not None:
        scaled = scaled / sp.Rational(energy)
    long = {r: sp.Float(r, 17) for r in scaled.atoms(sp.Rational) if max(abs(r.p), r.q).bit_length() > LONG}
    return scaled.xreplace(long)


def _balances(formula: sp.Expr) -> Iterator[Monomial]:
    whole = sp.expand(formula) if formula.is_polynomial(Q, X) else formula
    for node in sp.preorder_traversal(whole):
        if isinstance(node, sp.Add):
            terms = [m for term in node.args if (m := _monomial(term)) is not None]
            yield from _varying(Monomial(f.a - g.a, f.b - g.b, f.log_c - g.log_c) for f, g in combinations(terms, 2))
        elif isinstance(node, DIMENSIONLESS):
            arguments = sp.Add.make_args(sp.expand_mul(node.args[0]))
            yield from _varying(m for term in arguments if (m := _monomial(term)) is not None)


def _varying(balances: Iterable[Monomial]) -> Iterator[Monomial]:
    """Those that are about q or x at all, with the sign that makes equal ones the same."""
    for f in balances:
        if f.a or f.b:
            yield f if (f.a, f.b) > (0, 0) else Monomial(-f.a, -f.b, -f.log_c)


def _monomial(term: sp.Expr) -> Monomial | None:
    """The size of a term, functions in it counted as one; None where it has a sum as a factor."""
    a = b = log_c = 0.0
    for factor in sp.Mul.make_args(term):
        base, power = factor.args if isinstance(factor, sp.Pow) else (factor, sp.Integer(1))
        if factor.is_number:
            if factor.is_zero:
                return None
            log_c += _log(factor)
        elif not power.is_number or not (base in (Q, X) or isinstance(base, DIMENSIONLESS)):
            return None
        elif isinstance(base, sp.Abs):
            inner = _monomial(base.args[0])
            if inner is None:
                return None
            a, b, log_c = (s + float(power) * t for s, t in zip((a, b, log_c), inner, strict=True))
        else:
            a, b = a + float(power) * (base == Q), b + float(power) * (base == X)
    return Monomial(a, b, log_c)


def _log(number: sp.Expr) -> float:
    if number.is_Rational:
        return math.log(abs(number.p)) - math.log(number.q)
    return float(sp.log(sp.Abs(number)))


def _thinned(logs: Sequence[float]) -> list[float]:
    kept: list[float] = []
    for log in sorted(logs):
        if not kept or log - kept[-1] > ALIKE:
            kept.append(log)
    if len(kept) > MOST_LENGTHS:
        kept = [kept[round(k * (len(kept) - 1) / (MOST_LENGTHS - 1))] for k in range(MOST_LENGTHS)]
    return [math.exp(log) for log in kept if abs(log) < 600]
