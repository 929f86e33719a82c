"""Averages over densities that carry errors, under walls that would magnify them beyond all measure."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wignercq import Axis
from wignercq.observables.averages import average, average_along, left_out

MEAN, WIDTH = 0.3, 0.7
AXIS = Axis(-14.0, 9.0, 220)
OTHER = Axis(-5.0, 6.0, 80)


def density(noise: float) -> np.ndarray:
    """A normal density and errors of this size relative to its maximum, on the axis."""
    exact = np.exp(-(((AXIS.values - MEAN) / WIDTH) ** 2) / 2) / (WIDTH * math.sqrt(2 * math.pi))
    return exact + noise * exact.max() * np.random.default_rng(3).standard_normal(exact.size)


def exponential(k: float) -> tuple[np.ndarray, float]:
    """A wall exp(-k x) on the axis, and its average over the normal density."""
    return np.exp(-k * AXIS.values), math.exp(-k * MEAN + (k * WIDTH) ** 2 / 2)


@pytest.mark.parametrize("k", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("noise", [0.0, 1e-16, 1e-10, 1e-7])
def test_an_exponential_wall_does_not_magnify_errors(noise: float, k: float) -> None:
    """Kills: errors 1e8 times magnified, a cut too far in or out, a bound that is none or a hundred times too large.

    Of ``<exp(-k x)>`` the part beyond r widths is ``erfc((r - k width)/sqrt(2))/2``.
    """
    (wall, expected), measured = exponential(k), density(noise)
    least = max(-measured.min() / measured.max(), np.finfo(float).eps)
    reach = math.sqrt(2 * math.log(1 / (10 * least)))
    missing = expected * math.erfc((reach - k * WIDTH) / math.sqrt(2)) / 2
    error = abs(average(wall, measured, AXIS.spacing) - expected)
    assert error < 3 * missing + 1e-15 * expected
    assert error < 1.05 * left_out(wall, measured, AXIS.spacing) < 4 * missing + 1e-14 * expected
    if noise * k > 1e-10:
        assert abs((wall * measured).sum() * AXIS.spacing - expected) > 300 * missing


@pytest.mark.parametrize("noise", [1e-16, 1e-9, 1e-6])
@pytest.mark.parametrize("k", [5.0, 8.0, 12.0])
def test_what_lies_below_the_errors_is_said_to(k: float, noise: float) -> None:
    """Kills: an average that depends on what rounding has taken, with a bound that does not say so."""
    wall, expected = exponential(k)
    found = average(wall, density(noise), AXIS.spacing)
    bound = left_out(wall, density(noise), AXIS.spacing)
    assert 0 < found < 1.1 * expected
    assert abs(found - expected) < 1.1 * bound


@pytest.mark.parametrize("noise", [0.0, 1e-10, 1e-7])
def test_a_wall_does_not_magnify_the_errors_of_a_current(noise: float) -> None:
    """Kills: a current averaged where its density is nothing but errors. ``<x exp(-k x)>`` in closed form.

    What lies beyond r widths is at most r widths times that part of ``<exp(-k x)>``, as above.
    """
    k, measured = 1.5, density(noise)
    wall, mean_wall = exponential(k)
    expected = mean_wall * (MEAN - k * WIDTH**2)
    current = AXIS.values * density(0.0) + noise * np.random.default_rng(4).standard_normal(AXIS.points)
    found = average_along(wall, current, measured, AXIS.spacing)
    reach = math.sqrt(2 * math.log(1 / (10 * max(-measured.min() / measured.max(), np.finfo(float).eps))))
    missing = mean_wall * math.erfc((reach - k * WIDTH) / math.sqrt(2)) / 2
    assert abs(found - expected) < 3 * missing * reach * WIDTH
    plain = float((wall * current).sum()) * AXIS.spacing
    assert (abs(plain - expected) > 0.01 * abs(expected)) == (noise > 0)


def test_a_wall_along_a_diagonal() -> None:
    """Kills: points counted by rows, of which each has its part of the wall. <exp(-k(x - u))> in closed form."""
    other = np.exp(-(OTHER.values**2)) / math.sqrt(math.pi)
    plane = np.outer(density(0.0), other)
    plane += 1e-12 * plane.max() * np.random.default_rng(4).standard_normal(plane.shape)
    wall = np.exp(-1.5 * (AXIS.values[:, None] - OTHER.values))
    cell = AXIS.spacing * OTHER.spacing
    expected = math.exp(-1.5 * MEAN + 1.5**2 * (WIDTH**2 + 0.5) / 2)
    assert abs((wall * plane).sum() * cell - expected) > 1e-5 * expected
    assert abs(average(wall, plane, cell) - expected) < 1e-7 * expected
    assert left_out(wall, plane, cell) < 1e-5 * expected


def test_a_wall_between_two_wells_and_one_beyond_floats() -> None:
    """Kills: points summed because they lie between others, infinity times zero."""
    noise = 1e-6 * np.random.default_rng(5).standard_normal(AXIS.points)
    lobes = np.exp(-((AXIS.values - 0.3) ** 2)) + np.exp(-((AXIS.values + 8.7) ** 2))
    away = AXIS.values + 4.2
    with np.errstate(over="ignore"):
        walls = 1e5 * np.exp(-((away / 0.1) ** 2)) + np.exp(np.abs(away / 9) ** 100)
    assert np.isinf(walls[[0, -1]]).all()
    between = np.abs(away) < 8
    expected = float((walls[between] * lobes[between]).sum()) * AXIS.spacing
    assert abs(average(walls, lobes + noise, AXIS.spacing) - expected) < 1e-4 * expected
    assert average(walls, lobes + 10 * noise, AXIS.spacing) > 0.9 * expected


def test_moderate_values_are_summed_everywhere() -> None:
    """Kills: numbers of ordinary runs changed: a box twice too wide, a density negative by its time error."""
    values = (AXIS.values - 0.2) ** 2
    for noise in (0.0, 1e-12, 1e-5):
        assert average(values, density(noise), AXIS.spacing) == float((values * density(noise)).sum() * AXIS.spacing)
        assert left_out(values, density(noise), AXIS.spacing) == 0.0
    assert average(0 * values, density(0.0), AXIS.spacing) == 0.0
