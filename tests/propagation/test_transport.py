"""The flow of free motion, friction and noise of p on the grid, against exact characteristics and moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems
from support.reference.linear_moments import oscillator_drift, propagate

from wignercq import Axis, Grid
from wignercq.propagation.engines import ArrayEngine, TiledEngine
from wignercq.propagation.transport import bath_flow, contraction_matrix, free_shear

AXES = [Axis(-9.0, 9.5, 64), Axis(-9.0, 9.5, 63), Axis(-6.0, 14.0, 72), Axis(-15.0, 7.8, 81)]


def bump(p: np.ndarray, centre: float = 0.6, width: float = 0.9) -> np.ndarray:
    """A Gaussian with a wiggle, of integral other than one."""
    offset = (p - centre) / width
    return np.exp(-(offset**2) / 2) * (1 + 0.4 * offset**3)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: f"{a.points} points from {a.lower:g}")
@pytest.mark.parametrize("factor", [0.999, 0.9, 0.75])
def test_contraction_is_a_dilation_about_p_zero(axis: Axis, factor: float) -> None:
    """Kills: a dilation about the middle of the box, its inverse, or a missing 1/f; even and odd numbers of points."""
    p = axis.values
    found = contraction_matrix(axis, factor) @ bump(p)
    assert np.abs(found - bump(p / factor) / factor).max() < 1e-8


@pytest.mark.parametrize("axis", AXES, ids=lambda a: f"{a.points} points from {a.lower:g}")
@pytest.mark.parametrize("factor", [1.0, 0.97, 0.4])
def test_contraction_columns_sum_to_one(axis: Axis, factor: float) -> None:
    """Kills: norm lost at a point near the edge of the box, where the dilation is least accurate."""
    assert np.abs(contraction_matrix(axis, factor).sum(axis=0) - 1).max() < 1e-14


def test_no_contraction_is_the_identity() -> None:
    """Kills: a matrix that smooths or shifts when there is no friction; odd size, whose frequencies pair up."""
    assert np.abs(contraction_matrix(AXES[1], 1.0) - np.eye(63)).max() < 1e-13


@pytest.mark.parametrize("axis", AXES, ids=lambda a: f"{a.points} points from {a.lower:g}")
@pytest.mark.parametrize("factor", [0.999, 0.99, 0.9])
def test_contraction_with_resolved_diffusion_amplifies_nothing(axis: Axis, factor: float) -> None:
    """Kills: a mode near Nyquist that grows step by step. The steady width is two spacings, barely resolved."""
    damping = np.exp(math.log(factor) * (2 * axis.spacing * axis.frequencies) ** 2)
    smooth = np.fft.ifft(damping[:, None] * np.fft.fft(np.eye(axis.points), axis=0), axis=0).real
    step = smooth @ contraction_matrix(axis, factor)
    assert np.abs(np.linalg.eigvals(step)).max() < 1 + 1e-12
    assert np.linalg.norm(np.linalg.matrix_power(step, 1000), 2) < math.sqrt(axis.points)


def test_norm_over_a_thousand_contractions() -> None:
    """Kills: a defect of the norm per step that adds up."""
    axis = AXES[2]
    matrix, W = contraction_matrix(axis, 0.998), bump(axis.values, width=1.1)
    start = W.sum()
    for _ in range(1000):
        W = matrix @ W
    assert abs(W.sum() / start - 1) < 1e-12
    narrow = bump(axis.values, width=1.1)
    assert W.max() > 5 * narrow.max()  # the packet really contracted, by exp(2)


GRID = Grid(Axis(-8.0, 9.2, 54), Axis(-6.4, 6.0, 50), Axis(-8.0, 7.1, 48), Axis(-6.0, 6.4, 41))
COVARIANCE = np.array(
    [[0.60, 0.08, -0.12, 0.05], [0.08, 0.55, 0.07, -0.10], [-0.12, 0.07, 0.50, 0.09], [0.05, -0.10, 0.09, 0.52]]
)


@pytest.mark.parametrize("friction", [0.0, 0.5])
def test_flow_of_a_gaussian_follows_the_characteristics(friction: float) -> None:
    """Kills: swapped masses, a shear the wrong way or with the contracted p, friction in units of 1/time."""
    model, time = systems.oscillators(friction=friction), 0.6
    M, m, gamma = 1.3, 0.7, friction / 1.3
    f = math.exp(-gamma * time)
    engine = ArrayEngine(GRID)
    W = engine.of(systems.gaussian_density(GRID, systems.MEAN, COVARIANCE))
    engine.transport(W, engine.compile_shear(free_shear(model, GRID, time)))
    if friction:
        W[...] = np.einsum("ab,qbxy->qaxy", contraction_matrix(GRID.p, f), W, optimize=True)
    flow = np.eye(4)
    flow[0, 1] = (1 - f) / (gamma * M) if friction else time / M
    flow[1, 1], flow[2, 3] = f, time / m
    expected = systems.gaussian_density(GRID, flow @ systems.MEAN, flow @ COVARIANCE @ flow.T)
    assert np.abs(W - expected).max() < 1e-8 * expected.max()


def test_the_shear_maps_real_to_real() -> None:
    """Kills: a Nyquist multiplier that is not real, which a real transform would quietly drop."""
    shear = free_shear(systems.oscillators(), GRID, 0.7)
    assert np.abs(shear.q[27].imag).max() == 0
    assert np.abs(shear.x[24].imag).max() == 0
    assert np.abs(shear.q[1:27] - shear.q[:27:-1].conj()).max() < 1e-14


@pytest.mark.parametrize("friction", [0.0, 0.008, 0.6, 8.0, 400.0])
def test_flow_of_the_bath_follows_the_ornstein_uhlenbeck_process(friction: float) -> None:
    """Kills: a wrong variance or correlation of the noise, a series in the wrong place, damping that overflows."""
    model, time = systems.oscillators(friction=friction, diffusion=0.2 + friction), 0.9
    drift = oscillator_drift(k_C=0, k_Q=0, lam=0, classical_mass=1.3, quantum_mass=np.inf, friction=friction)
    noise = np.diag([0, model.diffusion, 0, 0])
    mean, covariance = propagate(drift, noise, systems.MEAN, COVARIANCE, time)
    engine = TiledEngine(GRID)
    W = engine.of(systems.gaussian_density(GRID, systems.MEAN, COVARIANCE))
    W = engine.bath(W, engine.compile_bath(bath_flow(model, GRID, time)))
    expected = systems.gaussian_density(GRID, mean, covariance)
    assert np.abs(W - expected).max() < 1e-7 * expected.max()
    assert engine.integral(W) == pytest.approx(1, abs=1e-9)


def test_flows_of_the_bath_follow_one_another() -> None:
    """Kills: noise that depends on how a time is cut into stages."""
    model, engine = systems.oscillators(friction=3.0, diffusion=2.0), TiledEngine(GRID)
    start = systems.gaussian_density(GRID, systems.MEAN, COVARIANCE)
    whole = engine.bath(engine.of(start), engine.compile_bath(bath_flow(model, GRID, 0.8)))
    parts = engine.of(start)
    for time in (0.3, 0.005, 0.495):  # the second from the series
        parts = engine.bath(parts, engine.compile_bath(bath_flow(model, GRID, time)))
    assert np.abs(whole - parts).max() < 1e-9 * np.abs(whole).max()
