"""Figures of a run: marginal planes, moments beside the Gaussian theory, diagnostics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.gaussian import OrnsteinUhlenbeck
from wignercq.grid.grid import NAMES
from wignercq.plotting.style import FONT, WIDTH, chosen_frames, draw_plane, largest, reached

PLANES = (
    ("density_qp", "q", "p", r"$\int W\,\mathrm{d}x\,\mathrm{d}y$"),
    ("wigner_xy", "x", "y", r"$\int W\,\mathrm{d}q\,\mathrm{d}p$"),
    ("density_qx", "q", "x", r"$\int W\,\mathrm{d}p\,\mathrm{d}y$"),
    ("density_py", "p", "y", r"$\int W\,\mathrm{d}q\,\mathrm{d}x$"),
)
COLOURS = dict(zip(NAMES, ("#0072b2", "#d55e00", "#009e73", "#cc79a7"), strict=True))
CROSS = (("q", "p"), ("q", "x"), ("q", "y"), ("p", "x"), ("p", "y"), ("x", "y"))
CROSS_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def plot_planes(dataset: xr.Dataset, frames: int | Sequence[int] | None = None) -> Figure:
    """Draw the four marginal planes of W, one column per frame.

    The densities of (q, p), (q, x) and (p, y) use a sequential colour map that starts at 0, the Wigner function of
    (x, y) a diverging one centred on 0; each row has one colour scale.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result, with the variables ``density_qp``, ``wigner_xy``, ``density_qx`` and ``density_py``.
    frames : int, sequence of int or None
        Which frames; None draws all of them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        A frame that the dataset does not hold.
    """
    chosen = chosen_frames(dataset, frames)
    figure = Figure(figsize=(max(WIDTH / 2, WIDTH / 5 * len(chosen)), 7.2), layout="constrained")
    axes = figure.subplots(len(PLANES), len(chosen), squeeze=False, sharex="row", sharey="row")
    for row, (name, first, second, label) in zip(axes, PLANES, strict=True):
        planes = dataset[name].isel(frame=chosen).transpose("frame", first, second)
        _draw_row(figure, row, planes, first, second, label)
    for ax, time in zip(axes[0], _frame_times(dataset)[chosen], strict=True):
        ax.set_title(f"$t = {time:.4g}$", fontsize=FONT)
    return figure


def _draw_row(figure: Figure, row: Sequence[Axes], planes: xr.DataArray, first: str, second: str, label: str) -> None:
    top = largest(planes)
    extent = (reached(planes, first), reached(planes, second))
    for ax, plane in zip(row, planes, strict=True):
        mesh = draw_plane(ax, plane, first, second, top=top, signed=planes.name == "wigner_xy")
        ax.set_xlim(extent[0])
        ax.set_ylim(extent[1])
        ax.set_xlabel(f"${first}$", fontsize=FONT, labelpad=1)
    row[0].set_ylabel(f"${second}$", fontsize=FONT)
    bar = figure.colorbar(mesh, ax=list(row), pad=0.01, aspect=15)
    bar.set_label(label, fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT - 1)


def _frame_times(dataset: xr.Dataset) -> np.ndarray:
    return dataset["frame"].values.astype(float)


def plot_moments(dataset: xr.Dataset, theory: OrnsteinUhlenbeck | None = None) -> Figure:
    """Draw means, variances and cross covariances in time, the result as markers.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result, with ``mean`` and ``covariance``.
    theory : LinearModel or None
        Gaussian theory of the model, exact for quadratic potentials, drawn as lines from the first output on.

    Returns
    -------
    matplotlib.figure.Figure
    """
    times = dataset["time"].values
    mean, covariance = dataset["mean"].transpose("time", "z"), dataset["covariance"].transpose("time", "z", "z2")
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True)
    panels = [
        (axes[0], [(name, rf"$\langle {name} \rangle$", mean.sel(z=name).values) for name in NAMES], "mean"),
        (
            axes[1],
            [(name, rf"$\sigma_{{{name}{name}}}$", covariance.sel(z=name, z2=name).values) for name in NAMES],
            "variance",
        ),
        (axes[2], [(a + b, rf"$\sigma_{{{a}{b}}}$", covariance.sel(z=a, z2=b).values) for a, b in CROSS], "covariance"),
    ]
    colours = {**COLOURS, **{a + b: colour for (a, b), colour in zip(CROSS, CROSS_COLOURS, strict=True)}}
    for ax, series, label in panels:
        for key, name, values in series:
            style = "o" if theory is not None else "o-"
            ax.plot(times, values, style, color=colours[key], markersize=3, linewidth=0.8, label=name)
        ax.set_ylabel(label, fontsize=FONT)
    if theory is not None:
        _draw_theory(axes, theory, times, mean.values[0], covariance.values[0])
    for ax in axes:
        ax.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        ax.tick_params(labelsize=FONT - 1)
        ax.legend(fontsize=FONT - 1, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes[-1].set_xlabel("$t$", fontsize=FONT)
    if theory is not None:
        axes[0].set_title("markers: grid, lines: Gaussian theory", fontsize=FONT)
    return figure


def _draw_theory(
    axes: Sequence[Axes], theory: OrnsteinUhlenbeck, times: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> None:
    fine = np.linspace(times[0], times[-1], 400)
    means = theory.mean(fine - times[0], mean)
    covariances = theory.covariance(fine - times[0], covariance)
    for i, name in enumerate(NAMES):
        axes[0].plot(fine, means[:, i], color=COLOURS[name], linewidth=0.9)
        axes[1].plot(fine, covariances[:, i, i], color=COLOURS[name], linewidth=0.9)
    for (a, b), colour in zip(CROSS, CROSS_COLOURS, strict=True):
        axes[2].plot(fine, covariances[:, NAMES.index(a), NAMES.index(b)], color=colour, linewidth=0.9)


def plot_diagnostics(dataset: xr.Dataset) -> Figure:
    """Draw what tells how far a result can be trusted, and what the quantum state has become.

    Norm error, energies and the residual of their budget, purity, negativity and occupation of the reduced quantum
    state, edge mass and spectral tail of each axis.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(WIDTH, 7.6), layout="constrained")
    axes = figure.subplots(4, 2, sharex=True)
    times = dataset["time"].values
    energies = {
        "total": "energy",
        "classical": "energy_classical",
        "quantum": "energy_quantum",
        "interaction": "energy_interaction",
    }
    _lines(axes[0, 0], times, {"": np.abs(dataset["norm"].values - 1)}, r"$|\mathrm{norm} - 1|$", log=True)
    _lines(axes[0, 1], times, {name: dataset[key].values for name, key in energies.items()}, "energy")
    residual = np.abs(dataset["energy_budget_residual"].values)
    _lines(axes[1, 0], times, {"": residual}, "|energy budget residual|", log=True)
    _lines(axes[1, 1], times, {"": dataset["purity"].values}, "purity")
    _lines(axes[2, 0], times, {"": dataset["negativity"].values}, "negativity")
    _lines(axes[2, 1], times, {"": dataset["occupation"].values}, r"occupation $n$")
    for ax, key in ((axes[3, 0], "edge_mass"), (axes[3, 1], "spectral_tail")):
        values = dataset[key].transpose("time", "axis")
        named = {f"${name}$": values.sel(axis=name).values for name in NAMES}
        _lines(ax, times, named, key.replace("_", " "), log=True)
        ax.set_xlabel("$t$", fontsize=FONT)
    return figure


