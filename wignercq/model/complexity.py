"""How large a formula becomes when it is multiplied out or differentiated, known before either is tried.

Short texts can stand for expressions that no machine holds: ``(((x + 1)**8 + 1)**8 + 1)**8`` has 513 coefficients of up
to 150 digits, a product of fifty sines has second derivatives of 100 000 factors. The counts below follow the rules of
expansion and of differentiation without carrying them out.
"""

from __future__ import annotations

import itertools
from typing import TypeAlias

import sympy as sp

from wignercq.errors import ExpressionError
from wignercq.model.formulas import WITHOUT_KINKS

MAX_TERMS = 600  # of a formula multiplied out; a term of degree n counts n + 1 times, as it does after x -> x + h
MAX_SECOND_DERIVATIVE = 6000  # numbers, names and operations, as it is written down
MAX_HIGH_DERIVATIVE = 3000

Monomial: TypeAlias = frozenset[tuple[sp.Basic, int]]  # factors with their powers
Sizes: TypeAlias = tuple[int, int, int]  # of an expression, its first and its second derivative


def require_tractable(formula: sp.Expr, *, where: str) -> None:
    """Refuse a potential that has kinks, or whose expansion or second derivative is out of hand.

    ExpressionError for an absolute value, whose second derivative is no function; for more than 600 terms, multiplied
    out; for a second derivative of more than 6000 operations.
    """
    if any(kink.free_symbols for kink in formula.atoms(sp.Abs, sp.sign)):
        raise ExpressionError(where, *WITHOUT_KINKS)
    if _monomials(formula) is None:
        raise ExpressionError(
            where, f"at most {MAX_TERMS} terms when multiplied out (one of degree n counts n + 1 times)", "more"
        )
    if derivative_sizes(formula)[2] > MAX_SECOND_DERIVATIVE:
        raise ExpressionError(
            where,
            f"second derivatives of at most {MAX_SECOND_DERIVATIVE} operations",
            "longer ones; nest functions less deeply or multiply fewer of them",
        )


def require_differentiable(formula: sp.Expr, *, where: str) -> None:
    """Refuse a formula whose first derivative is out of hand, as it happens when it is a high derivative itself.

    ExpressionError for a derivative of more than 3000 operations.
    """
    if derivative_sizes(formula)[1] > MAX_HIGH_DERIVATIVE:
        raise ExpressionError(
            where,
            f"an order at which the derivatives of the potentials have at most {MAX_HIGH_DERIVATIVE} operations",
            "a higher one",
        )


def _monomials(node: sp.Basic) -> set[Monomial] | None:
    """What an expression consists of when multiplied out; everything but sums, products and powers is a factor.

    None if that is too much, in the expression or in the arguments of its functions.
    """
    parts = [_monomials(part) for part in node.args]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    match node:
        case sp.Rational():
            return {frozenset()}
        case sp.Add():
            return _limited(set().union(*known))
        case sp.Mul():
            return _product(known)
        case sp.Pow() if node.exp.is_Rational:  # SymPy expands the whole part of the power, in a denominator too
            expanded = _product([known[0]] * int(abs(node.exp)))
            return expanded if expanded is None or (node.exp.is_Integer and node.exp > 0) else {_factor(node)}
        case _:
            return {_factor(node)}


def _factor(node: sp.Basic) -> Monomial:
    return frozenset({(node, 1)})


def _product(factors: list[set[Monomial]]) -> set[Monomial] | None:
    result: set[Monomial] | None = {frozenset()}
    for factor in factors:
        if result is None:
            return None
        result = _limited({_times(a, b) for a, b in itertools.product(result, factor)})
    return result


def _times(a: Monomial, b: Monomial) -> Monomial:
    powers = dict(a)
    for factor, power in b:
        powers[factor] = powers.get(factor, 0) + power
    return frozenset(powers.items())


def _limited(terms: set[Monomial]) -> set[Monomial] | None:
    weight = sum(1 + sum(power for factor, power in term if factor.is_Symbol) for term in terms)
    return terms if weight <= MAX_TERMS else None


def derivative_sizes(node: sp.Basic) -> Sizes:
    """Numbers, names and operations in an expression, its first and its second derivative, before they simplify."""
    parts = [derivative_sizes(part) for part in node.args]
    if not node.free_symbols:
        return _total(parts, 0), 0, 0
    if not parts:
        return 1, 1, 0
    whole = _total(parts, 0)
    if node.is_Add:
        return whole, _total(parts, 1), _total(parts, 2)
    if node.is_Mul:
        first, second = 0, 0
        for i, (size, once, twice) in enumerate(parts):
            others = [part for j, part in enumerate(parts) if j != i]
            first += (once + whole - size) if once else 0
            second += (twice + whole - size) if twice else 0
            second += sum(once + other[1] + whole - size - other[0] for other in others if once and other[1])
        return whole, first, second
    once, twice = _total(parts, 1), _total(parts, 2)  # f(u)'' = f''(u) u' u' + f'(u) u''
    return whole, whole + once, 2 * whole + 2 * once + twice


def _total(parts: list[Sizes], order: int) -> int:
    return 1 + sum(part[order] for part in parts)
