"""What trajectories need: an axis of x, a time step and boxes of q and p, from a few that go ahead."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import sympy as sp

from wignercq.errors import InputError
from wignercq.grid.grid import Axis, fast_even_size
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, X
from wignercq.planning import trajectories as classical
from wignercq.results.summary import PAIRS
from wignercq.states import State
from wignercq.unravelling.format import Plan
from wignercq.unravelling.measurement import Measurement, edges
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.preparation import prepared
from wignercq.unravelling.pure import Trajectories
from wignercq.unravelling.scheme import Noise, Scheme

AHEAD = 64  # trajectories that go ahead
CLASSICAL = 256  # trajectories of the classical counterpart, before them
BEYOND = 0.2  # of their range, at either end of it
MOST_POINTS = 2**14
KEPT = 1e-8  # of |psi|**2 may lie in the outer parts of x, or of its frequencies
ROOM, FINER = 0.15, 1.25  # how much a box grows at one end, and a mesh at once
PLACES = (-2.0, 0.0, 2.0)  # where the potential is looked at, in widths of a wave function from its mean
MARGIN = 0.1  # beyond what those that went ahead needed
CHECKED = 0.25  # radians of the fastest oscillation between two looks at the axis
BINS = 64
FOR_PLANS = 2**32 - 1  # key of their stream of random numbers, which no block has


def fastest(model: Model, now: Trajectories | Mixtures, axis: Axis) -> float:
    """The highest angular frequency of small oscillations where the trajectories are, or the rate of friction."""
    density = now.density * axis.spacing
    mean = density @ axis.values
    spread = np.sqrt(np.maximum(density @ axis.values**2 - mean**2, 0.0))
    qq, xx = _curvatures(model)(now.q, mean + np.outer(PLACES, spread))
    squares = np.abs(qq).max() / model.classical_mass, np.abs(xx).max() / model.quantum_mass
    return math.sqrt(max(*squares, model.damping_rate**2))


@lru_cache(maxsize=16)
def _curvatures(model: Model) -> Callable[..., list[np.ndarray]]:
    potential = model.V_C + model.V_Q + model.V_I
    return compiled((Q, X), [sp.diff(potential, Q, 2), sp.diff(potential, X, 2)])


def first_axis(state: State, model: Model, duration: float, random: np.random.Generator) -> Axis:
    """One that should hold the wave functions all the time, from trajectories of the classical counterpart.

    GridError where they run away.
    """
    ahead = classical.Trajectories(model, duration, 1.0, random)
    now = classical.draw(state, 1.0, CLASSICAL, random)
    places = np.array([place[2:] for place in ahead.positions(now)])
    low, high = places.min(axis=(0, 2)), places.max(axis=(0, 2))
    support = state.support(KEPT)[2:]
    room = BEYOND * (high - low)
    lower, upper = np.minimum(low - room, support[:, 0]), np.maximum(high + room, support[:, 1])
    return Axis.resolving(float(lower[0]), float(upper[0]), 1.1 * max(-lower[1], upper[1]) / model.hbar)


def looks(phase: float, steps: int) -> int:
    """Steps between two looks at the axis, of so many in which the fastest oscillation turns by a phase."""
    return max(1, round(CHECKED * steps / phase)) if phase else steps


def widened(now: Trajectories | Mixtures, axis: Axis) -> Axis:
    """An axis that holds the wave functions, which are taken to it if it is another one.

    InputError for one of more than 16384 points.
    """
    left, right, tail = edges(now, axis)
    if max(left, right, tail) <= KEPT:
        return axis
    lower = axis.lower - ROOM * axis.length * (left > KEPT)
    upper = axis.upper + ROOM * axis.length * (right > KEPT)
    wider = Axis.resolving(lower, upper, axis.nyquist * (FINER if tail > KEPT else 1.0))
    if wider.points > MOST_POINTS:
        raise InputError("axis", f"at most {MOST_POINTS} points of x", f"wave functions that need {wider.points}")
    now.take_to(axis, wider)
    return wider


def planned(
    model: Model,
    state: State,
    times: Sequence[float],
    *,
    tolerance: float,
    dt: float | None,
    axis: Axis | None,
    seed: int,
    dynamics: str = "hybrid",
) -> Plan:
    """Choose what is not given, by trajectories that go ahead twice, with two time steps and the same noise.

    InputError where they run away.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(FOR_PLANS,)))
    first = axis or first_axis(state, model, float(times[-1]), random)
    now = prepared(state, first)(AHEAD, random)
    pair = [
        _Ahead(model, now, first, axis is None, dynamics),
        _Ahead(model, now.copy(), first, axis is None, dynamics),
    ]
    steps, apart = [], 0.0
    for span in map(float, np.diff(times)):
        phase = fastest(model, pair[0].now, pair[0].axis) * span
        least = span / dt if dt else phase / math.sqrt(24 * tolerance / max(1.0, phase))
        count = max(1, math.ceil(least - 1e-9))
        steps.append(count)
        stride = looks(phase, count)
        for done in range(0, count, stride):
            noise = [Noise.drawn(AHEAD, random).smooth for _ in range(2 * min(stride, count - done))]
            pair[0].advance([a.joined(b) for a, b in zip(noise[::2], noise[1::2], strict=True)], span / count)
            pair[1].advance(noise, span / count / 2)
        apart = max(apart, _apart(*(ahead.numbers for ahead in pair)))
    chosen = pair[0].axis
    if axis is None:
        room = MARGIN * chosen.length
        chosen = Axis.resolving(chosen.lower - room, chosen.upper + room, chosen.nyquist * (1 + MARGIN))
    q, p = (_bins(*box) for box in pair[0].boxes)
    return Plan(chosen, tuple(steps), q, p, apart * 4 / 3)


