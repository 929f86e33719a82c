"""Trajectories whose average is a given hybrid state."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from wignercq.errors import StateError
from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation
from wignercq.observables.density_matrix import density_matrix, lattice
from wignercq.planning.trajectories import draw_from
from wignercq.states import (
    ClassicalGaussian,
    ClassicalState,
    GaussianQuantumState,
    GaussianState,
    ProductState,
    QuantumState,
    State,
)
from wignercq.unravelling.correlated import Correlated, correlated
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.pure import Trajectories

LEVEL = 1e-10  # of the largest: where densities and Wigner functions count as zero
FINER = 4  # of the Nyquist spacing: between the points from which a density that is no Gaussian is drawn
LEAST = 1e-12  # population of an eigenstate that is left out
NEGATIVE = 1e-6  # population below zero that is no error of rounding
LOST = 1e-4  # of a conditional state, beyond the axis

Draw = Callable[[int, np.random.Generator], Trajectories]
Draws = Callable[[int, np.random.Generator], Mixtures]


@lru_cache(maxsize=2)
def prepared(state: State, axis: Axis) -> Draw:
    """A function that draws trajectories of a state, their wave functions on an axis.

    A Gaussian is drawn exactly: (q, p), and given (q, p) the mean of a pure Gaussian packet. Otherwise (q, p) is drawn
    from its density and psi from the eigenstates of rho given (q, p).

    StateError for a state of another kind; that is no state; or that the axis does not hold.
    """
    if isinstance(state, GaussianState):
        return _gaussian(state, axis)
    if isinstance(state, ProductState):
        return _product(state.classical, state.quantum, axis)
    source = correlated(state)

    def draw(count: int, random: np.random.Generator) -> Trajectories:
        q, p = source.points(count, random)
        pairs = zip(conditional(source, q, p, axis, state.hbar), random.random(count), strict=True)
        return Trajectories(q, p, np.stack([_one(*ensemble, chance) for ensemble, chance in pairs]))

    return draw


@lru_cache(maxsize=2)
def prepared_mixed(state: State, axis: Axis) -> Draws:
    """The same with the density matrices given (q, p), of which nothing is drawn."""
    if isinstance(state, GaussianState):
        return _mixed_gaussian(state, axis)
    if isinstance(state, ProductState):
        return _mixed_product(state.classical, state.quantum, axis)
    source = correlated(state)

    def draw(count: int, random: np.random.Generator) -> Mixtures:
        q, p = source.points(count, random)
        return Mixtures(
            q, p, np.stack([_together(*ensemble) for ensemble in conditional(source, q, p, axis, state.hbar)])
        )

    return draw


def conditional(
    source: Correlated, q: np.ndarray, p: np.ndarray, axis: Axis, hbar: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Populations and wave functions on an axis at points of a correlated state; StateError where they do not fit."""
    taken = onto(source.axis, source.momentum, axis, hbar).T
    for populations, waves in map(source.given, q, p):
        moved = waves @ taken
        _require_held(populations, moved, axis, LOST)
        yield populations, normalised(moved, axis)


def _one(populations: np.ndarray, waves: np.ndarray, chance: float) -> np.ndarray:
    """One of some wave functions, by its population."""
    summed = np.cumsum(populations)
    return np.asarray(waves[np.searchsorted(summed / summed[-1], chance, side="right")])


