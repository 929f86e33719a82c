"""Expectation values, marginals, energies and non-classicality of W, gathered in one sweep over memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model, Q, X


@dataclass(frozen=True, eq=False)
class Marginals:
    """All six two-variable marginals of W and the integral of |W|.

    Parameters
    ----------
    grid : Grid
    planes : dict of (str, str) to np.ndarray
        For example ``planes["q", "p"]``, the density over (q, p) with x and y integrated out; keys in (q, p, x, y)
        order.
    absolute : float
        Integral of |W|.
    """

    grid: Grid
    planes: dict[tuple[str, str], np.ndarray]
    absolute: float

    @classmethod
    def of(cls, W: np.ndarray, grid: Grid, *, threads: int = 2) -> Marginals:
        """Integrate W, shape ``grid.shape``, over each pair of variables.

        The sweep goes slab by slab along q in double precision; the result does not depend on `threads`.
        """
        n_q, n_p, n_x, n_y = grid.shape
        qp, qx, qy = np.empty((n_q, n_p)), np.empty((n_q, n_x)), np.empty((n_q, n_y))
        px, py, xy = np.empty((n_q, n_p, n_x)), np.empty((n_q, n_p, n_y)), np.empty((n_q, n_x, n_y))
        absolute = np.empty(n_q)

        def sweep(i: int) -> None:
            slab = np.asarray(W[i])
            px[i] = slab.sum(axis=2, dtype=float)
            xy[i] = slab.sum(axis=0, dtype=float)
            py[i] = slab.sum(axis=1, dtype=float)
            qp[i], qx[i], qy[i] = px[i].sum(axis=1), px[i].sum(axis=0), py[i].sum(axis=0)
            absolute[i] = np.abs(slab).sum(dtype=float)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(sweep, range(n_q)))
        sums = {
            ("q", "p"): qp,
            ("q", "x"): qx,
            ("q", "y"): qy,
            ("p", "x"): px.sum(axis=0),
            ("p", "y"): py.sum(axis=0),
            ("x", "y"): xy.sum(axis=0),
        }
        axes = dict(zip(NAMES, grid, strict=True))
        planes = {}
        for (a, b), plane in sums.items():
            planes[a, b] = plane * (grid.cell / (axes[a].spacing * axes[b].spacing))
        return cls(grid, planes, float(absolute.sum() * grid.cell))

    @cached_property
    def lines(self) -> list[np.ndarray]:
        """Densities of q, p, x and y alone."""
        qp, xy = self.planes["q", "p"], self.planes["x", "y"]
        q, p, x, y = self.grid
        return [qp.sum(1) * p.spacing, qp.sum(0) * q.spacing, xy.sum(1) * y.spacing, xy.sum(0) * x.spacing]

    @property
    def norm(self) -> float:
        """Integral of W."""
        return float(self.planes["q", "p"].sum() * self.grid.q.spacing * self.grid.p.spacing)

    @property
    def negativity(self) -> float:
        """(integral of |W| - integral of W)/2, the volume of the negative part of W."""
        return (self.absolute - self.norm) / 2

    @cached_property
    def mean(self) -> np.ndarray:
        """<z> for z = (q, p, x, y), shape (4,)."""
        return (
            np.array([_integral(axis.values * f, axis) for axis, f in zip(self.grid, self.lines, strict=True)])
            / self.norm
        )

    @cached_property
    def covariance(self) -> np.ndarray:
        """<(z_i - <z_i>)(z_j - <z_j>)>, Weyl-ordered, shape (4, 4)."""
        axes = list(self.grid)
        offsets = [axis.values - mean for axis, mean in zip(axes, self.mean, strict=True)]
        result = np.empty((4, 4))
        for i, (axis, line) in enumerate(zip(axes, self.lines, strict=True)):
            result[i, i] = _integral(offsets[i] ** 2 * line, axis)
        for (a, b), plane in self.planes.items():
            i, j = NAMES.index(a), NAMES.index(b)
            cell = axes[i].spacing * axes[j].spacing
            result[i, j] = result[j, i] = offsets[i] @ plane @ offsets[j] * cell
        return result / self.norm

    def purity(self, hbar: float) -> float:
        """Tr rho_Q**2 = 2 pi hbar * integral of W_xy**2 of the reduced quantum state."""
        x, y = self.grid.x, self.grid.y
        return float(2 * np.pi * hbar * (self.planes["x", "y"] ** 2).sum() * x.spacing * y.spacing)


def _integral(values: np.ndarray, axis: Axis) -> float:
    return float(values.sum() * axis.spacing)


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
        V_C = _sample((Q,), model.V_C)(q)
        V_Q = _sample((X,), model.V_Q)(x)
        V_I, gradient = (_sample((Q, X), f)(q[:, None], x[None, :]) for f in (model.V_I, cross))
        return V_C, V_Q, V_I, gradient**2

    def classical(self, marginals: Marginals) -> float:
        """<p**2/(2M) + V_C(q)>."""
        q_density, p_density, _, _ = marginals.lines
        kinetic = _integral(self.grid.p.values**2 * p_density, self.grid.p) / (2 * self.model.classical_mass)
        return kinetic + _integral(self._potentials[0] * q_density, self.grid.q)

    def quantum(self, marginals: Marginals) -> float:
        """<y**2/(2m) + V_Q(x)>."""
        _, _, x_density, y_density = marginals.lines
        kinetic = _integral(self.grid.y.values**2 * y_density, self.grid.y) / (2 * self.model.quantum_mass)
        return kinetic + _integral(self._potentials[1] * x_density, self.grid.x)

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


def _sample(symbols: tuple[sp.Symbol, ...], formula: sp.Expr) -> Callable[..., np.ndarray]:
    function = sp.lambdify(symbols, formula, modules=["scipy", "numpy"])
    return lambda *points: np.broadcast_to(np.asarray(function(*points), float), np.broadcast(*points).shape)


def occupation(model: Model, marginals: Marginals) -> float:
    """n with n + 1/2 = <y**2/(2m) + V_Q>/(hbar w_Q), eq (79), for a harmonic V_Q = m w_Q**2 x**2/2 about its minimum.

    NaN when V_Q is not a harmonic well. <V_Q> is measured from the bottom of the well.
    """
    frequency_squared, bottom = _harmonic_well(model)
    if frequency_squared is None:
        return float("nan")
    grid = marginals.grid
    _, _, x_density, y_density = marginals.lines
    kinetic = _integral(grid.y.values**2 * y_density, grid.y) / (2 * model.quantum_mass)
    stretch = _integral((grid.x.values - bottom) ** 2 * x_density, grid.x)
    frequency = frequency_squared**0.5
    energy = kinetic + model.quantum_mass * frequency_squared * stretch / 2
    return energy / (model.hbar * frequency) - 0.5


def _harmonic_well(model: Model) -> tuple[float | None, float]:
    """(w_Q**2, position of the minimum) of a harmonic V_Q, or (None, 0)."""
    V_Q = sp.expand(model.V_Q)
    if not V_Q.is_polynomial(X) or sp.Poly(V_Q, X).degree() != 2:
        return None, 0.0
    _, slope, curvature = (float(V_Q.coeff(X, n)) for n in range(3))
    if curvature <= 0:
        return None, 0.0
    return 2 * curvature / model.quantum_mass, -slope / (2 * curvature)
