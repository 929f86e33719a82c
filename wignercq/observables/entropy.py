"""Entropy production: irreversible currents of W in p and in y, and the forces that drive them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sympy as sp
from threadpoolctl import threadpool_limits

from wignercq.grid.grid import Axis, Grid
from wignercq.model.bath import require_plain
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import thermal_terms
from wignercq.observables import thermal_rates
from wignercq.observables.averages import ABOVE, floor_between
from wignercq.observables.marginals import Marginals


class EntropyProduction(NamedTuple):
    """Nats per time; see :func:`entropy_production`."""

    momentum: float  # by friction and noise of p, never negative
    decoherence: float  # by decoherence, its exact current in y
    decoherence_leading: float  # the same to leading order in hbar, never negative
    left_out: float  # integral of |W| where W does not stand above its errors
    floor: float  # of W that counts, units 1/action**2

    @property
    def total(self) -> float:
        """By both."""
        return self.momentum + self.decoherence


@threadpool_limits.wrap(limits=1, user_api="blas")  # matrices are small
def entropy_production(
    W: Sequence[np.ndarray], model: Model, grid: Grid, *, floor: float | None = None
) -> EntropyProduction:
    """The entropy production rate of W, for any potentials; ``alpha D_y/(m D2)`` in a Gaussian steady state.

    With the irreversible current of p and its force::

        J_p = -(alpha/M) p W - (D2/2) d_p W,    momentum = (2/D2) <J_p**2/W**2>

    Decoherence multiplies W in (q, x, s), s conjugate to y, by ``-(D0/2) c**2`` with
    ``c = d_q V_I(q, x + hbar s/2) - d_q V_I(q, x - hbar s/2)``. That is ``-d_y J_y``, and c being odd in s there is no
    pole in its current::

        J_y = (D0/2) (c**2/(i s)) W,            decoherence = -<J_y d_y W/W**2>

    exact in hbar: the rate at which decoherence raises ``-integral of W ln W``. For d_q V_I at most quadratic in x c is
    linear in s, ``J_y = -(D_y/2) d_y W`` with ``D_y = D0 hbar**2 (d_x d_q V_I)**2``, and both are
    ``(2/D_y) <J_y**2/W**2>``; else that is the leading order in hbar, given apart. The quotient itself is of no use
    beyond it, since J_y need not vanish where D_y does, and current times force may become negative.

    W counts where it stands above its errors: above ten times its most negative value (ten units of rounding of its
    maximum at least, a hundredth of it at most; :mod:`wignercq.observables.averages`), and above ten times what it is
    at the two ends of the line along which it is differentiated, for what is cut there falsifies the derivative all
    along. `left_out` is the integral of |W| elsewhere. The rates are those of W as it is, its integral taken to be one.
    NaN without noise on p. Where W is negative by its nature, not by errors, the integrals diverge at its zeros, like
    the logarithm of the floor: then `left_out` is large, and the rates say little.

    With thermal dynamics (:mod:`wignercq.model.thermal`) one noise moves p and x, and the parts are those by which W
    comes nearer to the thermal state W_T: with ``f = W/W_T`` and ``b = hbar c kappa sqrt(D0)``
    ``momentum = <(sqrt(D2) d_p ln f + b d_x ln f)**2>/2`` and ``decoherence = (D_y/2) <(d_y ln f)**2>``.

    Parameters
    ----------
    W : array or sequence of slabs, shape ``grid.shape``
        Read twice, slab by slab of constant q.
    floor : float, optional
        In place of ten times the most negative value.
    """
    require_plain(model, "an entropy production")
    floor = floor_between(*bounds(W)) if floor is None else floor
    derive = _Derivatives(model, grid)
    rates, left_out = np.zeros(3), 0.0
    for i in range(grid.q.points):
        slab = np.asarray(W[i], float)
        in_p, in_y = _counted(slab, floor, axis=0), _counted(slab, floor, axis=2)
        if model.is_thermal:
            in_p &= _counted(slab, floor, axis=1)
        left_out += float(np.abs(slab[~(in_p & in_y)]).sum())
        inverse = np.divide(1.0, slab, out=np.zeros_like(slab), where=in_p)
        J_p = derive.current_of_p(i, slab)
        J_p *= J_p
        rates[0] += float(np.vdot(J_p, inverse))
        inverse = np.divide(1.0, slab, out=np.zeros_like(slab), where=in_y)
        by_y, J_y = derive.along_y(i, slab)
        J_y *= by_y
        rates[1] -= float(np.vdot(J_y, inverse))
        by_y *= by_y
        rates[2] += float(np.vdot(by_y, inverse * (derive.D_y[i][:, None] / 2)))
    scale = 2 / model.diffusion if model.diffusion else math.nan
    momentum, exact, leading = (float(rate) for rate in rates * grid.cell * np.array([scale, 1.0, 1.0]))
    return EntropyProduction(momentum, exact, leading, left_out * grid.cell, floor)


def entropy_flux(model: Model, marginals: Marginals) -> float:
    """Entropy given to the bath per time, the heat over its temperature: ``(2/D2) (alpha/M)**2 <p**2> - alpha/M``.

    In a steady state of a quadratic model it is the entropy production. Beyond that Moyal brackets change
    ``integral of W ln W`` as well, without heat. NaN without noise on p. With thermal dynamics it is
    :func:`wignercq.observables.thermal_rates.entropy_flux`.
    """
    require_plain(model, "an entropy flux")
    if not model.diffusion:
        return math.nan
    if model.is_thermal:
        return thermal_rates.entropy_flux(model, marginals)
    p, gamma = marginals.grid.p, model.damping_rate
    p_squared = float((p.values**2 * marginals.lines[1]).sum() * p.spacing) / marginals.norm
    return 2 * gamma * (gamma * p_squared / model.diffusion) - gamma


def bounds(W: Sequence[np.ndarray]) -> tuple[float, float]:
    """The lowest and the highest value."""
    ends = [(float(slab.min()), float(slab.max())) for slab in W]
    return min(low for low, _ in ends), max(high for _, high in ends)


def derivative(axis: Axis) -> np.ndarray:
    """The matrix of the spectral derivative on a periodic axis, shape (points, points)."""
    k = axis.frequencies.copy()
    if axis.points % 2 == 0:
        k[axis.points // 2] = 0  # either sign
    return np.fft.ifft(1j * k[:, None] * np.fft.fft(np.eye(axis.points), axis=0), axis=0).real


def _counted(slab: np.ndarray, floor: float, axis: int) -> np.ndarray:
    """Where a slab stands above `floor` and above what it is at the ends of `axis`."""
    ends = np.abs(slab.take([0, -1], axis)).max(axis=axis, keepdims=True)
    return slab > np.maximum(floor, ABOVE * ends)


@dataclass(eq=False)
class _Derivatives:
    """Derivatives and currents of the slabs of W."""

    model: Model
    grid: Grid

    def __post_init__(self) -> None:
        model, grid = self.model, self.grid
        drift = np.diag(grid.p.values) * (model.friction / model.classical_mass)
        self._p = -drift - derivative(grid.p) * (model.diffusion / 2)
        q, x = grid.q.values[:, None], grid.x.values[None, :]
        self.D_y = model.D0 * model.hbar**2 * sampled((Q, X), sp.diff(model.V_I, Q, X))(q, x) ** 2
        self._s = grid.y.half_frequencies
        self._L = sampled((Q, X), sp.diff(model.V_I, Q))
        self._is_linear = bool(sp.diff(model.V_I, Q, X, X, X) == 0)  # c in s
        if model.is_thermal:
            self.D_y[...] = thermal_terms(model).diffusion_y

    def current_of_p(self, i: int, slab: np.ndarray) -> np.ndarray:
        """J_p of the slab (np, nx, ny) at the i-th q, and with it what the noise of p does to x."""
        current = (self._p @ slab.reshape(len(slab), -1)).reshape(slab.shape)
        if self.model.is_thermal:
            terms, grid = thermal_terms(self.model), self.grid
            away = grid.x.values - (terms.slope * grid.q.values[i] + terms.offset)
            along_x = derivative(grid.x) + np.diag(away / terms.variance_x)
            current -= terms.noise_p * terms.noise_x / 2 * (along_x @ slab)
        return current

    def along_y(self, i: int, slab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """d_y W, with thermal dynamics that of W/W_T times W_T, and J_y of the slab at the i-th q."""
        points = self.grid.y.points
        spectrum = np.fft.rfft(slab, axis=2)
        factor = 1j * self._s
        if points % 2 == 0:
            factor[-1] = 0  # either sign
        by_y = np.fft.irfft(factor * spectrum, n=points, axis=2)
        if self.model.is_thermal:
            by_y += slab * (self.grid.y.values / thermal_terms(self.model).variance_y)
        if self._is_linear:
            return by_y, by_y * (-self.D_y[i][:, None] / 2)
        return by_y, np.fft.irfft(self._symbol(i) * spectrum, n=points, axis=2)

    def _symbol(self, i: int) -> np.ndarray:
        """(D0/2) c**2/(i s) at the i-th q, shape (nx, ns)."""
        q, x, s = self.grid.q.values[i], self.grid.x.values[:, None], self._s[1:]
        h = self.model.hbar * s / 2
        c = self._L(q, x + h) - self._L(q, x - h)
        symbol = np.zeros((len(x), len(self._s)), dtype=complex)
        symbol[:, 1:] = self.model.D0 / 2 * c**2 / (1j * s)
        if self.grid.y.points % 2 == 0:
            symbol[:, -1] = 0
        return symbol
