"""What all results have in common: an xarray.Dataset behind a thin class, written as NetCDF-4."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import xarray as xr

from wignercq.errors import InputError
from wignercq.results.reading import Fault, read_dataset
from wignercq.results.whole_file import whole_file

SPACE_PER_VARIABLE = 2**13  # bytes a variable takes in a file beside its values, at most


@dataclass(frozen=True, eq=False, repr=False)
class Result(ABC):
    """A dataset, what is asked of it, and its file.

    Parameters
    ----------
    dataset : xarray.Dataset
    """

    dataset: xr.Dataset

    @property
    def time(self) -> np.ndarray:
        """Output times, shape (n,)."""
        return self.dataset.time.values  # an AttributeError where there are none

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {size}" for name, size in self.dataset.sizes.items())
        return f"<{type(self).__name__} of {len(self.dataset.data_vars)} variables ({sizes})>"

    @abstractmethod
    def summary(self) -> str:
        """A few lines of text."""

    @staticmethod
    @abstractmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be a result of this kind; only the first is to be asked for, the rest presume it."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a NetCDF-4 file; it appears whole or not at all.

        Raises
        ------
        OSError
            It cannot be written, the disk being full for example.
        """
        with whole_file(Path(path), self._space()) as partial:
            self.dataset.to_netcdf(partial, engine="h5netcdf")

    def _space(self) -> int:
        """Bytes that suffice for a file."""
        texts = sum(len(str(value).encode()) for value in self.dataset.attrs.values())
        return self.dataset.nbytes + texts + SPACE_PER_VARIABLE * (len(self.dataset.variables) + 1)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        InputError
            The file is damaged, or not a result of this kind.
        """
        return cls.checked(read_dataset(path), path)

    @classmethod
    def checked(cls, dataset: xr.Dataset, path: str | os.PathLike[str]) -> Self:
        """The result that a dataset read from `path` is; InputError where it is none."""
        fault = next(cls.faults(dataset), None)
        if fault is not None:
            raise InputError(Path(path), *fault)
        return cls(dataset)
