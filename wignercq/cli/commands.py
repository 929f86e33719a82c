"""The command ``wignercq``.

Exit codes: 0 done, 2 bad input, 3 resolution lost or tolerance not reached, 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wignercq.cli.figure_files import Drawn, Inches, Names
from wignercq.cli.surroundings import (
    configuration_in,
    floats_suffice,
    showing,
    theory_of,
    warnings_as_lines,
    writing_to,
)
from wignercq.errors import ConvergenceError, InputError, Interrupted, ResolutionError, StoppedError

if TYPE_CHECKING:  # the commands import what they need, so that --help is there at once
    from wignercq.cli.run_files import Output
    from wignercq.comparison import Breakdown
    from wignercq.config import Config
    from wignercq.results.result import Result
    from wignercq.run.progress import Progress
    from wignercq.steady import SteadyState
    from wignercq.sweep import SteadySweep, SweepResult

BAD_INPUT, UNRESOLVED, SIGNALLED = 2, 3, 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `arguments` default to those of the process."""
    try:
        commands.main(args=None if arguments is None else list(arguments), prog_name="wignercq", standalone_mode=False)
    except InputError as error:
        return _fail(str(error), BAD_INPUT)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} Try wignercq --help", BAD_INPUT)
    except (ResolutionError, ConvergenceError) as error:
        return _fail(str(error), UNRESOLVED)
    except Interrupted as error:
        return _fail(str(error), SIGNALLED + error.signal)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", SIGNALLED + signal.SIGINT)
    return 0


