"""Steady states against Lyapunov's equation, a long march, and another Galerkin solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import splu
from support import systems
from support.reference import hermite_galerkin as reference

from wignercq import (
    ConvergenceError,
    FixedAxis,
    LinearModel,
    Model,
    Propagator,
    ResolutionError,
    SteadyState,
    evolve,
    relaxation,
    steady_state,
)
from wignercq.gaussian import quantum_heating
from wignercq.planning.numerics import Numerics
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import FORWARD_3
from wignercq.states import ClassicalGaussian, from_wavefunction, gaussian, product
from wignercq.steady import solver
from wignercq.steady.certificate import drift
from wignercq.steady.guess import Guess

BATH = {"classical_mass": 1.4, "quantum_mass": 0.8, "hbar": 0.8, "friction": 1.0, "diffusion": 1.0}
OSCILLATORS = systems.oscillators(friction=1.0)
MODELS = {
    "quartic": ("q**2/2", "x**2/2 + 0.05*x**4", "-0.7*q*x"),
    "double well": ("0.55*q**2", "0.05*x**4 - 0.25*x**2", "0.5*q*x"),
    "radiation pressure": ("0.45*q**2", "0.6*x**2 + 0.02*x**4", "0.05*q*x**2 + 0.7*q*x"),
}


@pytest.fixture(scope="module")
def loose() -> SteadyState:
    observables = {"x4": "x**4", "mixed": "q*p*x*y", "entropy": "von_neumann_entropy"}
    return steady_state(OSCILLATORS, tolerance=1e-3, observables=observables)


def test_the_covariance_is_that_of_lyapunov(loose: SteadyState) -> None:
    """Kills: a steady state of the guess alone, widths of another model."""
    expected = LinearModel.from_model(OSCILLATORS).steady_covariance()
    np.testing.assert_allclose(loose.covariance[0], expected, atol=5e-3)
    assert loose.converged
    assert loose.distance < 1e-3


def test_observables_are_those_of_the_gaussian(loose: SteadyState) -> None:
    """Kills: observables that a steady state is not asked for, or of a guess.

    Of a Gaussian ``<x**4> = 3 <x**2>**2``, and <q p x y> is the sum over the three pairings.
    """
    S = loose.covariance[0]
    row = loose.dataset.isel(time=0)
    assert loose.observables == ("x4", "mixed", "entropy")
    assert float(row["x4"]) == pytest.approx(3 * S[2, 2] ** 2, rel=5e-3)
    pairings = S[0, 1] * S[2, 3] + S[0, 2] * S[1, 3] + S[0, 3] * S[1, 2]
    assert float(row["mixed"]) == pytest.approx(pairings, abs=5e-3)
    n = np.sqrt(np.linalg.det(S[2:, 2:])) / 0.8 - 0.5
    assert float(row["entropy"]) == pytest.approx((n + 1) * np.log(n + 1) - n * np.log(n), abs=1e-3)
    assert "mean of x**4" in loose.summary()


def test_the_certificate_says_how_it_moves(loose: SteadyState) -> None:
    """Kills: a residual that is not that of W; a drift that is not counted over a relaxation time."""
    assert loose.residual < 0.02
    eigenvalues = np.linalg.eigvals(LinearModel.from_model(OSCILLATORS).drift)
    assert loose.gap == pytest.approx(eigenvalues.real.min(), rel=0.01)
    assert float(np.abs(loose.dataset["drift_covariance"]).max()) < 0.05
    assert "distance" in loose.summary()
    assert all(values.attrs["long_name"] for values in loose.dataset.variables.values())
    assert loose["von_neumann_entropy"].attrs["units"] == "nats"


def test_heat_adds_up_to_zero(loose: SteadyState) -> None:
    """Kills: a work that is counted twice; the sign of the bath's heat."""
    data = loose.dataset
    parts = [float(data[name]) for name in ("heat_from_bath", "heat_from_decoherence")]
    assert parts[1] == pytest.approx(quantum_heating(OSCILLATORS), rel=1e-6)
    assert sum(parts) == pytest.approx(0, abs=0.1 * parts[1])


