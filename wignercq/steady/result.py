"""The result of a search for the steady state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from wignercq.results.reading import Fault, not_a_number, not_numbers
from wignercq.results.result import Plots
from wignercq.results.solution import Solution
from wignercq.results.summary import MomentTheory, accuracy_lines, final_table, observable_lines

KIND = "steady state"
NUMBERS = ("residual", "distance_estimate", "gap", "solver_error", "steps", "cell_steps")
MODE_VARIABLES = {
    "decay_rate": "decay rate of the slowest modes",
    "mode_frequency": "angular frequency of the slowest modes",
    "mode_residual": "|L v - rate v| / |v| of the slowest modes on the grid",
}
DRIFT_VARIABLES = {
    "drift_mean": ("z",),
    "drift_covariance": ("z", "z2"),
}


def is_steady(dataset: xr.Dataset) -> bool:
    """Whether a dataset is that of a steady state."""
    return dataset.attrs.get("kind") == KIND


@dataclass(frozen=True, eq=False, repr=False)
class SteadyState(Solution):
    """A steady state with its certificate: a result with one time, 0.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/result-file.md``.
    """

    plot = Plots("SteadyPlots")

    @property
    def residual(self) -> float:
        """The largest ``|dW/dt|`` over the largest ``|W|``, per unit time, measured over a short time."""
        return float(self.dataset.attrs["residual"])

    @property
    def distance(self) -> float:
        """Estimated distance of W to the true steady state, relative to its maximum; the grid's error not included."""
        return float(self.dataset.attrs["distance_estimate"])

    @property
    def gap(self) -> float:
        """The slowest decay rate: 1/gap is the relaxation time."""
        return float(self.dataset.attrs["gap"])

    @property
    def rates(self) -> np.ndarray:
        """Eigenvalues of the generator nearest to zero but for zero itself: -decay rate + i frequency, complex."""
        return np.asarray(-self.dataset["decay_rate"].values + 1j * self.dataset["mode_frequency"].values)

    @property
    def converged(self) -> bool:
        """Whether the distance is below the tolerance that was asked for."""
        return not self.dataset.attrs.get("stopped")

    def summary(self, theory: MomentTheory | None = None) -> str:
        """Means and covariances, and how far to trust them."""
        table = "\n".join([final_table(self.dataset).partition("\n")[2], *observable_lines(self.dataset)])
        attributes = self.dataset.attrs
        drifts = [float(np.abs(self.dataset[name]).max()) for name in DRIFT_VARIABLES]
        rows = {
            "residual": f"{self.residual:.1e} of the maximum of W per unit time",
            "distance": f"{self.distance:.1e} of the maximum of W",
            "gap": f"{self.gap:.4g}, relaxation time {1 / self.gap:.4g}",
            "drift": f"means {drifts[0]:.1e}, covariances {drifts[1]:.1e} in a relaxation time",
            "work": f"{attributes['steps']:.0f} steps",
        }
        lines = "\n".join(f"{name:<16}{text}" for name, text in rows.items())
        return f"steady state\n{table}\n\n{lines}\n{accuracy_lines(self.dataset)}"

    def _in_short(self) -> Iterator[str]:
        yield f"distance {self.distance:.1e}"
        yield f"gap {self.gap:.4g}"
        yield from [*super()._in_short()][1:]  # its time means nothing

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be a steady state."""
        yield from Solution.faults(dataset)
        for name in NUMBERS:
            yield from not_a_number(dataset.attrs, name)
        for name in MODE_VARIABLES:
            yield from not_numbers(dataset, name, ("mode",))
        for name, dimensions in DRIFT_VARIABLES.items():
            yield from not_numbers(dataset, name, dimensions)
