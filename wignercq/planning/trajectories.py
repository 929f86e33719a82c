"""Trajectories of the classical Fokker-Planck counterpart of a model, and how they deform a small Gaussian packet.

The counterpart has the same forces and friction, the diffusion D2(q) in p, ``D_y = hbar**2 sum_k D0_k (d_x L_k)**2`` in
y, and that of the quantum particle's bath. Thermal dynamics are their own counterpart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import sympy as sp

from wignercq.errors import GridError
from wignercq.grid.grid import NAMES, Axis
from wignercq.model.drives import rate_of_change
from wignercq.model.evaluation import compiled
from wignercq.model.formulas import as_rational
from wignercq.model.model import Model, Q, T, X
from wignercq.model.singularity import require_regular
from wignercq.model.thermal import thermal_terms
from wignercq.propagation.generator import thermal_measured
from wignercq.propagation.transport import spreading_time
from wignercq.states import ClassicalGaussian, GaussianQuantumState, GriddedState, ProductState, State

MOMENTS_IN_TIME = 60
MAX_STEPS = 40_000
STEP_PHASE = 0.25  # radians of the fastest oscillation, or of friction times time, in one step
LOOKS_AT_DRIVE = (np.arange(20) + 0.5) / 20  # shares of a run at which it is looked how stiff potentials are
FEW = 16  # samples at which it is looked how fast they change
ESCAPE = 1e4  # in units of the initial spread
FLOOR = 1e-12  # relative size below which a sampled state is rounding


def is_gaussian(state: State) -> bool:
    """Whether a state is a Gaussian or a product of two, or counts as one; of other than products only their covariance
    is used.
    """
    if not isinstance(state, ProductState):
        return not isinstance(state, GriddedState)
    return isinstance(state.classical, ClassicalGaussian) and isinstance(state.quantum, GaussianQuantumState)


def draw(state: State, heat: float, count: int, random: np.random.Generator) -> np.ndarray:
    """Samples (4, count) of the density proportional to ``|W|**(1/heat)``."""
    if is_gaussian(state) or not isinstance(state, ProductState):
        return random.multivariate_normal(state.mean, heat * state.covariance, count).T
    parts = (state.classical.density, state.quantum.wigner)
    regions, bandwidths = np.split(state.support(), 2), np.split(state.bandwidth(), 2)
    samples = []
    for part, region, bandwidth in zip(parts, regions, bandwidths, strict=True):
        axes = [Axis.resolving(lower, upper, k) for (lower, upper), k in zip(region, bandwidth, strict=True)]
        samples.append(draw_from(np.abs(part(*axes)), axes, heat, count, random))
    return np.concatenate(samples)


def draw_from(size: np.ndarray, axes: list[Axis], heat: float, count: int, random: np.random.Generator) -> np.ndarray:
    """Samples (2, count) of ``size**(1/heat)``, each anywhere in its cell."""
    relative = size / size.max()
    weights = np.where(relative > FLOOR, relative, 0.0) ** (1 / heat)
    chosen = random.choice(weights.size, count, p=weights.ravel() / weights.sum())
    cells = np.unravel_index(chosen, weights.shape)
    inside = random.uniform(-0.5, 0.5, (2, count))
    return np.stack([axis.values[i] + axis.spacing * u for axis, i, u in zip(axes, cells, inside, strict=True)])


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Trajectories from time 0 to `duration`."""

    model: Model
    duration: float
    heat: float | np.ndarray  # factor on both diffusions, of all or of each trajectory
    random: np.random.Generator

    @cached_property
    def _forces(self) -> Callable[..., list[np.ndarray]]:
        return _derivatives(self.model)[0]

    @cached_property
    def _curvatures(self) -> Callable[..., list[np.ndarray]]:
        return _derivatives(self.model)[1]

    def positions(self, samples: np.ndarray) -> Iterator[np.ndarray]:
        """Positions (4, n) in phase space at moments spread over the run, from `samples` at time 0."""
        for now, _ in self.run(samples, None):
            yield now

    def packets(self, samples: np.ndarray, covariance: np.ndarray) -> Iterator[np.ndarray]:
        """Covariances (n, 4, 4) of packets that begin as `covariance` and follow the linearised flow."""
        for _, packets in self.run(samples, covariance):
            assert packets is not None
            yield packets

    def run(self, samples: np.ndarray, covariance: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Both of these, the covariances None where none is given."""
        packets = None if covariance is None else np.tile(covariance, (samples.shape[1], 1, 1))
        start, reach = samples.mean(axis=1), ESCAPE * samples.std(axis=1).max()
        visited = [samples]
        substeps = self._substeps(samples)
        dt = self.duration / (MOMENTS_IN_TIME * substeps)
        with np.errstate(over="ignore", invalid="ignore"):
            for moment in range(MOMENTS_IN_TIME):
                for number in range(substeps):
                    samples, packets = self.step(samples, packets, dt, (moment * substeps + number) * dt)
                farthest = np.maximum(samples.max(axis=1) - start, start - samples.min(axis=1))
                bounded = farthest < reach
                if not bounded.all():
                    self._require_regular(visited, (moment + 1) * substeps * dt)
                    raise GridError(
                        "grid",
                        "trajectories that stay bounded",
                        f"ones that run away along {', '.join(np.array(NAMES)[~bounded])}; shorten the run, or give "
                        "extent and points of every axis",
                    )
                visited = [np.concatenate([ends(visited), ends([samples])], axis=1), samples]
                yield samples, packets

    def _require_regular(self, visited: list[np.ndarray], time: float) -> None:
        """Refuse, with ModelError, potentials that are singular or not real where samples came, or were going."""
        model, last = self.model, visited[-1].copy()
        last[0] += self.duration / MOMENTS_IN_TIME * last[1] / model.classical_mass
        last[2] += self.duration / MOMENTS_IN_TIME * last[3] / model.quantum_mass
        (q_low, q_high), _, (x_low, x_high), _ = ends([*visited, last]).tolist()
        require_regular(model, (q_low, q_high), (x_low, x_high), time=time)

    def of_point(self, point: np.ndarray, steps: int) -> Iterator[np.ndarray]:
        """Positions (4,) of one trajectory at the same moments, in so many steps."""
        now, dt = point[:, None], self.duration / steps
        for number in range(steps):
            now, _ = self.step(now, None, dt, number * dt)
            if (number + 1) % (steps // MOMENTS_IN_TIME) == 0:
                yield now[:, 0]

    def path(self, samples: np.ndarray) -> np.ndarray:
        """q at the beginning and after every step, shape (steps + 1, n)."""
        count = self.steps(samples)
        along = [samples[0]]
        with np.errstate(over="ignore", invalid="ignore"):
            for number in range(count):
                dt = self.duration / count
                samples, _ = self.step(samples, None, dt, number * dt)
                along.append(samples[0])
        return np.array(along)

    def steps(self, samples: np.ndarray) -> int:
        """Steps to the end of the run."""
        return MOMENTS_IN_TIME * self._substeps(samples)

    def _substeps(self, samples: np.ndarray) -> int:
        """Steps between two moments that resolve friction, a drive and the fastest oscillation among the samples."""
        model, (q, _, x, _) = self.model, samples
        squared = max(model.damping_rate**2, model.quantum_damping_rate**2)
        if model.is_thermal:
            squared = max(squared, thermal_terms(model).friction_y ** 2)
        for time in self.duration * LOOKS_AT_DRIVE if model.is_driven else (0.0,):
            qq, _, xx = self._curvatures(q, x, time)
            squared = max(squared, np.abs(qq).max() / model.classical_mass, np.abs(xx).max() / model.quantum_mass)
        some = slice(None, None, max(1, q.size // FEW))
        squared = max(squared, rate_of_change(model, self.duration, q[some], x[some]) ** 2)
        steps = min(MAX_STEPS, self.duration * math.sqrt(squared) / STEP_PHASE)
        return max(1, math.ceil(steps / MOMENTS_IN_TIME))

    def step(
        self, samples: np.ndarray, packets: np.ndarray | None, dt: float, time: float
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Drift, kick, drift, from a time on."""
        model, now = self.model, samples.copy()
        q, p, x, y = now
        half_q, half_x = dt / (2 * model.classical_mass), dt / (2 * model.quantum_mass)
        q += half_q * p
        x += half_x * y
        force_q, force_x, noise_of_p, noise_of_y = self._forces(q, x, time + dt / 2)
        gammas = model.damping_rate, model.quantum_damping_rate
        damping = [math.exp(-gamma * dt) for gamma in gammas]
        diffusion = noise_of_p * spreading_time(gammas[0], dt), noise_of_y * spreading_time(gammas[1], dt)
        spreads = [np.sqrt(self.heat * np.maximum(variance, 0)) for variance in diffusion]
        noise = self.random.standard_normal((2, q.size))
        if packets is not None:
            packets = self._deformed(packets, q, x, dt, time + dt / 2, damping, diffusion)
        p += dt * force_q
        p *= damping[0]
        p += spreads[0] * noise[0]
        y += dt * force_x
        y *= damping[1]
        y += spreads[1] * noise[1]
        if model.quantum_diffusion.xx:
            x += self._kicks_of_x(noise[1], noise_of_y) * math.sqrt(dt)
        q += half_q * p
        x += half_x * y
        if model.is_thermal:
            packets = self._dissipated(now, packets, noise[0], dt)
        return now, packets

    def _kicks_of_x(self, noise: np.ndarray, noise_of_y: np.ndarray) -> np.ndarray:
        """In a unit of time, correlated with the noise that kicks y."""
        D_xx, D_xy, _ = self.model.quantum_diffusion
        with_y = D_xy / np.sqrt(D_xx * noise_of_y) if D_xy else 0.0
        other = self.random.standard_normal(noise.size)
        return np.sqrt(self.heat * D_xx) * (with_y * noise + np.sqrt(np.maximum(1 - with_y**2, 0)) * other)

    def _dissipated(
        self, now: np.ndarray, packets: np.ndarray | None, noise: np.ndarray, dt: float
    ) -> np.ndarray | None:
        """What thermal dynamics do to x and y of samples, in place, and of packets."""
        terms = thermal_terms(self.model)
        e_x, e_y = math.exp(-terms.friction_x * dt), math.exp(-terms.friction_y * dt)
        x0 = terms.slope * now[0] + terms.offset
        now[2] = x0 + e_x * (now[2] - x0) + np.sqrt(self.heat * dt) * terms.noise_x * noise
        now[3] *= e_y
        if packets is None:
            return None
        step = np.diag([1.0, 1.0, e_x, e_y])
        step[2, 0] = (1 - e_x) * terms.slope
        packets = step @ packets @ step.T
        packets[:, 2, 2] += dt * terms.noise_x**2
        packets[:, [1, 2], [2, 1]] += dt * terms.noise_p * terms.noise_x
        return packets

    def _deformed(
        self,
        packets: np.ndarray,
        q: np.ndarray,
        x: np.ndarray,
        dt: float,
        time: float,
        damping: list[float],
        diffusion: tuple,
    ) -> np.ndarray:
        drift = np.eye(4)
        drift[0, 1], drift[2, 3] = dt / (2 * self.model.classical_mass), dt / (2 * self.model.quantum_mass)
        qq, qx, xx = self._curvatures(q, x, time)
        kick = np.tile(np.diag([1.0, damping[0], 1.0, damping[1]]), (q.size, 1, 1))
        stronger = thermal_terms(self.model).S if self.model.is_thermal else 1.0  # is x for p
        kick[:, 1, 0], kick[:, 1, 2] = -qq * dt * damping[0], -qx * dt * damping[0] * stronger
        kick[:, 3, 0], kick[:, 3, 2] = -qx * dt * damping[1], -xx * dt * damping[1]
        step = kick @ drift
        packets = step @ packets @ step.transpose(0, 2, 1)
        packets[:, 1, 1] += diffusion[0]
        packets[:, 3, 3] += diffusion[1]
        if (noise := self.model.quantum_diffusion).xx:
            packets[:, 2, 2] += noise.xx * dt
            packets[:, 2, 3] += noise.xy * dt
            packets[:, 3, 2] += noise.xy * dt
        return drift @ packets @ drift.T


def ends(samples: Iterable[np.ndarray]) -> np.ndarray:
    """Least and largest of each coordinate, shape (4, 2)."""
    together = np.concatenate([*samples], axis=1)
    return np.stack([together.min(axis=1), together.max(axis=1)], axis=1)


@lru_cache(maxsize=64)
def _derivatives(model: Model) -> tuple[Callable[..., list[np.ndarray]], Callable[..., list[np.ndarray]]]:
    """Functions of (q, x, t): the forces and the diffusion of p and y; the curvatures by qq, qx and xx."""
    potential = model.V_C + model.V_Q + model.V_I
    measured = thermal_measured(model) if model.is_thermal else sp.diff(model.V_I, Q)
    of_y = as_rational(model.hbar) ** 2 * as_rational(model.D0) * sp.diff(measured, X) ** 2
    of_y = of_y if model.is_thermal else model.quantum_heating + as_rational(model.quantum_diffusion.yy)
    slopes = [-sp.diff(model.V_C, Q) - measured, -sp.diff(potential, X), model.total_diffusion, of_y]
    curvatures = [sp.diff(potential, *pair) for pair in ((Q, Q), (Q, X), (X, X))]
    return compiled((Q, X, T), slopes), compiled((Q, X, T), curvatures)
