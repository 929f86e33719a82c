"""What trajectories need: an axis of x, a time step and boxes of q and p, from a few that go ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from wignercq.errors import InputError, StateError, brief
from wignercq.grid.grid import Axis, fast_even_size
from wignercq.model.model import Model
from wignercq.model.thermal import MINIMAL
from wignercq.planning import trajectories as classical
from wignercq.results.summary import PAIRS
from wignercq.states import State
from wignercq.unravelling.format import Plan
from wignercq.unravelling.measurement import Measurement, edges
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.preparation import LOST, prepared
from wignercq.unravelling.pure import Trajectories
from wignercq.unravelling.scheme import Noise
from wignercq.unravelling.thermal import ThermalScheme, scheme_on, thermal_waves
from wignercq.unravelling.time_step import AT_ONCE, MOST_STEPS, Splitting, Surroundings, kick_steps

AHEAD = 64  # trajectories that go ahead
CLASSICAL = 256  # trajectories of the classical counterpart, before them
BEYOND = 0.2  # of their range, at either end of it
MOST_POINTS = 2**12
KEPT = 1e-8  # of |psi|**2 may lie in the outer parts of x, or of its frequencies
ROOM, FINER = 0.15, 1.25  # how much a box grows at one end, and a mesh at once
MARGIN = 0.1  # beyond what those that went ahead needed
CHECKED = 0.25  # radians of the fastest oscillation between two looks at the axis
BINS = 64
FOR_PLANS = 2**32 - 1  # key of their stream of random numbers, which no block has


def first_axis(state: State, model: Model, duration: float, random: np.random.Generator) -> Axis:
    """One that should hold the wave functions all the time, from trajectories of the classical counterpart.

    GridError where they run away.
    """
    known = replace(model, dynamics=MINIMAL) if model.is_thermal and not model.is_linear_thermal else model
    ahead = classical.Trajectories(known, duration, 1.0, random)
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

    InputError for one of more than 4096 points.
    """
    left, right, tail = edges(now, axis)
    if max(left, right, tail) <= KEPT:
        return axis
    lower = axis.lower - ROOM * axis.length * (left > KEPT)
    upper = axis.upper + ROOM * axis.length * (right > KEPT)
    wider = Axis.resolving(lower, upper, axis.nyquist * (FINER if tail > KEPT else 1.0))
    _require_few(wider)
    now.take_to(axis, wider)
    return wider


def _require_few(axis: Axis) -> None:
    if axis.points > MOST_POINTS:
        raise InputError("axis", f"at most {MOST_POINTS} points of x", f"wave functions that need {axis.points}")


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

    InputError where they run away; StateError for an axis that does not hold the state.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(FOR_PLANS,)))
    if axis is not None:
        _require_held(state, axis)
    first = axis or first_axis(state, model, float(times[-1]), random)
    _require_few(first)
    now = prepared(state, first)(AHEAD, random)
    if axis is None and model.is_thermal:
        first = _with_levels(model, now, first)
    pair = [
        _Ahead(model, now, first, axis is None, dynamics),
        _Ahead(model, now.copy(), first, axis is None, dynamics),
    ]
    steps, errors, splitting = [], [0.0], Splitting(model, np.array(state.covariance), dynamics)
    for span, end in zip(map(float, np.diff(times)), times[1:], strict=True):
        around = Surroundings.of(model, pair[0].now, pair[0].axis)
        phase = around.fastest * span
        if dt:
            count = max(1, math.ceil(span / dt - 1e-9))
        else:
            allowed = tolerance * (AT_ONCE + (1 - AT_ONCE) * end / times[-1])
            count = max(_by_phase(model, around, span, tolerance), splitting.steps(around, span, allowed))
        if count >= MOST_STEPS:
            name, value = ("dt", dt) if dt else ("tolerance", tolerance)
            raise InputError(name, f"one with less than {MOST_STEPS} steps to an output", f"{value:g}")
        errors.append(splitting.advance(around, span, count))
        steps.append(count)
        stride = looks(phase, count)
        for done in range(0, count, stride):
            noise = [Noise.drawn(AHEAD, random).smooth for _ in range(2 * min(stride, count - done))]
            pair[0].advance([a.joined(b) for a, b in zip(noise[::2], noise[1::2], strict=True)], span / count)
            pair[1].advance(noise, span / count / 2)
        errors.append(4 / 3 * _apart(*(ahead.numbers for ahead in pair)))
    chosen = pair[0].axis
    if axis is None:
        room = MARGIN * chosen.length
        chosen = Axis.resolving(chosen.lower - room, chosen.upper + room, chosen.nyquist * (1 + MARGIN))
    q, p = (_bins(*box) for box in pair[0].boxes)
    return Plan(chosen, tuple(steps), q, p, max(errors), max(ahead.reach for ahead in pair))


