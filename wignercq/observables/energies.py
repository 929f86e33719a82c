"""The energies of a model, the rate at which its bath changes them, and the occupation of the quantum oscillator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from wignercq.grid.grid import Grid
from wignercq.grid.integration import integral
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.observables.marginals import Marginals


@dataclass(frozen=True, eq=False)
class Energies:
    """The energies of a model and the rate at which diffusion, decoherence and friction change them.

    The total changes only through the irreversible terms, whatever the potentials::

        d<H>/dt = D2/(2M) + (D0/2) hbar**2 <(d_x d_q V_I)**2>/m - (alpha/M**2) <p**2>
    """

    model: Model
    grid: Grid

    @cached_property
    def _potentials(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """V_C(q), V_Q(x), V_I(q, x) and (d_x d_q V_I)**2 on the grid."""
        model = self.model
        q, x = self.grid.q.values, self.grid.x.values
        cross = sp.diff(model.V_I, Q, X)
        V_C = sampled((Q,), model.V_C)(q)
        V_Q = sampled((X,), model.V_Q)(x)
        V_I, gradient = (sampled((Q, X), f)(q[:, None], x[None, :]) for f in (model.V_I, cross))
        return V_C, V_Q, V_I, gradient**2

    def classical(self, marginals: Marginals) -> float:
        """<p**2/(2M) + V_C(q)>."""
        q_density, p_density, _, _ = marginals.lines
        kinetic = integral(self.grid.p.values**2 * p_density, self.grid.p) / (2 * self.model.classical_mass)
        return kinetic + integral(self._potentials[0] * q_density, self.grid.q)

    def quantum(self, marginals: Marginals) -> float:
        """<y**2/(2m) + V_Q(x)>."""
        _, _, x_density, y_density = marginals.lines
        kinetic = integral(self.grid.y.values**2 * y_density, self.grid.y) / (2 * self.model.quantum_mass)
        return kinetic + integral(self._potentials[1] * x_density, self.grid.x)

    def interaction(self, marginals: Marginals) -> float:
        """<V_I(q, x)>."""
        q, x = self.grid.q, self.grid.x
        return float((self._potentials[2] * marginals.planes["q", "x"]).sum() * q.spacing * x.spacing)

    def rate(self, density_qx: np.ndarray, p_squared: float) -> float:
        """d<H>/dt from the (q, x) marginal, shape (nq, nx), and <p**2>."""
        model = self.model
        gradient = float((self._potentials[3] * density_qx).sum() * self.grid.q.spacing * self.grid.x.spacing)
        heating = model.diffusion / (2 * model.classical_mass)
        decoherence = model.D0 / 2 * model.hbar**2 * gradient / model.quantum_mass
        return heating + decoherence - model.friction / model.classical_mass**2 * p_squared


def occupation(model: Model, marginals: Marginals) -> float:
    """n with n + 1/2 = <y**2/(2m) + V_Q>/(hbar w_Q), eq (79), for a harmonic V_Q = m w_Q**2 x**2/2 about its minimum.

    NaN when V_Q is not a harmonic well. <V_Q> is measured from the bottom of the well.
    """
    well = _harmonic_well(model)
    if well is None:
        return math.nan
    frequency_squared, bottom, _ = well
    grid = marginals.grid
    _, _, x_density, y_density = marginals.lines
    kinetic = integral(grid.y.values**2 * y_density, grid.y) / (2 * model.quantum_mass)
    stretch = integral((grid.x.values - bottom) ** 2 * x_density, grid.x)
    frequency = frequency_squared**0.5
    energy = kinetic + model.quantum_mass * frequency_squared * stretch / 2
    return energy / (model.hbar * frequency) - 0.5


def occupation_law(model: Model) -> tuple[float, float]:
    """a and b of ``n = a <H_Q> + b``, the :func:`occupation` where only the energy is known; NaN without a well."""
    well = _harmonic_well(model)
    if well is None:
        return math.nan, math.nan
    frequency_squared, _, depth = well
    quantum = model.hbar * math.sqrt(frequency_squared)
    return 1 / quantum, -depth / quantum - 0.5


def _harmonic_well(model: Model) -> tuple[float, float, float] | None:
    """w_Q**2 of a harmonic V_Q, the position of its minimum and its value there; None for another V_Q."""
    V_Q = sp.expand(model.V_Q)
    if not V_Q.is_polynomial(X) or sp.Poly(V_Q, X).degree() != 2:
        return None
    slope, curvature = V_Q.coeff(X, 1), V_Q.coeff(X, 2)
    if curvature <= 0:
        return None
    depth = float(V_Q.subs(X, -slope / (2 * curvature)))
    return 2 * float(curvature) / model.quantum_mass, -float(slope) / (2 * float(curvature)), depth
