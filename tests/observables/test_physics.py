"""All numbers together: named once, told by slabs as by an array, those of the parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.gaussian import LinearModel
from wignercq.observables.physics import MEANINGS, physics_of
from wignercq.states import gibbs


def test_physics_of_a_steady_state_by_name() -> None:
    """Kills: numbers under each other's names, a meaning without its number, slabs read out of order."""
    model = systems.oscillators(k_Q=1.6, lam=0.9, friction=0.5, diffusion=0.9)
    covariance = LinearModel.from_model(model).steady_covariance()
    ends = np.outer(np.sqrt(np.diag(covariance)), [-5.8, 6.0])
    grid = Grid(*(Axis(*pair, points) for pair, points in zip(ends, (20, 22, 24, 26), strict=True)))
    W = systems.gaussian_density(grid, np.zeros(4), covariance)
    found = physics_of(W, model, grid, gibbs=gibbs(model).slab(grid))
    assert list(found) == list(MEANINGS)
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    assert physics_of([*W], model, grid, gibbs=gibbs(model).slab(grid)) == found
    assert found["heat_from_bath"] == pytest.approx(-found["heat_from_decoherence"], rel=1e-4)
    assert found["work_on_quantum"] == pytest.approx(found["heat_from_bath"], rel=1e-4)
    assert found["entropy_production"] == pytest.approx(found["entropy_flux"], rel=1e-4)
    assert found["temperature_classical"] == pytest.approx(covariance[1, 1] / 1.3, rel=1e-5)
    assert found["temperature_quantum"] == pytest.approx(covariance[3, 3] / 0.7, rel=1e-5)
    assert found["holevo_information"] == pytest.approx(
        found["von_neumann_entropy"] - found["conditional_entropy"], abs=1e-12
    )
    assert 0.05 < found["gibbs_distance"] < found["gibbs_distance_classical"] < 0.5


def test_numbers_that_do_not_exist_are_not_numbers() -> None:
    """Kills: an infinite temperature that reaches an exponent, an occupation of a well that is none."""
    model = systems.quartic(friction=0.0)
    found = physics_of(systems.gaussian_density(systems.SMALL), model, systems.SMALL)
    missing = {name for name, value in found.items() if math.isnan(value)}
    assert missing == {"occupation", "temperature_occupation", "gibbs_distance", "gibbs_distance_classical"}
