"""A result in a few lines of text: the last means and covariances, and how far they can be trusted."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import xarray as xr

from wignercq.grid.grid import NAMES
from wignercq.results.variables import CENTRE, asked_for

NOTEWORTHY = 1e-9  # residual of the energy budget whose reason is worth a word
PAIRS = [(i, j) for i in range(4) for j in range(i, 4)]


class MomentTheory(Protocol):
    """Whatever tells mean and covariance of (q, p, x, y) at a time from those at time 0."""

    def mean(self, t: float, initial: np.ndarray, /) -> np.ndarray: ...

    def covariance(self, t: float, initial: np.ndarray, /) -> np.ndarray: ...


def final_table(dataset: xr.Dataset, theory: MomentTheory | None = None) -> str:
    """The last mean and covariance, one number per line.

    A Gaussian theory of a quadratic model adds its values, started from the first output, and the differences.
    """
    time, first = float(dataset["time"][-1]), float(dataset["time"][0])
    mean, covariance = dataset["mean"].values, dataset["covariance"].values
    labels = [f"<{name}>" for name in NAMES] + [f"cov({NAMES[i]},{NAMES[j]})" for i, j in PAIRS]
    columns, powers = [_column(mean[-1], covariance[-1])], _powers(mean, covariance)
    if theory is None:
        lines = [f"at t = {time:.6g}{'grid':>14}"]
    else:
        elapsed = time - first
        with np.errstate(all="ignore"):  # what is beyond floats is shown as inf or nan
            columns.append(_column(theory.mean(elapsed, mean[0]), theory.covariance(elapsed, covariance[0])))
        lines = [f"{f'at t = {time:.6g}':<14}{'grid':>14}{'theory':>14}{'difference':>14}"]
    for label, power, *values in zip(labels, powers, *columns, strict=True):
        line = f"{label:<14}" + "".join(f"{_fixed(value, power):>14}" for value in values)
        lines.append(line if theory is None else f"{line}{values[0] - values[1]:14.1e}")
    return "\n".join(lines)


def observable_lines(dataset: xr.Dataset) -> list[str]:
    """The last value of each observable that was asked for beside those of every run, a line each, and what it is."""
    lines = []
    for name in asked_for(dataset):
        meaning = dataset[name].attrs.get("description", dataset[name].attrs.get("long_name", ""))
        lines.append(f"{name:<14}{float(dataset[name].values[-1]):14.8g}  {meaning}".rstrip())
    return lines


def _powers(mean: np.ndarray, covariance: np.ndarray) -> list[int]:
    """The power of ten that each line is written with: 0 where widths and means are of order one, else of three."""
    widths = np.sqrt(np.abs(np.diagonal(covariance, axis1=1, axis2=2))).max(axis=0)
    sizes = _column(np.maximum(widths, np.abs(mean).max(axis=0)), np.outer(widths, widths))
    logs = np.log10(sizes, out=np.zeros(len(sizes)), where=np.isfinite(sizes) & (np.array(sizes) > 0))
    return [0 if -3 < log < 5 else 3 * int(np.floor(log / 3)) for log in logs]


def _fixed(value: float, power: int) -> str:
    """A number with eight decimals, or with four and a power of ten, which its zeros keep."""
    return f"{value:.8f}" if power == 0 else f"{value / 10.0**power:.4f}e{power:+03d}"


def _column(mean: np.ndarray, covariance: np.ndarray) -> list[float]:
    return [float(value) for value in mean] + [float(covariance[i, j]) for i, j in PAIRS]


def accuracy_lines(dataset: xr.Dataset) -> str:
    """Grid, time step and its estimated error, conserved quantities, resolution and course of a result."""
    attributes = dataset.attrs
    rows = {
        "grid": attributes["grid"],
        "time step": f"{attributes['time_step']:.6g} ({attributes['scheme']})",
        "time error": f"{attributes['time_error_estimate']:.1e} of the maximum of W",
        "|norm - 1|": f"{float(np.abs(dataset['norm'] - 1).max()):.1e}",
        "energy budget": _budget(dataset),
        "edge mass": _worst(dataset["edge_mass"]),
        "spectral tail": _worst(dataset["spectral_tail"]),
        "wall time": f"{attributes['wall_time']:.1f} s",
    }
    indented = "\n" + 16 * " "
    for name in ("grid_changes", "resumed", "unresolved", "stopped"):
        if attributes.get(name):
            rows[name.replace("_", " ")] = attributes[name].replace("\n", indented)
    return "\n".join(f"{name:<16}{value}" for name, value in rows.items())


def _budget(dataset: xr.Dataset) -> str:
    residual, left_out = (float(np.abs(dataset[name]).max()) for name in ("energy_budget_residual", "energy_left_out"))
    error = dataset["energy_budget_residual"].attrs.get("integration_error", 0.0)
    text = f"{residual:.1e}{_beside(dataset)}"
    if isinstance(error, (float, np.floating)) and NOTEWORTHY < residual <= 2 * error:
        text += f"; its integral from step to step is good to {error:.1e} only"
    return text + (f" without up to {left_out:.1e} that <H> leaves out" if left_out > residual else "")


def _beside(dataset: xr.Dataset) -> str:
    """The largest kinetic energy, by which an error of energies is judged; nothing where masses are not known."""
    masses = [dataset.attrs.get(name) for name in ("classical_mass", "quantum_mass")]
    if not all(isinstance(mass, (float, np.floating)) for mass in masses):
        return ""
    squares = dataset["mean"].values ** 2 + np.diagonal(dataset["covariance"].values, axis1=1, axis2=2)
    return f" beside a kinetic energy of {float((squares[:, 1::2] / (2 * np.array(masses))).sum(axis=1).max()):.3g}"


def _worst(values: xr.DataArray) -> str:
    largest = values.transpose("time", "axis").values.max(axis=0)
    return f"{largest.max():.1e} (axis {NAMES[int(largest.argmax())]})"


def description(dataset: xr.Dataset) -> str:
    """What a result file holds: its outputs, frames and variables, the program and the settings that made it."""
    attributes = dataset.attrs
    times, frames = dataset["time"].values, dataset["frame"].values
    rows = {
        "made by": f"wignercq {attributes['wignercq_version']} ({attributes['versions']})",
        "outputs": f"{times.size}, from t = {times[0]:.6g} to {times[-1]:.6g}",
        "frames": f"{frames.size}, at t = {', '.join(f'{time:.6g}' for time in frames)}",
        **_states(dataset),
        "extents": ", ".join(f"{name} [{_ends(dataset, name)}]" for name in NAMES) + _relative(dataset),
        "variables": ", ".join(str(name) for name in dataset.data_vars),
        "engine": f"{attributes['engine']}, {attributes['precision']}",
        "hbar order": str(attributes["hbar_order"]),
    }
    return "\n".join(f"{name:<16}{value}" for name, value in rows.items())


def _states(dataset: xr.Dataset) -> dict[str, str]:
    """The times at which W was kept, if it was before the last output."""
    if "state_time" not in dataset.coords:
        return {}
    times = [*dataset["state_time"].values, *(dataset["time"].values[-1:] if "W" in dataset else ())]
    return {"W kept": f"{len(times)}, at t = {', '.join(f'{time:.6g}' for time in times)}"}


def _relative(dataset: xr.Dataset) -> str:
    """To what extents are relative, at the last output; nothing in the laboratory."""
    if CENTRE not in dataset:
        return ""
    last = ", ".join(f"{value:.6g}" for value in dataset[CENTRE].values[-1])
    return f", relative to a centre that moves, at last to ({last})"


def _ends(dataset: xr.Dataset, name: str) -> str:
    values = dataset[name].values
    return f"{values[0]:.4g}, {2 * values[-1] - values[-2]:.4g}"
