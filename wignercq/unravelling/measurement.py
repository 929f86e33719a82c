"""What is asked of every trajectory at an output: conditional means, squares and energies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

from wignercq.grid.grid import Axis
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.results.summary import PAIRS
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.observables import PathObservable
from wignercq.unravelling.pure import Trajectories


@dataclass(frozen=True, eq=False)
class Measurement:
    """Measures trajectories on one axis."""

    model: Model
    axis: Axis
    observables: tuple[PathObservable, ...] = ()

    def numbers(self, now: Trajectories | Mixtures) -> np.ndarray:
        """NUMBERS, and those that were asked for, shape (K, n)."""
        model, dx = self.model, self.axis.spacing
        x = self.axis.values
        density, crossed = now.density * dx, now.y_moment(1, self.momenta) * dx
        mean = np.stack([now.q, now.p, density @ x, crossed.sum(axis=1)])
        xx, xy = density @ x**2, crossed @ x
        yy = now.power() @ self.momenta**2 * (dx / x.size)
        second = {(2, 2): xx, (2, 3): xy, (3, 3): yy}
        products = [second.get(pair, mean[pair[0]] * mean[pair[1]]) for pair in PAIRS]
        V_C, V_Q, V_I = self._potentials
        energies = [
            now.p**2 / (2 * model.classical_mass) + V_C(now.q, 0.0),
            yy / (2 * model.quantum_mass) + density @ V_Q(0.0, x),
            (density * V_I(now.q[:, None], x)).sum(axis=1),
        ]
        asked = [one.values(now, self.axis, self.momenta) for one in self.observables]
        return np.stack([*mean, *products, *energies, xx - mean[2] ** 2, *asked])

    @cached_property
    def momenta(self) -> np.ndarray:
        """Of the Fourier transform, in its order."""
        k = 2 * np.pi * scipy.fft.fftfreq(self.axis.points, self.axis.spacing)
        if self.axis.points % 2 == 0:
            k[self.axis.points // 2] = 0.0  # neither up nor down
        return np.asarray(self.model.hbar * k)

    @cached_property
    def _potentials(self) -> list[Callable[..., np.ndarray]]:
        model = self.model
        return [sampled((Q, X), V) for V in (model.V_C, model.V_Q, model.V_I)]


def edges(now: Trajectories | Mixtures, axis: Axis) -> tuple[float, float, float]:
    """The most of any trajectory in the outer sixteenths of x, left and right, and in the top eighth of k."""
    n = axis.points
    ends, top = max(1, n // 16), n // 16
    density = now.density * axis.spacing
    left, right = density[:, :ends].sum(axis=1), density[:, -ends:].sum(axis=1)
    power = now.power()
    tail = power[:, n // 2 - top : n // 2 + top + 1].sum(axis=1) / power.sum(axis=1)
    return float(left.max()), float(right.max()), float(tail.max())
