"""Figures of a run: marginal planes, moments beside the Gaussian theory, diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from wignercq.errors import InputError, brief, suggestion
from wignercq.gaussian import LinearModel, OrnsteinUhlenbeck
from wignercq.grid.grid import NAMES
from wignercq.model.model import Model
from wignercq.model.typeset import number
from wignercq.plotting.labels import full_name, variable
from wignercq.plotting.picture import Picture, Size, styled, width_of
from wignercq.plotting.scales import name_axis, with_power
from wignercq.plotting.style import (
    MARKERS,
    NARROW,
    chosen_frame,
    chosen_frames,
    draw_bar,
    draw_bar_within,
    draw_plane,
    frame_plane,
    largest,
    look,
    sure,
)

PLANES = (
    ("density_qp", "q", "p", r"$\int W\,\mathrm{d}x\,\mathrm{d}y$"),
    ("wigner_xy", "x", "y", r"$\int W\,\mathrm{d}q\,\mathrm{d}p$"),
    ("density_qx", "q", "x", r"$\int W\,\mathrm{d}p\,\mathrm{d}y$"),
    ("density_py", "p", "y", r"$\int W\,\mathrm{d}q\,\mathrm{d}x$"),
)
COLUMN = 1.25  # inches of a frame at least
BESIDE, BELOW, BETWEEN = 1.25, 0.42, 0.12  # inches for what is written beside and below panels, and between them
LOWEST, HIGHEST = 1.15, 1.5  # inches of a panel
APART = 1e3  # widths that differ by more are drawn in units of their own
FINE = 400  # points of a theory's line
ROUNDING, DEEP = 1e-16, 3  # logarithmic axes end at rounding errors, and so many decades below what a line shows mostly
LONG = 15  # letters of a label that a low panel has room for


@styled
def plot_planes(
    dataset: xr.Dataset,
    frames: int | Sequence[int] | None = None,
    *,
    times: float | Sequence[float] | None = None,
    size: Size = None,
) -> Figure:
    """Draw the four marginal planes of W, one column per frame.

    The densities of (q, p), (q, x) and (p, y) use a sequential colour map that starts at 0, the Wigner function of
    (x, y) a diverging one centred on 0, with a thin line around what is surely negative; each row has one colour scale.
    Two positions, and two momenta, are drawn to one scale where the grid holds what is then shown. Between the points
    of the grid planes are trigonometric polynomials, as in the run itself.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result, with the variables ``density_qp``, ``wigner_xy``, ``density_qx`` and ``density_py``.
    frames : int, sequence of int or None
        How many, spread over the run, or a list of indices of frames, ``[0, -1]``; None draws as many as there is room
        for, five on two columns of a page.
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
    width = width_of(size)
    chosen = chosen_frames(dataset, frames, times, most=max(1, int((width - 0.6) / COLUMN)))
    if size is None:
        width = min(width, max(width / 2, width / 5 * len(chosen)))
    panel = (width - BESIDE) / len(chosen) - BETWEEN
    height = min(max(panel, LOWEST), HIGHEST)
    figure = Picture(width, len(PLANES) * (height + BELOW) + BELOW, size)
    axes = figure.subplots(len(PLANES), len(chosen), squeeze=False, sharex="row", sharey="row")
    for row, (name, first, second, label) in zip(axes, PLANES, strict=True):
        planes = dataset[name].isel(frame=chosen).transpose("frame", first, second)
        _draw_row(figure, row, planes, first, second, label, height / panel, dataset)
    for ax, time in zip(axes[0], dataset["frame"].values[chosen], strict=True):
        ax.set_title(f"$t = {number(time, 4)}$")
    return figure


def _draw_row(
    figure: Figure,
    row: Sequence[Axes],
    planes: xr.DataArray,
    first: str,
    second: str,
    label: str,
    shape: float,
    dataset: xr.Dataset,
) -> None:
    top = largest(planes)
    for ax, plane in zip(row, planes, strict=True):
        frame_plane(ax, planes, first, second, shape)
        mesh = draw_plane(ax, plane, first, second, top=top, signed=planes.name == "wigner_xy", zero=sure(dataset))
        name_axis(ax.xaxis, variable(dataset, first))
        ax.xaxis.labelpad = 1
    name_axis(row[0].yaxis, variable(dataset, second))
    draw_bar(figure, mesh, row, label, aspect=15)


