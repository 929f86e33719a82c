"""Other units of length, mass and time change no number of the Gaussian theory once it is converted back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from wignercq.errors import InputError, ModelError
from wignercq.gaussian import (
    CoupledOscillators,
    LinearModel,
    OrnsteinUhlenbeck,
    SingleOscillator,
    amplitude_ratio,
    asymptotic_mutual_information,
    block_mutual_information,
    correlation_coefficients,
    critical_temperature,
    effective_temperatures,
    energies,
    energy_rate,
    entropy_rates,
    fdr_violation,
    gaussian_entropy,
    gibbs_covariance,
    gibbs_distance,
    hybrid_covariance,
    hybrid_weak_correlators,
    induced_damping,
    keldysh_distribution,
    keldysh_green,
    long_lived_correlator,
    minimum_occupation,
    occupation,
    potential_minimum,
    purity,
    quadratic_expansion,
    quantum_frequency,
    quantum_heating,
    relative_entropy,
    response,
    retarded_green,
    sample_euler_maruyama,
    sample_exact,
    sensitivity,
    spectra,
    spectrum,
    steady_covariance,
    steady_entropy_production,
    susceptibilities,
    susceptibility,
    theory_report,
    thermal_covariance,
    two_time,
    two_time_correlation,
    uncertainty_product,
    weak_correlation,
    weak_correlators,
    weak_occupation,
    weak_poles,
    weak_responses,
)
from wignercq.gaussian.closure import gaussian_closure, linearised
from wignercq.model.model import Model

TOLERANCE = 1e-8

Dimension = tuple[int, int, int]  # powers of length, mass and time
LENGTH, MASS, TIME, ONE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
MOMENTUM, SPRING, ENERGY, ACTION, FORCE = (1, 1, -1), (0, 1, -2), (2, 1, -2), (2, 1, -1), (1, 1, -2)
NUMBERS: dict[str, Dimension] = {
    "classical_mass": MASS,
    "quantum_mass": MASS,
    "hbar": ACTION,
    "friction": (0, 1, -1),
    "diffusion": (2, 2, -3),
    "decoherence": (-2, -2, 3),
}
VALUES = {"classical_mass": 1.4, "quantum_mass": 0.7, "hbar": 0.6, "friction": 0.4, "diffusion": 0.5}
Z = (LENGTH, MOMENTUM, LENGTH, MOMENTUM)


@dataclass(frozen=True)
class Units:
    """Sizes of other units of length, mass and time in the natural ones."""

    length: float
    mass: float
    time: float

    def of(self, dimension: Dimension, power: int = 1) -> float:
        logs = np.log10([self.length, self.mass, self.time]) @ np.array(dimension)
        return float(10 ** (logs * power))

    @property
    def z(self) -> np.ndarray:
        return np.array([self.of(d) for d in Z])

    @property
    def zz(self) -> np.ndarray:
        return np.outer(self.z, self.z)


@dataclass(frozen=True)
class System:
    """A model whose every number has a dimension."""

    potentials: tuple[str, str, str]
    parameters: dict[str, tuple[float, Dimension]]
    numbers: dict[str, float]

    def model(self, units: Units | None = None) -> Model:
        """The model, its numbers counted in other units."""
        size = units.of if units else lambda _: 1.0
        return Model(
            *self.potentials,
            parameters={name: value / size(dimension) for name, (value, dimension) in self.parameters.items()},
            **{name: value / size(NUMBERS[name]) for name, value in self.numbers.items()},
        )


OSCILLATORS = System(
    ("k_C*q**2/2", "k_Q*x**2/2 - f*x", "lam*(q - x)**2/2"),
    {"k_C": (1.3, SPRING), "k_Q": (0.8, SPRING), "lam": (0.15, SPRING), "f": (0.3, FORCE)},
    {**VALUES, "decoherence": 0.7},
)
ANHARMONIC = {
    "Morse": System(
        ("D*(1 - exp(-a*(q - q0)))**2", "k*x**2/2", "lam*(q - x)**2/2"),
        {"D": (2.0, ENERGY), "a": (1.1, (-1, 0, 0)), "q0": (1.7, LENGTH), "k": (0.9, SPRING), "lam": (0.2, SPRING)},
        VALUES,
    ),
    "tilted quartic": System(
        ("a*q**4/4 - b*q**2/2 + c*q", "k*x**2/2", "lam*(q - x)**2/2"),
        {
            "a": (1.0, (-2, 1, -2)),
            "b": (1.0, SPRING),
            "c": (0.1, FORCE),
            "k": (0.9, SPRING),
            "lam": (0.2, SPRING),
        },
        VALUES,
    ),
    "double well": System(
        ("a*q**4/4 - b*q**2/2", "k*x**2/2", "g*q*x"),
        {"a": (0.8, (-2, 1, -2)), "b": (1.3, SPRING), "k": (0.9, SPRING), "g": (0.3, SPRING)},
        VALUES,
    ),
    "pendulum": System(
        ("k*q**2/2", "E*(1 - cos(x/l))", "-lam*q*l*sin(x/l)"),
        {"k": (1.2, SPRING), "E": (1.9, ENERGY), "l": (0.8, LENGTH), "lam": (0.2, SPRING)},
        VALUES,
    ),
    "wells through the coupling": System(
        ("k*q**2/2", "a*x**4/4", "-g*q*x"),
        {"k": (1.1, SPRING), "a": (0.7, (-2, 1, -2)), "g": (0.9, SPRING)},
        VALUES,
    ),
}
SYSTEMS = {"oscillators": OSCILLATORS, **ANHARMONIC}


def random_units(system: System, count: int, seed: int) -> list[Units]:
    """Units from 1e-40 to 1e40 in which a model accepts all of its numbers and itself expanded about its minimum."""
    rng, found = np.random.default_rng(seed), list[Units]()
    while len(found) < count:
        units = Units(*10 ** rng.uniform(-40, 40, 3))
        try:
            quadratic_expansion(system.model(units), at=(0.0, units.of(LENGTH, -1)))
        except (ModelError, InputError):
            continue
        found.append(units)
    return found


CASES = [(name, units) for k, name in enumerate(SYSTEMS) for units in random_units(SYSTEMS[name], 4, seed=k)]
LINEAR = [units for name, units in CASES if name == "oscillators"] + random_units(OSCILLATORS, 8, seed=9)


def assert_same(found: Any, expected: Any, unit: Any, scale: Any = None) -> None:
    """`found` in the unit is `expected`, beside a scale, each entry's own size by default."""
    converted, expected = np.asarray(found) * np.asarray(unit), np.asarray(expected)
    assert np.isfinite(expected).all()
    error = np.abs(converted - expected)
    assert (error <= TOLERANCE * (np.abs(expected) if scale is None else scale)).all(), (converted, expected)


