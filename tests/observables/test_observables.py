"""Marginals, moments, energies, purity, negativity and occupation against closed forms written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model
from wignercq.errors import InputError
from wignercq.observables.energies import Energies, occupation, occupation_law
from wignercq.observables.marginals import Marginals
from wignercq.states import ClassicalGaussian, cat, coherent, fock, product

HBAR = systems.HBAR
MEAN = np.array([0.7, -0.4, -0.5, 0.3])
COVARIANCE = np.array(
    [[0.61, 0.11, -0.17, 0.07], [0.11, 0.52, 0.09, -0.13], [-0.17, 0.09, 0.47, 0.15], [0.07, -0.13, 0.15, 0.58]]
)
GRID = Grid(Axis(-5.0, 6.1, 26), Axis(-5.6, 5.0, 28), Axis(-5.3, 4.4, 24), Axis(-5.1, 5.9, 30))
GAUSSIAN = systems.gaussian_density(GRID, MEAN, COVARIANCE)
OSCILLATOR = {"mass": 0.7, "frequency": 1.4, "hbar": HBAR}
LENGTH = math.sqrt(HBAR / (0.7 * 1.4))
CLASSICAL = ClassicalGaussian([0.4, -0.2], [0.5, 0.7])
COARSE_Q, COARSE_P = Axis(-4.3, 5.3, 17), Axis(-5.9, 5.9, 18)


@pytest.fixture(scope="module")
def marginals() -> Marginals:
    return Marginals.of(GAUSSIAN, GRID)


def normal(grid_axes: tuple[Axis, Axis], mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """A two-dimensional Gaussian, written out."""
    (a, b, c, d), (u, v) = covariance.ravel(), np.ix_(*(axis.values for axis in grid_axes))
    u, v, determinant = u - mean[0], v - mean[1], a * d - b * c
    return np.exp(-(d * u * u - 2 * b * u * v + a * v * v) / (2 * determinant)) / (2 * np.pi * np.sqrt(determinant))


@pytest.mark.parametrize("pair", ["qp", "qx", "qy", "px", "py", "xy"])
def test_every_plane_is_the_gaussian_of_its_own_pair(marginals: Marginals, pair: str) -> None:
    """Kills: a plane summed over the wrong axes, transposed, or scaled with another pair's cell."""
    i, j = ("qpxy".index(name) for name in pair)
    expected = normal((list(GRID)[i], list(GRID)[j]), MEAN[[i, j]], COVARIANCE[np.ix_([i, j], [i, j])])
    plane = marginals.planes[pair[0], pair[1]]
    assert plane.shape == expected.shape
    assert np.abs(plane - expected).max() < 1e-8 * expected.max()


def test_lines_have_names(marginals: Marginals) -> None:
    """Kills: the density of y under the name of x; a bare TypeError for a name, which a function of one's own uses."""
    variances = [
        float((marginals.lines[name] * (axis.values - mean) ** 2).sum() * axis.spacing)
        for name, axis, mean in zip("qpxy", GRID, MEAN, strict=True)
    ]
    assert variances == pytest.approx([0.61, 0.52, 0.47, 0.58], abs=1e-6)
    assert marginals.lines["x"] is marginals.lines[2]
    with pytest.raises(InputError, match=r"^lines: expected 'q' or 'p' or 'x' or 'y', got 'z'"):
        _ = marginals.lines["z"]


