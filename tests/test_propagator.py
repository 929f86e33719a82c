"""Order of convergence on the signed W, fusing of stages, partial steps, and limits where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import systems
from independent.linear_moments import oscillator_drift, oscillator_noise, propagate

from wignercq import Axis, Grid, Model, Propagator
from wignercq.engines import TiledEngine
from wignercq.schemes import CHIN_4A, STRANG, Scheme

# resolves W to about 1e-8, below the time errors compared
RESOLVED = Grid(Axis(-7.2, 7.5, 50), Axis(-7.6, 7.1, 44), Axis(-6.8, 6.5, 46), Axis(-6.6, 6.4, 45))
SCHEMES = [(STRANG, 10), (CHIN_4A, 4)]


def run(
    model: Model, grid: Grid, scheme: Scheme, duration: float, steps: int, hbar_order: int | None = None
) -> np.ndarray:
    engine = TiledEngine(grid)
    W = engine.allocate()
    W[...] = systems.gaussian_density(grid, systems.MEAN, np.diag(systems.VARIANCES))
    Propagator(model, engine, scheme, duration / steps, hbar_order).advance(W, steps)
    return np.array(W)


def exact_oscillators(grid: Grid, time: float) -> np.ndarray:
    drift = oscillator_drift(k_C=0.9, k_Q=1.2, lam=0.4, classical_mass=1.3, quantum_mass=0.7, friction=0.3)
    noise = oscillator_noise(lam=0.4, hbar=systems.HBAR, diffusion=0.5, decoherence=0.5)
    mean, covariance = propagate(drift, noise, systems.MEAN, np.diag(systems.VARIANCES), time)
    return systems.gaussian_density(grid, mean, covariance)


@pytest.mark.parametrize(("scheme", "steps"), SCHEMES)
def test_order_against_the_exact_gaussian(scheme: Scheme, steps: int) -> None:
    """Kills: a wrong coefficient in a scheme, in C, or anywhere in the linear dynamics."""
    exact = exact_oscillators(RESOLVED, 2.0)
    errors = [np.abs(run(systems.oscillators(), RESOLVED, scheme, 2.0, n) - exact).max() for n in (steps, 2 * steps)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(scheme.order, abs=0.2)
    assert errors[1] < 0.02 * exact.max()


@pytest.mark.parametrize(("scheme", "steps"), SCHEMES)
def test_order_for_an_anharmonic_model(scheme: Scheme, steps: int) -> None:
    """Kills: a commutator that is right for quadratic potentials only. Friction and diffusion are on."""
    a, b, c = (run(systems.quartic(), RESOLVED, scheme, 0.8, n) for n in (steps // 2, steps, 2 * steps))
    assert np.log2(np.abs(a - b).max() / np.abs(b - c).max()) == pytest.approx(scheme.order, abs=0.2)


def test_quadratic_model_exact_and_classical_dynamics_agree_to_rounding() -> None:
    """Kills: any quantum correction to a quadratic model, eq (112)."""
    grid = systems.grid()
    exact, classical = (run(systems.oscillators(), grid, CHIN_4A, 1.0, 5, order) for order in (None, 0))
    assert np.abs(exact - classical).max() < 1e-14 * np.abs(exact).max()


def test_fused_steps_equal_single_steps_and_partial_steps() -> None:
    """Kills: a fused stage that is not the product of its two halves, a table that differs from its live twin."""
    grid, model = systems.grid(), systems.quartic()
    together = run(model, grid, CHIN_4A, 0.6, 6)
    engine = TiledEngine(grid)
    propagator = Propagator(model, engine, CHIN_4A, 0.1)
    fields = []
    for advance in (lambda W: propagator.advance(W, 1), lambda W: propagator.leap(W, 0.1)):
        W = engine.allocate()
        W[...] = systems.gaussian_density(grid, systems.MEAN, np.diag(systems.VARIANCES))
        for _ in range(6):
            advance(W)
        fields.append(np.array(W))
    assert np.abs(fields[0] - together).max() < 1e-13 * np.abs(together).max()
    assert np.abs(fields[1] - together).max() < 1e-13 * np.abs(together).max()


def test_boundaries_report_the_state_between_fused_steps() -> None:
    """Kills: energy rates taken before the opening or after the closing half of a fused stage."""
    grid, model = systems.grid(), systems.quartic()
    engine = TiledEngine(grid)
    W = engine.allocate()
    W[...] = systems.gaussian_density(grid, systems.MEAN, np.diag(systems.VARIANCES))
    (boundary,) = Propagator(model, engine, CHIN_4A, 0.2).advance(W, 2)
    between = run(model, grid, CHIN_4A, 0.2, 1)
    assert np.abs(boundary.density_qx - between.sum(axis=(1, 3))).max() < 1e-12 * between.sum(axis=(1, 3)).max()
    p_marginal = np.fft.ifft(boundary.p_characteristic)
    assert np.abs(p_marginal - between.sum(axis=(0, 2, 3))).max() < 1e-12 * np.abs(p_marginal).max()


def test_step_is_linear_and_keeps_the_norm() -> None:
    """Kills: hidden clipping or renormalisation of W; W here is noise with negative values."""
    grid = systems.grid()
    engine = TiledEngine(grid)
    propagator = Propagator(systems.quartic(), engine, CHIN_4A, 0.15)
    random = np.random.default_rng(4)
    a, b = random.normal(size=(2, *grid.shape))
    images = []
    for field in (a, b, 2 * a - 3 * b):
        W = engine.allocate()
        W[...] = field
        propagator.advance(W, 2)
        images.append(np.array(W))
        assert W.sum() == pytest.approx(field.sum(), rel=1e-11)
    assert np.abs(2 * images[0] - 3 * images[1] - images[2]).max() < 1e-12 * np.abs(images[2]).max()
