"""The grid chosen for a run: resolves it from beginning to end, wastes little, and honours what was fixed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate

from wignercq import Axis, FixedAxis, Grid, Model, choose_grid, evolve
from wignercq.errors import GridError, ModelError
from wignercq.grid.grid import NAMES
from wignercq.planning.grid_choice import _largest
from wignercq.states import ClassicalDensity, ClassicalGaussian, State, cat, coherent, fock, gaussian, product, thermal

TOLERANCE = 1e-5
OSCILLATOR = {"mass": 0.7, "frequency": 1.3, "hbar": systems.HBAR}
CLASSICAL = ClassicalGaussian([0.5, -0.2], [0.5, 0.6])


def model(classical: str, quantum: str, interaction: str, **parameters: float) -> Model:
    return systems.model(classical, quantum, interaction, parameters=parameters, friction=0.4)


def double_well() -> Model:
    return model("k*q**2/2", "a*(x**2 - b**2)**2", "lam*q*x", k=1.1, a=0.12, b=1.5, lam=0.3)


def morse() -> Model:
    return model("k*q**2/2", "D*(1 - exp(-a*x))**2", "lam*q*x", k=1.1, D=6.0, a=0.35, lam=0.2)


def classical_quartic() -> Model:
    return model("k*q**4/4", "kappa*x**2/2", "lam*q*x", k=0.3, kappa=1.1, lam=0.3)


def with_quantum(quantum: object) -> State:
    return product(CLASSICAL, quantum)


def resting_ring() -> State:
    """A classical density that is not Gaussian: a ring around the origin of (q, p)."""
    ring = ClassicalDensity(lambda q, p: (q**2 + p**2) * np.exp(-(q**2) - p**2 / 1.2), region=[(-6, 6), (-6.5, 6.5)])
    return product(ring, coherent(0.4, 0.1, **OSCILLATOR))


slow = pytest.mark.slow
CASES = {
    "oscillators": (systems.oscillators, systems.displaced, 2.0),
    "excited": (systems.oscillators, lambda: with_quantum(fock(2, **OSCILLATOR)), 0.8),
    "cat": (systems.oscillators, lambda: with_quantum(cat((1.2, 0.3), **OSCILLATOR)), 0.8),
    "ring": (systems.oscillators, resting_ring, 0.8),
    "hot": (systems.oscillators, lambda: with_quantum(thermal(1.6, **OSCILLATOR)), 0.8),
    "classical quartic": (classical_quartic, lambda: with_quantum(coherent(0.4, 0.1, **OSCILLATOR)), 1.5),
    "quartic": (systems.quartic, systems.displaced, 1.5),
    "double well": (double_well, lambda: with_quantum(coherent(-1.4, 0.1, **OSCILLATOR)), 1.5),
    "Morse": (morse, lambda: with_quantum(coherent(0.4, 0.1, **OSCILLATOR)), 1.5),
}
SLOW = ["excited", "cat", "ring", "classical quartic", "quartic", "double well", "Morse"]


def test_a_potential_that_is_singular_where_w_may_go_is_refused() -> None:
    """Kills: an error of linear algebra in place of a line that says what is wrong and where."""
    model = Model("q**2/2", "log(x)", "0", friction=0.1, diffusion=0.2)
    with pytest.raises(ModelError, match=r"^quantum_potential: expected .*, got one that is not real at x = -\S+$"):
        choose_grid(model, gaussian([0, 0, 3, 0], [0.5] * 4, hbar=1.0), 1.0, tolerance=1e-3)


def test_a_state_far_from_the_origin_is_not_one_that_runs_away() -> None:
    """Kills: a distance from the origin in place of one travelled."""
    model = Model("0", "0", "0", friction=0.1, diffusion=0.2)
    grid = choose_grid(model, gaussian([1e5, 0, 0, 0], [0.5] * 4, hbar=1.0), 1.0, tolerance=1e-3)
    assert grid.q.lower == pytest.approx(1e5, abs=10)
    assert grid.q.points < 40


@pytest.mark.parametrize("name", [pytest.param(name, marks=slow) if name in SLOW else name for name in CASES])
def test_the_chosen_grid_resolves_the_run(name: str) -> None:
    """Kills: a box the tails leave, points too few for fringes or filaments. Any ResolutionWarning is an error here."""
    make_model, make_state, duration = CASES[name]
    solution = evolve(make_model(), make_state(), duration=duration, outputs=4, tolerance=TOLERANCE, frames=0)
    for monitor in ("edge_mass", "spectral_tail"):
        assert solution.dataset[monitor].values.max() < TOLERANCE


def linear_needs(tolerance: float, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Extents and frequencies of the oscillators' Gaussian where it falls to 5e-3 of the tolerance, from theory."""
    drift = oscillator_drift(k_C=0.9, k_Q=1.2, lam=0.4, classical_mass=1.3, quantum_mass=0.7, friction=0.3)
    noise = oscillator_noise(lam=0.4, hbar=systems.HBAR, diffusion=0.5, decoherence=0.5)
    radius = math.sqrt(2 * math.log(2e2 / tolerance))
    ends, frequencies = [], []
    for time in np.linspace(0, duration, 40):
        mean, covariance = propagate(drift, noise, systems.MEAN, np.diag(systems.VARIANCES), time)
        reach = radius * np.sqrt(np.diag(covariance))
        ends.append([mean - reach, mean + reach])
        frequencies.append(radius * np.sqrt(np.diag(np.linalg.inv(covariance))))
    lower, upper = np.array(ends)[:, 0].min(axis=0), np.array(ends)[:, 1].max(axis=0)
    return np.stack([lower, upper], axis=1), np.array(frequencies).max(axis=0)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
