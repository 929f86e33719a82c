"""Reference for the uncoupled quantum particle: psi(x, t) in any potential, and Wigner functions by quadrature.

The Hamiltonian is a dense matrix in the sinc basis (Colbert & Miller, J. Chem. Phys. 96, 1982 (1992)) and the time
evolution is its eigenphases: no splitting, no time step, no Fourier transform.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Array = np.ndarray
WaveFunction = Callable[[Array], Array]


@dataclass(frozen=True)
class QuantumParticle:
    """A particle of `mass` in `potential` (a function of x), on `points` sinc functions from `lower` to `upper`."""

    potential: Callable[[Array], Array]
    mass: float
    hbar: float
    lower: float
    upper: float
    points: int

    @property
    def step(self) -> float:
        """Distance between neighbouring nodes."""
        return (self.upper - self.lower) / (self.points - 1)

    @cached_property
    def nodes(self) -> Array:
        """Centres of the sinc functions, shape (points,)."""
        return np.linspace(self.lower, self.upper, self.points)

    @cached_property
    def spectrum(self) -> tuple[Array, Array]:
        """Energies (points,) and eigenvectors in columns (points, points) of the Hamiltonian."""
        apart = np.subtract.outer(np.arange(self.points), np.arange(self.points))
        off = 2 * np.where(apart % 2, -1, 1) / np.where(apart, apart, 1) ** 2
        kinetic = np.where(apart, off, np.pi**2 / 3) * self.hbar**2 / (2 * self.mass * self.step**2)
        return np.linalg.eigh(kinetic + np.diag(self.potential(self.nodes)))

    def evolve(self, psi: WaveFunction, time: float) -> WaveFunction:
        """The wave function at `time` that started as `psi`; zero beyond the nodes by half a step."""
        energies, states = self.spectrum
        amplitudes = states @ (np.exp(-1j * energies * time / self.hbar) * (states.T @ psi(self.nodes)))

        def evolved(x: Array) -> Array:
            x = np.asarray(x, dtype=float)
            values = np.sinc((x[..., None] - self.nodes) / self.step) @ amplitudes
            return np.where((x > self.lower - self.step / 2) & (x < self.upper + self.step / 2), values, 0)

        return evolved


def gaussian_packet(x0: float, y0: float, variance: float, hbar: float) -> WaveFunction:
    """The pure Gaussian of mean (x0, y0), position variance `variance` and momentum variance hbar^2/(4 variance)."""

    def psi(x: Array) -> Array:
        envelope = (2 * np.pi * variance) ** -0.25 * np.exp(-((x - x0) ** 2) / (4 * variance))
        return envelope * np.exp(1j * y0 * (x - x0) / hbar)

    return psi


def wigner(psi: WaveFunction, x: Array, y: Array, *, hbar: float, reach: float, nodes: int = 801) -> Array:
    """W(x, y) = (1/(2 pi hbar)) integral du e^{-i y u/hbar} psi(x + u/2) psi*(x - u/2), shape (len(x), len(y)).

    Trapezoidal rule on |u| <= `reach` with `nodes` points: converges geometrically once psi vanishes at the ends.
    Exact points and no grid in common with anybody: x and y are any one-dimensional arrays.
    """
    u, step = np.linspace(-reach, reach, nodes, retstep=True)
    half = u / 2
    correlation = psi(x[:, None] + half) * psi(x[:, None] - half).conj()
    return (correlation @ np.exp(-1j * np.outer(u, y) / hbar)).real * step / (2 * np.pi * hbar)


def wigner_of_matrix(
    matrix: Array, functions: WaveFunction, x: Array, y: Array, *, hbar: float, reach: float, nodes: int = 801
) -> Array:
    """Wigner function (len(x), len(y)) of a density matrix (n, n) in real `functions`, x -> (n, *x.shape)."""
    u, step = np.linspace(-reach, reach, nodes, retstep=True)
    ahead, behind = functions(x[:, None] + u / 2), functions(x[:, None] - u / 2)
    correlation = np.einsum("mxu,mxu->xu", ahead, np.tensordot(matrix, behind, axes=1))
    return (correlation @ np.exp(-1j * np.outer(u, y) / hbar)).real * step / (2 * np.pi * hbar)
