"""Formulas given as text, turned into SymPy through a whitelist; text is never evaluated.

The text is parsed by :mod:`ast` and the tree is walked node by node: numbers, known names, ``+ - * / **``
and the functions of :data:`FUNCTIONS` are accepted, everything else is refused. SymPy input and the values put
in for names go through the same arithmetic, whose every result is checked before it is used further.
"""

from __future__ import annotations

import ast
import math
import numbers
import operator
from collections.abc import Callable, Collection, Mapping

import sympy as sp

from wignercq.errors import ExpressionError, brief, listed, suggestion
from wignercq.model.syntax import syntax_tree

FUNCTIONS: Mapping[str, Callable[..., sp.Expr]] = {
    name: getattr(sp, name)
    for name in ("exp log sqrt sin cos tan sinh cosh tanh sech asin acos atan asinh acosh atanh erf".split())
}
CONSTANTS: Mapping[str, sp.Expr] = {"pi": sp.pi}
# What SymPy makes of the functions above, such as sqrt(x**2) = Abs(x) and tan(x + pi/2) = -cot(x).
SYMPY_FUNCTIONS = {*FUNCTIONS.values(), sp.Abs, sp.sign, sp.cot, sp.sec, sp.csc, sp.coth, sp.csch}
UNKNOWN_TO_NUMPY = (sp.sech, sp.csch, sp.coth, sp.sec, sp.csc, sp.cot)  # of a constant, SymPy writes them with exp(I*x)
SINGULAR = {sp.zoo, sp.nan, sp.oo, -sp.oo}

ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
REFUSED = {ast.BitXor: "^ (a power is **)", ast.FloorDiv: "//", ast.Mod: "%", ast.MatMult: "@"}  # as typed

#: What is expected of a potential, and what came, where there is an absolute value.
WITHOUT_KINKS = (
    "a formula without kinks",
    "an absolute value such as abs(x) or sqrt(x**2); round it off: sqrt(x**2 + w**2)",
)
OTHER_NAMES = {"ln": "log", "tg": "tan", "abs": "sqrt(x**2)", "Abs": "sqrt(x**2)", "pow": "**"}  # of functions
EXPONENTIAL = "; did you mean 'exp(...)'?"

MAX_DEPTH = 60  # nested operations; SymPy takes up to three levels for one
MAX_EXPONENT = 64
MAX_EXACT_ROOT = 64  # of exact numbers; with others, SymPy raises their factors to powers as large as the root
MAX_NUMBER = 1e100
MAX_BITS = 4096  # of the numerator and the denominator of an exact number


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
        For example ``"k*q**2/2"``. Functions: those of :data:`FUNCTIONS`; constant: ``pi``. In SymPy input symbols
        are told apart by their names alone.
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
    builder = _Builder({name: real_symbol(name) for name in names}, where, imaginary)
    if isinstance(formula, str):
        return builder.read(syntax_tree(formula, where))
    if isinstance(formula, sp.Basic):
        return builder.rebuild(formula)
    if isinstance(formula, bool) or not isinstance(formula, numbers.Real):
        raise ExpressionError(where, "a formula", brief(formula))
    return builder.number(formula)


def substitute(expression: sp.Expr, values: Mapping[str, sp.Expr], *, where: str, imaginary: bool = False) -> sp.Expr:
    """Put `values` in for all names of `expression`, under the checks of :func:`parse`.

    ExpressionError for a name without a value, a division by zero, a complex number, an exponent or number too large.
    """
    return _Builder(values, where, imaginary).rebuild(expression)


def representable(expression: sp.Expr, *, where: str, imaginary: bool = False) -> sp.Expr:
    """`expression` with decimals in place of constants that NumPy cannot evaluate, such as ``sqrt(3*10**19)``.

    ExpressionError where it is no formula any more with the decimals.
    """
    better: dict[sp.Basic, sp.Expr] = {}
    for node in sp.preorder_traversal(expression):
        if node.is_number and _is_unwieldy(node):
            better[node] = _decimal(complex(node))
        elif (
            isinstance(node, sp.Pow)
            and not node.exp.is_number
            and node.base.is_number
            and _is_unwieldy(sp.log(node.base))
        ):
            better[node] = sp.exp(node.exp * _decimal(complex(sp.log(node.base))))  # its derivative has the logarithm
    replaced = expression.xreplace(better)
    names = {symbol.name: symbol for symbol in replaced.free_symbols}
    return _Builder(names, where, imaginary).rebuild(replaced) if better else expression


