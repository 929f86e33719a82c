"""The model: ranges of its values, the trade-off, and the potentials with their parameters put in."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import time
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

from wignercq.errors import ExpressionError, ModelError
from wignercq.model.model import Model, Q, X
from wignercq.model.typeset import lines, number
from wignercq.plotting import formula_svg


def test_oscillators_are_the_formulas_of_the_paper() -> None:
    """Kills swapped spring constants or masses and a wrong sign of the coupling, at a point off every axis."""

    model = Model.oscillators(
        k_C=1.1, k_Q=0.9, lam=0.3, classical_mass=1.3, quantum_mass=0.8, hbar=0.7, friction=0.4, diffusion=0.6
    )
    q, x = 0.37, -1.21
    assert float(model.V_C.subs(Q, q)) == pytest.approx(1.1 * q**2 / 2, rel=1e-14)
    assert float(model.V_Q.subs(X, x)) == pytest.approx(0.9 * x**2 / 2, rel=1e-14)
    assert float(model.V_I.subs({Q: q, X: x})) == pytest.approx(0.3 * (q - x) ** 2 / 2, rel=1e-14)
    assert (model.classical_mass, model.quantum_mass, model.hbar) == (1.3, 0.8, 0.7)
    assert model.damping_rate == pytest.approx(0.4 / 1.3, rel=1e-15)
    assert model.bath_temperature == pytest.approx(0.6 / 0.8, rel=1e-15)


def test_parameters_enter_exactly() -> None:
    """Kills parameters that enter as binary fractions, so that equal terms no longer cancel."""
    model = Model("a*q**2", "b*x**2", parameters={"a": 0.1, "b": 0.3})
    assert model.V_C - sp.Rational(1, 10) * Q**2 == 0
    assert model.V_Q - 3 * model.V_C.subs(Q, X) == 0


def test_decoherence_saturates_the_tradeoff_by_default() -> None:
    """Kills D0 = 1/D2 or 4/D2, and decoherence of a quantum particle that is coupled to nothing."""
    assert Model.oscillators(diffusion=0.6).decoherence == pytest.approx(1 / 2.4, rel=1e-15)
    assert Model.oscillators(diffusion=0.6, lam=0.0).D0 == 0
    assert Model("q**2", "x**2", "q**2 + x", diffusion=0.6).D0 == 0
    assert Model.oscillators(diffusion=0.6, decoherence=0.9).D0 == 0.9


@pytest.mark.parametrize("product", [0.0, 0.5, 1 - 1e-9])
def test_tradeoff_is_enforced(product: float) -> None:
    """Kills an unphysical model let through, and one refused although it was asked for or is not coupled."""
    with pytest.raises(ModelError, match=r"decoherence: expected 4 D0 D2 >= 1 .* at least 0.416667, got"):
        Model.oscillators(diffusion=0.6, decoherence=product / 2.4)
    assert (
        Model.oscillators(diffusion=0.6, decoherence=product / 2.4, allow_unphysical=True).decoherence == product / 2.4
    )
    assert Model.oscillators(diffusion=0.6, decoherence=product / 2.4, lam=0.0).decoherence == product / 2.4


@pytest.mark.parametrize("product", [1.0, 1.5])
def test_tradeoff_allows_saturation_and_more(product: float) -> None:
    """Kills a bound that rounding turns against the saturated model itself."""
    for diffusion in (0.3, 0.6, 0.7, 1e-3, 49.0):
        assert Model.oscillators(diffusion=diffusion, decoherence=product / (4 * diffusion)).D0 > 0


def test_changed_copies_are_checked_again() -> None:
    """Kills a copy with less diffusion that silently keeps a decoherence which no longer satisfies the trade-off."""
    model = Model.oscillators(diffusion=0.6)
    assert dataclasses.replace(model, hbar=2.0).hbar == 2.0
    with pytest.raises(ModelError, match="4 D0 D2"):
        dataclasses.replace(model, diffusion=0.1)


@pytest.mark.parametrize(
    ("interaction", "coupled"),
    [
        (0, False),
        ("q**2 + x**2", False),
        ("(q - x)**2 - q**2 - x**2 + 2*q*x", False),
        ("q*x", True),
        ("exp(-(q - x)**2)", True),
        ("q*(1 - cos(x)**2 - sin(x)**2)", False),
        ("log(exp(q)*exp(x))", False),
        ("log(q*x)", False),
        ("q*(tanh(x) - sinh(x)/cosh(x))", False),
        ("exp(q*x) - exp(q*x)*(1 + 1e-60)", True),
        ("cos(2*pi*(q - x))", True),
        ("0.3*tanh((q - x - 10)/0.1)", True),
        ("0.3*tanh((q + x + 800)/0.1)", True),
        ("log(1 + exp(30*(q - x - 3)))", True),
        ("1 - exp(-(q - x - 3)**2/0.01)", True),
        ("sqrt((q - x - 1e6)**2 + 0.3)", True),
        ("exp(exp(exp(30*q*x)))", True),
    ],
)
def test_coupling(interaction: str, coupled: bool) -> None:
    """Kills a coupling judged by the text of the interaction, or overlooked where the interaction is flat."""
    assert Model("q**2", "x**2", interaction, diffusion=0.6).is_coupled is coupled


@pytest.mark.parametrize(
    ("potentials", "quadratic"),
    [
        (("q**2", "x**2", "q*x"), True),
        (("q", "3", 0), True),
        (("q**3", "x**2", "q*x"), False),
        (("q**2", "x**2", "q*x**2"), False),
        (("q**2", "cos(x)", "q*x"), False),
        (("q**2 + q**3", "x**2", "-q**3"), True),
        (("q**2 + 1e-40*q**3", "x**2", "q*x"), False),
        (("q**2 + sqrt((q + 30)**2 + 0.2)", "x**2", "q*x"), False),
        (("pi*q**2 + sqrt(2)*q", "x*exp(1)", "(1 + pi)*q*x"), True),
        (("0", "0", "(q + x)**3 - (q - x)**3 - 6*q**2*x - 2*x**3 + q*x"), True),
        (("abs(q)", "x**2", 0), None),
    ],
)
def test_quadratic(potentials: tuple[str, str, str], quadratic: bool | None) -> None:
    """Kills Gaussian theory offered for an anharmonic model, or refused for a harmonic one."""
    if quadratic is None:
        with pytest.raises(ExpressionError, match="without kinks, got an absolute value"):
            Model(*potentials, diffusion=0.6)
    else:
        assert Model(*potentials, diffusion=0.6).is_quadratic is quadratic


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Model("q", "x", classical_mass=0.0), "classical_mass: expected a positive number, got 0.0"),
        (lambda: Model("q", "x", quantum_mass=-1.0), "quantum_mass: expected a positive number, got -1.0"),
        (lambda: Model("q", "x", hbar=math.inf), "hbar: expected a positive number, got inf"),
        (lambda: Model("q", "x", hbar=True), "hbar: expected a positive number, got True"),
        (lambda: Model("q", "x", friction=-0.1), "friction: expected a number >= 0, got -0.1"),
        (lambda: Model("q", "x", diffusion=math.nan), "diffusion: expected a number >= 0, got nan"),
        (lambda: Model("q", "x", decoherence="1"), "decoherence: expected a number >= 0, got '1'"),  # type: ignore[arg-type]
        (lambda: Model("q", "x", "q*x"), "diffusion: expected a positive number, since a coupled"),
        (lambda: Model("k*q", "x", parameters={"k": 1.0, "g": 2.0}), "parameters.g: .* got one that occurs in none"),
        (lambda: Model("k*q", "x", parameters={"k": math.nan}), "parameters.k: expected a finite number, got nan"),
        (lambda: Model("q", "x", hbar=10**400), "hbar: expected a positive number, got 1000"),
        (lambda: Model("q", "x", hbar=10**5000), "hbar: expected a positive number, got a number of thousands"),
        (lambda: Model("q", "x", hbar=1j), "hbar: expected a positive number, got 1j"),  # type: ignore[arg-type]
        (lambda: Model("q", "x", hbar=np.ones((2, 1))), r"hbar: expected a positive number, got array\(\[\[1"),  # type: ignore[arg-type]
        (
            lambda: Model("q", "x", "q*x", diffusion=1e-320),
            r"diffusion: expected a size from 1e-100 to 1e\+100, got 9\.99",
        ),
        (lambda: Model("q", "x", parameters=[1.0]), r"parameters: expected a mapping of names to numbers, got \[1.0\]"),  # type: ignore[arg-type]
        (lambda: Model("q", "x", parameters=None), "parameters: expected a mapping of names to numbers, got None"),  # type: ignore[arg-type]
        (lambda: Model("q", "x", parameters={1: 2.0}), "parameters.1: expected a plain name"),  # type: ignore[dict-item]
        (lambda: Model("q", "x", parameters={"lambda": 1.0}), "parameters.lambda: expected a plain name"),
        (lambda: Model("k*q", "x", parameters={"k": 10**400}), "parameters.k: expected a finite number, got 1000"),
        (lambda: Model("q", "x", parameters={"x": 1.0}), "parameters.x: expected a plain name that is not reserved"),
        (lambda: Model("q", "x", parameters={"pi": 3.0}), "parameters.pi: expected a plain name that is not reserved"),
        (
            lambda: Model("q", "x", parameters={"sin": 3.0}),
            "parameters.sin: expected a plain name that is not reserved",
        ),
        (lambda: Model("q", "x", parameters={"k-1": 3.0}), "parameters.k-1: expected a plain name"),
        (lambda: Model("q", "x", parameters={"\u03bb": 3.0}), "parameters.\u03bb: expected a plain name"),
    ],
)
def test_impossible_models_are_refused(build: Callable[[], Model], message: str) -> None:
    """Kills a value out of its range let through, or an error that blames the wrong key."""
    with pytest.raises(ModelError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Model("k*q", "x"), "classical_potential: .* got the unknown name 'k'"),
        (lambda: Model("x", "x"), "classical_potential: .* got the unknown name 'x'"),
        (lambda: Model("q", "q"), "quantum_potential: .* got the unknown name 'q'"),
        (lambda: Model("q", "x", "q*p"), "interaction: .* got the unknown name 'p'"),
        (lambda: Model("q", None), "quantum_potential: expected a formula, got None"),
    ],
)
def test_potentials_depend_on_their_own_coordinate(build: Callable[[], Model], message: str) -> None:
    """Kills a potential that reads the other particle's coordinate or a parameter without a value."""
    with pytest.raises(ExpressionError, match=message):
        build()