@styled
def plot_plane(
    dataset: xr.Dataset,
    plane: str = "wigner_xy",
    frame: int = -1,
    *,
    time: float | None = None,
    top: float | None = None,
    ax: Axes | None = None,
    size: Size = None,
) -> Figure | Axes:
    """Draw one marginal plane of W at one time.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with planes.
    plane : {"wigner_xy", "density_qp", "density_qx", "density_py"}
        Which plane.
    frame : int
        The index of the frame, by default the last.
    time : float, optional
        The frame at this time, in place of `frame`.
    top : float, optional
        Where the colour scale ends, for panels that are compared; default: at the largest modulus.
    ax : matplotlib.axes.Axes, optional
        Where to draw, with the colour bar inside of what the axes take now; default: a figure of its own.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: half the width in the user's ``figure.figsize``, or 3.5.

    Returns
    -------
    matplotlib.figure.Figure, or matplotlib.axes.Axes where one was given

    Raises
    ------
    InputError
        Another plane, a frame that the dataset does not hold, or a scale that is not positive.
    """
    rows = {name: rest for name, *rest in PLANES}
    if plane not in rows:
        raise InputError("plane", f"one of {', '.join(rows)}", brief(plane) + suggestion(full_name(plane, rows), rows))
    if top is not None and not 0 < top < np.inf:
        raise InputError("top", "a positive number", brief(top))
    index = chosen_frame(dataset, frame) if time is None else chosen_frames(dataset, None, time)[0]
    (first, second, label), values = rows[plane], dataset[plane].isel(frame=index).transpose(*rows[plane][:2])
    figure = Picture(width_of(size) / (1 if size else 2), 2.8, size) if ax is None else None
    axes = figure.subplots() if figure is not None else ax
    assert axes is not None
    frame_plane(axes, values, first, second, shape=1.0)
    scale = largest(values) if top is None else float(top)
    mesh = draw_plane(axes, values, first, second, top=scale, signed=plane == "wigner_xy", zero=sure(dataset))
    name_axis(axes.xaxis, variable(dataset, first))
    name_axis(axes.yaxis, variable(dataset, second))
    axes.set_title(f"$t = {number(float(values['frame']), 4)}$")
    if figure is None:
        draw_bar_within(axes, mesh, label)
        return axes
    draw_bar(figure, mesh, [axes], label)
    return figure


@styled
def plot_moments(dataset: xr.Dataset, theory: OrnsteinUhlenbeck | Model | None = None, *, size: Size = None) -> Figure:
    """Draw means, variances and cross covariances in time, the result as markers.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result, with ``mean`` and ``covariance``.
    theory : LinearModel, Model or None
        Gaussian theory of the model, exact for quadratic potentials, drawn as lines from the first output on; of a
        quadratic model its own.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ModelError
        The model is not quadratic: give ``LinearModel.linearised(model)``.
    """
    theory = LinearModel.from_model(theory) if isinstance(theory, Model) else theory
    times = dataset["time"].values
    mean = dataset["mean"].transpose("time", "z").values
    covariance = dataset["covariance"].transpose("time", "z", "z2").values
    powers = _powers(mean, covariance)
    figure = Picture(width_of(size), 5.6, size)
    axes = figure.subplots(3, 1, sharex=True)
    for panel, k, name, values in _moments(mean, covariance, powers):
        line = {"markersize": 3, "linewidth": 0.8, "marker": MARKERS[k], **look(k)}
        axes[panel].plot(times, values, label=name, **line | ({} if theory is None else {"linestyle": "none"}))
    if theory is not None:
        fine = np.linspace(0, times[-1] - times[0], FINE)
        lines = theory.mean(fine, mean[0]), theory.covariance(fine, covariance[0])
        for panel, k, _, values in _moments(*lines, powers):
            axes[panel].plot(times[0] + fine, values, linewidth=0.9, **look(k))
        axes[0].set_title("markers: grid, lines: Gaussian theory")
    for ax, label in zip(axes, ("mean", "variance", "covariance"), strict=True):
        ax.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        name_axis(ax.yaxis, label)
        handles, names = ax.get_legend_handles_labels()
        keys = [Line2D([], [], marker=MARKERS[k], markersize=3, linewidth=0.8, **look(k)) for k in range(len(handles))]
        ax.legend(keys, names, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.4)
    name_axis(axes[-1].xaxis, "$t$")
    return figure


def _powers(mean: np.ndarray, covariance: np.ndarray) -> list[int]:
    """Powers of ten in which q, p, x and y are drawn: of their own where they have nothing in common, else 0."""
    squares = np.diagonal(covariance, axis1=1, axis2=2) + mean**2
    sizes = np.sqrt(np.nanmax(np.abs(squares), axis=0))
    if not (sizes > 0).all() or sizes.max() <= APART * sizes.min():
        return [0] * len(sizes)
    return [int(power) for power in np.floor(np.log10(sizes))]


def _moments(
    mean: np.ndarray, covariance: np.ndarray, powers: Sequence[int]
) -> Iterator[tuple[int, int, str, np.ndarray]]:
    """Panel, number in it, symbol and course in time of each mean, variance and cross covariance."""

    def in_units(symbol: str, values: np.ndarray, power: int) -> tuple[str, np.ndarray]:
        return with_power(symbol, power), values / 10.0**power

    for i, name in enumerate(NAMES):
        yield 0, i, *in_units(rf"$\langle {name} \rangle$", mean[:, i], powers[i])
        yield 1, i, *in_units(rf"$\sigma_{{{name}{name}}}$", covariance[:, i, i], 2 * powers[i])
    for k, (a, b) in enumerate(combinations(range(4), 2)):
        symbol = rf"$\sigma_{{{NAMES[a]}{NAMES[b]}}}$"
        yield 2, k, *in_units(symbol, covariance[:, a, b], powers[a] + powers[b])


