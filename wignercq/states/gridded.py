"""Hybrid states known by W on a grid, such as the end of a run: taken to other grids by exact interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from wignercq.errors import GridError, InputError, StateError
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.grid.integration import plane_integrals
from wignercq.grid.interpolation import interpolation
from wignercq.states.arguments import came_as, frozen, number
from wignercq.states.extent import FLOOR, check_level
from wignercq.states.hybrid import State

NORM = 1e-4  # by which the integral of W may differ from 1, as at the beginning of a run
CUT = 1e-4  # root of the share of the power of W that a grid may cut off along an axis
SAME_TIME = 1e-9  # of a time: less is the same


@dataclass(frozen=True, eq=False)
class GriddedState(State):
    """A hybrid state given by W on a grid, between its points the trigonometric interpolant, outside zero.

    Parameters
    ----------
    W : ndarray, shape grid.shape
        Integral 1, units of 1/action**2.
    grid : Grid
    hbar : float
    mass : float or None
        Of the quantum particle, if known.
    """

    W: np.ndarray = field(repr=False)
    grid: Grid
    hbar: float = field(kw_only=True)
    mass: float | None = field(default=None, kw_only=True)
    mean: np.ndarray = field(init=False)
    covariance: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hbar", number("hbar", self.hbar, above=0))
        if self.mass is not None:
            object.__setattr__(self, "mass", number("mass", self.mass, above=0))
        object.__setattr__(self, "W", np.asarray(self.W, float))
        norm = float(self.W.sum()) * self.grid.cell
        if not abs(norm - 1) < NORM:
            raise StateError("W", "a finite W with integral 1", f"{norm:.6g}")
        mean, covariance = self._moments()
        object.__setattr__(self, "mean", frozen(mean))
        object.__setattr__(self, "covariance", frozen(covariance))

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        planes, _ = plane_integrals(self.W, self.grid)
        axes = dict(zip(NAMES, self.grid, strict=True))
        mean, second = np.zeros(4), np.zeros((4, 4))
        for (a, b), plane in planes.items():
            i, j = NAMES.index(a), NAMES.index(b)
            weights = plane / plane.sum()
            u, v = axes[a].values, axes[b].values
            mean[i], mean[j] = weights.sum(axis=1) @ u, weights.sum(axis=0) @ v
            u, v = u - mean[i], v - mean[j]
            second[i, i], second[j, j] = weights.sum(axis=1) @ u**2, weights.sum(axis=0) @ v**2
            second[i, j] = second[j, i] = u @ weights @ v
        return mean, second

    def slab(self, grid: Grid) -> Callable[[int, np.ndarray], None]:
        if grid == self.grid:
            return lambda i, out: np.copyto(out, self.W[i])
        along_q, along_p, along_x, along_y = (
            interpolation(own, axis.values, nyquist=axis.nyquist) for own, axis in zip(self.grid, grid, strict=True)
        )

        def write(i: int, out: np.ndarray) -> None:
            used = np.flatnonzero(along_q[i])
            is_there = used.size == 1 and along_q[i, used[0]] == 1
            with threadpool_limits(1, "blas"):  # small matrices
                slab = self._rows[used[0]] if is_there else along_q[i] @ self._rows
                taken = slab.reshape(-1, along_y.shape[1]) @ along_y.T  # (p x, y')
                taken = along_x @ taken.reshape(along_p.shape[1], along_x.shape[1], -1)  # (p, x', y')
                out[...] = np.tensordot(along_p, taken, 1)

        return write

    @property
    def _rows(self) -> np.ndarray:
        """W with a row for each q."""
        return self.W.reshape(self.W.shape[0], -1)

    @cached_property
    def _lines(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """For each axis the largest abs(W) and the power along it, then those of its spectrum along that axis."""
        lines = []
        for i, axis in enumerate(self.grid):
            count = len(axis.half_frequencies)
            largest, power = np.zeros(axis.points), np.zeros(axis.points)
            top, spectral = np.zeros(count), np.zeros(count)
            for j in range(self.W.shape[i == 0]):  # in slabs, for the sake of memory
                part = np.moveaxis(self.W[:, j] if i == 0 else self.W[j], max(i - 1, 0), -1)
                spectrum = np.abs(np.fft.rfft(part))
                for values, highest, total in ((np.abs(part), largest, power), (spectrum, top, spectral)):
                    np.maximum(highest, values.max(axis=(0, 1)), out=highest)
                    total += (values**2).sum(axis=(0, 1))
            lines.append((largest, power, top, spectral))
        return lines

    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals outside which ``|W| < level * max|W|``, shape (4, 2); levels below 1e-12 count as 1e-12."""
        ends = []
        for axis, (largest, *_) in zip(self.grid, self._lines, strict=True):
            there = np.flatnonzero(largest >= max(check_level(level), FLOOR) * largest.max())
            ends.append(axis.values[there[[0, -1]]] + axis.spacing * np.array([-1, 1]))
        return np.array(ends)

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Frequencies beyond which the spectrum along an axis is below `level` of its maximum, shape (4,)."""
        highest = []
        for axis, (_, _, top, _) in zip(self.grid, self._lines, strict=True):
            there = np.flatnonzero(top >= max(check_level(level), FLOOR) * top.max())
            highest.append(min(axis.half_frequencies[there[-1]] + 2 * math.pi / axis.length, axis.nyquist))
        return np.array(highest)

    def require_held(self, grid: Grid) -> None:
        for name, own, axis, (_, power, _, spectral) in zip(NAMES, self.grid, grid, self._lines, strict=True):
            slack = axis.spacing / 2
            outside = (own.values < axis.lower - slack) | (own.values > axis.upper + slack)
            above = own.half_frequencies > axis.nyquist * (1 + FLOOR)
            for line, lost, what in ((power, outside, "extent"), (spectral, above, "finer mesh")):
                share = math.sqrt(line[lost].sum() / line.sum())
                if share > CUT:
                    expected = f"a grid that cuts off at most {CUT:g} of the state"
                    raise StateError(f"grid.{name}", expected, f"{share:.3g}; a larger {what} keeps it")


def from_wigner(
    W: xr.DataArray | np.ndarray, grid: Grid | None = None, *, hbar: float, mass: float | None = None
) -> GriddedState:
    """The hybrid state of a W(q, p, x, y) on any grid; on the grid of a run it is interpolated exactly.

    Parameters
    ----------
    W : xarray.DataArray or ndarray
        Integral 1, units of 1/action**2: with coordinates q, p, x, y, uniform each, in any order; or an array of shape
        ``grid.shape``.
    grid : Grid, optional
        Of an array without coordinates.
    hbar : float
        Positive.
    mass : float, optional
        Of the quantum particle: a model of another mass refuses the state.

    Returns
    -------
    GriddedState
        Band-limited on its grid and zero outside. A run on a grid that cuts off more than 1e-4 of it (the root of the
        share of the power, in space or in frequency along any axis) refuses it.

    Raises
    ------
    StateError
        Coordinates that are no uniform axes, numbers that are not finite, an integral other than 1 (to 1e-4).
    """
    values, own = on_axes(W, grid)
    return GriddedState(values, own, hbar=hbar, mass=mass)


def from_result(result: Any, time: float | None = None) -> GriddedState:
    """The hybrid state that a result holds, with the hbar and the mass of its model.

    Parameters
    ----------
    result : Solution or SteadyState
        With its W: of a run with ``keep_state=True``, or a steady state; from a file by :func:`wignercq.load`.
    time : float, optional
        Which W, where the result has several; by default the last one.

    Raises
    ------
    StateError
        A result without W, without a W at this time, or something else.
    """
    dataset = getattr(result, "dataset", None)
    if not isinstance(dataset, xr.Dataset):
        raise StateError("result", "a result of a run, as from wignercq.load", came_as(result, or_result=True))
    W, attributes = _kept(result, dataset, time), dataset.attrs
    if "hbar" not in attributes or "quantum_mass" not in attributes:
        raise StateError("result", "a result with its hbar and masses as attributes", "one without")
    return from_wigner(W, hbar=float(attributes["hbar"]), mass=float(attributes["quantum_mass"]))


def _kept(result: Any, dataset: xr.Dataset, time: float | None) -> xr.DataArray:
    """W at a time, by the method `state` of results that keep several; the last one if there is no time."""
    if time is not None and callable(state := getattr(result, "state", None)):
        try:
            found: xr.DataArray = state(time)
        except InputError as error:
            raise error.renamed({"t": "time"}, StateError) from None
        return found
    if "W" not in dataset:
        raise StateError("result", "a run with keep_state=True", "one that kept only its observables")
    last = float(dataset["time"].values[-1])
    if time is not None and abs(time - last) > SAME_TIME * abs(last):
        raise StateError("time", f"the time of the W that was kept, {last:g}", f"{time:g}")
    own: xr.DataArray = result.W  # in the laboratory, where the dataset has it in a frame that moves
    return own


def on_axes(W: object, grid: Grid | None = None) -> tuple[np.ndarray, Grid]:
    """The numbers of a W in the order (q, p, x, y), and its grid; StateError if it is none."""
    if isinstance(W, xr.DataArray) and grid is None:
        if set(W.dims) != set(NAMES):
            raise StateError("W", "W(q, p, x, y)", f"dimensions {', '.join(map(str, W.dims))}")
        grid, W = Grid(*(_axis(W, name) for name in NAMES)), W.transpose(*NAMES).values
    if not isinstance(grid, Grid):
        raise StateError("W", "W with its coordinates or a Grid", type(W).__name__)
    values = np.asarray(W)
    if values.shape != grid.shape:
        raise StateError("W", f"W of shape {grid.shape}", f"shape {values.shape}")
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise StateError("W", "a W of finite real numbers", f"{values.dtype}, not all of them finite")
    return np.asarray(values, float), grid


def _axis(W: xr.DataArray, name: str) -> Axis:
    try:
        return Axis.along(W, name)
    except GridError as error:
        raise StateError("W", f"{error.expected} as coordinate {name} of W", error.got) from None
