"""Chosen grids without what a pilot run has shown not to be needed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems

from wignercq import Axis, FixedAxis, Grid, evolve
from wignercq.planning.grid_choice import KEPT, TRIMMED, Outlook, trimmed
from wignercq.planning.survey import Survey
from wignercq.propagation.engines import TiledEngine
from wignercq.states import ClassicalGaussian, fock, product

TOLERANCE = 1e-4
CENTRES, WIDTHS = np.array([0.6, -0.4, 1.1, -0.7]), np.array([0.7, 0.8, 0.5, 0.9])
RADIUS = math.sqrt(2 * math.log(1 / (TRIMMED * TOLERANCE)))
WIDE = Grid(*(Axis(c - 14 * w, c + 13 * w, 90) for c, w in zip(CENTRES, WIDTHS, strict=True)))


def survey_on(grid: Grid) -> Survey:
    """What a Gaussian with independent variables shows."""
    lines = [np.exp(-(((a.values - c) / w) ** 2) / 2) for a, c, w in zip(grid, CENTRES, WIDTHS, strict=True)]
    spectra = [np.exp(-((a.half_frequencies * w) ** 2)) for a, w in zip(grid, WIDTHS, strict=True)]
    amplitudes = [np.sqrt(np.cumsum(s[::-1])[::-1] / s.sum()) for s in spectra]
    return Survey([line / line.sum() for line in lines], amplitudes, 0.0)


def test_what_is_empty_goes_and_a_margin_stays() -> None:
    """Kills: a box or spectrum cut into W or left as it was, ends mixed up, a margin forgotten or doubled."""
    grid = trimmed(WIDE, {}, WIDE, survey_on(WIDE), TOLERANCE)
    for axis, centre, width in zip(grid, CENTRES, WIDTHS, strict=True):
        needed = 2 * RADIUS * width / KEPT
        assert 0.9 * needed < axis.length < 1.25 * needed
        assert abs((axis.lower + axis.upper) / 2 - centre) < 0.08 * needed
        assert 0.9 < axis.nyquist * width * KEPT / RADIUS < 1.35


def test_what_the_user_fixed_and_what_was_not_seen_stays() -> None:
    """Kills: an extent or points of the user's changed, and conclusions from what a pilot run did not resolve."""
    fixed = {"q": FixedAxis(extent=(WIDE.q.lower, WIDE.q.upper)), "p": FixedAxis(points=90)}
    grid = trimmed(WIDE, fixed, WIDE, survey_on(WIDE), TOLERANCE)
    assert (grid.q.lower, grid.q.upper) == (WIDE.q.lower, WIDE.q.upper)
    assert grid.q.points < 90
    assert grid.p == WIDE.p
    tight = Grid(*(Axis(c - 4 * w, c + 4 * w, 12) for c, w in zip(CENTRES, WIDTHS, strict=True)))
    assert 3 < tight.q.nyquist * WIDTHS[0] < RADIUS
    assert trimmed(WIDE, {}, tight, survey_on(tight), TOLERANCE) == WIDE


def test_a_survey_holds_the_most_of_its_moments() -> None:
    """Kills: the last moment taken for all of them, spectra or axes mixed up."""
    grid = systems.grid(16, 18, 20, 22)
    engine = TiledEngine(grid)
    shifted = (systems.gaussian_density(grid, systems.MEAN + shift) for shift in (-1.5, 1.5))
    surveys = [Survey.of(engine.of(W), engine) for W in shifted]
    both = surveys[0] | surveys[1]
    for axis, mass, one, other in zip(grid, both.masses, *(s.masses for s in surveys), strict=True):
        assert mass.size == axis.points
        assert np.array_equal(mass, np.maximum(one, other))
        assert one.sum() == pytest.approx(1, abs=1e-2)
    for axis, amplitude in zip(grid, both.amplitudes, strict=True):
        assert amplitude.size == axis.half_frequencies.size
        assert amplitude[0] == pytest.approx(1)


@pytest.mark.slow
def test_an_anharmonic_run_gets_by_with_a_fraction_of_the_bound() -> None:
    """Kills: several times the cells that a Fock state in a quartic well needs (trajectories), or too few of them."""
    classical = ClassicalGaussian([0.5, -0.2], [0.5, 0.6])
    state = product(classical, fock(1, mass=0.7, frequency=1.3, hbar=systems.HBAR))
    model, duration = systems.quartic(), 1.5
    solution = evolve(model, state, duration=duration, outputs=3, tolerance=TOLERANCE, frames=0)
    sizes = [int(n) for n in solution.dataset.attrs["grid"].split(" x ")]
    trajectories = Outlook.of(model, state, duration, TOLERANCE, order=1).grid({})
    assert math.prod(sizes) < 0.6 * trajectories.size
    assert solution.dataset.attrs["grid_changes"] == ""
    assert solution.dataset["edge_mass"].values.max() < 0.2 * TOLERANCE
    assert solution.dataset["spectral_tail"].values.max() < 0.2 * TOLERANCE
