"""Hermite functions against closed forms and sums on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.steady.basis import HermiteBasis

CENTRE = np.array([0.3, -0.2, 0.15, 0.4])
LENGTHS = np.array([0.8, 0.7, 0.9, 0.6])
BASIS = HermiteBasis(CENTRE, LENGTHS, 3, 4)
WIDE = Grid(*(Axis(c - 7 * w, c + 7 * w, n) for c, w, n in zip(CENTRE, LENGTHS, (32, 36, 40, 34), strict=True)))


def test_the_first_function_is_the_gaussian_of_these_widths() -> None:
    """Kills: lengths taken for those of psi**2, a missing root of a length."""
    first = np.eye(BASIS.size)[0]
    W = BASIS.on(first, WIDE) / BASIS.integral(first)
    expected = systems.gaussian_density(WIDE, CENTRE, np.diag(LENGTHS**2))
    np.testing.assert_allclose(W, expected, atol=1e-14)


@pytest.mark.parametrize("parity", [None, 0, 1])
def test_coefficients_come_back_from_a_grid(parity: int | None) -> None:
    """Kills: axes in another order on the way there and back, functions of the other parity."""
    basis = HermiteBasis(CENTRE, LENGTHS, 3, 4, parity)
    sizes = {None: 150, 0: 72, 1: 78}
    assert basis.size == sizes[parity]
    coefficients = np.random.default_rng(3).normal(size=basis.size)
    np.testing.assert_allclose(basis.coefficients(basis.on(coefficients, WIDE), WIDE), coefficients, atol=1e-11)


def test_moments_are_the_sums_over_a_grid() -> None:
    """Kills: a quadrature of the functions with the weight of their squares."""
    coefficients = np.random.default_rng(4).normal(size=BASIS.size)
    W = BASIS.on(coefficients, WIDE)
    q, p, x, y = WIDE.mesh
    for powers in ((0, 0, 0, 0), (1, 0, 2, 0), (0, 1, 0, 1), (2, 1, 0, 2)):
        a, b, c, d = powers
        expected = float((W * q**a * p**b * x**c * y**d).sum() * WIDE.cell)
        assert BASIS.average(coefficients, powers) == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_the_reach_of_a_gaussian() -> None:
    """Kills: frequencies in units of the inverse length squared; a box that ends where W is still seen."""
    first = np.eye(BASIS.size)[0]
    radius = np.sqrt(2 * np.log(1e4))
    for (lower, upper, frequency), centre, length in zip(BASIS.reach(first, 1e-4), CENTRE, LENGTHS, strict=True):
        assert lower == pytest.approx(centre - radius * length, abs=0.4 * length)
        assert upper == pytest.approx(centre + radius * length, abs=0.4 * length)
        assert frequency == pytest.approx(radius / length, rel=0.1)
