"""What trajectories need: an axis of x, a time step and boxes of q and p, from a few that go ahead."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from wignercq.errors import InputError
from wignercq.grid.grid import Axis, fast_even_size
from wignercq.grid.interpolation import interpolation
from wignercq.model.evaluation import compiled
from wignercq.model.model import Model, Q, X
from wignercq.states import State
from wignercq.unravelling.measurement import PAIRS, Measurement
from wignercq.unravelling.preparation import prepared
from wignercq.unravelling.scheme import Noise, Scheme, Trajectories

AHEAD = 64  # trajectories that go ahead
KEPT = 1e-8  # of |psi|**2 may lie in the outer parts of x, or of its frequencies
ROOM, FINER = 0.15, 1.25  # how much a box grows at one end, and a mesh at once
MARGIN = 0.1  # beyond what those that went ahead needed
CHECKED = 0.5  # radians of the fastest oscillation between two looks at the axis
BINS = 64


@dataclass(frozen=True)
class Plan:
    """How trajectories are to be computed.

    Parameters
    ----------
    axis : Axis
        Of x, which a block of trajectories may widen for itself.
    steps : tuple of int
        To each output from the one before.
    q, p : Axis
        Bins of the densities.
    time_error : float
        Estimated, of means and covariances, relative to the spread of each.
    """

    axis: Axis
    steps: tuple[int, ...]
    q: Axis
    p: Axis
    time_error: float


def fastest(model: Model, now: Trajectories, axis: Axis) -> float:
    """The highest angular frequency of small oscillations where the trajectories are, or the rate of friction."""
    qq, xx = _curvatures(model)(now.q, (np.abs(now.psi) ** 2 * axis.spacing) @ axis.values)
    squares = np.abs(qq).max() / model.classical_mass, np.abs(xx).max() / model.quantum_mass
    return math.sqrt(max(*squares, model.damping_rate**2))


@lru_cache(maxsize=16)
def _curvatures(model: Model) -> Callable[..., list[np.ndarray]]:
    potential = model.V_C + model.V_Q + model.V_I
    return compiled((Q, X), [sp.diff(potential, Q, 2), sp.diff(potential, X, 2)])


def first_axis(state: State, model: Model, level: float = 1e-8) -> Axis:
    """One that holds the wave functions of a state."""
    (left, right), (low, high) = state.support(level)[2:]
    return Axis.resolving(float(left), float(right), 1.1 * max(abs(low), abs(high)) / model.hbar)


def widened(now: Trajectories, axis: Axis, model: Model) -> Axis:
    """An axis that holds the wave functions, which are taken to it if it is another one."""
    left, right, tail = Measurement(model, axis).edges(now)
    if max(left, right, tail) <= KEPT:
        return axis
    lower = axis.lower - ROOM * axis.length * (left > KEPT)
    upper = axis.upper + ROOM * axis.length * (right > KEPT)
    wider = Axis.resolving(lower, upper, axis.nyquist * (FINER if tail > KEPT else 1.0))
    now.psi = now.psi @ interpolation(axis, wider.values).T
    return wider


def planned(
    model: Model, state: State, times: Sequence[float], tolerance: float, dt: float | None, axis: Axis | None, seed: int
) -> Plan:
    """Choose what is not given, by trajectories that go ahead twice, with two time steps and the same noise.

    InputError where they run away.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2**32 - 1,)))
    given = axis
    axis = axis or first_axis(state, model)
    now = prepared(state, axis)(AHEAD, random)
    other = Trajectories(now.q.copy(), now.p.copy(), now.psi.copy())
    other_axis = axis
    steps, most = [], 0.0
    boxes = [[now.q.min(), now.q.max()], [now.p.min(), now.p.max()]]
    measured = []
    for span in np.diff(times):
        frequency = fastest(model, now, axis)
        step = dt or math.sqrt(24 * tolerance / max(1.0, frequency * span)) / frequency
        count = max(1, math.ceil(span / step - 1e-9))
        steps.append(count)
        coarse, fine = Scheme(model, axis, span / count), Scheme(model, other_axis, span / count / 2)
        stride = max(1, round(CHECKED / (frequency * span / count)))
        done = 0
        while done < count:
            part = min(stride, count - done)
            noise = [Noise.drawn(AHEAD, random).smooth for _ in range(2 * part)]
            coarse.advance(now, [a.joined(b) for a, b in zip(noise[::2], noise[1::2], strict=True)])
            fine.advance(other, noise)
            done += part
            if not (np.isfinite(now.q).all() and np.isfinite(now.psi).all()):
                raise InputError("duration", "trajectories that stay bounded", "ones that run away")
            if given is None:
                axis, other_axis = widened(now, axis, model), widened(other, other_axis, model)
                if axis != coarse.axis or other_axis != fine.axis:
                    coarse, fine = Scheme(model, axis, span / count), Scheme(model, other_axis, span / count / 2)
            for box, values in zip(boxes, (now.q, now.p), strict=True):
                box[0], box[1] = min(box[0], values.min()), max(box[1], values.max())
        measured.append(
            [Measurement(model, a).numbers(w)[: 4 + len(PAIRS)] for a, w in ((axis, now), (other_axis, other))]
        )
    for pair in measured:
        most = max(most, _apart(*pair))
    if given is None:
        axis = Axis.resolving(
            axis.lower - MARGIN * axis.length, axis.upper + MARGIN * axis.length, axis.nyquist * (1 + MARGIN)
        )
    q, p = (_bins(*box) for box in boxes)
    return Plan(axis, tuple(steps), q, p, most * 4 / 3)


def _apart(coarse: np.ndarray, fine: np.ndarray) -> float:
    """The largest difference of means and mean squares beside the spread, of two shapes (14, n)."""
    mean, other = coarse.mean(axis=1), fine.mean(axis=1)
    second = np.zeros((2, 4, 4))
    for n, (i, j) in enumerate(PAIRS):
        for which, m in enumerate((mean, other)):
            second[which, i, j] = second[which, j, i] = m[4 + n] - m[i] * m[j]
    spread = np.sqrt(np.diag(second[1]))
    apart = np.abs(mean[:4] - other[:4]) / spread
    return float(max(apart.max(), (np.abs(second[0] - second[1]) / np.outer(spread, spread)).max()))


def _bins(lower: float, upper: float) -> Axis:
    """Those of a density whose sample reaches from one value to another."""
    beyond = 0.5 * (upper - lower)
    return Axis(lower - beyond, upper + beyond, fast_even_size(2 * BINS))
