"""Formulas from text: what is accepted means what it says, and nothing else is accepted, slow or fatal."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from wignercq.errors import ExpressionError
from wignercq.model.formulas import FUNCTIONS, SYMPY_FUNCTIONS, as_rational, parse, real_symbol, substitute

POINT = {"x": 0.37, "k": 1.9}


def value(text: str) -> float:
    """The formula at :data:`POINT`."""
    return float(parse(text, POINT, where="V").subs({real_symbol(name): v for name, v in POINT.items()}))


@pytest.mark.parametrize(
    "text",
    [
        "k*x**2/2 - x + 3",
        "-x**2",
        "2**-x",
        "x**-2 + +x",
        "k - x - 1 - 2",
        "k/x/2",
        "x**k**0.5",
        "(k + x)*(k - x)/(1 + 1e-3)",
        "1_000*x + 0x10 + .5 + 2.5e-3",
        "sin(pi*x) + cos(2*x)**2",
        " x + k ",
    ],
)
def test_arithmetic_means_what_it_means_in_python(text: str) -> None:
    """Kills a wrong precedence, associativity or sign: Python itself evaluates the same text."""
    reference = eval(text.strip(), {"__builtins__": {}}, {**POINT, "pi": math.pi, "sin": math.sin, "cos": math.cos})
    assert value(text) == pytest.approx(reference, rel=1e-14)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("sech", "acosh")])
def test_functions_mean_what_they_mean_in_math(name: str) -> None:
    """Kills a function mapped to another one."""
    assert value(f"{name}(x)") == pytest.approx(getattr(math, name)(0.37), rel=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "12**1.337",
        "(12*x)**1.234567891",
        "(-12*(x - 3))**1.234567891",
        "exp(1.23456789*log(12))",
        "12**(1.23456789*log(5))",
        "(sqrt(12)*pi*x)**-1.234567891",
        "(12*exp(1)*x)**0.71828",
    ],
)
def test_powers_that_are_no_simple_roots_are_decimals(text: str) -> None:
    """Kills exact arithmetic where it takes gigabytes (SymPy's powers of factors), and a constant lost on the way."""
    assert value(text) == pytest.approx(eval(text, {**vars(math), **POINT}), rel=1e-14)


def test_functions_without_a_namesake() -> None:
    """Kills sech as 1/sinh and acosh on the wrong branch."""
    assert value("sech(x)") == pytest.approx(1 / math.cosh(0.37), rel=1e-14)
    assert value("acosh(k)") == pytest.approx(math.acosh(1.9), rel=1e-14)


def test_decimals_are_exact_and_symbols_real() -> None:
    """Kills 0.1 as a binary fraction, which spoils symbolic cancellation, and symbols that may be complex."""
    assert parse("0.1*x*3 - 0.3*x", ["x"], where="V") == 0
    assert as_rational(0.1) == sp.Rational(1, 10)
    assert parse("sqrt(x**2)", ["x"], where="V") == sp.Abs(real_symbol("x"))


def test_numbers_and_sympy_are_formulas() -> None:
    """Kills a SymPy formula whose symbols stay unequal to those of the text."""
    plain, x = sp.Symbol("x"), real_symbol("x")
    assert parse(plain**2 + sp.sin(plain), ["x"], where="V") == parse("x**2 + sin(x)", ["x"], where="V")
    assert parse(0.25, [], where="V") == sp.Rational(1, 4)
    assert parse(sp.exp(x) / 3, ["x"], where="V") == sp.exp(x) / 3


def test_the_imaginary_unit_is_for_wave_functions() -> None:
    """Kills a complex potential, and wave functions that cannot have a phase."""
    phase = parse("exp(I*k*x)", POINT, where="psi", imaginary=True)
    assert complex(phase.subs({real_symbol(n): v for n, v in POINT.items()})) == pytest.approx(
        complex(math.cos(0.703), math.sin(0.703)), rel=1e-14
    )
    with pytest.raises(ExpressionError, match="unknown name 'I'"):
        parse("exp(I*k*x)", POINT, where="V")


REFUSED = [
    *("__import__('os')", "x.__class__", "().__class__.__bases__", "x.real", "x[0]", "(lambda: 1)()", "lambda: x"),
    *("eval(x)", "exec", "x(1)", "pi(x)", "sin", "sin()", "sin(x, x)", "sin(*x)", "sin(x=1)", "sin(**x)", "sin(x)(x)"),
    *("x if x else 1", "x == 1", "x < 1", "not x", "~x", "x // 2", "x % 2", "x @ x", "x and x", "x | 1", "x << 9"),
    *("True", "None", "...", "'a'", "b'a'", "f'{x}'", "'%s' % x", "1j", "E", "oo", "zoo", "nan", "inf", "__x__"),
    *(
        "x := 1",
        "(x := 1)",
        "[x]",
        "{x}",
        "{x: 1}",
        "x, x",
        "[x for x in x]",
        "await x",
        "yield x",
        "x; x",
        "import os",
    ),
    *("", "   ", "#", "x +", "x\n+1", "x\x00", "$x", "`x`", "x!", "2x", "x^", "(x", "x)"),
    *("\u0445", "\uff58", "x\u00b2", "\u03c0", "x\u200b", "\u2212x", "\U0001d465"),
    *("1/0", "x/0", "1/(x - x)", "0**-1", "log(0)", "tan(pi/2)", "atanh(1)", "1/(sqrt(2)**2 - 2)", "x/log(1)"),
    *("1/(sin(1)**2 + cos(1)**2 - 1)", "(exp(1)*exp(-1) - 1)**-2"),
    *("sqrt(-1)", "log(-1)", "acos(2)", "(-8)**(1/3)*x", "(-1)**0.5", "acosh(0.5)", "sqrt(-x**2)"),
    *(
        "9**9**9",
        "10**99*10**99**9",
        "x**65",
        "x**-65",
        "(x**60)**60",
        "((x**8)**8)**8",
        "x**(9**9)",
        "1e400",
        "9" * 1900,
    ),
    *("2**10000*x", "(1e99)**64", "x**exp(1000)", "exp(1000)**2", "-" * 100 + "x", "+".join("x" * 900), "x" * 3000),
    *("(" * 1500 + "x" + ")" * 400, "sin(" * 200 + "x" + ")" * 200, "x**" * 600 + "x", "*".join(["(x+1)"] * 200)),
]


@pytest.mark.parametrize("text", REFUSED, ids=[f"{i}" for i in range(len(REFUSED))])
def test_what_is_no_formula_is_refused(text: str) -> None:
    """Kills text that is evaluated, a look-alike letter, an infinite or complex potential, a number out of hand."""
    with pytest.raises(ExpressionError, match=r"^V: expected") as caught:
        parse(text, ["x"], where="V")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (np.int64(3), sp.Integer(3)),
        (np.float32(0.25), sp.Rational(1, 4)),
        (Fraction(3, 8), sp.Rational(3, 8)),
        (2**60 + 1, sp.Integer(1152921504606846977)),
        (sp.Float(0.1), sp.Rational(1, 10)),
    ],
)
def test_every_real_number_is_a_formula(formula: float, expected: sp.Rational) -> None:
    """Kills NumPy's numbers refused, long integers rounded, and decimals inside SymPy that stay inexact."""
    assert parse(formula, [], where="V") == expected