def test_models_cannot_be_changed() -> None:
    """Kills a model whose parameters change after its trade-off was checked."""
    parameters = {"k": 1.0}
    model = Model("k*q", "x", parameters=parameters)
    parameters["k"] = 2.0
    assert model.parameters["k"] == 1.0
    with pytest.raises(TypeError):
        model.parameters["k"] = 3.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        model.hbar = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("formula", "parameters", "message"),
    [
        ("q/k", {"k": 0.0}, "with k = 0: expected a finite formula, got a division by zero"),
        ("sqrt(k)*q", {"k": -1.0}, "with k = -1: expected a real formula, got the complex 'I'"),
        ("log(k)*q", {"k": -0.5}, "with k = -0.5: expected a real formula, got the complex"),
        ("q**n", {"n": 1e9}, "with n = 1000000000: expected exponents up to 64, got a larger one"),
        ("2**n*q", {"n": 1e9}, "with n = 1000000000: expected exponents up to 64, got a larger one"),
        ("2**(2**n)*q", {"n": 40.0}, "with n = 40: expected exponents up to 64, got a larger one"),
        ("k**64*q", {"k": 1e90}, "with k = 1e+90: expected numbers below"),
        ("k*q", {"k": 1e300}, "with k = 1e\\+300: expected numbers below"),
        ("q**a/(b - c)", {"a": 2.0, "b": 3.0, "c": 3.0}, "with a = 2, b = 3, c = 3: expected a finite formula"),
        ("exp(exp(exp(exp(k*q**0))))*q", {"k": 5.0}, "with k = 5: expected numbers below"),
    ],
)
def test_parameters_are_checked_where_they_enter(formula: str, parameters: dict[str, float], message: str) -> None:
    """Kills values that make a potential infinite or complex, or hang, and errors that do not name the potential."""
    start = time.process_time()
    for potentials, name in (((formula, "x**2", 0), "classical_potential"), (("q**2", "x**2", formula), "interaction")):
        with pytest.raises(ExpressionError, match=f"^{name} {message.replace('e+', 'e.')}"):
            Model(*potentials, parameters=parameters, diffusion=0.6)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "interaction",
    [
        "exp(-(q-x)**2)*sin(q*x)*cos(q-x)/sqrt(1+q**2+x**2)*tanh(q*x)**3",
        "(q-x+q*x+1)**6",
        "(q-x)**16*(q+x)**6",
        "*".join(f"sin(q+{i}*x)" for i in range(9)),
        "+".join(f"(q-x)**2*cos({i}*q)" for i in range(58)),
    ],
)
def test_structure_is_found_in_time(interaction: str) -> None:
    """Kills a simplification or an expansion that takes minutes."""
    start = time.process_time()
    model = Model("q**2", "x**2", interaction, diffusion=0.6)
    assert model.is_coupled
    assert not model.is_quadratic
    assert time.process_time() - start < 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_models_can_be_sent_and_copied(duplicate: Callable[[Model], Model]) -> None:
    """Kills a model that cannot go to another process, or that arrives with parameters open to change."""
    model = Model.oscillators(k_C=1.1, k_Q=0.9, lam=0.3, hbar=0.7, diffusion=0.6)
    again = duplicate(model)
    assert str(again) == str(model)
    assert (again.V_C, again.V_Q, again.V_I) == (model.V_C, model.V_Q, model.V_I)
    assert (again.D0, again.is_coupled, again.is_quadratic) == (model.D0, True, True)
    with pytest.raises(TypeError):
        again.parameters["lam"] = 3.0  # type: ignore[index]


