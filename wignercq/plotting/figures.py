"""The figures that belong to a result of any kind."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from wignercq.config import Config
from wignercq.config.sweep import Compare
from wignercq.gaussian import LinearModel
from wignercq.plotting import plot_diagnostics, plot_errors, plot_map, plot_moments, plot_planes, plot_theories

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures(dataset: xr.Dataset, config: Config | None) -> dict[str, Figure]:
    """Figures by the names of their files, of a run, a comparison or a sweep.

    Parameters
    ----------
    dataset : xarray.Dataset
    config : Config or None
        That made it; it says which observables are shown, and whether there is a Gaussian theory of a run.
    """
    observables = (Compare() if config is None else config.compare).observables
    if "failure" in dataset:
        return {"map": plot_map(dataset, observables)}
    if "theory" in dataset.dims:
        return {"theories": plot_theories(dataset), "errors": plot_errors(dataset, observables)}
    linear = config is not None and config.model.is_quadratic
    theory = LinearModel.from_model(config.model) if config is not None and linear else None
    return {
        "planes": plot_planes(dataset),
        "moments": plot_moments(dataset, theory),
        "diagnostics": plot_diagnostics(dataset),
    }


def written(drawn: dict[str, Figure], folder: Path, resolution: float) -> dict[str, bytes]:
    """Write figures as PNG into a folder; the images by the names of the figures.

    Raises
    ------
    OSError
        They cannot be written.
    """
    images = {}
    for name, figure in drawn.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=resolution)
        images[name] = buffer.getvalue()
        (folder / f"{name}.png").write_bytes(images[name])
    return images
