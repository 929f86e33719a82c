"""Closed forms of the coupled oscillators against linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parameters import HYBRIDS, NUMBERS, OSCILLATORS, coupled, fifty, hybrid, two_hundred

from wignercq.errors import ModelError
from wignercq.gaussian import (
    CoupledOscillators,
    LinearModel,
    hybrid_covariance,
    spectra,
    spectrum,
    steady_covariance,
    susceptibilities,
    susceptibility,
)
from wignercq.model.model import Model


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest error of a covariance, each entry over the product of its two deviations."""
    deviations = np.sqrt(np.diag(expected))
    return float((np.abs(found - expected) / np.outer(deviations, deviations)).max())


@two_hundred
@given(oscillators=OSCILLATORS)
def test_closed_form_covariance_solves_lyapunov(oscillators: CoupledOscillators) -> None:
    """Kills any wrong term of (20)-(27): equal to the numerical solution of (19) to 1e-12."""
    assert relative_error(steady_covariance(oscillators), oscillators.process.steady_covariance()) < 1e-12


@pytest.mark.slow
@two_hundred
@given(model=HYBRIDS)
def test_hybrid_closed_form_covariance_solves_lyapunov(model: Model) -> None:
    """Kills a lost hbar, lam or D0 in (87)-(94): equal to the numerical solution of (19) to 1e-12."""
    assert relative_error(hybrid_covariance(model), LinearModel.from_model(model).steady_covariance()) < 1e-12


@fifty
@given(model=HYBRIDS)
def test_the_map_to_the_classical_system_keeps_the_process(model: Model) -> None:
    """Kills a wrong map (74): drift and diffusion of the mapped oscillators are those of the model."""
    mapped, process = CoupledOscillators.from_model(model).process, LinearModel.from_model(model)
    assert np.abs(mapped.drift - process.drift).max() < 1e-14 * np.abs(process.drift).max()
    assert np.abs(mapped.diffusion - process.diffusion).max() < 1e-14 * np.abs(process.diffusion).max()


def test_closed_form_of_a_bilinear_interaction() -> None:
    """Kills a map that only knows lam (q - x)^2/2: the interaction g q x with linear terms as well."""
    numbers = {**NUMBERS, "friction": 0.5}
    model = Model("1.1*q**2/2 + 0.3*q", "0.9*x**2/2", "g*q*x - 0.2*x", parameters={"g": 0.45}, **numbers)
    assert relative_error(hybrid_covariance(model), LinearModel.from_model(model).steady_covariance()) < 1e-12


def test_hybrid_closed_form_at_the_special_point() -> None:
    """Kills a slip that unequal parameters could hide: <py> = 0 and <yy> for identical oscillators, written out."""
    o = {"k_C": 1.2, "k_Q": 1.2, "lam": 0.4, "classical_mass": 0.8, "quantum_mass": 0.8, "friction": 0.5}
    model = Model.oscillators(**o, hbar=0.7, diffusion=0.6)
    D, D_y = 0.6, 0.49 * 0.16 * model.D0
    found = hybrid_covariance(model)
    assert found[1, 3] == pytest.approx(0, abs=1e-16)
    assert found[3, 3] == pytest.approx((D + D_y) * 0.8 / (2 * 0.5) + D_y * 0.5 * 1.6 / (2 * 0.16), rel=1e-13)


@two_hundred
@given(oscillators=OSCILLATORS)
def test_routh_hurwitz_conditions_equal_the_minors(oscillators: CoupledOscillators) -> None:
    """Kills a wrong stability condition below (17): equal to the leading minors of the Hurwitz matrix of A."""
    process = oscillators.process
    minors, found = process.hurwitz_determinants, oscillators.routh_hurwitz
    coefficients = process.characteristic_polynomial
    assert np.abs(oscillators.characteristic_polynomial - coefficients).max() < 1e-13 * coefficients.max()
    scale = coefficients[1] * coefficients[2]
    assert abs(found[4] - minors[1]) < 1e-12 * scale
    assert abs(found[5] - minors[2]) < 1e-12 * scale * coefficients[3]
    assert oscillators.is_stable
    assert process.is_stable


def test_stability_is_lost_exactly_where_it_should() -> None:
    """Kills a stability test that never says no: alpha = 0, lam = 0 and a potential that opens at K = 0."""
    edge = -1.3 * 0.8 / 2.1  # K = k_C k_Q + lam (k_C + k_Q) = 0
    stable = [coupled(friction=0.0), coupled(lam=0.0), coupled(lam=edge * 1.01), coupled(lam=edge * 0.99), coupled()]
    assert [o.is_stable for o in stable] == [False, False, False, True, True]
    assert [o.process.is_stable for o in stable] == [False, False, False, True, True]
    with pytest.raises(ModelError, match="Routh-Hurwitz"):
        steady_covariance(coupled(lam=0.0))


@two_hundred
@given(oscillators=OSCILLATORS, w=st.floats(-4, 4))
def test_closed_form_spectra_and_responses_equal_the_resolvent(oscillators: CoupledOscillators, w: float) -> None:
    """Kills a wrong spectrum, cross spectrum phase or response (33)-(38): equal to (A + iw)^-1 B (A^T - iw)^-1."""
    process = oscillators.process
    noise, answer = spectrum(process, w)[::2, ::2], susceptibility(process, w)[::2, 1::2]
    size = 1 + np.linalg.cond(process.drift + 1j * w * np.eye(4))
    assert np.abs(spectra(oscillators, w) - noise).max() < 1e-14 * size * np.abs(noise).max()
    assert np.abs(susceptibilities(oscillators, w) - answer).max() < 1e-14 * size * np.abs(answer).max()


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"quantum_mass": 0.0}, "quantum_mass"), ({"friction": -0.1}, "friction"), ({"k_C": np.inf}, "k_C")],
)
def test_impossible_oscillators_are_refused(changes: dict[str, float], named: str) -> None:
    """Kills parameters that are no oscillators."""
    with pytest.raises(ModelError, match=f"^{named}: expected"):
        coupled(**changes)


def test_anharmonic_model_has_no_closed_form() -> None:
    """Kills a closed form of the wrong model."""
    with pytest.raises(ModelError, match="anharmonic"):
        hybrid_covariance(Model("q**4", "x**2", "(q - x)**2", diffusion=0.4, friction=0.1))
    assert hybrid_covariance(hybrid()).shape == (4, 4)
