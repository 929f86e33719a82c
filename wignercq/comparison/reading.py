"""The format of a comparison, as far as one has to be checked to be described and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import xarray as xr

from wignercq.results.reading import Fault, not_a_number, not_increasing, not_numbers, not_texts

TRAJECTORIES, MEAN_FIELD, SEMICLASSICAL = "trajectories", "mean_field", "semiclassical"
OVER_TRAJECTORIES = [TRAJECTORIES, MEAN_FIELD, SEMICLASSICAL]  # theories that are averages with standard errors
ANOTHER: Fault = "the result of a comparison", "another result of wignercq"
TEXTS: Mapping[str, tuple[str, ...]] = {"note": ("theory",), "theory": ("theory",), "observable": ("observable",)}
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "error": ("time", "theory", "observable"),
    "numerical_error": ("time", "theory"),
    "breakdown_time": ("theory", "observable"),
}
FRAMES = ("frame", "theory", "x", "y")  # dimensions of wigner_xy, if asked for
FRAME_LENGTHS = {"frame": 0, "x": 2, "y": 2}  # at least


def is_comparison(dataset: xr.Dataset) -> bool:
    """Whether a dataset claims to be a comparison."""
    return "theory" in dataset.dims and "failure" not in dataset


def faults(dataset: xr.Dataset) -> Iterator[Fault]:
    """What a dataset lacks to be a comparison."""
    if not is_comparison(dataset) or "breakdown_time" not in dataset:
        yield ANOTHER
    for name, dimensions in TEXTS.items():
        yield from not_texts(dataset, name, dimensions)
    for name, dimensions in NUMBERS.items():
        yield from not_numbers(dataset, name, dimensions)
    if "statistical_error" in dataset:
        yield from not_numbers(dataset, "statistical_error", NUMBERS["error"])
    framed = "wigner_xy" in dataset
    if framed:
        yield from not_numbers(dataset, "wigner_xy", FRAMES)
    yield from not_a_number(dataset.attrs, "threshold")
    yield from not_increasing(dataset, {"time": 1} | (FRAME_LENGTHS if framed else {}))
