"""Classical points, each with the quantum state that is known from its record alone, a density matrix.

Decoherence beyond the trade-off leaves no record, so what is known of the quantum particle is mixed. Everything that
happens to rho in a step is exact: kinetic phases on both sides, the factors of Bayes' rule ``f(x) f*(x')``, and
``exp(-(D0 - 1/(4 D2)) (L - L')**2 dt/2)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.fft

from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation


@dataclass(eq=False)
class Mixtures:
    """n classical points and n density matrices on the points of an axis; otherwise as :class:`.pure.Trajectories`."""

    q: np.ndarray  # (n,)
    p: np.ndarray  # (n,)
    rho: np.ndarray  # (n, nx, nx) complex, sum rho(x, x) dx = 1

    @property
    def count(self) -> int:
        """How many they are."""
        return self.q.size

    def copy(self) -> Self:
        """The same in other memory."""
        return type(self)(self.q.copy(), self.p.copy(), self.rho.copy())

    @property
    def is_finite(self) -> bool:
        """Whether all numbers are."""
        return bool(np.isfinite(self.q).all() and np.isfinite(self.rho).all())

    # what happens to them

    def take_to(self, axis: Axis, other: Axis) -> None:
        """From one axis to another."""
        taken = interpolation(axis, other.values)
        self.rho = taken @ self.rho @ taken.T

    def transport(self, phases: np.ndarray) -> None:
        """Multiply by a function of momentum, even and of modulus one, from the left; by its conjugate from the right.

        In the order of the transform.
        """
        transformed = scipy.fft.fft2(self.rho, overwrite_x=True)
        transformed *= phases[:, None] * phases.conj()
        self.rho = scipy.fft.ifft2(transformed, overwrite_x=True)

    def multiply(self, exponent: np.ndarray, spacing: float) -> None:
        """Multiply by the exponential of complex functions of x, shape (n, nx), from the left, by its conjugate from
        the right, and normalise; it is overwritten.
        """
        factor = np.exp(exponent, out=exponent)
        self.rho *= factor[:, :, None]
        self.rho *= factor.conj()[:, None, :]
        self.rho /= (self.density.sum(axis=1) * spacing)[:, None, None]

    def decohere(self, L: np.ndarray, strength: float, noise: np.ndarray) -> None:
        """``rho(x, x') exp(-strength**2 (L(x) - L(x'))**2/2)``, without the noise."""
        self.rho *= np.exp(-0.5 * strength**2 * (L[:, :, None] - L[:, None, :]) ** 2)

    # what is read off them

    @property
    def density(self) -> np.ndarray:
        """``rho(x, x)``, shape (n, nx)."""
        return np.einsum("nii->ni", self.rho).real

    def power(self, points: int | None = None) -> np.ndarray:
        """As of pure states, shape (n, nx) or (n, points)."""
        count = points or self.rho.shape[1]
        left = scipy.fft.fft(self.rho, n=count, axis=1)
        return np.einsum("nii->ni", scipy.fft.ifft(left, n=count, axis=2)).real * count

    def y_moment(self, order: int, momenta: np.ndarray) -> np.ndarray:
        """``int y**order W(x, y) dy``, shape (n, nx): Y on the left and on the right, symmetrised."""
        if order == 0:
            return self.density
        transformed = scipy.fft.fft2(self.rho)
        transformed *= (0.5 * (momenta[:, None] - momenta)) ** order  # a bra has the opposite momentum
        return np.einsum("nii->ni", scipy.fft.ifft2(transformed, overwrite_x=True)).real

    def overlaps(self, waves: np.ndarray, spacing: float) -> np.ndarray:
        """``<phi| rho |phi>`` for wave functions (k, nx), shape (n, k)."""
        return np.einsum("ki,nij,kj->nk", waves.conj(), self.rho, waves, optimize=True).real * spacing**2

    def purities(self, spacing: float) -> np.ndarray:
        """``Tr rho**2`` of each, shape (n,)."""
        return np.asarray((np.abs(self.rho) ** 2).sum(axis=(1, 2)) * spacing**2)

    def summed(self) -> np.ndarray:
        """``sum of rho(x, x')`` over all of them, shape (nx, nx)."""
        return np.asarray(self.rho.sum(axis=0))
