"""Densities f(q, p) of the classical particle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import StateError, brief, kind_of
from wignercq.grid.grid import Axis
from wignercq.states.arguments import array, covariance_matrix, frozen, short_repr, vector
from wignercq.states.extent import (
    Normal,
    bandwidth_of,
    normal_density,
    support_of,
)
from wignercq.states.sampling import evaluate, sample

if TYPE_CHECKING:
    from wignercq.states.hybrid import ProductState
    from wignercq.states.quantum import QuantumState

MAX_SAMPLES = 1024  # along each axis
NEGATIVE = 1e-12  # of the maximum: rounding error in a density that should not be negative


class ClassicalState(ABC):
    """A density of the classical particle, integral 1.

    Attributes
    ----------
    mean : ndarray, shape (2,)
        Mean of (q, p).
    covariance : ndarray, shape (2, 2)
        Covariance of (q, p).
    """

    mean: np.ndarray
    covariance: np.ndarray

    def __repr__(self) -> str:
        return short_repr(self)

    @abstractmethod
    def density(self, q: Axis, p: Axis) -> np.ndarray:
        """The density on the points of two axes, shape (nq, np), in units of 1/action."""

    @abstractmethod
    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals of q and p outside which the density is below `level` times its maximum, shape (2, 2)."""

    @abstractmethod
    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Angular frequencies beyond which the spectrum is below `level` times its maximum, shape (2,)."""

    def __mul__(self, quantum: QuantumState) -> ProductState:
        """``classical * quantum`` is :func:`wignercq.states.product` of the two."""
        from wignercq.states.hybrid import product  # which builds on this module

        return product(self, quantum)


@dataclass(frozen=True, eq=False, repr=False)
class ClassicalGaussian(Normal, ClassicalState):
    """A Gaussian density, ``f = exp(-(z - mean) S^-1 (z - mean)/2) / (2 pi sqrt(det S))``, ``z = (q, p)``.

    Parameters
    ----------
    mean : array_like, shape (2,)
        Mean of (q, p).
    covariance : array_like, shape (2,) or (2, 2)
        Variances, or the covariance matrix S.

    Raises
    ------
    StateError
        Wrong shape, not finite, not symmetric or not positive-definite.
    """

    mean: np.ndarray
    covariance: np.ndarray

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        object.__setattr__(self, "mean", vector("mean", mean, 2))
        object.__setattr__(self, "covariance", covariance_matrix(covariance, 2))

    def density(self, q: Axis, p: Axis) -> np.ndarray:
        return normal_density(self.mean, self.covariance, q, p)


@dataclass(frozen=True, eq=False, repr=False)
class ClassicalDensity(ClassicalState):
    """A density given as a function of (q, p) that vanishes at the border of a region and counts as zero outside.

    Parameters
    ----------
    function : callable
        f(q, p) of two arrays that broadcast; not negative, any norm (it is normalised by its integral).
    region : sequence of two pairs
        ``((q_lower, q_upper), (p_lower, p_upper))``.

    Raises
    ------
    StateError
        A function that is negative, not finite, zero, does not vanish at the border (1e-8 of its maximum) or is not
        resolved by 1024 x 1024 samples of the region: between them, looked at in at least 512 x 512 other places, it
        differs from their interpolant by more than 1e-8 of its maximum.
    """

    function: Callable[[np.ndarray, np.ndarray], np.ndarray]
    region: Sequence[Sequence[float]] = field(kw_only=True)
    mean: np.ndarray = field(init=False)
    covariance: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise StateError("function", "a function of q and p", kind_of(self.function))
        region = array("region", self.region)
        if region.shape != (2, 2) or (region[:, 0] >= region[:, 1]).any():
            raise StateError("region", "((q_lower, q_upper), (p_lower, p_upper))", brief(self.region))
        object.__setattr__(self, "region", frozen(region))
        samples, axes = self._reference
        if samples.min() < -NEGATIVE * samples.max():
            raise StateError("function", "a density that is not negative", f"{samples.min():.3g}")
        mean = np.array([np.sum(samples * z) for z in np.ix_(*(a.values for a in axes))]) / samples.sum()
        dq, dp = np.ix_(*(axis.values - centre for axis, centre in zip(axes, mean, strict=True)))
        mixed = np.sum(samples * dq * dp)
        covariance = np.array([[np.sum(samples * dq**2), mixed], [mixed, np.sum(samples * dp**2)]]) / samples.sum()
        object.__setattr__(self, "mean", frozen(mean))
        object.__setattr__(self, "covariance", frozen(covariance))

    @cached_property
    def _reference(self) -> tuple[np.ndarray, tuple[Axis, ...]]:
        """Samples of the function over the region, and their axes."""
        return sample("function", self.function, self.region, most=MAX_SAMPLES)

    @cached_property
    def _norm(self) -> float:
        samples, (q, p) = self._reference
        return float(samples.sum()) * q.spacing * p.spacing

    def density(self, q: Axis, p: Axis) -> np.ndarray:
        inside = [(z.values >= ends[0]) & (z.values <= ends[1]) for z, ends in zip((q, p), self.region, strict=True)]
        result = np.zeros((q.points, p.points))
        if inside[0].any() and inside[1].any():
            result[np.ix_(*inside)] = (
                evaluate("function", self.function, (q.values[inside[0]], p.values[inside[1]])) / self._norm
            )
        return result

    def support(self, level: float = 1e-10) -> np.ndarray:
        return support_of(*self._reference, level)

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        return bandwidth_of(*self._reference, level)


def classical(
    *, q: float = 0.0, p: float = 0.0, variances: Sequence[float] | None = None, covariance: ArrayLike | None = None
) -> ClassicalGaussian:
    """A Gaussian density of the classical particle about (q, p).

    Parameters
    ----------
    q, p : float
        Its mean.
    variances : sequence of two float
        Of q and of p.
    covariance : array_like, shape (2, 2)
        In place of `variances`, for correlations of q and p.

    Raises
    ------
    StateError
        Values that are not finite, variances that are not positive, both or neither of the last two.
    """
    given = [spread for spread in (variances, covariance) if spread is not None]
    if len(given) != 1:
        raise StateError("variances", "either variances or covariance", "both" if given else "neither")
    return ClassicalGaussian((q, p), given[0])
