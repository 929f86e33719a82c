"""The command ``wignercq``.

Exit codes: 0 done, 2 bad input, 3 resolution lost or tolerance not reached, 4 another process of the run is gone,
129 SIGHUP, 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wignercq.cli import together
from wignercq.cli.cluster import Means, over_an_executor, over_points
from wignercq.cli.figure_files import Drawn, Inches, Names
from wignercq.cli.surroundings import (
    GONE,
    configuration_in,
    floats_suffice,
    require_all,
    say_next,
    showing,
    theory_of,
    warnings_as_lines,
    writing_to,
)
from wignercq.errors import ConvergenceError, InputError, Interrupted, ResolutionError, StoppedError

if TYPE_CHECKING:  # the commands import what they need, so that --help is there at once
    from wignercq.cli.run_files import Output
    from wignercq.config import Config
    from wignercq.run.progress import Progress
    from wignercq.steady import SteadyState
    from wignercq.sweep import SteadySweep

BAD_INPUT, UNRESOLVED, SIGNALLED = 2, 3, 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `arguments` default to those of the process."""
    try:
        given = None if arguments is None else list(arguments)
        code = commands.main(args=given, prog_name="wignercq", standalone_mode=False)
    except InputError as error:
        return _fail(str(error), BAD_INPUT)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} Try wignercq --help", BAD_INPUT)
    except (ResolutionError, ConvergenceError) as error:
        return _fail(str(error), UNRESOLVED)
    except Interrupted as error:
        return _fail(str(error), SIGNALLED + error.signal)
    except StoppedError as error:
        return _fail(str(error), GONE)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", SIGNALLED + signal.SIGINT)
    return code or 0  # of click's Exit


def _fail(message: str, code: int) -> int:
    if together.Voice.is_silent:
        return code
    with suppress(OSError):  # a terminal that was closed
        for line in message.splitlines():
            click.echo(f"wignercq: {' '.join(line.split())}", err=True)
    return code


