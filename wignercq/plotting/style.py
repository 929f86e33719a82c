"""What all figures share: colours, lines, the drawing of a plane, panels with one legend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps, rcParams
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure, FigureBase
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from scipy.signal import resample

from wignercq.errors import InputError, brief, listed
from wignercq.planning.arguments import spread
from wignercq.plotting.picture import PALETTE, Picture, Size, width_of
from wignercq.plotting.scales import name_axis, name_bar

VISIBLE = 5e-3  # of the maximum: planes are cut to where they exceed it
SMOOTH = 200  # points of a drawn plane along an axis at least, between the limits of its panel
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
SAME_TIME = 1e-5  # of the end: what messages say of a time finds it again
LITTLE = 0.1  # of the box, by which a panel may reach beyond either end of it for the sake of one scale
BAR, LETTERS = (0.04, 0.05), 7.5  # of a colour bar within: gap and width, of the panel's; of its text, in letters
SURE, ABOVE, MOST = 5e-3, 3.0, 0.1  # of the maximum is not noise: SURE, and ABOVE times the errors, but MOST is
ERRORS = ("tolerance", "time_error_estimate", "distance_estimate")  # attributes of results
NARROW = 5.0  # inches: narrower figures have one column, and short rows in legends


def chosen_frames(
    dataset: xr.Dataset,
    frames: int | Sequence[int] | None,
    times: float | Sequence[float] | None = None,
    most: int | None = None,
) -> list[int]:
    """Indices of the frames asked for: so many, spread over the run, or a list of indices, or those at some times.

    By default all or, spread over the run, so many at most. InputError where the dataset does not hold them.
    """
    held = dataset.sizes.get("frame", 0)
    if times is not None:
        if frames is not None:
            raise InputError("times", "None where frames are given", brief(times))
        return [_at(dataset, time) for time in np.ravel(np.asarray(times, object))]
    if frames is None:
        if not held:
            raise InputError("dataset", "a result with planes", "one of a run with frames = 0")
        return spread(held, held if most is None else most)
    if isinstance(frames, (int, np.integer)) and not isinstance(frames, bool):
        if not 1 <= frames <= held:
            expected = f"a number from 1 to {held}, the planes in the result" if held else "none"
            raise InputError("frames", expected, frames)
        return spread(held, int(frames))
    if isinstance(frames, (bool, str, float)) or not len(frames):
        raise InputError("frames", "how many, or a list of indices of frames", brief(frames))
    return [chosen_frame(dataset, index, "frames") for index in frames]


def chosen_frame(dataset: xr.Dataset, index: int, argument: str = "frame") -> int:
    """An index of a frame; InputError where the dataset does not hold it."""
    held = dataset.sizes.get("frame", 0)
    whole = isinstance(index, (int, np.integer)) and not isinstance(index, bool)
    if not whole or not -held <= index < held:
        raise InputError(argument, f"the index of a frame, from 0 to {held - 1}, or from -{held}", brief(index))
    return int(index)


def _at(dataset: xr.Dataset, time: float) -> int:
    """The index of the frame at a time; InputError, which lists all times, where there is none."""
    held = dataset["frame"].values
    number = float(time) if isinstance(time, (int, float, np.number)) and not isinstance(time, bool) else math.nan
    away = np.abs(held - number)
    if not (away <= SAME_TIME * np.abs(held).max(initial=0.0)).any():
        listing = listed([f"{one:g}" for one in held], limit=12)
        raise InputError("times", f"times of frames, {listing}", brief(time))
    return int(away.argmin())


def sure(dataset: xr.Dataset) -> float:
    """How negative W has to be for its sign to be no error, as a share of the maximum: of the errors of the run."""
    known = [dataset.attrs[name] for name in ERRORS if isinstance(dataset.attrs.get(name), (int, float, np.number))]
    return max(SURE, min(MOST, ABOVE * max((float(error) for error in known if error > 0), default=0.0)))


def draw_plane(
    ax: Axes,
    plane: xr.DataArray,
    first: str,
    second: str,
    *,
    top: float,
    signed: bool,
    zero: float | None = None,
) -> AxesImage:
    """Draw a function of two variables, the second upwards, on axes that have their limits, with colours up to `top`.

    If signed, zero is neutral, and thin lines surround what is negative by the share `zero` of `top`.
    """
    fine = shown(ax, plane.transpose(first, second))
    image = ax.imshow(
        fine.values.T,
        cmap=SIGNED if signed else DENSITY,
        vmin=-top if signed else 0.0,
        vmax=top,
        origin="lower",
        extent=(*_cells(fine[first].values), *_cells(fine[second].values)),
        aspect="auto",
        interpolation="bilinear",
    )
    ax.set_facecolor(colormaps[SIGNED](0.5) if signed else colormaps[DENSITY](0.0))  # outside of the grid W is zero
    if signed and zero is not None:
        draw_zero(ax, fine, zero * top)
    if bool(plane.isnull().all()):
        ax.text(0.5, 0.5, "no result", transform=ax.transAxes, ha="center", va="center")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    return image


def _cells(points: np.ndarray) -> tuple[float, float]:
    """Where the first and the last of the cells around points end."""
    half = (points[1] - points[0]) / 2
    return float(points[0] - half), float(points[-1] + half)


def draw_zero(ax: Axes, fine: xr.DataArray, depth: float) -> None:
    """Draw the line around what is negative, by `depth` at least, so that it does not follow errors."""
    first, second = fine.dims
    values = np.ma.masked_invalid(fine.values.T)
    if (values < -depth).any():
        around = ax.contour(fine[first], fine[second], values, levels=[-depth], colors="0.25", linewidths=0.4)
        around.set_linestyle("-")


def frame_plane(ax: Axes, planes: xr.DataArray, first: str, second: str, shape: float | None = None) -> None:
    """Limits of a panel, of so much height for its width, and one scale for both axes where they are of one kind.

    Where one scale needs much more than the grid holds, there are two.
    """
    limits = np.array([reached(planes, first), reached(planes, second)])
    spans = limits[:, 1] - limits[:, 0]
    if shape is not None:
        ax.set_box_aspect(shape)
        if KINDS[first] == KINDS[second] and 1 / ALIKE < spans[1] / spans[0] < ALIKE:
            limits = _one_scale(limits, np.array([planes[name].values[[0, -1]] for name in (first, second)]), shape)
    ax.set_xlim(*limits[0])
    ax.set_ylim(*limits[1])


def _one_scale(limits: np.ndarray, box: np.ndarray, shape: float) -> np.ndarray:
    """Wider limits with one scale, moved into the box; the old ones where the box does not hold them."""
    spans, sides = np.ptp(limits, axis=1), np.ptp(box, axis=1)
    wider = max(spans[0], spans[1] / shape) * np.array([1.0, shape])
    if (wider > (1 + 2 * LITTLE) * sides).any():
        return limits
    lower = limits.mean(axis=1) - wider / 2
    lower = np.clip(lower, box[:, 0] - LITTLE * sides, box[:, 1] + LITTLE * sides - wider)
    return np.stack([lower, lower + wider], axis=1)


def draw_bar(figure: FigureBase, mesh: ScalarMappable, axes: Iterable[Axes], label: str, aspect: float = 20) -> None:
    """Draw the colour bar of panels beside them."""
    lower, upper = mesh.get_clim()
    name_bar(figure.colorbar(mesh, ax=list(axes), pad=0.01, aspect=aspect), (lower or 0.0, upper or 1.0), label)


def draw_bar_within(ax: Axes, mesh: ScalarMappable, label: str) -> None:
    """Draw the colour bar of a panel of the user's; where no layout makes room for it, the panel does."""
    if ax.figure.get_layout_engine() is None:
        place, inches = ax.get_position(), ax.figure.bbox.width / ax.figure.dpi
        needed = (LETTERS * FontProperties(size=rcParams["axes.labelsize"]).get_size_in_points() / 72 + BAR[0]) / inches
        ax.set_position((place.x0, place.y0, max(place.width - needed, place.width / 2), place.height))
        ax.set_in_layout(True)
        ax.set_anchor("W")
    inset = ax.inset_axes((1.0 + BAR[0], 0.0, BAR[1], 1.0))
    lower, upper = mesh.get_clim()
    name_bar(ax.figure.colorbar(mesh, cax=inset), (lower or 0.0, upper or 1.0), label)


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


