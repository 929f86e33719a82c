"""Hybrid dynamics against its Fokker-Planck counterpart, its first quantum correction and two Gaussian theories."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import psutil

from wignercq.breakdown.closure import GaussianMoments, gaussian_closure, linearised
from wignercq.breakdown.lockstep import EXACT, HBAR_ORDERS, Lockstep
from wignercq.breakdown.result import Breakdown
from wignercq.breakdown.table import Table
from wignercq.errors import InputError, MemoryLimitError, ModelError
from wignercq.grid import Grid
from wignercq.grid_choice import AxisChoice
from wignercq.model import Model
from wignercq.prepare import Numerics, Prepared, prepare
from wignercq.states import State

GAUSSIAN_THEORIES = {"closure": gaussian_closure, "linearised": linearised}
THEORIES = (*HBAR_ORDERS, *GAUSSIAN_THEORIES)
TOLERANCE_SHARE = 0.01  # of the threshold: a larger tolerance would let time errors look like a breakdown
LOWEST_WARNING = 1e-9


def compare(
    model: Model,
    state: State | np.ndarray,
    *,
    duration: float,
    outputs: int = 20,
    grid: Grid | Mapping[str, AxisChoice] | None = None,
    tolerance: float = 1e-6,
    dt: float | None = None,
    threshold: float = 0.01,
    frames: int | None = None,
    threads: int = 2,
) -> Breakdown:
    """Evolve one initial state under five theories and report where they part.

    1. ``exact``: hybrid dynamics, all orders in hbar, eqs (101)-(112) of arXiv:2510.07402;
    2. ``fokker_planck``: its classical counterpart, hbar_order = 0;
    3. ``first_order``: with the terms in hbar**2, hbar_order = 1, where that is well posed;
    4. ``closure``: the self-consistent Gaussian (:func:`gaussian_closure`);
    5. ``linearised``: linearised along the classical trajectory of the mean (:func:`linearised`).

    For potentials at most quadratic all five agree. 1 to 3 share grid and time step, so that the discretisation
    cancels in their differences.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`.
    duration : float
        End time.
    outputs : int
        Number of equal intervals between outputs.
    grid : Grid, mapping of axis name to AxisChoice, or None
        What is missing is chosen.
    tolerance : float
        On W relative to its maximum, at most a hundredth of `threshold`.
    dt : float, optional
        Longest time step; the step used divides the interval between outputs.
    threshold : float
        Error, in the units of :func:`wignercq.breakdown.verdict.observable_errors`, that counts as a breakdown.
    frames : int, optional
        Number of outputs, spread over the run, whose marginal planes are kept; all by default.
    threads : int

    Returns
    -------
    Breakdown

    Raises
    ------
    InputError
        Something in the arguments cannot be used.
    ResolutionError
        The grid lost the exact W.
    """
    _check(duration, outputs, tolerance, threshold, frames)
    started = clock.perf_counter()
    numerics = Numerics(tolerance=tolerance, dt=dt, threads=threads)
    prepared = prepare(model, state, grid=grid, end=duration, numerics=numerics)
    _check_memory(prepared, numerics)
    interval = duration / outputs
    steps = math.ceil(interval / prepared.step.dt * (1 - 1e-9))
    error = prepared.step.error * (interval / steps / prepared.step.dt) ** numerics.scheme.order
    lockstep = Lockstep(prepared, interval / steps, max(tolerance, LOWEST_WARNING), threads)

    times = np.linspace(0.0, duration, outputs + 1)
    kept = range(outputs + 1) if frames is None else {round(k) for k in np.linspace(outputs, 0, frames)}
    looks = lockstep.look(0.0)
    start = looks[EXACT].marginals
    gaussians, notes = _gaussian_theories(model, start.mean, start.covariance, times)
    table = Table(model, lockstep.grid, times, THEORIES, sorted(kept))
    for k, time in enumerate(times):
        if k:
            lockstep.advance(steps)
            looks = lockstep.look(float(time))
        table.add(k, looks, gaussians)
    attributes: dict[str, Any] = {
        "wignercq_version": version("wignercq"),
        "model": str(model),
        "scheme": numerics.scheme.name,
        "grid": " x ".join(map(str, lockstep.grid.shape)),
        "tolerance": tolerance,
        "threshold": threshold,
        "time_step": interval / steps,
        "time_error_estimate": error,
        "wall_time": clock.perf_counter() - started,
    }
    return Breakdown(table.dataset(attributes, notes | lockstep.notes))


def _check(duration: float, outputs: int, tolerance: float, threshold: float, frames: int | None) -> None:
    if not (math.isfinite(duration) and duration > 0):
        raise InputError(f"duration: expected a positive number, got {duration!r}")
    if not isinstance(outputs, (int, np.integer)) or outputs < 1:
        raise InputError(f"outputs: expected a whole number >= 1, got {outputs!r}")
    if not 0 < threshold < 1:
        raise InputError(f"threshold: expected a number between 0 and 1, got {threshold!r}")
    if not 0 < tolerance <= TOLERANCE_SHARE * threshold:
        raise InputError(
            f"tolerance: expected a positive number, at most {TOLERANCE_SHARE * threshold:g} for a threshold of "
            f"{threshold:g}, got {tolerance!r}"
        )
    if frames is not None and (not isinstance(frames, (int, np.integer)) or not 0 <= frames <= outputs + 1):
        raise InputError(f"frames: expected a whole number from 0 to {outputs + 1}, got {frames!r}")


def _check_memory(prepared: Prepared, numerics: Numerics) -> None:
    """Refuse what does not fit before the tables are made; W and its engine exist already."""
    needed, available = len(HBAR_ORDERS) * numerics.memory(prepared.grid), psutil.virtual_memory().available
    if needed > available:
        raise MemoryLimitError(
            f"grid: expected {len(HBAR_ORDERS)} runs side by side that fit the free memory of {available / 2**30:.1f} "
            f"GiB, got {' x '.join(map(str, prepared.grid.shape))} points, which need {needed / 2**30:.1f} GiB"
        )


def _gaussian_theories(
    model: Model, mean: np.ndarray, covariance: np.ndarray, times: np.ndarray
) -> tuple[dict[str, GaussianMoments], dict[str, str]]:
    """Moments of the Gaussian theories that have any, and why the others have none."""
    moments, notes = {}, {}
    for name, theory in GAUSSIAN_THEORIES.items():
        try:
            moments[name] = theory(model, mean, covariance, times)
        except ModelError as error:
            notes[name] = str(error)
    return moments, notes
