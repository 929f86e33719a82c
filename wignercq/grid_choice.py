"""Automatic extents and points: a cheap ensemble of classical trajectories says where W goes and how fine it gets.

The ensemble samples the classical Fokker-Planck counterpart of the model (the same forces, diffusion D2 in p and
D_y = hbar**2 D0 (d_q d_x V_I)**2 in y), so it works for any potential. It only chooses a grid; what the grid then
resolves is watched by the monitors of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from wignercq.errors import GridError
from wignercq.grid import NAMES, Axis, Grid
from wignercq.model import Model, Q, X
from wignercq.states import State

SAMPLES = 2000
MOMENTS_IN_TIME = 60
STEPS_PER_MOMENT = 10
SAFE_MULTIPLE = 1.9  # Gaussian tails reach 6.4 standard deviations at level 1e-9, 2000 samples reach 3.4
ESCAPE = 1e4  # in units of the initial spread


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
        On W relative to its maximum; the grid aims at tails of ``1e-3 * tolerance``.
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
    level = 1e-3 * tolerance
    intervals, frequencies = _needs(model, state, duration, level)
    chosen = []
    for name, interval, frequency in zip(NAMES, intervals, frequencies, strict=True):
        chosen.append(_axis(fixed.get(name, AxisChoice()), tuple(interval), frequency))
    return Grid(*chosen)


def _axis(fixed: AxisChoice, interval: tuple[float, float], frequency: float) -> Axis:
    lower, upper = fixed.extent or interval
    if fixed.points is None:
        return Axis.resolving(lower, upper, frequency)
    return Axis(lower, upper, fixed.points)


def _needs(model: Model, state: State, duration: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Intervals (4, 2) and largest frequencies (4,) of W over the whole run."""
    radius = math.sqrt(2 * math.log(1 / level))
    intervals = state.support(level)
    frequencies = state.bandwidth(level)
    widths = intervals[:, 1] - intervals[:, 0]
    for samples in _ensemble(model, state, duration):
        now = _interval(samples, radius)
        intervals = np.stack([np.minimum(intervals[:, 0], now[:, 0]), np.maximum(intervals[:, 1], now[:, 1])], axis=1)
        widths = np.maximum(widths, now[:, 1] - now[:, 0])
        precision = np.linalg.inv(np.cov(samples))
        frequencies = np.maximum(frequencies, radius * np.sqrt(np.diag(precision)))
    if not model.is_quadratic:
        coherent = widths[[3, 2]] / model.hbar  # fringes of a superposition as wide as the state
        frequencies[2:] = np.maximum(frequencies[2:], coherent)
    return intervals, frequencies


def _interval(samples: np.ndarray, radius: float) -> np.ndarray:
    """Where the distribution behind samples, shape (4, n), lives, tails included, shape (4, 2)."""
    mean, spread, middle = samples.mean(1), samples.std(1), np.median(samples, axis=1)
    lower = np.maximum(mean - radius * spread, middle - SAFE_MULTIPLE * (middle - samples.min(1)))
    upper = np.minimum(mean + radius * spread, middle + SAFE_MULTIPLE * (samples.max(1) - middle))
    return np.stack([lower, upper], axis=1)


def _ensemble(model: Model, state: State, duration: float) -> Iterator[np.ndarray]:
    """Yield samples (4, n) of the classical counterpart at times spread over the run."""
    random = np.random.default_rng(0)
    q, p, x, y = random.multivariate_normal(state.mean, state.covariance, SAMPLES).T
    force_q, force_x, coupling = _forces(model)
    reach = ESCAPE * np.sqrt(np.diag(state.covariance)).max()
    dt = duration / (MOMENTS_IN_TIME * STEPS_PER_MOMENT)
    damping = math.exp(-model.damping_rate * dt)
    for _ in range(MOMENTS_IN_TIME):
        for _ in range(STEPS_PER_MOMENT):
            q, x = q + p * dt / (2 * model.classical_mass), x + y * dt / (2 * model.quantum_mass)
            kick_p, kick_y = random.standard_normal((2, SAMPLES)) * math.sqrt(dt)
            p = (p + force_q(q, x) * dt) * damping + math.sqrt(model.diffusion) * kick_p
            y = y + force_x(q, x) * dt + math.sqrt(model.D0) * model.hbar * coupling(q, x) * kick_y
            q, x = q + p * dt / (2 * model.classical_mass), x + y * dt / (2 * model.quantum_mass)
        samples = np.stack([q, p, x, y])
        if not (np.abs(samples) < reach).all():
            raise GridError("grid: expected trajectories that stay bounded, got ones that run away; give every extent")
        yield samples


def _forces(model: Model) -> tuple[Callable[..., np.ndarray], ...]:
    potential = model.V_C + model.V_Q + model.V_I
    formulas = (-sp.diff(potential, Q), -sp.diff(potential, X), sp.diff(model.V_I, Q, X))
    return tuple(sp.lambdify((Q, X), formula, modules=["scipy", "numpy"], cse=True) for formula in formulas)
