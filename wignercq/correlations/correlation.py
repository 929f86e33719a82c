"""From a state on its grid to two-time functions and responses."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from wignercq.correlations.format import DESCRIPTIONS, theory_attributes
from wignercq.correlations.given import checked_times
from wignercq.correlations.measurement import Measurement
from wignercq.correlations.operators import Operators
from wignercq.correlations.regression import Regression
from wignercq.correlations.two_time import TwoTime
from wignercq.grid.grid import NAMES
from wignercq.model.drives import require_undriven
from wignercq.model.model import Formula, Model, require_model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning.memory import free_memory, require_memory
from wignercq.planning.numerics import TOLERANCES, Numerics
from wignercq.propagation.engines.cores import thread_count
from wignercq.results.variables import PURE, described
from wignercq.run.given import state_on_grid
from wignercq.run.progress import Progress, showing

ARRAYS = 3  # as large as W in double precision, beside it and beside what a run needs


def correlation(
    model: Model,
    state: Any,
    first: Formula | Sequence[Formula],
    second: Formula | Sequence[Formula],
    times: Sequence[float] | np.ndarray,
    *,
    tolerance: float | None = None,
    dt: float | None = None,
    precision: str = "float64",
    threads: int | None = None,
    progress: bool | Progress = False,
) -> TwoTime:
    """Two-time functions and responses of a state by evolving what operators make of it, cf. eqs (31), (75)-(78).

    For A of `first`, B of `second` and delays tau >= 0, t being the time of the state:

        C(tau) = <{A(t + tau), B(t)}>/2                                 symmetrised two-time function
        R(tau) = d<A(t + tau)>/df      for H -> H - f B delta(t)        retarded response
        <A(t + tau) B(t)> = C(tau) - (i hbar/2) R(tau)                  for B of (x, y) alone

    The modified W, ``b cos(hbar Lambda/2) W`` for C and the brackets of
    :mod:`wignercq.correlations.insertion` for R, is evolved by the master equation and A is measured. Friction, noise
    and decoherence stay as they are while B kicks.

    Parameters
    ----------
    model : Model
    state : a result with W, such as a run with ``keep_state=True``, or its xarray.DataArray W(q, p, x, y)
        The grid is that of its coordinates.
    first : formula or sequence of them
        A, functions of q, p, x and y: Weyl symbols. All are measured at once, several cost no more than one.
    second : formula or sequence of them
        B, polynomials of at most degree 8. Each takes two runs; one more is made for the state itself.
    times : sequence of float
        Increasing delays tau >= 0. Where they are equally spaced from 0 on, the time step divides their spacing.
    tolerance : float, optional
        Time error of a modified W relative to its maximum at tau = 0; sets the step unless `dt` is given. Default
        1e-6, with float32 1e-4. Edge masses and spectral tails of the modified W above ten times as much are warned of.
    dt : float, optional
        Time step, whose error is estimated, warned of above `tolerance`, or 1e-2, and refused above 0.3.
    precision : {"float64", "float32"}
    threads : int, optional
        Worker threads, by default one for each core that this process may use; the result is the same for any number.
    progress : bool or Progress
        Show what is being done.

    Returns
    -------
    TwoTime

    Raises
    ------
    InputError
        A formula, the times, the state or a setting cannot be used.
    ResolutionError
        Numbers are no longer finite.

    Warns
    -----
    ResolutionWarning
        The grid of the state does not hold or resolve a modified W; it goes on.
    """
    started, delays = clock.perf_counter(), checked_times(times)
    level = TOLERANCES.get(precision, 1.0) if tolerance is None else tolerance
    numerics = Numerics(level, dt, precision=precision, threads=thread_count(threads))
    measured = Operators.read(first, where="first")
    inserting = Operators.read(second, where="second").named_like(measured)
    polynomials = inserting.polynomials(where="second")
    require_undriven(require_model(model), "functions of two times")
    W, grid = state_on_grid(state)
    require_memory([grid], numerics, free_memory() - ARRAYS * W.nbytes)
    with showing(progress) as shown:
        measurement = Measurement(measured.formulas, grid, where="first")
        runs = Regression(model, W, grid, numerics, measurement, polynomials, delays, shown)
        if dt is not None:
            runs.step.judge(ERROR_LEVEL if tolerance is None else tolerance)
        variables = runs.variables()
    attributes = {**runs.attributes, **theory_attributes(model), "wall_time": clock.perf_counter() - started}
    coordinates = {
        "tau": ("tau", delays, {"long_name": "delay"}),
        "first": ("first", [*measured.labels], {"long_name": "A, measured after tau"}),
        "second": ("second", [*inserting.labels], {"long_name": "B, inserted at tau = 0"}),
        "axis": ("axis", [*NAMES]),
    }
    labelled = {name: (*values, {"long_name": DESCRIPTIONS[name]}) for name, values in variables.items()}
    return TwoTime(described(xr.Dataset(labelled, coordinates, attributes), {"state_change": ("", PURE)}))
