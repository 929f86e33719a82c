"""Initial states of the hybrid system: W(q, p, x, y) on a grid, slab by slab, and what a grid must hold of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import StateError
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.states.arguments import came_as, covariance_matrix, frozen, number, short_repr, vector
from wignercq.states.classical import ClassicalGaussian, ClassicalState
from wignercq.states.extent import Normal
from wignercq.states.quantum import GaussianQuantumState, QuantumState, require_uncertainty

SAME_NUMBER = 1e-12  # relative: what a change of units does to a number


def require_particle(model: Model, hbar: float | None, mass: float | None) -> None:
    """Refuse, with StateError, a state of another hbar or mass of the quantum particle than a model's; None is any."""
    for name, its, own in (("hbar", "hbar", hbar), ("mass", "quantum_mass", mass)):
        value = getattr(model, its)
        if own is not None and not math.isclose(own, value, rel_tol=SAME_NUMBER):
            raise StateError(f"state.{name}", f"the model's {its} = {value!r}", repr(float(own)))


class State(ABC):
    """A hybrid state, ``W(q,p,x,y) = (1/(2 pi hbar)) int du e^{-i y u/hbar} <x+u/2| rho(q,p) |x-u/2>``, integral 1.

    Attributes
    ----------
    hbar : float
    mean : ndarray, shape (4,)
        Mean of (q, p, x, y).
    covariance : ndarray, shape (4, 4)
        Covariance of W, order (q, p, x, y).
    mass : float or None
        Of the quantum particle, where the state was made for one; a model of another mass refuses it.
    """

    hbar: float
    mean: np.ndarray
    covariance: np.ndarray
    mass: float | None = None

    def __repr__(self) -> str:
        return short_repr(self)

    @abstractmethod
    def slab(self, grid: Grid) -> Callable[[int, np.ndarray], None]:
        """A function ``write(i, out)`` that writes ``W[i]``, shape (np, nx, ny), into `out`."""

    @property
    def factors(self) -> tuple[ClassicalState, QuantumState] | None:
        """What W is the product of, if it is one of a density of (q, p) and a Wigner function of (x, y)."""
        return None

    @abstractmethod
    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals of (q, p, x, y) outside which ``|W| < level * max|W|``, shape (4, 2)."""

    @abstractmethod
    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Angular frequencies beyond which the spectrum of W is below `level` times its maximum, shape (4,)."""

    def require_model(self, model: Model) -> None:
        """Refuse, with StateError, a model of another hbar or another mass of the quantum particle."""
        require_particle(model, self.hbar, self.mass)

    def require_held(self, grid: Grid) -> None:
        """Refuse, with StateError, a grid that cuts off much of a state that is known on another grid alone."""
        return

    def fill(self, grid: Grid, out: np.ndarray) -> None:
        """Write W on the grid into `out`, with at most two slabs of constant q in temporary memory.

        Parameters
        ----------
        grid : Grid
        out : ndarray, shape grid.shape
            float64 or float32, with any strides.

        Raises
        ------
        StateError
            If `out` has another shape or type.
        """
        if out.shape != grid.shape or out.dtype not in (np.float64, np.float32):
            raise StateError("out", f"shape {grid.shape} of float64 or float32", f"shape {out.shape} of {out.dtype}")
        with np.errstate(over="ignore"):  # of an exponent, far out, where W is 0
            write = self.slab(grid)
            for i in range(len(out)):
                write(i, out[i])

    def wigner(self, grid: Grid) -> np.ndarray:
        """W on the grid, a new float64 array of shape ``grid.shape``, units of 1/action**2."""
        out = np.empty(grid.shape)
        self.fill(grid, out)
        return out


@dataclass(frozen=True, eq=False, repr=False)
class GaussianState(Normal, State):
    """A Gaussian hybrid state, correlations included; see :func:`gaussian`."""

    mean: np.ndarray
    covariance: np.ndarray
    hbar: float

    def __init__(self, mean: ArrayLike, covariance: ArrayLike, *, hbar: float) -> None:
        object.__setattr__(self, "hbar", number("hbar", hbar, above=0))
        object.__setattr__(self, "mean", vector("mean", mean, 4))
        object.__setattr__(self, "covariance", covariance_matrix(covariance, 4))
        classical, mixed, quantum = self.covariance[:2, :2], self.covariance[:2, 2:], self.covariance[2:, 2:]
        require_uncertainty(quantum - mixed.T @ np.linalg.solve(classical, mixed), self.hbar)

    @cached_property
    def factors(self) -> tuple[ClassicalState, QuantumState] | None:
        if self.covariance[:2, 2:].any():
            return None
        classical = ClassicalGaussian(self.mean[:2], self.covariance[:2, :2])
        return classical, GaussianQuantumState(self.mean[2:], self.covariance[2:, 2:], hbar=self.hbar)

    @cached_property
    def _precision(self) -> np.ndarray:
        return np.linalg.inv(self.covariance)

    def slab(self, grid: Grid) -> Callable[[int, np.ndarray], None]:
        if self.factors is not None:
            return _slab_of_product(*self.factors, grid)
        a = self._precision
        dq, dp, dx, dy = (axis.values - centre for axis, centre in zip(grid, self.mean, strict=True))
        log_height = np.log(np.linalg.det(a)) / 2 - 2 * np.log(2 * np.pi)
        px = -(a[1, 1] * dp[:, None] ** 2 / 2 + a[1, 2] * np.outer(dp, dx))
        py = -(a[3, 3] * dy**2 / 2 + a[1, 3] * np.outer(dp, dy))
        xy = -(a[2, 2] * dx[:, None] ** 2 / 2 + a[2, 3] * np.outer(dx, dy))
        work = np.empty(grid.shape[1:])

        def write(i: int, out: np.ndarray) -> None:
            with_p = px + (log_height - dq[i] * (a[0, 0] * dq[i] / 2 + a[0, 1] * dp[:, None] + a[0, 2] * dx))
            np.add(with_p[:, :, None], (py - a[0, 3] * dq[i] * dy)[:, None, :], out=work)
            np.add(work, xy, out=work)
            np.exp(work, out=work)
            out[...] = work

        return write