def widths_of(covariance: np.ndarray) -> np.ndarray:
    deviations = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    return deviations[..., :, None] * deviations[..., None, :]


@pytest.mark.parametrize("units", LINEAR)
def test_process_and_steady_state(units: Units) -> None:
    """Kills absolute numbers in stability, poles, flow, noise and the Lyapunov equation."""
    here, there = (LinearModel.from_model(OSCILLATORS.model(u)) for u in (None, units))
    rate, t, z, zz = units.of(TIME, -1), units.time, units.z, units.zz
    S, times = here.steady_covariance(), np.array([0.0, 1e-3, 0.4, 3.0, 200.0])
    assert here.is_stable
    assert there.is_stable
    assert_same(there.eigenvalues, here.eigenvalues, rate)
    assert_same(there.gap, here.gap, rate)
    assert_same(there.characteristic_polynomial, here.characteristic_polynomial, rate ** np.arange(5))
    assert_same(there.fixed_point, here.fixed_point, z, np.sqrt(np.diag(S)))
    assert_same(there.steady_covariance(), S, zz, widths_of(S))
    start, spread = np.array([1.0, -0.4, 0.3, 0.9]), 0.3 * np.eye(4) + 0.1
    deviations, ratios = np.sqrt(np.diag(S)), np.outer(z, 1 / z)
    assert_same(there.mean(times / t, start / z), here.mean(times, start), z, deviations)
    assert_same(there.covariance(times / t, spread / zz), here.covariance(times, spread), zz, widths_of(S))
    Q = here.noise_covariance(times[1:])
    assert_same(there.noise_covariance(times[1:] / t), Q, zz, widths_of(Q))
    flow = np.outer(deviations, 1 / deviations)
    assert_same(there.propagator(times / t), here.propagator(times), ratios, flow)
    points = here.fixed_point + start
    assert_same(there.steady_density(points / z), here.steady_density(points), 1 / np.prod(z))


