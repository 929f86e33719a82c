"""Two-time functions, spectra, responses and the fluctuation-dissipation relation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from support.parameters import OSCILLATORS, coupled, hybrid, two_hundred

from wignercq import Model
from wignercq.errors import InputError
from wignercq.gaussian import (
    CoupledOscillators,
    LinearModel,
    OrnsteinUhlenbeck,
    effective_temperatures,
    fdr_violation,
    keldysh_distribution,
    keldysh_green,
    response,
    retarded_green,
    spectra,
    spectrum,
    susceptibilities,
    susceptibility,
    two_time,
)


@two_hundred
@given(oscillators=OSCILLATORS, tau=st.floats(-5, 5))
def test_two_time_function_is_the_regression_of_a_doubled_process(oscillators: CoupledOscillators, tau: float) -> None:
    """Kills a transposed two-time function: <z(t+tau) z(t)^T> from the covariance of the pair (z(t+tau), z(t)),
    written with eigenvectors instead of the propagator, to 1e-10 of the largest entry."""
    process = oscillators.process
    values, vectors = np.linalg.eig(process.drift)
    steady = process.steady_covariance()
    flow = (vectors * np.exp(-values * abs(tau)) @ np.linalg.inv(vectors)).real
    expected = flow @ steady if tau >= 0 else steady @ flow.T
    tolerance = 1e-13 * np.linalg.cond(vectors) ** 2 + 1e-12
    assert np.abs(two_time(process, tau) - expected).max() < tolerance * np.abs(steady).max()


@pytest.mark.parametrize(("i", "j", "tau"), [(0, 0, 0.0), (1, 1, 0.9), (0, 1, 1.7), (1, 0, 1.7), (0, 1, -0.6)])
def test_two_time_function_is_the_transform_of_the_closed_form_spectrum(i: int, j: int, tau: float) -> None:
    """Kills a sign of the Fourier convention or a lost 2 pi: quadrature of (33)-(38) gives <z_i(t+tau) z_j(t)>."""
    o = coupled()

    def part(w: float) -> float:
        return float((np.exp(1j * w * tau) * spectra(o, w)[i, j]).real) / np.pi

    edges = [0, 0.6, 0.9, 1.05, 1.3, 1.5, 1.6, 2.5, 10, 2000]
    total = sum(quad(part, a, b, limit=400, epsabs=1e-12)[0] for a, b in pairwise(edges))
    assert total == pytest.approx(two_time(o.process, tau)[2 * i, 2 * j], abs=1e-8)


def test_response_is_what_a_kick_does() -> None:
    """Kills a response read off the wrong element: the mean after a kick of 1e-3 to x, per unit kick."""
    process = coupled().process
    tau = np.array([0.4, 2.0, 9.0])
    kicked = process.mean(tau, [0, 0, 0, 1e-3])
    np.testing.assert_allclose(response(process, tau)[:, :, 3], kicked / 1e-3, rtol=1e-12, atol=1e-15)
    assert np.abs(response(process, -tau)).max() == 0
    assert two_time(process, np.array([[0.3, -0.3]])).shape == (1, 2, 4, 4)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (1, 1), (0, 1)])
def test_susceptibility_is_the_transform_of_the_response(i: int, j: int) -> None:
    """Kills a susceptibility of the advanced kind: quadrature of the response against the closed form (33)-(38)."""
    o, w = coupled(), 0.8
    tau = np.linspace(0, 700, 70001)
    signal = response(o.process, tau)[:, 2 * i, 2 * j + 1] * np.exp(-1j * w * tau)
    weights = np.full(len(tau), tau[1]) * (1 + (np.arange(len(tau)) % 2)) * 2 / 3
    weights[[0, -1]] = tau[1] / 3
    assert abs(weights @ signal - susceptibilities(o, w)[i, j]) < 1e-7


@two_hundred
@given(o=OSCILLATORS, w=st.floats(0.1, 4), hbar=st.floats(0.3, 2))
def test_effective_temperatures_have_their_closed_form(o: CoupledOscillators, w: float, hbar: float) -> None:
    """Kills a wrong factor in the ratio of noise to response: against the closed forms of the docstring."""
    D, D_y, alpha = o.classical_diffusion, o.quantum_diffusion, o.friction
    stiff_x = o.k_Q + o.lam - o.quantum_mass * w**2
    stiff_q = o.k_C + o.lam - o.classical_mass * w**2
    T_x = D / (2 * alpha) + D_y * (stiff_q**2 + alpha**2 * w**2) / (2 * alpha * o.lam**2)
    found = effective_temperatures(o.process, w)
    assert found[1] == pytest.approx(T_x, rel=1e-10)
    if abs(stiff_x) > 0.01:
        assert found[0] == pytest.approx(D / (2 * alpha) + D_y * o.lam**2 / (2 * alpha * stiff_x**2), rel=1e-8)
    violation = fdr_violation(o.process, w, hbar=hbar, temperature=D / (2 * alpha))
    assert violation == pytest.approx(T_x / (hbar * w / 2) * np.tanh(hbar * w * alpha / D) - 1, rel=1e-9)


def test_detailed_balance_has_no_violation() -> None:
    """Kills a violation that never vanishes: both particles damped by a bath at one temperature obey the classical
    relation at every frequency, with a nearly classical quantum one."""
    T, friction = 0.7, np.array([0.4, 0.9])
    o = coupled()
    drift = o.process.drift.copy()
    drift[1, 1], drift[3, 3] = friction[0] / o.classical_mass, friction[1] / o.quantum_mass
    balanced = LinearModel(drift, np.diag([0, 2 * T * friction[0], 0, 2 * T * friction[1]]))
    w = np.array([-1.3, 0.2, 0.9, 1.1, 3.0])
    np.testing.assert_allclose(effective_temperatures(balanced, w), T, rtol=1e-12)
    assert np.abs(fdr_violation(balanced, w, hbar=1e-5, temperature=T)).max() < 1e-9


def test_violation_vanishes_in_the_thermal_limit() -> None:
    """Kills a violation against the wrong temperature: between D2 = 5e3 and 1e4 it falls as D2^-2, within 0.01."""
    w, found = 0.9, []
    for diffusion in (5e3, 1e4):
        model = hybrid(diffusion=diffusion)
        linear = LinearModel.from_model(model)
        found.append(float(fdr_violation(linear, w, hbar=model.hbar, temperature=model.bath_temperature)))
    assert np.log2(found[0] / found[1]) == pytest.approx(2, abs=0.01)


def test_keldysh_dictionary() -> None:
    """Kills a factor in the dictionary (75)-(78): G_K at equal times gives <xx> by quadrature, G_R - G_A the
    commutator sum rule, and their ratio the distribution function."""
    model = hybrid()
    linear = LinearModel.from_model(model)
    w = np.linspace(-60, 60, 40001)
    keldysh, retarded = keldysh_green(linear, w, hbar=0.6), retarded_green(linear, w)
    step = w[1] - w[0]
    assert (1j * keldysh * 0.3).real.sum() * step / (2 * np.pi) == pytest.approx(
        linear.steady_covariance()[2, 2], rel=1e-6
    )
    rate = (w * 2 * retarded.imag).sum() * step / (2 * np.pi)  # d/dtau of the commutator at tau = 0: 1/m
    assert rate == pytest.approx(1 / model.quantum_mass, rel=1e-6)
    some = np.array([0.4, 1.1, 2.3])
    g_k, g_r = keldysh_green(linear, some, hbar=0.6), retarded_green(linear, some)
    ratio = g_k / (np.conj(g_r) - g_r)
    np.testing.assert_allclose(keldysh_distribution(linear, some, hbar=0.6), ratio.real, rtol=1e-12)
    assert np.abs(ratio.imag).max() < 1e-10


def test_spectrum_of_any_process_integrates_to_the_steady_covariance() -> None:
    """Kills a spectrum that only works for four coordinates: a two-dimensional process, by quadrature."""
    process = OrnsteinUhlenbeck([[0.6, -0.4], [1.1, 0.5]], [[0.3, 0.1], [0.1, 0.8]])
    total = quad(lambda w: spectrum(process, w)[0, 1].real / np.pi, 0, np.inf, epsabs=1e-11)[0]
    assert total == pytest.approx(process.steady_covariance()[0, 1], abs=1e-9)
    assert np.abs(susceptibility(process, 0.0) - np.linalg.inv(process.drift)).max() < 1e-15


def test_zero_frequency_and_temperature_are_refused() -> None:
    """Kills a division by zero that comes back as nan."""
    linear = LinearModel.from_model(hybrid())
    with pytest.raises(InputError, match=r"^w: expected"):
        effective_temperatures(linear, [0.3, 0.0])
    with pytest.raises(InputError, match=r"^temperature: expected"):
        fdr_violation(linear, 0.3, hbar=0.6, temperature=0.0)


def test_temperature_of_a_position_that_does_not_respond_is_infinite() -> None:
    """Kills: a quotient of two rounding errors; V_I = lam q x has no response of q at w_Q = sqrt(k_Q/m)."""
    for lam in (0.2, 0.25):
        model = Model("q**2/2", "x**2/2", "lam*q*x", parameters={"lam": lam}, friction=0.3, diffusion=0.5)
        classical, quantum = effective_temperatures(LinearModel.from_model(model), 1.0)
        assert classical == np.inf
        assert 0 < quantum < 1e3
