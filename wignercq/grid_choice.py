"""Automatic extents and points: cheap classical trajectories say where W goes and how fine it gets.

- Extents: where W has fallen to a level far below what a sample would reach, say 1e-8. If W solves the equation, so
  does W**(1/c) with c times the diffusion: exactly for linear forces, to leading order of weak noise for others. With
  a large enough c, a few thousand samples reach the level.
- Points: every trajectory carries a Gaussian packet as fine as the initial W, deformed by the linearised flow and
  widened by diffusion. The fringes of an anharmonic quantum state are at most as fine as hbar over its width.

This only chooses a grid; what the grid then resolves is watched by the monitors of the run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from wignercq.ensemble import Trajectories, draw, is_gaussian
from wignercq.errors import GridError
from wignercq.grid import NAMES, Axis, Grid
from wignercq.model import Model, X
from wignercq.states import GaussianState, State

LEVEL = 5e-3  # of the tolerance: where W ends, relative to its maximum
SAMPLES = 8000
SAMPLE_REACH = 3.05  # standard deviations beyond which the outermost samples of a Gaussian lie,
OUTERMOST = 8  # so many on each side;
OUTERMOST_FLAT = 2  # other states are flatter, so that fewer samples are at the edge in two variables at once
QUANTUM_MARGIN = 1.0  # widths of the initial packet that an anharmonic state may spread beyond the trajectories
PACKETS = 200


@dataclass(frozen=True)
class AxisChoice:
    """What the user fixes of an axis; the rest is chosen.

    Parameters
    ----------
    extent : (float, float) or None
    points : int or None
    """

    extent: tuple[float, float] | None = None
    points: int | None = None


def choose_grid(
    model: Model,
    state: State,
    duration: float,
    *,
    tolerance: float = 1e-6,
    axes: Mapping[str, AxisChoice] | None = None,
) -> Grid:
    """A grid on which W should stay resolved to `tolerance` from time 0 to `duration`.

    Parameters
    ----------
    model : Model
    state : State
        The initial state.
    duration : float
    tolerance : float
        On W relative to its maximum; the grid aims at tails of ``5e-3 * tolerance``.
    axes : mapping of axis name to AxisChoice, optional
        Extents or points that are fixed.

    Raises
    ------
    GridError
        Trajectories run away, so that no finite box holds them, or an axis name is unknown.
    """
    fixed = dict(axes or {})
    unknown = sorted(set(fixed) - set(NAMES))
    if unknown:
        raise GridError(f"grid: expected the axes q, p, x, y, got {unknown[0]}")
    if all(name in fixed and fixed[name].extent and fixed[name].points for name in NAMES):
        return Grid(*(_axis(fixed[name], (0.0, 1.0), 1.0) for name in NAMES))
    level = LEVEL * tolerance
    intervals, frequencies = _needs(model, state, duration, level)
    chosen = []
    for name, interval, frequency in zip(NAMES, intervals, frequencies, strict=True):
        chosen.append(_axis(fixed.get(name, AxisChoice()), (float(interval[0]), float(interval[1])), frequency))
    return Grid(*chosen)


def _axis(fixed: AxisChoice, interval: tuple[float, float], frequency: float) -> Axis:
    lower, upper = fixed.extent or interval
    if fixed.points is None:
        return Axis.resolving(lower, upper, frequency)
    return Axis(lower, upper, fixed.points)


def _needs(model: Model, state: State, duration: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Intervals (4, 2) and largest frequencies (4,) of W over the whole run."""
    radius = math.sqrt(2 * math.log(1 / level))
    random = np.random.default_rng(0)
    intervals, frequencies = state.support(level), state.bandwidth(level)
    finest = state.covariance if isinstance(state, GaussianState) else np.diag((radius / frequencies) ** 2)
    widths = intervals[:, 1] - intervals[:, 0]

    heat = (radius / SAMPLE_REACH) ** 2
    outermost = OUTERMOST if is_gaussian(state) else OUTERMOST_FLAT
    hot = Trajectories(model, duration, heat, random)
    for samples in hot.positions(draw(state, heat, SAMPLES, random)):
        lower, upper = np.partition(samples, (outermost - 1, -outermost), axis=1)[:, [outermost - 1, -outermost]].T
        intervals = np.stack([np.minimum(intervals[:, 0], lower), np.maximum(intervals[:, 1], upper)], axis=1)
        widths = np.maximum(widths, upper - lower)

    typical = Trajectories(model, duration, 1.0, random)
    for packets in typical.packets(draw(state, 1.0, PACKETS, random), finest):
        precisions = np.diagonal(np.linalg.inv(packets), axis1=1, axis2=2)
        frequencies = np.maximum(frequencies, radius * np.sqrt(precisions.max(axis=0)))
    if not _is_harmonic(model):
        margin = QUANTUM_MARGIN * np.sqrt(np.diag(finest)[2:])
        intervals[2:] += np.outer(margin, [-1, 1])
        frequencies[2:] = (widths[2:] + 2 * margin)[::-1] / model.hbar
    return intervals, frequencies


def _is_harmonic(model: Model) -> bool:
    """Whether the quantum potential is quadratic in x at every q: then its Moyal bracket is the Poisson bracket."""
    potential = sp.expand(model.V_Q + model.V_I)
    return bool(potential.is_polynomial(X)) and sp.Poly(potential, X).degree() <= 2
