"""The phase-space grid: four periodic axes (q, p, x, y) and their conjugate frequencies."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from wignercq.errors import GridError, brief

NAMES = ("q", "p", "x", "y")
MIN_POINTS = 8
MAX_POINTS = 10**9  # more cannot be meant
RELATIVE_TO = "relative_to"  # attribute of coordinates that are not those of the laboratory
UNIFORM = 1e-6  # of the spacing, by which given points of an axis may be off


@dataclass(frozen=True)
class Axis:
    """A uniform periodic axis: ``lower + j * spacing`` for j from 0 to ``points - 1``; `upper` is the image of `lower`.

    Parameters
    ----------
    lower, upper : float
        Ends of the axis, in the units of the coordinate.
    points : int
        Number of points, from 8 to 10**9. Products of small primes are fastest.

    Raises
    ------
    GridError
        If an end is not a finite number, ``lower >= upper``, neighbouring points coincide, or `points` is not in its
        range.
    """

    lower: float
    upper: float
    points: int

    def __post_init__(self) -> None:
        lower, upper = _as_float(self.lower), _as_float(self.upper)
        if not isinstance(self.points, (int, np.integer)) or not MIN_POINTS <= self.points <= MAX_POINTS:
            raise GridError("points", f"a whole number from {MIN_POINTS} to {MAX_POINTS}", _brief(self.points))
        if not (math.isfinite(upper - lower) and lower < upper):
            raise GridError(
                "extent", "two finite ends, the lower first", f"[{_brief(self.lower)}, {_brief(self.upper)}]"
            )
        for name, value in (("lower", lower), ("upper", upper), ("points", int(self.points))):
            object.__setattr__(self, name, value)
        if not (self.spacing > math.ulp(max(abs(lower), abs(upper))) and math.isfinite(1 / self.spacing)):
            raise GridError("extent", f"room for {self.points} points", f"[{lower}, {upper}]")

    def __repr__(self) -> str:
        return f"Axis({self.lower:.6g}, {self.upper:.6g}, {self.points})"

    @property
    def length(self) -> float:
        """Period of the axis, ``upper - lower``."""
        return self.upper - self.lower

    @property
    def spacing(self) -> float:
        """Distance between neighbouring points."""
        return self.length / self.points

    @property
    def nyquist(self) -> float:
        """Largest frequency the axis resolves, ``pi / spacing``."""
        return math.pi / self.spacing

    @cached_property
    def values(self) -> np.ndarray:
        """The points, shape (points,)."""
        return self.lower + self.spacing * np.arange(self.points)

    @cached_property
    def frequencies(self) -> np.ndarray:
        """Angular frequencies conjugate to the axis in FFT order, shape (points,)."""
        return 2 * np.pi * np.fft.fftfreq(self.points, self.spacing)

    @cached_property
    def half_frequencies(self) -> np.ndarray:
        """Non-negative angular frequencies of a real transform, shape (points // 2 + 1,)."""
        return 2 * np.pi * np.fft.rfftfreq(self.points, self.spacing)

    @classmethod
    def through(cls, points: np.ndarray) -> Axis:
        """The axis whose points these are; GridError unless they increase by the same all along."""
        values = np.asarray(points)
        if values.ndim != 1 or values.size < MIN_POINTS or values.dtype.kind not in "fiu":
            raise GridError("points", f"at least {MIN_POINTS} numbers", f"{values.size} points")
        spacing = float(values[-1] - values[0]) / (values.size - 1)
        if not spacing > 0 or not np.abs(np.diff(values) - spacing).max() <= UNIFORM * spacing:
            raise GridError("points", "a uniform increasing axis", "another")
        return cls(float(values[0]), float(values[0]) + spacing * values.size, values.size)

    @classmethod
    def along(cls, array: Any, name: str) -> Axis:
        """The axis of a coordinate of an xarray.DataArray; GridError where it is none, or not one of the laboratory."""
        if name not in array.coords:
            raise GridError("points", f"at least {MIN_POINTS} numbers", "none")
        if RELATIVE_TO in array[name].attrs:
            expected = "positions and momenta of the laboratory, those of the result's `W` and `state`,"
            raise GridError("points", expected, "ones relative to the centre of a frame that moves")
        return cls.through(array[name].values)

    @classmethod
    def resolving(cls, lower: float, upper: float, frequency: float) -> Axis:
        """The axis from `lower` to `upper` with the least fast FFT size whose Nyquist frequency reaches `frequency`."""
        highest = _as_float(frequency)
        least = cls(lower, upper, MIN_POINTS).length * highest / math.pi
        if not 0 <= least <= MAX_POINTS:
            came = _brief(highest if math.isfinite(highest) else frequency)
            raise GridError("frequency", f"a number >= 0 that at most {MAX_POINTS} points resolve", came)
        return cls(lower, upper, fast_even_size(max(MIN_POINTS, math.ceil(least))))


def fast_even_size(least: int) -> int:
    """The least even product of small primes from `least` on; an even size halves the work of the real transform."""
    from scipy.fft import next_fast_len  # here, since results are read without SciPy

    points = next_fast_len(least, real=True)
    while points % 2:
        points = next_fast_len(points + 1, real=True)
    return points


@dataclass(frozen=True)
class Grid:
    """Four independent axes; every public array on the grid has the order ``[q, p, x, y]``."""

    q: Axis
    p: Axis
    x: Axis
    y: Axis

    def __post_init__(self) -> None:
        for name, axis in zip(NAMES, self, strict=True):
            if not isinstance(axis, Axis):
                raise GridError(name, "an Axis", _brief(axis))

    def __repr__(self) -> str:
        axes = zip(NAMES, self, strict=True)
        return f"Grid({', '.join(f'{name}=({a.lower:.6g}, {a.upper:.6g}, {a.points})' for name, a in axes)})"

    def __iter__(self) -> Iterator[Axis]:
        return (getattr(self, field.name) for field in fields(self))

    def moved(self, by: Iterable[float]) -> Grid:
        """The grid moved by a distance along each of (q, p, x, y)."""
        pairs = zip(self, map(float, by), strict=True)
        return Grid(*(replace(axis, lower=axis.lower + far, upper=axis.upper + far) for axis, far in pairs))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Points along (q, p, x, y)."""
        return (self.q.points, self.p.points, self.x.points, self.y.points)

    @property
    def size(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @property
    def cell(self) -> float:
        """Volume of a cell, dq dp dx dy."""
        return math.prod(axis.spacing for axis in self)

    @cached_property
    def mesh(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Open mesh of coordinates (q, p, x, y), broadcastable to :attr:`shape`."""
        q, p, x, y = np.ix_(*(axis.values for axis in self))
        return q, p, x, y


def _as_float(value: object) -> float:
    """`value` as a float; nan if it is no real number, infinite if it is beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _brief(value: object) -> str:
    return "a very large number" if isinstance(value, int) and abs(value) > 10**40 else brief(value)
