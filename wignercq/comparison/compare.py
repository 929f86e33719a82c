"""Hybrid dynamics against its Fokker-Planck counterpart, its first quantum correction and two Gaussian theories."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import psutil
import xarray as xr
from tqdm import tqdm

from wignercq.comparison.lockstep import Lockstep
from wignercq.comparison.measurements import Table
from wignercq.comparison.result import Breakdown
from wignercq.comparison.theories import EXACT, GAUSSIAN_THEORIES, HBAR_ORDERS, THEORIES
from wignercq.errors import InputError, Interrupted, MemoryLimitError, ModelError, ResolutionError
from wignercq.gaussian.closure import GaussianMoments
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.planning.numerics import Numerics
from wignercq.planning.prepare import Prepared, prepare
from wignercq.results.solution import Solution
from wignercq.run.signals import Stop, StopRequests
from wignercq.states import State

TOLERANCE_SHARE = 0.01  # of the threshold: a larger tolerance would let time errors look like a breakdown
LOWEST_WARNING = 1e-9


def compare(
    model: Model,
    state: State | np.ndarray,
    *,
    duration: float,
    outputs: int = 20,
    grid: Grid | Mapping[str, FixedAxis] | None = None,
    tolerance: float = 1e-6,
    dt: float | None = None,
    threshold: float = 0.01,
    frames: int | None = None,
    threads: int = 2,
    progress: bool = False,
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
    grid : Grid, mapping of axis name to FixedAxis, or None
        What is missing is chosen.
    tolerance : float
        On W relative to its maximum, at most a hundredth of `threshold`.
    dt : float, optional
        Longest time step; the step used divides the interval between outputs.
    threshold : float
        Error, in the units of :func:`wignercq.comparison.breakdown_times.observable_errors`, that counts as a breakdown.
    frames : int, optional
        Number of outputs, spread over the run, whose marginal planes are kept; all by default.
    threads : int
    progress : bool
        Show a progress bar.

    Returns
    -------
    Breakdown

    Raises
    ------
    InputError
        Something in the arguments cannot be used.
    ResolutionError
        The grid lost the exact W; ``.solution`` holds what was computed.
    Interrupted
        Ctrl-C or SIGTERM; ``.solution`` holds what was computed.
    """
    _check(duration, outputs, tolerance, threshold, frames)
    started = clock.perf_counter()
    if dt is not None:
        dt = duration / (outputs * math.ceil(duration / outputs / dt * (1 - 1e-9)))
    numerics = Numerics(tolerance=tolerance, dt=dt, threads=threads)
    with StopRequests() as requests:
        try:
            prepared = prepare(model, state, grid=grid, end=duration, numerics=numerics)
            _check_memory(prepared, numerics)
            times = np.linspace(0.0, duration, outputs + 1)
            kept = range(outputs + 1) if frames is None else {round(k) for k in np.linspace(outputs, 0, frames)}
            comparison = _Comparison(prepared, numerics, times, sorted(kept), threshold)
            requests.patient = True
            comparison.follow(requests, progress)
            result = comparison.dataset(times.size)
        except Stop as stop:
            raise Interrupted("interrupted", None, stop.signal) from None
    return Breakdown(result.assign_attrs(wall_time=clock.perf_counter() - started))


class _Comparison:
    """All theories between the first and the last output.

    Parameters
    ----------
    prepared : Prepared
        The exact run.
    numerics : Numerics
    times : np.ndarray
        Of the outputs, evenly spaced from 0.
    frames : sequence of int
        Numbers of the outputs whose planes are kept.
    threshold : float
    """

    def __init__(
        self, prepared: Prepared, numerics: Numerics, times: np.ndarray, frames: Sequence[int], threshold: float
    ) -> None:
        self.times, self.frames = times, frames
        self.notes: dict[str, str] = {}
        model, interval, step = prepared.propagator.model, float(times[1]), prepared.step
        self.steps = math.ceil(interval / step.dt * (1 - 1e-9))
        dt = interval / self.steps
        self.lockstep = Lockstep(prepared, dt, max(numerics.tolerance, LOWEST_WARNING), numerics.threads)
        self.table = Table(model, prepared.grid, times, THEORIES, frames)
        self.attributes: dict[str, Any] = {
            "wignercq_version": version("wignercq"),
            "model": str(model),
            "scheme": numerics.scheme.name,
            "grid": " x ".join(map(str, prepared.grid.shape)),
            "tolerance": numerics.tolerance,
            "threshold": threshold,
            "time_step": dt,
            "time_error_estimate": step.error * (dt / step.dt) ** numerics.scheme.order,
        }

    def follow(self, requests: StopRequests, progress: bool) -> None:
        """Through all outputs; ResolutionError and Interrupted hold what there is."""
        looks = self.lockstep.look(0.0)
        start = looks[EXACT].marginals
        gaussians, self.notes = _gaussian_theories(self.table.model, start.mean, start.covariance, self.times)
        for k, time in enumerate(tqdm(self.times, disable=not progress, unit="output")):
            if k:
                self.lockstep.advance(self.steps)
                try:
                    looks = self.lockstep.look(float(time))
                except ResolutionError as error:
                    raise ResolutionError(str(error), Solution(self.dataset(k))) from None
            self.table.add(k, looks, gaussians)
            if requests.requested is not None and k + 1 < self.times.size:
                raise Interrupted("interrupted", Solution(self.dataset(k + 1)), requests.requested)

    def dataset(self, outputs: int) -> xr.Dataset:
        """The result up to so many outputs."""
        frames = sum(frame < outputs for frame in self.frames)
        whole = self.table.dataset(self.attributes, self.notes | self.lockstep.notes)
        return whole.isel(time=slice(outputs), frame=slice(frames))


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
