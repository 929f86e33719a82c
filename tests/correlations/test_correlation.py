"""Two-time functions and responses on a grid against the Gaussian theory, eigenstates and runs that were kicked."""

from __future__ import annotations

import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import eigh
from support import results, systems

import wignercq
from wignercq import Axis, Grid, LinearModel, Model, correlation, evolve
from wignercq.errors import InputError, ResolutionWarning
from wignercq.gaussian import response, two_time
from wignercq.grid.grid import NAMES
from wignercq.states import ClassicalGaussian, QuantumState, coherent, gaussian, product, thermal

FINE = Grid(Axis(-4.4, 4.6, 24), Axis(-4.9, 4.7, 26), Axis(-4.2, 4.4, 28), Axis(-4.8, 4.6, 30))


def kept(W: np.ndarray, grid: Grid) -> SimpleNamespace:
    """What a run that kept W gives, as far as it matters."""
    coordinates = {name: axis.values for name, axis in zip(NAMES, grid, strict=True)}
    return SimpleNamespace(W=xr.DataArray(W, dims=NAMES, coords=coordinates))


def steady(model: Model, points: tuple[int, ...], reach: float) -> tuple[LinearModel, SimpleNamespace]:
    """The Gaussian theory and its steady state in a box of so many standard deviations, a little off centre."""
    theory = LinearModel.from_model(model)
    covariance = theory.steady_covariance()
    widths = np.sqrt(np.diag(covariance))
    extents = [(-reach * w, (reach + 0.1 + 0.02 * k) * w) for k, w in enumerate(widths)]
    grid = Grid(*(Axis(*extent, n) for extent, n in zip(extents, points, strict=True)))
    return theory, kept(gaussian(np.zeros(4), covariance, hbar=model.hbar).wigner(grid), grid)


def expected(theory: LinearModel, tau: np.ndarray, second: str) -> tuple[np.ndarray, np.ndarray]:
    """C and R of all variables with these."""
    columns = [NAMES.index(name) for name in second]
    kicked, signs = zip(*(results.KICKS[name] for name in second), strict=True)
    return two_time(theory, tau)[:, :, columns], response(theory, tau)[:, :, list(kicked)] * signs


@pytest.mark.slow
def test_all_pairs_of_variables_are_those_of_the_gaussian_theory():
    """Kills: anything wrong with a bracket, the regression or the step: 16 pairs of C and R, to 1e-6 of the truth.

    hbar = 0.8, four masses and sizes, the step chosen for a tolerance of 1e-6, delays between its steps among them.
    """
    model = systems.oscillators(friction=0.5, lam=0.6, diffusion=0.7)
    theory, state = steady(model, (30, 32, 34, 36), 6.6)
    for tau in (np.linspace(0, 3, 5), np.array([0.0, 0.31, 1.7, 1.9])):
        second = "qpxy" if tau[1] == 0.75 else "x"
        with warnings.catch_warnings(action="error"):
            found = correlation(
                systems.oscillators(friction=0.5, lam=0.6, diffusion=0.7), state, [*"qpxy"], [*second], tau
            )
        C, R = expected(theory, tau, second)
        assert np.abs(found.connected.values - C).max() < 1e-6
        assert np.abs(found.response.values - R).max() < 1e-6
        assert np.abs(found.correlation.values - C).max() < 1e-6
        assert found.time_error < 1e-6
        assert float(found.dataset["state_change"].max()) < 1e-6


def test_a_coarse_grid_keeps_a_coarse_tolerance_and_warns():
    """Kills: a tolerance that is not heeded, a grid that loses W in silence: to 1e-3 on 80 thousand cells."""
    theory, state = steady(systems.oscillators(friction=0.5, lam=0.6), (14, 16, 18, 20), 5.2)
    tau = np.linspace(0, 1.2, 4)
    model = systems.oscillators(friction=0.5, lam=0.6)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = correlation(model, state, [*"qpxy"], ["x", "q"], tau, tolerance=1e-5)
    assert {warning.category for warning in caught} == {ResolutionWarning}
    assert any(str(warning.message).startswith("spectral tail of axis") for warning in caught)
    C, R = expected(theory, tau, "xq")
    assert np.abs(found.connected.values - C).max() < 1e-3
    assert np.abs(found.response.values - R).max() < 1e-3
    assert found.dataset["second"].values.tolist() == ["x", "q"]
    assert float(found.dataset["spectral_tail"].max()) > 1e-4


