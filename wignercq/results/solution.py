"""The result of a run: an xarray.Dataset behind a thin class, written as NetCDF-4."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from wignercq.errors import InputError
from wignercq.results.reading import read_result

SPACE_PER_VARIABLE = 2**13  # bytes a variable takes in a file beside its values, at most


@dataclass(frozen=True, eq=False)
class Solution:
    """What a run computed.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/result-file.md``.
    """

    dataset: xr.Dataset

    @property
    def time(self) -> np.ndarray:
        """Output times, shape (n,)."""
        return self.dataset["time"].values

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
    def time_error(self) -> float:
        """Estimated time error of W relative to its maximum, the largest over the run."""
        return float(self.dataset.attrs["time_error_estimate"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a NetCDF-4 file; it appears whole or not at all.

        Raises
        ------
        OSError
            It cannot be written, the disk being full for example.
        """
        target = Path(path)
        partial = target.with_name(target.name + ".partial")
        try:
            _require_room(partial, self._space())
            self.dataset.to_netcdf(partial, engine="h5netcdf")
            with open(partial, "rb") as file:
                os.fsync(file.fileno())
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    def _space(self) -> int:
        """Bytes that suffice for a file."""
        texts = sum(len(str(value).encode()) for value in self.dataset.attrs.values())
        return self.dataset.nbytes + texts + SPACE_PER_VARIABLE * (len(self.dataset.variables) + 1)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Solution:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        InputError
            The file is damaged, or not the result of a run.
        """
        return cls(read_result(path))


def _require_room(path: Path, size: int) -> None:
    """OSError if `size` bytes cannot be written at `path`. HDF5 crashes a process in which it runs out of space."""
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