@pytest.mark.parametrize("duration", [0.5, 4.0, 20.0])
def test_extents_and_points_of_a_linear_model_are_those_of_theory(tolerance: float, duration: float) -> None:
    """Kills: a box twice too long on an axis (sixteenfold work in all), mixed-up axes, noise or friction left out."""
    grid = choose_grid(systems.oscillators(), systems.displaced(), duration, tolerance=tolerance)
    extents, frequencies = linear_needs(tolerance, duration)
    for axis, (lower, upper), frequency in zip(grid, extents, frequencies, strict=True):
        length = upper - lower
        assert abs(axis.lower - lower) < 0.12 * length
        assert abs(axis.upper - upper) < 0.12 * length
        assert axis.nyquist > 0.97 * frequency
        assert axis.points < 1.3 * length * frequency / math.pi + 4


def test_a_fine_classical_structure_gets_points_and_noise_washes_it_out() -> None:
    """Kills: points counted from the covariance of the whole ensemble, which knows nothing of filaments."""

    def nyquist(diffusion: float) -> float:
        quartic = Model("q**4/4", "x**2/2", classical_mass=1.3, quantum_mass=0.7, hbar=0.8, diffusion=diffusion)
        return choose_grid(quartic, with_quantum(coherent(0.0, 0.0, **OSCILLATOR)), 4.0).q.nyquist

    calm, noisy = nyquist(0.0), nyquist(1.0)
    radius = math.sqrt(2 * math.log(1e8))
    assert calm > 5 * radius / math.sqrt(0.5)
    assert calm > 2 * noisy


def test_a_cold_thermal_state_needs_more_points_than_a_hot_one() -> None:
    """Kills: fringes provided for that a mixed state does not have: hot states are wide but smooth."""
    cold, hot = (
        choose_grid(systems.oscillators(), with_quantum(thermal(t, **OSCILLATOR)), 1.0, tolerance=TOLERANCE)
        for t in (0.2, 4.0)
    )
    assert hot.x.length > 1.8 * cold.x.length
    assert hot.x.nyquist < 0.6 * cold.x.nyquist


