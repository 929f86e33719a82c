"""The result of a sweep put together from those of its points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from wignercq.comparison import OBSERVABLES, THEORIES, Breakdown
from wignercq.config import Config
from wignercq.results.provenance import __version__
from wignercq.sweep.result import SweepResult

Point = tuple[float, ...]
NUMBERS = {
    "time_step": "of all equations",
    "time_error_estimate": "of W relative to its maximum",
    "wall_time": "seconds on one thread",
}


def gather(config: Config, results: Mapping[Point, Breakdown], failures: Mapping[Point, str]) -> SweepResult:
    """The result of a sweep from those of its points, by the values of the axes.

    `failures` says of a point why it has no result.
    """
    assert config.sweep is not None
    axes = config.sweep.axes
    names = tuple(axis.name for axis in axes)
    shape = tuple(len(axis.values) for axis in axes)
    own = (len(THEORIES), len(OBSERVABLES))
    times, errors = np.full((*shape, *own), np.nan), np.full((*shape, *own), np.nan)
    numerical = np.full((*shape, len(THEORIES)), np.nan)
    numbers = {name: np.full(shape, np.nan) for name in NUMBERS}
    texts = {name: np.full(shape, "", object) for name in ("failure", "grid", "warnings")}
    notes = np.full((*shape, len(THEORIES)), "", object)
    for indices in np.ndindex(*shape):
        point = tuple(axis.values[i] for axis, i in zip(axes, indices, strict=True))
        texts["failure"][indices] = failures.get(point, "")
        if point not in results:
            continue
        data = results[point].dataset
        times[indices] = data["breakdown_time"].transpose("theory", "observable")
        errors[indices] = data["error"].isel(time=-1).transpose("theory", "observable")
        numerical[indices] = data["numerical_error"].max("time")
        notes[indices] = data["note"].values
        for name, values in numbers.items():
            values[indices] = data.attrs[name]
        for name in ("grid", "warnings"):
            texts[name][indices] = data.attrs[name]
    variables = {
        "breakdown_time": ((*names, "theory", "observable"), times, {"long_name": "first time above the threshold"}),
        "final_error": ((*names, "theory", "observable"), errors, {"long_name": "error at the end"}),
        "numerical_error": ((*names, "theory"), numerical, {"long_name": "largest in time"}),
        "note": ((*names, "theory"), notes.astype(str)),
        **{name: (names, values, {"long_name": NUMBERS[name]}) for name, values in numbers.items()},
        **{name: (names, values.astype(str)) for name, values in texts.items()},
    }
    coordinates = {
        "theory": list(THEORIES),
        "observable": list(OBSERVABLES),
        **{axis.name: (axis.name, list(axis.values), {"key": axis.key, "log": int(axis.log)}) for axis in axes},
    }
    attributes = {
        "wignercq_version": __version__,
        "configuration": config.text,
        "threshold": config.compare.threshold,
        "duration": config.run.duration,
    }
    return SweepResult(xr.Dataset(variables, coordinates, attributes))
