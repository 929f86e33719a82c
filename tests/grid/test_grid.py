"""Axes and grids: points, frequencies and the choice of the number of points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wignercq.errors import GridError
from wignercq.grid.grid import NAMES, Axis, Grid

GRID = Grid(Axis(-1.0, 3.0, 8), Axis(-2.0, 2.5, 9), Axis(-3.0, 1.0, 10), Axis(-0.5, 5.0, 12))


@pytest.mark.parametrize("points", [8, 9, 30, 31])
def test_points_and_frequencies_make_a_transform(points: int) -> None:
    """Kills a repeated end point, a frequency without 2 pi or in another order: a derivative by FFT must be exact."""
    axis = Axis(-1.3, 2.1, points)
    wave = 2 * np.pi * 3 / axis.length
    values = np.sin(wave * axis.values)
    derivative = np.fft.ifft(1j * axis.frequencies * np.fft.fft(values)).real
    halved = np.fft.irfft(1j * axis.half_frequencies * np.fft.rfft(values), n=points)
    assert np.abs(derivative - wave * np.cos(wave * axis.values)).max() < 1e-12
    assert np.abs(halved - derivative).max() < 1e-12
    assert axis.values[0] == -1.3
    assert axis.values[-1] + axis.spacing == pytest.approx(2.1, abs=1e-14)
    assert np.abs(axis.frequencies).max() == pytest.approx(axis.nyquist * (1 - (points % 2) / points), rel=1e-14)


@pytest.mark.parametrize(
    ("length", "frequency"), [(1.0, 1.0), (7.3, 20.0), (12.0, 41.7), (2.0, 999.0), (5.0, 31.416), (3.0, 15.0)]
)
def test_resolving_axis(length: float, frequency: float) -> None:
    """Kills an axis one point short of its frequency, an odd or slow number of points, or far too many."""
    axis = Axis.resolving(-0.4, -0.4 + length, frequency)
    assert axis.nyquist >= frequency * (1 - 1e-12)
    assert axis.lower == -0.4
    assert axis.length == pytest.approx(length, rel=1e-14)
    assert axis.points % 2 == 0
    assert axis.points <= max(8, 1.2 * length * frequency / math.pi + 2)
    rest = axis.points
    for prime in (2, 3, 5):
        while rest % prime == 0:
            rest //= prime
    assert rest == 1


def test_grid_order_is_q_p_x_y() -> None:
    """Kills any other axis order: all extents and sizes differ."""
    assert NAMES == ("q", "p", "x", "y")
    assert tuple(GRID) == (GRID.q, GRID.p, GRID.x, GRID.y)
    assert GRID.shape == (8, 9, 10, 12)
    assert GRID.size == 8640
    assert GRID.cell == pytest.approx(0.5 * 0.5 * 0.4 * 5.5 / 12, rel=1e-15)
    assert [z.shape for z in GRID.mesh] == [(8, 1, 1, 1), (1, 9, 1, 1), (1, 1, 10, 1), (1, 1, 1, 12)]
    assert [float(z.ravel()[1]) for z in GRID.mesh] == pytest.approx([-0.5, -1.5, -2.6, -0.5 + 5.5 / 12])


@pytest.mark.parametrize(
    ("lower", "upper", "points", "message"),
    [
        (0.0, 1.0, 7, "points: expected a whole number from 8 to 1000000000, got 7"),
        (0.0, 1.0, 16.0, "points: expected a whole number from 8 to 1000000000, got 16.0"),
        (0.0, 1.0, True, "points: expected a whole number from 8 to 1000000000, got True"),
        (0.0, 1.0, "16", "points: expected a whole number from 8 to 1000000000, got '16'"),
        (1.0, 0.0, 8, r"extent: expected two finite ends, the lower first, got \[1.0, 0.0\]"),
        (1.0, 1.0, 8, r"extent: expected two finite ends, the lower first, got \[1.0, 1.0\]"),
        (0.0, math.inf, 8, r"extent: expected two finite ends, the lower first, got \[0.0, inf\]"),
        (math.nan, 1.0, 8, r"extent: expected two finite ends, the lower first, got \[nan, 1.0\]"),
        ("0", 1.0, 8, r"extent: expected two finite ends, the lower first, got \['0', 1.0\]"),
        (None, 1.0, 8, r"extent: expected two finite ends, the lower first, got \[None, 1.0\]"),
        (0.0, 1j, 8, r"extent: expected two finite ends, the lower first, got \[0.0, 1j\]"),
        (0.0, [1.0], 8, r"extent: expected two finite ends, the lower first, got \[0.0, \[1.0\]\]"),
        (0.0, 10**400, 8, r"extent: expected two finite ends, the lower first, got \[0.0, a very large number\]"),
        (False, 1.0, 8, r"extent: expected two finite ends, the lower first, got \[False, 1.0\]"),
        (-1e308, 1e308, 8, r"extent: expected two finite ends, the lower first, got \[-1e\+308, 1e\+308\]"),
        (0.0, 1e-320, 8, r"extent: expected room for 8 points, got \[0.0, 1e-320\]"),
        (-(2.0**53) - 8, -(2.0**53) + 8, 10, r"extent: expected room for 10 points, got \[-9007199254741000.0, "),
        (1e16, 1e16 + 4, 64, r"extent: expected room for 64 points, got \[1e\+16"),
    ],
)
def test_impossible_axes_are_refused(lower: float, upper: float, points: int, message: str) -> None:
    """Kills an axis that is empty, reversed, infinite or too short."""
    with pytest.raises(GridError, match=message):
        Axis(lower, upper, points)


@pytest.mark.parametrize("frequency", [math.inf, math.nan, 1e30, -1.0, "1", None, 10**400])
def test_impossible_frequencies_are_refused(frequency: float) -> None:
    """Kills an OverflowError, or an axis of the least size, for a frequency that is not one."""
    with pytest.raises(GridError, match=r"^frequency: expected a number >= 0 that at most 1000000000 points resolve"):
        Axis.resolving(-1.0, 2.5, frequency)


def test_axes_hold_plain_numbers() -> None:
    """Kills NumPy's numbers that leak from an axis into files and messages."""
    axis = Axis(np.float32(-0.5), np.int64(2), np.int32(9))
    assert repr((axis.lower, axis.upper, axis.points)) == "(-0.5, 2.0, 9)"
    assert axis.spacing == pytest.approx(2.5 / 9, rel=1e-15)


def test_a_grid_has_four_axes() -> None:
    """Kills a grid of bare extents, which fails only when it is first used."""
    with pytest.raises(GridError, match=r"^x: expected an Axis, got \(-3.0, 1.0, 10\)$"):
        Grid(GRID.q, GRID.p, (-3.0, 1.0, 10), GRID.y)  # type: ignore[arg-type]


def test_grids_are_values() -> None:
    """Kills grids that can be changed, or that compare by identity and would not match a checkpoint's."""
    again = Grid(*(Axis(axis.lower, axis.upper, axis.points) for axis in GRID))
    assert again == GRID
    assert hash(again) == hash(GRID)
    assert Axis(-1.0, 3.0, 10) != GRID.q
    with pytest.raises(AttributeError):
        GRID.q.points = 9  # type: ignore[misc]
