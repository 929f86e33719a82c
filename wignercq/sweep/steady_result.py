"""The result of a sweep of steady states: what is measured of each, over one or two numbers of a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from wignercq.results.reading import Fault, not_a_number, not_numbers, not_texts
from wignercq.results.result import Plots
from wignercq.sweep.result import Swept, faults_of_axes

STEADY_SWEEP = "steady state sweep"
#: Attributes of a steady state that become variables, and their meanings.
NUMBERS: Mapping[str, str] = {
    "residual": "largest |dW/dt| over the largest |W|, per unit time",
    "distance_estimate": "estimated distance of W to the true steady state, relative to its maximum",
    "gap": "slowest decay rate",
    "solver_error": "what is left of the equation, of W relative to its maximum",
    "time_error_estimate": "of the time step, of W relative to its maximum",
    "time_step": "of the propagator",
    "steps": "taken by the search",
    "cell_steps": "steps times cells",
    "wall_time": "seconds",
}
SHOWN = ("energy", "occupation", "purity", "negativity", "gap")  # in the summary


def is_steady_sweep(dataset: xr.Dataset) -> bool:
    """Whether a dataset claims to be a sweep of steady states."""
    return dataset.attrs.get("kind") == STEADY_SWEEP and "failure" in dataset


@dataclass(frozen=True, eq=False, repr=False)
class SteadySweep(Swept):
    """Steady states, point by point.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables are those of a steady state that have no dimension of the grid, and its numbers among the attributes,
        listed in ``docs/result-file.md``; the swept numbers are dimensions, and time is none.
    """

    plot = Plots("SteadySweepPlots")

    def summary(self) -> str:
        """A few lines: how many points, how accurate, and between what bounds their energies and rates lie."""
        data = self.dataset
        finished = data["failure"].size - len(self.failures)
        lines = [f"{self.swept}; steady states, tolerance {data.attrs['tolerance']:g}"]
        distances = data["distance_estimate"].values
        worst = f", distances up to {np.nanmax(distances):.1e}" if np.isfinite(distances).any() else ""
        lines.append(f"{'found':14} {finished} of {data['failure'].size} points{worst}")
        for name in SHOWN:
            values = data[name].values if name in data else np.array(np.nan)
            if np.isfinite(values).any():
                lines.append(f"{name:14} {np.nanmin(values):.4g} to {np.nanmax(values):.4g}")
        return "\n".join([*lines, *self.failure_lines])

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be a sweep of steady states."""
        if not is_steady_sweep(dataset):
            yield "a sweep of steady states", "another result of wignercq"
        swept = tuple(str(name) for name in dataset["failure"].dims)
        for name in NUMBERS:
            yield from not_numbers(dataset, name, swept)
        for variable, values in dataset.data_vars.items():
            dimensions = tuple(map(str, values.dims))
            if dimensions[: len(swept)] != swept:
                yield f"variables over ({', '.join(swept)})", str(variable)
            check = not_texts if values.dtype.kind in "UO" else not_numbers
            yield from check(dataset, str(variable), dimensions)
        yield from not_a_number(dataset.attrs, "tolerance")
        yield from faults_of_axes(dataset)
