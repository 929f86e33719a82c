"""The quantum state given a classical point, and fidelities, against closed forms of Gaussians."""

from __future__ import annotations

import numpy as np
import pytest
from support import systems
from support.systems import HBAR

from wignercq import Axis, Grid, Solution, evolve
from wignercq.errors import InputError
from wignercq.observables.conditional import conditional_state, fidelity
from wignercq.observables.information import pair_correlations
from wignercq.observables.marginals import Marginals
from wignercq.observables.physics import MEANINGS
from wignercq.states import ClassicalGaussian, coherent, fock, product, squeezed, thermal

GRID = Grid(Axis(-5.0, 5.4, 26), Axis(-5.6, 5.2, 28), Axis(-5.7, 5.3, 30), Axis(-5.1, 5.4, 32))
COVARIANCE = np.diag([0.6, 0.7, 0.75, 0.65])
COVARIANCE[np.triu_indices(4, 1)] = COVARIANCE.T[np.triu_indices(4, 1)] = [0.1, 0.25, -0.1, 0.15, 0.2, 0.05]
MEAN = np.array([0.3, -0.2, 0.1, 0.25])


def test_conditional_state_of_a_correlated_gaussian() -> None:
    """Kills: a point read off the wrong axis, the nearest point of the grid in place of W there, a wrong density.

    Given (q, p) it is the Gaussian with mean ``mu + C A**-1 (point - mean)`` and covariance ``B - C A**-1 C^T``.
    """
    W = systems.gaussian_density(GRID, MEAN, COVARIANCE)
    A, B, C = COVARIANCE[:2, :2], COVARIANCE[2:, 2:], COVARIANCE[2:, :2]
    q, p = 0.731, -0.913
    off = np.array([q, p]) - MEAN[:2]
    mean, covariance = MEAN[2:] + C @ np.linalg.solve(A, off), B - C @ np.linalg.solve(A, C.T)
    z = np.stack(np.meshgrid(GRID.x.values, GRID.y.values, indexing="ij"), axis=-1) - mean
    expected = np.exp(-np.einsum("...i,ij,...j", z, np.linalg.inv(covariance), z) / 2)
    expected /= 2 * np.pi * np.sqrt(np.linalg.det(covariance))
    density = np.exp(-off @ np.linalg.solve(A, off) / 2) / (2 * np.pi * np.sqrt(np.linalg.det(A)))
    found = conditional_state(W, GRID, q, p)
    assert found.density == pytest.approx(density, rel=1e-6)
    assert found.wigner == pytest.approx(expected, abs=1e-6 * expected.max())
    outside = ((7.0, 0.0), r"q: expected a number from -5 to below 5\.4, got 7\.0")
    for point, message in (outside, ((-4.9, 5.0), "q, p: expected a point with more")):
        with pytest.raises(InputError, match=message):
            conditional_state(W, GRID, *point)


def test_correlations_are_those_of_the_covariance() -> None:
    """Kills: correlation coefficients over variances, or under each other's names."""
    marginals = Marginals.of(systems.gaussian_density(GRID, MEAN, COVARIANCE), GRID)
    found = pair_correlations(marginals)
    widths = np.sqrt(np.diag(COVARIANCE))
    for name, i, j in (("qx", 0, 2), ("qy", 0, 3), ("px", 1, 2), ("py", 1, 3)):
        assert found[name] == pytest.approx(COVARIANCE[i, j] / widths[i] / widths[j], rel=1e-5)


