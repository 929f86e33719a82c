"""Questions about formulas answered by finite differences, quick for formulas that take long to simplify.

A difference is summed with two numbers of digits, both high: rounding noise shrinks with them, anything else stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sympy as sp

from wignercq.errors import ExpressionError
from wignercq.model.formulas import substitute

DIGITS = (500, 1000)  # so that exp(-1000) still counts beside 1
REACHES = (1, -1, 10, -10, 1000, -1000)  # so that no step between flat parts is missed

# Irrational, so that no period fits them.
START = (sp.sqrt(2), sp.sqrt(5) / 3)
STEP = (sp.sqrt(3), sp.sqrt(7))

Point = tuple[sp.Expr, sp.Expr]


def is_separable(formula: sp.Expr, symbols: tuple[sp.Symbol, sp.Symbol]) -> bool:
    """Whether a formula in two variables is the sum of a function of one and a function of the other.

    Then and only then is ``f(a, b) - f(a, b') - f(a', b) + f(a', b')`` zero for all numbers. What cannot be decided
    counts as not separable.
    """
    mixed = sp.Add(*(term for term in sp.Add.make_args(formula) if set(symbols) <= term.free_symbols))
    known = bool(mixed == 0)
    for reach in REACHES:
        (a, b), (c, d) = START, tuple(here + reach * step for here, step in zip(START, STEP, strict=True))
        verdict = _vanishes(mixed, symbols, [(1, (a, b)), (-1, (a, d)), (-1, (c, b)), (1, (c, d))])
        if verdict is False:
            return False
        known = known or verdict is True
    return known


def is_quadratic(formula: sp.Expr, symbols: tuple[sp.Symbol, sp.Symbol]) -> bool:
    """Whether a formula in two variables is a polynomial of degree at most two: its third differences are zero."""
    if not formula.is_polynomial(*symbols):
        return False
    a, b = (tuple(here + i * step for i in range(4)) for here, step in zip(START, STEP, strict=True))
    return _vanishes(formula, symbols, list(zip((1, -3, 3, -1), zip(a, b, strict=True), strict=True))) is True


def _vanishes(
    formula: sp.Expr, symbols: tuple[sp.Symbol, sp.Symbol], stencil: Sequence[tuple[int, Point]]
) -> bool | None:
    """Whether the weighted sum over the points is zero; None if a value is not real or is out of range."""
    totals = []
    for digits in DIGITS:
        total = sp.Integer(0)
        for weight, point in stencil:
            values = {s.name: _decimal(coordinate, digits) for s, coordinate in zip(symbols, point, strict=True)}
            try:
                total += weight * substitute(formula, values, where="value").evalf(digits)
            except ExpressionError:
                return None
        totals.append(total)
    coarse, fine = totals
    return bool(fine == 0 or abs(coarse - fine) > abs(fine) / 1000)


@cache
def _decimal(coordinate: sp.Expr, digits: int) -> sp.Float:
    return coordinate.evalf(digits)
