"""Formulas to numbers on points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp


def compiled(
    variables: Sequence[sp.Symbol], formulas: sp.Expr | Sequence[sp.Expr], modules: Sequence[str] = ("scipy", "numpy")
) -> Callable[..., Any]:
    """A function of points: the value of one formula, or a list of those of several, as they come.

    Points are numbers or arrays that broadcast; the value of a formula that does not depend on them is a number. What
    is singular or overflows is not finite, without a warning. What several formulas share is computed once.
    """
    share = not isinstance(formulas, sp.Expr)
    function = sp.lambdify(variables, formulas, modules=list(modules), cse=share)

    def values(*points: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*points)

    return values


def sampled(variables: Sequence[sp.Symbol], formula: sp.Expr, dtype: type = float) -> Callable[..., np.ndarray]:
    """A function of points: the values of a formula on them, of the shape to which they broadcast."""
    function = compiled(variables, formula)
    return lambda *points: np.broadcast_to(np.asarray(function(*points), dtype), np.broadcast(*points).shape)