@pytest.mark.slow
def test_the_distance_is_that_to_the_exact_state() -> None:
    """Kills: a small residual of the averaged equation taken for a small error.

    Where the slow modes of the guess are not quite those of the propagator it is none: here W was 43 times as far off
    as was said, and beyond the tolerance.
    """
    bath = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
    model = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.4, **bath)
    found = steady_state(model, tolerance=1e-4)
    exact = gaussian(np.zeros(4), LinearModel.from_model(model).steady_covariance(), hbar=model.hbar).wigner(found.grid)
    error = float(np.abs(exact - found.W.values).max() / exact.max())
    assert error < 1e-4
    assert 0.2 < found.distance / error < 5


@pytest.mark.slow
def test_a_tolerance_that_is_not_reached_leaves_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: an answer that is not converged, handed out without a word."""
    monkeypatch.setattr(solver, "CYCLES", 1)
    with pytest.raises(ConvergenceError, match=r"expected an error below 0[.]001") as caught:
        steady_state(OSCILLATORS, tolerance=1e-3)
    best = caught.value.solution
    assert not best.converged
    assert best.dataset.attrs["solver_error"] > 1e-4
    assert best.W.ndim == 4


@pytest.mark.slow
def test_a_grid_that_loses_it_is_an_error_that_keeps_it() -> None:
    """Kills: a box that folds W, certified."""
    axes = {name: FixedAxis((-2.2, 2.2), 12) for name in "qpxy"}
    with pytest.raises(ResolutionError, match=r"edge mass of axis .* widen grid\..*\.extent") as caught:
        steady_state(OSCILLATORS, grid=axes, tolerance=1e-2, dt=0.3)
    assert caught.value.solution.W.shape == (12, 12, 12, 12)


@pytest.mark.slow
def test_another_one_to_begin_with(loose: SteadyState, tmp_path) -> None:
    """Kills: a start that is not taken, a file that loses what it needs to go on."""
    loose.save(tmp_path / "steady.nc")
    again = steady_state(OSCILLATORS, tolerance=1e-3, start=SteadyState.load(tmp_path / "steady.nc"))
    assert again.dataset.attrs["steps"] < loose.dataset.attrs["steps"]
    np.testing.assert_allclose(again.covariance, loose.covariance, atol=2e-3)


@pytest.mark.slow
def test_a_grid_grows_within_its_memory() -> None:
    """Kills: growth that ends in an error of memory, with what was found before it lost."""
    guess = Guess.of(OSCILLATORS)
    grid = guess.grid(1e-3)
    limit = 1.02 * (Numerics(1e-3).memory(grid) + solver.FIELDS * 8 * grid.size)
    search = solver.Solver(OSCILLATORS, Numerics(1e-5), guess, TiledEngine(grid), guess.W(grid), memory_limit=limit)
    search.solve()
    assert search.grid == grid
    assert search.error < 1e-4


@pytest.mark.slow
def test_oscillators_to_seven_digits() -> None:
    """Kills: errors of the averages, the window or the step that only a high accuracy shows."""
    result = steady_state(OSCILLATORS, tolerance=3e-8)
    expected = LinearModel.from_model(OSCILLATORS).steady_covariance()
    np.testing.assert_allclose(result.covariance[0], expected, atol=1e-7)
    np.testing.assert_allclose(result.mean[0], 0, atol=1e-7)


@pytest.mark.slow
def test_six_decay_rates_are_sums_of_the_eigenvalues_of_the_drift() -> None:
    """Kills: a mode that is missed, or one of the basis alone."""
    model = systems.oscillators()
    eigenvalues = -np.linalg.eigvals(LinearModel.from_model(model).drift)
    counts = np.stack(np.meshgrid(*(np.arange(4),) * 4), axis=-1).reshape(-1, 4)[1:]
    sums = counts @ eigenvalues
    result = relaxation(model, count=6)
    for rate, residual in zip(result.rates, result.residuals, strict=True):
        nearest = sums[np.abs(sums - rate).argmin()]
        assert abs(rate - nearest) < 1e-5 * abs(nearest)
        assert residual < 1e-3
    assert (np.diff(result.decay_rates) > -1e-9).all()
    slower = np.unique(np.round(sums.real[sums.imag > -1e-9], 9))[::-1]
    np.testing.assert_allclose(-result.decay_rates[[0, 1, 3]], slower[:3], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::wignercq.ResolutionWarning")  # the grid and the step are those of both
@pytest.mark.parametrize("name", MODELS)
def test_it_is_where_a_long_march_ends(name: str) -> None:
    """Kills: a fixed point of the solver that is not one of the dynamics; a distance that says nothing."""
    model = Model(*MODELS[name], **BATH)
    grid = Guess.of(model).grid(1e-3)
    found = steady_state(model, grid=grid, dt=0.2, tolerance=1e-6)
    elsewhere = np.roll(found.W.values, (1, 1), axis=(0, 2))
    engine = TiledEngine(grid)
    propagator = Propagator(model, engine, FORWARD_3, 0.2)
    W, _ = propagator.advance(engine.of(elsewhere), round(np.log(1e8) / found.gap / 0.2))
    largest = float(found.W.values.max())
    assert np.abs(engine.array(W) - elsewhere).max() > 0.05 * largest
    assert np.abs(engine.array(W) - found.W.values).max() < 1e-6 * largest


@pytest.mark.slow
def test_moments_are_those_of_another_galerkin_solver() -> None:
    """Kills: what both discretisations of the symbol share: the reference knows operators only."""
    model = Model("q**2/2", "x**2/2 + 0.02*x**4", "-0.5*q*x", **BATH)
    result = steady_state(model, tolerance=5e-7)
    system = reference.System(
        classical_potential=(0, 0, 0.5),
        quantum_potential=(0, 0, 0.5, 0, 0.02),
        interaction={(1, 1): -0.5},
        classical_mass=model.classical_mass,
        quantum_mass=model.quantum_mass,
        hbar=model.hbar,
        friction=model.friction,
        diffusion=model.diffusion,
        decoherence=model.D0,
    )
    q, p = np.sqrt(np.diag(result.covariance[0])[:2])
    basis = reference.Basis(degree=6, levels=22, q_centre=0, q_width=q, p_centre=0, p_width=p, x_centre=0, x_length=1.0)
    matrix = reference.generator(system, basis).tocsc()
    vector = reference.pack(np.eye(basis.levels)[None] * np.eye(len(basis.pairs))[0][:, None, None])
    factors = splu(matrix - 1e-10 * abs(matrix).max() * reference.sps.eye_array(basis.size, format="csc"))
    for _ in range(3):
        vector = factors.solve(vector)
        vector /= np.linalg.norm(vector)
    moments = reference.moments(system, basis, reference.unpack(basis, vector), 0.0)
    np.testing.assert_allclose(result.covariance[0], moments.covariance / moments.norm, atol=1e-5)


@pytest.mark.slow
def test_without_interaction_gibbs_times_an_eigenstate_does_not_move() -> None:
    """Kills: a Moyal bracket that moves eigenstates, friction and noise that miss the thermal state."""
    model = Model("q**2/2", "x**2/2 + 0.2*x**4", "0", **BATH)
    x = np.linspace(-5, 5, 400, endpoint=False)
    k = 2 * np.pi * np.fft.fftfreq(x.size, x[1] - x[0])
    kinetic = np.fft.ifft(np.fft.fft(np.eye(x.size), axis=0) * (model.hbar * k[:, None]) ** 2, axis=0).real
    H = kinetic / (2 * model.quantum_mass) + np.diag(x**2 / 2 + 0.2 * x**4)
    first = np.linalg.eigh(H)[1][:, 1]
    T = model.bath_temperature
    classical = ClassicalGaussian([0, 0], [T, model.classical_mass * T])
    state = product(classical, from_wavefunction(x, first, hbar=model.hbar))
    run = evolve(model, state, duration=6.0, outputs=2, tolerance=1e-5, keep_state=True)
    engine = TiledEngine(run.grid)
    before = engine.array(engine.fill(state.slab(run.grid)))
    assert np.abs(run.W.values - before).max() < 2e-5 * np.abs(before).max()


def test_the_drift_of_a_displaced_gaussian_is_that_of_the_moments() -> None:
    """Kills: a rate per step instead of per time; the mean's motion counted in the covariance."""
    grid = systems.grid()
    theory = LinearModel.from_model(OSCILLATORS)
    W = systems.gaussian_density(grid)
    change = drift(Propagator(OSCILLATORS, TiledEngine(grid), FORWARD_3, 1e-3), W)
    A, S = theory.drift, np.diag(systems.VARIANCES)
    np.testing.assert_allclose(change.mean, -A @ systems.MEAN, atol=1e-4)
    np.testing.assert_allclose(change.covariance, theory.diffusion - A @ S - S @ A.T, atol=2e-4)
