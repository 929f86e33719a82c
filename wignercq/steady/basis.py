"""Hermite functions in (q, p, x, y), cut by total degree of each particle: W with few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial.hermite import hermgauss

from wignercq.grid.grid import Axis, Grid
from wignercq.states.oscillator import hermite_functions

SKIRT = 3.0  # beyond its turning point, in lengths, a Hermite function is below 1e-6
LOOKS = 36  # points along an axis on which the reach of a function is seen


@dataclass(frozen=True, eq=False)
class HermiteBasis:
    """Products of orthonormal Hermite functions of (z - centre)/length.

    The degrees of q and p together are at most `classical`, those of x and y at most `quantum`. A function of degree
    zero is ``exp(-((z - centre)/length)**2/2)``, so a Gaussian whose standard deviations are the lengths is the first.

    Parameters
    ----------
    centre, lengths : np.ndarray, shape (4,)
    classical, quantum : int
    parity : int or None
        0 or 1 keeps even or odd total degrees only: functions that are even or odd about the centre.
    """

    centre: np.ndarray
    lengths: np.ndarray
    classical: int
    quantum: int
    parity: int | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Degrees along each axis, those left out by the total degree among them."""
        return (self.classical + 1, self.classical + 1, self.quantum + 1, self.quantum + 1)

    @cached_property
    def degrees(self) -> np.ndarray:
        """Of the functions kept, shape (4, size)."""
        n = np.indices(self.shape).reshape(4, -1)
        kept = (n[0] + n[1] <= self.classical) & (n[2] + n[3] <= self.quantum)
        return n[:, kept] if self.parity is None else n[:, kept & (n.sum(axis=0) % 2 == self.parity)]

    @cached_property
    def kept(self) -> np.ndarray:
        """Their places among all, shape (size,)."""
        return np.asarray(np.ravel_multi_index(tuple(self.degrees), self.shape))

    @property
    def size(self) -> int:
        """How many functions there are."""
        return self.kept.size

    def functions(self, i: int, points: np.ndarray) -> np.ndarray:
        """Those of one variable at points, shape (degrees, points)."""
        return hermite_functions(self.shape[i], (points - self.centre[i]) / self.lengths[i]) / np.sqrt(self.lengths[i])

    def spectra(self, i: int, frequencies: np.ndarray) -> np.ndarray:
        """Fourier transforms of those of one variable, of the centred function and of norm 1, complex."""
        turned = (-1j) ** np.arange(self.shape[i])
        values = hermite_functions(self.shape[i], frequencies * self.lengths[i])
        return np.asarray(turned[:, None] * values * np.sqrt(self.lengths[i]))

    def tensor(self, coefficients: np.ndarray) -> np.ndarray:
        """Coefficients with one axis for each variable."""
        full = np.zeros(self.shape, coefficients.dtype)
        full.ravel()[self.kept] = coefficients
        return full

    def on(self, coefficients: np.ndarray, grid: Grid) -> np.ndarray:
        """The function with these coefficients on a grid, shape ``grid.shape``."""
        return _transformed(self.tensor(coefficients), [self.functions(i, axis.values) for i, axis in enumerate(grid)])

    def coefficients(self, W: np.ndarray, grid: Grid) -> np.ndarray:
        """Of a function on a grid: its projection, shape (size,)."""
        matrices = [self.functions(i, axis.values).T * axis.spacing for i, axis in enumerate(grid)]
        return _transformed(W, matrices).ravel()[self.kept]

    @cached_property
    def moments(self) -> np.ndarray:
        """Integrals of z**k times the functions of each variable for k = 0, 1, 2, shape (4, 3, degrees)."""
        largest = max(self.shape)
        t, weights = hermgauss(largest // 2 + 4)
        t, weights = np.sqrt(2) * t, np.sqrt(2) * weights * np.exp(t * t)
        functions = hermite_functions(largest, t) * weights
        moments = np.zeros((4, 3, largest))
        for i in range(4):
            z = self.centre[i] + self.lengths[i] * t
            moments[i] = [functions @ z**k for k in range(3)]
            moments[i] *= np.sqrt(self.lengths[i])
        return moments

    def average(self, coefficients: np.ndarray, powers: tuple[int, int, int, int]) -> float:
        """Integral of q**a p**b x**c y**d, each power at most two, times the function."""
        value = self.tensor(coefficients)
        for i, power in enumerate(powers):
            value = np.tensordot(self.moments[i, power, : self.shape[i]], value, axes=(0, 0))
        return float(value)

    def integral(self, coefficients: np.ndarray) -> float:
        """Of the function."""
        return self.average(coefficients, (0, 0, 0, 0))

    def mean_and_variance(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of (q, p, x, y), shape (4,) each, for a function of integral 1."""
        powers = np.eye(4, dtype=int)
        mean = np.array([self.average(coefficients, tuple(unit)) for unit in powers])
        square = np.array([self.average(coefficients, tuple(2 * unit)) for unit in powers])
        return mean, square - mean**2

    def outermost(self, coefficients: np.ndarray) -> tuple[float, float]:
        """Root of the share of the squared norm in the two highest degrees, of the classical and the quantum side."""
        power = coefficients**2 / (coefficients @ coefficients)
        sides = ((self.degrees[:2], self.classical), (self.degrees[2:], self.quantum))
        classical, quantum = (float(np.sqrt(power[n.sum(axis=0) > most - 2].sum())) for n, most in sides)
        return classical, quantum

    def reach(self, coefficients: np.ndarray, level: float) -> list[tuple[float, float, float]]:
        """Where the function is above `level` of its maximum along each axis: from, to, and up to what frequency."""
        found = []
        everywhere = Grid(*(self._axis(i) for i in range(4)))
        values = self.on(coefficients, everywhere)
        spans = [axis.values[_above(values, i, level)] for i, axis in enumerate(everywhere)]
        for i in range(4):
            matrices: list[np.ndarray] = [self.functions(j, axis.values) for j, axis in enumerate(everywhere)]
            highest = np.sqrt(2 * self.shape[i] + 1) + SKIRT
            frequencies = np.linspace(0, highest / self.lengths[i], LOOKS)
            matrices[i] = self.spectra(i, frequencies)
            spectrum = _transformed(self.tensor(coefficients), matrices)
            fast = frequencies[_above(spectrum, i, level)].max()
            found.append((float(spans[i].min()), float(spans[i].max()), float(fast)))
        return found

    def _axis(self, i: int) -> Axis:
        half = (np.sqrt(2 * self.shape[i] + 1) + SKIRT) * self.lengths[i]
        return Axis(float(self.centre[i] - half), float(self.centre[i] + half), LOOKS)


def _transformed(values: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
    """Each axis of an array multiplied by the matrix for it, shape (old, new)."""
    for matrix in matrices:  # the first axis goes, and comes back as the last
        values = np.tensordot(values, matrix, axes=(0, 0))
    return np.ascontiguousarray(values)


def _above(values: np.ndarray, i: int, level: float) -> np.ndarray:
    others = tuple(j for j in range(values.ndim) if j != i)
    size = np.abs(values).max(axis=others)
    return np.flatnonzero(size > level * size.max())
