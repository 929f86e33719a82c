"""The symbol G of the momentum part and its commutator, against the definitions evaluated by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from support import systems

from wignercq import Model, ModelError
from wignercq.model.bath import Noise
from wignercq.model.model import Q, X
from wignercq.propagation.generator import GeneratorSymbol, R, S, SampledSymbol, symbol_of

HBAR, M, m, D2, D0 = 0.7, 1.6, 0.8, 0.6, 0.9


def morse_model(hbar: float = HBAR) -> Model:
    """Nothing polynomial: Morse V_Q, cosine V_C, Gaussian-shaped coupling."""
    return Model(
        "cos(q)",
        "3*(1 - exp(-x/2))**2",
        "a*sin(q)*exp(-x**2/4)",
        parameters={"a": 0.6},
        classical_mass=M,
        quantum_mass=m,
        hbar=hbar,
        friction=0.4,
        diffusion=D2,
        decoherence=D0,
    )


def value(expression: sp.Expr, point: dict[sp.Symbol, float]) -> complex:
    return complex(expression.evalf(subs=point))


def test_generator_equals_its_definition_for_a_potential_that_is_not_polynomial() -> None:
    """Kills: wrong signs or factors in any term of G."""
    symbol = GeneratorSymbol(morse_model())
    for q, r, x, s in np.random.default_rng(5).normal(size=(20, 4)):
        h = HBAR * s / 2

        def U(x: float, q: float = q) -> float:
            return 3 * (1 - np.exp(-x / 2)) ** 2 + 0.6 * np.sin(q) * np.exp(-(x**2) / 4)

        def L(x: float, q: float = q) -> float:
            return 0.6 * np.cos(q) * np.exp(-(x**2) / 4)

        expected = (
            1j * r * (-np.sin(q) + (L(x + h) + L(x - h)) / 2)
            + 1j / HBAR * (U(x + h) - U(x - h))
            - D2 / 2 * r**2
            - D0 / 2 * (L(x + h) - L(x - h)) ** 2
        )
        point = {Q: q, R: r, X: x, S: s}
        assert abs(value(symbol.damping, point) + 1j * value(symbol.phase, point) - expected) < 1e-13


def test_commutator_is_the_double_commutator_of_the_operators() -> None:
    """Kills: a wrong factor in C, and the belief that friction enters it; T acts on a test function by SymPy."""
    model = morse_model()
    symbol = GeneratorSymbol(model)
    G = symbol.damping + sp.I * symbol.phase
    gamma = sp.Rational(4, 10) / sp.Rational(16, 10)

    def T(f: sp.Expr) -> sp.Expr:
        mixed = sp.diff(f, R, Q) / sp.Rational(16, 10) + sp.diff(f, S, X) / sp.Rational(8, 10)
        return -sp.I * mixed - gamma * R * sp.diff(f, R)

    require_double_commutator(symbol, G, T)


def require_double_commutator(symbol: GeneratorSymbol, G: sp.Expr, T: Callable[[sp.Expr], sp.Expr]) -> None:
    """[V, [T, V]] applied to a test function is the commutator of the symbol times it."""
    f = sp.exp(-(Q**2) / 3 + Q * R / 5 - R**2 / 4 + X * S / 7 - X**2 / 2 - S**2 / 5 + R * X / 9)
    double = 2 * G * T(G * f) - G**2 * T(f) - T(G**2 * f)
    real, imaginary = symbol.commutator
    sides = sp.lambdify((Q, R, X, S), [double, (real + sp.I * imaginary) * f], modules="numpy", cse=True)
    for point in np.random.default_rng(6).normal(size=(5, 4)):
        left, right = sides(*point)
        assert abs(left - right) < 1e-10 * abs(right)


@pytest.mark.slow
def test_commutator_with_a_bath_of_x_and_noise_that_depends_on_q() -> None:
    """Kills: -D_xx (d_x G)**2 with a wrong sign or factor, D_xy or friction of y in it, a power of r dropped."""
    bath = {"friction": 0.24, "diffusion": {"xx": 0.3, "xy": 0.1, "yy": 0.5}}
    noises = [Noise("sin(x)", 0.2, "q**2/5 + q/9")]
    model = replace(morse_model(), quantum_bath=bath, noises=noises)
    symbol = GeneratorSymbol(model)
    h, D_y = sp.Rational(35, 100) * S, (sp.Rational(1, 2) - sp.Rational(1, 30)) / 2
    own = GeneratorSymbol(morse_model())
    more = -(Q**2 / 5 + Q / 9) / 2 * R**2 - sp.Rational(1, 10) * (sp.sin(X + h) - sp.sin(X - h)) ** 2 - D_y / 2 * S**2
    assert abs((symbol.damping - own.damping - more).subs({Q: 0.3, R: 0.4, X: -0.7, S: 1.1})) < 1e-15

    def T(f: sp.Expr) -> sp.Expr:
        mixed = sp.diff(f, R, Q) / sp.Rational(16, 10) + sp.diff(f, S, X) / sp.Rational(8, 10)
        drift = R * sp.diff(f, R) / 4 + sp.Rational(24, 80) * S * sp.diff(f, S)
        noise = sp.Rational(3, 20) * sp.diff(f, X, 2) + sp.I * S / 10 * sp.diff(f, X) - D_y / 2 * S**2 * f
        return -sp.I * mixed - drift + noise

    require_double_commutator(symbol, symbol.damping + sp.I * symbol.phase, T)
    powers = sp.Poly(sp.expand(symbol.commutator[1]), R).degree()
    assert powers == 3


@pytest.mark.parametrize("order", [0, 1, 2])
def test_truncation_error_falls_with_the_declared_power_of_hbar(order: int) -> None:
    """Kills: a series that misses a term or carries a wrong factorial. The remainder is hbar**(2 order + 2)."""
    point = {Q: 0.4, R: 0.9, X: -0.3, S: 0.7}
    remainders = []
    for hbar in (0.4, 0.2):
        exact, cut = (GeneratorSymbol(morse_model(hbar), n) for n in (None, order))
        phase = value(exact.phase, point) - value(cut.phase, point)
        damping = value(exact.damping, point) - value(cut.damping, point)
        remainders.append((abs(phase), abs(damping)))
    phase_power, damping_power = np.log2(np.array(remainders[0]) / np.array(remainders[1]))
    assert phase_power == pytest.approx(2 * order + 2, abs=0.15)
    assert damping_power == pytest.approx(2 * order + 4, abs=0.15)  # the leading term is hbar**2 already


def test_quadratic_model_is_its_own_classical_counterpart() -> None:
    """Kills: any quantum correction for quadratic potentials, where the paper shows there is none (eq 112)."""
    exact, classical = GeneratorSymbol(systems.oscillators()), GeneratorSymbol(systems.oscillators(), 0)
    assert sp.expand(exact.phase - classical.phase) == 0
    assert sp.expand(exact.damping - classical.damping) == 0


def test_sampled_coefficients_rebuild_the_symbol() -> None:
    """Kills: coefficients of r booked under the wrong power or on the wrong axis."""
    symbol = GeneratorSymbol(morse_model())
    q, x, s = np.linspace(-1, 2, 4), np.linspace(-2, 1, 5), np.linspace(0, 3, 6)
    sampled = SampledSymbol.on(symbol, *np.ix_(q, x), s)
    assert sampled.generator.shape == sampled.commutator.shape == (3, 4, 5, 6)
    r = 1.3
    point = {Q: q[1], R: r, X: x[3], S: s[4]}
    powers = r ** np.arange(3)
    real, imaginary = symbol.commutator
    assert (
        abs(powers @ sampled.generator[:, 1, 3, 4] - value(symbol.damping, point) - 1j * value(symbol.phase, point))
        < 1e-12
    )
    assert abs(powers @ sampled.commutator[:, 1, 3, 4] - value(real, point) - 1j * value(imaginary, point)) < 1e-12


def test_potential_that_is_singular_on_the_grid_is_refused_with_the_place() -> None:
    """Kills: NaN tables. The Moyal terms reach beyond the box, to x +- hbar s/2."""
    model = Model("q**2/2", "1/(x - 3)", "q*x/5", diffusion=0.5, hbar=0.8)
    with pytest.raises(ModelError, match=r"x = .*3"):
        SampledSymbol.on(GeneratorSymbol(model), np.array([0.0]), np.array([1.0, 2.0]), np.array([0.0, 2.5]))


def test_truncation_that_amplifies_is_refused() -> None:
    """Kills: a truncated decoherence that grows without bound, taken for a solution."""
    symbol = GeneratorSymbol(morse_model(), 1)
    with pytest.raises(ModelError, match="hbar_order"):
        SampledSymbol.on(symbol, *np.ix_(np.linspace(-1, 2, 4), np.linspace(-2, 1, 5)), np.linspace(0, 9, 6))


def test_propagators_of_a_model_share_its_symbol() -> None:
    """Kills: SymPy at work for every propagator of a run, or the symbol of another equation or splitting."""
    model = morse_model()
    assert symbol_of(model, None, True) is symbol_of(model, None, True)
    assert symbol_of(morse_model(), None, True) is symbol_of(model, None, True)  # an equal model
    others = symbol_of(model, 0, True), symbol_of(model, None, False), symbol_of(Model("q**2", "x**2"), None, True)
    assert len({id(other) for other in (symbol_of(model, None, True), *others)}) == 4
    assert (others[0].hbar_order, others[1].noise_of_p) == (0, False)
