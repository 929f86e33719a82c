"""Where a formula breaks, and what a name was meant to be."""

from __future__ import annotations

import pytest

from wignercq.errors import ExpressionError
from wignercq.model.formulas import parse

BROKEN = {
    "x**2/2 + beta x**4": "an operator between 'beta' and 'x' (column 15), got none: 'x**2/2 + beta <here> x**4'",
    "2x": "an operator between '2' and 'x' (column 2), got none: '2 <here> x'",
    "x(2)": "an operator between 'x' and '(', got none",
    "x*(x + 1": "a ) for the ( in column 3, got none: 'x* <here> (x + 1'",
    "x + 1)*2": "a ( for the ) in column 6, got none: 'x + 1 <here> )*2'",
    "x ** * 2": "a number, a name or ( after '**' (column 6), got '*': 'x ** <here> * 2'",
    "x +": "a number, a name or ( after '+', got the end of the formula: 'x + <here>'",
    "x + y!": "a formula of numbers, names, + - * / ** ( ), got the character '!' (column 6): 'x + y <here> !'",
    "lambda*x": "names that are no words of Python, got 'lambda' (column 1): '<here> lambda*x'",
    f"{'x + ' * 20}3 x{' + x' * 20}": "an operator between '3' and 'x' (column 83), got none: "
    "'...+ x + x + x + x + x + 3 <here> x + x + x + x + x + x + ...'",
}


@pytest.mark.parametrize(("text", "line"), BROKEN.items(), ids=range(len(BROKEN)))
def test_a_broken_formula_is_told_where_it_breaks(text: str, line: str) -> None:
    """Kills: "expected a formula, got" the whole text, which is as much as the user knew; columns that count from 0."""
    with pytest.raises(ExpressionError) as refusal:
        parse(text, {"x", "beta"}, where="V")
    assert str(refusal.value) == f"V: expected {line}"


MEANT = {
    "bta*x": "the unknown name 'bta'; did you mean 'beta'?",
    "Beta*x": "the unknown name 'Beta'; did you mean 'beta'?",
    "zeta*x": "the unknown name 'zeta'; did you mean 'beta'?",
    "mass*x": "the unknown name 'mass'",
    "e**x": "the unknown name 'e'; did you mean 'exp(...)'?",
    "Sin(x)": "the unknown function 'Sin'; did you mean 'sin'?",
    "arctan(x)": "the unknown function 'arctan'; did you mean 'atan'?",
    "ln(x)": "the unknown function 'ln'; did you mean 'log'?",
}


@pytest.mark.parametrize(("text", "end"), MEANT.items(), ids=MEANT)
def test_a_near_name_is_suggested(text: str, end: str) -> None:
    """Kills: a suggestion that is missing, that heeds capitals, or that is made where nothing is near."""
    with pytest.raises(ExpressionError) as refusal:
        parse(text, {"x", "beta"}, where="V")
    assert str(refusal.value).endswith(f"got {end}")


@pytest.mark.parametrize("text", ["abs(x)", "Abs(x - 1)**3"])
def test_an_absolute_value_is_told_how_to_round_it_off(text: str) -> None:
    """Kills: `abs` as one more unknown function, where sqrt(x**2), the same thing, is answered with a way out."""
    with pytest.raises(ExpressionError, match=r"without kinks, .*; round it off: sqrt\(x\*\*2 \+ w\*\*2\)"):
        parse(text, {"x"}, where="V")
    with pytest.raises(ExpressionError, match=r"did you mean 'sqrt\(x\*\*2\)'\?"):
        parse(text, {"x"}, where="psi", imaginary=True)
