"""The energies of a model, the rate at which its bath changes them, and the occupation of the quantum oscillator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp

from wignercq.grid.grid import Grid
from wignercq.model.evaluation import compiled, sampled
from wignercq.model.model import Model, Q, T, X
from wignercq.observables.averages import average, left_out
from wignercq.observables.marginals import Marginals


@dataclass(frozen=True, eq=False)
class Energies:
    """The energies of a model and the rate at which diffusion, decoherence and friction change them.

    At a wall of a potential only that part of W counts that stands above its errors
    (:mod:`wignercq.observables.averages`); :meth:`left_out` is a bound of the rest.

    The total changes through the irreversible terms and the work of a drive, whatever the potentials::

        d<H>/dt = D2/(2M) + (D0/2) hbar**2 <(d_x d_q V_I)**2>/m - (alpha/M**2) <p**2> + <d_t V>

    Parameters
    ----------
    time : float
        Counts where potentials depend on it.
    """

    model: Model
    grid: Grid
    time: float = 0.0

    def at(self, time: float) -> Energies:
        """The energies at another time."""
        return replace(self, time=time) if self.model.is_driven else self

    @cached_property
    def _potentials(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """V_C(q), V_Q(x) and V_I(q, x) on the grid."""
        model = self.model
        q, x, t = self.grid.q.values, self.grid.x.values, np.float64(self.time)
        V_C, V_Q = sampled((Q, T), model.V_C)(q, t), sampled((X, T), model.V_Q)(x, t)
        return V_C, V_Q, sampled((Q, X, T), model.V_I)(q[:, None], x[None, :], t)

    @cached_property
    def _rates(self) -> tuple[np.ndarray, np.ndarray | None]:
        """(d_x d_q V_I)**2 and, of a drive, d_t V on the grid."""
        cross, power = _changes(self.model)(
            self.grid.q.values[:, None], self.grid.x.values[None, :], np.float64(self.time)
        )
        shape = self.grid.q.points, self.grid.x.points
        driven = np.broadcast_to(power, shape) if self.model.is_driven else None
        return np.broadcast_to(np.asarray(cross, float) ** 2, shape), driven

    def classical(self, marginals: Marginals) -> float:
        """<p**2/(2M) + V_C(q)>."""
        return self._kinetic(marginals)[0] + average(*self._potential_parts(marginals)[0])

    def quantum(self, marginals: Marginals) -> float:
        """<y**2/(2m) + V_Q(x)>."""
        return self._kinetic(marginals)[1] + average(*self._potential_parts(marginals)[1])

    def interaction(self, marginals: Marginals) -> float:
        """<V_I(q, x)>."""
        return average(*self._potential_parts(marginals)[2])

    def left_out(self, marginals: Marginals) -> float:
        """What the three leave out at most, where W lies below its errors at a wall of a potential."""
        return sum(left_out(*part) for part in self._potential_parts(marginals))

    def kinetic(self, marginals: Marginals) -> float:
        """<p**2/(2M)> + <y**2/(2m)>, by which errors of energies are measured."""
        return sum(self._kinetic(marginals))

    def rate(self, density_qx: np.ndarray, p_squared: float) -> float:
        """d<H>/dt from the (q, x) marginal, shape (nq, nx), and <p**2>."""
        model = self.model
        squared, driven = self._rates
        gradient = average(squared, density_qx, self._cell_qx)
        work = 0.0 if driven is None else average(driven, density_qx, self._cell_qx)
        heating = model.diffusion / (2 * model.classical_mass)
        decoherence = model.D0 / 2 * model.hbar**2 * gradient / model.quantum_mass
        return heating + decoherence - model.friction / model.classical_mass**2 * p_squared + work

    def power(self, marginals: Marginals) -> float:
        """<d_t V>, the energy that a drive brings in per time."""
        driven = self._rates[1]
        return 0.0 if driven is None else average(driven, marginals.planes["q", "x"], self._cell_qx)

    @property
    def _cell_qx(self) -> float:
        return self.grid.q.spacing * self.grid.x.spacing

    def _kinetic(self, marginals: Marginals) -> tuple[float, float]:
        """Of the classical and of the quantum particle."""
        p, y = self.grid.p, self.grid.y
        _, p_density, _, y_density = marginals.lines
        classical = average(p.values**2, p_density, p.spacing) / (2 * self.model.classical_mass)
        return classical, average(y.values**2, y_density, y.spacing) / (2 * self.model.quantum_mass)

    def _potential_parts(self, marginals: Marginals) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """V_C, V_Q and V_I with the densities to average them over, and the sizes of their cells."""
        q_density, _, x_density, _ = marginals.lines
        V_C, V_Q, V_I = self._potentials
        return [
            (V_C, q_density, self.grid.q.spacing),
            (V_Q, x_density, self.grid.x.spacing),
            (V_I, marginals.planes["q", "x"], self._cell_qx),
        ]


@lru_cache(maxsize=64)
def _changes(model: Model) -> Callable[..., list[Any]]:
    """d_x d_q V_I and d_t V as functions of (q, x, t)."""
    V = model.V_C + model.V_Q + model.V_I
    return compiled((Q, X, T), [sp.diff(model.V_I, Q, X), sp.diff(V, T)])


def occupation(model: Model, marginals: Marginals) -> float:
    """n with n + 1/2 = <y**2/(2m) + V_Q>/(hbar w_Q), eq (79), for a harmonic V_Q = m w_Q**2 x**2/2 about its minimum.

    NaN when V_Q is not a harmonic well, or not always the same. <V_Q> is measured from the bottom of the well.
    """
    well = _harmonic_well(model)
    if well is None:
        return math.nan
    frequency_squared, bottom, _ = well
    grid = marginals.grid
    _, _, x_density, y_density = marginals.lines
    kinetic = average(grid.y.values**2, y_density, grid.y.spacing) / (2 * model.quantum_mass)
    stretch = average((grid.x.values - bottom) ** 2, x_density, grid.x.spacing)
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
    if T in V_Q.free_symbols or not V_Q.is_polynomial(X) or sp.Poly(V_Q, X).degree() != 2:
        return None
    slope, curvature = V_Q.coeff(X, 1), V_Q.coeff(X, 2)
    if curvature <= 0:
        return None
    depth = float(V_Q.subs(X, -slope / (2 * curvature)))
    return 2 * float(curvature) / model.quantum_mass, -float(slope) / (2 * float(curvature)), depth
