"""The result of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from wignercq.errors import InputError, listed
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.results.reading import Fault, faults_of_a_run
from wignercq.results.result import Result
from wignercq.results.summary import MomentTheory, accuracy_lines, final_table

if TYPE_CHECKING:
    from wignercq.results.quantum_state import DensityMatrix

SAME_TIME = 1e-9  # of the last one: closer times are one


@dataclass(frozen=True, eq=False)
class Solution(Result):
    """What a run computed.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/result-file.md``.
    """

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

    def quantum_state(self, time: float | None = None) -> DensityMatrix:
        """The reduced quantum state at one of the outputs whose planes are kept, by default the last.

        Parameters
        ----------
        time : float, optional
            One of ``dataset["frame"]``.

        Returns
        -------
        DensityMatrix
            With its positions; ``to_qutip(frequency=...)`` makes an object of QuTiP.

        Raises
        ------
        InputError
            No planes are kept at this time, or the result does not know its hbar.
        """
        from wignercq.results.quantum_state import quantum_state  # here, since results are read without SymPy

        frames, attributes = self.dataset["frame"].values, self.dataset.attrs
        if not frames.size or "hbar" not in attributes:
            raise InputError("time", "a result with planes and its hbar", "one without")
        index = -1 if time is None else int(np.abs(frames - time).argmin())
        if time is not None and not abs(frames[index] - time) <= SAME_TIME * abs(frames[-1]):
            kept = listed([f"{frame:g}" for frame in frames], limit=12)
            raise InputError("time", f"one of the frames, {kept}", f"{time:g}")
        return quantum_state(
            self.dataset["wigner_xy"][index],
            hbar=float(attributes["hbar"]),
            mass=float(attributes["quantum_mass"]),
            time=float(frames[index]),
        )

    def summary(self, theory: MomentTheory | None = None) -> str:
        """The last means and covariances, beside those of a Gaussian theory if given, and how far to trust them."""
        return f"{final_table(self.dataset, theory)}\n\n{accuracy_lines(self.dataset)}"

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be the result of a run."""
        return faults_of_a_run(dataset)
