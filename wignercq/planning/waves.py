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
from scipy import fft
from scipy.special import ndtri

from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation
from wignercq.model.drives import rate_of_change
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, T, X
from wignercq.observables.density_matrix import density_matrix, lattice
from wignercq.planning.reach import ENDS, Reach, autocorrelation, cumulated, fringes
from wignercq.planning.trajectories import Trajectories, draw
from wignercq.states import GriddedState, ProductState, State
from wignercq.states.sampled import SampledQuantumState

PATHS = 16  # typical classical paths, and as many rare ones
RARE = 2.0  # standard deviations at which the outermost of so few lie
CORE = 0.02  # of its mass, what a wave function on a rare path may leave outside
FEWEST, MOST = 64, 2048  # points of x
DENSE = 512  # points up to which a Hamiltonian is diagonalised
GROWTH = 1.5  # of an axis that was too short
CUT = 2  # times the largest kinetic energy: potentials above their least value by more are cut off
STEP_PHASE = 6 / (1 + CUT)  # of the largest kinetic energy in one step, radians: both energies stay below a turn, which
# would make states of different energies one and the same to the steps
WORK = 30_000_000  # steps times points and wave functions, or CALLS if that is more, at most: a second or two
CALLS = 1000
LOOKS = 60  # moments
REACHED = 0.25  # of the largest kinetic energy of an axis, up to which its points are to resolve the potential,
RESOLVED_PHASE = 0.5  # to so many radians in the run
PURE = 1e-6  # less than this away from purity 1 is pure
FAINT = 1e-3  # of the level: the weight below which a part of a mixture counts as nothing
SIGNIFICANT = 100  # times the level: the weight above which a part of a computed W is no error of it