@pytest.mark.parametrize("units", LINEAR)
def test_two_times_frequencies_and_temperatures(units: Units) -> None:
    """Kills: the inverse of an unbalanced matrix, a response judged beside those in other units."""
    here, there = (LinearModel.from_model(OSCILLATORS.model(u)) for u in (None, units))
    t, z, zz, action = units.time, units.z, units.zz, units.of(ACTION)
    tau, w = np.array([-3.0, -0.2, 0.0, 0.7, 9.0]), np.array([-2.0, 0.3, 1.0, 5.0])
    S, ratios = here.steady_covariance(), np.outer(z, 1 / z)
    flow = np.sqrt(np.outer(np.diag(S), 1 / np.diag(S)))
    assert_same(two_time(there, tau / t), two_time(here, tau), zz, widths_of(S))
    assert_same(two_time_correlation(there, tau / t), two_time_correlation(here, tau), 1, 1)
    assert_same(response(there, tau / t), response(here, tau), ratios, flow)
    assert_same(susceptibility(there, w * t), susceptibility(here, w), ratios * t, flow)
    noise = spectrum(here, w)
    assert_same(spectrum(there, w * t), noise, zz * t, widths_of(noise.real))
    assert_same(retarded_green(there, w * t), retarded_green(here, w), units.of(SPRING, -1))
    keldysh = keldysh_green(there, w * t, hbar=0.6 / action)
    assert_same(keldysh, keldysh_green(here, w, hbar=0.6), units.of(SPRING, -1))
    assert_same(effective_temperatures(there, w * t), effective_temperatures(here, w), units.of(ENERGY))
    distribution = keldysh_distribution(there, w * t, hbar=0.6 / action)
    assert_same(distribution, keldysh_distribution(here, w, hbar=0.6), 1)
    violations = [
        fdr_violation(p, w * u.time, hbar=0.6 / u.of(ACTION), temperature=0.9 / u.of(ENERGY))
        for p, u in ((there, units), (here, Units(1, 1, 1)))
    ]
    assert_same(*violations, 1, 1)


@pytest.mark.parametrize("units", LINEAR)
def test_thermodynamics_information_and_quanta(units: Units) -> None:
    """Kills: inverses and determinants of covariances whose entries have different units."""
    here, there = (OSCILLATORS.model(u) for u in (None, units))
    energy, rate, z, zz = units.of(ENERGY), units.of(TIME, -1), units.z, units.zz
    process = LinearModel.from_model(here), LinearModel.from_model(there)
    S, mean = process[0].steady_covariance() + 0.1 * np.eye(4), np.array([0.2, -0.3, 0.7, 0.1])
    state = {"covariance": S / zz, "mean": mean / z}
    assert_same(energies(there, **state), energies(here, S, mean=mean), energy)
    assert_same(energy_rate(there, **state), energy_rate(here, S, mean=mean), energy * rate)
    assert_same(quantum_heating(there), quantum_heating(here), energy * rate)
    for law in (thermal_covariance, gibbs_covariance):
        assert_same(law(there), law(here), zz)
        assert_same(law(there, temperature=0.7 / energy), law(here, temperature=0.7), zz)
    thermal = thermal_covariance(here)
    shifted = relative_entropy(S / zz, thermal / zz, shift=mean / z)
    assert_same(shifted, relative_entropy(S, thermal, shift=mean), 1)
    assert_same(gaussian_entropy(S / zz) + np.log(z).sum(), gaussian_entropy(S), 1, 1 + np.abs(np.log(z)).sum())
    assert_same(entropy_rates(process[1], **state), entropy_rates(process[0], S, mean=mean), rate)
    for number in (gibbs_distance, minimum_occupation, weak_occupation):
        assert_same(number(there), number(here), 1)
    assert_same(steady_entropy_production(there), steady_entropy_production(here), rate)
    assert_same(critical_temperature(there), critical_temperature(here), energy)
    assert_same(quantum_frequency(there), quantum_frequency(here), rate)
    assert_same(occupation(there, **state), occupation(here, S, mean=mean), 1)
    assert_same(uncertainty_product(S / zz), uncertainty_product(S), units.of(ACTION))
    assert_same(purity(S / zz, hbar=0.6 / units.of(ACTION)), purity(S, hbar=0.6), 1)
    assert_same(correlation_coefficients(S / zz), correlation_coefficients(S), 1)
    assert_same(block_mutual_information(S / zz), block_mutual_information(S), 1)