@pytest.mark.parametrize(
    "other",
    [
        coherent(-0.2, 0.4, mass=0.7, frequency=1.4, hbar=HBAR),
        squeezed(0.1, 0.3, squeezing=0.3, angle=0.5, mass=0.7, frequency=1.1, hbar=HBAR),
        thermal(1.1, position=0.3, mass=0.7, frequency=1.3, hbar=HBAR),
    ],
)
def test_fidelity_of_gaussians(other) -> None:
    """Kills: the overlap, which is no fidelity of mixed states; a root that is left out, a factor of hbar.

    For two Gaussians of one mode ``F = exp(-d (S1 + S2)**-1 d/2)/(sqrt(D + L) - sqrt(L))``, with
    ``D = det(S1 + S2)/hbar**2`` and ``L = 4 (det S1/hbar**2 - 1/4) (det S2/hbar**2 - 1/4)``.
    """
    mine = thermal(0.8, momentum=-0.3, mass=0.7, frequency=1.2, hbar=HBAR)
    grid = Grid(Axis(-4.6, 4.9, 14), Axis(-5.2, 5.0, 16), Axis(-7.0, 7.2, 44), Axis(-6.1, 6.0, 48))
    state = product(ClassicalGaussian([0.2, 0.1], [0.4, 0.5]), mine)
    sum_of, off = mine.covariance + other.covariance, mine.mean - other.mean
    D = np.linalg.det(sum_of) / HBAR**2
    L = 4 * np.prod([np.linalg.det(s.covariance) / HBAR**2 - 0.25 for s in (mine, other)])
    expected = np.exp(-off @ np.linalg.solve(sum_of, off) / 2) / (np.sqrt(D + max(L, 0)) - np.sqrt(max(L, 0)))
    found = fidelity(other)(Marginals.of(state.wigner(grid), grid))
    assert found == pytest.approx(expected, abs=1e-6)


def test_fidelity_with_a_pure_state_is_the_overlap() -> None:
    """Kills: an overlap with another normalisation: it is the fidelity with a number state."""
    grid = Grid(Axis(-4.6, 4.9, 14), Axis(-5.2, 5.0, 16), Axis(-5.6, 5.4, 36), Axis(-4.9, 5.2, 40))
    state = product(ClassicalGaussian([0.2, 0.1], [0.4, 0.5]), coherent(0.4, -0.2, mass=0.7, frequency=1.2, hbar=HBAR))
    number = fock(1, mass=0.7, frequency=1.2, hbar=HBAR)
    marginals = Marginals.of(state.wigner(grid), grid)
    n = 0.7 * 1.2 * 0.4**2 / (2 * HBAR) + 0.2**2 / (2 * HBAR * 0.7 * 1.2)  # |alpha|**2
    assert fidelity(number)(marginals) == pytest.approx(n * np.exp(-n), abs=1e-6)


@pytest.fixture(scope="module")
def run() -> Solution:
    return evolve(
        systems.quartic(),
        systems.packet(),
        grid=systems.SMALL,
        duration=0.1,
        outputs=1,
        dt=0.1,
        tolerance=0.05,
        keep_state=[0.0, 0.1],
    )


def test_a_run_tells_conditional_states_and_physics(run: Solution) -> None:
    """Kills: W of another moment, a state without its axes, numbers of another model."""
    q, p = systems.SMALL.q.values[8], systems.SMALL.p.values[7]
    given = run.conditional_state(q, p, t=0.0)  # of a product: the quantum state, whatever the point
    assert given.dims == ("x", "y")
    assert given.attrs["density"] == pytest.approx(
        np.exp(-((q - 0.4) ** 2) / 1.0 - (p + 0.3) ** 2 / 1.2) / (2 * np.pi * np.sqrt(0.5 * 0.6)), rel=1e-5
    )
    W = systems.packet().factors[1].wigner(systems.SMALL.x, systems.SMALL.y)
    assert given.values == pytest.approx(W, abs=1e-5)
    assert (float(given["q"]), float(given["p"]), float(given["time"])) == (q, p, 0.0)
    found = run.physics(systems.quartic())
    assert list(found) == list(MEANINGS)
    assert found["temperature_quantum"] == pytest.approx(
        (run.covariance[-1, 3, 3] + run.mean[-1, 3] ** 2) / 0.7, rel=1e-12
    )
    assert run.physics(systems.quartic(), t=0.0)["correlation_px"] == pytest.approx(0, abs=1e-12)
    assert abs(found["correlation_px"]) > 1e-3
