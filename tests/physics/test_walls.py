"""Energies behind walls, on boxes twice too wide: what quadrature and conservation laws say, or a warning."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wignercq import Axis, Grid, Model, ResolutionWarning, Solution, evolve
from wignercq.states import GaussianState, gaussian

HBAR = 0.8
MEAN, VARIANCES = np.array([0.3, -0.2, 0.4, 0.1]), np.array([0.5, 0.6, 0.3, HBAR**2 / 4 / 0.3])
BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": HBAR, "diffusion": 0.2}
MORSE, EXPONENTIAL = "6*(1 - exp(-0.4*{z}))**2", "0.4*{z}**2 + 0.05*exp(-1.3*{z})"
Q, P, Y = Axis(-4.5, 5.0, 20), Axis(-4.6, 4.2, 22), Axis(-6.0, 6.2, 40)
WALL = Axis(-20.0, 6.0, 84)  # W ends at -3


def state() -> GaussianState:
    return gaussian(MEAN, VARIANCES, hbar=HBAR)


def carried_out(model: Model, grid: Grid, tolerance: float, precision: str = "float64") -> Solution:
    return evolve(
        model, state(), grid=grid, duration=0.3, outputs=2, tolerance=tolerance, frames=0, precision=precision
    )


def average(potential: str, i: int) -> float:
    """Of a potential over the initial Gaussian of a variable, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    z = MEAN[i] + math.sqrt(VARIANCES[i]) * nodes
    return float(weights @ eval(potential.format(z="z"), {"z": z, "exp": np.exp}) / weights.sum())


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("potential", [pytest.param(MORSE, marks=pytest.mark.slow), EXPONENTIAL])
def test_the_quantum_energy_behind_a_wall_is_conserved(potential: str, precision: str) -> None:
    """Kills: errors of W times the height of the wall, 1e5 and more, in place of the energy and in its budget."""
    model = Model("0.4*q**2", potential.format(z="x"), "0", **BATH)
    tolerance = 1e-3
    found = carried_out(model, Grid(Q, P, WALL, Y), tolerance, precision).dataset
    kinetic = (VARIANCES[3] + MEAN[3] ** 2) / 1.4
    expected = kinetic + average(potential, 2)
    assert np.abs(found["energy_quantum"].values - expected).max() < tolerance * kinetic
    assert np.abs(found["energy_budget_residual"].values).max() < tolerance * kinetic
    assert found["energy_left_out"].values.max() < 10 * tolerance * kinetic


@pytest.mark.parametrize("potential", [pytest.param(MORSE, marks=pytest.mark.slow), EXPONENTIAL])
def test_the_classical_energy_behind_a_wall_grows_by_the_noise_alone(potential: str) -> None:
    """Kills: the same along q, where W is no Wigner function; <H_C> grows as D2 t/(2M) without friction."""
    tolerance = 1e-3
    grid = Grid(Axis(-20.0, 6.5, 80), P, Axis(-3.6, 4.2, 28), Axis(-4.0, 4.2, 24))
    found = carried_out(Model(potential.format(z="q"), "0.5*x**2", "0", **BATH), grid, tolerance).dataset
    kinetic = (VARIANCES[1] + MEAN[1] ** 2) / 2.6
    expected = kinetic + average(potential, 0) + BATH["diffusion"] * found["time"].values / 2.6
    assert np.abs(found["energy_classical"].values - expected).max() < tolerance * kinetic
    assert np.abs(found["energy_budget_residual"].values).max() < tolerance * kinetic


def test_what_a_steep_wall_hides_is_warned_of() -> None:
    """Kills: an energy without the part that lies where W is below its errors, and no word of it.

    ``<exp(-k x)>`` of a Gaussian is 2e4 for k = 9, and comes from five widths out and beyond.
    """
    model = Model("0.4*q**2", "0.4*x**2 + 1e-3*exp(-9*x)", "0", **BATH)
    hidden = 1e-3 * math.exp(-9 * MEAN[2] + 81 * VARIANCES[2] / 2)
    grid = Grid(Q, P, Axis(-3.2, 5.0, 40), Y)
    with pytest.warns(ResolutionWarning, match=r"energy at t = 0.*: expected known to .* left out at a wall") as warned:
        solution = evolve(
            model, state(), grid=grid, duration=1e-3, outputs=2, dt=1e-3, tolerance=0.2, on_unresolved="warn"
        )
    bound = solution.dataset["energy_left_out"].values.max()
    assert hidden > 1
    assert bound > 0.3
    assert sum("left out at a wall" in str(w.message) for w in warned) == 1
    assert "that <H> leaves out" in solution.summary()
