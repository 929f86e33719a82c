"""Figures of a sweep: breakdown times over one or two numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from wignercq.comparison.theories import TABLE
from wignercq.plotting import labels
from wignercq.plotting.style import FONT, WIDTH, log_ticks, panels

LEVELS = np.outer(10.0 ** np.arange(-6, 7), (1, 2, 5)).ravel()  # breakdown times that may have a contour
FEW = 4  # contours of a map at most
CONTOURED = 3  # values along an axis, between which contours mean something
NAMED = 5  # values along an axis at most that are its ticks
NEVER = "0.85"
LIFT = 0.04  # of the duration, between the marks of theories that do not break down


def plot_map(dataset: xr.Dataset, observables: Sequence[str]) -> Figure:
    """Draw when each theory breaks down over the swept numbers.

    Over one number a panel per observable and a line per theory; over two a panel for each of both, coloured by the
    breakdown time, with contours. Open triangles on the upper edge and grey areas mean: not within the run.
    Crosses are points without a result.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.sweep.SweepResult`.
    observables : sequence of str
        Of :data:`wignercq.comparison.OBSERVABLES`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    first, *others = (str(name) for name in dataset["failure"].dims)
    if not others:
        return panels(observables, 2.2, labels.swept(first), lambda ax, name: _draw_curves(ax, dataset, name, first))
    return _maps(dataset, observables, first, others[0])


def _draw_curves(ax: Axes, dataset: xr.Dataset, observable: str, axis: str) -> None:
    data = dataset.sel(observable=observable)
    values, end = data[axis].values, data.attrs["duration"]
    failed = data["failure"].values != ""
    ax.axhline(end, color="0.4", linewidth=0.8, linestyle=(0, (4, 3)), label="end of the run")
    for k, name in enumerate(labels.distinct(data), start=1):
        times = data["breakdown_time"].sel(theory=name).values
        style: dict[str, Any] = {"color": labels.COLOURS[name], "linestyle": labels.LINES[name]}
        ax.plot(values, times, marker="o", markersize=3, linewidth=1.0, label=TABLE[name].mathtext, **style)
        never = np.isnan(times) & ~failed
        above = np.full(never.sum(), end * (1 + LIFT * k))
        ax.plot(values[never], above, "^", mfc="none", markersize=4, color=labels.COLOURS[name])
    ax.plot(values[failed], np.full(failed.sum(), end), "x", color="black")
    if data[axis].attrs["log"]:
        ax.set_xscale("log")
        log_ticks(ax.xaxis, values[0], values[-1])
    ax.set_ylim(0, end * (1 + 6 * LIFT))
    ax.tick_params(labelsize=FONT - 1)
    ax.set_ylabel(f"breakdown time of {labels.observable(observable)}", fontsize=FONT)


def _maps(dataset: xr.Dataset, observables: Sequence[str], first: str, second: str) -> Figure:
    theories = labels.distinct(dataset) or ["closure"]
    figure = Figure(
        figsize=(min(WIDTH, 1.2 + 1.9 * len(theories)), 0.6 + 1.75 * len(observables)), layout="constrained"
    )
    axes = figure.subplots(len(observables), len(theories), squeeze=False, sharex=True, sharey=True)
    times = dataset["breakdown_time"].sel(theory=theories, observable=list(observables))
    norm = _norm(times.values, dataset.attrs["duration"])
    for row, observable in zip(axes, observables, strict=True):
        for ax, theory in zip(row, theories, strict=True):
            _draw_map(ax, dataset, times.sel(theory=theory, observable=observable), first, second, norm)
        row[0].set_ylabel(f"error of {labels.observable(observable)}\n{labels.swept(second)}", fontsize=FONT)
    for ax, theory in zip(axes[0], theories, strict=True):
        ax.set_title(TABLE[theory].mathtext, fontsize=FONT)
    for ax in axes[-1]:
        ax.set_xlabel(labels.swept(first), fontsize=FONT)
    bar = figure.colorbar(ScalarMappable(norm, "viridis"), ax=axes, pad=0.01, aspect=30, shrink=0.9)
    bar.set_label("breakdown time", fontsize=FONT)
    log_ticks(bar.ax.yaxis, norm.vmin or 1.0, norm.vmax or 1.0)
    bar.ax.tick_params(labelsize=FONT - 1)
    return figure


def _norm(times: np.ndarray, end: float) -> Normalize:
    known = times[np.isfinite(times) & (times > 0)]
    lowest = float(known.min()) if known.size else end / 10
    return LogNorm(min(lowest, end / 2), end)


def _draw_map(ax: Axes, data: xr.Dataset, times: xr.DataArray, first: str, second: str, norm: Normalize) -> None:
    along = [data[name].values.astype(float) for name in (first, second)]
    edges = [_edges(values, bool(data[name].attrs["log"])) for values, name in zip(along, (first, second), strict=True)]
    values = times.transpose(second, first).values
    failed = data["failure"].transpose(second, first).values != ""
    ax.set_facecolor(NEVER)
    ax.pcolormesh(*edges, np.ma.masked_invalid(values), norm=norm, cmap="viridis", rasterized=True)
    known = values[np.isfinite(values)]
    levels = LEVELS[(known.min(initial=np.inf) < LEVELS) & (known.max(initial=0.0) > LEVELS)]
    if min(values.shape) >= CONTOURED and levels.size:
        few = levels[:: math.ceil(levels.size / FEW)]
        lines = ax.contour(*along, np.ma.masked_invalid(values), levels=few, colors="white", linewidths=0.7)
        ax.clabel(lines, fmt="%g", fontsize=FONT - 2)
    ax.plot(*(grid[failed] for grid in np.meshgrid(*along)), "x", color="black", markersize=4, linestyle="none")
    for name, axis, set_scale in ((first, ax.xaxis, ax.set_xscale), (second, ax.yaxis, ax.set_yscale)):
        if data[name].attrs["log"]:
            set_scale("log")
            log_ticks(axis, *data[name].values[[0, -1]])
        if data[name].size <= NAMED:
            axis.set_ticks(data[name].values, [f"{value:.3g}" for value in data[name].values])
    ax.tick_params(labelsize=FONT - 1)
    if not known.size:
        ax.text(0.5, 0.5, "no breakdown", transform=ax.transAxes, ha="center", va="center", fontsize=FONT)


def _edges(values: np.ndarray, log: bool) -> np.ndarray:
    """Borders of the cells around increasing values."""
    if values.size == 1:
        return np.array([0.5, 1.5]) * values if values[0] else np.array([-0.5, 0.5])
    known = np.log(values) if log else values
    middles = (known[1:] + known[:-1]) / 2
    edges = np.concatenate([[2 * known[0] - middles[0]], middles, [2 * known[-1] - middles[-1]]])
    return np.exp(edges) if log else edges