def _options_of_runs(command: Callable[..., None]) -> Callable[..., None]:
    """What all commands take that compute and write."""
    force = click.option("--force", is_flag=True, help="Replace a finished result.")
    threads = click.option(
        "--threads", type=click.IntRange(min=1), help="Worker threads; default: run.threads, or one per core."
    )
    return force(threads(command))


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wignercq")
def commands() -> None:
    """Classical-quantum dynamics: the hybrid Wigner function W(q, p, x, y, t) on a phase-space grid."""


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Result file; default: CONFIG's name with .nc here."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a run that did not finish.")
@_options_of_runs
@click.option("--dry-run", is_flag=True, help="Say what the run would take and what would be refused; write nothing.")
@together.option
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def run(config: Path, output: Path | None, join: str | None, quiet: bool, **asked: Any) -> None:
    """Evolve the state of CONFIG and write the result as NetCDF."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.config import Config

        settings = Config.load(config)
        target = output if output is not None else Path(config.stem + ".nc")
        with together.joined(join, settings, progress) as (files, shown):
            summary = _run(config, settings, files(target), progress=shown, quiet=quiet, **asked)
    if summary and not together.Voice.is_silent:
        click.echo(summary)
        if not asked["dry_run"]:
            say_next(target)


def _run(
    config: Path,
    settings: Config,
    files: Output,
    *,
    resume: bool,
    force: bool,
    threads: int | None,
    dry_run: bool,
    quiet: bool,
    progress: Progress,
) -> str:
    """Carry out a run, or rehearse it; what there is to say in the end."""
    from wignercq.cli.run_files import is_result_of, up_to
    from wignercq.config.execute import execute_run, rehearse_run
    from wignercq.results.solution import Solution

    same = is_result_of(settings, Solution)
    if dry_run:
        files.require_writable(config)
        with warnings_as_lines(progress):
            if not force:
                files.note_finished(same, progress)
            return rehearse_run(settings, threads=threads, progress=progress).summary()
    with files.reserved(config), warnings_as_lines(progress):
        if files.settled(same, resume=resume, force=force, quiet=quiet, progress=progress):
            return ""
        if resume:
            files.require_resumable()
        with files.saving(settings, up_to(files)):
            place = files.checkpoints.path
            solution = execute_run(settings, checkpoint=place, resume=resume, threads=threads, progress=progress)
        progress.tell(f"writing {files.target.name}")
        files.save(solution, settings)
        files.checkpoints.discard()
    return "" if quiet else f"{solution.summary(theory_of(settings))}\n{'written':<16}{files.target}"


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def theory(config: Path, as_json: bool) -> None:
    """Print what the Gaussian theory says about the model of CONFIG."""
    with showing(f"reading {config.name}") as progress:
        from wignercq.config import Config
        from wignercq.gaussian import format_report, theory_report

        model = Config.load(config, runs=False).model
        progress.tell("Gaussian theory of the model")
        with floats_suffice():
            report = theory_report(model)
            text = json.dumps(report, indent=2, allow_nan=False)
        text = text if as_json else format_report(report)
    click.echo(text)


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder, made if missing.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a comparison that did not finish.")
@_options_of_runs
@over_points
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def compare(
    config: Path,
    output: Path,
    resume: bool,
    force: bool,
    threads: int | None,
    means: Means,
    quiet: bool,
) -> None:
    """Compare theories on the model of CONFIG, at every point of [sweep] if there is one: a NetCDF file, figures and
    report.html. A sweep that was stopped goes on anyway."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.cli.comparison_files import compare_theories
        from wignercq.cli.run_files import Output
        from wignercq.config import Config
        from wignercq.config.execute import check
        from wignercq.report import PAGE
        from wignercq.results.whole_file import destination

        settings = Config.load(config)
        check(settings)
        means.require_use(settings)
        files = Output(output / ("breakdown.nc" if settings.sweep is None else "sweep.nc"))
        page, points = output / PAGE, output / "points"
        with writing_to(output), warnings_as_lines(progress):
            output.mkdir(parents=True, exist_ok=True)
            if means.share is not None:
                means.compute_share("comparison", settings, points, threads, progress, quiet)
                return
            destination(page)
            asked: dict[str, Any] = {"resume": resume, "force": force, "quiet": quiet, "progress": progress}
            with files.reserved(config):
                result = compare_theories(files, settings, points, means=means, threads=threads, **asked)
    if result is None:
        return
    if not quiet:
        click.echo(f"{result.summary()}\n{'written':<14} {files.target}, {page}")
    require_all(result, files)
    if not quiet:
        say_next(files.target, f"open {page} in a browser")


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Result file; default: CONFIG's name with _steady.nc here."
)
@click.option("--resume", is_flag=True, help="Go on from the best W of a search that did not finish.")
@_options_of_runs
@over_points
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
def steady(
    config: Path,
    output: Path | None,
    resume: bool,
    force: bool,
    threads: int | None,
    means: Means,
    quiet: bool,
) -> None:
    """Find the steady state of the model of CONFIG, at every point of [sweep] if there is one, and write it as NetCDF.

    A sweep that was stopped goes on anyway."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.cli.run_files import Output
        from wignercq.cli.steady_files import find_steady_state, find_steady_states, points_of
        from wignercq.config import Config
        from wignercq.config.execute import check_steady

        settings = Config.load(config, runs=False)
        check_steady(settings)
        means.require_use(settings)
        files = Output(output if output is not None else Path(config.stem + "_steady.nc"))
        if means.share is not None:
            with warnings_as_lines(progress):
                means.compute_share("steady state", settings, points_of(files), threads, progress, quiet)
            return
        result: SteadyState | SteadySweep | None
        with files.reserved(config), warnings_as_lines(progress):
            if settings.sweep is None:
                asked: dict[str, Any] = {"resume": resume, "quiet": quiet}
                result = find_steady_state(files, settings, threads=threads, force=force, progress=progress, **asked)
            else:
                result = find_steady_states(
                    files, settings, means=means, threads=threads, force=force, progress=progress
                )
    if result is None:
        return
    if not quiet:
        click.echo(f"{result.summary()}\n{'written':<16}{files.target}")
    require_all(result, files)
    if not quiet:
        say_next(files.target)


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Result file; default: CONFIG's name with _paths.nc here."
)
@click.option(
    "--trajectories", "count", type=click.IntRange(min=2), default=1024, show_default=True, help="How many in all."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of their random numbers."
)
@over_an_executor
@click.option("--mixed", is_flag=True, help="Quantum states as the record alone tells them, with their purity; slow.")
@click.option("--two-time", is_flag=True, help="Also covariances of q, p, <x>, <y> at any two outputs.")
@click.option("--resume", is_flag=True, help="Go on where there are fewer, with the same random numbers.")
@click.option("--force", is_flag=True, help="Replace a finished result.")
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def unravel(config: Path, output: Path | None, quiet: bool, **asked: Any) -> None:
    """Average the run of CONFIG over trajectories, each a classical point and a pure quantum state."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.cli.run_files import Output
        from wignercq.cli.trajectory_files import average
        from wignercq.config import Config

        settings = Config.load(config)
        files = Output(output if output is not None else Path(config.stem + "_paths.nc"))
        with files.reserved(config), warnings_as_lines(progress):
            result = average(files, settings, quiet=quiet, progress=progress, **asked)
    if result is not None and not quiet:
        click.echo(f"{result.summary()}\n{'written':<14}{files.target}")
        say_next(files.target)


@commands.command()
@click.argument("result", type=click.Path(path_type=Path))
def info(result: Path) -> None:
    """Print what the file RESULT holds, a checkpoint too: how it was made, what is in it, how far to trust it."""
    with showing(f"reading {result.name}"):
        from wignercq.cli.info import told
        from wignercq.run.array_file import is_archive
        from wignercq.sweep.loading import load

        if is_archive(result):
            from wignercq.cli.checkpoint_info import told_of_checkpoint

            text = told_of_checkpoint(result)
        else:
            loaded = load(result)
            settings = configuration_in(loaded.dataset)
            text = told(loaded, settings, theory_of(settings))
    click.echo(text)


@commands.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder, made if missing."
)
@click.option("--format", "suffix", type=click.Choice(["png", "pdf", "svg"]), default="png", show_default=True)
@click.option("--dpi", type=click.FloatRange(10, 2000), help="Dots per inch; default: 200, of animations 110.")
@click.option("--size", type=Inches(), help="Inches, 3.4 or 7x5; default: two columns of a page, 7.")
@click.option("--frames", type=click.IntRange(min=1), help="So many times, spread over the run; default: what fits.")
@click.option("--only", type=Names(), default=(), help="Figures by name, as in planes,moments; default: all.")
@click.option("--animate", "moving", is_flag=True, help="Write planes.mp4 or planes.gif of all frames instead.")
def plot(result: Path, moving: bool, **asked: Any) -> None:
    """Draw the file RESULT of a run, a steady state, a comparison, a sweep or of two-time functions."""
    with showing(f"reading {result.name}") as progress:
        from wignercq.sweep.loading import load

        loaded = load(result)
        drawn = Drawn(**asked)
        written = drawn.animation(loaded, progress) if moving else drawn.figures(loaded, progress)
    for path in written:
        click.echo(str(path))
