"""The formulas of a model as they are given, and with the numbers of its parameters put in."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from wignercq.errors import ModelError, listed
from wignercq.model.bath import Formula
from wignercq.model.complexity import require_tractable
from wignercq.model.formulas import as_rational, parse, representable, substitute
from wignercq.model.typeset import plain


class FormulaReader:
    """Reads formulas with the same parameters, and knows which of these were used."""

    def __init__(self, parameters: Mapping[str, float]) -> None:
        self._parameters = parameters
        self._values = {name: as_rational(value) for name, value in parameters.items()}
        self._unused = set(parameters)

    def read(self, given: Formula, where: str, coordinates: Mapping[str, sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
        """A formula with names, and with numbers put in; ExpressionError where it is none that is accepted."""
        formula = parse(given, {*coordinates, *self._values}, where=where)
        used = sorted({symbol.name for symbol in formula.free_symbols} - {*coordinates})
        self._unused.difference_update(used)
        shown = listed([f"{name} = {plain(self._parameters[name])}" for name in used], limit=4)
        where = f"{where} with {shown}" if used else where
        put_in = representable(substitute(formula, {**coordinates, **self._values}, where=where), where=where)
        require_tractable(put_in, where=where)
        return formula, put_in

    def require_all_used(self) -> None:
        """ModelError where a parameter occurs in no formula that was read."""
        if self._unused:
            raise ModelError(f"parameters.{min(self._unused)}", "a name used in a potential", "one that occurs in none")
