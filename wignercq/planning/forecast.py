"""Whether a given grid will lose W in the course of a run, as far as that can be known in a fraction of a second.

The mean of a quadratic model is known exactly: a box that it leaves does not hold W. Of other models a few hundred
trajectories of the classical counterpart say when W comes to the ends of an axis; they are no proof.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from wignercq.errors import GridError, InputError, ResolutionWarning
from wignercq.gaussian.linear_model import LinearModel
from wignercq.grid.grid import NAMES
from wignercq.model.model import Model
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import EDGE_BAND, ERROR_LEVEL
from wignercq.planning.grid_choice import Outlook
from wignercq.planning.trajectories import MOMENTS_IN_TIME, Trajectories, draw
from wignercq.states import State

SAMPLES = 600
SHARE = 3 * ERROR_LEVEL  # of the trajectories near the ends of an axis: then the edge mass is above the error level
MOMENTS_OF_MEAN = 400


@dataclass(frozen=True)
class Departure:
    """Where and when W leaves a box."""

    axis: str
    time: float

    @classmethod
    def first(cls, times: np.ndarray, outside: np.ndarray, axes: Collection[str]) -> Departure | None:
        """The first time at which W is outside along one of the `axes`, from `outside` of shape (times, 4)."""
        counted = outside & np.isin(NAMES, list(axes))
        if not counted.any():
            return None
        k = int(np.argmax(counted.any(axis=1)))
        return cls(NAMES[int(np.argmax(counted[k]))], float(times[k]))


def look_ahead(
    model: Model,
    state: State | np.ndarray,
    marginals: Marginals,
    end: float,
    tolerance: float,
    *,
    axes: Collection[str] = NAMES,
    refuses: bool = True,
) -> None:
    """Refuse a grid that the mean of W leaves before the end, warn of one that trajectories leave.

    Parameters
    ----------
    marginals : Marginals
        Of W at time 0 on the grid.
    axes : collection of str
        Those whose box stays as it is.
    refuses : bool
        GridError where W is sure to be lost; False warns of that as well.
    """
    grid = marginals.grid
    sure = _of_the_mean(model, marginals, end, axes) if model.is_quadratic else None
    departure = sure or _of_trajectories(model, state, marginals, end, axes)
    if departure is None:
        return
    name, axis = departure.axis, getattr(grid, departure.axis)
    what = "left by the mean of W" if sure else f"with {SHARE:.0%} of classical trajectories at its ends"
    got = f"[{axis.lower:.6g}, {axis.upper:.6g}], {what} at t = {departure.time:.3g}; "
    remedy = _remedy(model, state, end, tolerance, name)
    error = GridError(f"grid.{name}.extent", f"ends that hold W until t = {end:.6g}", got + remedy)
    if sure and refuses:
        raise error
    warnings.warn(str(error), ResolutionWarning, stacklevel=2)


def _of_the_mean(model: Model, marginals: Marginals, end: float, axes: Collection[str]) -> Departure | None:
    times = end * np.arange(1, MOMENTS_OF_MEAN + 1) / MOMENTS_OF_MEAN
    ends = np.array([(axis.lower, axis.upper) for axis in marginals.grid])
    with np.errstate(all="ignore"):
        mean = LinearModel.from_model(model).mean(times, marginals.mean)
        return Departure.first(times, (mean < ends[:, 0]) | (mean > ends[:, 1]), axes)


def _of_trajectories(
    model: Model, state: State | np.ndarray, marginals: Marginals, end: float, axes: Collection[str]
) -> Departure | None:
    random = np.random.default_rng(0)
    if isinstance(state, np.ndarray):
        start = random.multivariate_normal(marginals.mean, marginals.covariance, SAMPLES, check_valid="ignore").T
    else:
        start = draw(state, 1.0, SAMPLES, random)
    margins = [(axis.lower + axis.length * EDGE_BAND, axis.upper - axis.length * EDGE_BAND) for axis in marginals.grid]
    lower, upper = np.array(margins).T[:, :, None]
    try:
        for k, now in enumerate(Trajectories(model, end, 1.0, random).positions(start), start=1):
            near = ((now < lower) | (now > upper)).mean(axis=1) > SHARE
            found = Departure.first(np.array([end * k / MOMENTS_IN_TIME]), near[None], axes)
            if found is not None:
                return found
    except GridError:  # beyond all boxes within one moment; the run itself will tell
        pass
    return None


def _remedy(model: Model, state: State | np.ndarray, end: float, tolerance: float, name: str) -> str:
    """What to give instead."""
    if not isinstance(state, np.ndarray):
        try:
            axis = getattr(Outlook.of(model, state, end, tolerance).grid({}), name)
        except InputError:
            return "shorten the run"
        return f"widen it to [{axis.lower:.3g}, {axis.upper:.3g}] or shorten the run"
    return "widen it or shorten the run"
