"""What all figures share: colours, lines, the drawing of a plane, panels with one legend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator
from scipy.signal import resample

from wignercq.errors import InputError
from wignercq.plotting.picture import PALETTE, Picture, Size, width_of
from wignercq.plotting.scales import name_axis, name_bar

VISIBLE = 5e-3  # of the maximum: planes are cut to where they exceed it
SMOOTH = 96  # points of a refined plane along an axis at least
SIGNED, DENSITY = "RdBu_r", "viridis"  # colour maps of what may be negative, and of what may not
#: Lines that are apart in grey too, one for each colour of PALETTE.
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (4, 1.5, 1, 1.5)),
    (0, (1, 1.2)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
MARKERS = ("o", "s", "^", "v", "D", "X")
KINDS = {"q": "position", "x": "position", "p": "momentum", "y": "momentum"}
ALIKE = 4.0  # extents that differ by more do not get one scale, though they are of one kind
SURE = 2e-3  # of the maximum: what is less negative gets no line around it, its sign may be an error
NARROW = 5.0  # inches: narrower figures have one column, and short rows in legends


def chosen_frames(dataset: xr.Dataset, frames: int | Sequence[int] | None, most: int | None = None) -> list[int]:
    """Numbers of the frames asked for, by default all or, spread over the run, so many at most.

    InputError where the dataset does not hold one.
    """
    held = dataset.sizes["frame"]
    if frames is None:
        return spread(held, held if most is None else most)
    chosen = [frames] if isinstance(frames, (int, np.integer)) else list(frames)
    for frame in chosen:
        if not isinstance(frame, (int, np.integer)) or not -held <= frame < held:
            raise InputError("frames", f"numbers from 0 to {held - 1}", frame)
    return chosen


def spread(held: int, count: int) -> list[int]:
    """So many of the numbers from 0, evenly, first and last among them; of one the last."""
    return sorted({round(k) for k in np.linspace(held - 1, 0, min(count, held))})


def draw_plane(
    ax: Axes, plane: xr.DataArray, first: str, second: str, *, top: float, signed: bool, zero: bool = True
) -> QuadMesh:
    """Draw a function of two variables, the second upwards, with colours up to `top`.

    If signed, zero is neutral, and with `zero` thin lines surround what is negative.
    """
    values = plane.transpose(first, second).values.T
    mesh = ax.pcolormesh(
        plane[first],
        plane[second],
        values,
        cmap=SIGNED if signed else DENSITY,
        vmin=-top if signed else 0.0,
        vmax=top,
        shading="gouraud",
        rasterized=True,
    )
    ax.set_facecolor(colormaps[SIGNED](0.5) if signed else colormaps[DENSITY](0.0))  # outside of the grid W is zero
    if signed and zero:
        draw_zero(ax, plane, first, second, top)
    if bool(plane.isnull().all()):
        ax.text(0.5, 0.5, "no result", transform=ax.transAxes, ha="center", va="center")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    return mesh


def draw_zero(ax: Axes, plane: xr.DataArray, first: str, second: str, top: float) -> None:
    """Draw the line around what is negative, by SURE of `top` at least, so that it does not follow errors."""
    values = np.ma.masked_invalid(plane.transpose(first, second).values.T)
    level = -SURE * top
    if (values < level).any():
        ax.contour(plane[first], plane[second], values, levels=[level], colors="0.25", linewidths=0.4, linestyles="-")


def frame_plane(ax: Axes, planes: xr.DataArray, first: str, second: str, shape: float | None = None) -> None:
    """Limits of a panel, of so much height for its width, and one scale for both axes where they are of one kind."""
    limits = np.array([reached(planes, first), reached(planes, second)])
    spans = limits[:, 1] - limits[:, 0]
    if shape is not None:
        ax.set_box_aspect(shape)
        if KINDS[first] == KINDS[second] and 1 / ALIKE < spans[1] / spans[0] < ALIKE:
            spans = max(spans[0], spans[1] / shape) * np.array([1.0, shape])
            limits = limits.mean(axis=1, keepdims=True) + np.outer(spans, [-0.5, 0.5])
    ax.set_xlim(*limits[0])
    ax.set_ylim(*limits[1])


def draw_bar(figure: FigureBase, mesh: ScalarMappable, axes: Iterable[Axes], label: str, aspect: float = 20) -> None:
    """Draw the colour bar of panels beside them."""
    lower, upper = mesh.get_clim()
    name_bar(figure.colorbar(mesh, ax=list(axes), pad=0.01, aspect=aspect), (lower or 0.0, upper or 1.0), label)


def panels(
    observables: Sequence[str],
    height: float,
    label: str,
    draw: Callable[[Axes, str], None],
    *,
    ax: Axes | None = None,
    size: Size = None,
) -> Figure | Axes:
    """A panel for each observable, two beside each other where there is room, with one legend.

    `label` is that of the lower axes. On axes that are given one panel is drawn.
    """
    if ax is not None:
        one = only(observables)
        draw(ax, one)
        name_axis(ax.xaxis, label, log=ax.get_xscale() == "log")
        ax.legend()
        return ax
    width = width_of(size)
    columns = min(len(observables), 1 if width < NARROW else 2)
    rows = math.ceil(len(observables) / columns)
    if len(observables) == 1 and size is None:
        width /= 2
    figure = Picture(width, 0.5 + height * rows, size)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for each, name in zip(axes, observables, strict=False):
        draw(each, name)
    for each in axes[len(observables) :]:
        each.remove()
    for each in axes[max(0, len(observables) - columns) : len(observables)]:
        name_axis(each.xaxis, label, log=each.get_xscale() == "log")
        each.tick_params(labelbottom=True)
    legend_above(figure, axes[: len(observables)])
    return figure


def only(observables: Sequence[str]) -> str:
    """The one observable that is drawn on axes that are given."""
    if len(observables) != 1:
        raise InputError("ax", "None, or one observable, whose panel it holds", f"{len(observables)} observables")
    return observables[0]


def legend_above(figure: Figure, axes: Iterable[Axes], title: str | None = None) -> None:
    """One legend of all panels, above them."""
    entries = {name: handle for ax in axes for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    columns = max(1, int(figure.get_size_inches()[0] / max(1.05, 0.35 + 0.06 * max(map(len, entries), default=0))))
    figure.legend(list(entries.values()), list(entries), loc="outside upper center", ncols=min(6, columns), title=title)


def look(k: int) -> dict[str, Any]:
    """Colour and dashes of the k-th line."""
    return {"color": PALETTE[k % len(PALETTE)], "linestyle": DASHES[k % len(DASHES)]}


def narrowed(name: str, is_narrow: bool) -> str:
    """The name of a theory, on two lines where there is little room."""
    return name.replace(" ", "\n").replace("-", "-\n") if is_narrow else name


def refined(plane: xr.DataArray) -> xr.DataArray:
    """A plane on a finer mesh, by its trigonometric polynomial: grids of loose tolerances are coarse to look at."""
    values, coordinates = plane.values, {}
    if not np.isfinite(values).all():
        return plane
    for axis, name in enumerate(map(str, plane.dims)):
        points, finer = plane[name].values, math.ceil(SMOOTH / plane.sizes[name])
        values = resample(values, finer * points.size, axis=axis)
        coordinates[name] = points[0] + (points[1] - points[0]) / finer * np.arange(finer * points.size)
    return xr.DataArray(values, coordinates, tuple(map(str, plane.dims)), plane.name)


def reached(planes: xr.DataArray, name: str) -> tuple[float, float]:
    """The part of an axis where any of the planes exceeds VISIBLE of the maximum, and a little more."""
    size = abs(planes)
    along = size.max([str(dim) for dim in planes.dims if dim != name])
    values = planes[name].values
    points = values[(along >= VISIBLE * float(size.max())).values]
    spacing = float(values[1] - values[0])
    return max(float(points.min()) - 2 * spacing, values[0]), min(float(points.max()) + 2 * spacing, values[-1])


def largest(planes: xr.DataArray) -> float:
    """The largest modulus, or 1 where there is none."""
    top = float(np.abs(planes).max())
    return top if top > 0 else 1.0