def _together(populations: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Their density matrix."""
    return np.asarray((waves.T * (populations / populations.sum())) @ waves.conj())


def _gaussian(state: GaussianState, axis: Axis) -> Draw:
    slope, own = _given_point(state)
    packet, root = pure_part(own, state.hbar)

    def draw(count: int, random: np.random.Generator) -> Trajectories:
        q, p = random.multivariate_normal(state.mean[:2], state.covariance[:2, :2], count).T
        apart = np.stack([q, p]) - state.mean[:2, None]
        x, y = state.mean[2:, None] + slope @ apart + root @ random.standard_normal((2, count))
        return Trajectories(q, p, packets(x, y, packet, axis, state.hbar))

    return draw


def _mixed_gaussian(state: GaussianState, axis: Axis) -> Draws:
    slope, own = _given_point(state)

    def draw(count: int, random: np.random.Generator) -> Mixtures:
        q, p = random.multivariate_normal(state.mean[:2], state.covariance[:2, :2], count).T
        x, y = state.mean[2:, None] + slope @ (np.stack([q, p]) - state.mean[:2, None])
        return Mixtures(q, p, matrices(x, y, own, axis, state.hbar))

    return draw


def _given_point(state: GaussianState) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the means of (x, y) by (q, p), and their covariance given (q, p)."""
    classical, mixed, quantum = state.covariance[:2, :2], state.covariance[:2, 2:], state.covariance[2:, 2:]
    slope = np.linalg.solve(classical, mixed).T
    return slope, quantum - slope @ mixed


def pure_part(covariance: np.ndarray, hbar: float) -> tuple[np.ndarray, np.ndarray]:
    """A covariance of (x, y) as that of a pure state of its own shape, ``det = (hbar/2)**2``, and of a spread of means.

    Of the spread it is a root: of shape (2, 2), to multiply normal numbers with.
    """
    packet = covariance * (hbar / 2 / np.sqrt(np.linalg.det(covariance)))
    widths, turned = np.linalg.eigh(covariance - packet)
    return packet, turned * np.sqrt(np.maximum(widths, 0.0))


def packets(x: np.ndarray, y: np.ndarray, covariance: np.ndarray, axis: Axis, hbar: float) -> np.ndarray:
    """Gaussian wave functions of some means and one covariance of a pure state, shape (n, nx), normalised."""
    away = axis.values - x[:, None]
    width = (1 - 2j * covariance[0, 1] / hbar) / (4 * covariance[0, 0])
    return normalised(np.exp(-width * away**2 + 1j / hbar * y[:, None] * away), axis)


def matrices(x: np.ndarray, y: np.ndarray, covariance: np.ndarray, axis: Axis, hbar: float) -> np.ndarray:
    """Gaussian density matrices of some means and one covariance, shape (n, nx, nx), of trace 1.

    With the centre c and the shift u of two positions, ``int dy exp(i y u/hbar) W(c, y)``.
    """
    (xx, xy), (_, yy) = covariance
    points = axis.values
    centre = (points[:, None] + points) / 2 - x[:, None, None]
    shift = points[:, None] - points
    momentum = y[:, None, None] + xy / xx * centre
    exponent = -(centre**2) / (2 * xx) - (yy - xy**2 / xx) * shift**2 / (2 * hbar**2) + 1j / hbar * momentum * shift
    rho = np.exp(exponent)
    return np.asarray(rho / (np.einsum("nii->n", rho).real * axis.spacing)[:, None, None])


def normalised(psi: np.ndarray, axis: Axis) -> np.ndarray:
    """Wave functions of norm 1."""
    return np.asarray(psi / np.sqrt((np.abs(psi) ** 2).sum(axis=-1, keepdims=True) * axis.spacing))


def _product(classical: ClassicalState, quantum: QuantumState, axis: Axis) -> Draw:
    points = classical_points(classical)
    if isinstance(quantum, GaussianQuantumState):
        centre = quantum.mean
        packet, root = pure_part(quantum.covariance, quantum.hbar)

        def waves(count: int, random: np.random.Generator) -> np.ndarray:
            x, y = centre[:, None] + root @ random.standard_normal((2, count))
            return packets(x, y, packet, axis, quantum.hbar)
    else:
        populations, states = eigenstates(quantum, axis)
        summed = np.cumsum(populations)

        def waves(count: int, random: np.random.Generator) -> np.ndarray:
            return states[np.searchsorted(summed / summed[-1], random.random(count), side="right")]

    def draw(count: int, random: np.random.Generator) -> Trajectories:
        q, p = points(count, random)
        return Trajectories(q, p, waves(count, random))

    return draw


def _mixed_product(classical: ClassicalState, quantum: QuantumState, axis: Axis) -> Draws:
    points = classical_points(classical)
    if isinstance(quantum, GaussianQuantumState):
        rho = matrices(quantum.mean[:1], quantum.mean[1:], quantum.covariance, axis, quantum.hbar)
    else:
        rho = _together(*eigenstates(quantum, axis))[None]

    def draw(count: int, random: np.random.Generator) -> Mixtures:
        q, p = points(count, random)
        return Mixtures(q, p, np.repeat(rho, count, axis=0))

    return draw


def classical_points(density: ClassicalState) -> Callable[[int, np.random.Generator], np.ndarray]:
    """A function that draws points, shape (2, n), from a density of (q, p).

    One that is no Gaussian is drawn on a mesh four times finer than it needs, evenly within each cell.
    """
    if isinstance(density, ClassicalGaussian):
        return lambda count, random: random.multivariate_normal(density.mean, density.covariance, count).T
    finest = FINER * density.bandwidth(LEVEL)
    axes = [Axis.resolving(low, high, k) for (low, high), k in zip(density.support(LEVEL), finest, strict=True)]
    values = np.maximum(density.density(*axes), 0.0)
    return lambda count, random: draw_from(values, axes, 1.0, count, random)


def eigenstates(quantum: QuantumState, axis: Axis, *, whole: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Populations and wave functions of a state, shapes (k,) and (k, nx).

    StateError where a population is negative, or where the axis does not hold the state; unless it need not be `whole`.
    """
    own = [
        Axis.resolving(low, high, k)
        for (low, high), k in zip(quantum.support(LEVEL), quantum.bandwidth(LEVEL), strict=True)
    ]
    matrix = density_matrix(quantum.wigner(*own), *own, hbar=quantum.hbar)
    populations, vectors = np.linalg.eigh(matrix)
    if populations[0] < -NEGATIVE:
        raise StateError("state", "populations that are not negative", f"{populations[0]:.2g}")
    kept = populations > LEAST
    positions = Axis.through(lattice(*own, hbar=quantum.hbar))
    momentum = (own[1].lower + own[1].upper) / 2
    waves = onto(positions, momentum, axis, quantum.hbar) @ (vectors[:, kept] / np.sqrt(positions.spacing))
    if not whole:
        return populations[kept], waves.T
    _require_held(populations[kept], waves.T, axis, NEGATIVE)
    return populations[kept], normalised(waves.T, axis)


def onto(own: Axis, momentum: float, axis: Axis, hbar: float) -> np.ndarray:
    """The matrix that takes wave functions with momenta about some mean, on points that resolve what is about it, to an
    axis, shape (nx, n): without the momenta that this does not resolve.
    """
    finer = max(1, math.ceil((abs(momentum) / hbar + own.nyquist) / axis.nyquist))
    fine = Axis(axis.lower, axis.upper, finer * axis.points)
    matrix = interpolation(own, fine.values) * np.exp(1j * momentum / hbar * (fine.values[:, None] - own.values))
    modes = np.fft.fft(matrix, axis=0)
    low = np.concatenate([modes[: (axis.points + 1) // 2], modes[-(axis.points // 2) :]])
    return np.asarray(np.fft.ifft(low, axis=0) / finer)


def _require_held(populations: np.ndarray, waves: np.ndarray, axis: Axis, most: float) -> None:
    """StateError where wave functions that were normalised have lost more than that on an axis."""
    lost = float(populations @ np.abs(1 - (np.abs(waves) ** 2).sum(axis=1) * axis.spacing))
    if lost > most:
        raise StateError("axis", "one that holds the initial state", f"one that loses {lost:.1g} of it")