@pytest.mark.parametrize("units", LINEAR)
def test_closed_forms(units: Units) -> None:
    """Kills: powers of springs and masses that overflow although the result does not."""
    here, there = (CoupledOscillators.from_model(OSCILLATORS.model(u)) for u in (None, units))
    rate, t, zz, length = units.of(TIME, -1), units.time, units.zz, units.of(LENGTH, 2)
    tau, w = np.array([-3.0, 0.0, 0.7, 9.0]), np.array([-2.0, 0.3, 5.0])
    S = steady_covariance(here)
    assert_same(steady_covariance(there), S, zz, widths_of(S))
    assert_same(hybrid_covariance(OSCILLATORS.model(units)), S, zz, widths_of(S))
    assert there.is_stable == here.is_stable
    assert_same(there.routh_hurwitz, here.routh_hurwitz, rate ** np.array([1, 2, 3, 4, 3, 6]))
    assert_same(spectra(there, w * t), spectra(here, w), length * t)
    assert_same(susceptibilities(there, w * t), susceptibilities(here, w), units.of(SPRING, -1))
    assert_same(weak_poles(there), weak_poles(here), rate)
    assert_same(induced_damping(there), induced_damping(here), rate)
    assert_same(amplitude_ratio(there), amplitude_ratio(here), 1)
    for correlator, unit in (
        (weak_correlators, length),
        (hybrid_weak_correlators, length),
        (long_lived_correlator, length),
        (weak_responses, t / units.mass),
        (weak_correlation, 1),
        (asymptotic_mutual_information, 1),
    ):
        expected = correlator(here, tau)
        assert_same(correlator(there, tau / t), expected, unit, np.abs(expected).max())


@pytest.mark.parametrize("units", LINEAR)
def test_sensitivities(units: Units) -> None:
    """Kills: a Lyapunov equation solved with an unbalanced drift, a mean beside it."""
    here, there = OSCILLATORS.model(), OSCILLATORS.model(units)
    S = LinearModel.from_model(here).steady_covariance()
    dimensions = {**{name: d for name, (_, d) in OSCILLATORS.parameters.items()}, **NUMBERS}
    for name, dimension in dimensions.items():
        found, expected = sensitivity(there, name), sensitivity(here, name)
        unit = units.of(dimension, -1)
        size = max(1.0, np.abs(expected.covariance / widths_of(S)).max())
        assert_same(found.covariance, expected.covariance, units.zz * unit, size * widths_of(S))
        assert_same(found.mean, expected.mean, units.z * unit, size * np.sqrt(np.diag(S)))


@pytest.mark.parametrize("units", LINEAR[:6])
def test_trajectories(units: Units) -> None:
    """Kills: a root of a covariance whose small entries drown; with one seed the paths are the same ones."""
    here, there = (LinearModel.from_model(OSCILLATORS.model(u)) for u in (None, units))
    times, scale = np.array([0.0, 0.01, 0.4, 7.0]), np.sqrt(np.diag(here.steady_covariance()))
    kwargs: dict = {"trajectories": 5, "rng": 3}
    assert_same(sample_exact(there, times / units.time, **kwargs), sample_exact(here, times, **kwargs), units.z, scale)
    rough, exact = (
        sample_euler_maruyama(process, times / t, step=0.01 / t, **kwargs)
        for process, t in ((there, units.time), (here, 1.0))
    )
    assert_same(rough, exact, units.z, scale)


