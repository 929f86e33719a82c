"""What the figures of a report show, in words, for who does not see them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from wignercq.comparison.theories import TABLE
from wignercq.plotting import labels
from wignercq.report.page import number


def theories_in_words(data: xr.Dataset) -> str:
    """The figure ``theories`` of a comparison."""
    planes, others = data["wigner_xy"], labels.distinct(data)
    exact, last = planes.sel(theory="exact"), planes.isel(frame=-1)
    apart = abs(last.sel(theory=others) - last.sel(theory="exact")).max(["x", "y"])
    differences = [f"{TABLE[name].name} by {number(float(apart.sel(theory=name)), 2)}" for name in others]
    return (
        f"Colour plots of W(x, y), the last at t = {number(float(data['frame'][-1]), 4)}, a column each for "
        f"{', '.join(TABLE[name].name for name in ('exact', *others))}; below them the differences from the exact one. "
        f"The exact W lies between {number(float(exact.min()), 2)} and {number(float(exact.max()), 2)}. "
        f"Largest differences at the end: {', '.join(differences) or 'none'}."
    )


def errors_in_words(data: xr.Dataset) -> str:
    """The figure ``errors`` of a comparison."""
    largest = data["error"].max("time")
    ranges = [f"{TABLE[name].name} {_range(largest.sel(theory=name))}" for name in labels.distinct(data)]
    return (
        f"Errors against time on logarithmic axes, from t = 0 to {number(float(data['time'][-1]), 4)}, a panel "
        f"for each observable, with the threshold {number(data.attrs['threshold'])} and the numerical error. "
        f"Largest errors, over all observables: {'; '.join(ranges) or 'none'}."
    )


def map_in_words(data: xr.Dataset) -> str:
    """The figure ``map`` of a sweep."""
    times, swept = data["breakdown_time"], ", ".join(map(str, data["failure"].dims))
    ranges = [f"{TABLE[name].name} {_range(times.sel(theory=name))}" for name in map(str, times["theory"].values[1:])]
    return (
        f"Breakdown times against {swept}, a panel for each observable and theory. "
        f"Times, over all observables: {'; '.join(ranges)}."
    )


def _range(values: xr.DataArray) -> str:
    known = values.values[np.isfinite(values.values)]
    return f"from {number(known.min(), 2)} to {number(known.max(), 2)}" if known.size else "none"
