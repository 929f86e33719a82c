"""Figures of a run: marginal planes, moments beside the Gaussian theory, diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.gaussian import OrnsteinUhlenbeck
from wignercq.grid.grid import NAMES
from wignercq.plotting.style import FONT, PALETTE, WIDTH, chosen_frames, draw_bar, draw_plane, largest, reached

PLANES = (
    ("density_qp", "q", "p", r"$\int W\,\mathrm{d}x\,\mathrm{d}y$"),
    ("wigner_xy", "x", "y", r"$\int W\,\mathrm{d}q\,\mathrm{d}p$"),
    ("density_qx", "q", "x", r"$\int W\,\mathrm{d}p\,\mathrm{d}y$"),
    ("density_py", "p", "y", r"$\int W\,\mathrm{d}q\,\mathrm{d}x$"),
)
COLOURS = dict(zip(NAMES, PALETTE, strict=False))
CROSS_COLOURS = dict(zip(combinations(NAMES, 2), (*COLOURS.values(), "#e69f00", "#56b4e9"), strict=True))


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
    for ax, time in zip(axes[0], dataset["frame"].values[chosen], strict=True):
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
    draw_bar(figure, mesh, row, label, aspect=15)


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
    mean = dataset["mean"].transpose("time", "z").values
    covariance = dataset["covariance"].transpose("time", "z", "z2").values
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True)
    style = "o-" if theory is None else "o"
    for panel, name, colour, values in _moments(mean, covariance):
        axes[panel].plot(times, values, style, color=colour, markersize=3, linewidth=0.8, label=name)
    if theory is not None:
        fine = np.linspace(0, times[-1] - times[0], 400)
        for panel, _, colour, values in _moments(theory.mean(fine, mean[0]), theory.covariance(fine, covariance[0])):
            axes[panel].plot(times[0] + fine, values, color=colour, linewidth=0.9)
        axes[0].set_title("markers: grid, lines: Gaussian theory", fontsize=FONT)
    for ax, label in zip(axes, ("mean", "variance", "covariance"), strict=True):
        ax.set_ylabel(label, fontsize=FONT)
        ax.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        ax.tick_params(labelsize=FONT - 1)
        ax.legend(fontsize=FONT - 1, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes[-1].set_xlabel("$t$", fontsize=FONT)
    return figure


def _moments(mean: np.ndarray, covariance: np.ndarray) -> Iterator[tuple[int, str, str, np.ndarray]]:
    """Panel, symbol, colour and course in time of each mean, variance and cross covariance."""
    for i, name in enumerate(NAMES):
        yield 0, rf"$\langle {name} \rangle$", COLOURS[name], mean[:, i]
        yield 1, rf"$\sigma_{{{name}{name}}}$", COLOURS[name], covariance[:, i, i]
    for (a, b), colour in CROSS_COLOURS.items():
        yield 2, rf"$\sigma_{{{a}{b}}}$", colour, covariance[:, NAMES.index(a), NAMES.index(b)]


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