def _fail(message: str, code: int) -> int:
    click.echo(f"wignercq: {' '.join(message.split())}", err=True)
    return code


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
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def run(config: Path, output: Path | None, resume: bool, quiet: bool) -> None:
    """Evolve the state of CONFIG and write the result as NetCDF."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.cli.run_files import Output
        from wignercq.config import Config
        from wignercq.config.execute import execute_run
        from wignercq.results.solution import Solution

        settings = Config.load(config)
        files = Output(output if output is not None else Path(config.stem + ".nc"))
        with files.reserved(config), warnings_as_lines(progress):
            if files.settled(lambda: files.finished(settings, Solution), resume=resume, quiet=quiet, progress=progress):
                return
            with files.saving(settings, _up_to(files)):
                solution = execute_run(settings, checkpoint=files.checkpoints.path, resume=resume, progress=progress)
            progress.tell(f"writing {files.target.name}")
            files.save(solution, settings)
            files.checkpoints.discard()
        summary = None if quiet else solution.summary(theory_of(settings))
    if summary is not None:
        click.echo(f"{summary}\n{'written':<16}{files.target}")


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
@click.option("--processes", type=click.IntRange(min=1), help="Of a sweep; default: one per core.")
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def compare(config: Path, output: Path, resume: bool, processes: int | None, quiet: bool) -> None:
    """Compare theories on the model of CONFIG, at every point of [sweep] if there is one: a NetCDF file, figures and
    report.html. A sweep that was stopped goes on anyway."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.cli.run_files import Output
        from wignercq.comparison import Breakdown
        from wignercq.config import Config
        from wignercq.config.execute import check
        from wignercq.report import PAGE, write_report

        settings = Config.load(config)
        check(settings)
        files = Output(output / ("breakdown.nc" if settings.sweep is None else "sweep.nc"))
        with writing_to(output), warnings_as_lines(progress):
            output.mkdir(parents=True, exist_ok=True)
            with files.reserved(config):
                if settings.sweep is None and files.settled(
                    lambda: files.finished(settings, Breakdown), resume=resume, quiet=quiet, progress=progress
                ):
                    if not (output / PAGE).exists():
                        write_report(Breakdown.load(files.target), settings, output, progress.tell)
                    return
                result = _compare(settings, files, resume, processes or _cores(), progress)
                progress.tell(f"writing {files.target.name}")
                files.save(result, settings)
                page = write_report(result, settings, output, progress.tell)
                files.checkpoints.discard()
    if not quiet:
        click.echo(f"{result.summary()}\n{'written':<14} {files.target}, {page}")
    _require_all(result, files)


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Result file; default: CONFIG's name with _steady.nc here."
)
@click.option("--resume", is_flag=True, help="Go on from the best W of a search that did not finish.")
@click.option("--processes", type=click.IntRange(min=1), help="Of a sweep; default: one per core.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
def steady(config: Path, output: Path | None, resume: bool, processes: int | None, quiet: bool) -> None:
    """Find the steady state of the model of CONFIG, at every point of [sweep] if there is one, and write it as NetCDF.

    A sweep that was stopped goes on anyway."""
    with showing(f"reading {config.name}", quiet) as progress:
        from wignercq.cli.run_files import Output
        from wignercq.cli.steady_files import find_steady_state, find_steady_states
        from wignercq.config import Config
        from wignercq.config.execute import check_steady

        settings = Config.load(config, runs=False)
        check_steady(settings)
        files = Output(output if output is not None else Path(config.stem + "_steady.nc"))
        result: SteadyState | SteadySweep | None
        with files.reserved(config), warnings_as_lines(progress):
            if settings.sweep is None:
                result = find_steady_state(files, settings, resume=resume, quiet=quiet, progress=progress)
            else:
                result = find_steady_states(files, settings, processes or _cores(), progress)
    if result is None:
        return
    if not quiet:
        click.echo(f"{result.summary()}\n{'written':<16}{files.target}")
    _require_all(result, files)


@commands.command()
@click.argument("result", type=click.Path(path_type=Path))
def info(result: Path) -> None:
    """Print what the file RESULT holds and how it was made."""
    with showing(f"reading {result.name}"):
        from wignercq.results.solution import Solution
        from wignercq.results.summary import accuracy_lines, description, final_table
        from wignercq.steady.result import SteadyState
        from wignercq.sweep.loading import load

        loaded = load(result)
        dataset = loaded.dataset
        if isinstance(loaded, SteadyState):
            text = f"{description(dataset)}\n\n{loaded.summary()}"
        elif isinstance(loaded, Solution):
            theory = theory_of(configuration_in(dataset))
            text = f"{description(dataset)}\n{accuracy_lines(dataset)}\n\n{final_table(dataset, theory)}"
        else:
            text = loaded.summary()
    click.echo(text)


@commands.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder, made if missing.")
@click.option("--format", "suffix", type=click.Choice(["png", "pdf", "svg"]), default="png", show_default=True)
@click.option("--dpi", type=click.FloatRange(10, 2000), help="Dots per inch; default: 200, of animations 110.")
@click.option("--size", type=Inches(), help="Inches, 3.4 or 7x5; default: two columns of a page, 7.")
@click.option("--frames", type=click.IntRange(min=1), help="So many times, spread over the run; default: what fits.")
@click.option("--only", type=Names(), default=(), help="Figures by name, as in planes,moments; default: all.")
@click.option("--animate", "moving", is_flag=True, help="Write planes.mp4 or planes.gif of all frames instead.")
def plot(
    result: Path,
    output: Path,
    suffix: str,
    dpi: float | None,
    size: tuple[float, ...] | None,
    frames: int | None,
    only: tuple[str, ...],
    moving: bool,
) -> None:
    """Draw the file RESULT of a run, a steady state, a comparison, a sweep or of two-time functions."""
    with showing(f"reading {result.name}") as progress:
        from wignercq.sweep.loading import load

        loaded = load(result)
        drawn = Drawn(output, suffix, dpi, frames, size, only)
        written = drawn.animation(loaded, progress) if moving else drawn.figures(loaded, progress)
    for path in written:
        click.echo(str(path))


def _up_to(files: Output) -> Callable[[StoppedError], str]:
    """What is said of a run or comparison that was saved when it stopped."""

    def said(error: StoppedError) -> str:
        saved = f"result up to t = {error.solution.time[-1]:.6g} saved in {files.target}"
        resumable = isinstance(error, Interrupted) and files.checkpoints.exist()
        return f"{saved}; go on with --resume" if resumable else saved

    return said


def _compare(
    settings: Config, files: Output, resume: bool, processes: int, progress: Progress
) -> Breakdown | SweepResult:
    """A comparison, of which what there is is saved when it is stopped, or a sweep, whose points are kept anyway."""
    if settings.sweep is not None:
        from wignercq.sweep import run_sweep

        return run_sweep(settings, files.target.with_name("points"), processes=processes, progress=progress)
    from wignercq.config.execute import execute_comparison

    with files.saving(settings, _up_to(files)):
        return execute_comparison(settings, checkpoint=files.checkpoints.path, resume=resume, progress=progress)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _require_all(result: Result, files: Output) -> None:
    """ResolutionError where points of a sweep failed."""
    from wignercq.sweep.result import Swept

    if isinstance(result, Swept) and result.failures:
        point, reason = next(iter(result.failures.items()))
        raise ResolutionError(f"{len(result.failures)} points failed, the rest is in {files.target}; {point}: {reason}")