@pytest.mark.parametrize(
    "number",
    [10**400, 10**5000, -(10**400), 1e100, math.inf, math.nan, np.float16(math.inf), sp.Float("1e400")],
    ids=lambda number: type(number).__name__,
)
def test_numbers_out_of_range_are_refused(number: float) -> None:
    """Kills an OverflowError, or Python's refusal to print, where an ExpressionError is promised."""
    with pytest.raises(ExpressionError, match=r"^V: expected (numbers below 1e\+100|a finite number), got"):
        parse(number, [], where="V")


@pytest.mark.parametrize("text", ["sqrt(x**2)", "tan(x + pi/2)", "tanh(x)/sqrt(x**4)", "1/sinh(-x) + sech(x)**-2"])
def test_what_sympy_makes_of_a_formula_is_a_formula(text: str) -> None:
    """Kills a changed copy of a model that is refused because SymPy has written Abs or cot into its potential."""
    expression = parse(text, ["x"], where="V")
    assert parse(expression, ["x"], where="V") == expression


@pytest.mark.parametrize("function", sorted(SYMPY_FUNCTIONS - {sp.sqrt}, key=str), ids=str)
def test_accepted_functions_can_be_evaluated(function: Callable[..., sp.Expr]) -> None:
    """Kills an accepted function that NumPy and SciPy cannot evaluate, or evaluate as another one."""
    x, at = real_symbol("x"), 1.37 if function == sp.acosh else 0.37
    formula = parse(function(sp.Symbol("x")), ["x"], where="V")
    value = sp.lambdify(x, formula, modules=["scipy", "numpy"])(np.array([at]))
    assert value[0] == pytest.approx(float(function(at)), rel=1e-14)