def test_potentials_rewritten_by_sympy_can_be_changed_copies() -> None:
    """Kills a copy refused because SymPy wrote cot for what was accepted as text."""
    model = Model("k*q**2", "tan(x + pi/2)", parameters={"k": 1.3}, hbar=0.7)
    assert dataclasses.replace(model, hbar=0.4).V_Q == model.V_Q == -sp.cot(X)


def test_values_become_plain_floats() -> None:
    """Kills NumPy's numbers refused, or kept, so that they leak into files and messages."""
    model = Model(
        "k*q", "x", parameters={"k": np.int64(3)}, classical_mass=np.float32(1.5), quantum_mass=2, hbar=np.float64(0.7)
    )
    values = (model.parameters["k"], model.classical_mass, model.quantum_mass, model.hbar, model.D0)
    assert values == (3.0, 1.5, 2.0, 0.7, 0.0)
    assert {type(value) for value in values} == {float}


def test_models_print_on_one_line() -> None:
    """Kills a description in a result file that leaves out a value or swaps two."""
    model = Model.oscillators(
        k_C=1.1, k_Q=2.0, lam=0.3, classical_mass=1.3, quantum_mass=0.8, hbar=0.7, friction=0.4, diffusion=0.625
    )
    assert str(model) == repr(model)
    assert str(model) == (
        "Model(V_C = k_C*q**2/2, V_Q = k_Q*x**2/2, V_I = lam*(q - x)**2/2, k_C = 1.1, k_Q = 2, lam = 0.3, "
        "M = 1.3, m = 0.8, hbar = 0.7, alpha = 0.4, D2 = 0.625, D0 = 0.4)"
    )


