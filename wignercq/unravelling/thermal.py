"""One time step of trajectories in the dynamics that keep the thermal state (docs/thermal.md), for any potentials.

With the operators L and H_s of h(q) (:mod:`.thermal_operators`), at ``4 D0 D2 = 1``, and one Wiener process w

    dq = p/M dt,    dp = -[V_C' + Re<L> + (alpha/M) p] dt + sqrt(D2) dw
    d psi = [-(i/hbar) (h + H_s) - (D0/2) (L^+ L - 2 Re<L> L + Re<L>**2)] psi dt - sqrt(D0) (L - Re<L>) psi dw

The average over w is the master equation. The record ``R = int (-Re<L> dt + sqrt(D2) dw)`` drives p, and without the
norm psi is driven by it alone,

    d phi = A phi dt + B phi o dR/sqrt(D2),      A = -(i/hbar) (h + H_s) - (D0/2) (L^+ L + L**2),    B = -sqrt(D0) L

in the sense of Stratonovich, ``|phi|**2`` being the probability of the record beside that of a Wiener process. A step
is ``T(dt/2) K(dt) T(dt/2)``: T moves q, and K, in which q rests, is

    phi -> exp(A dt/2) exp(B r) exp(A dt/2) phi,      p -> p + sqrt(D2) r - V_C' dt

for a Wiener increment r (Ninomiya and Victoir, Appl. Math. Finance 15, 107 (2008)): without the norm, the average of it
is Strang's splitting of the generator. The weights ``|phi|**2`` at the three points of Gauss and Hermite give r a mean
and a variance, right to dt**2, with which it is drawn as a normal number. So means have errors of order dt**2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.grid.grid import Axis
from wignercq.model.model import Model
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.pure import Trajectories
from wignercq.unravelling.scheme import Noise, Scheme
from wignercq.unravelling.thermal_operators import Operators, levels_at, operators, spectrum

ORDER = 6  # of the series of exp(B r)
REACH = 18.4  # in units of the temperature: exp(-18.4) is 1e-8
KEPT = 1e-3  # of a wave function, which coupling may miss
FEWEST, MORE = 4, 1.25  # levels at first, and by how much their energy grows


@dataclass(eq=False)
class ThermalScheme(Scheme):
    """Steps of one length on one axis.

    Parameters
    ----------
    reach : float
        Energy of levels of the quantum particle, in units of k_B T above the lowest, where they are cut; 0 for 18.4 at
        first, or three levels. It grows where wave functions need more.
    """

    reach: float = 0.0

    def advance(self, now: Trajectories | Mixtures, noise: Sequence[Noise]) -> None:
        """Move trajectories on, in place, by a step for each noise.

        InputError where the axis has too few points for the levels they need, or these are too hot for the bath.
        """
        assert isinstance(now, Trajectories)
        self._hold(now)
        super().advance(now, noise)

    def _hold(self, now: Trajectories) -> None:
        """Take in as many levels as wave functions need."""
        self.reach = self.reach or reach_at_first(self.model, self.axis, now.q)
        while self._beyond(now) > KEPT:
            self.reach *= MORE

    def _beyond(self, now: Trajectories) -> float:
        """The most of any wave function that is cut off at its q, ``1 - <g>``."""
        most = 0.0
        for cell, members in self._operators.groups(now.q):
            found = now.psi[members] @ cell.orbitals
            low = (_times(cell.at(cell.low, now.q[members]), found).conj() * found).real.sum(axis=1)
            most = max(most, 1 - float(low.min()) * self.axis.spacing)
        return most

    @property
    def _operators(self) -> Operators:
        return operators(self.model, self.axis, self.dt, self.reach)

    def _transport(self, now: Trajectories | Mixtures, time: float, phases: np.ndarray) -> None:
        now.q += time / self.model.classical_mass * now.p

    def _kick(self, now: Trajectories | Mixtures, noise: Noise) -> None:
        assert isinstance(now, Trajectories)
        model, dt, spent = self.model, self.dt, self._spent
        record = np.empty(now.count)  # in units of sqrt(dt)
        for cell, members in self._operators.groups(now.q):
            half, kick = (cell.at(table, now.q[members]) for table in (cell.half, cell.kick))
            terms = _series(kick, _times(half, now.psi[members] @ cell.orbitals))
            record[members] = r = _drawn(half, terms, noise.record[members])
            moved = _times(half, np.einsum("jni,jn->ni", terms, r ** np.arange(ORDER + 1)[:, None]))
            now.psi[members] = moved @ cell.orbitals.T
        now.psi /= np.sqrt(now.density.sum(axis=1, keepdims=True) * self.axis.spacing)
        slope = self._functions[2]
        now.p *= math.exp(-model.damping_rate * dt)
        now.p -= spent * slope(now.q, 0.0)
        now.p += math.sqrt(model.diffusion) * (spent / math.sqrt(dt) * record + self._beside * noise.beside)


def reach_at_first(model: Model, axis: Axis, q: np.ndarray) -> float:
    """The least energy of levels, in units of k_B T above the lowest, up to which trajectories have them."""
    with threadpool_limits(1, "blas"):
        energies = [spectrum(model, axis, float(place))[0] for place in _looked_at(q)]
    excited = max(float(its[FEWEST - 1] - its[0]) for its in energies)
    return max(REACH, excited / model.bath_temperature)


def thermal_waves(model: Model, axis: Axis, q: np.ndarray) -> Trajectories:
    """Levels where some trajectories are, the higher the smaller, which an axis has to hold as it holds wave functions.

    The square of the norm is 1e-4 for one at the end of them.
    """
    reach = reach_at_first(model, axis, q)
    with threadpool_limits(1, "blas"):
        known = [levels_at(model, axis, reach, float(place)) for place in _looked_at(q)]
    psi = np.concatenate([its.waves * np.sqrt(its.weights) for its in known], axis=1).T / math.sqrt(axis.spacing)
    return Trajectories(np.zeros(len(psi)), np.zeros(len(psi)), psi)


def _looked_at(q: np.ndarray) -> np.ndarray:
    return np.quantile(q, [0, 0.25, 0.5, 0.75, 1])


def scheme_on(model: Model, axis: Axis, dt: float, dynamics: str, reach: float = 0.0) -> Scheme:
    """Steps of one length on one axis, in the dynamics of a model."""
    if model.is_thermal:
        return ThermalScheme(model, axis, dt, dynamics, reach)
    return Scheme(model, axis, dt, dynamics)


def _times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Of each trajectory, (n, k, k) with (n, k)."""
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])


def _series(kick: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """``kick**j phi/j!``, shape (ORDER + 1, n, k)."""
    terms = np.empty((ORDER + 1, *phi.shape), complex)
    terms[0] = phi
    for j in range(1, ORDER + 1):
        parts = (kick @ terms[j - 1].view(float).reshape(*phi.shape, 2)) / j  # a real matrix
        terms[j] = parts.reshape(len(phi), -1).view(complex)
    return terms


def _drawn(half: np.ndarray, terms: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """The record of a step, in units of sqrt(dt), from normal numbers."""
    root = math.sqrt(3.0)
    powers = root ** np.arange(ORDER + 1)
    parts = terms.view(float).reshape(ORDER + 1, -1)
    even, odd = ((powers[i::2] @ parts[i::2]).view(complex).reshape(terms[0].shape) for i in (0, 1))
    still, even, odd = np.moveaxis(half @ np.stack([terms[0], even, odd], axis=2), 2, 0)
    none, up, down = ((np.abs(its) ** 2).sum(axis=1) for its in (still, even + odd, even - odd))
    total = 4 * none + up + down
    mean = root * (up - down) / total
    return np.asarray(mean + np.sqrt(np.maximum(3 * (up + down) / total - mean**2, 0.0)) * normal)