def test_fixed_parts_of_an_axis_are_honoured() -> None:
    """Kills: an extent that is rounded, points that are replaced, a fixed axis that changes the others."""
    args = systems.oscillators(), systems.displaced(), 1.0
    free = choose_grid(*args)
    axes = {
        "q": FixedAxis(extent=(-6.1, 7.3)),
        "p": FixedAxis(points=31),
        "y": FixedAxis(extent=(-5.9, 6.2), points=45),
    }
    grid = choose_grid(*args, axes=axes)
    assert (grid.q.lower, grid.q.upper) == (-6.1, 7.3)
    assert 0.85 < grid.q.spacing / free.q.spacing <= 1.1  # both rounded to fast sizes
    assert grid.p == Axis(free.p.lower, free.p.upper, 31)
    assert grid.x == free.x
    assert grid.y == Axis(-5.9, 6.2, 45)


def test_nothing_is_computed_when_everything_is_fixed() -> None:
    """Kills: trajectories, here ones that run away, where the user left nothing to choose."""
    unbound = model("-q**4", "x**2/2", "lam*q*x", lam=0.1)
    axes = {name: FixedAxis((-4.0 - i, 5.0 + i), 20 + 2 * i) for i, name in enumerate(NAMES)}
    grid = choose_grid(unbound, systems.displaced(), 50.0, axes=axes)
    assert grid == Grid(Axis(-4.0, 5.0, 20), Axis(-5.0, 6.0, 22), Axis(-6.0, 7.0, 24), Axis(-7.0, 8.0, 26))


@pytest.mark.parametrize("potential", ["-q**4", "-8*q**2", "q**3"])
def test_unbound_motion_is_refused(potential: str) -> None:
    """Kills: a box of astronomical size, NaN as an extent, or a warning about overflow instead of a reason."""
    with pytest.raises(GridError, match=r"run away along [qp].*; shorten the run, or give extent and points"):
        choose_grid(model(potential, "x**2/2", "lam*q*x", lam=0.1), systems.displaced(), 10.0)


def test_stiff_wells_and_long_runs_are_not_taken_for_unbound() -> None:
    """Kills: time steps of the trajectories so long that a stable oscillation blows up."""
    stiff = model("400*q**2/2", "x**2/2", "lam*q*x", lam=0.1)
    grid = choose_grid(stiff, systems.displaced(), 60.0, tolerance=TOLERANCE)
    theory = math.sqrt(2 * math.log(1e7)) * math.hypot(math.sqrt(0.6), math.sqrt(0.55 / (1.3 * 400)))
    assert 0.9 * (theory + 1.0) < grid.q.upper < 1.4 * (theory + 1.0)


def test_the_choice_is_reproducible() -> None:
    """Kills: a grid, and with it a result, that changes from run to run."""
    args = double_well(), with_quantum(cat((1.2, 0.3), **OSCILLATOR)), 1.0
    assert choose_grid(*args) == choose_grid(*args)


def test_an_unknown_axis_is_named() -> None:
    """Kills: a misspelt axis that is silently chosen instead."""
    with pytest.raises(GridError, match="expected the axes q, p, x, y, got 'z'"):
        choose_grid(systems.oscillators(), systems.displaced(), 1.0, axes={"z": FixedAxis(points=32)})


@pytest.mark.parametrize(("count", "k"), [(8000, 8), (8000, 1), (1210, 2), (8000, 180)])
def test_the_outermost_samples_are_those_of_a_sort(count: int, k: int) -> None:
    """Kills: a sample lost at the end of a row or where many are equal, the number of the mark off by one."""
    samples = np.random.default_rng(3).standard_normal((4, count)) * np.array([[1.0], [3.0], [0.2], [7.0]])
    samples[1] = samples[1].round()
    samples[2, -k:] += 40
    assert np.array_equal(_largest(samples, k), np.sort(samples, axis=1)[:, -k])
