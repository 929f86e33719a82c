"""Resolution is watched: what the measures are on known profiles, when they warn, and when they stop a run."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model, ResolutionError, ResolutionWarning, evolve
from wignercq.errors import StateError
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Watch, mass_at_all_ends, spectral_tail
from wignercq.propagation.engines import ArrayEngine, Engine, TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import STRANG
from wignercq.run.record import Record
from wignercq.run.time_loop import TimeLoop
from wignercq.run.track import Track
from wignercq.states import ClassicalGaussian, coherent, product

GRID = Grid(Axis(-6.5, 7.0, 16), Axis(-6.8, 6.3, 30), Axis(-6.0, 5.7, 48), Axis(-5.9, 6.1, 36))
NOTHING = np.zeros(4)
LEVEL = 1e-6


def test_edge_mass_of_a_constant_is_the_share_of_the_band() -> None:
    """Kills: a band counted at one end only, in points where it should be a share, or weighted by a wrong spacing."""
    W = np.full(GRID.shape, 1 / (GRID.size * GRID.cell))
    bands = np.array([2 * 1 / 16, 2 * 2 / 30, 2 * 3 / 48, 2 * 2 / 36])
    assert np.abs(mass_at_all_ends(Marginals.of(W, GRID)).sum(axis=1) - bands).max() < 1e-13


def test_edge_mass_of_a_gaussian_is_its_tail() -> None:
    """Kills: an edge looked up on another axis. Half a spacing inside the last band lies the end of the integral."""
    grid = Grid(Axis(-2.5, 9.0, 64), Axis(-9.0, 9.0, 48), Axis(-9.0, 9.0, 40), Axis(-9.0, 9.0, 44))
    variances = np.array([1.0, 1.3, 1.2, 1.1])
    marginals = Marginals.of(systems.gaussian_density(grid, np.zeros(4), np.diag(variances)), grid)
    found = mass_at_all_ends(marginals).sum(axis=1)
    start, end = -2.5 - 11.5 / 128, -2.5 + 11.5 * 3.5 / 64
    expected = (math.erf(end / math.sqrt(2)) - math.erf(start / math.sqrt(2))) / 2
    assert abs(found[0] - expected) < 3e-4
    assert found[1:].max() < 1e-9


def test_edge_mass_takes_the_modulus() -> None:
    """Kills: ringing of both signs at an edge that cancels in the sum."""
    W = np.zeros(GRID.shape)
    W[0], W[-1] = 1.0, -1.0
    W /= W[0].size * GRID.cell
    assert abs(mass_at_all_ends(Marginals.of(W, GRID)).sum(axis=1)[0] - 2) < 1e-13


@pytest.mark.parametrize("make", [TiledEngine, ArrayEngine])
@pytest.mark.parametrize(("name", "first"), [("q", 7), ("p", 14), ("x", 21), ("y", 16)])
def test_spectral_tail_is_the_amplitude_of_the_highest_eighth(make: type[Engine], name: str, first: int) -> None:
    """Kills: power reported as amplitude, a tail that begins elsewhere, frequencies of another axis."""
    engine, index, amplitude = make(GRID, np.float64), "qpxy".index(name), 0.03
    shape = [1, 1, 1, 1]
    shape[index] = GRID.shape[index]
    for harmonic, expected in ((first - 1, 0.0), (first, amplitude / math.sqrt(2 + amplitude**2))):
        wave = np.cos(2 * np.pi * harmonic * np.arange(GRID.shape[index]) / GRID.shape[index])
        W = engine.of(np.broadcast_to(1 + amplitude * wave.reshape(shape), GRID.shape))
        found = spectral_tail(engine.spectral_power(W))
        assert abs(found[index] - expected) < 1e-9
        assert np.delete(found, index).max() < 1e-9


def test_quiet_while_resolved() -> None:
    """Kills: a warning at the level itself or below; every warning is an error here."""
    watch = Watch(LEVEL)
    for value in (0.0, LEVEL / 2, LEVEL):
        watch.check(0.1, 1.0, np.full(4, value), np.full(4, value))


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize(
    ("quantity", "key"), [("edge mass", "widen grid.{}.extent"), ("spectral tail", "raise grid.{}.points")]
)
def test_warning_names_the_number_to_change(index: int, quantity: str, key: str) -> None:
    """Kills: advice to raise the points of an axis that is too short, or to change another axis."""
    name = "qpxy"[index]
    high = np.eye(4)[index] * 3e-6
    edge, tail = (high, NOTHING) if quantity == "edge mass" else (NOTHING, high)
    with pytest.warns(ResolutionWarning) as caught:
        Watch(LEVEL).check(0.25, 1.0, edge, tail)
    expected = f"{quantity} of axis {name} at t = 0.25: expected below 1e-06, got 3e-06; {key.format(name)}"
    assert [str(warning.message) for warning in caught] == [expected]


def test_warns_once_for_each_axis_and_quantity() -> None:
    """Kills: a warning at every check, or one warning that silences the other axes and the other quantity."""
    watch, high = Watch(LEVEL), np.full(4, 1e-5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for time in (0.1, 0.2, 0.3):
            watch.check(time, 1.0, high, NOTHING)
        assert len(caught) == 4
        watch.check(0.4, 1.0, high, high)
    assert len(caught) == 8
    assert len({str(warning.message) for warning in caught}) == 8


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize(
    ("quantity", "key"), [("edge mass", "widen grid.{}.extent"), ("spectral tail", "raise grid.{}.points")]
)
def test_error_level_stops(index: int, quantity: str, key: str) -> None:
    """Kills: an error level that only warns, or is compared with another quantity."""
    high = np.eye(4)[index] * 1.1e-2
    edge, tail = (high, NOTHING) if quantity == "edge mass" else (NOTHING, high)
    expected = rf"{quantity} of axis {'qpxy'[index]} at t = 2: .* got 0\.011; {key.format('qpxy'[index])}"
    with pytest.raises(ResolutionError, match=expected):
        Watch(1.0).check(2.0, 1.0, edge, tail)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["norm", "edge", "tail"])
def test_numbers_that_are_not_finite_stop(bad: float, where: str) -> None:
    """Kills: a comparison with NaN, always false, that lets a run go on."""
    values = {"norm": 1.0, "edge": NOTHING, "tail": NOTHING}
    values[where] = bad if where == "norm" else np.array([0, 0, bad, 0])
    with pytest.raises(ResolutionError, match=r"W is not finite at t = 0\.5"):
        Watch(LEVEL).check(0.5, **values)


@pytest.mark.parametrize("norm", [0.9989, 1.0011])
def test_a_wrong_norm_stops(norm: float) -> None:
    """Kills: a norm watched on one side only, or silently repaired."""
    Watch(LEVEL).check(0.5, 1 + (norm - 1) * 0.9, NOTHING, NOTHING)
    with pytest.raises(ResolutionError, match=f"norm at t = 0.5: expected 1, got {norm}"):
        Watch(LEVEL).check(0.5, norm, NOTHING, NOTHING)


def test_a_packet_that_leaves_the_box_stops_the_run_and_keeps_the_outputs_before() -> None:
    """Kills: a packet that comes back on the other side unnoticed; results lost when a run stops."""
    model = Model(  # the term in q**4 is nothing, but the loss is no longer certain beforehand, and the run refused
        "1e-12*q**4", "k*x**2/2", parameters={"k": 1.1}, classical_mass=1.3, quantum_mass=0.7, hbar=systems.HBAR
    )
    state = product(
        ClassicalGaussian([0.0, 2.6], [0.3, 0.25]),
        coherent(0.4, 0.0, mass=0.7, frequency=math.sqrt(1.1 / 0.7), hbar=systems.HBAR),
    )
    grid = Grid(Axis(-4.0, 5.0, 24), Axis(-1.0, 6.0, 32), Axis(-4.2, 4.4, 22), Axis(-4.0, 3.9, 20))
    with (
        pytest.warns(ResolutionWarning, match="axis q|classical trajectories at its ends"),
        pytest.raises(ResolutionError, match=r"grid\.q\.extent") as stop,
    ):
        evolve(model, state, grid=grid, duration=4.0, outputs=16, tolerance=1e-4, dt=0.05)
    solution = stop.value.solution
    assert solution is not None
    assert 3 <= solution.time.size < 12
    assert np.array_equal(solution.time, np.linspace(0, 4, 17)[: solution.time.size])
    assert np.abs(solution.mean[:, 0] - 2.0 * solution.time).max() < 2e-2  # <q> = <p> t/M
    assert solution.dataset["edge_mass"].max() <= 1e-2


def test_nan_in_the_initial_state_is_refused() -> None:
    """Kills: NaN that passes the check of the norm because comparisons with it are false."""
    grid = systems.grid(8, 10, 12, 14)
    W = systems.gaussian_density(grid)
    W[3, 4, 5, 6] = np.nan
    with pytest.raises(StateError, match="integral 1 on the grid, got nan"):
        evolve(systems.oscillators(), W, grid=grid, duration=1.0)


def test_nan_on_the_way_stops_the_loop_at_its_next_look() -> None:
    """Kills: NaN that spreads over the whole of W while outputs go on."""
    grid, model = systems.grid(24, 26, 28, 30), systems.oscillators()
    engine = TiledEngine(grid)
    W = engine.of(systems.gaussian_density(grid))
    record = Record(model, grid, set())
    loop = TimeLoop({"run": Track(Propagator(model, engine, STRANG, 0.05), W, record, Watch(0.009))})
    moments = loop.outputs(np.array([0.0, 0.1, 0.2]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResolutionWarning)
        assert next(moments) == 0.0
        W[1, 2, 3, 4] = np.nan
        with pytest.raises(ResolutionError, match="W is not finite"):
            list(moments)
    assert record.times == [0.0]
