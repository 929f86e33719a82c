"""Grids that change in the middle of a run: exact transfers, decisions, and a packet that leaves its box."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from support import systems

from wignercq import Axis, FixedAxis, Grid, Model, evolve
from wignercq.grid.interpolation import interpolation
from wignercq.planning.memory import Need
from wignercq.propagation.engines import TiledEngine
from wignercq.run.adaptation import Adapter, Freedom, grown, refined
from wignercq.states import gaussian

AXIS = Axis(-2.3, 3.1, 18)


def waves(points: np.ndarray, axis: Axis) -> np.ndarray:
    """Everything an axis can hold below its Nyquist frequency: a sum of waves with the period of the axis."""
    k = 2 * np.pi / axis.length * np.arange(1, (axis.points + 1) // 2)
    phases = np.outer(points - axis.lower, k)
    return 0.3 + np.cos(phases) @ np.sin(1.0 + k) + np.sin(phases) @ np.cos(2.0 * k)


@pytest.mark.parametrize("points", [18, 19])
def test_refinement_is_exact_for_every_wave_the_axis_holds(points: int) -> None:
    """Kills: local interpolation, a lost or doubled frequency."""
    axis = Axis(-2.3, 3.1, points)
    fine = refined(axis)
    assert (fine.lower, fine.upper) == (axis.lower, axis.upper)
    assert fine.points >= 1.25 * points
    difference = interpolation(axis, fine.values) @ waves(axis.values, axis) - waves(fine.values, axis)
    assert np.abs(difference).max() < 1e-13 * points


def test_nyquist_wave_keeps_its_values() -> None:
    """Kills: a refinement that drops the Nyquist frequency, so that common points change."""
    values = np.random.default_rng(1).normal(size=18)
    twice = Axis(AXIS.lower, AXIS.upper, 36)
    found = interpolation(AXIS, twice.values) @ values
    assert np.abs(found[::2] - values).max() < 1e-13


@pytest.mark.parametrize(("ends", "below"), [([True, False], True), ([False, True], False)])
def test_a_box_grows_by_whole_cells_where_it_must(ends: list[bool], below: bool) -> None:
    """Kills: growth at the wrong end, a changed spacing, points that move, values that are not copied exactly."""
    larger = grown(AXIS, np.array(ends))
    assert larger.spacing == pytest.approx(AXIS.spacing, rel=1e-14)
    assert (larger.lower < AXIS.lower - 0.2 * AXIS.length) == below
    assert (larger.upper > AXIS.upper + 0.2 * AXIS.length) == (not below)
    values = np.random.default_rng(2).normal(size=18)
    found = interpolation(AXIS, larger.values) @ values
    start = larger.points - 18 if below else 0
    assert np.array_equal(found[start : start + 18], values)
    assert np.count_nonzero(found) == 18


def test_both_ends_grow_together() -> None:
    """Kills: one end that takes all."""
    larger = grown(AXIS, np.array([True, True]))
    assert larger.lower <= AXIS.lower - 0.2 * AXIS.length
    assert larger.upper >= AXIS.upper + 0.2 * AXIS.length


def test_w_moves_to_another_grid_unchanged() -> None:
    """Kills: mixed-up axes. A correlated Gaussian, three axes changed in three ways, against its own formula."""
    covariance = np.diag([0.45, 0.5, 0.4, 0.55]) + 0.08 * (1 - np.eye(4))
    mean = np.array([0.2, -0.3, 0.1, 0.4])
    grid = Grid(Axis(-4.4, 4.9, 26), Axis(-5.2, 4.7, 28), Axis(-4.2, 4.6, 32), Axis(-4.6, 5.4, 34))
    ends = np.array([[True, False], [False, True], [False, False], [True, True]])
    target = Grid(*(grown(a, e) if e.any() else a for a, e in zip(grid, ends, strict=True)))
    target = Grid(target.q, target.p, refined(target.x), refined(target.y))
    engine = TiledEngine(grid)
    W = engine.of(systems.gaussian_density(grid, mean, covariance))
    into = engine.transferred(W, TiledEngine(target))
    wanted = systems.gaussian_density(target, mean, covariance)
    assert np.abs(into - wanted).max() < 2e-8 * wanted.max()
    assert into.sum() * target.cell == pytest.approx(W.sum() * grid.cell, rel=1e-7)


def test_only_what_the_user_left_open_may_change() -> None:
    """Kills: extents or points that were given and are overruled."""
    fixed = {"q": FixedAxis((-3, 3), 24), "p": FixedAxis((-3, 3)), "x": FixedAxis(points=24)}
    freedom = Freedom.beyond(fixed)
    assert freedom.extents == {"y"}
    assert freedom.points == {"p", "y"}
    adapter = Adapter(freedom, 1e-6, lambda grid: Need(1, 2), TiledEngine)
    grid = systems.grid(24, 26, 28, 32)
    alarm = np.full((4, 2), 1e-3), np.full(4, 1e-3)
    better = adapter.improved(0.3, grid, *alarm)
    assert better is not None
    assert (better.q, better.x) == (grid.q, grid.x)
    assert (better.p.lower, better.p.upper) == (grid.p.lower, grid.p.upper)
    assert better.p.points > grid.p.points
    assert better.y.length > grid.y.length
    assert better.y.spacing < grid.y.spacing
    assert adapter.improved(0.3, grid, np.full((4, 2), 1e-8), np.full(4, 1e-8)) is None


def test_beyond_the_memory_limit_the_grid_stays_and_the_record_says_so() -> None:
    """Kills: a box that grows until the machine is out of memory, in silence."""
    adapter = Adapter(Freedom.full(), 1e-6, lambda grid: Need(3 * 2**30, 2**30), TiledEngine)
    assert adapter.improved(0.3, systems.grid(), np.full((4, 2), 1e-3), np.zeros(4)) is None
    assert adapter.notes[-1].endswith("not done, beyond the memory limit, 3.0 GiB of 1.0 GiB")


def test_a_mesh_that_is_refined_without_end_is_not_followed_to_the_last_byte() -> None:
    """Kills: hours on grids that fill the machine. Fineness doubles by t = 1 of 20, memory suffices for some more.

    At this pace the finest frequency of x and of y is, half of the rest later, 1 + (1 - 1.25**-3) 9.5/1 times as high.
    """
    alarm = np.zeros((4, 2)), np.array([0, 0, 1e-3, 1e-3])
    for end, hopeless in ((20.0, True), (2.0, False)):
        start = systems.grid(16, 16, 64, 64)
        adapter = Adapter(Freedom.full(), 1e-6, lambda grid, n=start.size: Need(grid.size, 8 * n), TiledEngine, end=end)
        grid = start
        for time in (0.2, 0.5, 1.0):
            better = adapter.improved(time, grid, *alarm)
            assert (better is None) == (hopeless and time == 1.0)
            grid = better or grid
        ratio = 64 / refined(refined(refined(start.x))).points
        found = adapter._expected_growth("x", 1.0)
        assert found == pytest.approx(1 + (1 - ratio) * 0.5 * (end - 1.0), rel=1e-12)
    assert adapter.refinements[-1].axis == "y"


def test_the_note_says_what_folds_and_what_helps() -> None:
    """Kills: a line that names no axis, no number and no remedy."""
    adapter = Adapter(Freedom.full(), 1e-6, lambda grid: Need(grid.size, 2 * 2**20), TiledEngine, end=9.0)
    grid, alarm = systems.grid(16, 16, 64, 64), (np.zeros((4, 2)), np.array([0, 0, 1e-3, 0]))
    for time in (0.5, 1.0, 1.5):
        grid = adapter.improved(time, grid, *alarm) or grid
    assert adapter.exhausted
    note = adapter.notes[-1]
    assert note.startswith("t = 1.5: x to spacing ")
    assert (
        "not done, beyond the memory limit, 2.0 MiB of 2.0 MiB (x was refined 3 times); raise the decoherence" in note
    )
    assert "\n" not in note


def test_what_is_left_half_done_is_not_on_record() -> None:
    """Kills: a change that is listed, or counted as a refinement, though the run was stopped before it was made."""
    adapter = Adapter(Freedom.full(), 1e-6, lambda grid: Need(1, 2), TiledEngine)
    grid, alarm = systems.grid(), (np.zeros((4, 2)), np.full(4, 1e-3))
    better = adapter.improved(0.5, grid, *alarm)
    assert better is not None
    notes, refinements = list(adapter.notes), list(adapter.refinements)
    assert len(refinements) == 4
    adapter.improved(0.5, better, *alarm)
    adapter.withdraw()
    assert (adapter.notes, adapter.refinements) == (notes, refinements)


def packet() -> tuple[Model, object]:
    """A packet that flies off to the right in q while x swings in a quartic well."""
    model = systems.model("0.05*q**2", "0.3*x**2 + 0.02*x**4", "0.05*(q - x)**2", friction=0.2, decoherence=0.6)
    return model, gaussian([0.0, 1.6, 0.5, 0.0], [0.3, 0.35, 0.45, 0.5], hbar=systems.HBAR)


@pytest.mark.slow
def test_a_packet_that_leaves_its_box_is_followed() -> None:
    """Kills: W that wraps around, steps kept from a box that was too small. Against a large box from the start."""
    model, state = packet()
    small = Grid(Axis(-2.8, 3.2, 30), Axis(-2.8, 4.8, 22), Axis(-3.6, 4.4, 24), Axis(-4.2, 4.0, 20))
    large = Grid(Axis(-5.0, 7.0, 48), Axis(-5.6, 6.0, 42), Axis(-4.9, 4.7, 36), Axis(-5.2, 5.4, 32))
    settings = {"duration": 1.5, "outputs": 3, "dt": 0.1, "keep_state": True}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        followed = evolve(model, state, grid=small, tolerance=1e-4, adapt=True, **settings)
    reference = evolve(model, state, grid=large, tolerance=1e-2, **settings)
    changes = followed.dataset.attrs["grid_changes"].splitlines()
    assert any("q to" in line and "edge mass" in line for line in changes)
    assert any("spacing" in line for line in changes)
    found, W = followed.W, followed.W.values
    for i, (name, axis) in enumerate(zip("qpxy", large, strict=True)):
        values = found[name].values
        own = Axis(values[0], 2 * values[-1] - values[-2], values.size)
        W = np.moveaxis(np.tensordot(interpolation(own, axis.values), W, axes=(1, i)), 0, i)
    assert np.abs(W - reference.W.values).max() < 1e-4 * W.max()
    for name in ("mean", "covariance", "energy"):
        assert np.abs(followed.dataset[name] - reference.dataset[name]).max() < 3e-4
    early = followed.dataset["density_qp"].values[0]
    assert early.sum() * np.diff(found["q"].values)[0] * np.diff(found["p"].values)[0] == pytest.approx(1, abs=1e-6)
