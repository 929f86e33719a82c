"""Temperatures of both particles, and the energy that flows between the bath, them and what couples them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sympy as sp

from wignercq.grid.grid import Grid
from wignercq.model.bath import require_plain
from wignercq.model.evaluation import sampled
from wignercq.model.formulas import real_symbol
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import refuse_thermal
from wignercq.observables.averages import average, average_along
from wignercq.observables.energies import occupation
from wignercq.observables.marginals import Marginals

P, Y = real_symbol("p"), real_symbol("y")


class Temperatures(NamedTuple):
    """Energies, k_B T; in the thermal limit they are those of the bath.

    The occupation's is ``hbar w_Q/ln(1 + 1/n)``, that of a thermal oscillator with as many quanta, eq (79): NaN where
    V_Q is not a harmonic well, 0 where n is not positive. The quantum particle's kinetic one is not zero in any state.
    """

    classical: float  # <p**2>/M
    quantum: float  # <y**2>/m
    occupation: float


def temperatures(model: Model, marginals: Marginals) -> Temperatures:
    """Effective temperatures of both particles, from their momenta and from the occupation."""
    p, y = marginals.grid.p, marginals.grid.y
    _, p_density, _, y_density = marginals.lines
    classical = average(p.values**2, p_density, p.spacing) / (model.classical_mass * marginals.norm)
    quantum = average(y.values**2, y_density, y.spacing) / (model.quantum_mass * marginals.norm)
    return Temperatures(classical, quantum, occupation_temperature(model, occupation(model, marginals)))


def occupation_temperature(model: Model, n: float) -> float:
    """``hbar w_Q/ln(1 + 1/n)``: the inverse of ``n = 1/(exp(hbar w_Q/(k_B T)) - 1)``."""
    if math.isnan(n):
        return math.nan
    frequency = math.sqrt(float(sp.diff(model.V_Q, X, 2)) / model.quantum_mass)
    return model.hbar * frequency / math.log1p(1 / n) if n > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Currents:
    """``integral of p W`` and ``integral of y W`` over p and y, each a function of (q, x), shape (nq, nx)."""

    p: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, W: Sequence[np.ndarray], grid: Grid) -> Currents:
        """From W, shape ``grid.shape``, an array or its slabs of constant q."""
        cell = grid.p.spacing * grid.y.spacing
        along_p, along_y = np.empty((2, grid.q.points, grid.x.points))
        for i in range(grid.q.points):
            slab = np.asarray(W[i], float)
            along_p[i] = grid.p.values @ slab.sum(axis=2) * cell
            along_y[i] = slab.sum(axis=0) @ grid.y.values * cell
        return cls(along_p, along_y)


class HeatFlows(NamedTuple):
    """Energy per time; see :func:`heat_flows`. The interaction energy is counted to neither particle."""

    bath: float  # from the bath to the classical particle
    decoherence: float  # from decoherence to the quantum particle
    work_on_classical: float  # by V_I
    work_on_quantum: float  # by V_I

    @property
    def classical(self) -> float:
        """d<H_C>/dt."""
        return self.bath + self.work_on_classical

    @property
    def quantum(self) -> float:
        """d<H_Q>/dt."""
        return self.decoherence + self.work_on_quantum

    @property
    def interaction(self) -> float:
        """d<V_I>/dt."""
        return -self.work_on_classical - self.work_on_quantum

    @property
    def total(self) -> float:
        """d<H>/dt, 0 in a steady state."""
        return self.bath + self.decoherence


def heat_flows(model: Model, marginals: Marginals, currents: Currents) -> HeatFlows:
    """Who gives energy to whom, for any potentials, from the master equation (3)-(5).

    With ``H = H_C + H_Q + V_I``, ``H_C = p**2/(2M) + V_C`` and ``H_Q = y**2/(2m) + V_Q``::

        d<H_C>/dt = bath + work_on_classical        bath = D2/(2M) - (alpha/M**2) <p**2>
        d<H_Q>/dt = decoherence + work_on_quantum   decoherence = (D0 hbar**2/(2m)) <(d_x d_q V_I)**2>
        d<V_I>/dt = -work_on_classical - work_on_quantum

        work_on_classical = -<(p/M) d_q V_I>,    work_on_quantum = -<(y/m) d_x V_I>

    The three add up to :meth:`wignercq.observables.energies.Energies.rate`. They hold to all orders in hbar: what the
    Aleksandrov bracket makes of p**2 is the mean of ``d_q V_I(q, x + hbar s/2)`` and ``d_q V_I(q, x - hbar s/2)`` at
    s = 0; the Moyal bracket of ``y**2`` with a function of x has one term; and the averages are those of W, in which
    ``y d_x V_I`` stands for the symmetrised product. In a steady state no part stores energy, so that
    ``bath = -decoherence``, and ``work_on_quantum = -work_on_classical`` is the heat that goes through the coupling.

    ModelError with thermal dynamics, whose noise acts on the coupling itself.
    """
    require_plain(model, "heat flows")
    refuse_thermal(model, "heat flows")
    grid, norm = marginals.grid, marginals.norm
    q, x = grid.q.values[:, None], grid.x.values[None, :]
    density, cell = marginals.planes["q", "x"], grid.q.spacing * grid.x.spacing
    force_q, force_x, cross = (
        sampled((Q, X), sp.diff(model.V_I, *variables))(q, x) for variables in ((Q,), (X,), (Q, X))
    )
    p_squared = average(grid.p.values**2, marginals.lines[1], grid.p.spacing) / norm
    M, m = model.classical_mass, model.quantum_mass
    return HeatFlows(
        bath=model.diffusion / (2 * M) - model.friction / M**2 * p_squared,
        decoherence=model.D0 * model.hbar**2 / (2 * m) * average(cross**2, density, cell) / norm,
        work_on_classical=-average_along(force_q, currents.p, density, cell) / (M * norm),
        work_on_quantum=-average_along(force_x, currents.y, density, cell) / (m * norm),
    )


def _number(value: float) -> sp.Expr:
    return sp.Float(value, 17)


#: Weyl symbols whose means are the kinetic temperatures and the heat flows, by the names of observables.
MEANS: Mapping[str, Callable[[Model], sp.Expr]] = {
    "temperature_classical": lambda model: P**2 / _number(model.classical_mass),
    "temperature_quantum": lambda model: Y**2 / _number(model.quantum_mass),
    "heat_from_bath": lambda model: (
        _number(model.diffusion / (2 * model.classical_mass))
        - _number(model.damping_rate / model.classical_mass) * P**2
    ),
    "heat_from_decoherence": lambda model: (
        _number(model.D0 * model.hbar**2 / (2 * model.quantum_mass)) * sp.diff(model.V_I, Q, X) ** 2
    ),
    "work_on_classical": lambda model: -P * sp.diff(model.V_I, Q) / _number(model.classical_mass),
    "work_on_quantum": lambda model: -Y * sp.diff(model.V_I, X) / _number(model.quantum_mass),
}