def test_lines_are_the_one_dimensional_gaussians(marginals: Marginals) -> None:
    """Kills: a density of one variable taken from the wrong side of a plane, or weighted with the wrong spacing."""
    for axis, line, mean, variance in zip(GRID, marginals.lines, MEAN, np.diag(COVARIANCE), strict=True):
        expected = np.exp(-((axis.values - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        assert np.abs(line - expected).max() < 1e-8 * expected.max()


def test_norm_mean_and_covariance_of_a_displaced_correlated_gaussian(marginals: Marginals) -> None:
    """Kills: axes mixed up in a moment, raw second moments given as covariances, a lost sign of a correlation."""
    assert abs(marginals.norm - 1) < 1e-9
    assert np.abs(marginals.mean - MEAN).max() < 1e-8
    assert np.abs(marginals.covariance - COVARIANCE).max() < 1e-7


def test_moments_do_not_depend_on_the_norm_but_the_norm_shows() -> None:
    """Kills: moments left unnormalised, or a norm that is silently divided out."""
    scaled = Marginals.of(0.9 * GAUSSIAN, GRID)
    assert abs(scaled.norm - 0.9) < 1e-9
    assert np.abs(scaled.mean - MEAN).max() < 1e-8
    assert np.abs(scaled.covariance - COVARIANCE).max() < 1e-7


def test_number_of_threads_changes_no_bit() -> None:
    """Kills: slabs of different threads added in the order they finish."""
    one, three = (Marginals.of(GAUSSIAN, GRID, threads=n) for n in (1, 3))
    assert one.absolute == three.absolute
    assert all((one.planes[pair] == three.planes[pair]).all() for pair in one.planes)


def test_single_precision_is_summed_in_double() -> None:
    """Kills: sums over half a million float32 cells that lose digits one after another."""
    single = Marginals.of(GAUSSIAN.astype(np.float32), GRID)
    assert abs(single.norm - 1) < 1e-7


def test_purity_of_a_gaussian_is_its_smallest_area_over_its_area(marginals: Marginals) -> None:
    """Kills: a wrong power of 2 pi hbar, or the purity of another pair of variables."""
    area = math.sqrt(0.47 * 0.58 - 0.15**2)
    assert abs(marginals.purity(HBAR) - HBAR / (2 * area)) < 1e-8


def test_gaussian_has_no_negative_part(marginals: Marginals) -> None:
    """Kills: a negativity that counts rounding or the norm's own defect."""
    assert abs(marginals.negativity) < 1e-14


def state_marginals(quantum, x: Axis, y: Axis) -> Marginals:
    grid = Grid(COARSE_Q, COARSE_P, x, y)
    return Marginals.of(product(CLASSICAL, quantum).wigner(grid), grid)


def test_negativity_of_the_first_excited_state() -> None:
    """Kills: a factor of two in the negative volume. W_1 < 0 for H < hbar w/4, whence 2 exp(-1/2) - 1."""
    reach = 5.2
    x, y = Axis(-reach * LENGTH, 5.4 * LENGTH, 150), Axis(-reach * HBAR / LENGTH, 5.5 * HBAR / LENGTH, 160)
    found = state_marginals(fock(1, **OSCILLATOR), x, y)
    assert abs(found.negativity - (2 * math.exp(-0.5) - 1)) < 3e-4
    assert abs(found.purity(HBAR) - 1) < 1e-8


@pytest.mark.parametrize("phase", [0.0, math.pi, 0.8])
def test_negativity_of_a_wide_cat_is_one_over_pi(phase: float) -> None:
    """Kills: a cancelling fringe term. Between far lobes W = W_0 cos(fast phase), whose negative volume is 1/pi."""
    state = cat((6 * LENGTH, 0.0), phase=phase, **OSCILLATOR)
    x, y = Axis(-10.5 * LENGTH, 10.8 * LENGTH, 60), Axis(-4.5 * HBAR / LENGTH, 4.7 * HBAR / LENGTH, 320)
    found = state_marginals(state, x, y)
    assert abs(found.negativity - 1 / math.pi) < 5e-4
    assert abs(found.purity(HBAR) - 1) < 1e-8


ANHARMONIC = systems.model(
    "a*q**4/4 + b*q",
    "kappa*x**2/2 + g*x**3/3",
    "lam*q**2*x**2/2",
    parameters={"a": 0.3, "b": -0.7, "kappa": 1.1, "g": 0.2, "lam": 0.4},
    friction=0.35,
    decoherence=0.9,
)
(MQ, MP, MX, MY), (QQ, PP, XX, YY), QX = MEAN, np.diag(COVARIANCE), COVARIANCE[0, 2]
Q2X2 = (MQ**2 + QQ) * (MX**2 + XX) + 4 * MQ * MX * QX + 2 * QX**2


def test_energies_of_an_anharmonic_model_are_gaussian_moments(marginals: Marginals) -> None:
    """Kills: swapped masses, an interaction sampled transposed, a potential counted in the wrong sector."""
    energies = Energies(ANHARMONIC, GRID)
    quartic, cubic = MQ**4 + 6 * MQ**2 * QQ + 3 * QQ**2, MX**3 + 3 * MX * XX
    classical = (PP + MP**2) / 2.6 + 0.3 * quartic / 4 - 0.7 * MQ
    quantum = (YY + MY**2) / 1.4 + 1.1 * (XX + MX**2) / 2 + 0.2 * cubic / 3
    assert abs(energies.classical(marginals) - classical) < 1e-7
    assert abs(energies.quantum(marginals) - quantum) < 1e-7
    assert abs(energies.interaction(marginals) - 0.4 * Q2X2 / 2) < 1e-7


def test_energy_rate_of_an_anharmonic_model(marginals: Marginals) -> None:
    """Kills: a missing hbar**2 or mass in the heating by decoherence, friction with the wrong power of M."""
    p_squared = PP + MP**2
    expected = 0.5 / 2.6 + 0.45 * HBAR**2 * 4 * 0.4**2 * Q2X2 / 0.7 - 0.35 / 1.3**2 * p_squared
    found = Energies(ANHARMONIC, GRID).rate(marginals.planes["q", "x"], p_squared)
    assert abs(found - expected) < 1e-7


def test_constant_potentials_are_energies_too(marginals: Marginals) -> None:
    """Kills: a potential without variables that is a bare number and not an array."""
    energies = Energies(Model("1.5", "-0.25", "2.0"), GRID)
    parts = energies.classical(marginals), energies.quantum(marginals), energies.interaction(marginals)
    kinetic = (PP + MP**2) / 2, (YY + MY**2) / 2, 0.0
    assert np.abs(np.array(parts) - np.array(kinetic) - [1.5, -0.25, 2.0]).max() < 1e-7


def well(bottom: float) -> Model:
    """V_Q with m w**2 = 0.7 * 1.4**2, its minimum at `bottom`, and an offset."""
    return Model("q**2", "k*(x - b)**2/2 + 3", parameters={"k": 0.7 * 1.96, "b": bottom}, quantum_mass=0.7, hbar=HBAR)


RESOLVING = Axis(-6.3 * LENGTH, 7.0 * LENGTH, 56), Axis(-6.4 * HBAR / LENGTH, 6.6 * HBAR / LENGTH, 60)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_occupation_of_an_eigenstate_is_its_number(n: int) -> None:
    """Kills: a lost half quantum, a wrong hbar or frequency, an offset of V_Q that counts as excitation."""
    found = state_marginals(fock(n, position=0.6, **OSCILLATOR), *RESOLVING)
    assert abs(occupation(well(0.6), found) - n) < 1e-6


def test_occupation_of_a_coherent_state_is_measured_from_the_bottom_of_a_displaced_well() -> None:
    """Kills: a well taken to sit at x = 0. Displaced by (dx, dy): n = (dx/l)**2/2 + (dy l/hbar)**2/2."""
    found = state_marginals(coherent(0.6 + 0.5, -0.4, **OSCILLATOR), *RESOLVING)
    expected = (0.5 / LENGTH) ** 2 / 2 + (0.4 * LENGTH / HBAR) ** 2 / 2
    assert abs(occupation(well(0.6), found) - expected) < 1e-8
    scale, offset = occupation_law(well(0.6))
    assert abs(scale * Energies(well(0.6), found.grid).quantum(found) + offset - expected) < 1e-8


@pytest.mark.parametrize("potential", ["x**4", "-x**2", "0", "cos(x)", "x**2 + x**3/9"])
def test_occupation_without_a_harmonic_well_is_not_a_number(marginals: Marginals, potential: str) -> None:
    """Kills: a number of quanta reported for a potential that has none."""
    model = Model("q**2", potential)
    assert all(map(math.isnan, (occupation(model, marginals), *occupation_law(model))))
