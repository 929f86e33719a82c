"""Comparisons at the command line: from their files, into their files, figures and page."""

from __future__ import annotations

from pathlib import Path

from wignercq import report
from wignercq.cli.cluster import Means
from wignercq.cli.run_files import Output, is_result_of, up_to
from wignercq.comparison import Breakdown
from wignercq.config import Config
from wignercq.config.execute import execute_comparison
from wignercq.run.progress import Progress
from wignercq.sweep import SweepResult, run_sweep


def compare_theories(
    files: Output,
    settings: Config,
    points: Path,
    *,
    means: Means,
    resume: bool,
    force: bool,
    threads: int | None,
    quiet: bool,
    progress: Progress,
) -> Breakdown | SweepResult | None:
    """Compare theories, at every point of a sweep if there is one, and write result, figures and page.

    None where they are there already.
    """
    folder = files.target.parent
    if settings.sweep is not None:
        files.require_gathered(SweepResult, points, force=force)
        result: Breakdown | SweepResult = run_sweep(
            settings, points, threads=threads, progress=progress, **means.of_a_sweep
        )
    else:
        same = is_result_of(settings, Breakdown)
        if files.settled(same, resume=resume, force=force, quiet=quiet, progress=progress):
            if not (folder / report.PAGE).exists():
                report.write_report(Breakdown.load(files.target), settings, folder, progress.tell)
            return None
        result = _compared(files, settings, resume, threads, progress)
    progress.tell(f"writing {files.target.name}")
    files.save(result, settings)
    report.write_report(result, settings, folder, progress.tell)
    files.checkpoints.discard()
    return result


def _compared(files: Output, settings: Config, resume: bool, threads: int | None, progress: Progress) -> Breakdown:
    """A comparison, of which what there is is saved when it is stopped."""
    if resume:
        files.require_resumable()
    with files.saving(settings, up_to(files)):
        place = files.checkpoints.path
        return execute_comparison(settings, threads=threads, checkpoint=place, resume=resume, progress=progress)
