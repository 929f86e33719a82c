"""Whether a given grid will lose W in the course of a run, as far as that can be known in a fraction of a second.

The mean of a quadratic model is known exactly: a box that it leaves does not hold W. Of other models a few hundred
trajectories of the classical counterpart say when W comes to the ends of an axis; they are no proof.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from wignercq.errors import GridError, ModelError, ResolutionWarning, at_least, at_most, warn
from wignercq.gaussian.driven import DrivenLinearModel
from wignercq.gaussian.linear_model import LinearModel
from wignercq.grid.grid import NAMES
from wignercq.model.model import Model
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import EDGE_BAND, ERROR_LEVEL
from wignercq.planning.grid_choice import LEVEL
from wignercq.planning.trajectories import MOMENTS_IN_TIME, Trajectories, draw
from wignercq.states import State

SAMPLES = 600
SHARE = 3 * ERROR_LEVEL  # of the trajectories near the ends of an axis: then the edge mass is above the error level
TAILS = (0.01, 0.99)
WIDTHS = 2.326  # of a Gaussian, at which its TAILS begin
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
    ensemble = _Ensemble.of(model, state, marginals, end)
    sure = _of_the_mean(model, marginals, end, axes) if model.is_quadratic else None
    departure = sure or Departure.first(ensemble.times, ensemble.near, axes)
    if departure is None:
        return
    name, axis = departure.axis, getattr(marginals.grid, departure.axis)
    what = "left by the mean of W" if sure else f"with {SHARE:.0%} of classical trajectories at its ends"
    error = GridError(
        f"grid.{name}.extent",
        f"ends that hold W until t = {end:.6g}",
        f"[{axis.lower:.6g}, {axis.upper:.6g}], {what} at t = {departure.time:.3g}; "
        + ensemble.remedy(NAMES.index(name), tolerance),
    )
    if sure and refuses:
        raise error
    warn(str(error), ResolutionWarning)


def _of_the_mean(model: Model, marginals: Marginals, end: float, axes: Collection[str]) -> Departure | None:
    times = end * np.arange(1, MOMENTS_OF_MEAN + 1) / MOMENTS_OF_MEAN
    ends = np.array([(axis.lower, axis.upper) for axis in marginals.grid])
    with np.errstate(all="ignore"):
        mean = (DrivenLinearModel(model) if model.is_driven else LinearModel.from_model(model)).mean(
            times, marginals.mean
        )
        return Departure.first(times, (mean < ends[:, 0]) | (mean > ends[:, 1]), axes)


@dataclass(frozen=True, eq=False)
class _Ensemble:
    """Classical trajectories, at moments up to the end or to where they run away."""

    times: np.ndarray  # (moments,)
    near: np.ndarray  # whether enough of them are near the ends of an axis or beyond, (moments, 4)
    centres: np.ndarray  # (moments, 4)
    quantiles: np.ndarray  # between which 98 % of them are, (moments, 2, 4)
    is_whole: bool  # they do not run away

    @classmethod
    def of(cls, model: Model, state: State | np.ndarray, marginals: Marginals, end: float) -> _Ensemble:
        random = np.random.default_rng(0)
        if isinstance(state, np.ndarray):
            moments = marginals.mean, marginals.covariance
            start = random.multivariate_normal(*moments, SAMPLES, check_valid="ignore").T
        else:
            start = draw(state, 1.0, SAMPLES, random)
        margins = np.array([(a.lower + a.length * EDGE_BAND, a.upper - a.length * EDGE_BAND) for a in marginals.grid])
        lower, upper = margins.T[:, :, None]
        seen, is_whole = [], True
        try:
            for now in Trajectories(model, end, 1.0, random).positions(start):
                near = ((now < lower) | (now > upper)).mean(axis=1) > SHARE
                seen.append((near, now.mean(axis=1), np.quantile(now, TAILS, axis=1)))
        except (GridError, ModelError):
            is_whole = False
        times = end * np.arange(1, len(seen) + 1) / MOMENTS_IN_TIME
        nears, centres, quantiles = zip(*seen, strict=True) if seen else ((), (), ())
        return cls(times, np.reshape(nears, (-1, 4)).astype(bool), np.array(centres), np.array(quantiles), is_whole)

    def remedy(self, axis: int, tolerance: float) -> str:
        """What to give instead: as far out as a Gaussian of these quantiles falls to the level of chosen grids."""
        if not self.is_whole:
            return "shorten the run"
        factor = math.sqrt(2 * math.log(1 / (LEVEL * tolerance))) / WIDTHS
        far = self.centres[:, None] + factor * (self.quantiles - self.centres[:, None])
        return f"widen it to [{at_most(far[:, 0, axis].min())}, {at_least(far[:, 1, axis].max())}] or shorten the run"