@pytest.mark.slow
def test_the_time_error_is_estimated_and_kept_to():
    """Kills: a step found for the state in place of what is inserted, an estimate that is none.

    A quartic system: against steps an eighth as long C and R are off, relative to the largest of all pairs, by at most
    the estimate, and by 1 % of it at least; a tolerance is kept.
    """
    state, tau = kept(systems.packet().wigner(FINE), FINE), np.array([0.0, 0.6])

    def made(**settings: float):
        with warnings.catch_warnings(action="ignore"):  # a coarse grid, and a long step
            return correlation(systems.quartic(), state, ["q", "x", "y"], ["y", "q*x"], tau, **settings)

    reference = made(dt=0.0375, tolerance=1e-2)
    for settings, tolerance in (({"dt": 0.3, "tolerance": 1e-2}, 0.3), ({"tolerance": 1e-4}, 1e-4)):
        found = made(**settings)
        pairs = [(found.dataset[name].values, reference.dataset[name].values) for name in ("connected", "response")]
        off = max(np.abs(ours - exact).max() / np.abs(exact).max() for ours, exact in pairs)
        assert 0.01 * found.time_error < off < found.time_error < tolerance


def test_what_inserts_nothing_has_no_functions():
    """Kills: rounding evolved, a search for a step that never ends: the energy of a ground state commutes with it."""
    mass, frequency = 0.7, 1.4
    model = Model("0.4*q**2", f"{mass * frequency**2 / 2}*x**2", 0, **PLAIN)
    ground = coherent(0.0, 0.0, mass=mass, frequency=frequency, hbar=0.8)
    state = beside_a_thermal_particle(model, ground, Axis(-3.6, 3.7, 24), Axis(-3.5, 3.6, 26))
    energy = f"y**2/{2 * mass} + {mass * frequency**2 / 2}*x**2"
    with warnings.catch_warnings(action="ignore"):  # the classical axes are coarse
        found = correlation(model, state, [energy, "x"], energy, [0.5], tolerance=1e-4)
    assert not found.connected.values.any()
    assert not found.response.values.any()
    np.testing.assert_allclose(found.correlation.values[0, :, 0], [(0.8 * frequency / 2) ** 2, 0.0], atol=1e-6)


LEVELS, STIFF = 60, {"a": 0.55, "g": 0.12}
PLAIN = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.6, "diffusion": 1.0}
QUARTIC = Model("0.4*q**2", "a*x**2 + g*x**4", 0, parameters=STIFF, **PLAIN)


def beside_a_thermal_particle(model: Model, quantum: QuantumState, x: Axis, y: Axis) -> SimpleNamespace:
    """An uncoupled quantum state, and a classical particle in equilibrium in 0.4 q**2, on few points."""
    variances = model.bath_temperature * np.array([1 / 0.8, model.classical_mass])
    q, p = (
        Axis(-reach * w, reach * w, n) for reach, w, n in zip((4.2, 4.3), np.sqrt(variances), (10, 12), strict=True)
    )
    grid = Grid(q, p, x, y)
    return kept(product(ClassicalGaussian([0.0, 0.0], variances), quantum).wigner(grid), grid)


