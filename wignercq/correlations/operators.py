"""Operators given as formulas: the Weyl symbol of what is inserted, a polynomial with plain numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sympy as sp

from wignercq.errors import ExpressionError, InputError, brief
from wignercq.grid.grid import NAMES
from wignercq.model.formulas import MAX_NUMBER, parse, representable
from wignercq.model.model import Formula

MAX_DEGREE = 8  # of an operator that is inserted: W is differentiated so often
CLASSICAL, QUANTUM, MIXED = "classical", "quantum", "mixed"

Powers: TypeAlias = tuple[int, int, int, int]  # of q, p, x, y
CONSTANT: Powers = (0, 0, 0, 0)


@dataclass(frozen=True)
class Polynomial:
    """A polynomial of (q, p, x, y): the coefficient of each product of powers."""

    terms: Mapping[Powers, float]

    @property
    def kind(self) -> str:
        """Whether it is an operator of the classical particle, of the quantum one, or of both."""
        of_classical = any(q or p for q, p, _, _ in self.terms)
        of_quantum = any(x or y for _, _, x, y in self.terms)
        return MIXED if of_classical and of_quantum else CLASSICAL if of_classical else QUANTUM

    def derivative(self, *orders: int) -> Polynomial:
        """The derivative of these orders by q, p, x and y."""
        terms = {}
        for powers, coefficient in self.terms.items():
            if all(power >= order for power, order in zip(powers, orders, strict=True)):
                factor = math.prod(math.perm(power, order) for power, order in zip(powers, orders, strict=True))
                q, p, x, y = (power - order for power, order in zip(powers, orders, strict=True))
                terms[q, p, x, y] = factor * coefficient
        return Polynomial(terms)

    def times(self, factor: float) -> Polynomial:
        """The product with a number."""
        return Polynomial({powers: factor * coefficient for powers, coefficient in self.terms.items()})

    def __add__(self, other: Polynomial) -> Polynomial:
        total: dict[Powers, float] = defaultdict(float, self.terms)
        for powers, coefficient in other.terms.items():
            total[powers] += coefficient
        return Polynomial({powers: coefficient for powers, coefficient in total.items() if coefficient})

    def __call__(self, *points: Any) -> Any:
        """Values at points (q, p, x, y), numbers or arrays that broadcast."""
        products = (
            coefficient * math.prod(point**power for point, power in zip(points, powers, strict=True) if power)
            for powers, coefficient in self.terms.items()
        )
        return sum(products, 0.0)


@dataclass(frozen=True)
class Operators:
    """Formulas of (q, p, x, y), each the Weyl symbol of an operator, and how they are called."""

    labels: tuple[str, ...]
    formulas: tuple[sp.Expr, ...]

    @classmethod
    def read(cls, given: Formula | Sequence[Formula], *, where: str) -> Operators:
        """From one formula or several that all differ; ExpressionError where one is none, InputError without any."""
        several = [*given] if isinstance(given, Sequence) and not isinstance(given, str) else [given]
        if not several:
            raise InputError(where, "a formula of q, p, x, y or several", "none")
        formulas = [representable(parse(one, NAMES, where=where), where=where) for one in several]
        for number, formula in enumerate(formulas):
            if formula in formulas[:number]:
                raise InputError(where, "formulas that all differ", f"{brief(str(several[number]))} twice")
        return cls(tuple(" ".join(str(one).split()) for one in several), tuple(formulas))

    def named_like(self, others: Operators) -> Operators:
        """The same operators, each that is among others under its name there."""
        known = dict(zip(others.formulas, others.labels, strict=True))
        pairs = zip(self.formulas, self.labels, strict=True)
        return Operators(tuple(known.get(formula, label) for formula, label in pairs), self.formulas)

    def polynomials(self, *, where: str) -> list[Polynomial]:
        """Each as a polynomial; ExpressionError where one is none, is constant, or of more than the eighth degree."""
        found = []
        for formula, label in zip(self.formulas, self.labels, strict=True):
            polynomial = Polynomial(_multiplied_out(formula, where))
            if set(polynomial.terms) <= {CONSTANT}:
                raise ExpressionError(where, "a polynomial that varies with q, p, x or y", brief(label))
            found.append(polynomial)
        return found


def _multiplied_out(node: sp.Expr, where: str) -> dict[Powers, float]:
    """The terms of a polynomial; no product is formed whose degree is out of hand."""
    if node.is_number:
        return {CONSTANT: float(node)} if node else {}
    match node:
        case sp.Symbol():
            q, p, x, y = (int(node.name == name) for name in NAMES)
            return {(q, p, x, y): 1.0}
        case sp.Add():
            total = Polynomial({})
            for part in node.args:
                total = total + Polynomial(_multiplied_out(part, where))
            return dict(total.terms)
        case sp.Mul():
            return _product([_multiplied_out(part, where) for part in node.args], where)
        case sp.Pow() if node.exp.is_Integer and node.exp > 0:
            return _product([_multiplied_out(node.base, where)] * int(node.exp), where)
        case _:
            raise ExpressionError(where, "a polynomial of q, p, x, y", brief(str(node)))


def _product(factors: Sequence[dict[Powers, float]], where: str) -> dict[Powers, float]:
    result = {CONSTANT: 1.0}
    for factor in factors:
        product: dict[Powers, float] = defaultdict(float)
        for (q, p, x, y), one in result.items():
            for (dq, dp, dx, dy), other in factor.items():
                product[q + dq, p + dp, x + dx, y + dy] += one * other
        result = {powers: coefficient for powers, coefficient in product.items() if coefficient}
        if max((sum(powers) for powers in result), default=0) > MAX_DEGREE:
            raise ExpressionError(where, f"a polynomial of at most degree {MAX_DEGREE}", "a higher one")
        if not all(abs(coefficient) < MAX_NUMBER for coefficient in result.values()):
            raise ExpressionError(where, f"numbers below {MAX_NUMBER:g}", "a larger one, multiplied out")
    return result
