"""The figures that belong to a result of any kind."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
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
    plot_two_time,
)
from wignercq.results.whole_file import destination, whole_file
from wignercq.steady.result import is_steady


def figures(
    dataset: xr.Dataset, observables: Sequence[str], theory: OrnsteinUhlenbeck | None = None
) -> dict[str, Figure]:
    """Figures by the names of their files, of a run, a steady state, a comparison, a sweep or two-time functions.

    Planes are drawn of what has frames. `observables` are those shown of a comparison or a sweep, `theory` is the
    Gaussian theory of the model of a run. Spectra are drawn where two-time functions make some.
    """
    if is_steady(dataset):
        return _of_steady_state(dataset, theory if isinstance(theory, LinearModel) else None)
    if "failure" in dataset and "breakdown_time" not in dataset:
        return {"numbers": plot_steady_sweep(dataset)}
    if "failure" in dataset:
        return {"map": plot_map(dataset, observables)}
    if is_two_time(dataset):
        return _of_two_times(dataset, theory if isinstance(theory, LinearModel) else None)
    framed = dataset.sizes.get("frame", 0) > 0
    if "theory" in dataset.dims:
        planes = {"theories": plot_theories(dataset)} if framed else {}
        return {**planes, "errors": plot_errors(dataset, observables)}
    planes = {"planes": plot_planes(dataset)} if framed else {}
    return {**planes, "moments": plot_moments(dataset, theory), "diagnostics": plot_diagnostics(dataset)}


def _of_steady_state(dataset: xr.Dataset, theory: LinearModel | None) -> dict[str, Figure]:
    drawn = {"planes": plot_steady_planes(dataset, theory)} if dataset.sizes.get("frame", 0) > 0 else {}
    return {**drawn, "relaxation": plot_relaxation(dataset, theory)}


def _of_two_times(dataset: xr.Dataset, theory: LinearModel | None) -> dict[str, Figure]:
    drawn = {"two_time": plot_two_time(dataset, theory)}
    with suppress(InputError):  # a state that changes, operators that are not both A and B
        drawn["spectra"] = plot_spectra(dataset, theory)
    return drawn


def write_figures(drawn: dict[str, Figure], folder: Path, resolution: float, tell: Tell = silent) -> dict[str, bytes]:
    """Write figures as PNG into a folder; the images by the names of the figures.

    OSError where the system cannot, InputError where something in their place is no file.
    """
    images = {}
    for name in drawn:
        destination(folder / f"{name}.png")
    for name, figure in drawn.items():
        tell(f"drawing {name}.png")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=resolution)
        images[name] = buffer.getvalue()
        with whole_file(folder / f"{name}.png") as partial:
            partial.write_bytes(images[name])
    return images
