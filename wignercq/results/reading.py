"""Reading a result that may come from anywhere: whole and as documented, or refused in one line.

Nothing in a file is executed, no other file is opened on its behalf, and no memory is allocated for numbers it only
claims to hold. The libraries below raise whatever they like on damaged bytes; here it becomes an InputError.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
import xarray as xr

from wignercq.errors import InputError, brief
from wignercq.grid.grid import NAMES
from wignercq.results.variables import DESCRIPTIONS, FRAME_PLANES, ROW_DIMENSIONS

COMPRESSION = 100  # a variable may hold this many times the bytes of its file
LARGEST = 1e100  # of all numbers
LONGEST = 20_000  # characters of an attribute that may be shown

LEAST = {"time": 1, "frame": 0, **dict.fromkeys(NAMES, 2)}  # points along a dimension with numbers as coordinate
#: What a comparison and a sweep need in order to be described; a sweep has the swept numbers as first dimensions.
COMPARISON_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "error": ("time", "theory", "observable"),
    "numerical_error": ("time", "theory"),
    "breakdown_time": ("theory", "observable"),
}
COMPARISON_FRAMES: Mapping[str, tuple[str, ...]] = {"wigner_xy": ("frame", "theory", "x", "y")}  # if asked for
COMPARISON_TEXTS: Mapping[str, tuple[str, ...]] = {"note": ("theory",)}
SWEEP_NUMBERS: Mapping[str, tuple[str, ...]] = {"breakdown_time": ("theory", "observable")}
SWEEP_TEXTS: Mapping[str, tuple[str, ...]] = {"failure": (), "note": ("theory",)}
LABELS = ("z", "z2", "axis")
TEXTS = ("wignercq_version", "versions", "engine", "precision", "scheme", "grid")
OPTIONAL_TEXTS = ("stopped", "model", "grid_changes", "resumed")
LINES = ("grid_changes", "resumed")  # may have several
NUMBERS = ("time_step", "time_error_estimate", "wall_time")

Complaint: TypeAlias = tuple[str, str]  # what was expected, and what came


def read_result(path: str | os.PathLike[str]) -> xr.Dataset:
    """The dataset in a result file, in memory and checked.

    Raises
    ------
    InputError
        The file is missing, damaged, something else, or not the result of a run as documented.
    """
    return _read(path, _unlike_a_result)


def read_dataset(path: str | os.PathLike[str]) -> xr.Dataset:
    """The dataset in any file of wignercq, in memory; that of a comparison or a sweep is checked, others not yet.

    Raises
    ------
    InputError
        The file is missing, damaged or something else.
    """
    return _read(path, lambda dataset: _unlike_ours(dataset) or _unlike_a_comparison(dataset))


def _read(path: str | os.PathLike[str], complaint_of: Callable[[xr.Dataset], Complaint | None]) -> xr.Dataset:
    place = Path(path)
    if not place.exists():
        raise InputError(place, "a result file", "nothing at this path")
    if not (place.is_file() or place.is_dir()):
        raise InputError(place, "a result file", "a pipe or a device")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            complaint = _out_of_hand(place)
            dataset = None if complaint else xr.load_dataset(place, engine="h5netcdf", decode_times=False)
    except Exception:
        raise InputError(place, "a NetCDF-4 result file", "something else") from None
    if dataset is not None:
        complaint = complaint_of(dataset)
    if complaint:
        raise InputError(place, *complaint)
    assert dataset is not None
    return dataset


def _out_of_hand(path: Path) -> Complaint | None:
    """What forbids to load a file, judged by its structure alone; None if nothing does."""
    limit = COMPRESSION * path.stat().st_size
    with h5py.File(path, "r") as file:
        for name in file:
            if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                return "variables in the file itself", f"the link {name[:60]!a}"
            variable = file[name]
            if not isinstance(variable, h5py.Dataset):
                return "variables alone", f"the group {name[:60]!a}"
            if variable.external or variable.is_virtual:
                return "values in the file itself", f"those of {name[:60]!a} in another"
            if variable.size is None or variable.size * variable.dtype.itemsize > limit:
                return "variables that the file holds", f"{name[:60]!a} of shape {variable.shape}"
    return None


def _unlike_ours(dataset: xr.Dataset) -> Complaint | None:
    """What a dataset lacks to be one of wignercq; None if nothing."""
    if "wignercq_version" not in dataset.attrs:
        return "a result of wignercq", "another NetCDF file"
    strange = next((name for name in dataset.variables if not str(name).isprintable()), None)
    return None if strange is None else ("printable names", f"{strange!a}")


def _unlike_a_comparison(dataset: xr.Dataset) -> Complaint | None:
    """What a dataset lacks to be a comparison or a sweep; None if nothing, or if it does not claim to be one."""
    swept = tuple(str(name) for name in dataset["failure"].dims) if "failure" in dataset else ()
    if "failure" not in dataset and "theory" not in dataset.dims:
        return None
    if "breakdown_time" not in dataset or (swept == () and "failure" in dataset):
        return "the result of a comparison", "another result of wignercq"
    numbers, texts = (SWEEP_NUMBERS, SWEEP_TEXTS) if swept else (COMPARISON_NUMBERS, COMPARISON_TEXTS)
    increasing = dict.fromkeys(swept, 1) if swept else {"time": 1}
    if "wigner_xy" in dataset:
        numbers, increasing = {**numbers, **COMPARISON_FRAMES}, {**increasing, "frame": 0, "x": 2, "y": 2}
    for name, dimensions in {**texts, **{label: (label,) for label in ("theory", "observable")}}.items():
        expected = dimensions if name in dataset.dims else (*swept, *dimensions)
        if name not in dataset or dataset[name].dims != expected or not _is_printable(dataset[name].values):
            return f"printable texts {name} over ({', '.join(expected)})", "others"
    for name, dimensions in numbers.items():
        expected = (*swept, *dimensions)
        if name not in dataset or dataset[name].dims != expected or not _are_numbers(dataset[name].values):
            return f"numbers {name} over ({', '.join(expected)}), none beyond {LARGEST:g}", "others"
    for name in ("threshold", *(("duration",) if swept else ())):
        if not isinstance(dataset.attrs.get(name), (float, np.floating)):
            return f"a number as attribute {name}", brief(dataset.attrs.get(name))
    spaced = next((name for name in swept if not isinstance(dataset[name].attrs.get("log"), (int, np.integer))), None)
    if spaced is not None:
        return f"a whole number as attribute log of {spaced}", brief(dataset[spaced].attrs.get("log"))
    return _not_increasing(dataset, increasing)


def _is_printable(texts: np.ndarray) -> bool:
    return all(isinstance(text, str) and len(text) <= LONGEST and text.isprintable() for text in texts.ravel())


def _are_numbers(values: np.ndarray) -> bool:
    return values.dtype.kind == "f" and _moderate(values[~np.isnan(values)])


def _unlike_a_result(dataset: xr.Dataset) -> Complaint | None:
    """What a dataset lacks to be the result of a run; None if nothing."""
    return _unlike_ours(dataset) or _attributes(dataset.attrs) or _coordinates(dataset) or _variables(dataset)


def _attributes(attributes: Mapping[str, Any]) -> Complaint | None:
    for name in (*TEXTS, *(name for name in OPTIONAL_TEXTS if name in attributes)):
        text = attributes.get(name)
        line = text.replace("\n", " ") if isinstance(text, str) and name in LINES else text
        if not isinstance(line, str) or len(line) > LONGEST or not line.isprintable():
            return f"a printable attribute {name}", brief(text)
    for name in NUMBERS:
        if not isinstance(attributes.get(name), (float, int, np.floating, np.integer)):
            return f"a number as attribute {name}", brief(attributes.get(name))
    order = attributes.get("hbar_order")
    if not (isinstance(order, (int, np.integer)) or (isinstance(order, str) and order == "exact")):
        return "'exact' or a whole number as attribute hbar_order", brief(order)
    if not isinstance(attributes.get("configuration", ""), str):
        return "text as attribute configuration", brief(attributes["configuration"])
    return None


def _coordinates(dataset: xr.Dataset) -> Complaint | None:
    for name in LABELS:
        if name not in dataset.coords or dataset[name].dims != (name,) or dataset[name].values.tolist() != list(NAMES):
            return f"the names q, p, x, y as coordinate {name}", "others"
    return _not_increasing(dataset, LEAST)


def _not_increasing(dataset: xr.Dataset, lengths: Mapping[str, int]) -> Complaint | None:
    for name, least in lengths.items():
        if name not in dataset.coords or dataset[name].dims != (name,) or dataset[name].dtype.kind != "f":
            return f"numbers as coordinate {name}", "none"
        values = dataset[name].values
        if values.size < least or not _moderate(values) or (np.diff(values) <= 0).any():
            return f"at least {least} increasing numbers as coordinate {name}", "others"
    return None


def _variables(dataset: xr.Dataset) -> Complaint | None:
    for name in DESCRIPTIONS:
        if name == "W" and name not in dataset:
            continue
        dimensions = _dimensions(name)
        if name not in dataset.data_vars or dataset[name].dims != dimensions or dataset[name].dtype.kind != "f":
            return f"a variable {name} of numbers over ({', '.join(dimensions)})", "none"
        values = dataset[name].values
        if not _moderate(values[~np.isnan(values)] if name == "occupation" else values):
            return f"finite numbers below {LARGEST:g} as {name}", "others"
    return None


def _dimensions(name: str) -> tuple[str, ...]:
    if name == "W":
        return NAMES
    return ("frame", *FRAME_PLANES[name]) if name in FRAME_PLANES else ("time", *ROW_DIMENSIONS.get(name, ()))


def _moderate(values: np.ndarray) -> bool:
    return bool(values.size == 0 or -LARGEST < float(values.min()) <= float(values.max()) < LARGEST)  # False for NaN
