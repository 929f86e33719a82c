"""What was given to :func:`wignercq.correlation`: the state as an array on its grid, and the times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from wignercq.errors import GridError, InputError, StateError, brief
from wignercq.grid.grid import NAMES, Axis, Grid

NORM = 1e-3  # by which the integral of W may differ from 1, as in a run


def state_on_grid(state: Any) -> tuple[np.ndarray, Grid]:
    """W with the axis order (q, p, x, y), scaled to an integral of 1, and the grid of its coordinates.

    Parameters
    ----------
    state : what has an xarray.DataArray ``W(q, p, x, y)``, or that itself

    Raises
    ------
    InputError
        A result without W, or none at all; coordinates that are no uniform axes; an integral other than 1.
    """
    W = state if isinstance(state, xr.DataArray) else getattr(state, "W", None)
    if not isinstance(W, xr.DataArray) or set(W.dims) != set(NAMES):
        raise StateError("state", "a result with W(q, p, x, y), of a run with keep_state=True", type(state).__name__)
    if W.dtype.kind != "f" or not np.isfinite(W.values).all():
        raise StateError("state", "a W of finite real numbers", f"{W.dtype}, not all of them finite")
    grid = Grid(*(_axis(W, name) for name in NAMES))
    values = np.asarray(W.transpose(*NAMES).values, float)
    norm = float(values.sum()) * grid.cell
    if not abs(norm - 1) < NORM:
        raise StateError("state", "W with integral 1", f"{norm:.6g}")
    return values / norm, grid


def _axis(W: xr.DataArray, name: str) -> Axis:
    try:
        return Axis.through(W[name].values if name in W.coords else np.zeros(0))
    except GridError as error:
        raise StateError("state", f"{error.expected} as coordinate {name} of W", error.got) from None


def checked_times(times: Sequence[float] | np.ndarray) -> np.ndarray:
    """Delays tau as an array; InputError unless they increase from 0 or later on."""
    try:
        values = np.asarray(times, dtype=float)
    except (TypeError, ValueError):
        values = np.zeros((0, 0))
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise InputError("times", "increasing numbers >= 0", brief(times))
    if values[0] < 0 or values[-1] == 0 or (np.diff(values) <= 0).any():
        wrong = f"{values[0]:g} as the first" if values[0] < 0 else "0 alone" if values.size == 1 else "others"
        raise InputError("times", "increasing numbers >= 0", wrong)
    return values
