"""Formulas to numbers on points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.numpy import SciPyPrinter

LARGEST_POWER = 16  # that is written as a product


def compiled(variables: Sequence[sp.Symbol], formulas: sp.Expr | Sequence[sp.Expr]) -> Callable[..., Any]:
    """A function of points: the value of one formula, or a list of those of several, as they come.

    Points are numbers or arrays that broadcast; the value of a formula that does not depend on them is a number. What
    is singular or overflows is not finite, without a warning. What several formulas share is computed once.
    """
    function = _function(tuple(variables), formulas if isinstance(formulas, sp.Expr) else tuple(formulas))

    def values(*points: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*points)

    return values


@lru_cache(maxsize=512)
def _function(variables: tuple[sp.Symbol, ...], formulas: sp.Expr | tuple[sp.Expr, ...]) -> Callable[..., Any]:
    """SymPy takes milliseconds to write and compile one, and a run asks for the same ones again and again."""
    several = isinstance(formulas, tuple)
    printer = _Printer({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
    function: Callable[..., Any] = sp.lambdify(
        variables, [*formulas] if several else formulas, modules=["scipy", "numpy"], printer=printer, cse=several
    )
    return function


class _Printer(SciPyPrinter):
    """Writes powers as products: NumPy takes a hundred times as long for ``x**3`` as for ``x*x*x``."""

    def _print_Pow(self, expr: sp.Pow, **options: Any) -> str:
        base, exponent = expr.args
        if exponent.is_Integer and 2 < exponent <= LARGEST_POWER:
            if base.is_Symbol:
                return f"({self._product(self._print(base), int(exponent))})"
            if exponent % 2 == 0:
                return f"({self._print(sp.Pow(base, exponent // 2, evaluate=False))})**2"
        written: str = super()._print_Pow(expr, **options)
        return written

    def _product(self, name: str, power: int) -> str:
        """As few multiplications as squares allow."""
        if power <= 2:
            return "*".join([name] * power)
        root = f"({self._product(name, power // 2)})**2"
        return f"{root}*{name}" if power % 2 else root


def sampled(variables: Sequence[sp.Symbol], formula: sp.Expr, dtype: type = float) -> Callable[..., np.ndarray]:
    """A function of points: the values of a formula on them, of the shape to which they broadcast."""
    function = compiled(variables, formula)
    return lambda *points: np.broadcast_to(np.asarray(function(*points), dtype), np.broadcast(*points).shape)
