"""The figures and the page of a comparison or a sweep, written."""

from __future__ import annotations

from pathlib import Path

from wignercq.comparison import Breakdown
from wignercq.config import Config
from wignercq.planning.tell import Tell, silent
from wignercq.plotting.figures import figures, write_figures
from wignercq.report import PAGE
from wignercq.report.comparison import comparison_report
from wignercq.report.sweep import sweep_report
from wignercq.results.whole_file import whole_file
from wignercq.sweep import SweepResult

RESOLUTION = 160  # dots per inch


def write_report(result: Breakdown | SweepResult, config: Config, folder: Path, tell: Tell = silent) -> Path:
    """Write the figures and the page of a comparison or a sweep into a folder; the path of the page.

    The page appears whole or not at all; OSError where something cannot be written.
    """
    tell("figures")
    images = write_figures(figures(result.dataset, config.compare.observables), folder, RESOLUTION, tell)
    tell(f"writing {PAGE}")
    if isinstance(result, Breakdown):
        text = comparison_report(result, config, images)
    else:
        text = sweep_report(result, config, images)
    with whole_file(folder / PAGE) as partial:
        partial.write_text(text, encoding="utf-8")
    return folder / PAGE
