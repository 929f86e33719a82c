"""Means over trajectories with their standard errors, under the names of the result of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import xarray as xr

from wignercq.errors import CheckpointWarning, InputError, warn
from wignercq.grid.grid import NAMES, Axis
from wignercq.results.reading import Fault, not_increasing, not_numbers
from wignercq.results.result import Plots
from wignercq.results.solution import Solution
from wignercq.results.summary import PAIRS
from wignercq.unravelling.format import Plan
from wignercq.unravelling.gathered import PAIR_SUMS, SUMS, Gathered


@dataclass(frozen=True, eq=False)
class Ensemble(Solution):
    """What many trajectories say: means with standard errors, and the sums they follow from.

    Parameters
    ----------
    dataset : xarray.Dataset
        The names of a run, and ``name_error`` for those that have one.
    """

    plot = Plots("EnsemblePlots")

    @property
    def count(self) -> int:
        """Number of trajectories."""
        return int(self.dataset.attrs["trajectories"])

    @cached_property
    def gathered(self) -> Gathered:
        """The sums over trajectories."""
        return Gathered.read(self.dataset)

    @property
    def plan(self) -> Plan:
        """How they were computed."""
        told = json.loads(self.dataset.attrs["plan"])
        axes = {name: Axis(**told[name]) for name in ("axis", "q", "p")}
        return Plan(steps=tuple(told["steps"]), time_error=told["time_error"], reach=told.get("reach", 0.0), **axes)

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the variables that were asked for beside those of every result."""
        return tuple(json.loads(self.dataset.attrs.get("observables", "{}")))

    def summary(self, theory: object = None) -> str:
        """The last means and covariances and what was asked for, each with its standard error."""
        last = self.dataset.isel(time=-1)
        lines = [f"at t = {float(last.time):.6g}     {self.count} trajectories"]
        for i, name in enumerate(NAMES):
            lines.append(_line(f"<{name}>", float(last["mean"][i]), float(last["mean_error"][i])))
        for i, j in PAIRS:
            value, error = (float(last[name][i, j]) for name in ("covariance", "covariance_error"))
            lines.append(_line(f"cov({NAMES[i]},{NAMES[j]})", value, error))
        lines += [_line(name, float(last[name]), float(last[f"{name}_error"])) for name in self.observables]
        lines.append(f"\n{'time error':<14}{self.time_error:.1e} of the spread, {self.dataset.attrs['steps']} steps")
        return "\n".join(lines)

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be one of trajectories."""
        yield from not_increasing(dataset, {"time": 2, "q": 8, "p": 8, "x": 8, "y": 8})
        rows: dict[str, tuple[str, ...]] = {"mean": ("time", "z"), "covariance": ("time", "z", "z2")}
        errors = {f"{name}_error": dimensions for name, dimensions in rows.items()}
        for name, dimensions in {**rows, **errors, **SUMS}.items():
            yield from not_numbers(dataset, name, dimensions)
        if "two_time" in dataset:
            yield from (fault for name, its in PAIR_SUMS.items() for fault in not_numbers(dataset, name, its))
        for name in ("trajectories", "seed", "steps", "plan", "observables", "two_time"):
            if name not in dataset.attrs:
                yield f"an attribute {name}", "none"


def keep(found: Ensemble, place: str | os.PathLike[str]) -> None:
    """Write trajectories to go on from; nothing ends because they cannot be written."""
    try:
        found.save(place)
    except (InputError, OSError) as error:
        warn(f"{place}: expected a file that can be written, got: {error}; going on without", CheckpointWarning)


def _line(name: str, value: float, error: float) -> str:
    return f"{name:<14}{value:12.5g} +- {error:.1g}"
