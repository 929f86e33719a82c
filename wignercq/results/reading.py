"""Reading a result that may come from anywhere: whole and as documented, or refused in one line.

Nothing in a file is executed, no other file is opened on its behalf, and no memory is allocated for numbers it only
claims to hold. The libraries below raise whatever they like on damaged bytes; here it becomes an InputError.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
import xarray as xr

from wignercq.errors import InputError, brief
from wignercq.grid.grid import NAMES
from wignercq.results.variables import (
    CENTRE,
    DESCRIPTIONS,
    FRAME_PLANES,
    ROW_DIMENSIONS,
    asked_for,
    kept_axis,
    kept_state,
)

COMPRESSION = 100  # a variable may hold this many times the bytes of its file
LARGEST = 1e100  # of all numbers
LONGEST = 20_000  # characters of an attribute that may be shown

LEAST = {"time": 1, "frame": 0, **dict.fromkeys(NAMES, 2)}  # points along a dimension with numbers as coordinate
LABELS = ("z", "z2", "axis")
TEXTS = ("wignercq_version", "versions", "engine", "precision", "scheme", "grid")
OPTIONAL_TEXTS = ("stopped", "unresolved", "model", "model_definition", "grid_changes", "resumed")
LINES = ("grid_changes", "resumed")  # may have several
SIZES = ("hbar", "classical_mass", "quantum_mass")  # of the model; results of earlier versions have none
NUMBERS = ("time_step", "time_error_estimate", "wall_time")

Fault: TypeAlias = tuple[str, str]  # what was expected, and what came


def read_dataset(path: str | os.PathLike[str]) -> xr.Dataset:
    """The dataset in a file of wignercq, in memory; of what kind, and whether it is whole, is not yet checked.

    InputError where the file is missing, damaged or something else.
    """
    place = Path(path)
    if not place.exists():
        raise InputError(place, "a result file", "nothing at this path")
    if not (place.is_file() or place.is_dir()):
        raise InputError(place, "a result file", "a pipe or a device")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fault = next(_out_of_hand(place), None)
            dataset = xr.Dataset() if fault else xr.load_dataset(place, engine="h5netcdf", decode_times=False)
    except Exception:
        raise InputError(place, "a NetCDF-4 result file", "something else") from None
    fault = fault or next(_foreign(dataset), None)
    if fault is not None:
        raise InputError(place, *fault)
    return dataset


def _out_of_hand(path: Path) -> Iterator[Fault]:
    """What forbids to load a file, judged by its structure alone."""
    limit = COMPRESSION * path.stat().st_size
    with h5py.File(path, "r") as file:
        for name in file:
            if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                yield "variables in the file itself", f"the link {name[:60]!a}"
            variable = file[name]
            if not isinstance(variable, h5py.Dataset):
                yield "variables alone", f"the group {name[:60]!a}"
            if variable.external or variable.is_virtual:
                yield "values in the file itself", f"those of {name[:60]!a} in another"
            if variable.size is None or variable.size * variable.dtype.itemsize > limit:
                yield "variables that the file holds", f"{name[:60]!a} of shape {variable.shape}"


def _foreign(dataset: xr.Dataset) -> Iterator[Fault]:
    """What a dataset lacks to be one of wignercq."""
    if "wignercq_version" not in dataset.attrs:
        yield "a result of wignercq", "another NetCDF file"
    for name in dataset.variables:
        if not str(name).isprintable():
            yield "printable names", f"{name!a}"


def faults_of_a_run(dataset: xr.Dataset) -> Iterator[Fault]:
    """What a dataset lacks to be the result of a run."""
    yield from _attributes(dataset.attrs)
    for name in LABELS:
        if name not in dataset.coords or dataset[name].dims != (name,) or dataset[name].values.tolist() != list(NAMES):
            yield f"the names q, p, x, y as coordinate {name}", "others"
    yield from not_increasing(dataset, LEAST)
    yield from _variables(dataset)
    yield from _asked_for(dataset)
    yield from _states(dataset)
    if CENTRE in dataset:
        yield from not_numbers(dataset, CENTRE, ("time", "z"))


def _attributes(attributes: Mapping[str, Any]) -> Iterator[Fault]:
    for name in (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in attributes)):
        text = attributes.get(name)
        line = text.replace("\n", " ") if isinstance(text, str) and name in LINES else text
        if not _is_printable(line):
            yield f"a printable attribute {name}", brief(text)
    for name in NUMBERS:
        if not isinstance(attributes.get(name), (float, int, np.floating, np.integer)):
            yield f"a number as attribute {name}", brief(attributes.get(name))
    for name in (name for name in SIZES if name in attributes):
        size = attributes[name]
        if not (isinstance(size, (float, np.floating)) and 0 < size < LARGEST):
            yield f"a positive number as attribute {name}", brief(size)
    order = attributes.get("hbar_order")
    if not (isinstance(order, (int, np.integer)) or (isinstance(order, str) and order == "exact")):
        yield "'exact' or a whole number as attribute hbar_order", brief(order)
    if not isinstance(attributes.get("configuration", ""), str):
        yield "text as attribute configuration", brief(attributes["configuration"])


def _variables(dataset: xr.Dataset) -> Iterator[Fault]:
    for name in DESCRIPTIONS:
        if name == "W" and name not in dataset:
            continue
        dimensions = _dimensions(name)
        if name not in dataset.data_vars or dataset[name].dims != dimensions or dataset[name].dtype.kind != "f":
            yield f"a variable {name} of numbers over ({', '.join(dimensions)})", "none"
        if not _moderate(dataset[name].values, nan=name == "occupation"):
            yield f"finite numbers below {LARGEST:g} as {name}", "others"


def _asked_for(dataset: xr.Dataset) -> Iterator[Fault]:
    """What lacks in observables that a run was asked for."""
    for name in asked_for(dataset):
        yield from not_numbers(dataset, name, ("time",))
        for key in ("long_name", "formula", "description"):
            if not _is_printable(dataset[name].attrs.get(key, "")):
                yield f"printable text as {key} of {name}", "others"


def _states(dataset: xr.Dataset) -> Iterator[Fault]:
    """What lacks in a W that was kept on the way."""
    if "state_time" not in dataset.coords:
        return
    yield from not_increasing(dataset, {"state_time": 1})
    for k in range(dataset["state_time"].size):
        axes = tuple(kept_axis(name, k) for name in NAMES)
        yield from not_increasing(dataset, dict.fromkeys(axes, 2))
        yield from not_numbers(dataset, kept_state(k), axes)


def _dimensions(name: str) -> tuple[str, ...]:
    if name == "W":
        return NAMES
    return ("frame", *FRAME_PLANES[name]) if name in FRAME_PLANES else ("time", *ROW_DIMENSIONS.get(name, ()))


def not_texts(dataset: xr.Dataset, name: str, dimensions: tuple[str, ...]) -> Iterator[Fault]:
    """What a variable lacks to be texts over dimensions that a terminal can show."""
    found = dataset.get(name)
    if found is None or found.dims != dimensions or not all(map(_is_printable, found.values.ravel())):
        yield f"printable texts {name} over ({', '.join(dimensions)})", "others"


def not_numbers(dataset: xr.Dataset, name: str, dimensions: tuple[str, ...]) -> Iterator[Fault]:
    """What a variable lacks to be numbers over dimensions, NaN among them."""
    found = dataset.get(name)
    if found is None or found.dims != dimensions or found.dtype.kind != "f" or not _moderate(found.values, nan=True):
        yield f"numbers {name} over ({', '.join(dimensions)}), none beyond {LARGEST:g}", "others"


def not_a_number(attributes: Mapping[str, Any], name: str) -> Iterator[Fault]:
    """What an attribute lacks to be a float."""
    if not isinstance(attributes.get(name), (float, np.floating)):
        yield f"a number as attribute {name}", brief(attributes.get(name))


def not_increasing(dataset: xr.Dataset, lengths: Mapping[str, int]) -> Iterator[Fault]:
    """What coordinates lack to be increasing numbers, at least so many."""
    for name, least in lengths.items():
        if name not in dataset.coords or dataset[name].dims != (name,) or dataset[name].dtype.kind != "f":
            yield f"numbers as coordinate {name}", "none"
        values = dataset[name].values
        if values.size < least or not _moderate(values) or (np.diff(values) <= 0).any():
            yield f"at least {least} increasing numbers as coordinate {name}", "others"


def _is_printable(text: object) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST and text.isprintable()


def _moderate(values: np.ndarray, nan: bool = False) -> bool:
    """Whether no number is out of all proportion; NaN is, unless allowed."""
    if nan:
        values = values[~np.isnan(values)]
    return bool(values.size == 0 or -LARGEST < float(values.min()) <= float(values.max()) < LARGEST)
