"""The hybrid Gibbs state of a model: the quantum particle in equilibrium at every place of the classical one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.errors import StateError
from wignercq.grid.grid import Axis, Grid
from wignercq.model.drives import require_undriven
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X, require_model
from wignercq.model.singularity import require_regular
from wignercq.states.arguments import frozen, number
from wignercq.states.extent import FLOOR, Normal, check_level
from wignercq.states.hybrid import State
from wignercq.states.sampled import SampledQuantumState

NOTHING = 1e-15  # of the largest: a weight that counts as zero
VANISHING = 1e-13  # of the largest: what densities may still be at the ends of x, y and q
RESOLVED = 1e-12  # of the largest: what the spectrum of densities may still be at the Nyquist frequency of q
REACH = 34.5  # in units of the temperature: exp(-34.5) is 1e-15
LADDER = np.concatenate([-(10.0 ** np.arange(12, -12.01, -1 / 16)), [0.0], 10.0 ** np.arange(-12, 12.01, 1 / 16)])
MESH = 129  # places along each axis once it is known where to look
ZOOMS = 6
WIDER = 0.05  # of the region, beyond each end: where potentials are looked at for singularities
FEWEST, MOST = 32, 512  # points of x, and of q
GROWTH = 1.25  # of an axis that is too short or too coarse
LOOKS = 5  # places of q at which the axis of x is tried


def gibbs(model: Model, *, temperature: float | None = None) -> GibbsState:
    """The hybrid Gibbs state ``rho(q, p) = exp(-H(q, p)/(k_B T))/Z``, H(q, p) being an operator for each (q, p).

    ``H(q, p) = p**2/(2M) + V_C(q) + y**2/(2m) + V_Q(x) + V_I(q, x)`` is diagonalised at every q. It is the equilibrium
    of eq (100), which hybrid dynamics reaches in the thermal limit alone.

    Parameters
    ----------
    model : Model
        Its potentials confine both particles.
    temperature : float or None
        k_B T; that of the bath, ``D2/(2 alpha)``, by default.

    Returns
    -------
    GibbsState

    Raises
    ------
    StateError
        A temperature that is not positive and finite; potentials that do not confine the particles at 34.5 k_B T above
        their least value; a state that 512 points of x or of q do not hold.
    """
    require_undriven(require_model(model), "a thermal state")
    T = number("temperature", model.bath_temperature if temperature is None else temperature, above=0)
    q, x = thermal_region(model, T)
    with threadpool_limits(1, "blas"):  # small matrices
        return _with_places(model, T, q, _axis_of_x(model, T, q, x))


def thermal_region(model: Model, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Ranges of q and x, each (2,), outside which the potential is 34.5 temperatures above its least value.

    StateError where there are none: the potentials do not confine the particles. ModelError where a potential is
    singular or not real within.
    """
    potential = sampled((Q, X), model.V_C + model.V_Q + model.V_I)
    q = x = LADDER
    for zoom in range(ZOOMS):
        values = potential(q[:, None], x)
        within = ~(values > np.nanmin(values) + REACH * temperature) & ~np.isnan(values)
        ranges = []
        for points, inside in ((q, within.any(axis=1)), (x, within.any(axis=0))):
            first, last = np.flatnonzero(inside)[[0, -1]]
            if zoom == 0 and (first == 0 or last == len(points) - 1):
                require_regular(model, *_around_the_least(values, q, x))
                raise StateError("model", "a potential that confines both particles for a thermal state", "one without")
            ranges.append(np.array([points[max(first - 1, 0)], points[min(last + 1, len(points) - 1)]]))
        q, x = (np.linspace(low, high, MESH) for low, high in ranges)
    require_regular(model, *(_pair(ends + WIDER * np.array([-1, 1]) * np.ptp(ends)) for ends in ranges))
    return ranges[0], ranges[1]


def _around_the_least(values: np.ndarray, *axes: np.ndarray) -> Iterator[tuple[float, float]]:
    """The neighbours along each axis of the place where `values` are least."""
    place = np.unravel_index(np.nanargmin(values), values.shape)
    for i, points in zip(map(int, place), axes, strict=True):
        yield float(points[max(i - 1, 0)]), float(points[min(i + 1, len(points) - 1)])


def _pair(ends: np.ndarray) -> tuple[float, float]:
    return float(ends[0]), float(ends[1])


