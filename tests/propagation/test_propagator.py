"""Order of convergence on the signed W, fusing of stages, partial steps, and limits where the answer is known."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from support import systems
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate

from wignercq import Axis, Grid, Model, Propagator
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import CHIN_4A, FORWARD_3, STRANG, Scheme

# resolves W to about 1e-8, below the time errors compared
RESOLVED = Grid(Axis(-5.3, 5.9, 34), Axis(-6.0, 5.7, 32), Axis(-4.9, 4.5, 36), Axis(-5.2, 5.4, 38))
MEAN = np.array([0.5, 0.2, -0.4, 0.3])
COVARIANCE = np.diag([0.5, 0.62, 0.42, 0.41])
PASSES = {STRANG.name: 2, FORWARD_3.name: 6}  # per step, fused


def run(model: Model, grid: Grid, scheme: Scheme, duration: float, steps: int, **options: Any) -> np.ndarray:
    engine = TiledEngine(grid)
    W = engine.of(systems.gaussian_density(grid, MEAN, COVARIANCE))
    Propagator(model, engine, scheme, duration / steps, **options).advance(W, steps)
    return np.array(W)


@cache
def quartic(scheme: Scheme, steps: int, exact_bath: bool = False) -> np.ndarray:
    return run(systems.quartic(), RESOLVED, scheme, 0.6, steps, exact_bath=exact_bath)


def relative_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


@pytest.mark.parametrize("exact_bath", [False, True], ids=["noise in V", "noise in T"])
@pytest.mark.parametrize(("scheme", "steps"), [(STRANG, 6), (FORWARD_3, 2)], ids=["Strang", "forward"])
def test_order_against_the_exact_gaussian(scheme: Scheme, steps: int, exact_bath: bool) -> None:
    """Kills: a wrong coefficient in a scheme, in C, or anywhere in the linear dynamics. Strong friction and noise."""
    drift = oscillator_drift(k_C=0.9, k_Q=1.2, lam=0.4, classical_mass=1.3, quantum_mass=0.7, friction=2.0)
    noise = oscillator_noise(lam=0.4, hbar=systems.HBAR, diffusion=2.0, decoherence=0.125)
    exact = systems.gaussian_density(RESOLVED, *propagate(drift, noise, MEAN, COVARIANCE, 1.0))
    model = systems.oscillators(friction=2.0, diffusion=2.0)
    runs = [run(model, RESOLVED, scheme, 1.0, n, exact_bath=exact_bath) for n in (steps, 2 * steps)]
    errors = [relative_difference(found, exact) for found in runs]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(scheme.order, abs=0.2)
    assert errors[1] < 5e-3


@pytest.mark.slow
def test_strong_damping_needs_no_short_steps() -> None:
    """Kills: noise that widens p before friction contracts it again: steps of gamma dt = 2.3, four times too wide."""
    numbers = {"k_C": 0.9, "k_Q": 1.2, "lam": 0.4, "classical_mass": 1.3, "quantum_mass": 0.7, "friction": 15.0}
    drift, noise = oscillator_drift(**numbers), oscillator_noise(lam=0.4, hbar=0.8, diffusion=15.0, decoherence=1 / 60)
    exact = systems.gaussian_density(RESOLVED, *propagate(drift, noise, MEAN, COVARIANCE, 2.0))
    model = Model.oscillators(**numbers, hbar=0.8, diffusion=15.0)
    split, whole = (
        relative_difference(run(model, RESOLVED, FORWARD_3, 2.0, 10, exact_bath=exact_bath), exact)
        for exact_bath in (False, True)
    )
    assert whole < 2e-4 < 20 * whole < split


@pytest.mark.slow
def test_noise_in_either_part_is_the_same_equation() -> None:
    """Kills: noise counted twice or not at all, a commutator of the wrong symbol; an anharmonic model."""
    assert relative_difference(quartic(FORWARD_3, 12, exact_bath=True), quartic(FORWARD_3, 12)) < 2e-8


@pytest.mark.parametrize("scheme", [STRANG, FORWARD_3], ids=lambda scheme: scheme.name)
def test_order_for_an_anharmonic_model(scheme: Scheme) -> None:
    """Kills: a commutator that is right for quadratic potentials only. Friction and diffusion are on."""
    coarse, middle, fine = (quartic(scheme, steps) for steps in (3, 6, 12))
    observed = np.log2(relative_difference(coarse, middle) / relative_difference(middle, fine))
    assert observed == pytest.approx(scheme.order, abs=0.2)


@pytest.mark.slow
def test_the_default_needs_twelve_times_fewer_passes_than_strang() -> None:
    """Kills: a default with large error constants. A true error of 1e-5 of W, quartic model, judged by Chin's 4A."""
    truth, default, strang = quartic(CHIN_4A, 16), quartic(FORWARD_3, 2), quartic(STRANG, 72)
    assert 72 * PASSES[STRANG.name] == 12 * 2 * PASSES[FORWARD_3.name]
    assert relative_difference(default, truth) < 1e-5 < relative_difference(strang, truth)


