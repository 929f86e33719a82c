"""Animations of the marginal planes."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image

from wignercq.comparison.theories import TABLE
from wignercq.errors import InputError
from wignercq.model.typeset import number
from wignercq.plotting import labels
from wignercq.plotting.picture import Picture, Size, styled, width_of
from wignercq.plotting.run import PLANES
from wignercq.plotting.scales import name_axis
from wignercq.plotting.style import (
    DENSITY,
    SIGNED,
    draw_bar,
    draw_bar_within,
    draw_plane,
    draw_zero,
    frame_plane,
    largest,
    shown,
    sure,
)
from wignercq.results.whole_file import destination
from wignercq.run.progress import Progress, showing

SMOOTH = 48  # frames from which on an animation is smooth
SECONDS = 8.0  # that an animation takes, as far as the rates allow
RATES = 4.0, 25.0  # frames per second, at least and at most
RESOLUTION = 110  # dots per inch

#: Colours a GIF may have, of either colour map and greys for the rest; 256 in all.
SHADES = ((SIGNED, 128), (DENSITY, 111), ("gray", 17))

Moving = list[tuple[Axes, AxesImage, xr.DataArray]]


@styled
def animate(
    dataset: xr.Dataset,
    folder: str | os.PathLike[str],
    *,
    size: Size = None,
    dpi: float = RESOLUTION,
    progress: bool | Progress = False,
) -> Path:
    """Write an animation of all frames of a result, MP4 if ffmpeg is installed, else GIF.

    A result has as many frames as its run kept planes (``frames=``, ``run.frames``); nothing is made up between them.
    From about 50 on the animation is smooth.

    Of a run the four marginal planes move, of a comparison ``W(x, y)`` in each theory. Colour scales do not change
    in time.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.Solution` or a :class:`wignercq.comparison.Breakdown`.
    folder : path
        Where ``planes.mp4`` or ``planes.gif`` goes.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.
    dpi : float
        Pixels per inch.
    progress : bool or Progress
        Show a bar of frames.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        There are no two frames to show.
    """
    if dataset.sizes.get("frame", 0) < 2:
        raise InputError("frames", "at least 2 to animate", dataset.sizes.get("frame", 0))
    writer, suffix = _writer(rate(dataset.sizes["frame"]))
    target = Path(folder) / f"planes.{suffix}"
    destination(target)
    figure, moving = _theories(dataset, size) if "theory" in dataset.dims else _planes(dataset, size)
    figure.suptitle(f"$t = {number(float(dataset['frame'][-1]), 4)}$", fontsize="large")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # all frames are laid out alike, once
    with showing(progress) as bar, writer.saving(figure, str(target), dpi):
        bar.start(dataset.sizes["frame"], unit="frames")
        for k, time in enumerate(dataset["frame"].values):
            figure.suptitle(f"$t = {number(time, 4)}$", fontsize="large")
            for ax, mesh, planes in moving:
                fine = shown(ax, planes[k])
                mesh.set_data(fine.values.T)
                for line in [drawn for drawn in ax.collections if isinstance(drawn, ContourSet)]:
                    line.remove()
                if planes.name == "wigner_xy":
                    draw_zero(ax, fine, sure(dataset) * (mesh.get_clim()[1] or 1.0))
            writer.grab_frame()
            bar.reach(k + 1)
        bar.finish()
        bar.tell(f"writing {target.name}")
    return target


def rate(frames: int) -> float:
    """Frames per second of an animation."""
    return min(max(frames / SECONDS, RATES[0]), RATES[1])


def _writer(fps: float) -> tuple[AbstractMovieWriter, str]:
    choice: tuple[Callable[..., AbstractMovieWriter], str]
    choice = (FFMpegWriter, "mp4") if shutil.which("ffmpeg") else (_GIFWriter, "gif")
    return choice[0](fps=fps), choice[1]


class _GIFWriter(AbstractMovieWriter):
    """One palette for all frames, so that weak colours are not dropped from one frame and kept in the next."""

    def setup(self, fig: Figure, outfile: str | Path, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)
        self.palette = Image.new("P", (1, 1))
        shades = [colormaps[name](np.linspace(0, 1, count), bytes=True)[:, :3] for name, count in SHADES]
        self.palette.putpalette(np.concatenate(shades).tobytes())
        self.pictures: list[Image.Image] = []

    def grab_frame(self, **_settings: object) -> None:
        buffer = io.BytesIO()
        self.fig.savefig(buffer, format="png", dpi=self.dpi)
        picture = Image.open(buffer).convert("RGB")
        self.pictures.append(picture.quantize(palette=self.palette, dither=Image.Dither.NONE))

    def finish(self) -> None:
        first, *others = self.pictures
        first.save(self.outfile, save_all=True, append_images=others, duration=round(1000 / self.fps), loop=0)


def _planes(dataset: xr.Dataset, size: Size) -> tuple[Figure, Moving]:
    figure = Picture(width_of(size), 0.72 * width_of(size), size)
    moving = []
    for ax, (name, first, second, label) in zip(figure.subplots(2, 2).ravel(), PLANES, strict=True):
        planes = dataset[name].transpose("frame", first, second)
        frame_plane(ax, planes, first, second, shape=0.8)
        mesh = draw_plane(ax, planes[0], first, second, top=largest(planes), signed=name == "wigner_xy")
        name_axis(ax.xaxis, labels.variable(dataset, first))
        name_axis(ax.yaxis, labels.variable(dataset, second))
        draw_bar_within(ax, mesh, label)
        moving.append((ax, mesh, planes))
    return figure, moving


def _theories(dataset: xr.Dataset, size: Size) -> tuple[Figure, Moving]:
    theories = ["exact", *labels.distinct(dataset)]
    planes = dataset["wigner_xy"].sel(theory=theories).transpose("frame", "theory", "x", "y")
    figure = Picture(width_of(size), 0.34 * width_of(size), size)
    axes = figure.subplots(1, len(theories), squeeze=False, sharex=True, sharey=True)[0]
    top, moving = largest(planes), []
    for i, (ax, name) in enumerate(zip(axes, theories, strict=True)):
        frame_plane(ax, planes, "x", "y")
        mesh = draw_plane(ax, planes[0, i], "x", "y", top=top, signed=True)
        ax.set_title(TABLE[name].mathtext)
        name_axis(ax.xaxis, "$x$")
        moving.append((ax, mesh, planes[:, i]))
    name_axis(axes[0].yaxis, "$y$")
    draw_bar(figure, mesh, axes, "$W(x, y)$")
    return figure, moving
