"""What a comparison or a sweep leaves behind: a NetCDF file, figures and a page that opens in a browser."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wignercq.breakdown import Breakdown
from wignercq.config import Config
from wignercq.plotting import plot_errors, plot_map, plot_theories
from wignercq.report.comparison import comparison_report
from wignercq.report.sweep import sweep_report
from wignercq.sweep import SweepResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["comparison_report", "sweep_report", "write_comparison", "write_sweep"]

RESOLUTION = 160  # dots per inch
PAGE = "report.html"


def write_comparison(result: Breakdown, config: Config, folder: Path) -> Path:
    """Write the figures and the page of a comparison into a folder; the page's path."""
    data = result.dataset
    figures = {"theories": plot_theories(data), "errors": plot_errors(data, config.compare.observables)}
    images = _written(figures, folder)
    return _page(comparison_report(result, config, images), folder)


def write_sweep(result: SweepResult, config: Config, folder: Path) -> Path:
    """Write the map and the page of a sweep into a folder; the page's path."""
    images = _written({"map": plot_map(result.dataset, config.compare.observables)}, folder)
    return _page(sweep_report(result, config, images["map"]), folder)


def _written(figures: Mapping[str, Figure], folder: Path) -> dict[str, bytes]:
    images = {}
    for name, figure in figures.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=RESOLUTION)
        images[name] = buffer.getvalue()
        (folder / f"{name}.png").write_bytes(images[name])
    return images


def _page(text: str, folder: Path) -> Path:
    target, partial = folder / PAGE, folder / f"{PAGE}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, target)
    return target