ENERGIES = {
    r"$\langle H \rangle$": "energy",
    r"$\langle H_\mathrm{C} \rangle$": "energy_classical",
    r"$\langle H_\mathrm{Q} \rangle$": "energy_quantum",
    r"$\langle V_\mathrm{I} \rangle$": "energy_interaction",
}


@styled
def plot_diagnostics(dataset: xr.Dataset, *, size: Size = None) -> Figure:
    """Draw what tells how far a result can be trusted, and what the quantum state has become.

    Norm error, energies and the residual of their budget, purity, negativity and occupation of the reduced quantum
    state, edge mass and spectral tail of each axis. What is not defined has no panel: the occupation where V_Q is not
    a harmonic well.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure
    """
    width = width_of(size)
    columns = 1 if width < NARROW else 2
    panels = [entry for entry in _diagnostics(dataset) if not all(np.isnan(v).all() for v in entry[0].values())]
    if columns == 2 and len(panels) % 2:  # no hole: the energies get a row
        panels.insert(0, panels.pop(1))
    rows = -(-len(panels) // columns)
    figure = Picture(width, 0.2 + (1.75 if columns == 2 else 1.2) * rows, size)
    cells = figure.add_gridspec(rows, columns)
    wide = columns * rows - len(panels)
    for k, (series, label, least) in enumerate(panels):
        row, column = divmod(k + wide if k else 0, columns)
        first = figure.axes[0] if k else None
        ax = figure.add_subplot(cells[row, :] if wide and not k else cells[row, column], sharex=first)
        _lines(ax, dataset["time"].values, series, label if columns == 2 else _broken(label), least)
        if k >= len(panels) - columns or (wide and not k):
            name_axis(ax.xaxis, "$t$")
        else:
            ax.tick_params(labelbottom=False)
    return figure


def _broken(label: str) -> str:
    """A label on two lines where it is long."""
    half = label.find(" ", len(label) // 2)
    return label if len(label) < LONG or "$" in label or half < 0 else f"{label[:half]}\n{label[half + 1 :]}"


def _diagnostics(dataset: xr.Dataset) -> Iterator[tuple[dict[str, np.ndarray], str, float | None]]:
    """What is in a panel, its label, and on a logarithmic axis below what values are rounding errors."""
    energies = {name: dataset[key].values for name, key in ENERGIES.items()}
    size = max(float(np.nanmax(np.abs(values), initial=0.0)) for values in energies.values())
    yield {"": np.abs(dataset["norm"].values - 1)}, r"$|\mathrm{norm} - 1|$", ROUNDING
    yield energies, "energy", None
    yield {"": np.abs(dataset["energy_budget_residual"].values)}, "|energy budget residual|", ROUNDING * size
    yield {"": dataset["purity"].values}, r"purity $\mathrm{Tr}\,\hat\rho^2$", None
    yield {"": dataset["negativity"].values}, "negativity", None
    yield {"": dataset["occupation"].values}, r"occupation $n$", None
    for key in ("edge_mass", "spectral_tail"):
        values = dataset[key].transpose("time", "axis")
        yield {f"${name}$": values.sel(axis=name).values for name in NAMES}, key.replace("_", " "), ROUNDING


def _lines(ax: Axes, times: np.ndarray, series: dict[str, np.ndarray], label: str, least: float | None) -> None:
    log = least is not None and any((values > 0).any() for values in series.values())  # zeros alone have no logarithm
    for k, (name, values) in enumerate(series.items()):
        drawn = np.where(values > 0, values, np.nan) if log else values
        ax.plot(times, drawn, marker=MARKERS[k], markersize=2, linewidth=0.9, label=name, **look(k))
    if log and least is not None:
        ax.set_yscale("log")
        low, high = np.log10(_range([values[values > 0] for values in series.values()], least))
        ax.set_ylim(10.0 ** (np.floor(low) - 0.1), 10.0 ** (np.ceil(high) + 0.1))
    name_axis(ax.yaxis, label, log=log)
    if len(series) > 1:
        ax.legend(
            ncols=len(series), loc="lower center", bbox_to_anchor=(0.5, 0.98), columnspacing=1.2, handlelength=1.8
        )


def _range(series: Sequence[np.ndarray], least: float) -> tuple[float, float]:
    """What a logarithmic axis shows: of each line no more than DEEP decades below its median, nothing below `least`."""
    lines = [values for values in series if values.size]
    high = max(float(values.max()) for values in lines)
    low = min(max(float(values.min()), float(np.median(values)) * 10.0**-DEEP) for values in lines)
    return (low, high) if high <= least else (max(low, least), high)
