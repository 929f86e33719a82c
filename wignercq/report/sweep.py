"""The report of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from wignercq.comparison.breakdown_times import first_output
from wignercq.comparison.theories import TABLE
from wignercq.config import Config
from wignercq.report import page
from wignercq.report.comparison import time_text
from wignercq.report.model import model_section
from wignercq.report.page import Cell
from wignercq.report.pictures import map_in_words
from wignercq.sweep import SweepResult

CAPTION = (
    "Breakdown times over the varied numbers. Grey areas and open triangles above the dashed line mean that the theory "
    "holds to the end of the run, crosses that the point has no result; white dots and open circles mark times before "
    "the first output, by extrapolation."
)


def sweep_report(result: SweepResult, config: Config, images: Mapping[str, bytes]) -> str:
    """The page for a sweep and its configuration; `images` are PNG, the breakdown map as ``map``."""
    assert config.sweep is not None
    data = result.dataset
    parts = [
        model_section(config, tuple(axis.key for axis in config.sweep.axes)),
        page.heading("Theories"),
        page.table(
            ("theory", Cell("what it solves", "text")),
            [(TABLE[key].name, Cell(TABLE[key].meaning, "text")) for key in map(str, data["theory"].values)],
        ),
        page.heading("Breakdown"),
        page.figure(images["map"], CAPTION, map_in_words(data)),
        *(_times(data, result.axes, observable) for observable in config.compare.observables),
        page.heading("Settings and accuracy of every run"),
        page.settings(
            {
                "duration": page.number(data.attrs["duration"]),
                "threshold": f"{data.attrs['threshold']:g}",
                "tolerance": f"{config.run.accuracy:g} of the maximum of W",
                "program": f"wignercq {data.attrs['wignercq_version']}",
            }
        ),
        _runs(data, result.axes),
        page.heading("Configuration"),
        page.verbatim(config.text),
    ]
    return page.page("Anharmonic breakdown, a sweep", _lead(result), parts)


def _lead(result: SweepResult) -> list[str]:
    first, *others = result.summary().splitlines()
    sentences = [f"{first}."]
    for line in others:
        theory, _, text = line.partition(" ")
        sentences.append(f"{TABLE[theory].name}: {text.strip()}." if theory in TABLE else f"{line}.")
    return sentences


def _points(data: xr.Dataset, axes: Sequence[str]) -> list[tuple[tuple[str, ...], xr.Dataset]]:
    """Every point: its values as text, and what is known of it."""
    shape = tuple(data.sizes[name] for name in axes)
    chosen = [data.isel(dict(zip(axes, indices, strict=True))) for indices in np.ndindex(*shape)]
    return [(tuple(page.number(float(point[name])) for name in axes), point) for point in chosen]


def _times(data: xr.Dataset, axes: Sequence[str], observable: str) -> str:
    theories = [str(name) for name in data["theory"].values[1:]]
    first, rows = first_output(data), list[list[str | Cell]]()
    for values, point in _points(data, axes):
        times = point["breakdown_time"].sel(observable=observable, theory=theories).values.tolist()
        cells = (Cell("-", "faint") if np.isnan(t) else Cell(time_text(t, first)) for t in times)
        rows.append([*values, *cells])
    head = (*map(page.parameter, axes), *(TABLE[name].name for name in theories))
    caption = f"Breakdown times in {page.symbol(observable)}; - for never, ~ for extrapolated, before the first output"
    return page.table(head, rows, caption=page.Markup(caption))


def _runs(data: xr.Dataset, axes: Sequence[str]) -> str:
    rows: list[list[str | Cell]] = []
    for values, point in _points(data, axes):
        failure = str(point["failure"].item())
        if failure:
            rows.append([*values, *["-"] * 5, Cell(f"failed: {failure}", "text")])
            continue
        rows.append(
            [
                *values,
                str(point["grid"].item()),
                f"{float(point['time_step']):.4g}",
                f"{float(point['time_error_estimate']):.1e}",
                f"{float(point['numerical_error'].max()):.1e}",
                f"{float(point['wall_time']):.1f} s",
                Cell(str(point["warnings"].item()), "text"),
            ]
        )
    measured = "grid", "time step", "time error", "numerical error", "wall time"
    return page.table((*map(page.parameter, axes), *measured, Cell("remarks", "text")), rows)
