"""Formulas as functions of points: the same numbers as SymPy finds, fast, and made once."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

from wignercq.model.evaluation import compiled, sampled
from wignercq.model.model import Q, X

POINTS = np.array([-1.7, 0.4, 2.3]), np.array([0.6, -2.1, 1.1])


@pytest.mark.parametrize("power", [*range(-5, 18), sp.Rational(3, 2)])
def test_powers_are_those_of_sympy(power: sp.Expr) -> None:
    """Kills: a power written as a product of too many or too few factors, of a sum or under a minus sign too."""
    formula = Q - X**power / 3 + (Q - 2 * X) ** power * Q - (X**2 + 1) ** power
    q, x = POINTS if isinstance(power, int) else (np.array([5.1, 7.3]), np.array([0.6, 2.1]))
    expected = [float(formula.subs({Q: a, X: b})) for a, b in zip(q, x, strict=True)]
    assert sampled((Q, X), formula)(q, x) == pytest.approx(expected, rel=1e-12)
    one, other = compiled((Q, X), [formula, formula**4])(q, x)
    assert one == pytest.approx(expected, rel=1e-12)
    assert other == pytest.approx(np.array(expected) ** 4, rel=1e-11)


def test_powers_take_about_as_long_as_products() -> None:
    """Kills: the pow of the C library for every point, some fifty times as slow: potentials would be most of a plan."""
    x = np.linspace(0.1, 3, 100_000)
    cube = sampled((X,), X**3)

    def seconds(work: Callable[[], object]) -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    products, powers = (min(seconds(f) for _ in range(7)) for f in (lambda: cube(x), lambda: np.power(x, 3.1)))
    assert products < 0.4 * powers


def test_a_formula_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: milliseconds of SymPy for every propagator and every ensemble, or one formula taken for another."""
    made, lambdify = [], sp.lambdify
    monkeypatch.setattr(sp, "lambdify", lambda *args, **options: made.append(args) or lambdify(*args, **options))
    for _ in range(3):
        assert compiled((Q, X), [Q**2 + sp.Rational(11, 7) * X, Q * X])(3.0, 7.0) == pytest.approx([20.0, 21.0])
    assert len(made) == 1
    assert compiled((X, Q), [Q**2 + sp.Rational(11, 7) * X, Q * X])(7.0, 3.0) == pytest.approx([20.0, 21.0])
    assert compiled((Q, X), Q**2 + sp.Rational(11, 7) * X)(3.0, 7.0) == pytest.approx(20.0)
    assert len(made) == 3
