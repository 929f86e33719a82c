"""Classical points, each with a pure quantum state: what happens to them, and what is read off them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.fft

from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation


@dataclass(eq=False)
class Trajectories:
    """n classical points and n normalised wave functions on the points of an axis."""

    q: np.ndarray  # (n,)
    p: np.ndarray  # (n,)
    psi: np.ndarray  # (n, nx) complex, sum |psi|**2 dx = 1

    @property
    def count(self) -> int:
        """How many they are."""
        return self.q.size

    def copy(self) -> Self:
        """The same in other memory."""
        return type(self)(self.q.copy(), self.p.copy(), self.psi.copy())

    @property
    def is_finite(self) -> bool:
        """Whether all numbers are."""
        return bool(np.isfinite(self.q).all() and np.isfinite(self.psi).all())

    # what happens to them

    def take_to(self, axis: Axis, other: Axis) -> None:
        """From one axis to another."""
        self.psi = self.psi @ interpolation(axis, other.values).T

    def transport(self, phases: np.ndarray) -> None:
        """Multiply by a function of momentum, given in the order of the Fourier transform."""
        transformed = scipy.fft.fft(self.psi, axis=1, overwrite_x=True)
        transformed *= phases
        self.psi = scipy.fft.ifft(transformed, axis=1, overwrite_x=True)

    def multiply(self, exponent: np.ndarray, spacing: float) -> None:
        """Multiply by the exponential of complex functions of x, shape (n, nx), and normalise; it is overwritten."""
        np.exp(exponent, out=exponent)
        self.psi *= exponent
        self.psi /= np.sqrt(self.density.sum(axis=1, keepdims=True) * spacing)

    def decohere(self, L: np.ndarray, strength: float, noise: np.ndarray) -> None:
        """Average by average ``rho(x, x') exp(-strength**2 (L(x) - L(x'))**2/2)``: a random phase for each."""
        self.psi *= np.exp(-1j * strength * noise[:, None] * L)

    # what is read off them

    @property
    def density(self) -> np.ndarray:
        """``rho(x, x)``, shape (n, nx)."""
        return np.asarray(self.psi.real**2 + self.psi.imag**2)

    def power(self, points: int | None = None) -> np.ndarray:
        """``sum rho(x, x') exp(-i k (x - x'))`` over all points, shape (n, nx), in the order of the transform; with
        `points`, of so many momenta.
        """
        transformed = scipy.fft.fft(self.psi, n=points, axis=1)
        return np.asarray(transformed.real**2 + transformed.imag**2)

    def y_moment(self, order: int, momenta: np.ndarray) -> np.ndarray:
        """``int y**order W(x, y) dy`` at the points of x, shape (n, nx): the mean of Weyl-ordered products of y with
        functions of x is the sum over it.
        """
        if order == 0:
            return self.density
        transformed = scipy.fft.fft(self.psi, axis=1)
        moved = [self.psi, *(scipy.fft.ifft(momenta**k * transformed, axis=1) for k in range(1, order + 1))]
        terms = (math.comb(order, k) * (moved[k].conj() * moved[order - k]).real for k in range(order + 1))
        return np.asarray(sum(terms) / 2**order)

    def overlaps(self, waves: np.ndarray, spacing: float) -> np.ndarray:
        """``<phi| rho |phi>`` for wave functions (k, nx), shape (n, k)."""
        return np.asarray(np.abs(self.psi @ waves.conj().T * spacing) ** 2)

    def purities(self, spacing: float) -> np.ndarray:
        """``Tr rho**2`` of each, shape (n,)."""
        return np.ones(self.count)

    def summed(self) -> np.ndarray:
        """``sum of rho(x, x')`` over all of them, shape (nx, nx)."""
        return np.asarray(self.psi.T @ self.psi.conj())