def _require_held(state: State, axis: Axis) -> None:
    (lower, upper), momenta = state.support(LOST)[2:]
    highest = float(np.abs(momenta).max()) / state.hbar
    if lower < axis.lower or upper > axis.upper or highest > axis.nyquist:
        points = math.ceil(highest * (upper - lower) / math.pi)
        expected = f"one that holds the initial state, from x = {lower:.3g} to {upper:.3g}, on {points} points or more"
        raise StateError("axis", expected, brief(axis))


def _by_phase(model: Model, around: Surroundings, span: float, tolerance: float) -> int:
    """Steps that resolve the fastest oscillation anywhere, or with thermal dynamics what is split there."""
    split = around.classical if model.is_thermal else around.fastest
    count = split * span / math.sqrt(24 * tolerance / max(1.0, split * span))
    if model.is_thermal:
        count = max(count, around.fastest * span, kick_steps(model, around, span, tolerance))
    return max(1, math.ceil(count - 1e-9))


def _with_levels(model: Model, now: Trajectories, axis: Axis) -> Axis:
    """An axis that holds the levels of thermal dynamics where trajectories are, who are taken to it."""
    first = axis
    while (wider := widened(thermal_waves(model, axis, now.q), axis)) != axis:
        axis = wider
    if axis != first:
        now.take_to(first, axis)
    return axis


@dataclass(eq=False)
class _Ahead:
    """Trajectories that go ahead, and how far they came."""

    model: Model
    now: Trajectories
    axis: Axis
    is_free: bool
    dynamics: str
    reach: float = 0.0
    boxes: list[tuple[float, float]] = field(default_factory=lambda: [(math.inf, -math.inf)] * 2)

    def __post_init__(self) -> None:
        self._look()

    def advance(self, noise: Sequence[Noise], dt: float) -> None:
        """By steps of one length. InputError where they run away."""
        scheme = scheme_on(self.model, self.axis, dt, self.dynamics, self.reach)
        scheme.advance(self.now, noise)
        if isinstance(scheme, ThermalScheme):
            self.reach = scheme.reach
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
    """The largest difference of means and covariances beside the spread, of two shapes (14, n).

    Of each that part alone that is more than twice the standard error, which the trajectories have for their paths.
    """
    found = []
    centre = fine[:4].mean(axis=1, keepdims=True)
    spread = np.sqrt(np.maximum(_covariance(fine)[np.diag_indices(4)], np.finfo(float).tiny))
    differences = coarse[:4] - fine[:4]
    for i in range(4):
        found.append(_beyond_noise(differences[i], float(differences[i].mean())) / spread[i])
    apart = _covariance(coarse) - _covariance(fine)
    for n, (i, j) in enumerate(PAIRS):
        each = (coarse[4 + n] - fine[4 + n]) - centre[i] * differences[j] - centre[j] * differences[i]
        found.append(_beyond_noise(each, float(apart[i, j])) / (spread[i] * spread[j]))
    return float(max(found))


def _beyond_noise(each: np.ndarray, mean: float) -> float:
    return max(0.0, abs(mean) - 2 * float(each.std(ddof=1)) / math.sqrt(each.size))


def _covariance(numbers: np.ndarray) -> np.ndarray:
    """Of z, from conditional means and mean squares, shape (4, 4)."""
    mean, result = numbers.mean(axis=1), np.zeros((4, 4))
    for n, (i, j) in enumerate(PAIRS):
        result[i, j] = result[j, i] = mean[4 + n] - mean[i] * mean[j]
    return result


def _bins(lower: float, upper: float) -> Axis:
    """Those of a density whose sample reaches from one value to another."""
    beyond = 0.5 * (upper - lower)
    return Axis(lower - beyond, upper + beyond, fast_even_size(2 * BINS))