@pytest.mark.parametrize("changes", [{"friction": 0.0}, {"lam": 0.0}, {"k_C": -3.0}, {"lam": 1e-3}])
@pytest.mark.parametrize("units", LINEAR[:6])
def test_verdicts_of_stability(units: Units, changes: dict[str, float]) -> None:
    """Kills: a stable model without a steady state in other units, and an unstable one with one."""
    values = {"k_C": 1.3, "k_Q": 0.8, "lam": 0.6, "friction": 0.4, **changes}
    springs = {name: (values[name], SPRING) for name in ("k_C", "k_Q", "lam")}
    system = System(
        ("k_C*q**2/2", "k_Q*x**2/2", "lam*(q - x)**2/2"), springs, {**VALUES, "friction": values["friction"]}
    )
    here, there = (LinearModel.from_model(system.model(u)) for u in (None, units))
    assert there.is_stable == here.is_stable == (changes == {"lam": 1e-3})
    assert CoupledOscillators.from_model(system.model(units)).is_stable == here.is_stable
    if not here.is_stable:
        with pytest.raises(ModelError) as error:
            there.steady_covariance()
        with pytest.raises(ModelError) as natural:
            here.steady_covariance()
        assert str(error.value) == str(natural.value)


def test_one_oscillator() -> None:
    """Kills an absolute number in the closed forms of one oscillator."""
    units = Units(1e-10, 1e-27, 1e-14)
    rate = units.of(TIME, -1)
    here = SingleOscillator(mass=1.3, stiffness=0.7, friction=0.4, diffusion=0.5)
    there = SingleOscillator(
        mass=1.3 / units.mass,
        stiffness=0.7 / units.of(SPRING),
        friction=0.4 / units.of(NUMBERS["friction"]),
        diffusion=0.5 / units.of(NUMBERS["diffusion"]),
    )
    assert_same(there.eigenvalues, here.eigenvalues, rate)
    assert_same(there.steady_covariance(), here.steady_covariance(), units.zz[:2, :2])
    assert_same(there.process.steady_covariance(), here.steady_covariance(), units.zz[:2, :2], 1)
    assert_same(there.heating_rate, here.heating_rate, units.of(ENERGY) * rate)


@pytest.mark.parametrize(("name", "units"), [case for case in CASES if case[0] != "oscillators"])
def test_minima_and_linearised_models(name: str, units: Units) -> None:
    """Kills a search among fixed numbers and a minimum judged by absolute ones: another well, or none."""
    here, there = ANHARMONIC[name].model(), ANHARMONIC[name].model(units)
    place = np.array(potential_minimum(here))
    reach = 1 + np.abs(place)
    assert_same(potential_minimum(there), place, units.length, reach)
    one, other = LinearModel.linearised(here), LinearModel.linearised(there)
    S = one.steady_covariance()
    assert_same(other.steady_covariance(), S, units.zz, widths_of(S))
    assert_same(other.eigenvalues, one.eigenvalues, 1 / units.time, np.abs(one.eigenvalues).max())
    assert_same(other.fixed_point[::2], place, units.length, reach)
    expanded = LinearModel.from_model(quadratic_expansion(there)).steady_covariance()
    assert_same(expanded, S, units.zz, widths_of(S))


