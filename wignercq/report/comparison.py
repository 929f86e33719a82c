"""The report of a comparison of theories."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from wignercq.comparison import OBSERVABLES, Breakdown
from wignercq.comparison.theories import TABLE
from wignercq.config import Config
from wignercq.grid.grid import NAMES
from wignercq.report import page
from wignercq.report.model import model_section
from wignercq.report.page import Cell

CAPTIONS: Mapping[str, str] = {
    "theories": "Wigner function of the quantum particle in each theory, and its difference from the exact one.",
    "errors": "Errors in time. Triangles mark breakdown times, the dashed line is the threshold, and what lies in the "
    "grey area may be numerical error.",
}


def comparison_report(result: Breakdown, config: Config, images: Mapping[str, bytes]) -> str:
    """The page for one comparison and its configuration; `images` are PNG, by the keys of CAPTIONS."""
    data = result.dataset
    parts = [
        model_section(config),
        page.heading("Theories"),
        _theories(result),
        page.heading("Breakdown"),
        page.paragraph(
            f"A theory breaks down in an observable when its error exceeds the threshold {result.threshold:g} and the "
            "numerical error. Errors are in units of the exact solution at the same time: means and covariances in its "
            "widths, energies in its kinetic energy, n in n + 1/2; W in the integral of |W - W_exact|, density_matrix "
            "in the trace norm."
        ),
        page.beside(_times(result), _errors(data)),
        *(page.figure(images[name], caption) for name, caption in CAPTIONS.items() if name in images),
        page.heading("Settings and accuracy"),
        _settings(data, config),
        _accuracy(data),
        page.hidden("Configuration", config.text),
    ]
    return page.page("Anharmonic breakdown", verdict(result), parts)


def verdict(result: Breakdown) -> list[str]:
    """The result, a sentence for each theory."""
    if not result.is_broken:
        return [f"No breakdown up to t = {result.time[-1]:g}."]
    sentences = []
    for theory in result.theories:
        broken, note = result.broken(theory), result.note(theory)
        name = TABLE[theory].name
        if broken:
            observable, when = broken[0]
            sentences.append(f"{name}: first off in {observable}, at t = {when:.3g}.")
        elif note:
            sentences.append(f"{name}: {note}.")
        else:
            sentences.append(f"{name}: no breakdown.")
    return sentences


def _theories(result: Breakdown) -> str:
    rows = [
        (theory.name, Cell(theory.meaning, "text"), Cell(result.note(key), "text")) for key, theory in TABLE.items()
    ]
    return page.table(("theory", Cell("what it solves", "text"), Cell("note", "text")), rows)


def _times(result: Breakdown) -> str:
    columns = [result.times(theory) for theory in result.theories]
    rows: list[tuple[str | Cell, ...]] = []
    for name in OBSERVABLES:
        cells = (Cell("-", "faint") if (when := column[name]) is None else Cell(f"{when:.3g}") for column in columns)
        rows.append((name, *cells))
    head = ("", *(TABLE[theory].name for theory in result.theories))
    return page.table(head, rows, caption="Breakdown times; - for never, as long as the theory has a result")


def _errors(data: xr.Dataset) -> str:
    last = data.isel(time=-1)
    theories = [str(name) for name in data["theory"].values[1:]]
    rows: list[tuple[str | Cell, ...]] = []
    for name in OBSERVABLES:
        cells = []
        for theory in theories:
            error = float(last["error"].sel(theory=theory, observable=name))
            floor = float(last["numerical_error"].sel(theory=theory))
            cells.append(_error_cell(error, floor, data.attrs["threshold"]))
        rows.append((name, *cells))
    head = ("", *(TABLE[theory].name for theory in theories))
    caption = f"Errors and distances at t = {float(last['time']):g}; bold: above the threshold, grey: numerical error"
    return page.table(head, rows, caption=caption)


def _error_cell(error: float, floor: float, threshold: float) -> Cell:
    if np.isnan(error):
        return Cell("-", "faint")
    if error == 0:
        return Cell("0", "faint")
    kind = "faint" if error <= floor else "above" if error > threshold else ""
    return Cell(f"{error:.1e}", kind)


def _settings(data: xr.Dataset, config: Config) -> str:
    attributes = data.attrs
    rows = {f"axis {name}": _axis(data, name) for name in NAMES}
    rows |= {
        "points": attributes["grid"],
        "duration, outputs": f"{float(data['time'][-1]):g}, {data.sizes['time'] - 1}",
        "tolerance": f"{attributes['tolerance']:g} of the maximum of W",
        "time step": f"{attributes['time_step']:.6g} ({attributes['scheme']})",
        "time error": f"{attributes['time_error_estimate']:.1e} of the maximum of W, estimated",
        "threshold": f"{attributes['threshold']:g}",
        "wall time": f"{attributes['wall_time']:.1f} s",
        "program": f"wignercq {attributes['wignercq_version']}",
    }
    for line in attributes.get("warnings", "").splitlines():
        rows[f"warning {len(rows)}"] = line
    return page.settings(rows)


def _axis(data: xr.Dataset, name: str) -> str:
    values = data[name].values
    return f"{values[0]:.4g} to {2 * values[-1] - values[-2]:.4g}, {values.size} points"


def _accuracy(data: xr.Dataset) -> str:
    rows: list[tuple[str | Cell, ...]] = []
    for theory in map(str, data["theory"].values):
        of = data.sel(theory=theory)
        rows.append(
            (
                TABLE[theory].name,
                _largest(of["numerical_error"]),
                *(_worst(of[name]) for name in ("edge_mass", "spectral_tail")),
            )
        )
    head = ("", "numerical error", "edge mass (axis)", "spectral tail (axis)")
    return page.table(head, rows, caption="Largest over the run")


def _largest(values: xr.DataArray) -> str:
    return f"{float(np.nanmax(values)):.1e}" if values.notnull().any() else "-"


def _worst(values: xr.DataArray) -> str:
    if not values.notnull().any():
        return "-"
    largest = values.max("time")
    return f"{float(largest.max()):.1e} ({largest['axis'].values[int(np.argmax(largest.values))]})"