def reaches(model: Model, state: State, duration: float, level: float) -> tuple[Reach, Reach] | None:
    """How W reaches in x and in y, down to `level`, a mass and a root of a share of spectral power.

    None where wave functions cannot tell in a few seconds.
    """
    support = state.support(level / 10)[2:]
    middle, half = support.mean(axis=1), np.diff(support, axis=1)[:, 0] / 2
    stretch, fineness = np.full(2, 1 + 4 * ENDS), 1
    ensemble = Ensemble.of(model, state, duration, level)
    while True:
        reach = half * stretch
        if 2 * reach[0] * (abs(middle[1]) + reach[1]) > MOST * math.pi * model.hbar:
            return None
        finest = max((abs(middle[1]) + reach[1]) / model.hbar, fineness * FEWEST * math.pi / (2 * reach[0]))
        axis = Axis.resolving(middle[0] - reach[0], middle[0] + reach[0], finest)
        waves = Waves(model, ensemble, duration, axis, level)
        if not waves.resolve_potential and 2 * fineness * FEWEST <= MOST:
            fineness *= 2
            continue
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
    ensemble: Ensemble
    duration: float
    axis: Axis
    level: float
    share: float = 1.0  # of the duration for which the axis holds them

    @property
    def resolve_potential(self) -> bool:
        """Whether a cubic through the points follows the potential between them, where the energy allows to be."""
        axis = self.axis
        halves = self._formula(self.ensemble.middle, axis.lower + axis.spacing / 2 * np.arange(2 * axis.points), 0.0)
        points, between = halves[::2], halves[1::2]
        wrong = np.abs(between[1:-2] - (9 * (points[1:-2] + points[2:-1]) - points[:-3] - points[3:]) / 16)
        reached = np.fmax(points[1:-2], points[2:-1]) < np.nanmin(points) + REACHED * self._kinetic.max()
        return not (wrong[reached] * self.duration > RESOLVED_PHASE * self.model.hbar).any()

    def survey(self) -> tuple[Reach, Reach] | None:
        """How W reaches in x and in y while the axis holds it; None if that takes too long."""
        hbar, axis = self.model.hbar, self.axis
        ensemble, moments = self.ensemble, self._moments()
        if moments is None:
            return None
        momenta, ranks = np.fft.fftshift(hbar * axis.frequencies), np.arange(axis.points)
        most: list[np.ndarray] = []
        values = self._formula(ensemble.middle, axis.values, 0.0)
        is_cut = ~(values < self._cut(values))
        for number, (waves, spectra) in enumerate(moments):
            if not np.isfinite(waves).all():
                return None
            density, of_y = (field.real**2 + field.imag**2 for field in (waves, spectra))
            cut = ensemble.weights @ density[:, is_cut].sum(axis=1)
            density[:, is_cut] = 0  # what rounding and a short range of y put there is no fringe
            found = [*ensemble.seen(density), *ensemble.seen(np.fft.fftshift(of_y, axes=1))]
            most = [np.maximum(a, b) for a, b in zip(most, found, strict=True)] if most else found
            x = Reach(axis.values, most[0], most[1], ranks * (momenta[1] - momenta[0]) / hbar, most[5])
            y = Reach(momenta, most[3], most[4], ranks * axis.spacing / hbar, most[2])
            lost = cut > self.level * ensemble.weights.sum()
            if lost or x.is_crowded(self.level) or y.is_crowded(self.level):
                self.share = number / (LOOKS + 1)
                break
        return x, y

    def _moments(self) -> Iterator[tuple[np.ndarray, np.ndarray]] | None:
        """The wave functions and their Fourier transforms at LOOKS moments after time 0."""
        if not self.model.is_coupled and not self._is_driven and self.axis.points <= DENSE:
            return self._turning()
        waves = self.ensemble.weights.size * self.axis.points
        fastest = self._kinetic.max() / self.model.hbar
        if self._is_driven:
            around = np.array([self.axis.lower, self.axis.upper]) / 2
            middle = np.full(around.size, self.ensemble.middle)
            fastest = max(fastest, rate_of_change(self.model, self.duration, middle, around))
        steps = math.ceil(self.duration * fastest / (STEP_PHASE * LOOKS))
        return self._stepping(steps) if steps * LOOKS * (waves + CALLS) < WORK else None

    def _turning(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Without coupling: the Hamiltonian diagonalised."""
        to_k = np.fft.fft(np.eye(self.axis.points), axis=0, norm="ortho")
        kinetic = ((to_k.conj().T * self._kinetic) @ to_k).real
        energies, modes = np.linalg.eigh(kinetic + np.diag(self._potential(np.zeros(1), 0.0)[0]))
        turned = self.ensemble.on(self.axis) @ modes
        phase = np.exp(-1j * energies * self.duration / (LOOKS * self.model.hbar))
        for _ in range(LOOKS + 1):
            waves = turned @ modes.T
            yield waves, fft.fft(waves, norm="ortho")
            turned = turned * phase

    def _stepping(self, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Half of the kinetic energy, the potential one, half of the kinetic energy, q on its classical path."""
        random = np.random.default_rng(2)
        angle = self.duration / (LOOKS * steps * self.model.hbar) * self._kinetic
        half, drift = np.exp(-0.5j * angle), np.exp(-1j * angle)
        waves = self.ensemble.on(self.axis)
        spectra = fft.fft(waves, norm="ortho")
        yield waves, spectra
        for look in range(LOOKS):
            turns = self._turns(look, steps, random)
            for number, turn in enumerate(turns):
                spectra = spectra * (drift if number else half)
                waves = fft.ifft(spectra, norm="ortho", overwrite_x=True)
                waves *= turn
                spectra = fft.fft(waves, norm="ortho", overwrite_x=True)
            spectra *= half
            yield fft.ifft(spectra, norm="ortho"), spectra

    def _turns(self, look: int, steps: int, random: np.random.Generator) -> np.ndarray:
        """Factors exp(-i V dt/hbar) of the steps before a moment, noise included, shape (steps, n or 1, points)."""
        model, ensemble, x = self.model, self.ensemble, self.axis.values
        dt = self.duration / (LOOKS * steps)
        shares = (look + (np.arange(steps) + 0.5) / steps) / LOOKS
        times = self.duration * shares[:, None]
        if not model.is_coupled:
            return np.exp(-1j * dt / model.hbar * self._potential(np.zeros((steps, 1)), times))
        q = ensemble.along(shares)
        angle = dt / model.hbar * self._potential(q, times)
        noise = np.sqrt(ensemble.heats * model.D0 * dt) * random.standard_normal(q.shape)
        angle += noise[..., None] * self._slope(q[..., None], x, times[..., None])
        return np.exp(-1j * angle)

    @cached_property
    def _formula(self) -> Callable[..., np.ndarray]:
        return sampled((Q, X, T), self.model.V_Q + self.model.V_I)

    @cached_property
    def _slope(self) -> Callable[..., np.ndarray]:
        return sampled((Q, X, T), sp.diff(self.model.V_I, Q))

    @property
    def _is_driven(self) -> bool:
        return T in (self.model.V_Q + self.model.V_I).free_symbols

    @cached_property
    def _kinetic(self) -> np.ndarray:
        return (self.model.hbar * self.axis.frequencies) ** 2 / (2 * self.model.quantum_mass)

    def _potential(self, q: np.ndarray, times: np.ndarray | float) -> np.ndarray:
        """V_Q + V_I, shape (*q.shape, points), cut off where no energy on this axis reaches."""
        values = self._formula(q[..., None], self.axis.values, np.asarray(times)[..., None])
        return np.where(values < (cut := self._cut(values)), values, cut)

    def _cut(self, values: np.ndarray) -> np.ndarray:
        """Where the potential is cut off: CUT times the largest kinetic energy above its least value."""
        least: np.ndarray = np.where(np.isfinite(values), values, np.inf).min(axis=-1, keepdims=True)
        return least + CUT * self._kinetic.max()


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Wave functions at time 0 and the classical paths of q on which they go on."""

    model: Model
    duration: float
    parts: Parts
    which: np.ndarray  # part of each wave function, shape (n,)
    centres: np.ndarray  # shape (n, 2)
    weights: np.ndarray  # shape (n,); those of the typical ones have the sum 1
    samples: np.ndarray  # points (q, p, x, y) where paths begin, shape (4, n)
    heats: np.ndarray  # factor on variances and diffusions, shape (n,): 1 of typical ones, more of rare ones
    middle: float  # mean of q at time 0
    is_alone: bool  # whether a wave function is all there is to a part: nothing depends on a path

    @classmethod
    def of(cls, model: Model, state: State, duration: float, level: float) -> Ensemble:
        """Of an initial state; the outermost of its rare paths are as rare as `level`."""
        random = np.random.default_rng(0)
        parts = Parts.of(state, level)
        alone = not model.is_coupled and not parts.spread.any()
        count = len(parts.weights) * max(1, -(-PATHS // len(parts.weights))) if not alone else len(parts.weights)
        heats = np.ones(count) if alone else np.repeat([1.0, (ndtri(level) / RARE) ** 2], count)
        which = np.arange(heats.size) % len(parts.weights)
        samples = np.concatenate([draw(state, heat, count, random) for heat in heats[::count]], axis=1)
        spread = random.multivariate_normal(np.zeros(2), parts.spread, heats.size) * np.sqrt(heats)[:, None]
        centres = parts.centre + (samples[:2].T - state.mean[:2]) @ parts.slope.T + spread
        weights = parts.weights[which]
        weights = weights / weights[heats == 1].sum()
        return cls(model, duration, parts, which, centres, weights, samples, heats, state.mean[0], alone)

    def on(self, axis: Axis) -> np.ndarray:
        """The wave functions on the points of an axis, shape (n, points), the sum of their squares 1."""
        waves = self.parts.waves(axis, self.which, self.centres)
        return waves / np.linalg.norm(waves, axis=1)[:, None]

    def along(self, shares: np.ndarray) -> np.ndarray:
        """q of the paths after some shares of the duration, shape (shares, n)."""
        places = shares * (len(self._path) - 1)
        before = places.astype(int)
        beyond = (places - before)[:, None]
        return (1 - beyond) * self._path[before] + beyond * self._path[before + 1]

    @cached_property
    def _path(self) -> np.ndarray:
        return Trajectories(self.model, self.duration, self.heats, np.random.default_rng(1)).path(self.samples)

    def seen(self, densities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is up to and from each point, and the root of the share of the autocorrelation from each distance on."""
        typical = self.heats == 1
        lines = self.weights[typical, None] * densities[typical]
        total = lines.sum(axis=0)
        below, above = map(np.maximum, cumulated(total), fringes(total))
        if not self.is_alone:  # what rare paths leave outside counts so much less
            for sums, rare in zip((below, above), cumulated(densities[~typical]), strict=True):
                np.maximum(sums, np.where(rare.max(axis=0) > CORE, 1.0, 0.0), out=sums)
        power = np.sum([autocorrelation(line) for line in (lines if self.is_alone else [total])], axis=0)
        return below, above, np.sqrt(np.cumsum(power[::-1])[::-1] / (power.sum() or 1.0))


@dataclass(frozen=True, eq=False)
class Parts:
    """A state as a mixture of wave functions about centres (x, y) that are spread and follow (q, p) linearly."""

    weights: np.ndarray
    # parts of some numbers about some centres, shape (n, 2), on the points of an axis, shape (n, points)
    waves: Callable[[Axis, np.ndarray, np.ndarray], np.ndarray]
    centre: np.ndarray
    spread: np.ndarray  # covariance of the centres
    slope: np.ndarray  # of a centre against (q, p)

    @classmethod
    def of(cls, state: State, level: float) -> Parts:
        """The parts that count at `level`."""
        quantum = state.quantum if isinstance(state, ProductState) else state
        if isinstance(quantum, GriddedState):
            quantum = _reduced(quantum, level)
        if isinstance(quantum, SampledQuantumState):
            kept = np.flatnonzero(quantum.weights > FAINT * level)
            none = np.zeros((2, 2))
            return cls(quantum.weights[kept], _resampled(quantum, kept), np.zeros(2), none, none)
        classical, mixed = state.covariance[:2, :2], state.covariance[:2, 2:]
        slope = np.linalg.solve(classical, mixed).T
        conditional = state.covariance[2:, 2:] - slope @ mixed
        purity = min(1.0, state.hbar / 2 / math.sqrt(np.linalg.det(conditional)))
        spread = conditional * (1 - purity if purity < 1 - PURE else 0.0)
        return cls(np.ones(1), _gaussian_waves(purity * conditional, state.hbar), state.mean[2:], spread, slope)


def _reduced(state: GriddedState, level: float) -> SampledQuantumState:
    """The reduced quantum state of W on a grid, which spans the conditional ones, without what errors have made."""
    x, y = state.grid.x, state.grid.y
    plane = state.W.sum(axis=(0, 1)) * (state.grid.q.spacing * state.grid.p.spacing)
    points = lattice(x, y, hbar=state.hbar)
    weights, waves = np.linalg.eigh(density_matrix(plane, x, y, hbar=state.hbar))
    kept = weights > SIGNIFICANT * level
    return SampledQuantumState(points, waves.T[kept] / math.sqrt(points[1] - points[0]), weights[kept], hbar=state.hbar)


def _gaussian_waves(covariance: np.ndarray, hbar: float) -> Callable[[Axis, np.ndarray, np.ndarray], np.ndarray]:
    """The wave functions of a pure Gaussian state."""
    chirp = (1 - 2j * covariance[0, 1] / hbar) / (4 * covariance[0, 0])

    def waves(axis: Axis, _: np.ndarray, centres: np.ndarray) -> np.ndarray:
        offsets = axis.values - centres[:, :1]
        result: np.ndarray = np.exp(-chirp * offsets**2 + 1j * centres[:, 1:] * offsets / hbar)
        return result

    return waves


def _resampled(state: SampledQuantumState, kept: np.ndarray) -> Callable[[Axis, np.ndarray, np.ndarray], np.ndarray]:
    """Wave functions of a sampled state, where they were displaced to."""
    spacing = (state.x[-1] - state.x[0]) / (len(state.x) - 1)
    start = state.x[0] + state.shift[0]
    own = Axis(start, start + spacing * len(state.x), len(state.x))

    def waves(axis: Axis, which: np.ndarray, _: np.ndarray) -> np.ndarray:
        at_points = state.waves[kept] @ interpolation(own, axis.values).T
        result: np.ndarray = (at_points * np.exp(1j * state.shift[1] * axis.values / state.hbar))[which]
        return result

    return waves
