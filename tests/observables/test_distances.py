"""Distances, cumulants and relative entropies, against formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from support import systems

from wignercq import Axis, Grid
from wignercq.observables.distances import (
    DENSITIES,
    cumulants,
    gaussian_plane,
    l1_distance,
    l1_distance_to_gaussian,
    relative_entropies,
)
from wignercq.observables.marginals import Marginals

GRID = Grid(Axis(-5.6, 5.9, 26), Axis(-5.2, 5.0, 24), Axis(-4.6, 6.0, 32), Axis(-5.4, 5.1, 30))
MEAN = np.array([0.2, -0.1, 0.15, -0.2])
COVARIANCE = np.array([[0.9, 0.1, 0.2, -0.1], [0.1, 0.7, 0.05, 0.15], [0.2, 0.05, 0.6, 0.1], [-0.1, 0.15, 0.1, 0.8]])


@pytest.fixture(scope="module")
def W() -> np.ndarray:
    return systems.gaussian_density(GRID, MEAN, COVARIANCE)


def test_distance_of_displaced_gaussians(W: np.ndarray) -> None:
    """Kills: a missing cell, a wrong quadratic form; integral |G - G'| = 2 erf(d/sqrt(8)), d**2 = dz S^-1 dz."""
    shift = np.array([0.3, -0.2, 0.25, 0.1])
    apart = math.sqrt(shift @ np.linalg.inv(COVARIANCE) @ shift)
    expected = 2 * math.erf(apart / math.sqrt(8))
    moved = systems.gaussian_density(GRID, MEAN + shift, COVARIANCE)
    assert l1_distance(W, moved, GRID) == pytest.approx(expected, rel=2e-4)
    assert l1_distance_to_gaussian(W, GRID, MEAN + shift, COVARIANCE) == pytest.approx(expected, rel=2e-4)
    assert l1_distance_to_gaussian(W, GRID, MEAN, COVARIANCE) < 1e-5


def test_a_gaussian_that_left_the_box_is_at_distance_two(W: np.ndarray) -> None:
    """Kills: a runaway theory that looks close because the grid does not see it."""
    assert l1_distance_to_gaussian(W, GRID, MEAN + 30, COVARIANCE) == pytest.approx(2, abs=1e-5)


def test_planes_are_the_marginals_of_the_gaussian(W: np.ndarray) -> None:
    """Kills: two variables of a plane exchanged."""
    planes = Marginals.of(W, GRID).planes
    for pair, plane in planes.items():
        assert np.abs(gaussian_plane(GRID, pair, MEAN, COVARIANCE) - plane).max() < 1e-5 * plane.max()


def test_a_gaussian_has_no_cumulants_and_no_relative_entropy(W: np.ndarray) -> None:
    """Kills: a constant left in the entropy; the box cuts the Gaussian at six widths."""
    marginals = Marginals.of(W, GRID)
    third, fourth = cumulants(marginals)
    assert max(np.abs(third).max(), np.abs(fourth).max()) < 1e-4
    assert np.abs(relative_entropies(marginals)).max() < 1e-5


def test_cumulants_and_relative_entropy_of_a_mixture(W: np.ndarray) -> None:
    """Kills: raw moments for cumulants, a wrong base or sign of the entropy; two Gaussians displaced along x alone."""
    weight, apart, variance = 0.3, 1.1, COVARIANCE[2, 2]
    shift = np.array([0.0, 0.0, apart, 0.0])
    mixture = (1 - weight) * W + weight * systems.gaussian_density(GRID, MEAN + shift, COVARIANCE)
    marginals = Marginals.of(mixture, GRID)
    third, fourth = cumulants(marginals)
    spread = weight * (1 - weight) * apart**2
    assert third == pytest.approx([0, 0, spread * apart * (1 - 2 * weight), 0], abs=1e-4)
    assert fourth == pytest.approx([0, 0, spread * apart**2 * (1 - 6 * weight * (1 - weight)), 0], abs=1e-3)

    def density(x: float) -> float:
        parts = ((1 - weight, 0.0), (weight, apart))
        return sum(w * math.exp(-((x - c) ** 2) / (2 * variance)) for w, c in parts) / math.sqrt(2 * math.pi * variance)

    def integrand(x: float) -> float:
        total, centre = variance + spread, weight * apart
        gaussian = math.exp(-((x - centre) ** 2) / (2 * total)) / math.sqrt(2 * math.pi * total)
        return density(x) * math.log(density(x) / gaussian)

    along_x = quad(integrand, -6, 8, epsabs=1e-10)[0]
    entropies = dict(zip(DENSITIES, relative_entropies(marginals), strict=True))
    assert along_x > 2e-3
    assert entropies["x"] == pytest.approx(along_x, abs=2e-5)
    for name in ("q", "p", "y", "qp", "qy", "py"):
        assert abs(entropies[name]) < 1e-5
    assert entropies["qx"] >= entropies["x"] - 1e-6  # relative entropy never grows when a variable is ignored
