"""Distances from thermal states against closed forms of Gaussians."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erf
from support import systems

from wignercq import Axis, Grid
from wignercq.errors import ModelError
from wignercq.gaussian import thermal_covariance
from wignercq.observables.gibbs import classical_gibbs, total_variation
from wignercq.states import gaussian

GRID = Grid(Axis(-5.5, 5.0, 20), Axis(-6.4, 6.1, 22), Axis(-5.0, 5.2, 24), Axis(-5.1, 5.6, 26))
COVARIANCE = np.array(
    [[0.61, 0.11, -0.17, 0.07], [0.11, 0.72, 0.09, -0.13], [-0.17, 0.09, 0.57, 0.15], [0.07, -0.13, 0.15, 0.58]]
)


def test_distance_of_two_displaced_gaussians_is_an_error_function() -> None:
    """Kills: a distance twice as large, a cell left out, slabs compared with their neighbours."""
    shift = np.array([0.3, -0.2, 0.4, 0.1])
    W = systems.gaussian_density(GRID, np.zeros(4), COVARIANCE)
    found = total_variation(W, gaussian(shift, COVARIANCE, hbar=0.5).slab(GRID), GRID)
    assert found == pytest.approx(erf(math.sqrt(shift @ np.linalg.solve(COVARIANCE, shift) / 8)), abs=2e-3)  # kinks
    assert total_variation(list(W), gaussian(np.zeros(4), COVARIANCE, hbar=0.5).slab(GRID), GRID) < 1e-8


def test_distance_counts_what_the_other_has_outside_the_grid() -> None:
    """Kills: a state beyond the grid that counts as near."""
    W = systems.gaussian_density(GRID, np.zeros(4), COVARIANCE)
    far = gaussian([30.0, 0.0, 0.0, 0.0], COVARIANCE, hbar=0.5)
    assert total_variation(W, far.slab(GRID), GRID) == pytest.approx(1, abs=1e-6)


def test_classical_gibbs_density_of_oscillators_is_the_thermal_gaussian() -> None:
    """Kills: an inverse temperature, masses exchanged, V_I left out, a partition function in other units."""
    model = systems.oscillators()
    grid = Grid(Axis(-5.9, 6.1, 30), Axis(-6.4, 6.6, 32), Axis(-5.4, 5.2, 34), Axis(-4.8, 4.9, 28))
    found = np.empty(grid.shape)
    write = classical_gibbs(model, grid, 0.8)
    for i in range(grid.q.points):
        write(i, found[i])
    expected = systems.gaussian_density(grid, np.zeros(4), thermal_covariance(model, temperature=0.8))
    assert np.abs(found - expected).max() < 1e-6 * expected.max()


def test_classical_gibbs_density_obeys_equipartition_beyond_oscillators() -> None:
    """Kills: a potential that overflows, or one that is linearised: ``<x d_x(V_Q + V_I)> = k_B T``."""
    model = systems.quartic()
    grid = Grid(Axis(-6.0, 6.5, 30), Axis(-6.4, 6.1, 16), Axis(-4.8, 4.9, 40), Axis(-5.1, 5.6, 18))
    write, slab, density = classical_gibbs(model, grid, 0.8), np.empty(grid.shape[1:]), []
    for i in range(grid.q.points):
        write(i, slab)
        density.append(slab.sum(axis=(0, 2)))
    q, x = grid.q.values[:, None], grid.x.values
    virial = x * (1.1 * x + 0.15 * x**3 - 0.4 * (q - x))
    assert (density * virial).sum() * grid.cell == pytest.approx(0.8, abs=1e-6)


def test_a_potential_must_confine() -> None:
    """Kills: a thermal density that is what the grid cuts out of a well with an open side."""
    model = systems.model("0.4*q**2", "0.55*x**2", "0.4*q*x**2")
    with pytest.raises(ModelError, match="potential that confines both particles to the grid, got"):
        classical_gibbs(model, GRID, 0.8)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_must_be_one(temperature: float) -> None:
    """Kills: a density of NaN."""
    with pytest.raises(ModelError, match="temperature: expected a positive, finite energy"):
        classical_gibbs(systems.oscillators(), GRID, temperature)