def shown(ax: Axes, plane: xr.DataArray) -> xr.DataArray:
    """What a panel shows of a plane, on a mesh as fine as it takes to look smooth."""
    return refined(plane, (ax.get_xlim(), ax.get_ylim()))


def refined(plane: xr.DataArray, limits: Sequence[tuple[float, float]] | None = None) -> xr.DataArray:
    """A plane, between limits, on a finer mesh by its trigonometric polynomial: grids are coarse to look at."""
    values, coordinates = plane.values, {}
    for axis, name in enumerate(map(str, plane.dims)):
        points, count = plane[name].values, plane.sizes[name]
        spacing = points[1] - points[0]
        box = count * spacing
        lower, upper = (points[0], points[0] + box) if limits is None else limits[axis]
        finer = math.ceil(SMOOTH / count * max(1.0, box / (upper - lower)))
        fine = points[0] + spacing / finer * np.arange(finer * count)
        margin = max(upper - lower, spacing)  # who moves the limits of a panel sees more
        kept = np.flatnonzero((fine > lower - margin) & (fine < upper + margin))
        coordinates[name] = fine[kept]
        values = resample(values, finer * count, axis=axis).take(kept, axis)
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
    """The largest modulus of planes over their last two dimensions, between the points of the grid too; or 1."""
    stack = planes.values.reshape(-1, *planes.shape[-2:])
    peaks = [np.abs(refined(planes[(0,) * (planes.ndim - 2)].copy(data=plane)).values).max() for plane in stack]
    top = float(np.fmax.reduce(peaks))
    return top if top > 0 else 1.0