class _Builder:
    """Builds an expression from a syntax tree or from SymPy, refusing what is not whitelisted or out of hand."""

    def __init__(self, values: Mapping[str, sp.Expr], where: str, imaginary: bool) -> None:
        self.values = values
        self.where = where
        self.imaginary = imaginary
        self.constants = {**CONSTANTS, "I": sp.I} if imaginary else CONSTANTS

    def refuse(self, what: str) -> ExpressionError:
        names = listed([*sorted(self.values), *self.constants], limit=10)
        return self.error(f"a formula in {names} with + - * / ** and {listed([*FUNCTIONS], limit=3)}", what)

    def refuse_name(self, name: str) -> ExpressionError:
        hint = EXPONENTIAL if name in ("e", "E") else suggestion(name, [*self.values, *self.constants])
        return self.refuse(f"the unknown name {brief(name)}{hint}")

    def refuse_function(self, name: str) -> ExpressionError:
        if name in self.values or name in self.constants:
            return self.error(f"an operator between {brief(name)} and '('", "none")
        if name.lower() == "abs" and not self.imaginary:
            return self.error(*WITHOUT_KINKS)
        hint = f"; did you mean {OTHER_NAMES[name]!r}?" if name in OTHER_NAMES else suggestion(name, FUNCTIONS)
        return self.error(f"one of the functions {', '.join(FUNCTIONS)}", f"the unknown function {brief(name)}{hint}")

    def error(self, expected: str, what: str) -> ExpressionError:
        return ExpressionError(self.where, expected, what)

    def read(self, node: ast.expr, depth: int = 0) -> sp.Expr:
        if depth > MAX_DEPTH:
            raise self.error(f"at most {MAX_DEPTH} nested operations", "more")
        match node:
            case ast.Constant(value=bool()):
                raise self.refuse(f"the constant {node.value!r}")
            case ast.Constant(value=int() | float() as value):
                return self.number(value)
            case ast.Name(id=name) if name in self.values:
                return self.values[name]
            case ast.Name(id=name) if name in self.constants:
                return self.constants[name]
            case ast.Name(id=name):
                raise self.refuse_name(name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                value = self.read(operand, depth + 1)
                return -value if isinstance(node.op, ast.USub) else value
            case ast.BinOp(left=left, op=kind, right=right):
                return self.combine(kind, self.read(left, depth + 1), self.read(right, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                return self.call(FUNCTIONS[name], self.read(argument, depth + 1))
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
                raise self.error("one argument of a function", f"{name} with another number")
            case ast.Call(func=ast.Name(id=name)):
                raise self.refuse_function(name)
            case _:
                raise self.refuse(brief(ast.unparse(node)))

    def rebuild(self, node: sp.Basic, depth: int = 0) -> sp.Expr:
        if depth > 3 * MAX_DEPTH:
            raise self.error(f"at most {3 * MAX_DEPTH} nested operations", "more")
        match node:
            case sp.Symbol():
                if node.name not in self.values:
                    raise self.refuse_name(node.name)
                return self.values[node.name]
            case sp.Float():
                return self.number(node)
            case sp.Number() | sp.NumberSymbol() | sp.core.numbers.ImaginaryUnit() | sp.zoo:
                return self.checked(node)
            case sp.Pow():
                return self.power(*(self.rebuild(part, depth + 1) for part in node.args))
            case sp.exp():
                return self.call(sp.exp, self.rebuild(node.args[0], depth + 1))
            case sp.Expr() if node.func in {sp.Add, sp.Mul, *SYMPY_FUNCTIONS}:
                return self.checked(node.func(*(self.rebuild(part, depth + 1) for part in node.args)))
            case _:
                raise self.refuse(brief(type(node).__name__))

    def combine(self, kind: ast.operator, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        if isinstance(kind, ast.Pow):
            return self.power(left, right)
        if type(kind) in ARITHMETIC:
            return self.checked(ARITHMETIC[type(kind)](left, right))
        raise self.refuse(f"the operator {REFUSED.get(type(kind), type(kind).__name__)}")

    def power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if _is_large(exponent):
            raise self.error(f"exponents up to {MAX_EXPONENT}", "a larger one")
        exponent = _without_exact_powers(exponent)
        if _is_high_root(exponent):
            constant, rest = base.as_independent(*base.free_symbols, as_Add=False)
            constant, rest = (-constant, -rest) if constant.is_negative else (constant, rest)
            if constant.is_positive and constant not in {sp.E, sp.S.One}:
                decimal = self.number(sp.N(constant, 20) ** sp.N(exponent, 20))
                return self.checked(decimal * rest**exponent)
        return self.checked(base**exponent)

    def call(self, function: Callable[..., sp.Expr], argument: sp.Expr) -> sp.Expr:
        return self.checked(function(_without_exact_powers(argument) if function is sp.exp else argument))

    def number(self, value: numbers.Real | sp.Float) -> sp.Expr:
        try:
            plain = int(value) if isinstance(value, numbers.Integral) else float(value)
        except OverflowError:
            plain = math.inf
        if plain != plain:
            raise self.error("a finite number", "nan")
        if not abs(plain) < MAX_NUMBER:
            raise self.error(f"numbers below {MAX_NUMBER:g}", "a larger one")
        return sp.Integer(plain) if isinstance(plain, int) else as_rational(plain)

    def checked(self, value: sp.Expr) -> sp.Expr:
        """`value` itself, so that no operation is ever carried out on a number that is out of hand."""
        leaves = value.atoms()
        if not leaves.isdisjoint(SINGULAR):
            raise self.error("a finite formula", "a division by zero" if sp.zoo in leaves else "an infinity")
        if not all(_is_moderate(constant) for constant in {value, *leaves} if constant.is_number):
            raise self.error(f"numbers below {MAX_NUMBER:g}, exact ones of at most {MAX_BITS} bits", "a larger one")
        if any(_is_large(power.exp) for power in value.atoms(sp.Pow)):
            raise self.error(f"exponents up to {MAX_EXPONENT}", "a larger one")
        if not self.imaginary:
            self.require_real(value, leaves)
        return value

    def require_real(self, value: sp.Expr, leaves: set[sp.Basic]) -> None:
        if sp.I in leaves or (value.is_number and value.is_real is False):
            raise self.error("a real formula", f"the complex {brief(str(value))}")
        for power in value.atoms(sp.Pow):
            if not power.base.is_positive and power.base.is_number and not power.exp.is_number:
                raise self.error("powers of positive numbers", brief(str(power)))
            if power.base.is_negative and not power.exp.is_integer:
                raise self.error("a real formula", f"{brief(str(power))}, a power of a negative number")


def _is_large(exponent: sp.Expr) -> bool:
    size = exponent if exponent.is_Rational else complex(exponent) if exponent.is_number else 0
    return bool(abs(size) > MAX_EXPONENT)


def _is_high_root(exponent: sp.Expr) -> bool:
    return bool(exponent.is_Rational and exponent.q > MAX_EXACT_ROOT)


def _without_exact_powers(exponent: sp.Expr) -> sp.Expr:
    """`exponent` with decimals for logarithms that SymPy would undo: ``exp(1.234*log(5))`` is ``5**1.234`` to it."""
    if not any(_is_high_root(number) for number in exponent.atoms(sp.Rational)):
        return exponent
    return exponent.xreplace({node: _decimal(complex(node)) for node in exponent.atoms(sp.log) if node.is_number})


def _decimal(value: complex) -> sp.Expr:
    return as_rational(value.real) + (sp.I * as_rational(value.imag) if value.imag else 0)


def _is_unwieldy(constant: sp.Expr) -> bool:
    """Whether NumPy cannot evaluate a constant: integers beyond all floats, or beyond 64 bits in a function."""
    if constant.has(*UNKNOWN_TO_NUMPY):
        return True
    bits = max(
        (part.bit_length() for number in constant.atoms(sp.Rational) for part in (number.p, number.q)), default=0
    )
    return bits > (1000 if constant.is_Rational else 62)


def _is_moderate(constant: sp.Expr) -> bool:
    if constant.is_Rational:
        short = max(constant.p.bit_length(), constant.q.bit_length()) <= MAX_BITS
        return short and abs(constant.p) < int(MAX_NUMBER) * constant.q
    try:
        return abs(float(constant) if constant.is_Float else complex(constant)) < MAX_NUMBER
    except (OverflowError, ValueError, MemoryError):
        return False
