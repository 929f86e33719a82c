"""Operators of the dynamics that keep the thermal state (docs/thermal.md), for any potentials: matrices by q.

Between the levels of ``h(q) = y**2/(2m) + V_Q + V_I(q, .)``, with ``t = beta (E_m - E_n)/2``,

    L_mn = (d_q V_I)_mn (1 - exp(-t))/t,      (H_s)_mn = (i hbar D0/2) (L^+ L)_mn tanh(t/2)

The waves of levels are real, and so is L. What trajectories need of it over half a step, ``exp(A dt/2)`` with

    A = -(i/hbar) (h + H_s) - (D0/2) (L^+ L + L**2),

and L itself, depend on q alone. From both sides d_q V_I is multiplied by ``g = exp(-(E/E_c)**16)`` of the energy above
the lowest level: a cut that keeps the thermal state and, other than one by number, is smooth in q where levels cross.
So the operators are interpolated between Chebyshev points of cells of q, each with its own few orbitals, which are cut
in two until the interpolant is exact to a tolerance between these points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
import scipy.linalg
import sympy as sp
from threadpoolctl import threadpool_limits

from wignercq.errors import InputError, ModelError
from wignercq.grid.grid import Axis
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X

NODES = 8  # of a cell
ACCURATE = 1e-7  # operators, on levels with their weight
NEEDED = 1e-7  # of an orbital's singular value
SMALLEST = 2.0**-8  # of the largest cell
CELLS = 8  # of the length of the axis of x: the largest one
ROUNDING = 1e-13  # of the largest element of d_q V_I: what eigenvectors leave of zeros
SHARP, LAST = 16, 1.2  # power in g, and the last level in units of E_c, where g is 1e-8
LEAST = 1e-4  # weight of a level at E_c
COLDEST = 40.0  # hbar w/(k_B T), beyond which rates of the first excited level are of no use


class Levels(NamedTuple):
    """The lowest levels at one q, and matrices between them."""

    waves: np.ndarray  # (nx, n), of unit length
    weights: np.ndarray  # (n,), 1 of the lowest and 1e-4 of one at E_c, about the amplitude that it has
    left: np.ndarray  # (n,), g
    L: np.ndarray  # (n, n), real
    drift: np.ndarray  # A, without the energy of the lowest level


def spectrum(model: Model, axis: Axis, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Energies (nx,) and waves (nx, nx), by columns and of unit length, of the quantum particle at rest in q.

    InputError where the potential is not finite, as at the end of a trajectory that runs away.
    """
    squares = (model.hbar * axis.frequencies[:, None]) ** 2
    kinetic = np.fft.ifft(squares * np.fft.fft(np.eye(axis.points), axis=0), axis=0)
    h = kinetic.real / (2 * model.quantum_mass)
    h[np.diag_indices(axis.points)] += sampled((Q, X), model.V_Q + model.V_I)(q, axis.values)
    if not np.isfinite(h).all():
        raise InputError("duration", "trajectories that stay where potentials are finite", f"one at q = {q:.4g}")
    energies, waves = np.linalg.eigh(h)
    return energies, waves


def measured(energies: np.ndarray, slope: np.ndarray, temperature: float) -> np.ndarray:
    """L between levels, of the matrix of d_q V_I."""
    t = np.subtract.outer(energies, energies) / (2 * temperature)
    with np.errstate(all="ignore"):
        return np.asarray(slope * np.where(t == 0, 1.0, -np.expm1(-t) / t))


def added(energies: np.ndarray, L: np.ndarray, model: Model) -> np.ndarray:
    """``H_s/(i hbar)`` between levels, which is real and antisymmetric."""
    t = np.subtract.outer(energies, energies) / (2 * model.bath_temperature)
    return np.asarray(model.D0 / 2 * (L.T @ L) * np.tanh(t / 2))


@lru_cache(maxsize=1024)
def levels_at(model: Model, axis: Axis, reach: float, q: float) -> Levels:
    """Those at a place of the classical particle, E_c being so many k_B T.

    InputError where these are all that an axis has, or rates between them are not finite; ModelError where the
    temperature is a fortieth of the lowest excitation, or less.
    """
    energies, waves = spectrum(model, axis, q)
    if energies[1] - energies[0] > COLDEST * model.bath_temperature:
        least = f"at least {(energies[1] - energies[0]) / COLDEST:.4g}, a fortieth of the lowest excitation"
        raise ModelError("temperature", least, f"{model.bath_temperature:.4g}")
    count = int((energies - energies[0] <= LAST * reach * model.bath_temperature).sum())
    if count == axis.points:
        expected = f"points for {count} levels of the quantum particle and more"
        raise InputError("axis", expected, f"{axis.points} points")
    energies, waves = energies[:count] - energies[0], waves[:, :count]
    left = np.exp(-((energies / (reach * model.bath_temperature)) ** SHARP))
    slope = (waves.T * sampled((Q, X), sp.diff(model.V_I, Q))(q, axis.values)) @ waves
    slope[np.abs(slope) < ROUNDING * np.abs(slope).max()] = 0.0
    slope *= left * left[:, None]
    L = measured(energies, slope, model.bath_temperature)
    if not np.isfinite(L).all():
        raise InputError("state", "levels whose rates are finite", f"levels up to {reach:.3g} k_B T, at q = {q:.4g}")
    drift = added(energies, L, model) - model.D0 / 2 * (L.T @ L + L @ L) - 1j / model.hbar * np.diag(energies)
    return Levels(waves, LEAST ** (energies / (reach * model.bath_temperature)), left, L, drift)


