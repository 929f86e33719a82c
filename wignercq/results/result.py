"""What all results have in common: an xarray.Dataset behind a thin class, written as NetCDF-4."""

from __future__ import annotations

import html
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import xarray as xr

from wignercq.errors import InputError, brief
from wignercq.lazy import called
from wignercq.results.provenance import MODEL
from wignercq.results.reading import Fault, read_dataset
from wignercq.results.whole_file import whole_file

if TYPE_CHECKING:  # results are read without SymPy
    from wignercq.model.model import Model

SPACE_PER_VARIABLE = 2**13  # bytes a variable takes in a file beside its values, at most


class Plots:
    """The attribute ``plot`` of a kind of result: its figures.

    Named here, imported when first used: results know nothing of figures, and matplotlib is loaded when one is drawn.
    """

    def __init__(self, name: str) -> None:
        self._name = name  # of a class of wignercq.plotting.accessors

    def __get__(self, result: Result | None, kind: type[Result]) -> Any:
        figures = getattr(import_module("wignercq.plotting.accessors"), self._name)
        return figures if result is None else figures(result)


@dataclass(frozen=True, eq=False, repr=False)
class Result(ABC):
    """A dataset, what is asked of it, and its file.

    Parameters
    ----------
    dataset : xarray.Dataset
    """

    dataset: xr.Dataset

    def __getitem__(self, name: str) -> xr.DataArray:
        """A variable or a coordinate; InputError, with the names there are, where there is none of this name."""
        if not isinstance(name, str) or name not in self.dataset.variables:
            raise InputError("variable", f"one of {', '.join(map(str, self.dataset.variables))}", brief(name))
        return self.dataset[name]

    def __contains__(self, name: object) -> bool:
        return name in self.dataset.variables

    def __iter__(self) -> Iterator[str]:
        return map(str, self.dataset)

    def _ipython_key_completions_(self) -> list[str]:
        return [str(name) for name in self.dataset.variables]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._in_short())})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the summary, then the dataset as xarray shows it."""
        return f"<pre>{html.escape(self.summary())}</pre>\n{self.dataset._repr_html_()}"

    def _in_short(self) -> Iterator[str]:
        """What a result is, in a few words each."""
        data = self.dataset
        if "time" in data.dims:
            last = f"t = {data['time'].values[0]:g} to {data['time'].values[-1]:g}"
            yield f"{last}, {data.sizes['time']} outputs" if data.sizes["time"] > 1 else last
        if "grid" in data.attrs:
            yield f"grid {data.attrs['grid']}"
        if data.attrs.get("stopped"):
            yield "stopped"

    @property
    def time(self) -> np.ndarray:
        """Output times, shape (n,)."""
        return self.dataset.time.values  # an AttributeError where there are none

    @property
    def model(self) -> Model:
        """The model that was solved; of a sweep, the one its configuration is written for.

        From the attribute ``model_definition``, and in files that have none from the configuration of the command line.

        Raises
        ------
        InputError
            The file has neither, or what it has is no model.
        """
        attributes = self.dataset.attrs
        if MODEL in attributes:
            from wignercq.model.definition import model_of  # here, since results are read without SymPy

            return model_of(attributes[MODEL], where=MODEL)
        if "configuration" not in attributes:
            raise InputError("model", f"a result with its {MODEL} or its configuration", "one with neither")
        text = str(attributes["configuration"])
        model: Model = called("config.config", "model_in")(text, name="configuration in the result")
        return model

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
        InputError
            The folder does not exist, or there is something that cannot be replaced.
        OSError
            It cannot be written, the disk being full for example.
        """
        target = Path(path)
        if not target.is_symlink() and not target.parent.is_dir():
            raise InputError(target, "a file in an existing folder", f"{target.parent}, which is none")
        with whole_file(target, self._space()) as partial:
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
