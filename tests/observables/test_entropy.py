"""Entropy production against the Gaussian theory, against decoherence carried out, and along an anharmonic run."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, evolve
from wignercq.gaussian import LinearModel, entropy_rates, steady_entropy_production
from wignercq.observables.entropy import derivative, entropy_flux, entropy_production
from wignercq.observables.marginals import Marginals
from wignercq.states import ClassicalGaussian, fock, product

HBAR = systems.HBAR
MEAN = np.array([0.4, -0.3, -0.5, 0.6])
COVARIANCE = np.array(
    [[0.61, 0.11, -0.17, 0.07], [0.11, 0.52, 0.09, -0.13], [-0.17, 0.09, 0.47, 0.15], [0.07, -0.13, 0.15, 0.58]]
)


def grid_for(mean: np.ndarray, covariance: np.ndarray, points: tuple[int, ...] = (26, 28, 30, 32)) -> Grid:
    ends = mean[:, None] + np.outer(np.sqrt(np.diag(covariance)), [-6.2, 6.4])
    return Grid(*(Axis(*pair, n) for pair, n in zip(ends, points, strict=True)))


@cache
def displaced() -> tuple[Grid, np.ndarray]:
    grid = grid_for(MEAN, COVARIANCE)
    return grid, systems.gaussian_density(grid, MEAN, COVARIANCE)


@pytest.mark.parametrize("points", [15, 16])
def test_derivative_of_waves_is_exact(points: int) -> None:
    """Kills: a sign, a length, or a Nyquist frequency that makes the derivative complex."""
    axis = Axis(-1.3, 2.2, points)
    k = 4 * np.pi / axis.length
    found = derivative(axis) @ np.column_stack([np.sin(k * axis.values), np.ones(points)])
    assert np.abs(found[:, 0] - k * np.cos(k * axis.values)).max() < 1e-12
    assert np.abs(found[:, 1]).max() < 1e-12


def test_production_of_a_displaced_correlated_gaussian_is_the_theory_s() -> None:
    """Kills: a factor of two of D2 or D_y, a current without its drift, a mass in the wrong place, edges as noise."""
    model = systems.oscillators(decoherence=0.9)
    grid, W = displaced()
    found = entropy_production(W, model, grid)
    expected = entropy_rates(LinearModel.from_model(model), COVARIANCE, mean=MEAN)
    assert found.total == pytest.approx(expected.production, rel=3e-6)
    D_y = 0.9 * HBAR**2 * 0.4**2
    assert found.decoherence == pytest.approx(D_y / 2 * np.linalg.inv(COVARIANCE)[3, 3], rel=3e-6)
    assert found.decoherence_leading == pytest.approx(found.decoherence, rel=1e-12)
    assert entropy_flux(model, Marginals.of(W, grid)) == pytest.approx(expected.flux, rel=1e-6)
    assert 0 < found.left_out < 1e-6


def test_production_of_the_steady_state_is_the_closed_form() -> None:
    """Kills: a production that misses ``alpha D_y/(m D2)`` where both currents nearly cancel the flux."""
    model = systems.oscillators()
    covariance = LinearModel.from_model(model).steady_covariance()
    grid = grid_for(np.zeros(4), covariance)
    found = entropy_production(systems.gaussian_density(grid, np.zeros(4), covariance), model, grid)
    assert found.total == pytest.approx(steady_entropy_production(model), rel=3e-6)
    assert found.total == pytest.approx(0.3 * HBAR**2 * 0.4**2 * 0.5 / (0.7 * 0.5), rel=3e-6)


@pytest.mark.parametrize("interaction", ["0.2*q*x**4", "0.4*q*sin(x)"])
def test_exact_current_raises_the_entropy_as_decoherence_does(interaction: str) -> None:
    """Kills: a current of leading order given as exact; a pole at s = 0. Decoherence is carried out by its kernel.

    W has two humps, for of a Gaussian only <y**2> counts, which the leading order gives exactly.
    """
    model = systems.model(interaction=interaction, decoherence=0.9)
    grid, W = displaced()
    W = 0.6 * W + 0.4 * systems.gaussian_density(grid, [0.2, 0.1, 0.3, -0.7], np.diag([0.4, 0.4, 0.3, 0.3]))
    found = entropy_production(W, model, grid)
    q, x = grid.q.values[:, None, None, None], grid.x.values[:, None]
    s = grid.y.half_frequencies
    force = (lambda z: 0.2 * z**4) if "x**4" in interaction else (lambda z: 0.4 * np.sin(z))
    c = force(x + HBAR * s / 2) - force(x - HBAR * s / 2) + 0 * q
    time, spectrum = 1e-6, np.fft.rfft(W, axis=3)
    after, before = (
        np.fft.irfft(spectrum * np.exp(sign * time * 0.45 * c**2), n=grid.y.points, axis=3) for sign in (-1, 1)
    )
    counted = found.floor < W
    change = -((after - before)[counted] * np.log(W[counted])).sum() * grid.cell / (2 * time)
    assert found.decoherence == pytest.approx(change, rel=2e-5)
    assert abs(found.decoherence - found.decoherence_leading) > 0.01 * change


def test_what_is_not_counted_is_told() -> None:
    """Kills: a division where W is negative, or a weight left out that is not the integral of |W| there."""
    model = systems.oscillators()
    state = product(ClassicalGaussian([0.2, -0.1], [0.5, 0.6]), fock(1, mass=0.7, frequency=1.4, hbar=HBAR))
    grid = Grid(Axis(-3.4, 4.0, 14), Axis(-4.0, 3.8, 16), Axis(-4.2, 4.4, 30), Axis(-4.5, 4.3, 32))
    W = state.wigner(grid)
    found = entropy_production(W, model, grid)
    assert found.floor == pytest.approx(1e-2 * W.max())
    assert found.left_out == pytest.approx(np.abs(W[found.floor >= W]).sum() * grid.cell, rel=1e-3)
    assert 0.2 < found.left_out < 0.6  # negative parts weigh 2 exp(-1/2) - 1 = 0.213
    assert np.isfinite(found.total)
    assert entropy_production(W, model, grid, floor=0.1 * W.max()).left_out > 1.5 * found.left_out


def test_without_noise_there_is_no_rate() -> None:
    """Kills: a division by D2 = 0."""
    model = systems.model(interaction="0", diffusion=0.0)
    grid, W = displaced()
    assert math.isnan(entropy_production(W, model, grid).total)
    assert math.isnan(entropy_flux(model, Marginals.of(W, grid)))


@pytest.mark.slow
def test_production_less_flux_is_the_change_of_entropy_along_a_fokker_planck_run() -> None:
    """Kills: currents that are those of quadratic models alone. The counterpart's flow conserves ``W ln W``."""
    model = systems.model("0.4*q**2", "0.55*x**2 + 0.05*x**4", "0.3*q*x**2", decoherence=0.9)
    grid, step, entropies = systems.grid(36, 38, 48, 50), 0.05, []
    for time in (0.3 - step, 0.3, 0.3 + step):
        run = evolve(
            model, systems.packet(), grid=grid, times=[time], dt=step, hbar_order=0, tolerance=1e-3, keep_state=True
        )
        W = run.W.values
        entropies.append(-float((W[W > 0] * np.log(W[W > 0])).sum()) * grid.cell)
        if time == 0.3:
            found, flux = entropy_production(W, model, grid), entropy_flux(model, Marginals.of(W, grid))
    slope = (entropies[2] - entropies[0]) / (2 * step)
    assert found.momentum + found.decoherence_leading - flux == pytest.approx(slope, rel=3e-3)
    assert found.left_out < 1e-4