@dataclass(eq=False)
class _Ahead:
    """Trajectories that go ahead, and how far they came."""

    model: Model
    now: Trajectories
    axis: Axis
    is_free: bool
    dynamics: str
    boxes: list[tuple[float, float]] = field(default_factory=lambda: [(math.inf, -math.inf)] * 2)

    def __post_init__(self) -> None:
        self._look()

    def advance(self, noise: Sequence[Noise], dt: float) -> None:
        """By steps of one length. InputError where they run away."""
        Scheme(self.model, self.axis, dt, self.dynamics).advance(self.now, noise)
        if not self.now.is_finite:
            raise InputError("duration", "trajectories that stay bounded", "ones that run away")
        if self.is_free:
            self.axis = widened(self.now, self.axis)
        self._look()

    def _look(self) -> None:
        values = (self.now.q, self.now.p)
        self.boxes = [
            (min(low, v.min()), max(high, v.max())) for (low, high), v in zip(self.boxes, values, strict=True)
        ]

    @property
    def numbers(self) -> np.ndarray:
        """Conditional means and mean squares, shape (14, n)."""
        return Measurement(self.model, self.axis).numbers(self.now)[: 4 + len(PAIRS)]


def _apart(coarse: np.ndarray, fine: np.ndarray) -> float:
    """The largest difference of means and mean squares beside the spread, of two shapes (14, n)."""
    mean, other = coarse.mean(axis=1), fine.mean(axis=1)
    second = np.zeros((2, 4, 4))
    for n, (i, j) in enumerate(PAIRS):
        for which, m in enumerate((mean, other)):
            second[which, i, j] = second[which, j, i] = m[4 + n] - m[i] * m[j]
    spread = np.sqrt(np.maximum(np.diag(second[1]), np.finfo(float).tiny))
    apart = np.abs(mean[:4] - other[:4]) / spread
    return float(max(apart.max(), (np.abs(second[0] - second[1]) / np.outer(spread, spread)).max()))


def _bins(lower: float, upper: float) -> Axis:
    """Those of a density whose sample reaches from one value to another."""
    beyond = 0.5 * (upper - lower)
    return Axis(lower - beyond, upper + beyond, fast_even_size(2 * BINS))