def test_symbols_are_told_apart_by_name() -> None:
    """Kills two symbols of one name, which differ in their assumptions only, that do not cancel."""
    x, other = sp.Symbol("x", positive=True), sp.Symbol("x", integer=True)
    assert parse(x**3 - other**3 + sp.sin(x), ["x"], where="V") == sp.sin(real_symbol("x"))


def deep(levels: int) -> sp.Expr:
    """sin(sin(...(x)))."""
    return real_symbol("x") if levels == 0 else sp.sin(deep(levels - 1))


X = sp.Symbol("x")


@pytest.mark.parametrize(
    "expression",
    [
        *(sp.I * X, sp.sqrt(-(real_symbol("x") ** 2)), sp.exp(sp.I * X), sp.asin(2), sp.oo, sp.zoo, sp.nan, sp.oo * X),
        *(sp.Integral(sp.exp(-(X**2)), X), sp.Sum(X, (sp.Symbol("n"), 1, 3)), sp.Derivative(sp.sin(X), X)),
        *(sp.Function("f")(X), sp.gamma(X), sp.Heaviside(X), sp.Mod(X, 2), sp.Piecewise((X, X > 0), (0, True))),
        *(sp.Eq(X, 1), X > 0, sp.Matrix([X]), sp.ImmutableMatrix([X]), sp.Lambda(X, X), sp.Tuple(X, X), sp.true),
        *(sp.Integer(10) ** 200 * X, X ** (sp.Integer(10) ** 9), X / sp.Integer(7) ** 5000, X**65, sp.Symbol("y")),
        deep(181),
    ],
    ids=lambda e: type(e).__name__,
)
def test_sympy_that_is_no_formula_is_refused(expression: sp.Basic) -> None:
    """Kills complex, unevaluated or runaway SymPy input that slips past the checks made on text."""
    with pytest.raises(ExpressionError, match=r"^V: expected") as caught:
        parse(expression, ["x"], where="V")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_deep_formulas_are_rebuilt() -> None:
    """Kills a depth limit for SymPy below what the limit for text lets through."""
    expression = parse("1/(2 - " * 30 + "x" + ")" * 30, ["x"], where="V")
    assert parse(expression, ["x"], where="V") == expression
    assert parse(deep(180), ["x"], where="V") == deep(180)


def test_errors_say_what_came_in_a_short_line() -> None:
    """Kills a message whose list of names and functions buries what is wrong."""
    with pytest.raises(ExpressionError) as caught:
        parse("k*foo", ["q", "k"], where="classical_potential")
    assert str(caught.value) == (
        "classical_potential: expected a formula in k, q, pi with + - * / ** and exp, log, sqrt, ..., "
        "got the unknown name 'foo'"
    )
    with pytest.raises(ExpressionError, match=r"in n0, .*, \.\.\. with .* got the unknown name 'foo'$") as caught:
        parse("foo", [f"n{i}" for i in range(500)], where="V")
    assert len(str(caught.value)) < 160


def test_substitution_obeys_the_rules_of_the_parser() -> None:
    """Kills values that turn an accepted formula into a pole, a complex number or a runaway one."""
    x = real_symbol("x")
    formula = parse("x**n/k + sqrt(k)", ["x", "n", "k"], where="V")
    assert substitute(formula, {"x": x, "n": sp.Integer(3), "k": sp.Integer(4)}, where="V") == x**3 / 4 + 2
    for n, k, complaint in ((3, 0, "division by zero"), (3, -4, "complex"), (10**9, 4, "a larger one")):
        with pytest.raises(ExpressionError, match=rf"^V: expected .* got .*{complaint}"):
            substitute(formula, {"x": x, "n": sp.Integer(n), "k": sp.Integer(k)}, where="V")


def test_a_caret_is_answered_with_the_power_that_was_meant() -> None:
    """Kills: the name of a syntax node in place of what was typed."""
    with pytest.raises(ExpressionError, match=r"got the operator \^ \(a power is \*\*\)"):
        parse("x^2", {"x"}, where="V")