@dataclass(frozen=True, eq=False)
class Cell:
    """Operators in an interval of q, between orbitals, at its Chebyshev points.

    Parameters
    ----------
    orbitals : ndarray, shape (nx, k)
        Orthonormal, by columns; all levels in the interval are made of them.
    half, kick, low : ndarray, shape (NODES, k, k)
        ``exp(A dt/2)``, complex; ``-sqrt(D0 dt) L``; g.
    """

    lower: float
    upper: float
    orbitals: np.ndarray
    half: np.ndarray
    kick: np.ndarray
    low: np.ndarray

    def at(self, table: np.ndarray, q: np.ndarray) -> np.ndarray:
        """One of the tables at places, shape (n, k, k)."""
        flat = np.ascontiguousarray(table).view(float).reshape(NODES, -1)
        found = _weights((2 * q - self.lower - self.upper) / (self.upper - self.lower)) @ flat
        return np.asarray(found.view(table.dtype).reshape(q.size, *table.shape[1:]))


@dataclass(eq=False)
class Operators:
    """Those of a model on an axis, for steps of one length, in cells that are made when they are needed.

    Parameters
    ----------
    reach : float
        E_c in units of k_B T.
    """

    model: Model
    axis: Axis
    dt: float
    reach: float
    _cells: dict[tuple[float, float], Cell | None] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @cached_property
    def width(self) -> float:
        """Of the largest cells, a power of two."""
        return 2.0 ** math.floor(math.log2(self.axis.length / CELLS))

    def groups(self, q: np.ndarray) -> Iterator[tuple[Cell, np.ndarray]]:
        """Cells, and which of some places are in each."""
        yield from self._within(q, np.arange(q.size), self.width)

    def _within(self, q: np.ndarray, members: np.ndarray, width: float) -> Iterator[tuple[Cell, np.ndarray]]:
        numbers = np.floor(q[members] / width)
        for number in np.unique(numbers):
            inside = members[numbers == number]
            cell = self._cell(float(number) * width, width)
            if cell is None:
                yield from self._within(q, inside, width / 2)
            else:
                yield cell, inside

    def _cell(self, lower: float, width: float) -> Cell | None:
        """That from a place on, or None where it is cut in two. InputError where the smallest would have to be."""
        key = (lower, width)
        with self._lock:
            if key not in self._cells:
                with (
                    threadpool_limits(1, "blas"),
                    np.errstate(over="ignore", invalid="ignore"),
                ):  # the same bits anywhere
                    cell = self._made(lower, lower + width)
                    is_accurate = self._is_accurate(cell)
                if not is_accurate and width <= SMALLEST * self.width:
                    came = f"levels up to {self.reach:.3g} k_B T, whose operators are not, near q = {lower:.4g}"
                    raise InputError("state", "levels whose operators are smooth in q to 1e-7", came)
                self._cells[key] = cell if is_accurate else None
            return self._cells[key]

    def _made(self, lower: float, upper: float) -> Cell:
        known = [self._levels(q) for q in (lower + upper) / 2 + (upper - lower) / 2 * _points()]
        together = np.concatenate([its.waves * (np.sqrt(its.weights) * its.left) for its in known], axis=1)
        waves, values, _ = scipy.linalg.svd(together, full_matrices=False)
        orbitals = np.ascontiguousarray(waves[:, values > NEEDED * values[0]])
        tables = [np.stack(table) for table in zip(*(self._between(orbitals, its) for its in known), strict=True)]
        return Cell(lower, upper, orbitals, *tables)

    def _levels(self, q: float) -> Levels:
        return levels_at(self.model, self.axis, self.reach, float(q))

    def _between(self, orbitals: np.ndarray, levels: Levels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The operators of a place between orbitals."""
        to = orbitals.T @ levels.waves
        half = scipy.linalg.expm(levels.drift * (self.dt / 2))
        kick = -math.sqrt(self.model.D0 * self.dt) * levels.L
        return to @ half @ to.T, to @ kick @ to.T, (to * levels.left) @ to.T

    def _is_accurate(self, cell: Cell) -> bool:
        """Whether tables are right between the points, on levels with their weights."""
        for share in CHECKED:
            q = np.array([cell.lower + share * (cell.upper - cell.lower)])
            levels = self._levels(q[0])
            exact = self._between(cell.orbitals, levels)[:2]
            weights = levels.weights * levels.left
            weighted = (cell.orbitals.T @ levels.waves) * weights
            if not np.abs(levels.waves * weights - cell.orbitals @ weighted).max() <= ACCURATE:
                return False
            for table, its in zip((cell.half, cell.kick), exact, strict=True):
                error, size = ((matrix @ weighted) for matrix in (cell.at(table, q)[0] - its, its))
                if not np.abs(error).max() <= ACCURATE * max(1.0, float(np.abs(size).max())) < math.inf:
                    return False
        return True


@lru_cache(maxsize=16)
def operators(model: Model, axis: Axis, dt: float, reach: float) -> Operators:
    """Those of a model, once in a process."""
    return Operators(model, axis, dt, reach)


@lru_cache(maxsize=1)
def _points() -> np.ndarray:
    """Chebyshev points between -1 and 1."""
    return np.asarray(np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES))


CHECKED = (0.004, 0.4, 0.69)  # of a cell: places between its points


def _weights(places: np.ndarray) -> np.ndarray:
    """Those of the values at Chebyshev points in the interpolant at places, shape (n, NODES)."""
    orders = np.arange(NODES)
    at_points = np.cos(orders[:, None] * np.arccos(_points()))  # T_k at the points
    at_points[0] /= 2
    with_places = np.cos(orders * np.arccos(np.clip(places, -1, 1))[:, None])
    return np.asarray(2 / NODES * with_places @ at_points)
