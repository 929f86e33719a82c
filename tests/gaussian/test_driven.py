"""The Gaussian theory of driven quadratic models: closed forms, the undriven theory, cycles and their refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from support import systems

from wignercq.errors import InputError, ModelError
from wignercq.gaussian import DrivenLinearModel, LinearModel, format_report, theory_report
from wignercq.gaussian.closure import gaussian_closure, linearised

MEAN, COVARIANCE = np.array([0.7, -0.3, 0.4, 0.9]), np.diag([0.6, 0.5, 0.4, 0.7]) + 0.05
FORCED = systems.model("0.45*q**2 - 0.8*cos(1.7*t)*q", "0.6*x**2")
BATHS = {
    "quantum_bath": {"friction": 0.4, "diffusion": {"xx": 0.25, "xy": 0.1, "yy": 0.4}},
    "noises": [{"force": "0.7*x - q", "decoherence": 0.3, "diffusion": 0.2}],
}
STIRRED = systems.model(
    "0.45*q**2*(1 + 0.2*sin(4.5*t))", "0.6*x**2 - 0.5*cos(1.5*t)*x", "0.25*(1 + 0.3*cos(3*t))*(q - x)**2", friction=0.9
)


def test_without_a_drive_it_is_the_linear_model() -> None:
    """Kills: a wrong sign or place in A, B, f, or in the equations of the flow; a static force; a bath left out."""
    model = systems.model("0.45*q**2 - 0.3*q", "0.6*x**2 + 0.2*x", **BATHS)
    theory, linear, times = DrivenLinearModel(model), LinearModel.from_model(model), np.array([0.0, 0.8, 7.0])
    for mine, known in (
        (theory.mean(times, MEAN), linear.mean(times, MEAN)),
        (theory.covariance(times, COVARIANCE), linear.covariance(times, COVARIANCE)),
    ):
        assert np.abs(mine - known).max() < 1e-12
    cycle = theory.cycle(3.1)
    assert np.abs(cycle.start_covariance - linear.steady_covariance()).max() < 1e-11
    assert np.abs(cycle.start_mean - linear.fixed_point).max() < 1e-12
    assert cycle.gap == pytest.approx(linear.gap, rel=1e-9)


def test_the_cycle_of_a_forced_oscillator_is_its_response() -> None:
    """Kills: a cycle of another phase or size: z = Re[(A + i w)^-1 F exp(i w t)], the covariance that of no force."""
    linear = LinearModel.from_model(systems.model("0.45*q**2", "0.6*x**2"))
    cycle = DrivenLinearModel(FORCED).cycle()
    assert cycle.period == pytest.approx(2 * np.pi / 1.7, rel=1e-14)
    amplitude = np.linalg.solve(linear.drift + 1.7j * np.eye(4), [0, 0.8, 0, 0])
    times = np.array([9.1, -0.4, 2.0])
    mean, covariance = cycle.moments(times)
    assert np.abs(mean - (amplitude * np.exp(1.7j * times[:, None])).real).max() < 1e-11
    assert np.abs(covariance - linear.steady_covariance()).max() < 1e-11


@pytest.mark.slow
def test_the_cycle_is_where_every_state_ends() -> None:
    """Kills: a fixed point of another map: modulated springs and couplings, whose noise D_y follows the coupling."""
    theory = DrivenLinearModel(STIRRED)
    cycle = theory.cycle()
    assert cycle.period == pytest.approx(4 * np.pi / 3, rel=1e-14)
    period = gaussian_closure(STIRRED, cycle.start_mean, cycle.start_covariance, [0.0, cycle.period])
    assert np.abs(period.mean[1] - cycle.start_mean).max() < 1e-9
    assert np.abs(period.covariance[1] - cycle.start_covariance).max() < 1e-9
    left = abs(cycle.multipliers[0]) ** 40
    late = theory.flow([40 * cycle.period + 0.7])
    mean, covariance = cycle.moments(0.7)
    assert np.abs(late.mean(MEAN) - mean).max() < 3 * left
    assert np.abs(late.covariance(COVARIANCE) - covariance).max() < 3 * left
    assert np.ptp(cycle.moments(np.linspace(0, cycle.period, 9))[1][:, 2, 2]) > 0.01


def test_the_closures_of_a_quadratic_drive_are_exact() -> None:
    """Kills: averages at time 0, a start that is taken for it, in the closure and along the trajectory of the mean."""
    times, model = np.array([0.6, 1.1, 2.9]), replace(STIRRED, **BATHS)
    flow = DrivenLinearModel(model).flow(times, start=0.6)
    for found in (gaussian_closure(model, MEAN, COVARIANCE, times), linearised(model, MEAN, COVARIANCE, times)):
        assert np.abs(found.mean - flow.mean(MEAN)).max() < 1e-9
        assert np.abs(found.covariance - flow.covariance(COVARIANCE)).max() < 1e-9


def test_no_pulse_is_stepped_over() -> None:
    """Kills: an integration in long steps that never sees a pulse: the momentum that it brings, by its area."""
    model = systems.model("-2*exp(-(t - 30)**2/0.02)*q", "0", "0", friction=0.0, diffusion=0.1)
    assert DrivenLinearModel(model).mean([31.0], np.zeros(4))[0, 1] == pytest.approx(
        2 * np.sqrt(0.02 * np.pi), rel=1e-9
    )


def test_a_model_in_si_has_the_same_cycle() -> None:
    """Kills: tolerances that know the size of a unit: everything 1e-15 of what it was, times by 1e6."""
    mass, length, rate = 1e-15, 1e-9, 1e6
    energy = mass * (length * rate) ** 2
    scaled = systems.model(
        f"{0.45 * energy / length**2}*q**2*(1 + 0.2*sin({4.5 * rate}*t))",
        f"{0.6 * energy / length**2}*x**2 - {0.5 * energy / length}*cos({1.5 * rate}*t)*x",
        f"{0.25 * energy / length**2}*(1 + 0.3*cos({3 * rate}*t))*(q - x)**2",
        classical_mass=1.3 * mass,
        quantum_mass=0.7 * mass,
        hbar=0.8 * energy / rate,
        friction=0.9 * mass * rate,
        diffusion=0.5 * (mass * length * rate) ** 2 * rate,
    )
    here, there = (DrivenLinearModel(model).cycle() for model in (STIRRED, scaled))
    units = np.array([length, mass * length * rate] * 2)
    assert there.period * rate == pytest.approx(here.period, rel=1e-12)
    assert np.abs(there.start_mean / units - here.start_mean).max() < 1e-9
    assert np.abs(there.start_covariance / np.outer(units, units) - here.start_covariance).max() < 1e-9


REFUSALS = {
    "anharmonic": (lambda: DrivenLinearModel(systems.model("q**4 - cos(t)*q")), "at most quadratic"),
    "no period": (lambda: DrivenLinearModel(systems.model("q**2 - exp(-t**2)*q")).cycle(), "period: expected a drive"),
    "another": (lambda: DrivenLinearModel(FORCED).cycle(2.0), "period: expected a time after which .* got 2"),
    "resonance": (
        lambda: DrivenLinearModel(systems.model("0.45*q**2", "0.6*x**2*(1 + 0.5*cos(2.6*t))", "0.01*q*x")).cycle(),
        "multipliers within the unit circle",
    ),
    "backwards": (lambda: DrivenLinearModel(FORCED).mean([1.0, -0.5], MEAN), "times >= 0"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_has_no_cycle_is_refused(what: str) -> None:
    """Kills: a fixed point of a map that runs away, or over a time that is no period."""
    make, message = REFUSALS[what]
    with pytest.raises((InputError, ModelError), match=message):
        make()


def test_the_report_of_a_driven_model() -> None:
    """Kills: a report without the cycle, with numbers that JSON has not, or a table without them."""
    report = json.loads(json.dumps(theory_report(FORCED), allow_nan=False))
    amplitude = np.linalg.solve(
        LinearModel.from_model(systems.model("0.45*q**2", "0.6*x**2")).drift + 1.7j * np.eye(4), [0, 0.8, 0, 0]
    )
    assert report["cycle"]["swing"] == pytest.approx(np.abs(amplitude).tolist(), rel=3e-3)  # of 64 phases
    assert f"{report['cycle']['gap']:.6g}" in format_report(report)
    missing = theory_report(systems.model("0.45*q**2 - exp(-t**2)*q"))
    assert missing["cycle"] is None
    assert "period: expected a drive with a period" in format_report(missing)