def oscillator_matrices() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, energies and eigenvectors of the quartic oscillator in a number basis."""
    hbar, mass, length = 0.8, 0.7, 0.9
    lower = np.diag(np.sqrt(np.arange(1, LEVELS)), 1)
    x, y = length / np.sqrt(2) * (lower + lower.T), 1j * hbar / (np.sqrt(2) * length) * (lower.T - lower)
    H = (y @ y).real / (2 * mass) + STIFF["a"] * x @ x + STIFF["g"] * np.linalg.matrix_power(x, 4)
    energies, vectors = eigh(H)
    return x, y, energies, vectors


def packet(centre: float, momentum: float) -> np.ndarray:
    """Coefficients of a displaced ground state of the same length in the number basis."""
    alpha = centre / (0.9 * np.sqrt(2)) + 1j * momentum * 0.9 / (0.8 * np.sqrt(2))
    terms = np.cumprod(np.concatenate([[1.0 + 0j], alpha / np.sqrt(np.arange(1, LEVELS))]))
    return terms / np.linalg.norm(terms)


@pytest.mark.slow
def test_ordered_products_of_an_anharmonic_oscillator_are_those_of_its_eigenstates():
    """Kills: hbar in the wrong place of the Moyal brackets or of the commutator: <A(tau) B> of a quartic oscillator.

    B = (x y + y x)/2 and x**2, A = x, x**2 and y, in a state that moves; to 1e-4 of numbers up to 2.
    """
    x, y, energies, vectors = oscillator_matrices()
    psi = packet(0.6, -0.3)
    quantum = coherent(0.6, -0.3, mass=0.7, frequency=0.8 / (0.7 * 0.9**2), hbar=0.8)
    state = beside_a_thermal_particle(QUARTIC, quantum, Axis(-4.6, 4.7, 44), Axis(-6.6, 6.5, 46))
    tau = np.array([0.0, 0.4, 0.9])
    operators = {"x": x, "x**2": x @ x, "y": y}
    inserted = {"x*y": (x @ y + y @ x) / 2, "x**2": x @ x}
    with warnings.catch_warnings(action="ignore"):  # the classical axes are coarse
        found = correlation(QUARTIC, state, [*operators], [*inserted], tau, tolerance=1e-5).ordinary
    for k, time in enumerate(tau):
        U = vectors @ np.diag(np.exp(-1j * energies * time / 0.8)) @ vectors.T
        for a, A in operators.items():
            for b, B in inserted.items():
                exact = (U @ psi).conj() @ A @ U @ (B @ psi)
                assert abs(complex(found.sel(first=a, second=b)[k]) - exact) < 1e-4, (time, a, b)


@pytest.mark.slow
def test_a_thermal_oscillator_obeys_the_quantum_relation():
    """Kills: a violation where there is none: effective temperature at its frequency (hbar w/2) coth(hbar w/2 kT)."""
    mass, frequency, hbar, T = 0.7, 1.4, 0.8, 0.9
    model = Model("0.4*q**2", f"{mass * frequency**2 / 2}*x**2", 0, **PLAIN)
    quantum = thermal(mass=mass, frequency=frequency, hbar=hbar, temperature=T)
    (x, y) = (reach * np.sqrt(v) for reach, v in zip((5.0, 5.1), quantum.covariance.diagonal(), strict=True))
    state = beside_a_thermal_particle(model, quantum, Axis(-x, x, 16), Axis(-y, y, 18))
    tau = np.linspace(0, 40, 81)
    with warnings.catch_warnings(action="ignore"):  # the classical axes are coarse
        found = correlation(model, state, "x", "x", tau, tolerance=1e-3)
    energy = hbar * frequency / 2 / np.tanh(hbar * frequency / (2 * T))
    assert energy > 1.03 * T
    relative = found.effective_temperature(frequency, "hann")["temperature"].item() / energy - 1
    assert abs(relative) < 3e-3
    assert abs(found.fdr_violation(frequency, T, "hann").item()) < 3e-3


@pytest.mark.slow
@pytest.mark.parametrize("second", ["x", "q*x", "p*y"])
def test_responses_are_those_of_states_that_were_kicked(second):
    """Kills: a response that belongs to another force, of a nonlinear model: (run with f - run with -f)/(2 f).

    B moves z along its Hamiltonian flow of -f B, which for these B is linear; to 2e-4 of the largest response.
    """
    model, f = systems.quartic(), 1e-3
    centre, covariance = np.array([0.3, -0.2, -0.2, 0.3]), np.diag([0.45, 0.5, 0.4, 0.45])
    J = np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]])
    gradient, offset = np.zeros((4, 4)), np.zeros(4)
    if "*" in second:
        i, j = (NAMES.index(name) for name in second.split("*"))
        gradient[i, j] = gradient[j, i] = 1.0
    else:
        offset[NAMES.index(second)] = 1.0
    times = np.array([0.5, 1.0])
    runs = []
    for force in (f, -f):
        flow = np.eye(4) - force * J @ gradient + (force * J @ gradient) @ (force * J @ gradient) / 2
        moved = flow @ centre - force * J @ offset
        W = systems.gaussian_density(FINE, moved, flow @ covariance @ flow.T)
        with warnings.catch_warnings(action="ignore"):
            run = evolve(model, W, grid=FINE, times=times, dt=0.05, tolerance=1e-2, on_unresolved="warn")
        second_moments = run.covariance[1:] + run.mean[1:, :, None] * run.mean[1:, None, :]
        runs.append(np.column_stack([run.mean[1:], second_moments[:, 2, 2], second_moments[:, 0, 2]]))
    difference = (runs[0] - runs[1]) / (2 * f)
    state = kept(systems.gaussian_density(FINE, centre, covariance), FINE)
    with warnings.catch_warnings(action="ignore"):
        found = correlation(model, state, [*"qpxy", "x**2", "q*x"], second, times, dt=0.05, tolerance=1e-2)
    error = np.abs(found.response.values[:, :, 0] - difference).max()
    assert error < 2e-4 * np.abs(difference).max()


def small(**changes):
    """A state on the small grid, its coordinates changed."""
    state = kept(systems.packet().wigner(systems.SMALL), systems.SMALL)
    return SimpleNamespace(W=state.W.assign_coords(changes) if changes else state.W)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"second": "sin(x)"}, "second: expected a polynomial of q, p, x, y, got 'sin(x)'"),
        ({"first": "log(x)"}, "first: expected a formula that is finite on the grid, got 'log(x)'"),
        ({"first": "exp(exp(q**2*y*p))"}, "first: expected a formula that is finite on the grid"),
        ({"first": "lam*x"}, "first: expected a formula in p, q, x, y, pi"),
        ({"times": [0.0, 1.0, 0.5]}, "times: expected increasing numbers >= 0"),
        ({"times": [-1.0, 1.0]}, "times: expected increasing numbers >= 0, got -1 as the first"),
        ({"times": [0.0]}, "times: expected increasing numbers >= 0, got 0 alone"),
        ({"times": [np.nan]}, "times: expected increasing numbers >= 0, got [nan]"),
        ({"times": "soon"}, "times: expected increasing numbers >= 0, got 'soon'"),
        ({"state": None}, "state: expected a result with W(q, p, x, y), of a run with keep_state=True, got None"),
        ({"state": small(q=np.geomspace(1, 2, 14))}, "state: expected a uniform increasing axis as coordinate q of W"),
        ({"state": SimpleNamespace(W=2 * small().W)}, "state: expected W with integral 1, got 2"),
        ({"state": SimpleNamespace(W=small().W.isel(q=0))}, "state: expected a result with W(q, p, x, y)"),
        ({"state": SimpleNamespace(W=small().W / 0)}, "state: expected a W of finite real numbers"),
        ({"dt": -0.1}, "dt: expected a positive number"),
        ({"tolerance": 2.0}, "tolerance: expected a number between 0 and 1"),
        ({"precision": "float16"}, "precision: expected 'float64' or 'float32', got 'float16'"),
        ({"threads": 0}, "threads: expected a whole number from 1 to 4096, got 0"),
    ],
)
def test_what_cannot_be_correlated_is_refused_in_one_line(arguments, line):
    """Kills: hours of computing, or a traceback, in place of a line that names the argument."""
    given = {"state": small(), "first": "x", "second": "x", "times": [0.0, 1.0], **arguments}
    state, first, second, times = (given.pop(name) for name in ("state", "first", "second", "times"))
    with np.errstate(divide="ignore"), pytest.raises(InputError, match=re.escape(line)) as error:
        correlation(systems.oscillators(), state, first, second, times, **given)
    assert "\n" not in str(error.value)


def test_a_run_without_its_state_says_so():
    """Kills: an AttributeError for the most common mistake."""
    run = evolve(systems.oscillators(), systems.packet(), grid=systems.SMALL, duration=0.1, outputs=1, dt=0.1,
                 tolerance=0.1, on_unresolved="warn")  # fmt: skip
    with pytest.raises(InputError, match="W: expected a run with keep_state=True"):
        correlation(systems.oscillators(), run, "x", "x", [1.0])


def test_a_result_goes_from_a_run_to_a_file_and_back(tmp_path):
    """Kills: a state that is read off in another order of axes, a result that its own file does not give back."""
    settings = {"grid": systems.SMALL, "duration": 0.2, "outputs": 2, "dt": 0.1, "tolerance": 0.1}
    model = systems.oscillators()
    with warnings.catch_warnings(action="ignore"):  # a coarse grid
        run = evolve(model, systems.packet(), keep_state=True, **settings, on_unresolved="warn")
        turned = SimpleNamespace(W=run.W.transpose("y", "p", "x", "q"))
        found, other = (
            correlation(model, state, ["x*y", "p"], "q", [0.0, 0.1], dt=0.1, tolerance=0.1) for state in (run, turned)
        )
    mean, covariance = run.mean[-1], run.covariance[-1]
    np.testing.assert_allclose(
        found.dataset["mean_first"][0], [covariance[2, 3] + mean[2] * mean[3], mean[1]], atol=1e-9
    )
    np.testing.assert_allclose(found.connected[0, 1, 0], covariance[0, 1], atol=1e-9)
    np.testing.assert_array_equal(found.dataset.attrs["gaussian_drift"], LinearModel.from_model(model).drift.ravel())
    assert all(values.attrs["long_name"] for values in found.dataset.variables.values())
    assert found.response[0, 1, 0] == pytest.approx(1.0, abs=2e-3)  # W at the end of the box is missing
    xr.testing.assert_equal(found.dataset, other.dataset)
    found.save(tmp_path / "two.nc")
    xr.testing.assert_identical(wignercq.load(tmp_path / "two.nc").dataset, found.dataset)
