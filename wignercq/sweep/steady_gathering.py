"""The result of a sweep of steady states put together from those of its points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from wignercq.config import Config
from wignercq.results.provenance import __version__
from wignercq.results.variables import PURE, described
from wignercq.steady import SteadyState
from wignercq.sweep.layout import PLANES, Layout, Point
from wignercq.sweep.steady_result import NUMBERS, STEADY_SWEEP, SteadySweep

PURE_NUMBERS = dict.fromkeys(("distance_estimate", "solver_error", "time_error_estimate", "steps"), ("", PURE))


def gather_steady(config: Config, results: Mapping[Point, SteadyState], failures: Mapping[Point, str]) -> SteadySweep:
    """The result of a sweep from those of its points, by the values of the axes.

    Every number of a steady state that has no dimension of the grid is gathered. `failures` says of a point why it has
    no result.
    """
    layout = Layout.of(config)
    datasets = {point: result.dataset.isel(time=0, drop=True) for point, result in results.items()}
    own = {**layout.texts(results, failures), **_attributes(layout, results)}
    variables = own | {
        name: _gathered(layout, datasets, name)
        for name in _names(datasets.values())
        if name not in own and name not in layout.coordinates
    }
    dimensions = {dimension for entry in variables.values() for dimension in entry[0]}
    attributes = {
        "kind": STEADY_SWEEP,
        "wignercq_version": __version__,
        "configuration": config.text,
        "tolerance": config.steady_tolerance,
    }
    coordinates = _labels(datasets.values(), dimensions) | layout.coordinates
    return SteadySweep(described(xr.Dataset(variables, coordinates, attributes), PURE_NUMBERS))


def _attributes(layout: Layout, results: Mapping[Point, SteadyState]) -> dict[str, tuple]:
    arrays = layout.numbers(results, NUMBERS)
    return {name: (layout.names, values, {"long_name": NUMBERS[name]}) for name, values in arrays.items()}


def _names(datasets: Iterable[xr.Dataset]) -> list[str]:
    """Variables of numbers without dimensions of the grid, in their order."""
    return list(
        dict.fromkeys(
            str(name)
            for dataset in datasets
            for name, values in dataset.data_vars.items()
            if values.dtype.kind in "fiu" and not set(PLANES).intersection(map(str, values.dims))
        )
    )


def _gathered(layout: Layout, datasets: Mapping[Point, xr.Dataset], name: str) -> tuple:
    """A variable over the sweep; NaN where a point has none, or fewer values along a dimension than another."""
    found = {point: dataset[name] for point, dataset in datasets.items() if name in dataset}
    first = next(iter(found.values()))
    own = np.max([values.transpose(*first.dims).shape for values in found.values()], axis=0).astype(int)
    gathered = np.full((*layout.shape, *own), np.nan)
    for indices, point in layout.points():
        if point in found:
            values = found[point].transpose(*first.dims).values
            place: tuple[int | slice, ...] = (*indices, *(slice(n) for n in values.shape))
            gathered[place] = values
    return (*layout.names, *map(str, first.dims)), gathered, dict(first.attrs)


def _labels(datasets: Iterable[xr.Dataset], dimensions: set[str]) -> dict[str, list[str]]:
    """Names along dimensions, which are the same for every point."""
    return {
        str(name): values.values.tolist()
        for dataset in datasets
        for name, values in dataset.coords.items()
        if name in dimensions and values.dtype.kind in "UO"
    }
