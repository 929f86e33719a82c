"""The report of a comparison of theories."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from wignercq.comparison import OBSERVABLES, Breakdown
from wignercq.comparison.breakdown_times import NOISE, least_error
from wignercq.comparison.theories import SAMPLED, TABLE
from wignercq.config import Config
from wignercq.grid.grid import NAMES
from wignercq.report import page
from wignercq.report.model import model_section
from wignercq.report.page import Cell
from wignercq.report.pictures import errors_in_words, theories_in_words

CAPTIONS: Mapping[str, str] = {
    "theories": "Wigner function of the quantum particle in each theory, and its difference from the exact one.",
    "errors": "Errors in time. Triangles mark breakdown times, the dashed line is the threshold, and what lies in the "
    "grey area may be numerical error. Open triangles are breakdown times before the first output, by extrapolation. "
    "Bars are standard errors of averages over trajectories, upwards alone where they reach zero; what lies below the "
    "dotted line may be their noise.",
}

#: What they show, in words.
ALTS: Mapping[str, Callable[[xr.Dataset], str]] = {"theories": theories_in_words, "errors": errors_in_words}


def comparison_report(result: Breakdown, config: Config, images: Mapping[str, bytes]) -> str:
    """The page for one comparison and its configuration; `images` are PNG, by the keys of CAPTIONS."""
    data = result.dataset
    parts = [
        model_section(config),
        page.heading("Theories"),
        _theories(result),
        page.heading("Breakdown"),
        page.paragraph(_meaning(result)),
        page.beside(_times(result), _errors(data)),
        *(page.figure(images[name], CAPTIONS[name], alt(data)) for name, alt in ALTS.items() if name in images),
        page.heading("Settings and accuracy"),
        _settings(data, config),
        _accuracy(data),
        page.heading("Configuration"),
        page.verbatim(config.text),
    ]
    return page.page("Anharmonic breakdown", verdict(result), parts)


def _meaning(result: Breakdown) -> page.Markup:
    """What a breakdown and an error are."""
    chance = (
        f" What is averaged over trajectories has standard errors; a difference of less than {NOISE:g} of them is no "
        "breakdown. Of such theories <i>W</i> is not known, so no distance of it."
        if "statistical_error" in result.dataset
        else ""
    )
    return page.Markup(
        f"A theory breaks down in an observable when its error exceeds the threshold {result.threshold:g} and the "
        "numerical error. Errors are in units of the exact solution at the same time: means and covariances in its "
        "widths, energies in its kinetic energy, <i>n</i> in <i>n</i> + 1/2; <i>W</i> in the integral of "
        f"|<i>W</i> - <i>W</i><sub>exact</sub>|, the density matrix in the trace norm.{chance}"
    )


def verdict(result: Breakdown) -> list[str]:
    """The result, a sentence for each theory."""
    if not result.is_broken:
        return [f"No breakdown up to t = {page.number(result.time[-1])}."]
    sentences: list[str] = []
    for theory in result.theories:
        broken, note = result.broken(theory), result.note(theory)
        name = TABLE[theory].name
        if broken:
            observable, when = broken[0]
            time = time_text(when, result.first_output)
            what = page.symbol(observable)
            sentences.append(page.Markup(f"{html.escape(name)}: first off in {what}, at t = {time}."))
        elif note:
            sentences.append(f"{name}: {note}.")
        else:
            sentences.append(f"{name}: no breakdown.")
    return sentences


def time_text(when: float, first: float) -> str:
    """A breakdown time, marked if it is extrapolated."""
    return f"{'~' if 0 < when < first else ''}{page.number(when, 3)}"


def _theories(result: Breakdown) -> str:
    rows = [
        (TABLE[key].name, Cell(TABLE[key].meaning, "text"), Cell(result.note(key), "text"))
        for key in map(str, result.dataset["theory"].values)
    ]
    return page.table(("theory", Cell("what it solves", "text"), Cell("note", "text")), rows)


def _times(result: Breakdown) -> str:
    columns, first = [result.times(theory) for theory in result.theories], result.first_output
    rows: list[tuple[str | Cell, ...]] = []
    for name in OBSERVABLES:
        times = (column[name] for column in columns)
        cells = (Cell("-", "faint") if when is None else Cell(time_text(when, first)) for when in times)
        rows.append((page.symbol(name), *cells))
    head = ("", *(TABLE[theory].name for theory in result.theories))
    caption = "Breakdown times; - for never, as long as the theory has a result"
    if any(when is not None and 0 < when < first for column in columns for when in column.values()):
        caption += f"; ~ for extrapolated, before the first output at t = {page.number(first, 3)}"
    return page.table(head, rows, caption=caption)


def _errors(data: xr.Dataset) -> str:
    last = data.isel(time=-1)
    theories, floors = [str(name) for name in data["theory"].values[1:]], least_error(last)
    rows: list[tuple[str | Cell, ...]] = []
    for name in OBSERVABLES:
        cells = []
        for theory in theories:
            at = {"theory": theory, "observable": name}
            error, floor = (float(values.sel(at)) for values in (last["error"], floors))
            chance = float(last["statistical_error"].sel(at)) if theory in SAMPLED else 0.0
            cells.append(_error_cell(error, floor, data.attrs["threshold"], chance))
        rows.append((page.symbol(name), *cells))
    head = ("", *(TABLE[theory].name for theory in theories))
    when = page.number(float(last["time"]))
    caption = f"Errors and distances at t = {when}; bold: above the threshold, grey: numerical error"
    caption += " or noise" if SAMPLED.keys() & set(theories) else ""
    return page.table(head, rows, caption=caption)


def _error_cell(error: float, floor: float, threshold: float, chance: float) -> Cell:
    """An error, with its standard error where it has one."""
    if np.isnan(error):
        return Cell("-", "faint")
    if error == 0:
        return Cell("0", "faint")
    kind = "faint" if error <= floor else "above" if error > threshold else ""
    return Cell(f"{error:.1e} ± {chance:.0e}" if chance else f"{error:.1e}", kind)


def _settings(data: xr.Dataset, config: Config) -> str:
    attributes = data.attrs
    rows = {f"axis {name}": _axis(data, name) for name in NAMES}
    rows |= {
        "points": attributes["grid"],
        "duration, outputs": f"{page.number(float(data['time'][-1]))}, {data.sizes['time'] - 1}",
        "tolerance": f"{attributes['tolerance']:g} of the maximum of W",
        "time step": f"{page.number(attributes['time_step'])} ({attributes['scheme']})",
        "time error": f"{attributes['time_error_estimate']:.1e} of the maximum of W, estimated",
        "threshold": f"{attributes['threshold']:g}",
        **_trajectories(data),
        "wall time": f"{attributes['wall_time']:.1f} s",
        "program": f"wignercq {attributes['wignercq_version']}",
    }
    for line in attributes.get("warnings", "").splitlines():
        rows[f"warning {len(rows)}"] = line
    return page.settings(rows)


def _trajectories(data: xr.Dataset) -> dict[str, str]:
    """What there is to be said of trajectories, if any."""
    names = [name for name in map(str, data["theory"].values) if name in SAMPLED]
    if "trajectories" not in data.attrs:
        return {}
    errors = {TABLE[name].name: float(data["numerical_error"].sel(theory=name).max()) for name in names}
    told = ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
    return {"trajectories": f"{data.attrs['trajectories']}, seed {data.attrs['seed']}; numerical error {told}"}


def _axis(data: xr.Dataset, name: str) -> str:
    values = data[name].values
    upper = 2 * values[-1] - values[-2]
    return f"{page.number(values[0], 4)} to {page.number(upper, 4)}, {values.size} points"


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
