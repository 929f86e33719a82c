"""A bath of the quantum particle and further noises as parts of a model: bounds, refusals, text, units."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import sympy as sp

from wignercq import Model, ModelError, Units
from wignercq.errors import InputError
from wignercq.model import trade_off
from wignercq.model.bath import Diffusion, Noise, QuantumBath
from wignercq.model.definition import definition_of, model_of
from wignercq.model.model import Q, X

HBAR, MASS = 0.7, 0.8


def model(**more: Any) -> Model:
    given = {"hbar": HBAR, "classical_mass": 1.6, "quantum_mass": MASS, "friction": 0.3, "diffusion": 0.5}
    return Model("q**2/2", "x**2/2", "lam*q*x", parameters={"lam": 0.3}, **{**given, **more})


def everything() -> Model:
    bath = QuantumBath(friction=0.24, diffusion={"xx": 0.06, "xy": 0.05, "yy": 0.5})
    return model(quantum_bath=bath, noises=[Noise("lam*x**2", 0.3, "0.2*q**2 + lam"), Noise("sin(q)*x", 0.1)])


def kossakowski(friction: float, D: Diffusion) -> np.ndarray:
    """Coefficients of the Lindblad form in the operators (x, y), from those of W."""
    off = -D.xy / HBAR**2 - 0.5j * friction / MASS / HBAR
    return np.array([[D.yy / HBAR**2, off], [np.conj(off), D.xx / HBAR**2]])


@pytest.mark.parametrize("share", [1.0 + 1e-9, 1 - 1e-6])
@pytest.mark.parametrize("xy", [0.0, 0.11, -0.2])
def test_the_bound_is_that_of_the_kossakowski_matrix(share: float, xy: float) -> None:
    """Kills: a bound off by a factor of two or four, or one that forgets D_xy: eigenvalues decide, at 1e-6 of it."""
    friction, yy = 0.4, 0.9
    least = ((HBAR * friction / (2 * MASS)) ** 2 + xy**2) / yy
    D = Diffusion(share * least, xy, yy)
    lowest = np.linalg.eigvalsh(kossakowski(friction, D))[0]
    bath = QuantumBath(friction=friction, diffusion=D)
    assert bath.is_physical(MASS, HBAR) == (lowest > 0)
    if lowest < 0:
        assert model(quantum_bath=bath, allow_unphysical=True).quantum_diffusion == D


def test_a_temperature_saturates_the_bound() -> None:
    """Kills: 2 m gamma k_B T or hbar**2 gamma/(8 m k_B T) with a wrong factor: one eigenvalue of the matrix is zero."""
    found = model(quantum_bath={"friction": 0.4, "temperature": 1.3})
    assert found.quantum_diffusion.yy == pytest.approx(2 * MASS * found.quantum_damping_rate * 1.3, rel=1e-15)
    values = np.linalg.eigvalsh(kossakowski(0.4, found.quantum_diffusion))
    assert abs(values[0]) < 1e-15 * values[1]


def test_the_trade_off_of_noises_that_commute_is_that_of_their_sum() -> None:
    """Kills: a matrix condition that is not 4 D0 D2 >= 1 of the sum; of L_k = a_k x decoherence adds as a_k**2 D0_k."""
    lam, a, D2 = 0.3, 0.7, 0.5 + 0.2
    for share, physical in ((1 + 1e-6, True), (1 - 1e-6, False)):
        needed = share * lam**2 / (4 * D2) - lam**2 * 0.1
        built = model(decoherence=0.1, noises=[Noise("0.7*x + q**2", needed / a**2, 0.2)], allow_unphysical=True)
        assert built.is_physical is physical


def test_the_eigenvalue_is_that_of_the_matrix_by_hand() -> None:
    """Kills: a wrong offending eigenvalue: 1 - sqrt(1) of [[4 D0 D2, 1], [1, 1]], 4 D0 D2 = 0.2, is -0.0770."""
    built = model(decoherence=0.1, noises=[Noise("x**2", 0.4)], allow_unphysical=True)
    found = trade_off.worst(built, np.array([0.3]), np.linspace(-2, 2, 9))
    by_hand = np.linalg.eigvalsh([[4 * 0.1 * 0.5, 1], [1, 1]])[0]
    # x and x**2 are told apart; on symmetric points they are orthogonal
    assert found.eigenvalue == pytest.approx(by_hand / max(1, 4 * 0.5 * 0.4 * spread_ratio()), rel=1e-12)


def spread_ratio() -> float:
    """|x**2|**2/|0.3 x|**2 on nine points, both less their means."""
    x = np.linspace(-2, 2, 9)
    square = x**2 - (x**2).mean()
    return float(square @ square / (0.09 * (x @ x)))


def test_everything_comes_back_from_text_and_copies() -> None:
    """Kills: a bath or a noise lost in a result file, a copy or a comparison of models."""
    built = everything()
    again = model_of(definition_of(built), where="model")
    assert again == built == pickle.loads(pickle.dumps(built)) == copy.deepcopy(built)
    assert hash(again) == hash(built)
    assert again.noise_terms[0].diffusion == sp.Rational(1, 5) * Q**2 + sp.Rational(3, 10)
    assert len({built, again, model(), model(quantum_bath=built.quantum_bath), model(noises=[Noise("lam*x")])}) == 4
    assert "D_{xy} = 0.05" in built._repr_latex_()
    assert "L_2 = x \\sin" in built._repr_latex_()
    assert "noise = (lam*x**2, 0.3, lam + q**2/5)" in repr(built)


def test_units_there_and_back_leave_the_dynamics_alone() -> None:
    """Kills: a power of a unit wrong; the dimensionless ratios of rates, and the model after the way back."""
    units = Units(mass=2e-15, frequency=3e5)
    big = units.si_model(everything())
    assert big.quantum_damping_rate == pytest.approx(0.24 / MASS / units.size("time"), rel=1e-12)
    back = units.natural_model(big)
    np.testing.assert_allclose(back.quantum_diffusion, everything().quantum_diffusion, rtol=1e-12)
    for noise, expected in zip(back.noise_terms, everything().noise_terms, strict=True):
        point = {Q: 0.4, X: -0.9}
        ours, theirs = (n.decoherence * float(n.L.subs(point)) ** 2 for n in (noise, expected))
        assert ours == pytest.approx(theirs, rel=1e-12)
        assert float(noise.diffusion.subs(point)) == pytest.approx(float(expected.diffusion.subs(point)), rel=1e-12)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            {"quantum_bath": {"friction": 0.4, "diffusion": {"yy": 0.5}}},
            "quantum_bath.diffusion: expected xx yy - xy**2 >= (hbar friction/(2 m))**2 = 0.030625 "
            "(complete positivity), so xx at least 0.06125, got 0",
        ),
        (
            {"quantum_bath": {"diffusion": {"xx": 0.1, "xy": 0.3, "yy": 0.5}}},
            "quantum_bath.diffusion: expected xx yy >= xy**2, or it is no diffusion, got xx yy - xy**2 = -0.04",
        ),
        ({"quantum_bath": {"friction": -1}}, "quantum_bath.friction: expected a number >= 0, got -1"),
        ({"quantum_bath": {}}, "quantum_bath: expected friction or diffusion, got neither"),
        (
            {"quantum_bath": {"friction": 1, "temperature": 1, "diffusion": {"yy": 1}}},
            "quantum_bath.temperature: expected either temperature or diffusion, got both",
        ),
        (
            {"quantum_bath": {"temperature": 1}},
            "quantum_bath.friction: expected a positive number, where there is a temperature, got 0",
        ),
        ({"noises": [{"force": "x", "decoherence": -1}]}, "noises.0.decoherence: expected a number >= 0, got -1"),
        ({"noises": [Noise("x", 0, -0.5)]}, "noises.0.diffusion: expected a number >= 0, or a formula in q, got -1/2"),
        ({"noises": [Noise("x", 0, "x")]}, "noises.0.diffusion: expected a formula in lam, q, pi "),
        ({"noises": Noise("x")}, "noises: expected a list of noises, got "),
        (
            {"decoherence": 0.1, "noises": [Noise("x**2", 0.1, 0.1)]},
            "noises: expected no D2(q) and no eigenvalue of the trade-off below 0 (complete positivity), "
            "got -0.0914897 at q = 0.618",
        ),
    ],
)
def test_what_is_no_bath_is_refused_in_one_line(more: dict[str, Any], line: str) -> None:
    """Kills: an unphysical bath that runs, and errors of several lines or without the numbers."""
    with pytest.raises(InputError) as caught:
        model(**more)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_noise_that_breaks_the_trade_off_on_the_grid_is_refused_with_the_place() -> None:
    """Kills: a D2(q) that is too small somewhere on the grid, below 0.25/D0 = 0.25 from q = 2 on.

    At q = 2.5 it is 0.2, and the eigenvalue that of [[0.8, 1], [1, 1]].
    """
    built = model(diffusion=0.05, decoherence=1.0, noises=[Noise(0, 0, "0.4 - 0.1*q")])
    x = np.linspace(-3, 3, 24)
    trade_off.require(built, np.linspace(-2, 1.99, 20), x)
    with pytest.raises(ModelError, match=r"noises: expected .* got -0\.104988 at q = 2\.5$"):
        trade_off.require(built, np.array([0.0, 2.5, 1.0]), x)
