"""A chosen grid that is too large is refused with the axis to give, and a large one announced, before anything runs."""

from __future__ import annotations

import time

import pytest

from wignercq import Axis, FixedAxis, Grid, Model, evolve
from wignercq.errors import GridError, MemoryLimitError, SizeWarning
from wignercq.planning.numerics import Numerics
from wignercq.planning.size import announce, announce_run
from wignercq.states import ClassicalGaussian, State, coherent, product

LARGE = Grid(Axis(-4.0, 5.0, 50), Axis(-5.0, 5.0, 60), Axis(-30.0, 31.0, 200), Axis(-20.0, 21.0, 150))
COUPLED = Model("q**2/2", "x**2/2", "q*x/4", diffusion=0.5)


def displaced(x: float) -> State:
    return product(ClassicalGaussian([0, 0], [0.5, 0.5]), coherent(x, 0, mass=1, frequency=1, hbar=1))


@pytest.mark.parametrize("quantum", ["x**2/2", "x**2/2 + x**4/4"])
def test_a_displacement_beyond_all_means_is_refused_in_seconds(quantum: str) -> None:
    """Kills: minutes of search for a grid that cannot be had, and a refusal that does not say what to give."""
    model = Model("q**2/2", quantum, "(q - x)**2/4", friction=0.3, diffusion=0.5)
    begun = time.perf_counter()
    told = r"^grid[^\n]*(run away along y; .* give extent and points|give extent and points of [xy] in grid)"
    with pytest.raises((MemoryLimitError, GridError), match=told):
        evolve(model, displaced(1000.0), duration=1.0, tolerance=1e-6, memory_limit=2**30, frame="fixed")
    assert time.perf_counter() - begun < 10


def test_only_what_is_left_open_is_asked_for() -> None:
    """Kills: advice to give an axis that was given."""
    axes = {name: FixedAxis((-40.0, 41.0), 200) for name in "px"}
    match = r"give extent and points of y in grid, left open and now \d+ points from -.*, raise tolerance, now 1e-06"
    with pytest.raises(MemoryLimitError, match=match):
        evolve(COUPLED, displaced(30.0), grid=axes, duration=1.0, memory_limit=2**27, adapt=False)


def test_a_large_grid_is_announced_before_the_pilot_runs() -> None:
    """Kills: ten minutes without a word about the size; a word about runs of seconds."""
    with pytest.warns(SizeWarning) as caught:
        announce(LARGE, {}, LARGE, Numerics(threads=2))
    (warning,) = caught
    said = str(warning.message)
    assert "50 x 60 x 200 x 150 points, 90 million cells and 3" in said
    assert "takes about 7.5 minutes" in said
    assert "points of x in grid, left open and now 200 points from -30 to 31" in said
    small = Grid(*(Axis(-4.0, 4.0, 24) for _ in range(4)))
    announce(small, {}, small, Numerics(threads=2))


def test_a_long_run_is_announced_with_its_steps() -> None:
    """Kills: a run of hours that begins without saying so."""
    with pytest.warns(SizeWarning, match=r"90 million cells, and 4000 steps take about 5 hours; raise tolerance"):
        announce_run(LARGE, 4000, Numerics(threads=2))
    announce_run(LARGE, 4, Numerics(threads=2))
    announce_run(LARGE, 40, Numerics(threads=64))


def test_a_search_that_would_take_an_hour_is_refused() -> None:
    """Kills: a run that has not begun after an hour; the same on a machine for which it is nothing."""
    huge = Grid(Axis(-40.0, 50.0, 400), *list(LARGE)[1:])
    message = r"grid: expected .* less than about 20 minutes, got up to 400 x .*, and about 60 minutes; give extent and"
    with pytest.raises(GridError, match=message):
        announce(huge, {}, huge, Numerics(threads=2))
    with pytest.warns(SizeWarning):
        announce(huge, {}, huge, Numerics(threads=32))


def test_an_axis_whose_points_alone_are_given_is_left_open_too() -> None:
    """Kills: no advice, or an error in place of it, where every number of points is given and no extent is."""
    axes = {name: FixedAxis(points=200) for name in "qpxy"}
    with pytest.raises(MemoryLimitError, match=r"give extent and points of q in grid, left open and now 200 points"):
        evolve(COUPLED, displaced(1.0), grid=axes, duration=1.0, memory_limit=2**27)
