"""The command ``wignercq``. Exit codes: 0 done, 2 bad input, 3 resolution lost, 130 interrupted."""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import xarray as xr
from tqdm import tqdm

from wignercq.config import Config
from wignercq.errors import InputError, Interrupted, ResolutionError, ResolutionWarning, StoppedError
from wignercq.evolve import evolve
from wignercq.gaussian import LinearModel
from wignercq.solution import Solution
from wignercq.summary import accuracy_lines, description, final_table

BAD_INPUT, UNRESOLVED, INTERRUPTED = 2, 3, 130
RUN_ARGUMENTS = ("duration", "tolerance", "dt", "order", "precision", "engine", "frames")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `arguments` default to those of the process."""
    try:
        commands.main(args=None if arguments is None else list(arguments), prog_name="wignercq", standalone_mode=False)
    except InputError as error:
        return _fail(str(error), BAD_INPUT)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} Try wignercq --help", BAD_INPUT)
    except ResolutionError as error:
        return _fail(str(error), UNRESOLVED)
    except (Interrupted, KeyboardInterrupt, click.Abort) as error:
        return _fail(str(error) or "interrupted", INTERRUPTED)
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
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def run(config: Path, output: Path | None, quiet: bool) -> None:
    """Evolve the state of CONFIG and write the result as NetCDF."""
    settings = Config.load(config)
    target = output if output is not None else Path(config.stem + ".nc")
    _require_writable(target, config)
    try:
        with _warnings_as_lines():
            solution = _evolve(settings, progress=sys.stderr.isatty() and not quiet)
    except StoppedError as error:
        if error.solution is None:
            raise
        error.solution.dataset.attrs["stopped"] = str(error)
        _save(error.solution, settings, target)
        raise type(error)(f"{error}; result up to t = {error.solution.time[-1]:.6g} saved in {target}") from None
    _save(solution, settings, target)
    if not quiet:
        click.echo(final_table(solution.dataset, _theory(settings)))
        click.echo(f"\n{accuracy_lines(solution.dataset)}\n{'written':<16}{target}")


@commands.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def theory(config: Path, as_json: bool) -> None:
    """Print what the Gaussian theory says about the model of CONFIG."""
    from wignercq.gaussian.report import format_report, theory_report

    report = theory_report(Config.load(config).model)
    click.echo(json.dumps(report, indent=2, allow_nan=False) if as_json else format_report(report))


@commands.command()
@click.argument("result", type=click.Path(path_type=Path))
def info(result: Path) -> None:
    """Print what the file RESULT holds and how it was made."""
    dataset = _load(result)
    settings = _configuration(dataset)
    click.echo(description(dataset))
    click.echo(f"{accuracy_lines(dataset)}\n\n{final_table(dataset, _theory(settings))}")


@commands.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder, made if missing.")
def plot(result: Path, output: Path) -> None:
    """Draw the file RESULT: planes.png, moments.png and diagnostics.png."""
    from wignercq.plotting import plot_diagnostics, plot_moments, plot_planes

    dataset = _load(result)
    settings = _configuration(dataset)
    figures = {
        "planes": plot_planes(dataset),
        "moments": plot_moments(dataset, _theory(settings)),
        "diagnostics": plot_diagnostics(dataset),
    }
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            figure.savefig(output / f"{name}.png", dpi=200)
            click.echo(str(output / f"{name}.png"))
    except OSError as error:
        raise InputError(f"{output}: expected a folder to write to, got: {error.strerror}") from None


def _evolve(settings: Config, *, progress: bool) -> Solution:
    chosen = settings.run
    try:
        return evolve(
            settings.model,
            settings.state,
            grid=settings.axes,
            times=chosen.times,
            tolerance=chosen.accuracy,
            dt=chosen.dt,
            order=chosen.order,
            hbar_order=chosen.hbar_order,
            precision=chosen.precision,
            engine=chosen.engine,
            frames=chosen.frames,
            keep_state=chosen.save_state,
            progress=progress,
        )
    except InputError as error:
        argument = str(error).partition(":")[0]
        prefix = "run." if argument in RUN_ARGUMENTS else ""
        raise InputError(f"{prefix}{error}") from None


def _theory(settings: Config | None) -> LinearModel | None:
    if settings is None or not settings.model.is_quadratic:
        return None
    return LinearModel.from_model(settings.model)


def _configuration(dataset: xr.Dataset) -> Config | None:
    """The configuration in a result; None when it was made from Python."""
    text = dataset.attrs.get("configuration")
    return None if text is None else Config.from_text(text, name="configuration in the result")


def _load(path: Path) -> xr.Dataset:
    if path.is_dir():
        raise InputError(f"{path}: expected a result file, got a folder")
    return Solution.load(path).dataset


def _save(solution: Solution, settings: Config, target: Path) -> None:
    solution.dataset.attrs["configuration"] = settings.text
    try:
        solution.save(target)
    except OSError as error:
        raise InputError(f"{target}: expected a file that can be written, got: {error.strerror or error}") from None


def _require_writable(target: Path, config: Path) -> None:
    """Refuse, before anything is computed, a result file that could not be written in the end."""
    if target.is_dir():
        raise InputError(f"{target}: expected a file to write, got a folder")
    if target.exists() and target.samefile(config):
        raise InputError(f"{target}: expected a result file, got the configuration itself")
    if not target.parent.is_dir():
        raise InputError(f"{target}: expected a file in an existing folder, got {target.parent}, which is none")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise InputError(f"{target}: expected a folder that can be written to, got: {error.strerror}") from None


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print every ResolutionWarning as one line on stderr, without breaking a progress bar."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ResolutionWarning)
        otherwise = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None) -> None:  # type: ignore[no-untyped-def]
            if issubclass(category, ResolutionWarning):
                tqdm.write(f"wignercq: warning: {message}", file=sys.stderr)
            else:
                otherwise(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


if __name__ == "__main__":
    sys.exit(main())
