"""The result of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from wignercq.errors import InputError
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.results.reading import Fault, faults_of_a_run
from wignercq.results.result import Plots, Result
from wignercq.results.summary import MomentTheory, accuracy_lines, final_table


@dataclass(frozen=True, eq=False, repr=False)
class Solution(Result):
    """What a run computed.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/result-file.md``.
    """

    plot = Plots("SolutionPlots")

    @property
    def mean(self) -> np.ndarray:
        """<z> for z = (q, p, x, y) at every output, shape (n, 4)."""
        return self.dataset["mean"].values

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of (q, p, x, y) at every output, shape (n, 4, 4)."""
        return self.dataset["covariance"].values

    @property
    def W(self) -> xr.DataArray:
        """The final W[q, p, x, y]; raises InputError unless the run was asked to keep it."""
        if "W" not in self.dataset:
            raise InputError("W", "a run with keep_state=True", "one that kept only its observables")
        return self.dataset["W"]

    @property
    def grid(self) -> Grid:
        """The grid of the final W; InputError as for :attr:`W`."""
        return Grid(*(Axis.through(self.W[name].values) for name in NAMES))

    @property
    def time_error(self) -> float:
        """Estimated time error of W relative to its maximum, the largest over the run."""
        return float(self.dataset.attrs["time_error_estimate"])

    def summary(self, theory: MomentTheory | None = None) -> str:
        """The last means and covariances, beside those of a Gaussian theory if given, and how far to trust them."""
        return f"{final_table(self.dataset, theory)}\n\n{accuracy_lines(self.dataset)}"

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be the result of a run."""
        return faults_of_a_run(dataset)
