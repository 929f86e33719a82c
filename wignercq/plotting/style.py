"""What all figures share: sizes, colours, the drawing of a plane."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from wignercq.errors import InputError

WIDTH = 7.0  # inches, two columns of a journal
FONT = 8  # points
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # apart for the colour-blind too
VISIBLE = 5e-3  # of the maximum: planes are cut to where they exceed it
SIGNED, DENSITY = "RdBu_r", "viridis"  # colour maps of what may be negative, and of what may not


def chosen_frames(dataset: xr.Dataset, frames: int | Sequence[int] | None) -> list[int]:
    """Numbers of the frames asked for, all by default; InputError where the dataset does not hold one."""
    held = dataset.sizes["frame"]
    chosen = [frames] if isinstance(frames, int) else list(range(held) if frames is None else frames)
    for frame in chosen:
        if not -held <= frame < held:
            raise InputError("frames", f"numbers from 0 to {held - 1}", frame)
    return chosen


def draw_plane(ax: Axes, plane: xr.DataArray, first: str, second: str, *, top: float, signed: bool) -> QuadMesh:
    """Draw a function of two variables, the second upwards, with colours up to `top`; zero is neutral if signed."""
    mesh = ax.pcolormesh(
        plane[first],
        plane[second],
        plane.transpose(first, second).values.T,
        cmap=SIGNED if signed else DENSITY,
        vmin=-top if signed else 0.0,
        vmax=top,
        shading="gouraud",
        rasterized=True,
    )
    if bool(plane.isnull().all()):
        ax.text(0.5, 0.5, "no result", transform=ax.transAxes, ha="center", va="center", fontsize=FONT)
    ax.tick_params(labelsize=FONT - 1)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    return mesh


def draw_bar(figure: Figure, mesh: ScalarMappable, axes: Iterable[Axes], label: str, aspect: float = 20) -> None:
    """Draw the colour bar of panels beside them."""
    bar = figure.colorbar(mesh, ax=list(axes), pad=0.01, aspect=aspect)
    bar.set_label(label, fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT - 1)


def panels(observables: Sequence[str], height: float, label: str, draw: Callable[[Axes, str], None]) -> Figure:
    """A panel for each observable, two beside each other, with one legend; `label` is that of the lower axes."""
    rows, columns = math.ceil(len(observables) / 2), min(2, len(observables))
    figure = Figure(figsize=(WIDTH * columns / 2, 0.5 + height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for ax, name in zip(axes, observables, strict=False):
        draw(ax, name)
    for ax in axes[len(observables) :]:
        ax.remove()
    for ax in axes[max(0, len(observables) - columns) : len(observables)]:
        ax.set_xlabel(label, fontsize=FONT)
        ax.tick_params(labelbottom=True)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=6, fontsize=FONT - 1, frameon=False)
    return figure


def log_ticks(axis: Axis, lower: float, upper: float) -> None:
    """Plain numbers on a logarithmic axis from `lower` to `upper`, the more of each decade the fewer there are."""
    decades = np.log10(upper / lower)
    subs = (1, 2, 3, 4, 6, 8) if decades < 0.8 else (1, 2, 5) if decades < 2 else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def reached(planes: xr.DataArray, name: str) -> tuple[float, float]:
    """The part of an axis where any of the planes exceeds VISIBLE of the maximum, and a little more."""
    size = abs(planes)
    along = size.max([str(dim) for dim in planes.dims if dim != name])
    points = planes[name].values[(along >= VISIBLE * float(size.max())).values]
    spacing = float(planes[name][1] - planes[name][0])
    return float(points.min()) - 2 * spacing, float(points.max()) + 2 * spacing


def largest(planes: xr.DataArray) -> float:
    """The largest modulus, or 1 where there is none."""
    top = float(np.abs(planes).max())
    return top if top > 0 else 1.0