@pytest.mark.parametrize(("name", "units"), CASES[::2])
@pytest.mark.parametrize("theory", [gaussian_closure, linearised])
def test_closures_in_time(theory: Callable[..., Any], name: str, units: Units) -> None:
    """Kills a first step in absolute time, and powers of coordinates that overflow."""
    system = SYSTEMS[name]
    times, mean = np.array([0.5, 1.0, 3.5]), np.array([0.7, 0.1, -0.3, 0.2])
    spread = np.diag([0.1, 0.3, 0.2, 0.6]) + 0.02
    here = theory(system.model(), mean, spread, times)
    there = theory(system.model(units), mean / units.z, spread / units.zz, times / units.time)
    widths = np.sqrt(np.diagonal(here.covariance, axis1=1, axis2=2))
    assert_same(there.mean, here.mean, units.z, widths)
    assert_same(there.covariance, here.covariance, units.zz, widths_of(here.covariance))


@pytest.mark.parametrize(("name", "units"), CASES[::2])
def test_reports(name: str, units: Units) -> None:
    """Kills a number of the report that is cut, missing or infinite in other units; and a minimum without a reason."""
    here, there = theory_report(SYSTEMS[name].model()), theory_report(SYSTEMS[name].model(units))
    json.dumps(there, allow_nan=False)
    if name != "oscillators":
        reasons = [report["theory"]["linearised_about"]["reason"] for report in (here, there)]
        assert reasons[0] == reasons[1]
        assert ("deep" in reasons[0]) == (name != "Morse")
    energy, action, rate = units.of(ENERGY), units.of(ACTION), units.of(TIME, -1)
    one, other = here["steady_state"], there["steady_state"]
    covariance = np.array(one["covariance"])
    assert_same(other["covariance"], covariance, units.zz, widths_of(covariance))
    for key, unit in {
        "occupation": 1,
        "occupation_about_mean": 1,
        "purity": 1,
        "uncertainty_product": action,
        "effective_temperature_q": energy,
        "effective_temperature_x": energy,
        "mutual_information_qx": 1,
        "mutual_information_blocks": 1,
        "gibbs_distance": 1,
        "entropy_production": rate,
    }.items():
        if one[key] is None:
            assert other[key] is None
        else:
            assert_same(other[key], one[key], unit, 1 + abs(one[key]) if unit == 1 else None)
    assert there["dynamics"]["stable"]
    assert_same(there["dynamics"]["gap"], here["dynamics"]["gap"], rate)
    assert here["sensitivity"].keys() == there["sensitivity"].keys()
    for key in NUMBERS:
        zeros = [[value == 0 for value in report["sensitivity"][key]] for report in (here, there)]
        assert zeros[0] == zeros[1], key


def test_morse_bond_in_si() -> None:
    """Kills the fault that began this: the bond is expanded about 1.0e-10 m with the spring 2 D a**2 = 677.6 N/m."""
    D, a = 7e-19, 2.2e10
    bond = Model(
        "D*(1 - exp(-a*(q - q0)))**2",
        "k*x**2/2",
        parameters={"D": D, "a": a, "q0": 1e-10, "k": 300.0},
        classical_mass=1.6e-27,
        quantum_mass=1.6e-27,
        hbar=1.05e-34,
        friction=1e-14,
        diffusion=8e-35,
    )
    process = LinearModel.linearised(bond)
    assert process.point == pytest.approx((1e-10, 0.0), rel=1e-12)
    assert process.drift[1, 0] == pytest.approx(2 * D * a**2, rel=1e-12)


def test_soft_direction_beside_a_stiff_one_is_a_minimum() -> None:
    """Kills a curvature judged beside one that is 1e12 times larger: q and x may be of very different kinds."""
    model = Model("k*(q**2 - l**2)**2/l**2", "x**2/2", "0", parameters={"k": 1e12, "l": 2.0}, diffusion=0.5)
    assert potential_minimum(model) == pytest.approx((2.0, 0.0), rel=1e-12)


def test_what_floats_cannot_hold_is_one_line() -> None:
    """Kills an infinity or a 0 in place of a Hurwitz determinant: the tenth power of a rate of 1e40."""
    fast = OrnsteinUhlenbeck(np.diag([1.0, 2.0, 3.0, 4.0]) * 1e40, np.eye(4))
    assert fast.is_stable
    with pytest.raises(ModelError, match=r"^hurwitz_determinants: expected powers of the rates that floats hold"):
        _ = fast.hurwitz_determinants
