"""The time step of trajectories: what Strang's splitting makes of covariances, where the potential is nearly quadratic.

In a potential that is quadratic where the trajectories are, ``d S/dt = A S + S A^T + B`` with A from the mean
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
from scipy.linalg import expm

from wignercq.grid.grid import Axis
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, X
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.pure import Trajectories

PLACES = (-2.0, 0.0, 2.0)  # where the potential is looked at, in widths of a wave function from its mean
AT_ONCE = 0.5  # of the tolerance, which errors may reach at the first output; all of it at the last
MOST_STEPS = 10**5  # from one output to the next


class Surroundings(NamedTuple):
    """What trajectories see of a potential, where they are."""

    fastest: float  # highest angular frequency of small oscillations, or the rate of friction
    qq: float  # mean curvatures
    xx: float
    qx: float
    heating: float  # <(d_x L)**2>

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
        fastest = math.sqrt(max(float(square), model.damping_rate**2))
        weights = np.array([1, 4, 1]) / 6
        return cls(fastest, *(float(weights @ f.mean(axis=1)) for f in (qq, xx, qx, qx**2)))


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
        """How many steps from here keep the error of the splitting within a bound, relative to the spread."""
        count = 1
        while count < MOST_STEPS and (error := self._after(around, span, count)[2]) > allowed:
            count = max(count + 1, math.ceil(count * min(math.sqrt(error / allowed), 8.0)))
        return count

    def advance(self, around: Surroundings, span: float, count: int) -> float:
        """Go on by so many steps; the error of the splitting then."""
        self.covariance, self.by_steps, error = self._after(around, span, count)
        return error

    def _after(self, around: Surroundings, span: float, count: int) -> tuple[np.ndarray, np.ndarray, float]:
        A, B = self._process(around)
        T = np.zeros((4, 4))
        T[0, 1], T[2, 3] = A[0, 1], A[2, 3]
        exact = _moved(self.covariance, *_flow(A, B, span))
        half, (kick, noise) = expm(T * span / count / 2), _flow(A - T, B, span / count)
        by_steps = _power(half @ kick @ half, half @ noise @ half.T, count, self.by_steps)
        spread = np.sqrt(np.maximum(np.diag(exact), np.finfo(float).tiny))
        return exact, by_steps, float((np.abs(by_steps - exact) / np.outer(spread, spread)).max())

    def _process(self, around: Surroundings) -> tuple[np.ndarray, np.ndarray]:
        """A and B."""
        model, A, B = self.model, np.zeros((4, 4)), np.zeros((4, 4))
        A[0, 1], A[2, 3] = 1 / model.classical_mass, 1 / model.quantum_mass
        A[1] = [-around.qq, -model.damping_rate, -around.qx, 0]
        A[3] = [-around.qx, 0, -around.xx, 0]
        if self.dynamics != "semiclassical":
            B[1, 1] = model.diffusion
        if self.dynamics == "hybrid":
            B[3, 3] = model.hbar**2 * model.D0 * around.heating
        return A, B


def _flow(A: np.ndarray, B: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
    """What z is multiplied by in a time, and the covariance of the noise it gets (Van Loan)."""
    zero = np.zeros_like(A)
    together = expm(np.block([[-A, B], [zero, A.T]]) * time)
    flow = together[4:, 4:].T
    return flow, flow @ together[:4, 4:]


def _moved(S: np.ndarray, flow: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return np.asarray(flow @ S @ flow.T + noise)


def _power(flow: np.ndarray, noise: np.ndarray, count: int, S: np.ndarray) -> np.ndarray:
    """S after so many equal steps, by doubling them."""
    while count:
        if count % 2:
            S = _moved(S, flow, noise)
        noise, flow, count = _moved(noise, flow, noise), flow @ flow, count // 2
    return S
