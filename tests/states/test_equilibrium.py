"""The hybrid Gibbs state against closed forms of oscillators and a finite-difference Hamiltonian."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal
from support import systems

from wignercq import Model, evolve
from wignercq.errors import StateError
from wignercq.gaussian import gibbs_covariance
from wignercq.grid.grid import Axis, Grid
from wignercq.observables.marginals import Marginals
from wignercq.states import GibbsState, gibbs

HBAR = systems.HBAR


def grid_for(state: GibbsState, level: float = 1e-10) -> Grid:
    """The grid that holds and resolves the state."""
    pairs = zip(state.support(level), state.bandwidth(level), strict=True)
    return Grid(*(Axis.resolving(low, high, top) for (low, high), top in pairs))


@pytest.mark.parametrize("temperature", [None, 0.05, 2.5])
def test_oscillators_have_the_closed_form(temperature: float | None) -> None:
    """Kills: hbar or a mass in the wrong place, a lattice too short when cold or too coarse when hot, q without V_I."""
    model = systems.model("0.45*q**2 - 0.2*q", "0.6*x**2", "0.2*(q - x)**2")
    state = gibbs(model, temperature=temperature)
    expected = gibbs_covariance(model, temperature=temperature)
    assert state.temperature == (0.5 / 0.6 if temperature is None else temperature)
    assert np.abs(state.covariance - expected).max() < 1e-10 * expected.max()
    assert np.abs(state.mean - [0.2 / (1.3 - 0.16 / 1.6), 0, 0.25 * 0.2 / (1.3 - 0.16 / 1.6), 0]).max() < 1e-10


ANHARMONIC = ("0.1*q**4 - q**2/3", "0.1*x**4 + 0.2*x", "0.3*q*x**2 + 0.1*sin(q)")


def by_finite_differences(temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean of (q, x) and second moments <qq>, <qx>, <xx>, <yy> of ``exp(-H(q)/T)`` for the potentials above."""
    q, x = np.linspace(-5, 5, 61), np.linspace(-6.5, 6.5, 1301)
    step, m, sums = x[1] - x[0], 0.7, np.zeros(7)
    for place in q:
        V = 0.1 * place**4 - place**2 / 3 + 0.1 * x**4 + 0.2 * x + 0.3 * place * x**2 + 0.1 * np.sin(place)
        kinetic = HBAR**2 / (2 * m * step**2)
        energies, waves = eigh_tridiagonal(
            V + 2 * kinetic, np.full(1300, -kinetic), select="v", select_range=(-20.0, 24 * temperature)
        )
        weights = np.exp(-energies / temperature)
        density = waves**2 @ weights
        motion = 2 * m * (weights @ energies - V @ density)
        values = [1.0, place, x, place**2, place * x, x**2]
        sums[:6] += [float((density * value).sum()) for value in values]
        sums[6] += motion
    return sums[1:3] / sums[0], sums[3:] / sums[0]


@pytest.mark.parametrize("temperature", [0.35, 1.2])
def test_moments_of_an_anharmonic_model_are_those_of_its_levels(temperature: float) -> None:
    """Kills: a partition function without V_C or of other levels, a Hamiltonian at another q."""
    state = gibbs(systems.model(*ANHARMONIC), temperature=temperature)
    mean, second = by_finite_differences(temperature)
    S, (mq, _, mx, _) = state.covariance, state.mean
    found = [S[0, 0] + mq**2, S[0, 2] + mq * mx, S[2, 2] + mx**2, S[3, 3]]
    assert np.abs(state.mean[[0, 2]] - mean).max() < 1e-4
    assert np.abs(found - second).max() < 2e-4
    assert S[1, 1] == pytest.approx(1.3 * temperature)
    assert np.abs(S[3, :3]).max() < 1e-12


@pytest.mark.parametrize("temperature", [0.2, 1.2])
def test_its_own_grid_holds_it(temperature: float) -> None:
    """Kills: W that is not the state of the moments, a support or bandwidth that cuts it, a norm that is not one."""
    state = gibbs(systems.model(*ANHARMONIC), temperature=temperature)
    grid = grid_for(state)
    W = state.wigner(grid)
    marginals = Marginals.of(W, grid)
    assert abs(marginals.norm - 1) < 1e-8
    assert np.abs(marginals.mean - state.mean).max() < 1e-6
    assert np.abs(marginals.covariance - state.covariance).max() < 1e-6
    assert grid.size < 5_000_000
    assert state.factors is None


def test_wigner_function_of_oscillators_is_their_gaussian() -> None:
    """Kills: a sign of y, a shift of q against x, p with the quantum particle's mass."""
    model = systems.oscillators()
    state = gibbs(model, temperature=0.7)
    grid = Grid(Axis(-5.5, 5.0, 18), Axis(-6.4, 6.1, 20), Axis(-5.0, 5.2, 22), Axis(-5.1, 5.6, 36))
    expected = systems.gaussian_density(grid, np.zeros(4), gibbs_covariance(model, temperature=0.7))
    assert np.abs(state.wigner(grid) - expected).max() < 1e-10 * expected.max()
    beyond = Grid(Axis(20.0, 30.0, 10), *list(grid)[1:])
    assert not state.wigner(beyond).any()


def test_lengths_of_any_unit() -> None:
    """Kills: scales built into where the potential is looked at. All lengths a millionth, masses to keep energies."""
    scaled = Model("0.5e12*(q - 3e-6)**2", "0.8e12*x**2", "0.1e12*q*x", hbar=0.8e-6, friction=0.3, diffusion=0.5)
    plain = Model("0.5*(q - 3)**2", "0.8*x**2", "0.1*q*x", hbar=0.8, friction=0.3, diffusion=0.5)
    small, large = gibbs(scaled), gibbs(plain)
    length = np.array([1e-6, 1, 1e-6, 1])
    assert np.abs(small.mean / length - large.mean).max() < 1e-9
    assert np.abs(small.covariance / np.outer(length, length) - large.covariance).max() < 1e-9


@pytest.mark.parametrize(
    ("potentials", "temperature", "message"),
    [
        (("q**2", "x**2", "0.1*q*x"), 0.0, "temperature: expected a finite number above 0, got 0"),
        (("q**2", "x**2", "0.1*q*x"), math.inf, "temperature: expected a finite number above 0, got inf"),
        (
            ("0", "x**2", "0.1*sin(q)*x"),
            0.5,
            "model: expected a potential that confines both particles",
        ),
        (
            ("q**2", "x**2 - x**4", "0.1*q*x"),
            0.5,
            "model: expected a potential that confines both particles",
        ),
        (("q**2", "x**2", "0.1*q*x"), 1500.0, "temperature: expected one whose state 512 points of x hold, got 1500"),
    ],
)
def test_what_has_no_thermal_state_is_refused(potentials, temperature, message) -> None:
    """Kills: a state cut off at the end of what was looked at, an endless search for a lattice."""
    with pytest.raises(StateError) as error:
        gibbs(systems.model(*potentials), temperature=temperature)
    assert str(error.value).startswith(message)


@pytest.mark.slow
def test_a_run_starts_from_it_on_a_grid_of_its_own() -> None:
    """Kills: a support or bandwidth that planning cannot use; a run whose start has other moments than the state."""
    model = systems.model("0.5*q**2 + 0.05*q**4", "0.5*x**2 + 0.1*x**4", "0.3*q*x**2")
    state = gibbs(model)
    run = evolve(model, state, duration=0.2, outputs=2, tolerance=1e-5)
    assert np.abs(run.covariance[0] - state.covariance).max() < 1e-6
    assert np.abs(run.dataset["energy_budget_residual"]).max() < 1e-5
