"""The generator between Hermite functions against the propagator on a grid, another discretisation."""

from __future__ import annotations

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, LinearModel, Model, Propagator
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import FORWARD_3
from wignercq.steady.basis import HermiteBasis
from wignercq.steady.certificate import rate_of_change
from wignercq.steady.galerkin import Galerkin

CENTRE = np.array([0.1, -0.2, 0.15, 0.1])
LENGTHS = np.array([0.8, 0.75, 0.7, 0.85])
ANHARMONIC = {
    "polynomial": ("0.4*q**2 + 0.1*q**3", "0.5*x**2 + 0.1*x**3 + 0.05*x**4", "0.3*q*x + 0.07*q*x**2"),
    "pendulum": ("0.4*q**2", "3*(1 - cos(x/1.7))", "0.3*sin(q)*x"),
}


@pytest.mark.parametrize("kind", ["polynomial", pytest.param("pendulum", marks=pytest.mark.slow)])
def test_matrix_elements_are_those_of_a_short_step_on_a_grid(kind: str) -> None:
    """Kills: a sign of r or s, hbar in the wrong place, friction without its divergence, axes mixed up."""
    model = systems.model(*ANHARMONIC[kind])
    small, large = (HermiteBasis(CENTRE, LENGTHS, *degrees) for degrees in ((3, 4), (7, 9)))
    spread = 6.5 * LENGTHS
    grid = Grid(*(Axis(c - w, c + w, n) for c, w, n in zip(CENTRE, spread, (30, 32, 36, 34), strict=True)))
    coefficients = np.random.default_rng(5).normal(size=small.size)
    padded = large.coefficients(small.on(coefficients, grid), grid)
    expected = Galerkin.of(model, large).matrix @ padded
    propagator = Propagator(model, TiledEngine(grid), FORWARD_3, 2e-5 * 64)
    measured = large.coefficients(rate_of_change(propagator, small.on(coefficients, grid)), grid)
    assert np.abs(measured - expected).max() < 2e-3 * np.abs(expected).max()


def test_the_null_vector_is_the_steady_gaussian() -> None:
    """Kills: a normalisation that is not the integral; an inverse iteration that ends in another mode."""
    model = systems.oscillators(friction=1.0)
    S = LinearModel.from_model(model).steady_covariance()
    basis = HermiteBasis(np.zeros(4), np.sqrt(np.diag(S)), 8, 10, 0)
    galerkin = Galerkin.of(model, basis)
    mean, variances = basis.mean_and_variance(galerkin.steady)
    np.testing.assert_allclose(mean, 0, atol=1e-10)
    np.testing.assert_allclose(variances, np.diag(S), rtol=1e-4)
    assert basis.integral(galerkin.steady) == pytest.approx(1)


def test_only_what_is_classical_is_left_at_order_zero() -> None:
    """Kills: an order in hbar that does not reach the symbol."""
    model = Model("q**2/2", "x**2/2 + 0.3*x**4", "0.2*q*x", friction=1.0, diffusion=1.0)
    basis = HermiteBasis(np.zeros(4), np.full(4, 0.8), 3, 6)
    exact, classical = (Galerkin.of(model, basis, order).matrix for order in (None, 0))
    assert abs(exact - classical).max() > 0.1
