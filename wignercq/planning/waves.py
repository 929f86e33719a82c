"""Wave functions of the quantum particle along classical paths: how far W reaches in x and y, and how fine it gets.

A bound state of an anharmonic well stays where it is, which no classical trajectory that begins with its spread knows.
Wave functions do, at the price of one dimension: each follows the Schroedinger equation with ``V_Q(x) + V_I(q(t), x)``
along one classical path q(t). Decoherence is a random potential, ``-(D0/2) [L, [L, rho]]`` being the mean over
``exp(-i a L)`` with a variance of a of ``D0 dt``. Without coupling that is exact.

The density of x and of y says where W ends. Of a pure state they also say how fine W is: the spectral power of W along
x at the frequency k is the autocorrelation of the density of y at ``hbar k``, and that along y the one of the density
of x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp
from scipy.stats import norm

from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.planning.trajectories import Trajectories, draw
from wignercq.states import ProductState, State
from wignercq.states.sampled import SampledQuantumState

PATHS = 16  # typical classical paths, and as many rare ones
RARE = 2.0  # standard deviations at which the outermost of so few lie
CORE = 0.02  # of its mass, what a wave function on a rare path may leave outside
FEWEST, MOST = 64, 2048  # points of x
DENSE = 512  # points up to which a Hamiltonian is diagonalised
GROWTH = 1.5  # of an axis that was too short
ENDS = 1 / 16  # share of the range of x and of y, at each end, that is to stay empty
STEP_PHASE = 0.5  # of the largest kinetic energy in one step, radians
WORK = 30_000_000  # steps times points and wave functions, or CALLS if that is more, at most: a few seconds
CALLS = 5000
LOOKS = 60  # moments
PURE = 1e-6  # less than this away from purity 1 is pure
FAINT = 1e-3  # of the level: the weight below which a part of a mixture counts as nothing


@dataclass(frozen=True, eq=False)
class Reach:
    """Most of all moments: how much of W lies beyond each point of an axis, and beyond each frequency."""

    points: np.ndarray
    below: np.ndarray  # mass up to each point
    above: np.ndarray  # and from it on
    frequencies: np.ndarray
    amplitudes: np.ndarray  # root of the share of spectral power from each frequency on

    def ends(self, level: float) -> tuple[float, float]:
        """The interval that leaves the mass `level` at each end."""
        half = (self.points[1] - self.points[0]) / 2  # sums end between points
        lower = np.interp(math.log(level), _log(self.below), self.points + half)
        upper = np.interp(-math.log(level), -_log(self.above), self.points - half)
        return float(lower), float(upper)

    def frequency(self, level: float) -> float:
        """Beyond which the root of the share of spectral power is below `level`."""
        return float(np.interp(-math.log(level), -_log(self.amplitudes), self.frequencies))

    def is_crowded(self, level: float) -> bool:
        """Whether more than `level` lies near the ends, where it would come back at the other one."""
        band = math.ceil(ENDS * self.points.size)
        return bool(self.below[band] > level or self.above[-band - 1] > level)


def _log(sums: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(sums, np.finfo(float).tiny))


def reaches(model: Model, state: State, duration: float, level: float) -> tuple[Reach, Reach] | None:
    """How W reaches in x and in y, down to `level`, a mass and a root of a share of spectral power.

    None where wave functions cannot tell in a few seconds.
    """
    support = state.support(level / 10)[2:]
    middle, half = support.mean(axis=1), np.diff(support, axis=1)[:, 0] / 2
    stretch = np.full(2, 1 + 4 * ENDS)
    while True:
        reach = half * stretch
        if 2 * reach[0] * (abs(middle[1]) + reach[1]) > MOST * math.pi * model.hbar:
            return None
        finest = max((abs(middle[1]) + reach[1]) / model.hbar, FEWEST * math.pi / (2 * reach[0]))
        axis = Axis.resolving(middle[0] - reach[0], middle[0] + reach[0], finest)
        waves = Waves(model, state, duration, axis, level)
        seen = waves.survey()
        if seen is None or waves.share == 1:
            return seen
        x, y = seen
        if x.is_crowded(level):  # W goes on as it came
            stretch[0] *= min(4.0, max(GROWTH, 1 / (waves.share + 1 / LOOKS)))
        if y.is_crowded(level) or not x.is_crowded(level):
            stretch[1] *= GROWTH


@dataclass(eq=False)
class Waves:
    """Wave functions on a periodic axis."""

    model: Model
    state: State
    duration: float
    axis: Axis
    level: float
    share: float = 1.0  # of the duration for which the axis holds them

    def survey(self) -> tuple[Reach, Reach] | None:
        """How W reaches in x and in y while the axis holds it; None if that takes too long."""
        hbar, axis = self.model.hbar, self.axis
        ensemble = Ensemble.of(self.state, axis, self.level, self.model.is_coupled)
        moments = self._moments(ensemble)
        if moments is None:
            return None
        momenta, ranks = np.fft.fftshift(hbar * axis.frequencies), np.arange(axis.points)
        most: list[np.ndarray] = []
        values = self._formula(self.state.mean[:1, None], axis.values)[0]
        is_cut = ~(values < self._cut(values))
        for number, waves in enumerate(moments):
            if not np.isfinite(waves).all():
                return None
            spectra = np.fft.fftshift(np.fft.fft(waves, axis=1, norm="ortho"), axes=1)
            density = np.abs(waves) ** 2
            found = [*ensemble.seen(density), *ensemble.seen(np.abs(spectra) ** 2)]
            most = [np.maximum(a, b) for a, b in zip(most, found, strict=True)] if most else found
            x = Reach(axis.values, most[0], most[1], ranks * (momenta[1] - momenta[0]) / hbar, most[5])
            y = Reach(momenta, most[3], most[4], ranks * axis.spacing / hbar, most[2])
            lost = ensemble.weights @ density[:, is_cut].sum(axis=1) > self.level * ensemble.weights.sum()
            if lost or x.is_crowded(self.level) or y.is_crowded(self.level):
                self.share = number / (LOOKS + 1)
                break
        return x, y

    def _moments(self, ensemble: Ensemble) -> Iterator[np.ndarray] | None:
        if not self.model.is_coupled and self.axis.points <= DENSE:
            return self._turning(ensemble.waves)
        steps = math.ceil(self.duration * self._kinetic.max() / (STEP_PHASE * self.model.hbar * LOOKS))
        return self._stepping(ensemble, steps) if steps * LOOKS * (ensemble.waves.size + CALLS) < WORK else None

    def _turning(self, waves: np.ndarray) -> Iterator[np.ndarray]:
        """Without coupling: the Hamiltonian diagonalised."""
        to_k = np.fft.fft(np.eye(self.axis.points), axis=0, norm="ortho")
        kinetic = ((to_k.conj().T * self._kinetic) @ to_k).real
        energies, modes = np.linalg.eigh(kinetic + np.diag(self._potential(np.zeros(1))[0]))
        turned, phase = waves @ modes, np.exp(-1j * energies * self.duration / (LOOKS * self.model.hbar))
        for _ in range(LOOKS + 1):
            yield turned @ modes.T
            turned = turned * phase

    def _stepping(self, ensemble: Ensemble, steps: int) -> Iterator[np.ndarray]:
        """Kinetic and potential energy in turn, q on its classical path."""
        model, waves, samples = self.model, ensemble.waves, ensemble.samples
        dt = self.duration / (LOOKS * steps)
        paths = Trajectories(model, self.duration, ensemble.heats, np.random.default_rng(1))
        coupling = sampled((Q, X), sp.diff(model.V_I, Q))
        half = np.exp(-0.5j * dt / model.hbar * self._kinetic)
        turn = np.exp(-1j * dt / model.hbar * self._potential(samples[0, :1]))
        yield waves
        for _ in range(LOOKS):
            for _ in range(steps):
                if model.is_coupled:
                    samples, _ = paths.step(samples, None, dt)
                    q = samples[0]
                    noise = np.sqrt(ensemble.heats * model.D0 * dt) * paths.random.standard_normal(q.size)
                    angle = dt / model.hbar * self._potential(q)
                    turn = np.exp(-1j * (angle + noise[:, None] * coupling(q[:, None], self.axis.values)))
                waves = np.fft.ifft(half * np.fft.fft(waves, axis=1), axis=1) * turn
                waves = np.fft.ifft(half * np.fft.fft(waves, axis=1), axis=1)
            yield waves

    @cached_property
    def _formula(self) -> Callable[..., np.ndarray]:
        return sampled((Q, X), self.model.V_Q + self.model.V_I)

    @cached_property
    def _kinetic(self) -> np.ndarray:
        return (self.model.hbar * self.axis.frequencies) ** 2 / (2 * self.model.quantum_mass)

    def _potential(self, q: np.ndarray) -> np.ndarray:
        """V_Q + V_I, shape (q.size, points), cut off where no energy on this axis reaches."""
        values = self._formula(q[:, None], self.axis.values)
        return np.where(values < (cut := self._cut(values)), values, cut)

    def _cut(self, values: np.ndarray) -> np.ndarray:
        """Where the potential is cut off: four times the largest kinetic energy above its least value."""
        least: np.ndarray = np.where(np.isfinite(values), values, np.inf).min(axis=-1, keepdims=True)
        return least + 4 * self._kinetic.max()


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Wave functions at time 0, with points (q, p, x, y) where their classical paths begin."""

    waves: np.ndarray  # shape (n, points), the sum of their squares 1
    weights: np.ndarray  # shape (n,); those of the typical ones have the sum 1
    samples: np.ndarray  # shape (4, n)
    heats: np.ndarray  # factor on variances and diffusions, shape (n,): 1 of typical ones, more of rare ones
    is_alone: bool  # whether a wave function is all there is to a part: nothing depends on a path

    @classmethod
    def of(cls, state: State, axis: Axis, level: float, coupled: bool) -> Ensemble:
        """Of an initial state; the outermost of its rare paths are as rare as `level`."""
        random = np.random.default_rng(0)
        parts = Parts.of(state, level)
        alone = not coupled and not parts.spread.any()
        count = len(parts.weights) * max(1, -(-PATHS // len(parts.weights))) if not alone else len(parts.weights)
        heats = np.ones(count) if alone else np.repeat([1.0, (norm.isf(level) / RARE) ** 2], count)
        which = np.arange(heats.size) % len(parts.weights)
        samples = np.concatenate([draw(state, heat, count, random) for heat in heats[::count]], axis=1)
        spread = random.multivariate_normal(np.zeros(2), parts.spread, heats.size) * np.sqrt(heats)[:, None]
        centres = parts.centre + (samples[:2].T - state.mean[:2]) @ parts.slope.T + spread
        waves = np.array([parts.wave(int(k), axis, centre) for k, centre in zip(which, centres, strict=True)])
        weights = parts.weights[which]
        waves /= np.linalg.norm(waves, axis=1)[:, None]
        return cls(waves, weights / weights[heats == 1].sum(), samples, heats, alone)

    def seen(self, densities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mass up to and from each point, and the root of the share of the autocorrelation from each distance on."""
        typical = self.heats == 1
        lines = self.weights[typical, None] * densities[typical]
        total = lines.sum(axis=0)
        below, above = _cumulated(total)
        if not self.is_alone:  # what rare paths leave outside counts so much less
            for sums, rare in zip((below, above), _cumulated(densities[~typical]), strict=True):
                np.maximum(sums, np.where(rare.max(axis=0) > CORE, 1.0, 0.0), out=sums)
        power = np.sum([_autocorrelation(line) for line in (lines if self.is_alone else [total])], axis=0)
        return below, above, np.sqrt(np.cumsum(power[::-1])[::-1] / power.sum())


def _cumulated(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum(lines, axis=-1), np.cumsum(lines[..., ::-1], axis=-1)[..., ::-1]


def _autocorrelation(line: np.ndarray) -> np.ndarray:
    """``sum_i line[i] line[i + k]`` for both signs of k together, of numbers that are not negative: no cancellation."""
    result = np.correlate(line, line, "full")[line.size - 1 :]
    result[1:] *= 2
    return result


@dataclass(frozen=True, eq=False)
class Parts:
    """A state as a mixture of wave functions about centres (x, y) that are spread and follow (q, p) linearly."""

    weights: np.ndarray
    wave: Callable[[int, Axis, np.ndarray], np.ndarray]  # the k-th one about a centre, on the points of an axis
    centre: np.ndarray
    spread: np.ndarray  # covariance of the centres
    slope: np.ndarray  # of a centre against (q, p)

    @classmethod
    def of(cls, state: State, level: float) -> Parts:
        """The parts that count at `level`."""
        quantum = state.quantum if isinstance(state, ProductState) else state
        if isinstance(quantum, SampledQuantumState):
            kept = np.flatnonzero(quantum.weights > FAINT * level)
            waves = [_resampled(quantum, int(k)) for k in kept]
            none = np.zeros((2, 2))
            return cls(quantum.weights[kept], lambda k, axis, centre: waves[k](axis), np.zeros(2), none, none)
        classical, mixed = state.covariance[:2, :2], state.covariance[:2, 2:]
        slope = np.linalg.solve(classical, mixed).T
        conditional = state.covariance[2:, 2:] - slope @ mixed
        purity = min(1.0, state.hbar / 2 / math.sqrt(np.linalg.det(conditional)))
        spread = conditional * (1 - purity if purity < 1 - PURE else 0.0)
        return cls(np.ones(1), _gaussian_wave(purity * conditional, state.hbar), state.mean[2:], spread, slope)


def _gaussian_wave(covariance: np.ndarray, hbar: float) -> Callable[[int, Axis, np.ndarray], np.ndarray]:
    """The wave function of a pure Gaussian state."""
    chirp = (1 - 2j * covariance[0, 1] / hbar) / (4 * covariance[0, 0])

    def wave(_: int, axis: Axis, centre: np.ndarray) -> np.ndarray:
        offset = axis.values - centre[0]
        return np.exp(-chirp * offset**2 + 1j * centre[1] * offset / hbar)

    return wave


def _resampled(state: SampledQuantumState, k: int) -> Callable[[Axis], np.ndarray]:
    """A wave function of a sampled state, where it was displaced to, on the points of an axis."""
    spacing = (state.x[-1] - state.x[0]) / (len(state.x) - 1)
    start = state.x[0] + state.shift[0]
    own = Axis(start, start + spacing * len(state.x), len(state.x))

    def wave(axis: Axis) -> np.ndarray:
        return (interpolation(own, axis.values) @ state.waves[k]) * np.exp(
            1j * state.shift[1] * axis.values / state.hbar
        )

    return wave
