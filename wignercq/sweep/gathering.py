"""The result of a sweep of comparisons put together from those of its points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from wignercq.comparison import OBSERVABLES, Breakdown
from wignercq.comparison.measurements import OWN_LABELS
from wignercq.comparison.theories import compared
from wignercq.config import Config
from wignercq.results.provenance import __version__
from wignercq.results.variables import PURE, described
from wignercq.sweep.layout import Layout, Point
from wignercq.sweep.result import SweepResult

NUMBERS = {
    "time_step": "of all equations",
    "time_error_estimate": "of W relative to its maximum",
    "wall_time": "seconds on one thread",
}


def gather(config: Config, results: Mapping[Point, Breakdown], failures: Mapping[Point, str]) -> SweepResult:
    """The result of a sweep from those of its points, by the values of the axes.

    `failures` says of a point why it has no result.
    """
    layout = Layout.of(config)
    names, shape = layout.names, layout.shape
    asked = config.compare
    theories = compared(asked.trajectories, asked.mean_field, asked.semiclassical, asked.thermal)
    own = (len(theories), len(OBSERVABLES))
    times, errors = np.full((*shape, *own), np.nan), np.full((*shape, *own), np.nan)
    numerical = np.full((*shape, len(theories)), np.nan)
    notes = np.full((*shape, len(theories)), "", object)
    for indices, point in layout.points():
        if point not in results:
            continue
        data = results[point].dataset
        times[indices] = data["breakdown_time"].transpose("theory", "observable")
        errors[indices] = data["error"].isel(time=-1).transpose("theory", "observable")
        numerical[indices] = data["numerical_error"].max("time")
        notes[indices] = data["note"].values
    variables = {
        "breakdown_time": ((*names, "theory", "observable"), times),
        "final_error": ((*names, "theory", "observable"), errors, {"long_name": "error at the end", "units": PURE}),
        "numerical_error": ((*names, "theory"), numerical, {"long_name": "largest numerical error in time"}),
        "note": ((*names, "theory"), notes.astype(str)),
        **{
            name: (names, values, {"long_name": NUMBERS[name]})
            for name, values in layout.numbers(results, NUMBERS).items()
        },
        **layout.texts(results, failures),
    }
    coordinates = {"theory": list(theories), "observable": list(OBSERVABLES), **layout.coordinates}
    attributes = {
        "wignercq_version": __version__,
        "configuration": config.text,
        "threshold": config.compare.threshold,
        "duration": config.run.duration,
        "first_output": config.run.times[1],
    }
    return SweepResult(described(xr.Dataset(variables, coordinates, attributes), OWN_LABELS))
