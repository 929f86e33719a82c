"""Figures of a sweep: breakdown times over one or two numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from wignercq.comparison.breakdown_times import first_output
from wignercq.comparison.theories import TABLE
from wignercq.errors import InputError
from wignercq.model.typeset import number
from wignercq.plotting import labels
from wignercq.plotting.comparison import name_columns
from wignercq.plotting.picture import Picture, Size, styled, width_of
from wignercq.plotting.scales import log_ticks, name_axis
from wignercq.plotting.style import panels

LEVELS = np.outer(10.0 ** np.arange(-6, 7), (1, 2, 5)).ravel()  # breakdown times that may have a contour
FEW = 4  # contours of a map at most
CONTOURED = 3  # values along an axis, between which contours mean something
NAMED = 5  # values along an axis at most that are its ticks
NEVER = "0.85"
LIFT = 0.04  # of the duration, between the marks of theories that do not break down


@styled
def plot_map(
    dataset: xr.Dataset, observables: Sequence[str], *, ax: Axes | None = None, size: Size = None
) -> Figure | Axes:
    """Draw when each theory breaks down over the swept numbers.

    Over one number a panel per observable and a line per theory; over two a panel for each of both, coloured by the
    breakdown time, with contours. Open triangles on the upper edge and grey areas mean: not within the run.
    Crosses are points without a result. Open circles, and white dots in a map, are breakdown times before the first
    output, which are extrapolated.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.sweep.SweepResult`.
    observables : sequence of str
        Of :data:`wignercq.comparison.OBSERVABLES`.
    ax : matplotlib.axes.Axes, optional
        Where to draw, of one observable over one number; default: a figure of its own.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure, or matplotlib.axes.Axes where one was given
    """
    first, *others = (str(name) for name in dataset["failure"].dims)
    if not others:
        swept = labels.swept(first)
        return panels(observables, 2.2, swept, lambda a, name: _draw_curves(a, dataset, name, first), ax=ax, size=size)
    if ax is not None:
        raise InputError("ax", "None for a sweep of two numbers, which has a panel for each theory", "axes")
    return _maps(dataset, observables, first, others[0], size)


def _draw_curves(ax: Axes, dataset: xr.Dataset, observable: str, axis: str) -> None:
    data = dataset.sel(observable=observable)
    values, end = data[axis].values, data.attrs["duration"]
    failed = data["failure"].values != ""
    ax.axhline(end, color="0.4", linewidth=0.8, linestyle=(0, (4, 3)), label="end of the run")
    theories = labels.distinct(data)
    for k, name in enumerate(theories, start=1):
        times = data["breakdown_time"].sel(theory=name).values
        style: dict[str, Any] = {"color": labels.COLOURS[name], "linestyle": labels.LINES[name]}
        marker = labels.MARKS[name]
        ax.plot(values, times, marker=marker, markersize=3, linewidth=1.0, label=TABLE[name].mathtext, **style)
        early = (times > 0) & (times < first_output(data))
        label = "extrapolated, before the first output" if early.any() else None
        ax.plot(values[early], times[early], marker, mfc="white", markersize=3, color=labels.COLOURS[name], label=label)
        never = np.isnan(times) & ~failed
        above = np.full(never.sum(), end * (1 + LIFT * k))
        ax.plot(values[never], above, "^", mfc="none", markersize=4, color=labels.COLOURS[name])
    ax.plot(values[failed], np.full(failed.sum(), end), "x", color="black")
    if data[axis].attrs["log"]:
        ax.set_xscale("log")
        log_ticks(ax.xaxis, values[0], values[-1])
    ax.set_ylim(0, end * (1 + max(6, len(theories) + 2) * LIFT))
    name_axis(ax.yaxis, f"breakdown time of {labels.observable(observable)}")


def _maps(dataset: xr.Dataset, observables: Sequence[str], first: str, second: str, size: Size) -> Figure:
    theories = labels.distinct(dataset) or ["closure"]
    width = width_of(size) if size is not None else min(width_of(size), 1.2 + 1.9 * len(theories))
    figure = Picture(width, 0.6 + 1.75 * len(observables), size)
    axes = figure.subplots(len(observables), len(theories), squeeze=False, sharex=True, sharey=True)
    times = dataset["breakdown_time"].sel(theory=theories, observable=list(observables))
    norm = _norm(times.values, dataset.attrs["duration"])
    for row, observable in zip(axes, observables, strict=True):
        for ax, theory in zip(row, theories, strict=True):
            _draw_map(ax, dataset, times.sel(theory=theory, observable=observable), first, second, norm)
        name = f"error of {labels.observable(observable)}\n{labels.swept(second)}"
        _name(row[0].yaxis, name, dataset[second])
    name_columns(figure, axes[0], theories, width)
    for ax in axes[-1]:
        _name(ax.xaxis, labels.swept(first), dataset[first])
    bar = figure.colorbar(ScalarMappable(norm, "viridis"), ax=axes, pad=0.01, aspect=30, shrink=0.9)
    bar.set_label("breakdown time")
    log_ticks(bar.ax.yaxis, norm.vmin or 1.0, norm.vmax or 1.0)
    return figure


def _name(axis: Axis, label: str, values: xr.DataArray) -> None:
    """Label an axis of a map; few values are its ticks."""
    name_axis(axis, label, log=bool(values.attrs["log"]))
    if values.size <= NAMED:
        axis.set_ticks(values.values)
        if values.attrs["log"]:
            axis.set_ticklabels([f"${number(value, 3)}$" for value in values.values.tolist()])


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
        ax.clabel(lines, fmt=lambda level: f"${number(level, 3)}$", fontsize="x-small")
    ax.plot(*(grid[failed] for grid in np.meshgrid(*along)), "x", color="black", markersize=4, linestyle="none")
    for name, axis, set_scale in ((first, ax.xaxis, ax.set_xscale), (second, ax.yaxis, ax.set_yscale)):
        if data[name].attrs["log"]:
            set_scale("log")
            log_ticks(axis, *data[name].values[[0, -1]])
    early = (values > 0) & (values < first_output(data))
    ax.plot(*(grid[early] for grid in np.meshgrid(*along)), ".", color="white", markersize=3, linestyle="none")
    if not known.size:
        errors = data["final_error"].sel(theory=times["theory"], observable=times["observable"])
        is_known = bool(errors.notnull().any())
        ax.set_facecolor(NEVER if is_known else "white")
        text = "no breakdown" if is_known else "not known"
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center")


def _edges(values: np.ndarray, log: bool) -> np.ndarray:
    """Borders of the cells around increasing values."""
    if values.size == 1:
        return np.array([0.5, 1.5]) * values if values[0] else np.array([-0.5, 0.5])
    known = np.log(values) if log else values
    middles = (known[1:] + known[:-1]) / 2
    edges = np.concatenate([[2 * known[0] - middles[0]], middles, [2 * known[-1] - middles[-1]]])
    return np.exp(edges) if log else edges
