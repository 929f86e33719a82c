"""Weak-coupling forms: each converges to the exact one at the power of lam it claims."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.parameters import IDENTICAL, OVERDAMPED, UNEQUAL

from wignercq.errors import ModelError
from wignercq.gaussian import (
    CoupledOscillators,
    amplitude_ratio,
    asymptotic_mutual_information,
    hybrid_weak_correlators,
    induced_damping,
    long_lived_correlator,
    mutual_information,
    response,
    two_time,
    two_time_correlation,
    weak_correlation,
    weak_correlators,
    weak_poles,
    weak_responses,
)

SYSTEMS = pytest.mark.parametrize(
    "system", [UNEQUAL, IDENTICAL, OVERDAMPED], ids=["unequal", "identical", "overdamped"]
)
LAMS = (0.008, 0.004, 0.002)


def build(system: dict[str, float], lam: float, *, hybrid: bool = False) -> CoupledOscillators:
    noise = 0.3 * lam**2 if hybrid else 0.3
    return CoupledOscillators(**system, lam=lam, classical_diffusion=0.5, quantum_diffusion=noise)


def delays(o: CoupledOscillators) -> np.ndarray:
    """Fixed delays of both signs, and a period or so at a delay of the order of the relaxation time."""
    return np.concatenate([np.linspace(-3, 3, 25), 0.3 / o.lam**2 + np.linspace(0, 8, 81)])


def orders(error: Callable[[float], np.ndarray]) -> np.ndarray:
    """Powers of lam at which errors fall between the last two couplings."""
    errors = [np.asarray(error(lam)) for lam in LAMS]
    return np.log2(errors[-2] / errors[-1])


@SYSTEMS
def test_poles_to_second_order(system: dict[str, float]) -> None:
    """Kills a wrong first- or second-order term of (46)-(49), (51)-(54): the error falls as lam^3, within 0.2."""

    def error(lam: float) -> float:
        o = build(system, lam)
        exact, weak = o.process.eigenvalues, weak_poles(o)
        return max(float(np.abs(exact - value).min()) for value in weak)

    assert orders(error) == pytest.approx(3, abs=0.2)


@SYSTEMS
def test_induced_damping(system: dict[str, float]) -> None:
    """Kills a damping off by 2: the gap is Gamma/2 with an error of higher order than lam^2, at least lam^2.8."""

    def error(lam: float) -> float:
        o = build(system, lam)
        return abs(o.process.gap - induced_damping(o) / 2)

    assert orders(error) > 2.8
    o = build(IDENTICAL, 0.01)
    assert induced_damping(o) == pytest.approx(1e-4 / (0.4 * 1.3), rel=1e-12)  # lam^2/(m alpha w^2), m w^2 = k


def relative(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Largest error over the delays of each of qq, qx, xq, xx, over the largest value."""
    return np.abs(found - exact).max(axis=0) / np.abs(exact).max(axis=0)


@SYSTEMS
def test_classical_correlators(system: dict[str, float]) -> None:
    """Kills a wrong leading correlator (55)-(59), (133)-(138): all four fall at least as lam^0.75, qq and xx as lam^1
    within 0.2, at fixed delays and at delays of the order of 1/lam^2."""

    def error(lam: float) -> np.ndarray:
        o = build(system, lam)
        return relative(weak_correlators(o, delays(o)), two_time(o.process, delays(o))[:, ::2, ::2])

    found = orders(error)
    assert found.min() > 0.7
    assert found[0, 0] == pytest.approx(1, abs=0.2)
    assert error(LAMS[-1]).max() < 0.02


@SYSTEMS
def test_hybrid_correlators(system: dict[str, float]) -> None:
    """Kills a wrong leading correlator (80)-(83), cross terms too: the relative error falls as lam, within 0.25."""

    def error(lam: float) -> np.ndarray:
        o = build(system, lam, hybrid=True)
        return relative(hybrid_weak_correlators(o, delays(o)), two_time(o.process, delays(o))[:, ::2, ::2])

    np.testing.assert_allclose(orders(error), 1, atol=0.25)
    assert error(LAMS[-1]).max() < 0.03


