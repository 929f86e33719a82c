"""The result of a sweep: breakdown times over one or two numbers of a configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import xarray as xr

from wignercq.comparison import OBSERVABLES, THEORIES, Breakdown
from wignercq.config import Config
from wignercq.errors import InputError
from wignercq.results.reading import read_dataset
from wignercq.results.solution import Solution

Point = tuple[float, ...]
NUMBERS = {
    "time_step": "of all equations",
    "time_error_estimate": "of W relative to its maximum",
    "wall_time": "seconds on one thread",
}


@dataclass(frozen=True, eq=False)
class SweepResult:
    """When each theory breaks down, point by point.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/breakdown.md``; besides those of every comparison, the swept
        numbers are dimensions.
    """

    dataset: xr.Dataset

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the swept numbers."""
        return tuple(str(name) for name in self.dataset["failure"].dims)

    @property
    def failures(self) -> dict[str, str]:
        """Points without a result, as text, and why."""
        reasons = self.dataset["failure"]
        return {
            ", ".join(f"{name} = {float(reason[name]):g}" for name in self.axes): str(reason.item())
            for reason in reasons.stack(point=self.axes).transpose("point")
            if reason.item()
        }

    def summary(self) -> str:
        """A few lines: how many points, and for each theory where and when it breaks down."""
        data = self.dataset
        count = data["failure"].size
        swept = " x ".join(f"{data.sizes[n]} values of {n} from {data[n][0]:g} to {data[n][-1]:g}" for n in self.axes)
        lines = [f"{swept}; t = 0 to {data.attrs['duration']:g}, threshold {data.attrs['threshold']:g}"]
        finished = count - len(self.failures)
        for theory in data["theory"].values[1:]:
            first = data["breakdown_time"].sel(theory=theory).min("observable").values
            broken = np.isfinite(first)
            if broken.any():
                text = f"breaks down at {broken.sum()} of {finished} points, first at t = {np.nanmin(first):.3g}"
            else:
                notes = {str(note) for note in data["note"].sel(theory=theory).values[data["failure"].values == ""]}
                text = (notes.pop() if len(notes) == 1 else "") or "no breakdown"
            lines.append(f"{theory:14} {text}")
        lines += [f"failed at {point}: {reason}" for point, reason in self.failures.items()]
        return "\n".join(lines)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a NetCDF-4 file; it appears whole or not at all."""
        Solution(self.dataset).save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SweepResult:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        InputError
            The file is not the result of a sweep.
        """
        dataset = read_dataset(path)
        if "failure" not in dataset:
            raise InputError(path, "the result of a sweep", "another result of wignercq")
        return cls(dataset)


def gather(config: Config, results: Mapping[Point, Breakdown], failures: Mapping[Point, str]) -> SweepResult:
    """The result of a sweep from those of its points.

    Parameters
    ----------
    config : Config
    results : mapping of tuple of float to Breakdown
        By the values of the axes.
    failures : mapping of tuple of float to str
        Why a point has no result.
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
        "wignercq_version": version("wignercq"),
        "configuration": config.text,
        "threshold": config.compare.threshold,
        "duration": config.run.duration,
    }
    return SweepResult(xr.Dataset(variables, coordinates, attributes))
