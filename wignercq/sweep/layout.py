"""Where the points of a sweep lie in the arrays of its result, whatever is computed at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wignercq.config import Config
from wignercq.config.sweep import SweptAxis
from wignercq.results.result import Result

Point = tuple[float, ...]
PLANES = ("frame", "q", "p", "x", "y")  # dimensions of the grid, which a sweep does not keep
TEXTS = ("grid", "warnings")  # attributes of the result of a point


@dataclass(frozen=True)
class Layout:
    """Arrays with one axis for each swept number."""

    axes: tuple[SweptAxis, ...]

    @classmethod
    def of(cls, config: Config) -> Layout:
        """Of a configuration with a table ``[sweep]``."""
        assert config.sweep is not None
        return cls(config.sweep.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the swept numbers, which are dimensions."""
        return tuple(axis.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of values."""
        return tuple(len(axis.values) for axis in self.axes)

    def points(self) -> Iterator[tuple[tuple[int, ...], Point]]:
        """The place of each point in the arrays, and the point."""
        for indices in np.ndindex(*self.shape):
            yield indices, tuple(axis.values[i] for axis, i in zip(self.axes, indices, strict=True))

    @property
    def coordinates(self) -> dict[str, Any]:
        """Values of the swept numbers, as coordinates of a dataset."""
        return {
            axis.name: (
                axis.name,
                list(axis.values),
                {"key": axis.key, "log": int(axis.log), "long_name": axis.name.replace("_", " ")},
            )
            for axis in self.axes
        }

    def numbers(self, results: Mapping[Point, Result], names: Iterable[str]) -> dict[str, np.ndarray]:
        """Attributes of the results of the points, NaN where there is none, each of the shape of the sweep."""
        arrays = {name: np.full(self.shape, np.nan) for name in names}
        for indices, point in self.points():
            if point in results:
                for name, values in arrays.items():
                    values[indices] = results[point].dataset.attrs[name]
        return arrays

    def texts(self, results: Mapping[Point, Result], failures: Mapping[Point, str]) -> dict[str, Any]:
        """Why a point has no result, its grid and its warnings, as variables of a dataset."""
        arrays = {name: np.full(self.shape, "", object) for name in ("failure", *TEXTS)}
        for indices, point in self.points():
            arrays["failure"][indices] = failures.get(point, "")
            if point in results:
                for name in TEXTS:
                    arrays[name][indices] = results[point].dataset.attrs[name]
        return {name: (self.names, values.astype(str)) for name, values in arrays.items()}
