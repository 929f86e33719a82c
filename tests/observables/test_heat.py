"""Temperatures and energy flows against closed forms of Gaussian states and against energies along runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model, evolve
from wignercq.gaussian import LinearModel
from wignercq.observables.energies import Energies
from wignercq.observables.heat import Currents, HeatFlows, heat_flows, occupation_temperature, temperatures
from wignercq.observables.marginals import Marginals
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import FORWARD_3

MEAN = np.array([0.4, -0.3, -0.5, 0.6])
COVARIANCE = np.array(
    [[0.41, 0.07, -0.12, 0.05], [0.07, 0.52, 0.09, -0.11], [-0.12, 0.09, 0.43, 0.13], [0.05, -0.11, 0.13, 0.58]]
)
GRID = Grid(Axis(-3.9, 4.6, 28), Axis(-4.9, 4.5, 26), Axis(-5.0, 4.1, 36), Axis(-5.2, 6.1, 40))
ANHARMONIC = {
    "quadratic in x": ("0.4*q**2 + 0.1*q**4", "0.55*x**2 + 0.1*x**4", "0.3*q*x**2"),
    "periodic": ("0.4*q**2", "0.55*x**2", "0.5*sin(q + 0.3)*cos(x)"),
}


def flows(model: Model, W: np.ndarray, grid: Grid) -> HeatFlows:
    return heat_flows(model, Marginals.of(W, grid), Currents.of(W, grid))


def test_temperatures_are_those_of_the_momenta_and_of_the_quanta() -> None:
    """Kills: the other particle's mass, hbar left out, or n + 1/2 taken for n."""
    model = systems.oscillators()
    found = temperatures(model, Marginals.of(systems.gaussian_density(GRID, MEAN, COVARIANCE), GRID))
    assert abs(found.classical - (0.52 + 0.09) / 1.3) < 1e-6
    assert abs(found.quantum - (0.58 + 0.36) / 0.7) < 1e-6
    w = math.sqrt(1.2 / 0.7)
    energy = (0.58 + 0.36) / 1.4 + 0.6 * (0.43 + 0.25)
    # coth(hbar w/(2 T)) = energy/(hbar w/2)
    assert abs(found.occupation - systems.HBAR * w / 2 / math.atanh(systems.HBAR * w / 2 / energy)) < 1e-6


def test_occupation_temperature_where_there_is_none() -> None:
    """Kills: a logarithm of zero or of a negative number, or a number for a well that is none."""
    assert occupation_temperature(systems.oscillators(), -1e-12) == 0.0
    assert math.isnan(occupation_temperature(systems.quartic(), math.nan))


def test_flows_of_a_gaussian_state_are_sums_of_its_moments() -> None:
    """Kills: a sign, a mass, a mean force without the mean, or work counted to the wrong particle."""
    model = systems.oscillators(decoherence=0.9)
    W = systems.gaussian_density(GRID, MEAN, COVARIANCE)
    found, lam = flows(model, W, GRID), 0.4
    second = COVARIANCE + np.outer(MEAN, MEAN)
    expected = {
        "bath": 0.5 / 2.6 - 0.3 / 1.3**2 * second[1, 1],
        "decoherence": 0.9 * systems.HBAR**2 * lam**2 / 1.4,
        "work_on_classical": -lam * (second[0, 1] - second[1, 2]) / 1.3,
        "work_on_quantum": -lam * (second[2, 3] - second[0, 3]) / 0.7,
    }
    assert found._asdict() == pytest.approx(expected, abs=1e-6)
    assert np.allclose(flows(model, 0.9 * W, GRID), found, rtol=1e-12)  # whatever the norm


def test_flows_of_the_steady_state_go_round() -> None:
    """Kills: contributions that do not add up to zero where nothing changes, or heat that flows the wrong way."""
    model = systems.oscillators()
    covariance = LinearModel.from_model(model).steady_covariance()
    ends = np.outer(np.sqrt(np.diag(covariance)), [-6.3, 6.4])
    grid = Grid(*(Axis(*pair, points) for pair, points in zip(ends, (26, 28, 30, 32), strict=True)))
    found = flows(model, systems.gaussian_density(grid, np.zeros(4), covariance), grid)
    heating = model.D0 * systems.HBAR**2 * 0.4**2 / 1.4
    assert np.abs(np.array([found.classical, found.quantum, found.interaction, found.total])).max() < 1e-6 * heating
    assert found.bath == pytest.approx(-heating, rel=1e-6)
    assert found.work_on_classical == pytest.approx(heating, rel=1e-6)


@pytest.mark.parametrize("potentials", ANHARMONIC.values(), ids=ANHARMONIC)
def test_flows_are_what_a_few_steps_do_to_the_energies(potentials: tuple[str, str, str]) -> None:
    """Kills: a term of the hybrid bracket that is missing beyond quadratic potentials, or twice there."""
    model, step = systems.model(*potentials), 0.01
    engine, energies = TiledEngine(GRID), Energies(model, GRID)
    W = engine.fill(lambda i, out: out.__setitem__(..., start[i]))
    propagator = Propagator(model, engine, FORWARD_3, step)
    measured = []
    for number in range(5):
        if number:
            W, _ = propagator.advance(W, 1)
        array = engine.array(W)
        if number == 2:
            found, total = flows(model, array, GRID), float(array.sum() * GRID.cell)
        marginals = Marginals.of(array, GRID)
        measured.append([energies.classical(marginals), energies.quantum(marginals), energies.interaction(marginals)])
    slopes = np.array([1, -8, 0, 8, -1]) @ np.array(measured) / (12 * step)
    assert abs(total - 1) < 1e-6
    assert np.abs(slopes - [found.classical, found.quantum, found.interaction]).max() < 2e-6
    assert np.abs(slopes).min() > 0.005


start = systems.gaussian_density(GRID, MEAN, COVARIANCE)


@pytest.mark.slow
@pytest.mark.parametrize("interaction", ["0.5*sin(q)*cos(x)", "0.2*q**2*x**3/3"])
def test_flows_are_the_slopes_of_the_energies_of_a_run(interaction: str) -> None:
    """Kills: flows that hold for the start alone: here W has become anharmonic, with negative values."""
    model, grid = systems.model("0.4*q**2", "0.55*x**2 + 0.1*x**4", interaction), systems.grid(32, 34, 48, 50)
    step, state = 0.02, systems.packet()
    before = evolve(
        model, state, grid=grid, times=[0.3 - 2 * step, 0.3 - step, 0.3], dt=step, tolerance=1e-3, keep_state=True
    )
    after = evolve(model, state, grid=grid, times=[0.3, 0.3 + step, 0.3 + 2 * step], dt=step, tolerance=1e-3)
    found = flows(model, before.W.values, grid)
    for part in ("classical", "quantum", "interaction"):
        name = f"energy_{part}"
        values = np.concatenate([before.dataset[name].values[-3:], after.dataset[name].values[-2:]])
        slope = np.array([1, -8, 0, 8, -1]) @ values / (12 * step)
        assert abs(slope - getattr(found, part)) < 3e-5, part
    assert float(before.dataset["negativity"][-1]) > 1e-4