def test_quadratic_model_exact_and_classical_dynamics_agree_to_rounding() -> None:
    """Kills: any quantum correction to a quadratic model, eq (112)."""
    grid = systems.grid()
    exact, classical = (run(systems.oscillators(), grid, FORWARD_3, 1.0, 5, hbar_order=order) for order in (None, 0))
    assert np.abs(exact - classical).max() < 1e-14 * np.abs(exact).max()


def test_fused_steps_equal_single_steps_and_partial_steps() -> None:
    """Kills: a fused stage that is not the product of its two halves, a table that differs from its live twin."""
    grid, model = systems.grid(), systems.quartic()
    together = run(model, grid, FORWARD_3, 0.6, 6)
    engine = TiledEngine(grid)
    propagator = Propagator(model, engine, FORWARD_3, 0.1)
    fields = []
    for advance in (lambda W: propagator.advance(W, 1), lambda W: propagator.leap(W, 0.1)):
        W = engine.of(systems.gaussian_density(grid, MEAN, COVARIANCE))
        for _ in range(6):
            advance(W)
        fields.append(np.array(W))
    assert np.abs(fields[0] - together).max() < 1e-13 * np.abs(together).max()
    assert np.abs(fields[1] - together).max() < 1e-13 * np.abs(together).max()


def test_boundaries_report_the_state_between_fused_steps() -> None:
    """Kills: energy rates taken before the opening or after the closing half of a fused stage."""
    grid, model = systems.grid(), systems.quartic()
    engine = TiledEngine(grid)
    W = engine.of(systems.gaussian_density(grid, MEAN, COVARIANCE))
    _, (boundary,) = Propagator(model, engine, FORWARD_3, 0.2).advance(W, 2)
    between = run(model, grid, FORWARD_3, 0.2, 1)
    assert np.abs(boundary.density_qx - between.sum(axis=(1, 3))).max() < 1e-12 * between.sum(axis=(1, 3)).max()
    p_marginal = np.fft.ifft(boundary.p_characteristic)
    assert np.abs(p_marginal - between.sum(axis=(0, 2, 3))).max() < 1e-12 * np.abs(p_marginal).max()


def test_step_is_linear_and_keeps_the_norm() -> None:
    """Kills: hidden clipping or renormalisation of W; W here is noise with negative values."""
    grid = systems.grid()
    engine = TiledEngine(grid)
    propagator = Propagator(systems.quartic(), engine, FORWARD_3, 0.15)
    random = np.random.default_rng(4)
    a, b = random.normal(size=(2, *grid.shape))
    images = []
    for field in (a, b, 2 * a - 3 * b):
        W = engine.of(field)
        propagator.advance(W, 2)
        images.append(np.array(W))
        assert W.sum() == pytest.approx(field.sum(), rel=1e-11)
    assert np.abs(2 * images[0] - 3 * images[1] - images[2]).max() < 1e-12 * np.abs(images[2]).max()