def gaussian(mean: ArrayLike, covariance: ArrayLike, *, hbar: float) -> GaussianState:
    """The Gaussian hybrid state ``W = exp(-(z - mean) S^-1 (z - mean)/2) / ((2 pi)**2 sqrt(det S))``.

    Parameters
    ----------
    mean : array_like, shape (4,)
        Mean of (q, p, x, y).
    covariance : array_like, shape (4,) or (4, 4)
        Variances, or the covariance matrix S.
    hbar : float
        Positive.

    Returns
    -------
    GaussianState

    Raises
    ------
    StateError
        Wrong shape, not finite, not symmetric, not positive-definite, or against the uncertainty relation
        ``S + (i hbar/2) (0 + Omega_xy) >= 0``: the covariance of (x, y) conditioned on (q, p) must have a determinant
        of at least ``(hbar/2)**2`` (relative tolerance 1e-9).

    Notes
    -----
    The form of the steady state of linear models, eqs (18) and (129) of arXiv:2510.07402.
    """
    return GaussianState(mean, covariance, hbar=hbar)


@dataclass(frozen=True, eq=False, repr=False)
class ProductState(State):
    """A classical density times a quantum state, without correlations; see :func:`product`."""

    classical: ClassicalState
    quantum: QuantumState
    mean: np.ndarray = field(init=False)
    covariance: np.ndarray = field(init=False)
    hbar: float = field(init=False)
    mass: float | None = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.classical, ClassicalState):
            raise StateError("classical", "a classical density", came_as(self.classical))
        if not isinstance(self.quantum, QuantumState):
            raise StateError("quantum", "a quantum state", came_as(self.quantum))
        covariance = np.zeros((4, 4))
        covariance[:2, :2], covariance[2:, 2:] = self.classical.covariance, self.quantum.covariance
        object.__setattr__(self, "mean", frozen(np.concatenate((self.classical.mean, self.quantum.mean))))
        object.__setattr__(self, "covariance", frozen(covariance))
        object.__setattr__(self, "hbar", self.quantum.hbar)
        object.__setattr__(self, "mass", self.quantum.mass)

    @property
    def factors(self) -> tuple[ClassicalState, QuantumState]:
        return self.classical, self.quantum

    def slab(self, grid: Grid) -> Callable[[int, np.ndarray], None]:
        return _slab_of_product(self.classical, self.quantum, grid)

    def support(self, level: float = 1e-10) -> np.ndarray:
        return np.concatenate((self.classical.support(level), self.quantum.support(level)))

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        return np.concatenate((self.classical.bandwidth(level), self.quantum.bandwidth(level)))


def product(classical: ClassicalState, quantum: QuantumState) -> ProductState:
    """The hybrid state without correlations, ``W(q, p, x, y) = f(q, p) W_Q(x, y)``.

    Parameters
    ----------
    classical : ClassicalGaussian or ClassicalDensity
        f, the density of the classical particle, units of 1/action.
    quantum : QuantumState
        W_Q: :func:`coherent`, :func:`squeezed`, :func:`thermal`, :func:`fock`, :func:`cat`,
        :func:`from_wavefunction`, :func:`from_density_matrix` or :func:`from_number_basis`.

    Returns
    -------
    ProductState

    Raises
    ------
    StateError
        If one of them is something else.
    """
    return ProductState(classical, quantum)


def _slab_of_product(classical: ClassicalState, quantum: QuantumState, grid: Grid) -> Callable[[int, np.ndarray], None]:
    """:meth:`State.slab` of a product."""
    density, wigner = classical.density(grid.q, grid.p), quantum.wigner(grid.x, grid.y)

    def write(i: int, out: np.ndarray) -> None:
        np.multiply(density[i, :, None, None], wigner, out=out)

    return write
