"""The steady state between Hermite functions that are fitted to it: a first guess in a second, and its slow modes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wignercq.errors import ModelError
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model
from wignercq.steady.basis import HermiteBasis
from wignercq.steady.existence import is_even, require_no_parity, require_steady_state, thermal_extent
from wignercq.steady.galerkin import Galerkin

WIDTHS = (4, 12)  # degrees of a basis to find widths with
SIZES = ((5, 18), (6, 26))  # degrees tried one after the other
EVEN_SIZES = ((6, 20), (7, 28))  # where half of the functions are not needed
DENSE = 10**6  # matrix elements from which on a larger basis takes too long
ATTEMPTS = 8  # to find widths
GOOD, FITS = 3e-3, 0.03  # root of the share of W in the two highest degrees: good, and good enough
SETTLED = 0.01  # relative change of the widths from one basis to the next
STRIDE = 4.0  # largest factor between the variances of one basis and of the next
EVEN = 1e-9  # mean, in widths, that counts as none
SLOW = 8  # modes that are solved for between Hermite functions instead of being waited for
WIDEST = 30.0  # widths beside the thermal ones, at which W runs away
LONELY = 1e-6  # rate beside the frequency of the quantum particle below which a second mode counts as steady too
BELOW = 0.1  # of the tolerance, down to which a grid holds W
COARSEST = 0.03  # level of W at which a guess is good for something
MARGIN = 8 / 7  # of a box: the monitors look at the outer sixteenth at each end
FINER = 8 / 7  # of a frequency: they look at the top eighth


@dataclass(frozen=True, eq=False)
class Guess:
    """A steady state as coefficients of Hermite functions."""

    model: Model
    hbar_order: int | None
    galerkin: Galerkin

    @classmethod
    def of(cls, model: Model, hbar_order: int | None = None) -> Guess:
        """Of a model; ModelError where there is no steady state, none that is found, or more than one."""
        require_steady_state(model)
        start = thermal_extent(model)
        require_no_parity(model, start.mean[2], start.widths[2])
        parity = 0 if is_even(model) and np.abs(start.mean / start.widths).max() < EVEN else None
        mean, widths = start
        for _ in range(ATTEMPTS):
            galerkin = Galerkin.of(model, HermiteBasis(mean, widths, *WIDTHS, parity), hbar_order)
            mean, widths, change = _fitted(galerkin)
            if change < SETTLED or (widths / start.widths).max() > WIDEST:
                break
        for size in SIZES if parity is None else EVEN_SIZES:
            galerkin = Galerkin.of(model, HermiteBasis(mean, widths, *size, parity), hbar_order)
            outermost = galerkin.basis.outermost(galerkin.steady)
            if max(outermost) < GOOD or galerkin.matrix.nnz > DENSE:
                break
            mean, widths, _ = _fitted(galerkin)
        if max(outermost) < FITS:
            guess = cls(model, hbar_order, galerkin)
            guess._require_unique()
            return guess
        i = 0 if np.argmax(outermost) == 0 else 2
        raise ModelError(
            "model",
            "a steady state that falls off",
            f"one that grows with the basis, along {NAMES[i]} to a width of {widths[i]:.3g} where a thermal one has "
            f"{start.widths[i]:.3g}: decoherence may heat faster than the bath cools",
        )

    def _require_unique(self) -> None:
        """Refuse a model with a conserved quantity beside the norm."""
        slowest = float(np.abs(self.rates[0]))
        if slowest < LONELY * self.frequencies[1]:
            raise ModelError(
                "interaction",
                "a coupling that makes the steady state unique",
                f"another steady mode: its rate is {slowest:.2g}; a conserved quantity, or next to no coupling",
            )

    @cached_property
    def slow_modes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Eigenvalues nearest to zero but for zero itself, complex, and right and left eigenvectors as columns.

        The left ones are those of the transpose, in the same order.
        """
        values, right = self.galerkin.slowest(SLOW + 1)
        others, left = self.galerkin.slowest(SLOW + 1, left=True)
        values, right = values[1:], right[:, 1:]
        others, left = others[1:], left[:, 1:]
        if values[-1].imag and not np.isclose(values[-1], values[-2].conj()):  # half of a pair
            values, right = values[:-1], right[:, :-1]
        order = [int(np.argmin(np.abs(others - value))) for value in values]
        return values, right, left[:, order]

    @property
    def rates(self) -> np.ndarray:
        """Eigenvalues of the generator nearest to zero but for zero itself, complex, in this basis."""
        return self.slow_modes[0]

    @cached_property
    def widths(self) -> np.ndarray:
        """Standard deviations of (q, p, x, y), shape (4,)."""
        return np.sqrt(self.galerkin.basis.mean_and_variance(self.galerkin.steady)[1])

    @property
    def frequencies(self) -> tuple[float, float]:
        """Of the classical and of the quantum particle, from their widths."""
        q, p, x, y = self.widths
        return float(p / (self.model.classical_mass * q)), float(y / (self.model.quantum_mass * x))

    def W(self, grid: Grid) -> np.ndarray:
        """On a grid, with integral 1 there."""
        W = self.galerkin.basis.on(self.galerkin.steady, grid)
        return np.asarray(W / (W.sum() * grid.cell))

    def grid(self, tolerance: float) -> Grid:
        """A grid that holds W to a tolerance, as far as this guess tells.

        Below its own error the guess says nothing: from there W is taken to fall off as a Gaussian does.
        """
        level = BELOW * tolerance
        known = min(max(level, max(self.galerkin.basis.outermost(self.galerkin.steady))), COARSEST)
        further = math.sqrt(math.log(1 / level) / math.log(1 / known))
        axes = []
        for lower, upper, frequency in self.galerkin.basis.reach(self.galerkin.steady, known):
            centre, half = (lower + upper) / 2, further * MARGIN * (upper - lower) / 2
            axes.append(Axis.resolving(centre - half, centre + half, further * FINER * frequency))
        return Grid(*axes)


def _fitted(galerkin: Galerkin) -> tuple[np.ndarray, np.ndarray, float]:
    """Centre and lengths of a better basis, and the largest relative change of the lengths."""
    basis = galerkin.basis
    mean, variances = basis.mean_and_variance(galerkin.steady)
    lengths = np.sqrt(np.clip(variances / basis.lengths**2, 1 / STRIDE, STRIDE)) * basis.lengths
    change = float(np.abs(lengths / basis.lengths - 1).max())
    return mean if basis.parity is None else basis.centre, lengths, change
