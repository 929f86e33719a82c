"""The time step for a tolerance and the reported time error, against runs with a much shorter step."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model, Propagator, evolve
from wignercq.errors import GridError, InputError
from wignercq.grid.interpolation import interpolation
from wignercq.planning.coarse_grid import coarsened
from wignercq.planning.numerics import Numerics
from wignercq.planning.pilot import Pilot
from wignercq.planning.time_step import SAFETY, STEP_MULTIPLE, ErrorLaw, TimeStep
from wignercq.propagation.engines import ArrayEngine, TiledEngine
from wignercq.propagation.schemes import CHIN_4A, STRANG, Scheme
from wignercq.states import gaussian

DURATION = 1.0
GRID = Grid(Axis(-6.1, 6.9, 36), Axis(-7.0, 6.4, 38), Axis(-5.8, 5.4, 35), Axis(-6.1, 6.2, 40))
REFERENCE_STEPS = 40
COARSE_TOLERANCE = 1e-4


def nonlinear_coupling() -> Model:
    """No friction, decoherence that depends on q, quartic V_C."""
    return systems.model(
        "k*q**2/2 + a*q**4/4",
        "kappa*x**2/2",
        "lam*q*x + mu*q*x**2",
        parameters={"k": 0.7, "a": 0.03, "kappa": 1.2, "lam": 0.3, "mu": 0.06},
        friction=0.0,
        diffusion=0.6,
    )


MODELS = {"friction": systems.oscillators, "quartic": systems.quartic, "coupling": nonlinear_coupling}


@cache
def pilot(name: str, scheme: Scheme) -> Pilot:
    engine, model = TiledEngine(GRID), MODELS[name]()
    W = engine.of(systems.gaussian_density(GRID))
    coarse = TiledEngine(coarsened(GRID, engine.spectral_power(W), COARSE_TOLERANCE))
    return Pilot(model, scheme, None, coarse, engine.transferred(W, coarse), DURATION)


def chosen_step(runs: Pilot, tolerance: float) -> TimeStep:
    return runs.law(error=SAFETY * tolerance).choose(tolerance, DURATION)


def states(name: str, scheme: Scheme, steps: int, moments: int) -> list[np.ndarray]:
    """W on the full grid at `moments` equidistant times of the run, the last at its end."""
    engine = TiledEngine(GRID)
    W, found = engine.of(systems.gaussian_density(GRID)), []
    propagator = Propagator(MODELS[name](), engine, scheme, DURATION / steps)
    for _ in range(moments):
        W, _ = propagator.advance(W, steps // moments)
        found.append(np.array(W))
    return found


@cache
def reference(name: str) -> list[np.ndarray]:
    return states(name, CHIN_4A, REFERENCE_STEPS, 2)


def true_error(name: str, scheme: Scheme, steps: int) -> float:
    """Largest difference to the reference relative to its maximum, half-way and at the end."""
    pairs = zip(states(name, scheme, steps, 2), reference(name), strict=True)
    return max(np.abs(found - best).max() / np.abs(best).max() for found, best in pairs)


@pytest.mark.parametrize(("scheme", "steps"), [(STRANG, 20), (CHIN_4A, 10)], ids=["Strang", "Chin 4A"])
@pytest.mark.slow
@pytest.mark.parametrize("name", ["quartic", "friction", "coupling"])
def test_reported_error_is_the_true_error(name: str, scheme: Scheme, steps: int) -> None:
    """Kills: an estimate with a wrong Richardson factor or order, or one that the coarser pilot grid spoils."""
    estimate, truth = pilot(name, scheme).measure(DURATION / steps).error, true_error(name, scheme, steps)
    assert truth / 3 < estimate < 3 * truth


@pytest.mark.slow
@pytest.mark.parametrize("steps", [2, 60])
def test_explicit_steps_longer_and_shorter_than_the_pilot_runs(steps: int) -> None:
    """Kills: a law dt**order applied where it does not hold yet, or extrapolated in the wrong direction."""
    runs = pilot("friction", STRANG)
    estimate = runs.measure(DURATION / steps)
    assert estimate.dt == DURATION / steps
    assert (estimate.dt > runs.law().longest) == (steps == 2)
    truth = true_error("friction", STRANG, steps)
    assert truth / 3 < estimate.error < 3 * truth


@pytest.mark.parametrize("scheme", [STRANG, CHIN_4A], ids=lambda s: s.name)
@pytest.mark.parametrize("tolerance", [3e-2, 1e-4, 1e-6])
def test_chosen_step_meets_the_tolerance_without_waste(scheme: Scheme, tolerance: float) -> None:
    """Kills: a step that misses the tolerance or is needlessly short. Counts of steps: 5, 10 or multiples of 20."""
    runs = pilot("quartic", scheme)
    chosen = chosen_step(runs, tolerance)
    steps = round(DURATION / chosen.dt)
    assert abs(DURATION / chosen.dt - steps) < 1e-9
    assert steps in (5, 10) or steps % STEP_MULTIPLE == 0
    assert chosen.error <= tolerance
    fewer = {5: 0, 10: 5, 20: 10}.get(steps, steps - STEP_MULTIPLE if steps <= 120 else steps - 2 * STEP_MULTIPLE)
    if fewer:
        assert runs.measure(DURATION / fewer).error > 0.99 * SAFETY * tolerance


def test_long_steps_follow_the_power_they_have_and_short_ones_the_order() -> None:
    """Kills: the order of the scheme where long steps converge faster, which overrates the error of a shorter step."""
    law = ErrorLaw(4, (1.0, 0.5, 0.25), (3.2e-2, 5e-4, 2e-5))
    assert law.error(0.5) == pytest.approx(5e-4)
    assert law.error(2**-0.5) == pytest.approx(np.sqrt(3.2e-2 * 5e-4))
    excess = np.log2(25) - 4  # half of it for one more halving
    assert law.error(0.125) == pytest.approx(2e-5 / 16 / 2 ** (excess / 2))
    assert law.error(0.0625) == pytest.approx(law.error(0.125) / 16)
    assert ErrorLaw(4, (1.0, 0.5), (1e-2, 1e-3)).error(0.25) == pytest.approx(1e-3 / 16)
    for error in (1e-3, 1e-4):
        assert law.error(law.step(error)) == pytest.approx(error)
    assert law.error(law.step(1e-7)) < 1e-7
    assert law.step(0.1) == 1.0


def test_an_error_that_is_not_one_of_the_step_is_left_out() -> None:
    """Kills: the floor that a coarse grid sets taken for a time error, which no step could then bring down."""
    runs = Pilot(systems.quartic(), CHIN_4A, None, TiledEngine(systems.grid(8, 8, 8, 8)), np.zeros((8,) * 4), 1.0)
    runs._errors = [9.6e-3, 6e-4, 2e-4]
    law = runs.law(error=1e-9)
    assert law.errors == (9.6e-3, 6e-4)
    assert law.shortest == pytest.approx(1 / 6)
    assert law.error(1 / 12) == pytest.approx(6e-4 / 16)


def test_a_chosen_step_divides_the_interval_between_outputs() -> None:
    """Kills: outputs between two steps, each of which costs several; steps shortened to no end for many outputs."""
    runs = pilot("quartic", CHIN_4A)
    for outputs in (3, 7, 25, 60):
        step, check = runs.plan(Numerics(tolerance=1e-4), DURATION / outputs)
        each = DURATION / outputs / step.dt
        assert each == pytest.approx(round(each))
        assert step.error <= 1e-4
        assert check.expected == []
        fewer = DURATION / outputs / (round(each) - 1) if each > 1.5 else math.inf
        assert fewer > runs.law().longest or runs.law().error(fewer) > 0.99 * SAFETY * 1e-4
    step, _ = runs.plan(Numerics(tolerance=1e-4, precision="float32"), DURATION / 4000)
    assert DURATION / step.dt <= 2 * STEP_MULTIPLE  # 4000 of them would be more than float32 allows


def test_three_runs_tell_the_error_of_the_shortest_step() -> None:
    """Kills: weights of the wrong powers or the wrong run: its error as a run with half the step measures it."""
    like = pilot("coupling", CHIN_4A)
    runs = Pilot(like.model, CHIN_4A, None, like.engine, like.initial, DURATION)
    while len(runs._errors) < 2:
        runs._halve()
    told = runs._error_of_shortest
    runs._halve()
    assert told / 3 < runs._errors[-1] < 3 * told


@pytest.mark.slow
def test_a_resonant_step_is_not_taken_for_one_that_keeps_the_tolerance() -> None:
    """Kills: steps that were never tried, between two with small errors, in resonance with a weak fast oscillation.

    Where W is faint it has fringes of half a per cent, so an error there has to count. Uncoupled: planes.
    """
    model = Model("q**2/2", "0.3*cos(12*x) + x**2/2", diffusion=0.3)
    state = gaussian([1.0, 0.0, -1.0, 0.0], [0.5] * 4, hbar=1.0)
    found = evolve(model, state, duration=5.0, tolerance=1e-3)
    assert found.dataset.attrs["engine"] == "planes"
    wide = Grid(Axis(-9, 9, 48), Axis(-9, 9, 48), Axis(-16, 16, 500), Axis(-30, 30, 500))
    finer = evolve(model, state, grid=wide, duration=5.0, outputs=1, dt=0.02, tolerance=1e-2, frames=1)
    (W, truth) = (run.dataset["wigner_xy"].isel(frame=-1) for run in (found, finer))
    along_x, along_y = interpolation(wide.x, W.x.values), interpolation(wide.y, W.y.values)
    error = np.abs(W.values - along_x @ truth.values @ along_y.T).max()
    assert error < 1e-3 * np.abs(truth.values).max()


@pytest.mark.parametrize("scheme", [STRANG, CHIN_4A], ids=lambda s: s.name)
def test_a_tolerance_out_of_reach_is_refused(scheme: Scheme) -> None:
    """Kills: a run of weeks started without a word."""
    with pytest.raises(InputError, match=r"tolerance: expected one that 200000 steps can reach, got 1e-30"):
        chosen_step(pilot("friction", scheme), 1e-30)


def test_pilot_runs_are_cheap() -> None:
    """Kills: pilot runs on the full grid, or with so many steps that they cost more than the run."""
    runs = pilot("quartic", CHIN_4A)
    assert runs.engine.grid.size < 0.5 * GRID.size
    assert DURATION / runs.law().shortest <= 8 * STEP_MULTIPLE


@pytest.mark.parametrize("sizes", [(10, 12, 14, 16), (11, 13, 15, 17), (20, 21, 22, 24), (9, 21, 15, 8)])
def test_resampling_is_exact_for_what_the_coarse_grid_holds(sizes: tuple[int, ...]) -> None:
    """Kills: a shift by a fraction of a cell, swapped axes, a defect at odd or even sizes or at equal ones."""
    fine = Grid(Axis(-3.0, 4.0, 20), Axis(-2.0, 3.5, 21), Axis(0.5, 6.0, 22), Axis(-7.0, -1.0, 24))
    coarse = Grid(*(Axis(axis.lower, axis.upper, n) for axis, n in zip(fine, sizes, strict=True)))
    random = np.random.default_rng(3)
    terms = [([int(random.integers(0, (n - 1) // 2 + 1)) for n in sizes], random.uniform(0, 6, 4)) for _ in range(12)]

    def field(grid: Grid) -> np.ndarray:
        total = np.zeros(grid.shape)
        for harmonics, phases in terms:
            waves = [
                np.cos(2 * np.pi * k * (z - axis.lower) / axis.length + phase)
                for z, axis, k, phase in zip(grid.mesh, grid, harmonics, phases, strict=True)
            ]
            total += waves[0] * waves[1] * waves[2] * waves[3]
        return total

    moved = ArrayEngine(fine).transferred(field(fine), ArrayEngine(coarse))
    assert np.abs(moved - field(coarse)).max() < 1e-12


def test_resampling_drops_what_the_coarse_grid_cannot_hold() -> None:
    """Kills: high frequencies that come back as low ones."""
    fine = systems.grid(20, 22, 24, 26)
    coarse = Grid(*(Axis(axis.lower, axis.upper, n) for axis, n in zip(fine, (12, 22, 24, 26), strict=True)))
    wave = np.cos(2 * np.pi * 8 * (fine.mesh[0] - fine.q.lower) / fine.q.length)
    moved = ArrayEngine(fine).transferred(np.broadcast_to(wave, fine.shape), ArrayEngine(coarse))
    assert np.abs(moved).max() < 1e-13


def test_a_search_that_the_grid_defeats_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: thousands of steps of trial runs whose error is the grid's; an end before an error that falls."""
    pilot = object.__new__(Pilot)
    pilot.duration = 1.0
    monkeypatch.setattr(Pilot, "_measured", lambda self, dt: TimeStep(dt, 0.1))
    with pytest.raises(GridError, match=r"grid: expected one .* got an error that stays at 0\.1"):
        pilot._confirmed(TimeStep(0.5, np.inf), 1e-3, 1.0)
    monkeypatch.setattr(Pilot, "_measured", lambda self, dt: TimeStep(dt, dt**4))
    found = pilot._confirmed(TimeStep(0.5, np.inf), 1e-3, 1.0)
    assert 3e-4 < found.error <= 1e-3
