"""Figures of trajectories: single ones over the band of all, and the record beside the conditional state."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.errors import InputError
from wignercq.grid.grid import NAMES
from wignercq.plotting.picture import PALETTE, Picture, Size, styled, width_of
from wignercq.plotting.scales import name_axis
from wignercq.plotting.style import DASHES, NARROW

SHOWN = 5  # single trajectories at most


@styled
def plot_trajectories(dataset: xr.Dataset, run: xr.Dataset | None = None, *, size: Size = None) -> Figure:
    """Draw q and <x> of single trajectories over mean and standard deviation of all, <x> against q, the density of q.

    The band of x is that of the whole quantum state; thin bands show the width of x in each trajectory. <x> against q
    is what the record tells of the quantum particle, over the mean of all, a dot where it ends. The density of q at
    the last frame is a histogram of the trajectories, with that of a run on the grid beside it if one is given.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of :class:`wignercq.unravelling.Ensemble`.
    run : xarray.Dataset, optional
        The result of a run of the same model and state.
    size : float or tuple of two floats, optional
        As in :func:`wignercq.plotting.plot_planes`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        A result that has no single trajectories.
    """
    if "trajectory" not in dataset or not dataset.sizes["kept"]:
        raise InputError("dataset", "single trajectories, of trajectories(kept=...)", "none")
    width = width_of(size)
    framed = dataset.sizes["frame"] > 0
    panels = 3 + framed
    down = width < NARROW
    rows = panels if down else 2
    figure = Picture(width, (2.0 if down else 2.2) * rows, size)
    axes = figure.subplots(rows, 1 if down else 2, squeeze=False).ravel()
    for unused in axes[panels:]:
        unused.remove()
    for ax, name in zip(axes[:2], ("q", "x"), strict=True):
        _draw_paths(ax, dataset, name)
    _draw_record(axes[2], dataset)
    if framed:
        _draw_density(axes[3], dataset, run)
    return figure


def _draw_paths(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    time, i = dataset["time"].values, NAMES.index(name)
    mean = dataset["mean"].values[:, i]
    width = np.sqrt(dataset["covariance"].values[:, i, i])
    ax.fill_between(time, mean - width, mean + width, color="0.85", lw=0, label="all: mean and standard deviation")
    ax.plot(time, mean, color="0.35", lw=1.6)
    for number in range(min(SHOWN, dataset.sizes["kept"])):
        path = dataset["trajectory"].values[:, i, number]
        colour = PALETTE[number % len(PALETTE)]
        ax.plot(time, path, ls=DASHES[number % len(DASHES)], color=colour, lw=0.9)
        if name == "x":
            spread = np.sqrt(dataset["trajectory_spread"].values[:, number])
            ax.fill_between(time, path - spread, path + spread, color=colour, alpha=0.12, lw=0)
    name_axis(ax.xaxis, "$t$")
    name_axis(ax.yaxis, "$q$" if name == "q" else r"$\langle x\rangle$")
    ax.set_xlim(time[0], time[-1])


def _draw_record(ax: Axes, dataset: xr.Dataset) -> None:
    """The conditional mean of x against q, as they go on together."""
    q, x = (NAMES.index(name) for name in "qx")
    ax.plot(dataset["mean"].values[:, q], dataset["mean"].values[:, x], color="0.35", lw=1.6)
    for number in range(min(SHOWN, dataset.sizes["kept"])):
        path = dataset["trajectory"].values[:, :, number]
        colour = PALETTE[number % len(PALETTE)]
        ax.plot(path[:, q], path[:, x], ls=DASHES[number % len(DASHES)], color=colour, lw=0.9)
        ax.plot(path[-1:, q], path[-1:, x], ls="", marker="o", ms=3, color=colour)
    name_axis(ax.xaxis, "$q$")
    name_axis(ax.yaxis, r"$\langle x\rangle$")


def _draw_density(ax: Axes, dataset: xr.Dataset, run: xr.Dataset | None) -> None:
    last = dataset.isel(frame=-1)
    q, p = last["q"].values, last["p"].values
    density = last["density_qp"].values.sum(axis=1) * (p[1] - p[0])
    ax.stairs(
        density, np.append(q, 2 * q[-1] - q[-2]) - (q[1] - q[0]) / 2, fill=True, color="0.8", label="trajectories"
    )
    if run is not None:
        frame = run.isel(frame=-1)
        line = frame["density_qp"].sum("p") * float(frame["p"][1] - frame["p"][0])
        ax.plot(frame["q"], line, color=PALETTE[0], lw=1.2, label="grid")
        ax.legend(frameon=False, fontsize="small")
    reached = np.flatnonzero(density > 0)
    ax.set_xlim(q[reached[0]], q[reached[-1]])
    ax.set_ylim(bottom=0)
    name_axis(ax.xaxis, "$q$")
    name_axis(ax.yaxis, f"density of $q$ at $t = {float(last['frame']):g}$")
