"""The figures that belong to a result of any kind, and their files."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from wignercq.correlations.format import is_two_time
from wignercq.errors import InputError
from wignercq.gaussian import LinearModel, OrnsteinUhlenbeck
from wignercq.planning.tell import Tell, silent
from wignercq.plotting import (
    plot_diagnostics,
    plot_errors,
    plot_map,
    plot_moments,
    plot_planes,
    plot_relaxation,
    plot_spectra,
    plot_steady_planes,
    plot_steady_sweep,
    plot_theories,
    plot_trajectories,
    plot_two_time,
)
from wignercq.plotting.picture import Size
from wignercq.plotting.style import chosen_frames
from wignercq.results.whole_file import destination, whole_file
from wignercq.steady.result import is_steady
from wignercq.unravelling.format import is_ensemble

Drawing = Callable[[], Figure]


def figures(
    dataset: xr.Dataset,
    observables: Sequence[str],
    theory: OrnsteinUhlenbeck | None = None,
    *,
    frames: int | None = None,
    size: Size = None,
    only: Sequence[str] = (),
) -> dict[str, Figure]:
    """Figures by the names of their files, of a run, a steady state, a comparison, a sweep or two-time functions.

    Planes are drawn of what has frames. `observables` are those shown of a comparison or a sweep, `theory` is the
    Gaussian theory of the model. Spectra are drawn where two-time functions make some.

    Parameters
    ----------
    frames : int, optional
        So many frames, spread over the run; default: as many as a figure has room for.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.
    only : sequence of str
        Names of the figures to draw; default: all.

    Raises
    ------
    InputError
        A name that is no figure of this kind of result; `frames` is not from 1 to their number.
    """
    if frames is not None:
        chosen_frames(dataset, frames)  # whatever figures there are of them
    drawings = _drawings(dataset, observables, theory, frames, size)
    for name in only:
        if name not in drawings:
            raise InputError("only", f"some of {', '.join(drawings)}", name)
    drawn = {}
    for name, draw in drawings.items():
        if name in only or not only:
            try:
                drawn[name] = draw()
            except InputError:
                if only or name != "spectra":  # which not all functions have
                    raise
    return drawn


def _drawings(
    dataset: xr.Dataset,
    observables: Sequence[str],
    theory: OrnsteinUhlenbeck | None,
    frames: int | None,
    size: Size,
) -> dict[str, Drawing]:
    linear = theory if isinstance(theory, LinearModel) else None
    framed = dataset.sizes.get("frame", 0) > 0
    if is_steady(dataset):
        planes: dict[str, Drawing] = {"planes": lambda: plot_steady_planes(dataset, linear, size=size)}
        return (planes if framed else {}) | {"relaxation": lambda: _whole(plot_relaxation(dataset, linear, size=size))}
    if "failure" in dataset and "breakdown_time" not in dataset:
        return {"numbers": lambda: _whole(plot_steady_sweep(dataset, size=size))}
    if "failure" in dataset:
        return {"map": lambda: _whole(plot_map(dataset, observables, size=size))}
    if is_two_time(dataset):
        return {
            "two_time": lambda: plot_two_time(dataset, linear, size=size),
            "spectra": lambda: plot_spectra(dataset, linear, size=size),
        }
    if is_ensemble(dataset):
        drawn: dict[str, Drawing] = {"planes": lambda: plot_planes(dataset, frames, size=size)} if framed else {}
        if dataset.sizes["kept"]:
            drawn["trajectories"] = lambda: plot_trajectories(dataset, size=size)
        return drawn | {"moments": lambda: plot_moments(dataset, theory, size=size)}
    if "theory" in dataset.dims:
        planes = {"theories": lambda: plot_theories(dataset, frames, size=size)} if framed else {}
        return planes | {"errors": lambda: _whole(plot_errors(dataset, observables, size=size))}
    planes = {"planes": lambda: plot_planes(dataset, frames, size=size)} if framed else {}
    return planes | {
        "moments": lambda: plot_moments(dataset, theory, size=size),
        "diagnostics": lambda: plot_diagnostics(dataset, size=size),
    }


def _whole(drawn: object) -> Figure:
    assert isinstance(drawn, Figure)  # no axes were given
    return drawn


def write_figures(
    drawn: Mapping[str, Figure], folder: Path, resolution: float, tell: Tell = silent, *, suffix: str = "png"
) -> dict[str, bytes]:
    """Write figures into a folder, as PNG, PDF or SVG; the images by the names of the figures.

    OSError where the system cannot, InputError where something in their place is no file.
    """
    images = {}
    for name in drawn:
        destination(folder / f"{name}.png")
    for name, figure in drawn.items():
        tell(f"drawing {name}.{suffix}")
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=resolution)
        images[name] = buffer.getvalue()
        with whole_file(folder / f"{name}.{suffix}") as partial:
            partial.write_bytes(images[name])
    return images