def _axis_of_x(model: Model, temperature: float, q: np.ndarray, x: np.ndarray) -> Axis:
    """An axis that holds the quantum states at all q, fine enough for their momenta."""
    momentum = math.sqrt(2 * model.quantum_mass * REACH * temperature)  # the largest of a free particle
    least = (x[1] - x[0]) * momentum / (math.pi * model.hbar)
    axis = Axis(x[0], x[1], max(FEWEST, math.ceil(min(least, MOST) / 2) * 2))
    while axis.points <= MOST:
        states = [_given(model, temperature, place, axis)[0] for place in np.linspace(q[0], q[1], LOOKS)]
        ends = max(max(d[0], d[-1]) / d.max() for d in map(_density_of_x, states))
        tail = max(d[axis.points // 2] / d.max() for d in map(_density_of_y, states))
        if max(ends, tail) < VANISHING:
            return axis
        stretch = (GROWTH - 1) / 2 * axis.length if ends > tail else 0.0
        axis = Axis(axis.lower - stretch, axis.upper + stretch, math.ceil(axis.points * GROWTH / 2) * 2)
    raise StateError("temperature", f"one whose state {MOST} points of x hold", f"{temperature:g}")


def _with_places(model: Model, temperature: float, q: np.ndarray, axis: Axis) -> GibbsState:
    """The state on an axis of q that holds and resolves it."""
    places = Axis(q[0], q[1], FEWEST)
    while places.points <= MOST:
        state = GibbsState(model, temperature, places, axis)
        spectrum = np.abs(np.fft.fft(state.densities[0], axis=0)).max(axis=1)
        middle = places.points // 2
        if max(state.shares[0], state.shares[-1]) > VANISHING * state.shares.max():
            stretch = (GROWTH - 1) / 2 * places.length
            places = Axis(places.lower - stretch, places.upper + stretch, math.ceil(places.points * GROWTH / 2) * 2)
        elif spectrum[middle - 1 : middle + 2].max() > RESOLVED * spectrum.max():
            places = Axis(places.lower, places.upper, 2 * places.points)
        else:
            return state
    raise StateError("temperature", f"one whose state {MOST} points of q hold", f"{temperature:g}")


def _given(model: Model, temperature: float, q: float, axis: Axis) -> tuple[SampledQuantumState, float]:
    """The quantum state given the classical position, and ``ln Tr exp(-H(q, 0)/(k_B T))``."""
    k = axis.frequencies[:, None]
    kinetic = np.fft.ifft((model.hbar * k) ** 2 * np.fft.fft(np.eye(axis.points), axis=0), axis=0).real
    H = kinetic / (2 * model.quantum_mass)
    H[np.diag_indices(axis.points)] += sampled((Q, X), model.V_C + model.V_Q + model.V_I)(q, axis.values)
    energies, waves = np.linalg.eigh(H)
    exponents = (energies[0] - energies) / temperature
    kept = exponents > math.log(NOTHING)
    weights = np.exp(exponents[kept])
    total = float(weights.sum())
    state = SampledQuantumState(axis.values, waves.T[kept] / math.sqrt(axis.spacing), weights / total, hbar=model.hbar)
    return state, math.log(total) - energies[0] / temperature


def _density_of_x(state: SampledQuantumState) -> np.ndarray:
    return state.weights @ state.waves**2


def _density_of_y(state: SampledQuantumState) -> np.ndarray:
    """In FFT order, up to a factor."""
    return state.weights @ np.abs(np.fft.fft(state.waves, axis=1)) ** 2


@dataclass(frozen=True, eq=False, repr=False)
class GibbsState(State):
    """The hybrid Gibbs state of a model; see :func:`gibbs`, which finds the axes.

    Parameters
    ----------
    model : Model
    temperature : float
        k_B T.
    places : Axis
        Places of q, which hold and resolve its density.
    axis : Axis
        Points of x on which the Hamiltonian is diagonalised, an even number.
    """

    model: Model
    temperature: float
    places: Axis
    axis: Axis
    hbar: float = field(init=False)
    mass: float | None = field(init=False)
    mean: np.ndarray = field(init=False)
    covariance: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hbar", self.model.hbar)
        object.__setattr__(self, "mass", self.model.quantum_mass)
        mean, covariance = self._moments()
        object.__setattr__(self, "mean", frozen(mean))
        object.__setattr__(self, "covariance", frozen(covariance))

    @cached_property
    def _known(self) -> tuple[list[SampledQuantumState], np.ndarray]:
        """What :func:`_given` says at all places."""
        states, logs = zip(
            *(_given(self.model, self.temperature, q, self.axis) for q in self.places.values), strict=True
        )
        return list(states), np.array(logs)

    def given(self, q: float) -> SampledQuantumState:
        """The quantum state of a place of the classical particle, on the points of :attr:`axis`."""
        return _given(self.model, self.temperature, q, self.axis)[0]

    @property
    def _log_partition(self) -> float:
        """ln of the integral of ``Tr exp(-H(q, 0)/(k_B T))`` over q."""
        logs = self._known[1]
        return float(logs.max() + np.log(np.exp(logs - logs.max()).sum() * self.places.spacing))

    @cached_property
    def shares(self) -> np.ndarray:
        """The density of q at the places, times their spacing."""
        return np.exp(self._known[1] - self._log_partition) * self.places.spacing

    @cached_property
    def densities(self) -> tuple[np.ndarray, np.ndarray]:
        """Of (q, x) and of (q, y), the latter in FFT order, at the places and up to factors."""
        of_x, of_y = (np.array([f(state) for state in self._known[0]]) for f in (_density_of_x, _density_of_y))
        return self.shares[:, None] * of_x, self.shares[:, None] * of_y

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        states, shares = self._known[0], self.shares
        centres = np.column_stack([self.places.values, [state.mean for state in states]])  # of (q, x, y)
        mean = shares @ centres
        spread = (centres - mean).T * shares @ (centres - mean)
        spread[1:, 1:] += np.einsum("i,ijk", shares, [state.covariance for state in states])
        covariance = np.zeros((4, 4))
        covariance[np.ix_([0, 2, 3], [0, 2, 3])] = spread
        covariance[1, 1] = self.model.classical_mass * self.temperature
        return np.insert(mean, 1, 0.0), covariance

    def slab(self, grid: Grid) -> Callable[[int, np.ndarray], None]:
        variance, log_partition = self.covariance[1, 1], self._log_partition
        of_p = np.exp(-(grid.p.values**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        planes = np.zeros((grid.q.points, grid.x.points, grid.y.points))
        with threadpool_limits(1, "blas"):  # small matrices
            for i, q in enumerate(grid.q.values):
                if self.places.lower <= q <= self.places.upper:
                    state, log = _given(self.model, self.temperature, float(q), self.axis)
                    planes[i] = state.wigner(grid.x, grid.y) * math.exp(log - log_partition)

        def write(i: int, out: np.ndarray) -> None:
            np.multiply(of_p[:, None, None], planes[i], out=out)

        return write

    def support(self, level: float = 1e-10) -> np.ndarray:
        """Intervals outside which densities are below `level` of their maxima; levels below 1e-12 count as 1e-12."""
        least = max(check_level(level), FLOOR)
        of_x, of_y = self.densities
        momenta = np.fft.fftshift(self.hbar * self.axis.frequencies)
        q = _interval(self.places.values, of_x.max(axis=1), least)
        x = _interval(self.axis.values, of_x.max(axis=0), least)
        y = _interval(momenta, np.fft.fftshift(of_y.max(axis=0)), least)
        return np.array([q, self._momentum.support(least)[0], x, y])

    def bandwidth(self, level: float = 1e-10) -> np.ndarray:
        """Frequencies beyond which the spectrum is below `level` of its maximum; levels below 1e-12 count as 1e-12.

        Along x and y it is how far coherences of momentum and of position reach: ``rho(y + hbar k/2, y - hbar k/2)``.
        """
        least = max(check_level(level), FLOOR)
        spectra = [np.abs(np.fft.fft(density, axis=0)).max(axis=1) for density in self.densities]
        q = max(_highest(np.abs(self.places.frequencies), spectrum, least) for spectrum in spectra)
        ranks = np.arange(self.axis.points)
        by_y, by_x = self._coherences
        x = _highest(ranks * (2 * np.pi / self.axis.length), by_y, least)
        y = _highest(ranks * (self.axis.spacing / self.hbar), by_x, least)
        return np.array([q, self._momentum.bandwidth(least)[0], x, y])

    @property
    def _momentum(self) -> Normal:
        normal = Normal()
        normal.mean, normal.covariance = np.zeros(1), self.covariance[1:2, 1:2]
        return normal

    @cached_property
    def _coherences(self) -> tuple[np.ndarray, np.ndarray]:
        """Largest modulus of rho between momenta, and between positions, by their distance in points of the axis."""
        n, found = self.axis.points, np.zeros((2, self.axis.points))
        for share, state in zip(self.shares, self._known[0], strict=True):
            amplitudes = np.fft.fftshift(np.fft.fft(state.waves, axis=1), axes=1) / math.sqrt(n)
            for row, waves in zip(found, (amplitudes, state.waves), strict=True):
                rho = share * np.abs((waves.T * state.weights) @ waves.conj())
                row[:] = np.maximum(row, [np.diagonal(rho, distance).max() for distance in range(n)])
        return found[0], found[1]


def _interval(points: np.ndarray, size: np.ndarray, level: float) -> tuple[float, float]:
    """Between the neighbours of the outermost points at which `size` reaches `level` of its maximum."""
    reached = np.flatnonzero(size >= level * size.max())
    spacing = points[1] - points[0]
    return float(points[reached[0]] - spacing), float(points[reached[-1]] + spacing)


def _highest(frequencies: np.ndarray, size: np.ndarray, level: float) -> float:
    """The highest frequency at which `size` reaches `level` of its maximum, and one more."""
    return float(frequencies[size >= level * size.max()].max() + abs(frequencies[1] - frequencies[0]))
