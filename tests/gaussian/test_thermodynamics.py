"""Energy balance, thermal limit, entropy production and the second law."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from scipy.integrate import simpson
from support.parameters import HYBRIDS, NUMBERS, fifty, hybrid, two_hundred

from wignercq.errors import ModelError, StateError
from wignercq.gaussian import (
    LinearModel,
    energies,
    energy_rate,
    entropy_rates,
    gaussian_entropy,
    gibbs_covariance,
    gibbs_distance,
    hybrid_covariance,
    quantum_heating,
    relative_entropy,
    steady_entropy_production,
    thermal_covariance,
)
from wignercq.model.model import Model

START_MEAN = np.array([0.7, -0.3, -0.9, 0.4])
START = np.array([[0.5, 0.1, 0.0, 0.05], [0.1, 0.4, 0.1, 0.0], [0.0, 0.1, 0.9, -0.1], [0.05, 0.0, -0.1, 0.6]])


def test_energies_of_a_gaussian_are_averages_over_samples_of_it() -> None:
    """Kills a lost mean, constant or cross term: Gauss-Hermite averages of the potentials as written."""
    model = Model(
        "a*q**2/2 + 0.4*q + 2",
        "0.9*x**2/2 - 0.3*x",
        "0.25*(q + x)**2 + 0.1*q*x",
        parameters={"a": 1.7},
        **NUMBERS,
    )
    nodes, weights = _hermite()
    q, p, x, y = START_MEAN[:, None] + np.linalg.cholesky(START) @ nodes
    found = energies(model, START, mean=START_MEAN)
    assert found.classical == pytest.approx(weights @ (p**2 / 2.6 + 0.85 * q**2 + 0.4 * q + 2), rel=1e-12)
    assert found.quantum == pytest.approx(weights @ (y**2 / 1.2 + 0.45 * x**2 - 0.3 * x), rel=1e-12)
    assert found.interaction == pytest.approx(weights @ (0.25 * (q + x) ** 2 + 0.1 * q * x), rel=1e-12)


def test_energy_balance_is_the_derivative_of_the_energy() -> None:
    """Kills a wrong term of (14): the rate against a difference of <H>(t) along the exact evolution."""
    model = hybrid()
    process, h = LinearModel.from_model(model), 1e-4
    for t in (0.3, 2.0, 7.5):
        ends = [
            energies(model, process.covariance(s, START), mean=process.mean(s, START_MEAN)).total
            for s in (t - h, t + h)
        ]
        rate = energy_rate(model, process.covariance(t, START), mean=process.mean(t, START_MEAN))
        assert (ends[1] - ends[0]) / (2 * h) == pytest.approx(rate, abs=1e-8)


@fifty
@given(model=HYBRIDS)
def test_steady_energy_balance(model: Model) -> None:
    """Kills a steady <pp> that does not balance (15): the rate vanishes to 1e-12 of the heating."""
    heating = model.diffusion / (2 * model.classical_mass) + quantum_heating(model)
    assert abs(energy_rate(model, hybrid_covariance(model))) < 1e-12 * heating


def test_thermal_covariance_entries() -> None:
    """Kills a wrong inverse Hessian: (95)-(99) written out."""
    model = hybrid()
    T, K = 0.5 / 0.8, 1.3 * 0.8 + 0.6 * 2.1
    found = thermal_covariance(model)
    np.testing.assert_allclose(np.diag(found), [T * 1.4 / K, 1.4 * T, T * 1.9 / K, 0.7 * T], rtol=1e-12)
    assert found[0, 2] == pytest.approx(T * 0.6 / K, rel=1e-12)
    assert np.count_nonzero(found) == 6


def test_thermal_limit_of_the_steady_state() -> None:
    """Kills a steady state that does not thermalise, (95)-(100): the relative distance of the covariance falls as D2^-2
    and the relative entropy as D2^-4, slopes within 0.02."""
    diffusions = (20.0, 40.0)
    apart, entropy = [], []
    for diffusion in diffusions:
        model = hybrid(diffusion=diffusion)
        thermal = thermal_covariance(model)
        apart.append(np.abs(hybrid_covariance(model) - thermal).max() / thermal.max())
        entropy.append(gibbs_distance(model))
    assert np.log2(apart[0] / apart[1]) == pytest.approx(2, abs=0.02)
    assert np.log2(entropy[0] / entropy[1]) == pytest.approx(4, abs=0.02)


def test_gibbs_state_of_the_quantum_particle_at_low_temperature() -> None:
    """Kills a classical Gibbs state: as T -> 0 the quantum particle sits in the ground state of its dressed well."""
    model = hybrid()
    cold, omega = gibbs_covariance(model, temperature=1e-6), np.sqrt(1.4 / 0.7)
    assert cold[2, 2] == pytest.approx(0.6 / (2 * 0.7 * omega), rel=1e-5)
    assert cold[3, 3] == pytest.approx(0.6 * 0.7 * omega / 2, rel=1e-12)
    hot = gibbs_covariance(model, temperature=300.0) / thermal_covariance(model, temperature=300.0).max()
    np.testing.assert_allclose(hot, thermal_covariance(model, temperature=300.0) / 300 / (0.7 * 2), atol=1e-5)


def test_gibbs_state_is_the_mixture_of_displaced_thermal_states() -> None:
    """Kills a wrong marginal of q: its density is the classical weight times the partition function at each q, which
    is summed here over the levels of the displaced oscillator."""
    model, T = hybrid(), 0.4
    omega = np.sqrt(1.4 / 0.7)
    levels = 0.6 * omega * (np.arange(200) + 0.5)
    q = np.linspace(-6, 6, 2401)
    ground = 1.9 * q**2 / 2 - (0.6 * q) ** 2 / (2 * 1.4)  # minimum over x of the potential at q
    weight = np.exp(-(ground[:, None] + levels) / T).sum(axis=1)
    found = gibbs_covariance(model, temperature=T)
    assert (weight @ q**2) / weight.sum() == pytest.approx(found[0, 0], rel=1e-9)
    energy = (levels @ np.exp(-levels / T)) / np.exp(-levels / T).sum()
    assert found[3, 3] / 0.7 == pytest.approx(energy, rel=1e-12)
    centre = 0.6 * q / 1.4
    assert (weight @ (q * centre)) / weight.sum() == pytest.approx(found[0, 2], rel=1e-9)
    spread = energy / 1.4 + (weight @ centre**2) / weight.sum()
    assert found[2, 2] == pytest.approx(spread, rel=1e-9)


def test_relative_entropy_against_quadrature() -> None:
    """Kills a swapped pair of arguments or a lost shift: E_S[ln S - ln R] by Gauss-Hermite, exact for quadratics."""
    reference = np.diag([0.7, 0.9, 1.1, 0.4]) + 0.05
    shift = np.array([0.2, -0.1, 0.3, 0.4])
    nodes, weights = _hermite()
    z = shift[:, None] + np.linalg.cholesky(START) @ nodes

    def log_density(points: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        quadratic = np.sum(points * np.linalg.solve(covariance, points), axis=0)
        return -0.5 * (quadratic + np.log(np.linalg.det(2 * np.pi * covariance)))

    expected = weights @ (log_density(z - shift[:, None], START) - log_density(z, reference))
    assert relative_entropy(START, reference, shift=shift) == pytest.approx(expected, rel=1e-12)
    assert relative_entropy(START, START) == pytest.approx(0, abs=1e-14)
    assert gaussian_entropy(START) == pytest.approx(-(weights @ log_density(z - shift[:, None], START)), rel=1e-12)


def _hermite() -> tuple[np.ndarray, np.ndarray]:
    """Nodes (4, 81) and weights (81,) of a four-dimensional standard normal average, exact for quartics."""
    one, weight = np.polynomial.hermite_e.hermegauss(3)
    weight = weight / weight.sum()
    nodes = np.array(list(itertools.product(one, repeat=4))).T
    return nodes, np.array([np.prod(w) for w in itertools.product(weight, repeat=4)])


def direct_production(process: LinearModel, covariance: np.ndarray, mean: np.ndarray) -> float:
    """``(2/D) <(J_p/W)^2> + (2/D_y) <(J_y/W)^2>`` with the gradient of ln W by central differences (exact up to
    rounding for a Gaussian) and the average by Gauss-Hermite."""
    nodes, weights = _hermite()
    z = mean[:, None] + np.linalg.cholesky(covariance) @ nodes
    D, D_y = process.diffusion[1, 1], process.diffusion[3, 3]

    def log_density(points: np.ndarray) -> np.ndarray:
        away = points - mean[:, None]
        return -0.5 * np.sum(away * np.linalg.solve(covariance, away), axis=0)

    def slope(axis: int) -> np.ndarray:
        h = np.zeros((4, 1))
        h[axis] = 0.25
        return (log_density(z + h) - log_density(z - h)) / 0.5

    current_p = -process.drift[1, 1] * z[1] - D / 2 * slope(1)
    current_y = -D_y / 2 * slope(3)
    return float(weights @ (2 / D * current_p**2 + 2 / D_y * current_y**2))


@pytest.mark.slow
@two_hundred
@given(model=HYBRIDS)
def test_closed_form_entropy_production_is_the_direct_average(model: Model) -> None:
    """Kills a wrong closed form of the steady production: against the direct Gaussian average of the currents."""
    process = LinearModel.from_model(model)
    steady = process.steady_covariance()
    rates = entropy_rates(process, steady)
    scale = 1e-11 * (process.drift[1, 1] + process.diffusion[3, 3] * np.linalg.inv(steady)[3, 3])
    assert abs(steady_entropy_production(model) - direct_production(process, steady, np.zeros(4))) < scale
    assert abs(rates.production - steady_entropy_production(model)) < scale
    assert abs(rates.change) < scale


def test_entropy_rates_along_relaxation() -> None:
    """Kills a wrong split: at every time production is the direct average, change the derivative of the entropy, flux
    the heat over the temperature, and production >= 0: the second law."""
    model = hybrid()
    process, h = LinearModel.from_model(model), 1e-4
    lowest = np.inf
    for t in np.linspace(0.1, 40, 60):
        covariance, mean = process.covariance(t, START), process.mean(t, START_MEAN)
        rates = entropy_rates(process, covariance, mean=mean)
        assert rates.production == pytest.approx(direct_production(process, covariance, mean), rel=1e-10)
        assert rates.production == pytest.approx(rates.change + rates.flux, abs=1e-12)
        ends = [gaussian_entropy(process.covariance(s, START)) for s in (t - h, t + h)]
        assert rates.change == pytest.approx((ends[1] - ends[0]) / (2 * h), abs=1e-7)
        lowest = min(lowest, rates.production)
    assert lowest > 0


def test_second_law_integrated_along_relaxation() -> None:
    """Kills a flux that is not heat over temperature: the entropy produced up to t = 30 equals the change of entropy
    plus the heat that energy conservation leaves for the bath, over its temperature."""
    model = hybrid()
    process = LinearModel.from_model(model)
    times = np.linspace(0, 30, 3001)
    covariances, means = process.covariance(times, START), process.mean(times, START_MEAN)
    rates = [entropy_rates(process, c, mean=m).production for c, m in zip(covariances, means, strict=True)]
    energy = [energies(model, covariances[k], mean=means[k]).total for k in (0, -1)]
    heat = quantum_heating(model) * 30 - (energy[1] - energy[0])
    expected = gaussian_entropy(covariances[-1]) - gaussian_entropy(START) + heat / model.bath_temperature
    assert simpson(rates, x=times) == pytest.approx(expected, abs=1e-7)


def test_distance_from_the_steady_state_never_grows() -> None:
    """Kills an evolution that is not a Markov process: the relative entropy to the steady state falls monotonically."""
    process = LinearModel.from_model(hybrid())
    times = np.linspace(0, 60, 200)
    distances = [
        relative_entropy(c, process.steady_covariance(), shift=m)
        for c, m in zip(process.covariance(times, START), process.mean(times, START_MEAN), strict=True)
    ]
    assert np.diff(distances).max() < 1e-12
    assert distances[-1] < 0.05 * distances[0]


def test_entropy_production_vanishes_in_the_thermal_limit() -> None:
    """Kills a production that survives large D2: it falls as D2^-2 at a saturated trade-off, slope within 1e-10."""
    found = [steady_entropy_production(hybrid(diffusion=d)) for d in (20.0, 40.0)]
    assert np.log2(found[0] / found[1]) == pytest.approx(2, abs=1e-10)


def test_what_has_no_thermodynamics_is_refused() -> None:
    """Kills a logarithm of a singular covariance, a division by D2 = 0 and a thermal state of an open potential."""
    process = LinearModel.from_model(hybrid())
    with pytest.raises(StateError, match="positive definite"):
        entropy_rates(process, np.diag([1.0, 1.0, 1.0, 0.0]))
    quiet = hybrid(diffusion=0.0, decoherence=1.0, allow_unphysical=True)
    with pytest.raises(ModelError, match="diffusion"):
        steady_entropy_production(quiet)
    with pytest.raises(ModelError, match="diffusion"):
        entropy_rates(LinearModel.from_model(quiet), START)
    with pytest.raises(ModelError, match="confines"):
        thermal_covariance(hybrid(k_C=-3.0))
    with pytest.raises(ModelError, match="temperature"):
        gibbs_covariance(hybrid(friction=0.0))
