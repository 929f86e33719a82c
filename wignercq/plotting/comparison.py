"""Figures of a comparison of theories: Wigner functions side by side, and errors in time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from wignercq.comparison.breakdown_times import first_output, least_error
from wignercq.comparison.theories import SAMPLED, TABLE
from wignercq.model.typeset import number
from wignercq.plotting import labels
from wignercq.plotting.picture import Picture, Size, styled, width_of
from wignercq.plotting.scales import name_axis
from wignercq.plotting.style import (
    NARROW,
    chosen_frames,
    draw_bar,
    draw_plane,
    frame_plane,
    largest,
    narrowed,
    panels,
    sure,
)

LEAST_DIFFERENCE = 1e-3  # of the maximum: smaller differences do not get the full range of colours
DECADES = 7  # shown of an error at most
SMALLEST = 1e-12  # errors below are those of the numbers themselves
ROOM = 1.3  # inches of a column, in which its title has one line
HEAD = 0.8  # inches of slanting titles
UPRIGHT = 4  # columns at most whose titles have room in a narrow figure
BARS = 25  # error bars of a line at most
HIDDEN = 5  # the axis reaches so far below the numerical error


@styled
def plot_theories(
    dataset: xr.Dataset,
    frames: int | Sequence[int] | None = None,
    *,
    times: float | Sequence[float] | None = None,
    size: Size = None,
) -> Figure:
    """Draw the Wigner function of the quantum particle in each theory, and its difference from the exact one.

    Two rows per frame: ``W(x, y)`` in each theory that has an equation of its own, on one colour scale for the whole
    figure, and below ``W - W_exact`` on one scale per frame. All scales are centred on zero.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.comparison.Breakdown`.
    frames : int, sequence of int or None
        How many, spread over the run, or a list of indices of frames, ``[0, -1]``; None draws up to three, the last
        among them.
    times : float or sequence of float, optional
        The frames at these times, in place of `frames`.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        Frames that the dataset does not hold.
    """
    if frames is None and times is None:
        last = dataset.sizes["frame"] - 1
        frames = sorted({last - last * k // 3 for k in range(3)})
    chosen = chosen_frames(dataset, frames, times)
    theories = ["exact", *labels.distinct(dataset)]
    planes = dataset["wigner_xy"].sel(theory=theories).isel(frame=chosen).transpose("frame", "theory", "x", "y")
    width = width_of(size)
    crowded = width < NARROW and len(theories) > UPRIGHT
    head = HEAD if crowded else 0.0
    figure = Picture(width, 0.5 + head + min(2.5, 0.2 + 0.36 * width) * len(chosen), size)
    axes = figure.subplots(2 * len(chosen), len(theories), squeeze=False, sharex=True, sharey=True)
    name_columns(figure, axes[0], theories, width)
    top = largest(planes)
    frame_plane(axes[0, 0], planes, "x", "y")
    for k, frame in enumerate(planes):
        _draw_frame(figure, axes[2 * k : 2 * k + 2], frame, top, sure(dataset))
    if width < NARROW:
        axes[0, 0].xaxis.set_major_locator(MaxNLocator(1 if crowded else 2))  # which all panels share
    for ax in (axes[-2, 0], *axes[-1, 1:]):
        name_axis(ax.xaxis, "$x$")
        ax.tick_params(labelbottom=True)
        if crowded:
            ax.tick_params(axis="x", labelsize="xx-small")
    return figure


def name_columns(figure: Figure, axes: Iterable[Axes], theories: Sequence[str], width: float) -> None:
    """Titles of panels that are columns of theories; slanting, where many share a narrow figure."""
    if width >= NARROW or len(theories) <= UPRIGHT:
        for ax, name in zip(axes, theories, strict=True):
            ax.set_title(narrowed(TABLE[name].mathtext, width < max(NARROW, ROOM * len(theories))))
        return
    slanting: dict[str, Any] = {"rotation": 50, "rotation_mode": "anchor", "fontsize": "small"}
    for ax, name in zip(axes, theories, strict=True):
        text = ax.text(0.4, 1.08, TABLE[name].mathtext, transform=ax.transAxes, **slanting)
        text.set_in_layout(False)  # since its width is not that of a column
    layout = figure.get_layout_engine()
    assert isinstance(layout, ConstrainedLayoutEngine)
    layout.set(rect=(0, 0, 1, 1 - HEAD / figure.get_figheight()))


def _draw_frame(figure: Figure, rows: np.ndarray, planes: xr.DataArray, top: float, zero: float) -> None:
    differences = planes - planes.sel(theory="exact")
    scale = max(largest(differences.where(differences != 0, 0.0)), LEAST_DIFFERENCE * top)
    for ax, plane in zip(rows[0], planes, strict=True):
        mesh = draw_plane(ax, plane, "x", "y", top=top, signed=True, zero=zero)
    for ax, plane in zip(rows[1, 1:], differences[1:], strict=True):
        below = draw_plane(ax, plane, "x", "y", top=scale, signed=True)
    rows[1, 0].set_axis_off()
    rows[1, 0].text(1, 0.5, "difference\nfrom exact", transform=rows[1, 0].transAxes, ha="right", va="center")
    time = float(planes["frame"])
    name_axis(rows[0, 0].yaxis, f"$t = {number(time, 4)}$\n$y$")
    draw_bar(figure, mesh, rows[0], "$W(x, y)$", aspect=12)
    if rows.shape[1] > 1:
        draw_bar(figure, below, rows[1], r"$W - W_\mathrm{exact}$", aspect=12)


@styled
def plot_errors(
    dataset: xr.Dataset, observables: Sequence[str], *, ax: Axes | None = None, size: Size = None
) -> Figure | Axes:
    """Draw the errors of the theories in time, with the breakdown times marked.

    One panel per observable, on a logarithmic axis. The dashed grey line is the threshold, the grey area what the
    numerical error hides, a triangle on the threshold a breakdown time; an open one is extrapolated, before the first
    output. Averages over trajectories have bars of a standard error to either side, upwards alone where it reaches 0,
    and a light area below a dotted line: what their noise, of five standard errors, and their time error hide.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.comparison.Breakdown`.
    observables : sequence of str
        Of :data:`wignercq.comparison.OBSERVABLES`.
    ax : matplotlib.axes.Axes, optional
        Where to draw, of one observable; default: a figure of its own.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure, or matplotlib.axes.Axes where one was given
    """
    return panels(observables, 2.0, "$t$", lambda ax, name: _draw_errors(ax, dataset, name), ax=ax, size=size)


def _draw_errors(ax: Axes, dataset: xr.Dataset, observable: str) -> None:
    data = dataset.sel(observable=observable)
    times, threshold = data["time"].values, data.attrs["threshold"]
    theories = labels.distinct(data)
    for name in theories:
        values = data["error"].sel(theory=name).values
        style: dict[str, Any] = {"color": labels.COLOURS[name], "linestyle": labels.LINES[name]}
        shown = np.where(values > SMALLEST, values, np.nan)
        ax.plot(times, shown, label=TABLE[name].mathtext, linewidth=1.1, **style)
        if name in SAMPLED:
            _draw_bars(ax, times, shown, data["statistical_error"].sel(theory=name).values, name)
        when = float(data["breakdown_time"].sel(theory=name))
        if math.isfinite(when):
            early = 0 < when < first_output(data)
            mark: dict[str, Any] = {"mfc": "white", "label": "extrapolated breakdown"} if early else {}
            colour = labels.COLOURS[name]
            ax.plot([when], [threshold], "v", color=colour, markersize=5, clip_on=False, zorder=4, ls="none", **mark)
            ax.axvline(when, color=labels.COLOURS[name], linewidth=0.5, alpha=0.5)
    certain = [name for name in theories if name not in SAMPLED]
    floor = data["numerical_error"].sel(theory=["exact", *certain]).max("theory").values
    errors = data["error"].sel(theory=theories).values
    highest = 2 * max(threshold, float(np.nanmax(errors, initial=0.0)))
    lowest = max(float(np.min(floor, initial=threshold)) / HIDDEN, highest * 10.0**-DECADES)
    if len(certain) < len(theories):
        chance = least_error(data).sel(theory=[name for name in theories if name in SAMPLED]).max("theory").values
        ax.fill_between(times, floor, chance, color="0.95", zorder=0, label="noise of trajectories")
        ax.plot(times, chance, color="0.6", linewidth=0.6, linestyle=":", zorder=0)
    ax.fill_between(times, np.zeros_like(floor), floor, color="0.85", zorder=0, label="numerical error")
    ax.axhline(threshold, color="0.4", linewidth=0.8, linestyle=(0, (4, 3)), label="threshold")
    if not (errors > lowest).any():
        ax.text(0.5, 0.6, "no error above the numerical one", transform=ax.transAxes, ha="center", va="center")
    ax.set_yscale("log")
    ax.set_ylim(lowest, highest)
    ax.set_xlim(times[0], times[-1])
    name_axis(ax.yaxis, f"error of {labels.observable(observable)}", log=True)


def _draw_bars(ax: Axes, times: np.ndarray, values: np.ndarray, errors: np.ndarray, theory: str) -> None:
    """Draw a standard error to either side of some values; downwards where it does not reach zero."""
    some = slice(None, None, math.ceil(times.size / BARS))
    at, middle, width = times[some], values[some], errors[some]
    style: dict[str, Any] = {"color": labels.COLOURS[theory], "marker": labels.MARKS[theory], "markersize": 3}
    down = np.where(width < middle, width, 0.0)
    ax.errorbar(at, middle, (down, width), linestyle="none", elinewidth=0.7, capsize=1.5, capthick=0.7, **style)
