"""The second law restored: thermal dynamics keep the thermal state and lead everything to it, minimal ones do not."""

from __future__ import annotations

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model, evolve
from wignercq.gaussian import LinearModel
from wignercq.observables.gibbs import total_variation
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import FORWARD_3
from wignercq.states import ClassicalGaussian, State, cat, gaussian, gibbs, product

DISPLACED = gaussian([1.2, 0.3, -0.6, 0.4], [0.4, 0.5, 0.5, 0.8], hbar=1.0)
CAT = product(ClassicalGaussian([0, 0], [0.4, 0.5]), cat(1.0, mass=0.7, frequency=1.5, hbar=1.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("V_C", "widths", "points", "steps", "moved"),
    [
        ("0.3*q**2/2", (6.6, 6.4, 6.6, 6.4), (26, 25, 26, 25), 50, 4e-6),
        ("q**4/40", (4.4, 6.4, 6.4, 6.4), (36, 25, 27, 25), 100, 2e-7),
    ],
)
def test_the_thermal_state_stays(
    V_C: str, widths: tuple[float, ...], points: tuple[int, ...], steps: int, moved: float
) -> None:
    """Kills: a term of the equation that moves the thermal state, at any order but that of the step: what it moves
    until t = 50 falls as dt**4, to 9e-7 of covariances at a step of 1/2 as the splitting of linear motions does."""
    model, state, grid = systems.at_rest(V_C, widths, points)
    engine, found = TiledEngine(grid), []
    for count in (steps, 2 * steps):
        W = engine.fill(state.slab(grid))
        before = engine.array(engine.copy(W))
        W, _ = Propagator(model, engine, FORWARD_3, 50 / count).advance(W, count)
        found.append(float(np.abs(engine.array(W) - before).max() / before.max()))
    assert found[1] < moved
    assert abs(np.log2(found[0] / found[1]) - 4) < 0.4


@pytest.mark.slow
@pytest.mark.parametrize(("V_C", "state"), [("q**2/2", CAT), ("q**2/2 + q**4/12", DISPLACED)])
def test_every_state_flows_to_the_thermal_one(V_C: str, state: State) -> None:
    """Kills: a thermal state that is steady but not the only one, or unstable; entropy production that is not that of
    the way to it. The distance never grows, whatever W is, and relaxes at a rate of 1.2."""
    model = Model.thermal(V_C, "0.2*x**2/2", "1.5*(q - x)**2/2", friction=0.6, temperature=0.4, quantum_mass=0.7)
    wanted = {"distance": "gibbs_distance", "production": "entropy_production"}
    found = evolve(model, state, 7.0, outputs=7, tolerance=1e-3, observables=wanted).dataset
    distance, production = found["distance"].values, found["production"].values
    assert distance[0] > 0.35
    assert (np.diff(distance) < 1e-4).all()
    assert distance[-1] < 2e-3
    assert 0 <= production[-1] < 1e-4 < 1e-2 < production[1]


@pytest.mark.slow
def test_minimal_dynamics_leave_the_thermal_state_as_the_theory_says() -> None:
    """Kills: thermal dynamics where minimal ones were asked for; a distance that is not that of the states."""
    model = Model.oscillators(k_C=1, k_Q=1, lam=1, friction=1, diffusion=1)
    found = evolve(model, gibbs(model), 8.0, outputs=4, tolerance=1e-4, observables=["gibbs_distance"], keep_state=True)
    theory = LinearModel.from_model(model).covariance([8.0], gibbs(model).covariance)[0]
    data = found.dataset
    grid = Grid(*(Axis.through(data[name].values) for name in "qpxy"))
    W = gaussian([0] * 4, theory, hbar=1.0).wigner(grid)
    expected = total_variation(W, gibbs(model).slab(grid), grid)
    assert expected > 0.14
    assert abs(float(data["gibbs_distance"][-1]) - expected) < 1e-5
