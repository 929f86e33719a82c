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
from wignercq.model.formulas import as_rational
from wignercq.model.model import Model, Q, T, X
from wignercq.observables.averages import average, left_out
from wignercq.observables.marginals import Marginals
from wignercq.observables.thermal_rates import energy_rate


@dataclass(frozen=True, eq=False)
class Energies:
    """The energies of a model and the rate at which diffusion, decoherence and friction change them.

    At a wall of a potential only that part of W counts that stands above its errors
    (:mod:`wignercq.observables.averages`); :meth:`left_out` is a bound of the rest.

    The total changes through the irreversible terms and the work of a drive, whatever the potentials::

        d<H>/dt = <D2>/(2M) + <heating>/(2m) - (alpha/M**2) <p**2> + <d_t V>
                  + D_yy/(2m) + (D_xx/2) <d_x**2 (V_Q + V_I)> - (gamma_Q/m) <y**2>

    with ``heating = hbar**2 sum_k D0_k (d_x L_k)**2`` and ``L_0 = d_q V_I``; the last line is that of the quantum
    particle's bath.

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
    def _changes(self) -> tuple[np.ndarray, np.ndarray]:
        """What heats both particles where they are, and d_t V, on the grid, shapes (nq, nx)."""
        values = _rates(self.model)(self.grid.q.values[:, None], self.grid.x.values[None, :], np.float64(self.time))
        heating, power = (np.broadcast_to(value, (self.grid.q.points, self.grid.x.points)) for value in values)
        return heating, power

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

    @property
    def needs_y_squared(self) -> bool:
        """Whether :meth:`rate` depends on <y**2>."""
        return self.model.quantum_damping_rate > 0

    def rate_of(self, marginals: Marginals) -> float:
        """d<H>/dt, with thermal dynamics as well."""
        if self.model.is_thermal:
            return energy_rate(self.model, marginals)
        p_squared, y_squared = (
            float(marginals.covariance[i, i] + marginals.mean[i] ** 2) * marginals.norm for i in (1, 3)
        )
        return self.rate(marginals.planes["q", "x"], p_squared, y_squared)

    def rate(self, density_qx: np.ndarray, p_squared: float, y_squared: float = 0.0) -> float:
        """d<H>/dt of all but thermal dynamics from the (q, x) marginal, shape (nq, nx), <p**2>, and <y**2>.

        The last counts with friction of y alone.
        """
        model = self.model
        heating, power = self._changes
        gained = model.diffusion / (2 * model.classical_mass) + average(heating, density_qx, self._cell_qx)
        damping = model.friction / model.classical_mass**2 * p_squared
        if model.is_driven:
            gained += average(power, density_qx, self._cell_qx)
        if model.quantum_bath is not None:
            gained += model.quantum_diffusion.yy / (2 * model.quantum_mass)
            damping += model.quantum_damping_rate / model.quantum_mass * y_squared
        return gained - damping

    def power(self, marginals: Marginals) -> float:
        """<d_t V>, the energy that a drive brings in per time."""
        if not self.model.is_driven:
            return 0.0
        return average(self._changes[1], marginals.planes["q", "x"], self._cell_qx)

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
def _rates(model: Model) -> Callable[..., list[Any]]:
    """What heats both particles where they are, and d_t V, as functions of (q, x, t)."""
    heating = model.quantum_heating / (2 * as_rational(model.quantum_mass))
    heating += model.noise_diffusion / (2 * as_rational(model.classical_mass))
    heating += as_rational(model.quantum_diffusion.xx) / 2 * sp.diff(model.V_Q + model.V_I, X, 2)
    return compiled((Q, X, T), [heating, sp.diff(model.V_C + model.V_Q + model.V_I, T)])


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
