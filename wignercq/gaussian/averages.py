"""Averages of functions of (q, x) over a Gaussian, by Gauss-Hermite quadrature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy as sp

from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, T, X


@dataclass(frozen=True, eq=False)
class GaussianAverages:
    """Averages ``<f(q, x)>`` of several functions over a Gaussian of (q, x).

    With L L^T the covariance and (xi_k, w_k) the nodes and weights of Gauss-Hermite quadrature,
    ``<f> = sum_kl w_k w_l f(mean + L (xi_k, xi_l))``: exact for polynomials of total degree up to ``2 nodes - 1``. One
    node is the value at the mean.
    """

    formulas: Sequence[sp.Expr]  # functions of q, x and t
    nodes: int  # quadrature nodes along each of two directions, at least 1
    _values: Callable[..., list[np.ndarray]] = field(init=False)
    _offsets: np.ndarray = field(init=False)
    _weights: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        points, weights = np.polynomial.hermite_e.hermegauss(self.nodes)
        weights = weights / weights.sum()
        object.__setattr__(self, "_values", compiled((Q, X, T), list(self.formulas)))
        object.__setattr__(self, "_offsets", np.stack([np.repeat(points, self.nodes), np.tile(points, self.nodes)]))
        object.__setattr__(self, "_weights", np.repeat(weights, self.nodes) * np.tile(weights, self.nodes))

    def __call__(self, mean: np.ndarray, covariance: np.ndarray, time: float = 0.0) -> np.ndarray:
        """Averages at a time over the Gaussian with this mean (2,) and covariance (2, 2); shape (formulas,).

        LinAlgError where the covariance is not positive definite and there is more than one node.
        """
        points = mean[:, None]
        if self.nodes > 1:
            points = points + np.linalg.cholesky(covariance) @ self._offsets
        values = self._values(*points, time)
        return np.array([np.sum(self._weights * value) for value in values])


def exact_nodes(model: Model) -> int | None:
    """Nodes with which averages of the potentials and of their derivatives are exact; None if one is no polynomial."""
    potential = sp.expand(model.V_C + model.V_Q + model.V_I)
    noises = [formula for noise in model.noise_terms for formula in (noise.diffusion, sp.diff(noise.L, X) ** 2)]
    if not all(formula.is_polynomial(Q, X) for formula in (potential, *noises)):
        return None
    degrees = [sp.Poly(formula, Q, X).total_degree() // 2 + 1 for formula in noises]
    return max(1, sp.Poly(potential, Q, X).total_degree(), *degrees)
