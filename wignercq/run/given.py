"""A state given as W on a grid of its own: a result, or the DataArray in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from wignercq.errors import StateError
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES, Axis, Grid, fast_even_size
from wignercq.grid.interpolation import interpolation
from wignercq.model.model import Model
from wignercq.propagation.frame import Point
from wignercq.results.variables import CENTRE
from wignercq.states.arguments import came_as
from wignercq.states.gridded import on_axes
from wignercq.states.hybrid import require_particle

NORM = 1e-3  # by which the integral of W may differ from 1, as in a run


class Given(NamedTuple):
    """W where a run is to go on from, in the laboratory, and its time."""

    W: np.ndarray
    grid: Grid
    time: float
    centre: Point | None = None  # of the frame of the run that W is from, if that one moves


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
        raise StateError(
            "state", "a result with W(q, p, x, y), of a run with keep_state=True", came_as(state, or_result=True)
        )
    try:
        values, grid = on_axes(W)
    except StateError as error:
        raise error.renamed({"W": "state"}) from None
    norm = float(values.sum()) * grid.cell
    if not abs(norm - 1) < NORM:
        raise StateError("state", "W with integral 1", f"{norm:.6g}")
    return values / norm, grid


def given(state: Any, model: Model) -> Given:
    """A state of a result, the last that it keeps, or one as a DataArray; its coordinate ``time`` tells its time.

    StateError for a result without W, or of a model with another hbar or quantum mass.
    """
    attributes: Mapping[str, Any] = {}
    W = state
    if not isinstance(state, xr.DataArray):
        if not state.state_times.size:
            raise StateError("state", "a result that keeps W, of a run with keep_state", "one without")
        W, attributes = state.state(), state.dataset.attrs
    require_particle(model, attributes.get("hbar"), attributes.get("quantum_mass"))
    time = float(W["time"]) if "time" in W.coords and W["time"].ndim == 0 else 0.0
    centre = np.asarray(W.attrs.get(CENTRE, ()))
    is_point = centre.shape == (4,) and centre.dtype.kind == "f" and bool(np.isfinite(centre).all())
    return Given(*state_on_grid(W), time, tuple(centre.tolist()) if is_point else None)


def completed(axes: Mapping[str, FixedAxis], grid: Grid) -> Grid:
    """The grid of a state with what a user fixes of its axes: another extent keeps the spacing."""
    chosen = []
    for name, own in zip(NAMES, grid, strict=True):
        fixed = axes.get(name, FixedAxis())
        lower, upper = (own.lower, own.upper) if fixed.extent is None else fixed.extent
        points = fixed.points
        if points is None:
            points = own.points if fixed.extent is None else fast_even_size(round((upper - lower) / own.spacing))
        chosen.append(Axis(lower, upper, points))
    return Grid(*chosen)


def on_other_axes(values: np.ndarray, axes: Sequence[Axis], target: Sequence[Axis]) -> np.ndarray:
    """Values on some axes taken to others: trigonometric interpolation within the extents, zero outside.

    Frequencies that an axis of the target does not hold are left out.
    """
    for number, (own, other) in enumerate(zip(axes, target, strict=True)):
        if own != other:
            matrix = interpolation(own, other.values, nyquist=other.nyquist)
            values = np.moveaxis(np.tensordot(matrix, values, (1, number)), 0, number)
    return values
