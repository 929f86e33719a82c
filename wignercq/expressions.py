"""Formulas given as text, turned into SymPy through a whitelist; text is never evaluated.

The text is parsed by :mod:`ast` and the tree is walked node by node: numbers, known names, ``+ - * / **``
and the functions of :data:`FUNCTIONS` are accepted, everything else is refused.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping

import sympy as sp

from wignercq.errors import ExpressionError

FUNCTIONS: Mapping[str, Callable[..., sp.Expr]] = {
    name: getattr(sp, name)
    for name in ("exp log sqrt sin cos tan sinh cosh tanh sech asin acos atan asinh acosh atanh erf".split())
}
CONSTANTS: Mapping[str, sp.Expr] = {"pi": sp.pi}

MAX_LENGTH = 2000  # characters
MAX_DEPTH = 60  # nested operations
MAX_EXPONENT = 64
MAX_NUMBER = 1e100


def real_symbol(name: str) -> sp.Symbol:
    """The real SymPy symbol that stands for `name` in every expression of wignercq."""
    return sp.Symbol(name, real=True)


def as_rational(value: float) -> sp.Rational:
    """The decimal number that `value` prints as, exact, so that symbolic cancellations are exact."""
    return sp.Rational(repr(float(value)))


def parse(formula: str | float | sp.Expr, names: Collection[str], *, where: str, imaginary: bool = False) -> sp.Expr:
    """Turn a formula into a SymPy expression in real symbols.

    Parameters
    ----------
    formula : str, number or sympy.Expr
        For example ``"k*q**2/2"``. Functions: those of :data:`FUNCTIONS`; constant: ``pi``.
    names : collection of str
        The names that may occur: coordinates and parameters.
    where : str
        The key the formula came from, named in errors.
    imaginary : bool
        Accept ``I``, the imaginary unit (for wave functions).

    Raises
    ------
    ExpressionError
        Unknown name or function, anything that is not arithmetic, an exponent above 64, a text that is too
        long or nested too deeply, a number that overflows.
    """
    if isinstance(formula, str):
        expression = _from_text(formula, names, where, imaginary)
    elif isinstance(formula, sp.Basic):
        expression = _from_sympy(formula, names, where)
    elif isinstance(formula, (int, float)) and not isinstance(formula, bool) and math.isfinite(formula):
        expression = as_rational(formula)
    else:
        raise ExpressionError(f"{where}: expected a formula, got {formula!r}")
    _check_powers(expression, where)
    return expression


def _from_text(text: str, names: Collection[str], where: str, imaginary: bool) -> sp.Expr:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"{where}: expected at most {MAX_LENGTH} characters, got {len(text)}")
    if not text.isascii():
        odd = next(c for c in text if not c.isascii())
        raise ExpressionError(f"{where}: expected plain ASCII text, got the character {odd!a}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"{where}: expected a formula, got {_shorten(text)}") from None
    return _Reader(names, where, imaginary).read(tree)


class _Reader:
    """Walks a Python syntax tree and builds the SymPy expression, refusing what is not whitelisted."""

    def __init__(self, names: Collection[str], where: str, imaginary: bool) -> None:
        self.names = names
        self.where = where
        self.constants = {**CONSTANTS, "I": sp.I} if imaginary else CONSTANTS

    def refuse(self, what: str) -> ExpressionError:
        known = ", ".join(sorted({*self.names, *self.constants}))
        return ExpressionError(
            f"{self.where}: expected numbers, + - * / **, the names {known} and the functions "
            f"{', '.join(FUNCTIONS)}, got {what}"
        )

    def read(self, node: ast.expr, depth: int = 0) -> sp.Expr:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"{self.where}: expected at most {MAX_DEPTH} nested operations, got more")
        match node:
            case ast.Constant(value=bool()):
                raise self.refuse(f"the constant {node.value!r}")
            case ast.Constant(value=int() | float()):
                return self.number(node.value)
            case ast.Name(id=name) if name in self.names:
                return real_symbol(name)
            case ast.Name(id=name) if name in self.constants:
                return self.constants[name]
            case ast.Name(id=name):
                raise self.refuse(f"the unknown name {_shorten(name)}")
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                value = self.read(operand, depth + 1)
                return -value if isinstance(node.op, ast.USub) else value
            case ast.BinOp(left=left, op=operator, right=right):
                return self.combine(operator, self.read(left, depth + 1), self.read(right, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                return self.finite(FUNCTIONS[name](self.read(argument, depth + 1)))
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
                raise self.refuse(f"{name} with other than one argument")
            case ast.Call(func=ast.Name(id=name)):
                raise self.refuse(f"the unknown function {_shorten(name)}")
            case _:
                raise self.refuse(_shorten(ast.unparse(node)))

    def combine(self, operator: ast.operator, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        match operator:
            case ast.Add():
                result = left + right
            case ast.Sub():
                result = left - right
            case ast.Mult():
                result = left * right
            case ast.Div():
                result = left / right
            case ast.Pow():
                result = self.power(left, right)
            case _:
                raise self.refuse(f"the operator {type(operator).__name__}")
        return self.finite(result)

    def power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_number and abs(complex(exponent)) > MAX_EXPONENT:
            raise ExpressionError(f"{self.where}: expected exponents up to {MAX_EXPONENT}, got a larger one")
        if base.is_number and exponent.is_number:
            try:
                size = abs(complex(base) ** complex(exponent))
            except (OverflowError, ZeroDivisionError):
                size = math.inf
            if not size < MAX_NUMBER:
                raise ExpressionError(f"{self.where}: expected finite numbers, got a power that overflows")
        return base**exponent

    def number(self, value: int | float) -> sp.Expr:
        if not abs(value) < MAX_NUMBER:
            raise ExpressionError(f"{self.where}: expected numbers below {MAX_NUMBER:g}, got a larger one")
        return sp.Integer(value) if isinstance(value, int) else as_rational(value)

    def finite(self, value: sp.Expr) -> sp.Expr:
        if value.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
            raise ExpressionError(f"{self.where}: expected a finite formula, got a division by zero")
        if sp.I not in self.constants.values() and value.is_number and value.is_real is False:
            raise ExpressionError(f"{self.where}: expected a real formula, got the complex number {value}")
        return value


def _from_sympy(expression: sp.Basic, names: Collection[str], where: str) -> sp.Expr:
    if not isinstance(expression, sp.Expr):
        raise ExpressionError(f"{where}: expected a SymPy expression, got {type(expression).__name__}")
    unknown = sorted(s.name for s in expression.free_symbols if s.name not in names)
    if unknown:
        raise ExpressionError(f"{where}: expected the names {', '.join(sorted(names))}, got {', '.join(unknown)}")
    known = tuple(f for f in FUNCTIONS.values() if isinstance(f, type))
    for function in expression.atoms(sp.Function):
        if not isinstance(function, known):
            raise ExpressionError(f"{where}: expected the functions {', '.join(FUNCTIONS)}, got {function.func}")
    if expression.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
        raise ExpressionError(f"{where}: expected a finite formula, got {expression}")
    return expression.subs({s: real_symbol(s.name) for s in expression.free_symbols})


def _check_powers(expression: sp.Expr, where: str) -> None:
    for power in expression.atoms(sp.Pow):
        if power.exp.is_number and abs(complex(power.exp)) > MAX_EXPONENT:
            raise ExpressionError(f"{where}: expected exponents up to {MAX_EXPONENT}, got {_shorten(str(power.exp))}")


def _shorten(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "...")
