"""Hybrid states on the grid: Gaussians, products and classical densities."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from wignercq.errors import StateError
from wignercq.grid.grid import Axis, Grid
from wignercq.states import (
    ClassicalDensity,
    ClassicalGaussian,
    GaussianState,
    State,
    cat,
    coherent,
    fock,
    gaussian,
    product,
)

HBAR = 0.7
OSCILLATOR = {"mass": 1.3, "frequency": 2.1, "hbar": HBAR}
MEAN = (0.5, -0.3, 0.2, 0.4)
COVARIANCE = np.array(
    [[0.9, 0.15, 0.30, 0.12], [0.15, 0.7, 0.05, -0.20], [0.30, 0.05, 0.8, 0.10], [0.12, -0.20, 0.10, 0.6]]
)
REGION = ((-3.2, 3.0), (-8.0, 8.5))
SMALL = Grid(Axis(-2.0, 3.0, 9), Axis(-3.0, 2.5, 10), Axis(-2.4, 2.8, 11), Axis(-2.2, 2.6, 12))


def double_well(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """A bimodal density, lopsided and correlated, without a norm."""
    return 3.1 * np.exp(-((q**2 - 1.5) ** 2) - p**2 / 2 - 0.3 * q * p + 0.4 * q)


def density() -> ClassicalDensity:
    return ClassicalDensity(double_well, region=REGION)


ZOO: dict[str, State] = {
    "gaussian": gaussian(MEAN, COVARIANCE, hbar=HBAR),
    "diagonal": gaussian(MEAN, [0.9, 0.4, 0.7, 0.3], hbar=HBAR),
    "gaussian cat": product(
        ClassicalGaussian((1.0, 2.0), [[0.3, 0.1], [0.1, 0.5]]), cat((0.6, 0.4), phase=0.9, position=0.2, **OSCILLATOR)
    ),
    "density fock": product(density(), fock(2, momentum=0.5, **OSCILLATOR)),
}
each_state = pytest.mark.parametrize("state", ZOO.values(), ids=ZOO)


def grid_for(state: State, level: float = 1e-13) -> Grid:
    """The grid that holds and resolves the state."""
    pairs = zip(state.support(level), state.bandwidth(level), strict=True)
    return Grid(*(Axis.resolving(low, high, top) for (low, high), top in pairs))


def test_gaussian_is_the_normal_density() -> None:
    """Kills a mixed-up axis, a wrong cross term or norm: all ten covariances differ, all four axes differ."""
    values = multivariate_normal(MEAN, COVARIANCE).pdf(np.stack(np.broadcast_arrays(*SMALL.mesh), axis=-1))
    assert np.abs(ZOO["gaussian"].wigner(SMALL) - values).max() < 1e-14 * values.max() * 10


def test_product_is_the_product() -> None:
    """Kills a transposed factor: the classical one on the quantum axes, q for p, x for y."""
    state = ZOO["gaussian cat"]
    classical = multivariate_normal((1.0, 2.0), [[0.3, 0.1], [0.1, 0.5]])
    quantum = cat((0.6, 0.4), phase=0.9, position=0.2, **OSCILLATOR).wigner(SMALL.x, SMALL.y)
    expected = np.empty(SMALL.shape)
    for i, q in enumerate(SMALL.q.values):
        for j, p in enumerate(SMALL.p.values):
            expected[i, j] = classical.pdf((q, p)) * quantum
    assert np.abs(state.wigner(SMALL) - expected).max() < 1e-15


@each_state
def test_norm_mean_and_covariance_of_the_field(state: State) -> None:
    """Kills a norm, mean or covariance that is not that of W."""
    grid = grid_for(state)
    weight = state.wigner(grid) * grid.cell
    assert abs(weight.sum() - 1) < 1e-12
    first = np.array([np.sum(weight * z) for z in grid.mesh])
    moved = [z - centre for z, centre in zip(grid.mesh, first, strict=True)]
    second = np.array([[np.sum(weight * a * b) for a in moved] for b in moved])
    assert np.abs(first - state.mean).max() < 1e-11
    assert np.abs(second - state.covariance).max() < 2e-11


@each_state
def test_fill_single_precision_and_strides(state: State) -> None:
    """Kills a fill that assumes contiguous double precision, or writes outside its view."""
    expected = state.wigner(SMALL)
    single = np.empty(SMALL.shape, np.float32)
    state.fill(SMALL, single)
    assert np.abs(single - expected).max() < 1e-7 * np.abs(expected).max()
    nq, np_, nx, ny = SMALL.shape
    store = np.full((nx, 2 * nq, ny + 3, np_), np.nan)
    view = store[:, ::2, 3:, :].transpose(1, 3, 0, 2)
    state.fill(SMALL, view)
    assert np.array_equal(view, expected)
    assert np.isnan(store[:, 1::2]).all()
    assert np.isnan(store[:, :, :3]).all()


@each_state
def test_fill_needs_two_slabs_of_memory(state: State) -> None:
    """Kills a fill that builds the whole field, or a four-dimensional exponent, before it writes."""
    grid = Grid(Axis(-2.0, 3.0, 16), Axis(-3.0, 2.5, 32), Axis(-2.4, 2.8, 36), Axis(-2.2, 2.6, 40))
    out = np.empty(grid.shape, np.float32)
    state.fill(SMALL, np.empty(SMALL.shape))  # what the state computes once and keeps
    tracemalloc.start()
    state.fill(grid, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 8 * grid.size / grid.shape[0]


def test_fill_refuses_a_wrong_array() -> None:
    """Kills a fill that broadcasts or truncates into whatever it is given."""
    for out in (np.empty(SMALL.shape[1:]), np.empty(SMALL.shape, int), np.empty(SMALL.shape[::-1])):
        with pytest.raises(StateError, match=r"out: expected shape \(9, 10, 11, 12\) of float64 or float32, got"):
            ZOO["gaussian"].fill(SMALL, out)


@each_state
def test_support_and_bandwidth_hold_the_field(state: State) -> None:
    """Kills automatic grids that cut off the state or its spectrum along any axis."""
    level, grid = 1e-5, grid_for(state, 1e-8)
    field = state.wigner(grid)
    spectrum = np.abs(np.fft.fftn(field))
    field = np.abs(field)
    support, bandwidth = state.support(level), state.bandwidth(level)
    for i, axis in enumerate(grid):
        others = tuple(j for j in range(4) if j != i)
        low, high = axis.values[field.max(axis=others) >= level * field.max()][[0, -1]]
        top = np.abs(axis.frequencies[spectrum.max(axis=others) >= level * spectrum.max()]).max()
        assert support[i, 0] <= low < support[i, 0] + 0.1 * np.ptp(support[i]) + axis.spacing
        assert support[i, 1] - 0.1 * np.ptp(support[i]) - axis.spacing < high <= support[i, 1]
        assert top <= bandwidth[i] < 1.1 * top + 4 * np.pi / axis.length


def test_gaussian_support_and_bandwidth_values() -> None:
    """Kills a bandwidth taken from the variances: correlations widen the spectrum to the diagonal of the precision."""
    radius = np.sqrt(2 * np.log(1e7))
    state = ZOO["gaussian"]
    assert np.allclose(state.support(1e-7)[:, 1] - MEAN, radius * np.sqrt(np.diag(COVARIANCE)), rtol=1e-13)
    assert np.allclose(state.bandwidth(1e-7), radius * np.sqrt(np.diag(np.linalg.inv(COVARIANCE))), rtol=1e-13)


def test_uncertainty_bound_is_the_operator_inequality() -> None:
    """Kills a bound on the bare quantum block, on the wrong block or with a wrong sign of the correlations."""
    rng = np.random.default_rng(7)
    form = np.zeros((4, 4), complex)
    form[2, 3], form[3, 2] = 0.5j * HBAR, -0.5j * HBAR
    accepted = bare = 0
    for _ in range(200):
        root = rng.normal(size=(4, 4))
        covariance = root @ root.T
        quantum = covariance[2:, 2:] - covariance[2:, :2] @ np.linalg.inv(covariance[:2, :2]) @ covariance[:2, 2:]
        covariance *= HBAR / 2 / np.sqrt(np.linalg.det(quantum)) * rng.choice([0.999, 1.001])
        allowed = np.linalg.eigvalsh(covariance + form)[0] >= 0
        bare += np.linalg.det(covariance[2:, 2:]) >= (HBAR / 2) ** 2
        if allowed:
            accepted += 1
            assert gaussian(MEAN, covariance, hbar=HBAR).hbar == HBAR
        else:
            with pytest.raises(StateError, match="uncertainty area"):
                gaussian(MEAN, covariance, hbar=HBAR)
    assert 60 < accepted < 140
    assert bare > accepted + 40


def test_minimal_uncertainty_is_accepted() -> None:
    """Kills a bound so tight that rounding refuses a pure state; one part in a million below is refused."""
    covariance = np.diag([0.9, 0.4, *np.diag(coherent(0, 0, **OSCILLATOR).covariance)])
    assert gaussian(MEAN, covariance, hbar=HBAR).covariance[2, 2] == covariance[2, 2]
    covariance[2, 2] *= 1 - 1e-6
    with pytest.raises(StateError, match=r"uncertainty area to be at least hbar/2 = 0\.35, got 0\.349999$"):
        gaussian(MEAN, covariance, hbar=HBAR)


def test_classical_density_of_a_gaussian() -> None:
    """Kills a density that is not normalised, is transposed, or whose moments are not its own."""
    normal = multivariate_normal((0.4, -0.2), [[0.3, 0.1], [0.1, 0.5]])
    given = ClassicalDensity(
        lambda q, p: 5 * normal.pdf(np.dstack(np.broadcast_arrays(q, p))), region=((-4, 5), (-6, 6))
    )
    closed = ClassicalGaussian((0.4, -0.2), [[0.3, 0.1], [0.1, 0.5]])
    assert np.abs(given.density(SMALL.q, SMALL.p) - closed.density(SMALL.q, SMALL.p)).max() < 1e-10
    assert np.abs(given.mean - closed.mean).max() < 1e-10
    assert np.abs(given.covariance - closed.covariance).max() < 1e-10


def test_classical_density_is_zero_outside_its_region() -> None:
    """Kills a function evaluated beyond its region, where it may be anything."""
    given = ClassicalDensity(lambda q, p: double_well(q, p) + (abs(q) > 4) + (abs(p) > 9), region=REGION)
    wide = (Axis(-9.0, 8.0, 170), Axis(-12.0, 12.0, 120))
    values = given.density(*wide)
    assert values.sum() * wide[0].spacing * wide[1].spacing == pytest.approx(1, abs=1e-9)
    assert np.count_nonzero(values[wide[0].values < -3.2]) == 0
    assert given.density(Axis(5.0, 6.0, 8), wide[1]).max() == 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: gaussian(MEAN[:3], COVARIANCE, hbar=HBAR), r"mean: expected 4 numbers, got shape \(3,\)"),
        (lambda: gaussian(MEAN, COVARIANCE[:3], hbar=HBAR), "covariance: expected 4 variances or a 4 x 4 matrix, got"),
        (lambda: gaussian(MEAN, COVARIANCE + np.eye(4, k=1), hbar=HBAR), "a symmetric matrix, got .* by 1"),
        (lambda: gaussian(MEAN, [1, 0, 1, 1], hbar=HBAR), "covariance: expected a positive-definite matrix, got .* 0"),
        (lambda: gaussian(MEAN, COVARIANCE - 2, hbar=HBAR), "covariance: expected a positive-definite matrix"),
        (lambda: gaussian(MEAN, COVARIANCE * np.inf, hbar=HBAR), "covariance: expected finite numbers, got 16"),
        (lambda: gaussian(MEAN, [[1, 2], [3]], hbar=HBAR), "covariance: expected .*, got rows of unequal length"),
        (lambda: gaussian(["1", "2", "3", "4"], COVARIANCE, hbar=HBAR), "mean: expected an array of float numbers"),
        (lambda: gaussian(MEAN, COVARIANCE * (1 + 0j), hbar=HBAR), "covariance: expected .*, got complex128 values"),
        (lambda: gaussian(MEAN, COVARIANCE, hbar=0.0), "hbar: expected a finite number above 0, got 0.0"),
        (lambda: gaussian(MEAN, COVARIANCE, hbar="1"), "hbar: expected a finite number above 0, got '1'"),  # type: ignore[arg-type]
        (lambda: gaussian(MEAN, COVARIANCE, hbar=9.0), "uncertainty area to be at least hbar/2 = 4.5"),
        (lambda: product(double_well, fock(0, **OSCILLATOR)), "classical: .* density, got a function"),  # type: ignore[arg-type]
        (lambda: product(density(), density()), "quantum: expected a quantum state, got a ClassicalDensity"),  # type: ignore[arg-type]
        (lambda: ClassicalDensity(double_well, region=((3, -3), (-5, 5))), "region: expected .*q_lower"),
        (lambda: ClassicalDensity(double_well, region=((-1, 3), (-8, 8))), "function: .* vanish at the ends .* widen"),
        (
            lambda: ClassicalDensity(lambda q, p: q * double_well(q, p), region=REGION),
            "function: .* not negative, got -",
        ),
        (lambda: ClassicalDensity(lambda q, p: 0 * q * p, region=REGION), "function: .* not zero, got zeros"),
        (lambda: ClassicalDensity(lambda q, p: np.inf + q * p, region=REGION), "function: expected finite numbers"),
        (lambda: ClassicalDensity(lambda q, p: np.zeros(3), region=REGION), r"function: .* \(32, 32\), got \(3,\)"),
        (
            lambda: ClassicalDensity(lambda q, p: 1.0 * (q**2 + p**2 < 4), region=REGION),
            "function: expected samples that resolve .* sample more finely",
        ),
    ],
)
def test_what_is_no_state_is_refused(build: Callable[[], object], message: str) -> None:
    """Kills checks that let an impossible state through, or that blame the wrong argument."""
    with pytest.raises(StateError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_states_cannot_be_changed() -> None:
    """Kills states whose arrays alias the caller's or can be written to after the checks."""
    covariance = COVARIANCE.copy()
    state = GaussianState(MEAN, covariance, hbar=HBAR)
    covariance[0, 0] = 99
    assert state.covariance[0, 0] == 0.9
    for array in (state.mean, state.covariance, ZOO["gaussian cat"].mean, density().covariance):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