def test_a_notebook_shows_the_hamiltonian_and_the_bath() -> None:
    """Kills: a model as one line of code, numbers of 1e-34 in code, what matplotlib and MathJax cannot read."""
    model = Model(
        "depth*q**4 - k_C*q**2/2",
        "x**2/3",
        "-lam*q*x",
        parameters={"depth": 1.5e-34, "k_C": 2.0, "lam": 0.25},
        hbar=1.054571817e-34,
        friction=0.5,
        diffusion=0.2,
    )
    first, second, third = lines(model)
    assert first.startswith(r"H = \dfrac{p^2}{2 M} + \dfrac{y^2}{2 m} + \mathrm{depth} q^{4} - \dfrac{k_{C} q^{2}}{2}")
    assert first.endswith(r"\dfrac{x^{2}}{3} - \lambda q x")
    assert r"\hbar = 1.05457 \times 10^{-34}" in second
    assert third == r"\alpha = 0.5,\; D_2 = 0.2,\; D_0 = 1.25,\; k_\mathrm{B} T_\mathrm{C} = 0.2"
    assert model._repr_latex_() == rf"$$\begin{{gathered}} {first} \\ {second} \\ {third} \end{{gathered}}$$"
    assert [number(v) for v in (0.0, 100.0, 123456.0, -2e7, math.inf, 1e-34)] == [
        *("0", "100", r"1.23456 \times 10^{5}", r"-2 \times 10^{7}", r"\infty", "10^{-34}"),
    ]
    assert all("<svg" in formula_svg(line) for line in (first, second, third))
