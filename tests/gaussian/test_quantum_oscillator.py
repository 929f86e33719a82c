"""Occupation, purity and uncertainty of the quantum oscillator, and its coldest state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import minimize_scalar
from support.parameters import HYBRIDS, IDENTICAL, fifty, hybrid

from wignercq.errors import InputError, ModelError
from wignercq.gaussian import (
    LinearModel,
    critical_temperature,
    hybrid_covariance,
    minimum_occupation,
    occupation,
    purity,
    quantum_frequency,
    uncertainty_product,
    weak_occupation,
)
from wignercq.model.model import Model

HBAR, MASS, SPRING, ALPHA = 0.6, *(IDENTICAL[name] for name in ("quantum_mass", "k_Q", "friction"))
FREQUENCY = np.sqrt(SPRING / MASS)


def identical(temperature: float, lam: float, *, trade_off: float = 1.0) -> Model:
    """Identical oscillators at a bath temperature, with 4 D0 D2 = trade_off."""
    diffusion = 2 * ALPHA * temperature
    return Model.oscillators(
        **IDENTICAL,
        lam=lam,
        hbar=HBAR,
        diffusion=diffusion,
        decoherence=trade_off / (4 * diffusion),
        allow_unphysical=trade_off < 1,
    )


def exact_occupation(model: Model) -> float:
    return float(occupation(model, hybrid_covariance(model)))


def test_occupation_of_number_states() -> None:
    """Kills a lost 1/2, hbar or mass in (79): the covariances of the n-th level, and of a displaced ground state."""
    model = hybrid()
    w = quantum_frequency(model)
    for n in (0, 1, 5):
        covariance = np.diag([1.0, 1.0, 0.6 * (n + 0.5) / (0.7 * w), 0.6 * 0.7 * w * (n + 0.5)])
        assert occupation(model, covariance) == pytest.approx(n, abs=1e-13)
    ground = np.diag([1.0, 1.0, 0.3 / (0.7 * w), 0.3 * 0.7 * w])
    amplitude = np.sqrt(2 * 0.6 / (0.7 * w)) * 1.5  # <x> of a coherent state with |alpha|^2 = 2.25
    assert occupation(model, ground, mean=[9.0, 9.0, amplitude, 0.0]) == pytest.approx(2.25, abs=1e-12)


def test_occupation_is_counted_from_the_minimum_of_the_potential() -> None:
    """Kills a linear term of V_Q counted as energy: the ground state displaced to the minimum has n = 0."""
    model = Model("q**2/2", "0.8*x**2/2 - 0.24*x", "q*x/5", quantum_mass=0.7, hbar=0.6, friction=0.1, diffusion=0.3)
    w = np.sqrt(0.8 / 0.7)
    ground = np.diag([1.0, 1.0, 0.3 / (0.7 * w), 0.3 * 0.7 * w])
    assert occupation(model, ground, mean=[0, 0, 0.3, 0]) == pytest.approx(0, abs=1e-14)


def test_weak_occupation_converges_at_first_order() -> None:
    """Kills a wrong term of (85): the error against the exact occupation falls as lam, within 0.1, for unequal
    oscillators and an unsaturated trade-off."""

    def error(lam: float) -> float:
        model = hybrid(lam=lam, decoherence=0.8)
        return abs(exact_occupation(model) - weak_occupation(model))

    assert np.log2(error(0.004) / error(0.002)) == pytest.approx(1, abs=0.1)
    assert error(0.002) < 0.01


def test_minimum_of_the_occupation() -> None:
    """Kills a wrong critical temperature: the minimum of the exact n(T), found by a minimiser, tends to
    k_B T_C = hbar w/4 and n = 0, both with errors that fall at least as lam^0.9."""
    errors = []
    for lam in (0.01, 0.005):
        best = minimize_scalar(
            lambda T, lam=lam: exact_occupation(identical(T, lam)),
            bounds=(0.05 * HBAR * FREQUENCY, HBAR * FREQUENCY),
            method="bounded",
            options={"xatol": 1e-10},
        )
        errors.append([abs(best.x / (HBAR * FREQUENCY / 4) - 1), best.fun])
    errors = np.array(errors)
    assert np.log2(errors[0] / errors[1]).min() > 0.9
    assert errors[1].max() < 0.01
    assert errors[1, 1] > 0  # reached only as lam -> 0
    assert critical_temperature(identical(0.3, 0.01)) == pytest.approx(HBAR * FREQUENCY / 4, rel=1e-12)
    assert minimum_occupation(identical(0.3, 0.01)) == pytest.approx(0, abs=1e-12)


def test_minimum_for_unequal_oscillators_and_excess_decoherence() -> None:
    """Kills a critical temperature that only knows identical oscillators: minimised over T at 4 D0 D2 = 1.7."""

    def at(temperature: float) -> Model:
        diffusion = 2 * 0.4 * temperature
        return hybrid(lam=1e-3, diffusion=diffusion, decoherence=1.7 / (4 * diffusion))

    best = minimize_scalar(lambda T: weak_occupation(at(T)), bounds=(0.02, 3.0), method="bounded")
    assert critical_temperature(at(1.0)) == pytest.approx(best.x, rel=1e-4)
    assert minimum_occupation(at(1.0)) == pytest.approx(best.fun, rel=1e-8)


@fifty
@given(model=HYBRIDS)
def test_occupation_is_never_negative(model: Model) -> None:
    """Kills a steady state below the ground state: n >= 0, the uncertainty bound and purity <= 1, at any coupling."""
    steady = hybrid_covariance(model)
    assert occupation(model, steady) >= 0
    assert uncertainty_product(steady) >= model.hbar / 2
    assert 0 < purity(steady, hbar=model.hbar) <= 1


def test_bounds_hold_all_along_relaxation() -> None:
    """Kills a transient below the bound: from the vacuum with a sharp classical point, 400 times, at T_C = hbar w/4."""
    model = identical(HBAR * FREQUENCY / 4, 0.3)
    process = LinearModel.from_model(model)
    vacuum = np.diag([0.0, 0.0, HBAR / (2 * MASS * FREQUENCY), HBAR * MASS * FREQUENCY / 2])
    covariances = process.covariance(np.linspace(0, 60, 400), vacuum)
    assert uncertainty_product(covariances).min() > HBAR / 2 * (1 - 1e-12)
    assert occupation(model, covariances).min() > -1e-12


@pytest.mark.parametrize("trade_off", [0.5, 0.8])
def test_below_the_trade_off_the_uncertainty_bound_breaks_where_predicted(trade_off: float) -> None:
    """Kills a trade-off that does not matter: at weak coupling the bound breaks exactly for bath temperatures between
    (hbar w/4)(1 - r) and (hbar w/4)(1 + r), r = sqrt(1 - 4 D0 D2); there n < 0, and at 4 D0 D2 = 1 nowhere."""
    lam, r = 1e-4, np.sqrt(1 - trade_off)
    scale = HBAR * FREQUENCY / 4
    temperatures = scale * np.linspace(0.05, 2.2, 44)
    models = [identical(T, lam, trade_off=trade_off) for T in temperatures]
    states = np.array([hybrid_covariance(model) for model in models])
    inside = np.abs(temperatures / scale - 1) < r
    assert np.abs(np.abs(temperatures / scale - 1) - r).min() > 1e-3  # no temperature on the edge
    assert np.array_equal(uncertainty_product(states) < HBAR / 2, inside)
    assert np.array_equal(occupation(models[0], states) < 0, inside)
    assert 10 < inside.sum() < 40
    saturated = [uncertainty_product(hybrid_covariance(identical(T, lam))) for T in temperatures[::4]]
    assert min(saturated) > HBAR / 2


def test_below_the_trade_off_the_map_is_not_completely_positive() -> None:
    """Kills a trade-off checked only in the steady state: ``Q(t) + (i hbar/2)(Omega - F Omega F^T) >= 0``, Omega the
    symplectic form of the quantum particle alone, fails at t = 0.05 for 4 D0 D2 = 0.5 and holds at 1."""
    found = []
    for trade_off in (0.5, 1.0):
        process = LinearModel.from_model(identical(HBAR * FREQUENCY / 4, 0.8, trade_off=trade_off))
        omega = np.zeros((4, 4))
        omega[2, 3], omega[3, 2] = 1, -1
        flow = process.propagator(0.05)
        matrix = process.noise_covariance(0.05) + 0.5j * HBAR * (omega - flow @ omega @ flow.T)
        found.append(np.linalg.eigvalsh(matrix).min())
    assert found[0] < -1e-6
    assert found[1] > -1e-12


def test_what_has_no_occupation_is_refused() -> None:
    """Kills an occupation of a potential without a well, at infinite temperature, and of an impossible state."""
    with pytest.raises(ModelError, match="quantum_potential"):
        occupation(hybrid(k_Q=0.0), np.eye(4))
    with pytest.raises(ModelError, match=r"^friction: expected"):
        weak_occupation(hybrid(friction=0.0))
    with pytest.raises(ModelError, match=r"^k_Q: expected"):
        critical_temperature(hybrid(k_Q=-0.1))
    with pytest.raises(InputError, match="determinant"):
        purity(np.diag([1.0, 1.0, -1.0, 1.0]), hbar=0.6)
