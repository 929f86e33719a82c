"""Natural units: sizes in SI from the constants of nature, and models that are the same ones in both."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp

from wignercq import LinearModel, Model
from wignercq.errors import InputError
from wignercq.units import KINDS, Units

HBAR, BOLTZMANN = 1.054571817e-34, 1.380649e-23
MASS, FREQUENCY = 3.4e-27, 2 * math.pi * 1.7e6
UNITS = Units(MASS, FREQUENCY)


def in_si() -> Model:
    """An ion, heavier by half than its classical partner, in a well that is not harmonic."""
    k = MASS * FREQUENCY**2
    values = {"k": k, "g": 0.05 * k / UNITS.length**2, "e": 0.2 * HBAR * FREQUENCY, "b": 1.3 / UNITS.length}
    return Model(
        "0.9*k*q**2/2",
        "k*x**2/2 + g*x**4 - e*cos(b*x)",
        "-0.3*k*q*x",
        parameters=values,
        classical_mass=MASS / 1.5,
        quantum_mass=MASS,
        hbar=HBAR,
        friction=0.4 * MASS * FREQUENCY,
        diffusion=0.9 * HBAR * MASS * FREQUENCY**2,
    )


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("number", 1.0),
        ("length", math.sqrt(HBAR / (MASS * FREQUENCY))),
        ("momentum", math.sqrt(HBAR * MASS * FREQUENCY)),
        ("energy", HBAR * FREQUENCY),
        ("temperature", HBAR * FREQUENCY / BOLTZMANN),
        ("stiffness", MASS * FREQUENCY**2),
        ("force", math.sqrt(HBAR * MASS * FREQUENCY) * FREQUENCY),
        ("power", HBAR * FREQUENCY**2),
        ("action", HBAR),
        ("friction", MASS * FREQUENCY),
        ("diffusion", HBAR * MASS * FREQUENCY**2),
        ("decoherence", 1 / (HBAR * MASS * FREQUENCY**2)),
        ("mass", MASS),
        ("time", 1 / FREQUENCY),
        ("rate", FREQUENCY),
    ],
)
def test_sizes_are_those_of_an_oscillator(kind: str, size: float) -> None:
    """Kills: an exponent, a factor of k_B; 'decoherence' times 'diffusion' must be a number, as 4 D0 D2 is."""
    assert UNITS.size(kind) == pytest.approx(size, rel=1e-8)
    assert UNITS.si(UNITS.natural(2.7, kind), kind) == pytest.approx(2.7, rel=1e-15)
    assert kind in KINDS


def test_another_action_makes_other_units() -> None:
    """Kills: hbar used where the action was meant."""
    large = Units(2e-3, 5.0, action=1e-6)
    assert large.length == pytest.approx(1e-2, rel=1e-14)
    assert large.natural(np.array([1e-2, 3e-2]), "length") == pytest.approx([1.0, 3.0], rel=1e-14)


def test_a_model_in_si_has_natural_numbers() -> None:
    """Kills: a potential scaled with the wrong power of the length, a constant of the bath forgotten."""
    natural = UNITS.natural_model(in_si())
    x = sp.Symbol("x", real=True)
    for at in (0.0, 0.7, -1.3):
        expected = at**2 / 2 + 0.05 * at**4 - 0.2 * math.cos(1.3 * at)
        assert float(natural.V_Q.subs(x, at)) == pytest.approx(expected, rel=1e-9)
    found = (natural.classical_mass, natural.quantum_mass, natural.hbar, natural.friction, natural.diffusion)
    assert found == pytest.approx((1 / 1.5, 1, 1, 0.4, 0.9), rel=1e-9)
    assert pytest.approx(1 / 3.6, rel=1e-9) == natural.D0


def test_there_and_back_is_the_same_model() -> None:
    """Kills: a kind divided by where it should be multiplied."""
    model = in_si()
    again = UNITS.si_model(UNITS.natural_model(model))
    for name in ("classical_mass", "quantum_mass", "hbar", "friction", "diffusion", "decoherence"):
        assert getattr(again, name) == pytest.approx(getattr(model, name), rel=1e-13)
    at = {sp.Symbol("q", real=True): 0.4 * UNITS.length, sp.Symbol("x", real=True): -0.8 * UNITS.length}
    for V, other in ((model.V_C, again.V_C), (model.V_Q, again.V_Q), (model.V_I, again.V_I)):
        assert float(other.subs(at)) == pytest.approx(float(V.subs(at)), rel=1e-12)


def test_gaussian_theory_is_the_same_in_both() -> None:
    """Kills: units that do not belong together: relaxation rates and covariances of the steady state must agree."""
    model = Model.oscillators(
        k_C=0.9 * MASS * FREQUENCY**2,
        k_Q=1.1 * MASS * FREQUENCY**2,
        lam=0.4 * MASS * FREQUENCY**2,
        classical_mass=1.6 * MASS,
        quantum_mass=MASS,
        hbar=HBAR,
        friction=0.5 * MASS * FREQUENCY,
        diffusion=1.3 * HBAR * MASS * FREQUENCY**2,
    )
    si, natural = LinearModel.from_model(model), LinearModel.from_model(UNITS.natural_model(model))
    assert UNITS.si(natural.gap, "rate") == pytest.approx(si.gap, rel=1e-10)
    scale = np.array([UNITS.size(kind) for kind in ("length", "momentum", "length", "momentum")])
    assert natural.steady_covariance() * np.outer(scale, scale) == pytest.approx(si.steady_covariance(), rel=1e-10)


@pytest.mark.parametrize("numbers", [(0.0, 1.0), (1.0, math.inf), (1.0, "fast"), (True, 1.0)])
def test_what_is_no_oscillator_is_refused(numbers: tuple[float, float]) -> None:
    """Kills: a raw ZeroDivisionError, units of nothing."""
    with pytest.raises(InputError, match="expected a positive, finite number in SI units"):
        Units(*numbers)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    """Kills: a KeyError."""
    with pytest.raises(InputError, match=r"kind: expected one of number, mass, .*, got 'velocity'"):
        UNITS.natural(1.0, "velocity")
