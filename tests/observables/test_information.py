"""Holevo information and mutual informations against Gaussian closed forms and orthogonal states."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.gaussian import block_mutual_information, mutual_information
from wignercq.observables.density_matrix import density_matrix, von_neumann_entropy
from wignercq.observables.information import (
    PAIRS,
    block_information,
    holevo_information,
    pair_information,
)
from wignercq.observables.marginals import Marginals
from wignercq.states import ClassicalGaussian, fock, product, thermal

HBAR = systems.HBAR
MEAN = np.array([0.4, -0.3, -0.5, 0.6])
COVARIANCE = np.array(
    [[0.61, 0.11, -0.37, 0.07], [0.11, 0.52, 0.09, -0.23], [-0.37, 0.09, 0.87, 0.15], [0.07, -0.23, 0.15, 0.78]]
)
GRID = Grid(
    *(
        Axis(mean - 6.2 * width, mean + 6.4 * width, points)
        for mean, width, points in zip(MEAN, np.sqrt(np.diag(COVARIANCE)), (30, 32, 34, 36), strict=True)
    )
)
OSCILLATOR = {"mass": 0.7, "frequency": 1.4, "hbar": HBAR}


@pytest.fixture(scope="module")
def gaussian() -> tuple[np.ndarray, Marginals]:
    W = systems.gaussian_density(GRID, MEAN, COVARIANCE)
    return W, Marginals.of(W, GRID)


def thermal_entropy(covariance: np.ndarray) -> float:
    """Of the Gaussian quantum state with this covariance of (x, y): ``(n + 1) ln(n + 1) - n ln n``."""
    n = math.sqrt(np.linalg.det(covariance)) / HBAR - 0.5
    return (n + 1) * math.log(n + 1) - n * math.log(n)


def test_density_matrices_of_many_planes_are_those_of_each() -> None:
    """Kills: axes mixed up when several planes are transformed at once."""
    planes = np.random.default_rng(3).normal(size=(2, 3, 12, 14))
    x, y = Axis(-2.0, 2.3, 12), Axis(-3.1, 2.9, 14)
    together = density_matrix(planes, x, y, hbar=HBAR)
    assert np.abs(together[1, 2] - density_matrix(planes[1, 2], x, y, hbar=HBAR)).max() < 1e-13
    assert np.abs(together - together.conj().swapaxes(-1, -2)).max() < 1e-12


def test_entropy_of_eigenvalues() -> None:
    """Kills: an entropy in bits, one that fails at zero, or counts what errors made negative."""
    found = von_neumann_entropy(np.array([[0.5, 0.25, 0.25, 0.0], [1.0, -1e-9, 0.0, 0.0]]))
    assert found == pytest.approx([1.5 * math.log(2), 0.0], abs=1e-12)


def test_holevo_information_of_a_gaussian_state(gaussian: tuple[np.ndarray, Marginals]) -> None:
    """Kills: entropies of W in place of those of rho, hbar left out, or conditional states that are not normalised."""
    found = holevo_information(*gaussian, hbar=HBAR)
    of_q, mixed, of_x = COVARIANCE[:2, :2], COVARIANCE[:2, 2:], COVARIANCE[2:, 2:]
    given = of_x - mixed.T @ np.linalg.solve(of_q, mixed)
    assert found.entropy == pytest.approx(thermal_entropy(of_x), abs=2e-7)
    assert found.conditional_entropy == pytest.approx(thermal_entropy(given), abs=2e-7)
    assert found.information == pytest.approx(thermal_entropy(of_x) - thermal_entropy(given), abs=3e-7)
    assert found.information > 0.2
    assert found.conditional_purity == pytest.approx(HBAR / (2 * math.sqrt(np.linalg.det(given))), abs=1e-7)
    assert found.conditional_negativity < 1e-8
    assert found.left_out == pytest.approx(1e-6, rel=0.2)  # of a normal density of two variables


def test_two_orthogonal_states_at_two_places_are_one_bit() -> None:
    """Kills: an information beyond ln 2, or entropies that suffer from negative values of W."""
    grid = Grid(Axis(-4.9, 5.1, 26), Axis(-3.9, 4.1, 16), Axis(-5.8, 6.1, 44), Axis(-5.7, 5.5, 46))
    W = sum(
        product(ClassicalGaussian([place, 0.1], [0.1, 0.4]), fock(n, **OSCILLATOR)).wigner(grid) / 2
        for place, n in ((-2.5, 0), (2.4, 1))
    )
    found = holevo_information(W, Marginals.of(W, grid), hbar=HBAR)
    assert found.information == pytest.approx(math.log(2), abs=2e-6)
    assert abs(found.conditional_entropy) < 2e-6
    assert found.conditional_purity == pytest.approx(1, abs=1e-6)


def test_a_product_has_no_information() -> None:
    """Kills: information from a state of the quantum particle that is mixed by itself."""
    state = product(ClassicalGaussian(MEAN[:2], COVARIANCE[:2, :2]), thermal(0.5, **OSCILLATOR))
    W = state.wigner(GRID)
    marginals = Marginals.of(W, GRID)
    found = holevo_information(W, marginals, hbar=HBAR)
    assert found.entropy == pytest.approx(thermal_entropy(state.covariance[2:, 2:]), abs=1e-6)
    assert abs(found.information) < 1e-7
    assert abs(block_information(W, marginals)) < 1e-7
    assert max(map(abs, pair_information(marginals).values())) < 1e-7


def test_informations_of_phase_space_densities_are_the_gaussian_ones(gaussian: tuple[np.ndarray, Marginals]) -> None:
    """Kills: a cell left out of a logarithm's sum, or pairs mixed up."""
    assert block_information(*gaussian) == pytest.approx(float(block_mutual_information(COVARIANCE)), abs=2e-7)
    found = pair_information(gaussian[1])
    assert list(found) == ["qx", "qy", "px", "py"] == [a + b for a, b in PAIRS]
    for pair, value in found.items():
        i, j = ("qpxy".index(name) for name in pair)
        correlation = COVARIANCE[i, j] / math.sqrt(COVARIANCE[i, i] * COVARIANCE[j, j])
        assert value == pytest.approx(float(mutual_information(correlation)), abs=1e-7), pair


def test_informations_do_not_depend_on_the_norm() -> None:
    """Kills: an entropy of a density whose integral is not one."""
    grid = systems.SMALL
    W = systems.gaussian_density(grid, MEAN, COVARIANCE)
    one, less = ((c * W, Marginals.of(c * W, grid)) for c in (1.0, 0.9))
    assert holevo_information(*less, hbar=HBAR) == pytest.approx(holevo_information(*one, hbar=HBAR), abs=1e-10)
    assert block_information(*less) == pytest.approx(block_information(*one), abs=1e-10)
