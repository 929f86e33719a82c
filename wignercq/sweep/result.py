"""The result of a sweep: breakdown times over one or two numbers of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from wignercq.comparison.breakdown_times import first_output, told
from wignercq.comparison.reading import ANOTHER, FRAME_LENGTHS, FRAMES
from wignercq.errors import brief
from wignercq.results.reading import Fault, not_a_number, not_increasing, not_numbers, not_texts
from wignercq.results.result import Plots, Result


def is_sweep(dataset: xr.Dataset) -> bool:
    """Whether a dataset claims to be a sweep."""
    return "failure" in dataset


@dataclass(frozen=True, eq=False, repr=False)
class Swept(Result):
    """Results over one or two swept numbers, and why a point has none.

    Parameters
    ----------
    dataset : xarray.Dataset
        With the texts ``failure`` over the swept numbers.
    """

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the swept numbers."""
        return tuple(str(name) for name in self.dataset["failure"].dims)

    @property
    def failures(self) -> dict[str, str]:
        """Points without a result, as text, and why."""
        reasons = self.dataset["failure"]
        return {
            ", ".join(f"{name} = {float(reason[name]):g}" for name in self.axes): str(reason.item())
            for reason in reasons.stack(point=self.axes).transpose("point")
            if reason.item()
        }

    @property
    def failure_lines(self) -> list[str]:
        """They, a line each."""
        return [f"failed at {point}: {reason}" for point, reason in self.failures.items()]

    def _in_short(self) -> Iterator[str]:
        yield self.swept
        if self.failures:
            yield f"{len(self.failures)} failed"

    @property
    def swept(self) -> str:
        """What was varied, in a few words."""
        data = self.dataset
        return " x ".join(f"{data.sizes[n]} values of {n} from {data[n][0]:g} to {data[n][-1]:g}" for n in self.axes)


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult(Swept):
    """When each theory breaks down, point by point.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables and dimensions are listed in ``docs/breakdown.md``; besides those of every comparison, the swept
        numbers are dimensions.
    """

    plot = Plots("SweepPlots")

    def summary(self) -> str:
        """A few lines: how many points, and for each theory where and when it breaks down."""
        data = self.dataset
        lines = [f"{self.swept}; t = 0 to {data.attrs['duration']:g}, threshold {data.attrs['threshold']:g}"]
        finished = data["failure"].size - len(self.failures)
        before, early = first_output(data), False
        for theory in data["theory"].values[1:]:
            first = data["breakdown_time"].sel(theory=theory).min("observable").values
            broken = np.isfinite(first)
            if broken.any():
                text = (
                    f"breaks down at {broken.sum()} of {finished} points, first at t = {told(np.nanmin(first), before)}"
                )
                early = early or 0 < np.nanmin(first) < before
            else:
                notes = {str(note) for note in data["note"].sel(theory=theory).values[data["failure"].values == ""]}
                text = (notes.pop() if len(notes) == 1 else "") or "no breakdown"
            lines.append(f"{theory:14} {text}")
        if early:
            lines.append(f"{'~':14} extrapolated, before the first output at {before:g}")
        return "\n".join([*lines, *self.failure_lines])

    @staticmethod
    def faults(dataset: xr.Dataset) -> Iterator[Fault]:
        """What a dataset lacks to be a sweep."""
        if not is_sweep(dataset):
            yield "the result of a sweep", "another result of wignercq"
        swept = tuple(str(name) for name in dataset["failure"].dims)
        if not swept or "breakdown_time" not in dataset:
            yield ANOTHER
        framed = "wigner_xy" in dataset
        yield from not_texts(dataset, "note", (*swept, "theory"))
        for label in ("theory", "observable"):
            yield from not_texts(dataset, label, (label,))
        yield from not_numbers(dataset, "breakdown_time", (*swept, "theory", "observable"))
        if framed:
            yield from not_numbers(dataset, "wigner_xy", (*swept, *FRAMES))
        for name in ("threshold", "duration"):
            yield from not_a_number(dataset.attrs, name)
        yield from faults_of_axes(dataset)
        yield from not_increasing(dataset, FRAME_LENGTHS if framed else {})


def faults_of_axes(dataset: xr.Dataset) -> Iterator[Fault]:
    """What the swept numbers and the failures of a dataset lack."""
    swept = tuple(str(name) for name in dataset["failure"].dims)
    if not swept:
        yield "a result with swept numbers", "one without"
    yield from not_texts(dataset, "failure", swept)
    for name in swept:
        log = dataset[name].attrs.get("log")
        if not isinstance(log, (int, np.integer)):
            yield f"a whole number as attribute log of {name}", brief(log)
    yield from not_increasing(dataset, dict.fromkeys(swept, 1))