def _lines(ax: Axes, times: np.ndarray, series: dict[str, np.ndarray], label: str, *, log: bool = False) -> None:
    log = log and any((values > 0).any() for values in series.values())  # zeros alone have no logarithm to show
    for (name, values), colour in zip(series.items(), COLOURS.values(), strict=False):
        drawn = np.where(values > 0, values, np.nan) if log else values
        ax.plot(times, drawn, "o-", color=colour, markersize=2, linewidth=0.9, label=name)
    if log:
        ax.set_yscale("log")
        positive = np.concatenate([values[values > 0] for values in series.values()])
        decades = np.log10(positive)
        ax.set_ylim(10.0 ** (np.floor(decades.min()) - 0.1), 10.0 ** (np.ceil(decades.max()) + 0.1))
    else:
        ax.ticklabel_format(axis="y", useOffset=False)
    if all(np.isnan(values).all() for values in series.values()):
        ax.set_yticks([])
        ax.text(0.5, 0.5, "not defined", transform=ax.transAxes, ha="center", va="center", fontsize=FONT)
    if len(series) > 1:
        ax.legend(fontsize=FONT - 2, ncols=2, frameon=False)
    ax.set_ylabel(label, fontsize=FONT)
    ax.tick_params(labelsize=FONT - 1)
    ax.yaxis.get_offset_text().set_fontsize(FONT - 1)
