"""One time step of many trajectories: each a classical point (q, p) and a quantum state, pure here (:mod:`.pure`).

With L = d_q V_I(q, x), which is diagonal in x, and one real Wiener process w for each trajectory (docs/trajectories.md;
Layton, Oppenheim and Weller-Davies, arXiv:2208.11722)

    dq = p/M dt,    dp = -[V_C' + <L> + (alpha/M) p] dt + sqrt(D2) dw
    d psi = [-(i/hbar) H_Q(q) dt - (L - <L>)**2/(8 D2) dt - (L - <L>)/(2 sqrt(D2)) dw] psi

A step is ``T(dt/2) K(dt) T(dt/2)`` of two parts, each solved exactly, in law:

T, transport
    ``q += (p/M) dt``, and the kinetic phases of psi by a Fourier transform.
K, kick
    q rests, so that V_I(q, .) and L are numbers at each x, and all that happens to psi is a multiplication. The record
    ``R = int (-<L> dt + sqrt(D2) dw)`` of such a measurement has the law of ``-L(x) dt + sqrt(D2 dt) n`` with x drawn
    from |psi|**2 and n normal, and given R

        psi -> psi exp(-(R + L dt)**2/(4 D2 dt) - i (V_Q + V_I) dt/hbar) / norm,      p += R - V_C' dt

    Friction weighs the record by ``exp(-(alpha/M)(dt - s))`` on its way into p; the weighted record and R are drawn
    together.

Averaged over the noise, T and K are the exact flows of two parts of the master equation, whose sum is all of it. So the
average over trajectories is the Strang splitting of the equation, and every mean has an error of order dt**2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.fft
import sympy as sp

from wignercq.grid.grid import Axis
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.pure import Trajectories

DYNAMICS = ("hybrid", "mean_field", "semiclassical")


class Noise(NamedTuple):
    """Random numbers of one step, each of shape (n,): one even between 0 and 1, which may be missing, three normal."""

    chance: np.ndarray | None
    record: np.ndarray
    beside: np.ndarray
    hidden: np.ndarray

    @classmethod
    def drawn(cls, count: int, random: np.random.Generator) -> Noise:
        """For `count` trajectories."""
        return cls(random.random(count), *random.standard_normal((3, count)))

    def joined(self, other: Noise) -> Noise:
        """That of a step as long as this one and the next one, for the same path of w, without a chance."""
        return Noise(None, *((a + b) / math.sqrt(2) for a, b in zip(self[1:], other[1:], strict=True)))

    @property
    def smooth(self) -> Noise:
        """The same without a chance, so that paths with other steps are close to it."""
        return self._replace(chance=None)


@dataclass(eq=False)
class Scheme:
    """Steps of one length on one axis.

    Parameters
    ----------
    model : Model
        ``4 D0 D2 >= 1`` where it is coupled.
    axis : Axis
        Of x.
    dt : float
    dynamics : {"hybrid", "mean_field", "semiclassical"}
        Or, for comparison: the force of the quantum particle on the classical one is its mean, ``dp`` has -<L>, and psi
        is not measured, with the bath's noise; the same without any noise.
    """

    model: Model
    axis: Axis
    dt: float
    dynamics: str = "hybrid"

    def advance(self, now: Trajectories | Mixtures, noise: Sequence[Noise]) -> None:
        """Move trajectories on, in place, by a step for each noise."""
        if not noise:
            return
        self._transport(now, self.dt / 2, self._half)
        for left, its in zip(reversed(range(len(noise))), noise, strict=True):
            self._kick(now, its)
            self._transport(now, self.dt if left else self.dt / 2, self._whole if left else self._half)

    # transport

    def _phases(self, time: float) -> np.ndarray:
        y = self.model.hbar * 2 * np.pi * scipy.fft.fftfreq(self.axis.points, self.axis.spacing)
        return np.asarray(np.exp(-0.5j * time / (self.model.quantum_mass * self.model.hbar) * y**2))

    @cached_property
    def _half(self) -> np.ndarray:
        return self._phases(self.dt / 2)

    @cached_property
    def _whole(self) -> np.ndarray:
        return self._phases(self.dt)

    def _transport(self, now: Trajectories | Mixtures, time: float, phases: np.ndarray) -> None:
        now.q += time / self.model.classical_mass * now.p
        now.transport(phases)

    # kick

    def _kick(self, now: Trajectories | Mixtures, noise: Noise) -> None:
        model, dt, rate, spent = self.model, self.dt, self.model.damping_rate, self._spent
        interaction, measured, slope = self._functions
        q, x = now.q[:, None], self.axis.values
        wiener = math.sqrt(dt) * noise.record
        weighted = spent / dt * wiener + self._beside * noise.beside  # int exp(-rate (dt - s)) dw
        now.p *= math.exp(-rate * dt)
        now.p -= spent * slope(now.q, 0.0)
        exponent = np.empty((now.count, x.size), complex)
        np.multiply(interaction(q, x), -dt / model.hbar, out=exponent.imag)
        exponent.imag -= self._quantum_phase
        exponent.real = 0.0
        if model.is_coupled:
            L = measured(q, x)
            if self.dynamics == "hybrid":
                seen, wiener, weighted = self._seen(L, now.density, noise, wiener, weighted)
                # (R + L dt)**2/(4 D2 dt) with R = -seen dt + sqrt(D2) wiener
                root = L - seen[:, None]
                root *= 0.5 * math.sqrt(dt / model.diffusion)
                root += (0.5 / math.sqrt(dt) * wiener)[:, None]
                np.multiply(root, -root, out=exponent.real)
                if self._hidden:
                    now.decohere(L, self._hidden, noise.hidden)
            else:
                seen = self._mean(L, now.density)
            now.p -= spent * seen
        if self.dynamics != "semiclassical":
            now.p += math.sqrt(model.diffusion) * weighted
        now.multiply(exponent, self.axis.spacing)

    def _seen(
        self, L: np.ndarray, density: np.ndarray, noise: Noise, wiener: np.ndarray, weighted: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The value of L that the record is drawn about, and both integrals of its noise.

        L at a place drawn from |psi|**2; or, where nothing is given to draw it by, the mean of L, with noise of the
        variance that both have together.
        """
        if noise.chance is not None:
            return np.take_along_axis(L, _drawn(density, noise.chance)[:, None], axis=1)[:, 0], wiener, weighted
        mean = self._mean(L, density)
        variance = np.maximum(self._mean(L**2, density) - mean**2, 0.0)
        more = np.sqrt(1 + variance * self.dt / self.model.diffusion)
        return mean, more * wiener, more * weighted

    def _mean(self, L: np.ndarray, density: np.ndarray) -> np.ndarray:
        return np.asarray((density * L).sum(axis=1) * self.axis.spacing)

    @cached_property
    def _spent(self) -> float:
        """Time that a constant force acts, when friction has had its share."""
        rate, dt = self.model.damping_rate, self.dt
        return -math.expm1(-rate * dt) / rate if rate else dt

    @cached_property
    def _beside(self) -> float:
        """Standard deviation of what the weighted record has beside its share of the plain one."""
        rate, dt = self.model.damping_rate, self.dt
        if not rate:
            return 0.0
        variance = -math.expm1(-2 * rate * dt) / (2 * rate) - math.expm1(-rate * dt) ** 2 / (rate**2 * dt)
        return math.sqrt(max(variance, 0.0))

    @cached_property
    def _hidden(self) -> float:
        """Standard deviation of the phase per L by which decoherence beyond the trade-off acts, without a record."""
        beyond = self.model.D0 - 0.25 / self.model.diffusion
        return math.sqrt(beyond * self.dt) if beyond > 1e-12 * self.model.D0 else 0.0

    @cached_property
    def _quantum_phase(self) -> np.ndarray:
        return self.dt / self.model.hbar * sampled((X,), self.model.V_Q)(self.axis.values)

    @cached_property
    def _functions(self) -> tuple[Callable[..., np.ndarray], ...]:
        """Of q and x: V_I; L; and the slope of V_C, with that of V_I where it does not couple."""
        model = self.model
        of_q = model.V_C if model.is_coupled else model.V_C + model.V_I
        return tuple(sampled((Q, X), f) for f in (model.V_I, sp.diff(model.V_I, Q), sp.diff(of_q, Q)))


def _drawn(density: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Numbers of points drawn from |psi|**2."""
    summed = np.cumsum(density, axis=1)
    return np.minimum((summed < chance[:, None] * summed[:, -1:]).sum(axis=1), density.shape[1] - 1)
