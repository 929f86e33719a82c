"""Given grids that will lose W: refused or warned of at once, before a search for the time step."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model, evolve
from wignercq.errors import GridError, ResolutionError, ResolutionWarning, StateError
from wignercq.observables.marginals import Marginals
from wignercq.planning.forecast import look_ahead
from wignercq.planning.pilot import Pilot

BOX = ((-5.5, 6.0), (-5.8, 5.3), (-5.2, 4.9), (-5.0, 5.1))
SOON = 2.0  # seconds; much less where nothing else goes on


def grid(points: int = 32, **extents: tuple[float, float]) -> Grid:
    return Grid(*(Axis(*extents.get(name, box), points) for name, box in zip("qpxy", BOX, strict=True)))


def ahead(model: Model, end: float, *, refuses: bool = True, **extents: tuple[float, float]) -> None:
    coarse = grid(20, **extents)
    marginals = Marginals.of(systems.displaced().wigner(coarse), coarse)
    look_ahead(model, systems.displaced(), marginals, end, 1e-4, refuses=refuses)


def barrier(**changes: float) -> Model:
    """An inverted oscillator along q."""
    return systems.model("-0.4*q**2", "0.5*x**2", "0.1*q*x", **changes)


@pytest.fixture(autouse=True)
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilot runs are not reached."""
    monkeypatch.setattr(Pilot, "plan", lambda *_: pytest.fail("the search for a step"))


@pytest.mark.parametrize(
    ("coarse", "match"),
    [
        (grid(x=(-2.9, 1.5)), r"integral 1 on the grid, got 0\.998.*; check the extents and points"),
        (grid(y=(-15.0, 15.0)), r"spectral tail of axis y at t = 0: .*; raise grid\.y\.points"),
    ],
)
def test_a_grid_that_does_not_hold_the_beginning_is_refused_at_once(coarse: Grid, match: str) -> None:
    """Kills: pilot runs, tables or a choice of grids before a line that could have come at once, at 32 points."""
    start = time.perf_counter()
    with pytest.raises((ResolutionError, StateError), match=match):
        evolve(systems.quartic(), systems.displaced(), grid=coarse, duration=1.0)
    assert time.perf_counter() - start < SOON


def test_a_grid_that_the_mean_leaves_is_refused_at_once() -> None:
    """Kills: minutes of a run whose end is known, a wrong axis or time. q(t) = q0 cosh(kt) + p0 sinh(kt)/(Mk)."""
    free = Model("-0.4*q**2", "0.5*x**2", classical_mass=1.3, quantum_mass=0.7, hbar=systems.HBAR)
    k, q0, p0 = math.sqrt(0.8 / 1.3), systems.MEAN[0], systems.MEAN[1]
    times = np.linspace(0, 6, 100_000)
    leaves = times[np.argmax(q0 * np.cosh(k * times) + p0 * np.sinh(k * times) / (1.3 * k) > 6.0)]
    start = time.perf_counter()
    with pytest.raises(GridError) as refused:
        evolve(free, systems.displaced(), grid=grid(p=(-9.0, 9.0)), duration=6.0)
    assert time.perf_counter() - start < SOON
    text = str(refused.value)
    assert text.startswith("grid.q.extent: expected ends that hold W until t = 6, got [-5.5, 6], left by the mean of W")
    assert abs(float(text.split("t = ")[2].split(";")[0]) - leaves) < 0.02
    given = text.split("widen it to [")[1].split("]")[0]
    low, high = map(float, given.split(", "))
    assert low < q0 - 3 * math.sqrt(0.6)
    assert high > q0 * math.cosh(6 * k)


def test_a_grid_that_trajectories_leave_is_warned_of() -> None:
    """Kills: silence where the model is not quadratic, or a refusal where nothing is certain."""
    model = systems.model("-0.4*q**2 + 1e-3*q**4", "0.5*x**2", "0.1*q*x")
    match = r"grid\.q\.extent: expected ends that hold W until t = 6, got \[-5\.5, 6\], with 3% of classical"
    with pytest.warns(ResolutionWarning, match=match) as warned:
        ahead(model, 6.0)
    assert 1.2 < float(str(warned[0].message).split("t = ")[2].split(";")[0]) < 2.0  # the run is lost at 1.5
    ahead(model, 0.6)


def test_a_potential_that_throws_trajectories_away_says_no_extent() -> None:
    """Kills: an extent computed from numbers that are none, a crash where trajectories meet a pole."""
    with pytest.warns(ResolutionWarning, match=r"at its ends at t = .*; shorten the run$"):
        ahead(systems.model("-8*q**4", "0.5*x**2", "0"), 3.0)
    ahead(systems.model("0.4*q**2", "log(x) + x**2", "0"), 0.2)


def test_an_explorer_is_warned_and_not_refused() -> None:
    """Kills: a refusal of what was to go on unresolved."""
    with pytest.warns(ResolutionWarning, match=r"grid\.q\.extent: .* left by the mean of W at t = 3\.1; widen it to"):
        ahead(barrier(), 6.0, refuses=False)


def test_grids_that_hold_w_are_not_spoken_of() -> None:
    """Kills: warnings of good grids, of axes that may grow, an ensemble started somewhere else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in (systems.oscillators(), systems.quartic(), systems.quartic(friction=0.0)):
            ahead(model, 3.0)
        coarse = grid(20)
        marginals = Marginals.of(systems.displaced().wigner(coarse), coarse)
        look_ahead(barrier(), systems.displaced(), marginals, 2.5, 1e-4, axes=("x", "y"))


def test_w_given_as_an_array_is_foreseen_by_its_moments() -> None:
    """Kills: an array that has no law to draw from, or is not looked at."""
    coarse = grid(20)
    W = systems.displaced().wigner(coarse)
    with pytest.raises(GridError, match=r"grid\.q\.extent: .* left by the mean of W at t = 3\.1; widen it to"):
        look_ahead(barrier(), W, Marginals.of(W, coarse), 6.0, 1e-4)