@SYSTEMS
def test_responses(system: dict[str, float]) -> None:
    """Kills a wrong leading response, cf. (82)-(83): the relative error falls as lam, within 0.2."""

    def error(lam: float) -> np.ndarray:
        o = build(system, lam)
        return relative(weak_responses(o, delays(o)), response(o.process, delays(o))[:, ::2, 1::2])

    np.testing.assert_allclose(orders(error), 1, atol=0.2)
    assert error(LAMS[-1]).max() < 0.02


def test_identical_oscillators_written_out() -> None:
    """Kills an agreement of two wrong codes: <xx> = D_y alpha/(2 m lam^2) e^{-Gamma tau/2} cos(w tau) up to lam."""
    o = build(IDENTICAL, 1e-4)
    w, tau = np.sqrt(1.3 / 0.7), np.array([0.0, 0.8, 5.0])
    expected = 0.3 * 0.4 / (2 * 0.7 * 1e-8) * np.cos(w * tau)
    np.testing.assert_allclose(weak_correlators(o, tau)[:, 1, 1], expected, atol=1e-3 * expected[0])
    assert amplitude_ratio(o) == pytest.approx(1e-4 / (0.4 * w), rel=1e-12)


@SYSTEMS
def test_ratio_of_the_swings(system: dict[str, float]) -> None:
    """Kills a wrong ratio (61): with all noise on y, sqrt(<qq>/<xx>) is reached with an error falling as lam."""

    def error(lam: float) -> float:
        o = CoupledOscillators(**system, lam=lam, classical_diffusion=0.0, quantum_diffusion=0.3)
        steady = o.process.steady_covariance()
        return abs(np.sqrt(steady[0, 0] / steady[2, 2]) / amplitude_ratio(o) - 1)

    assert orders(error) == pytest.approx(1, abs=0.15)


@SYSTEMS
def test_what_survives_the_fast_mode(system: dict[str, float]) -> None:
    """Kills a wrong long-lived correlation (62) or asymptotic information (68): at delays past 150 the exact
    two-time function and mutual information of q are reached with an error falling at least as lam^0.75."""

    def error(lam: float) -> np.ndarray:
        o = build(system, lam)
        tau = np.linspace(150, 170, 41)
        exact = two_time(o.process, tau)[:, 0, 0]
        information = mutual_information(two_time_correlation(o.process, tau)[:, 0, 0])
        return np.array(
            [
                np.abs(long_lived_correlator(o, tau) - exact).max() / np.abs(exact).max(),
                np.abs(asymptotic_mutual_information(o, tau) - information).max() / information.max(),
            ]
        )

    assert orders(error).min() > 0.75
    assert error(LAMS[-1]).max() < 0.03


@SYSTEMS
def test_correlation_coefficients(system: dict[str, float]) -> None:
    """Kills a wrong normalisation of (65)-(67): the error falls at least as lam^0.75."""

    def error(lam: float) -> np.ndarray:
        o = build(system, lam)
        exact = two_time_correlation(o.process, delays(o))[:, ::2, ::2]
        return np.abs(weak_correlation(o, delays(o)) - exact).max(axis=0)

    assert orders(error).min() > 0.75
    assert error(LAMS[-1]).max() < 0.02


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"k_Q": -0.1}, "k_Q"),
        ({"friction": 2 * np.sqrt(1.4 * 1.3)}, "friction"),
        ({**IDENTICAL, "friction": 0.0}, "friction"),
    ],
)
def test_no_expansion_is_reported(changes: dict[str, float], named: str) -> None:
    """Kills a division by zero at critical damping, at resonance without friction, or an unstable slow mode."""
    with pytest.raises(ModelError, match=f"^{named}: expected"):
        weak_poles(build({**UNEQUAL, **changes}, 0.01))


@pytest.mark.parametrize("function", [weak_correlators, long_lived_correlator, weak_correlation])
def test_no_steady_state_is_reported(function: Callable[..., object]) -> None:
    """Kills: a bare division by zero without friction, at frequencies at which the poles have an expansion."""
    o = build({**UNEQUAL, "friction": 0.0}, 0.01)
    with pytest.raises(ModelError, match=r"^friction: expected a positive number for a steady state, got 0$"):
        function(o, 1.0)
