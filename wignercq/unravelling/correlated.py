"""Initial states whose quantum state depends on (q, p) and that are no Gaussians: points of their marginal density, and
the conditional quantum state at each of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.errors import StateError
from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation
from wignercq.observables.averages import floor_between
from wignercq.observables.density_matrix import density_matrix, lattice
from wignercq.propagation.engines.blas import single_threaded
from wignercq.states import GibbsState, GriddedState, State

NEGATIVE = 1e-3  # of the conditional populations may be below zero, on average
LOOKED_AT = 64  # conditional states


class Correlated(ABC):
    """Draws from the density of (q, p) and knows the conditional quantum states."""

    @abstractmethod
    def points(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Points (q, p) from the marginal density, shape (2, count)."""

    @abstractmethod
    def given(self, q: float, p: float) -> tuple[np.ndarray, np.ndarray]:
        """Populations (k,) and normalised wave functions (k, n) on :attr:`axis`: the quantum state at a point."""

    @property
    @abstractmethod
    def momentum(self) -> float:
        """That about which the momenta of wave functions lie."""

    @property
    @abstractmethod
    def axis(self) -> Axis:
        """Of wave functions."""


def correlated(state: State) -> Correlated:
    """What draws from a state; StateError for one of a kind of which that is not known."""
    if isinstance(state, GriddedState):
        return _Gridded(state)
    if isinstance(state, GibbsState):
        return _Gibbs(state)
    expected = "a Gaussian state, a product of a density and a quantum state, a W on a grid or a Gibbs state"
    raise StateError("state", expected, type(state).__name__)


def require_conditional_states(state: State) -> None:
    """StateError for a W on a grid that is not made of quantum states, or not to be told from what is not."""
    if not isinstance(state, GriddedState):
        return
    source, random = _Gridded(state), np.random.default_rng(0)
    with threadpool_limits(1, "blas"):  # small matrices
        spectra = [source.spectrum(q, p)[0] for q, p in source.points(LOOKED_AT, random).T]
    negative = float(np.mean([-values[values < 0].sum() for values in spectra]))
    if negative > NEGATIVE:
        expected = f"a W that is a quantum state given (q, p), without negative populations beyond {NEGATIVE:g}"
        raise StateError("state", expected, f"{negative:.2g} of them")


def _between(axis: Axis, offset: float) -> np.ndarray:
    """The matrix that takes values on an axis to those at all its points and an offset."""
    return interpolation(axis, axis.values + offset * axis.spacing)


@dataclass(frozen=True, eq=False)
class _Gridded(Correlated):
    """W on a grid, between its points the trigonometric interpolant.

    Points are drawn from a lattice with the spacings of the grid, moved at random: its density is that of the
    interpolant, whose sum over such a lattice does not depend on where that lies.
    """

    state: GriddedState

    @cached_property
    def _density(self) -> np.ndarray:
        return np.asarray(self.state.W.sum(axis=(2, 3)))

    def points(self, count: int, random: np.random.Generator) -> np.ndarray:
        grid, offsets = self.state.grid, random.random(2)
        weights = _between(grid.q, offsets[0]) @ self._density @ _between(grid.p, offsets[1]).T
        weights = np.maximum(weights, 0.0).ravel()
        chosen = np.unravel_index(random.choice(weights.size, count, p=weights / weights.sum()), self._density.shape)
        return np.stack(
            [a.values[i] + u * a.spacing for a, i, u in zip((grid.q, grid.p), chosen, offsets, strict=True)]
        )

    def spectrum(self, q: float, p: float) -> tuple[np.ndarray, np.ndarray]:
        """All eigenvalues and eigenvectors, by columns, of the conditional density matrix of trace 1."""
        grid = self.state.grid
        along_q, along_p = (interpolation(a, np.array([at]))[0] for a, at in ((grid.q, q), (grid.p, p)))
        plane = np.tensordot(along_p, np.tensordot(along_q, self.state.W, 1), 1)
        plane /= plane.sum() * grid.x.spacing * grid.y.spacing
        values, vectors = np.linalg.eigh(density_matrix(plane, grid.x, grid.y, hbar=self.state.hbar))
        return values, vectors

    def given(self, q: float, p: float) -> tuple[np.ndarray, np.ndarray]:
        populations, vectors = self.spectrum(q, p)
        kept = populations > floor_between(float(populations[0]), float(populations[-1]))
        return populations[kept], vectors.T[kept] / np.sqrt(self.axis.spacing)

    @property
    def momentum(self) -> float:
        """The centre of the grid."""
        return (self.state.grid.y.lower + self.state.grid.y.upper) / 2

    @cached_property
    def axis(self) -> Axis:
        """Positions of rows and columns of density matrices."""
        grid = self.state.grid
        return Axis.through(lattice(grid.x, grid.y, hbar=self.state.hbar))


@dataclass(frozen=True, eq=False)
class _Gibbs(Correlated):
    """p is normal, q drawn from a moved lattice as for a W on a grid, the quantum state that of H at this q."""

    state: GibbsState

    def points(self, count: int, random: np.random.Generator) -> np.ndarray:
        places, offset = self.state.places, random.random()
        weights = np.maximum(_between(places, offset) @ self.state.shares, 0.0)
        q = places.values[random.choice(weights.size, count, p=weights / weights.sum())] + offset * places.spacing
        return np.stack([q, np.sqrt(self.state.covariance[1, 1]) * random.standard_normal(count)])

    def given(self, q: float, p: float) -> tuple[np.ndarray, np.ndarray]:
        with single_threaded():  # small matrices
            quantum = self.state.given(q)
        return quantum.weights, quantum.waves

    @property
    def momentum(self) -> float:
        """At rest."""
        return 0.0

    @property
    def axis(self) -> Axis:
        """On which H is diagonalised."""
        return self.state.axis
