"""Operators from text: what is a polynomial, what is refused, and how."""

from __future__ import annotations

import pytest

from wignercq.correlations.operators import Operators
from wignercq.errors import ExpressionError, InputError


def polynomial(text):
    return Operators.read(text, where="second").polynomials(where="second")[0]


def test_a_polynomial_is_multiplied_out():
    """Kills: a power or coefficient lost, a variable taken for another: (2 x + q)**2 y/4 - 3 p, term by term."""
    found = polynomial("(2*x + q)**2*y/4 - 3*p").terms
    assert found == {(0, 0, 2, 1): 1.0, (1, 0, 1, 1): 1.0, (2, 0, 0, 1): 0.25, (0, 1, 0, 0): -3.0}


def test_derivatives_and_values_are_those_of_the_formula():
    """Kills: a factorial for a falling factorial: d_x**2 d_q of q**2 x**3 is 12 q x, at q = 0.5, x = 2: 12."""
    derivative = polynomial("q**2*x**3").derivative(1, 0, 2, 0)
    assert derivative.terms == {(1, 0, 1, 0): 12.0}
    assert derivative(0.5, 7.0, 2.0, 9.0) == 12.0
    assert polynomial("x").derivative(0, 0, 0, 1).terms == {}


@pytest.mark.parametrize(
    ("text", "kind"), [("q*p - 1", "classical"), ("x*y", "quantum"), ("q + x", "mixed"), ("p*y**2", "mixed")]
)
def test_it_is_known_to_which_particle_an_operator_belongs(text, kind):
    """Kills: a commutator for a product of both particles, whose response has another part."""
    assert polynomial(text).kind == kind


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sin(x)", "second: expected a polynomial of q, p, x, y, got 'sin(x)'"),
        ("1/x", "second: expected a polynomial of q, p, x, y, got '1/x'"),
        ("sqrt(x**2)", "second: expected a polynomial of q, p, x, y, got 'Abs(x)'"),
        ("3.5", "second: expected a polynomial that varies with q, p, x or y, got '3.5'"),
        ("x - x", "second: expected a polynomial that varies with q, p, x or y, got 'x - x'"),
        ("x**9", "second: expected a polynomial of at most degree 8, got a higher one"),
        ("(q + p + x + y + 1)**64", "second: expected a polynomial of at most degree 8, got a higher one"),
        ("(((x+1)**8+1)**8+1)**8", "second: expected a polynomial of at most degree 8, got a higher one"),
        ("(1e60*x)*(1e60*y)", "second: expected numbers below 1e+100, exact ones"),
        ("(1e90*x + y)**8", "second: expected numbers below 1e+100, got a larger one, multiplied out"),
        ("__import__('os')", "second: expected one of the functions"),
        ("z", "second: expected a formula in p, q, x, y, pi"),
        ("x**", "second: expected a number, a name or ( after '**', got the end"),
    ],
)
def test_what_is_no_polynomial_is_refused_in_one_line(text, line):
    """Kills: an insertion of what has no finite series; texts that take minutes or end in a traceback of SymPy."""
    with pytest.raises(ExpressionError) as error:
        polynomial(text)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_several_formulas_are_read_in_order_and_must_differ():
    """Kills: two rows of a result with one meaning; an empty dimension."""
    assert Operators.read(["x  *y", "q"], where="first").labels == ("x *y", "q")
    with pytest.raises(InputError, match=r"first: expected formulas that all differ, got 'y\*x' twice"):
        Operators.read(["x*y", "y*x"], where="first")
    with pytest.raises(InputError, match="first: expected a formula of q, p, x, y or several, got none"):
        Operators.read([], where="first")
    first = Operators.read(["x*y", "q"], where="first")
    assert Operators.read(["y*x", "p"], where="second").named_like(first).labels == ("x*y", "p")
