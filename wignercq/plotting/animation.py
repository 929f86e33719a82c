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
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from PIL import Image

from wignercq.comparison.theories import TABLE
from wignercq.errors import InputError
from wignercq.plotting import labels
from wignercq.plotting.run import PLANES
from wignercq.plotting.style import DENSITY, FONT, SIGNED, WIDTH, draw_bar, draw_plane, largest, reached
from wignercq.results.whole_file import destination
from wignercq.run.progress import Progress, showing

RATE = 8  # frames per second
RESOLUTION = 110  # dots per inch

#: Colours a GIF may have, of either colour map and greys for the rest; 256 in all.
SHADES = ((SIGNED, 128), (DENSITY, 111), ("gray", 17))

Moving = list[tuple[QuadMesh, xr.DataArray]]


def animate(dataset: xr.Dataset, folder: str | os.PathLike[str], *, progress: bool | Progress = False) -> Path:
    """Write an animation of the frames of a result, MP4 if ffmpeg is installed, else GIF.

    Of a run the four marginal planes move, of a comparison ``W(x, y)`` in each theory. Colour scales do not change
    in time.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.Solution` or a :class:`wignercq.comparison.Breakdown`.
    folder : path
        Where ``planes.mp4`` or ``planes.gif`` goes.
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
    writer, suffix = _writer()
    target = Path(folder) / f"planes.{suffix}"
    destination(target)
    figure, moving = _theories(dataset) if "theory" in dataset.dims else _planes(dataset)
    with showing(progress) as shown, writer.saving(figure, str(target), RESOLUTION):
        shown.start(dataset.sizes["frame"], unit="frame")
        for k, time in enumerate(dataset["frame"].values):
            figure.suptitle(f"$t = {time:.3f}$", fontsize=FONT + 2)
            for mesh, planes in moving:
                mesh.set_array(planes[k].values.T)
            writer.grab_frame()
            shown.reach(k + 1)
        shown.finish()
        shown.tell(f"writing {target.name}")
    return target


def _writer() -> tuple[AbstractMovieWriter, str]:
    choice: tuple[Callable[..., AbstractMovieWriter], str]
    choice = (FFMpegWriter, "mp4") if shutil.which("ffmpeg") else (_GIFWriter, "gif")
    return choice[0](fps=RATE), choice[1]


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
        first.save(self.outfile, save_all=True, append_images=others, duration=1000 // RATE, loop=0)


def _planes(dataset: xr.Dataset) -> tuple[Figure, Moving]:
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    moving = []
    for ax, (name, first, second, label) in zip(figure.subplots(2, 2).ravel(), PLANES, strict=True):
        planes = dataset[name].transpose("frame", first, second)
        mesh = draw_plane(ax, planes[0], first, second, top=largest(planes), signed=name == "wigner_xy")
        ax.set_xlim(reached(planes, first))
        ax.set_ylim(reached(planes, second))
        ax.set_xlabel(f"${first}$", fontsize=FONT)
        ax.set_ylabel(f"${second}$", fontsize=FONT)
        draw_bar(figure, mesh, [ax], label)
        moving.append((mesh, planes))
    return figure, moving


def _theories(dataset: xr.Dataset) -> tuple[Figure, Moving]:
    theories = ["exact", *labels.distinct(dataset)]
    planes = dataset["wigner_xy"].sel(theory=theories).transpose("frame", "theory", "x", "y")
    figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
    axes = figure.subplots(1, len(theories), squeeze=False, sharex=True, sharey=True)[0]
    top, moving = largest(planes), []
    for i, (ax, name) in enumerate(zip(axes, theories, strict=True)):
        mesh = draw_plane(ax, planes[0, i], "x", "y", top=top, signed=True)
        ax.set_title(TABLE[name].mathtext, fontsize=FONT)
        ax.set_xlabel("$x$", fontsize=FONT)
        moving.append((mesh, planes[:, i]))
    axes[0].set_xlim(reached(planes, "x"))
    axes[0].set_ylim(reached(planes, "y"))
    axes[0].set_ylabel("$y$", fontsize=FONT)
    draw_bar(figure, mesh, axes, "$W(x, y)$")
    return figure, moving
