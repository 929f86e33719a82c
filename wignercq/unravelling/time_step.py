"""The time step of trajectories: what Strang's splitting makes of covariances, where the potential is nearly quadratic.

In a potential that is quadratic where the trajectories are, ``d S/dt = -A S - S A^T + B`` with A from the mean
curvatures and B from the noise of p and the decoherence. The splitting takes the same S through three linear maps, and
the difference of both is the time error without any noise in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp

from wignercq.gaussian.linear_model import thermal_parts
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck
from wignercq.grid.grid import Axis
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import STIFFEST, ThermalTerms
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.pure import Trajectories

#: Where the potential is looked at, in widths of a wave function from its mean: the Gauss-Hermite rule of three points.
PLACES, WEIGHTS = (-math.sqrt(3), 0.0, math.sqrt(3)), np.array([1, 4, 1]) / 6
AT_ONCE = 0.5  # of the tolerance, which errors may reach at the first output; all of it at the last
OWN = 0.25  # of it, which the steps to an output may add whatever the error was before
LEAST = 1e-8  # of the largest stiffness, for which thermal dynamics know numbers: what counts as none
MOST_STEPS = 10**5  # from one output to the next


class Surroundings(NamedTuple):
    """What trajectories see of a potential, where they are."""

    fastest: float  # highest angular frequency of small oscillations, or the rate of friction
    classical: float  # the same of the classical particle alone
    qq: float  # mean curvatures
    xx: float
    qx: float
    heating: float  # <(d_x L)**2>
    spread: float  # mean variance of x in a wave function

    @classmethod
    def of(cls, model: Model, now: Trajectories | Mixtures, axis: Axis) -> Surroundings:
        """Of trajectories on an axis."""
        density = now.density * axis.spacing
        mean = density @ axis.values
        spread = np.sqrt(np.maximum(density @ axis.values**2 - mean**2, 0.0))
        qq, xx, qx = (
            np.broadcast_to(f, (len(PLACES), now.count))
            for f in _curvatures(model)(now.q, mean + np.outer(PLACES, spread))
        )
        root = math.sqrt(model.classical_mass * model.quantum_mass)
        a, c, b = qq / model.classical_mass, xx / model.quantum_mass, qx / root
        square = (np.abs(a + c) / 2 + np.hypot((a - c) / 2, b)).max()  # the larger eigenvalue
        fastest, classical = (
            math.sqrt(max(float(highest), model.damping_rate**2)) for highest in (square, np.abs(a).max())
        )
        means = [float(WEIGHTS @ f.mean(axis=1)) for f in (qq, xx, qx, qx**2)]
        return cls(fastest, classical, *(*means, float((spread**2).mean())))


@lru_cache(maxsize=16)
def _curvatures(model: Model) -> Callable[..., list[np.ndarray]]:
    potential = model.V_C + model.V_Q + model.V_I
    return compiled((Q, X), [sp.diff(potential, Q, 2), sp.diff(potential, X, 2), sp.diff(potential, Q, X)])


@dataclass(eq=False)
class Splitting:
    """Covariances on their way through a run, exact and by steps.

    Parameters
    ----------
    model : Model
    covariance : np.ndarray
        At the start, shape (4, 4).
    dynamics : {"hybrid", "mean_field", "semiclassical"}
    """

    model: Model
    covariance: np.ndarray
    dynamics: str

    def __post_init__(self) -> None:
        self.by_steps = self.covariance.copy()

    def steps(self, around: Surroundings, span: float, allowed: float) -> int:
        """How many steps from here keep the error of the splitting within a bound, relative to the spread.

        What the error so far becomes no step mends: of the bound a part is left to these steps in any case.
        """
        process, count = OrnsteinUhlenbeck(*self._process(around)), 1
        so_far = _apart(*(process.covariance(span, S) for S in (self.by_steps, self.covariance)))
        bound = max(allowed, so_far + OWN * allowed)
        while count < MOST_STEPS and (error := self._after(around, span, count)[2]) > bound:
            count = max(count + 1, math.ceil(count * min(math.sqrt(error / bound), 8.0)))
        return count

    def advance(self, around: Surroundings, span: float, count: int) -> float:
        """Go on by so many steps; the error of the splitting then."""
        self.covariance, self.by_steps, error = self._after(around, span, count)
        return error

    def _after(self, around: Surroundings, span: float, count: int) -> tuple[np.ndarray, np.ndarray, float]:
        A, B = self._process(around)
        T, time = np.zeros((4, 4)), span / count
        T[0, 1], T[2, 3] = A[0, 1], 0.0 if self.model.is_thermal else A[2, 3]
        exact = OrnsteinUhlenbeck(A, B).covariance(span, self.covariance)
        kick = OrnsteinUhlenbeck(A - T, B)
        half = np.eye(4) - T * time / 2  # T is nilpotent
        noise = half @ kick.noise_covariance(time) @ half.T
        by_steps = _repeated(half @ kick.propagator(time) @ half, noise, count, self.by_steps)
        return exact, by_steps, _apart(by_steps, exact)

    def _process(self, around: Surroundings) -> tuple[np.ndarray, np.ndarray]:
        """A and B."""
        model, A, B = self.model, np.zeros((4, 4)), np.zeros((4, 4))
        A[0, 1], A[2, 3] = -1 / model.classical_mass, -1 / model.quantum_mass
        A[1] = [around.qq, model.damping_rate, around.qx, 0]
        A[3] = [around.qx, 0, around.xx, 0]
        if self.dynamics != "semiclassical":
            B[1, 1] = model.diffusion
        if model.is_thermal:
            more, noise, _ = thermal_parts(_terms(model, around))
            return A + more, noise
        if self.dynamics == "hybrid":
            B[3, 3] = model.hbar**2 * model.D0 * around.heating
        return A, B


def kick_steps(model: Model, around: Surroundings, span: float, allowed: float) -> float:
    """Steps that keep the error within kicks of thermal dynamics below a bound.

    Kicks split a measurement with some rate R from motion with a frequency w: after a time t a share
    ``min(1, R t) (w**2 + 2 R w) dt**2/24`` is wrong.
    """
    rate = 4 * model.D0 * around.heating * around.spread * _terms(model, around).S ** 2
    w = around.fastest
    return span * math.sqrt(min(1.0, rate * span) * w * (w + 2 * rate) / (24 * allowed))


def _terms(model: Model, around: Surroundings) -> ThermalTerms:
    """Of thermal dynamics, as if the curvatures were those of an oscillator."""
    stiffest = model.quantum_mass * (2 * STIFFEST * model.bath_temperature / model.hbar) ** 2
    stiffness = min(max(abs(around.xx), LEAST * stiffest), stiffest)
    return ThermalTerms.of_oscillator(model, stiffness, math.copysign(math.sqrt(around.heating), around.qx))


def _apart(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest error of covariances, relative to the spread."""
    spread = np.sqrt(np.maximum(np.diag(exact), np.finfo(float).tiny))
    return float((np.abs(found - exact) / np.outer(spread, spread)).max())


def _repeated(flow: np.ndarray, noise: np.ndarray, count: int, S: np.ndarray) -> np.ndarray:
    """S after so many equal steps ``F S F^T + N``, by doubling them."""
    while True:
        if count % 2:
            S = flow @ S @ flow.T + noise
        count //= 2
        if not count:
            return S
        noise, flow = flow @ noise @ flow.T + noise, flow @ flow
