"""What a configuration asks for, carried out: a run, a comparison or a steady state. Errors name keys of the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wignercq.comparison import OBSERVABLES, Breakdown, compare
from wignercq.config import Config
from wignercq.config.keys import KEYS
from wignercq.config.lines import lines_of
from wignercq.config.validation import shown
from wignercq.errors import ConfigError, InputError, StoppedError, suggestion
from wignercq.results.solution import Solution
from wignercq.results.variables import DESCRIPTIONS
from wignercq.run.evolve import asked, evolve
from wignercq.run.progress import Progress
from wignercq.run.rehearsal import Rehearsal, rehearse
from wignercq.steady import SteadyState, steady_state
from wignercq.steady.result import DRIFT_VARIABLES, MODE_VARIABLES, NUMBERS

#: Names of the result of a sweep of steady states.
TAKEN = {
    *(*DESCRIPTIONS, *MODE_VARIABLES, *DRIFT_VARIABLES, *NUMBERS),
    *("time_step", "time_error_estimate", "wall_time", "failure", "grid", "warnings", "z", "z2", "axis", "mode"),
}


def check(config: Config) -> None:
    """Refuse, with ConfigError, a configuration that asks for what a comparison cannot do."""
    for key, default, wanted in (
        ("hbar_order", None, '"exact"'),
        ("save_state", False, "false"),
        ("observables", {}, "none"),
        ("devices", None, "none"),
    ):
        value = getattr(config.run, key)
        if value != default:
            raise ConfigError(f"run.{key}", f"{wanted} for a comparison", shown(value))
    if config.grid.frame == "moving":
        raise ConfigError("grid.frame", '"fixed" or "auto" for a comparison', shown(config.grid.frame))
    for name in ("mean_field", "semiclassical"):
        if getattr(config.compare, name) and not config.compare.trajectories:
            raise ConfigError(f"compare.{name}", "compare.trajectories, over which it is averaged", "none")
    for name in config.compare.observables:
        if name not in OBSERVABLES:
            raise ConfigError(
                "compare.observables", f"some of {', '.join(OBSERVABLES)}", name + suggestion(name, OBSERVABLES)
            )


def execute_run(
    config: Config,
    *,
    checkpoint: Path,
    resume: bool,
    threads: int | None = None,
    progress: bool | Progress = False,
) -> Solution:
    """Carry out the run of a configuration; arguments and errors as in :func:`wignercq.run.evolve.evolve`.

    `threads` takes the place of ``run.threads``.
    """
    with _errors_name_keys(config):
        return evolve(
            config.model,
            config.state,
            **_asked(config, threads),
            checkpoint_every=config.run.checkpoint_every,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )


def rehearse_run(config: Config, *, threads: int | None = None, progress: bool | Progress = False) -> Rehearsal:
    """What the run of a configuration will take; errors are those of :func:`execute_run` before the first step."""
    with _errors_name_keys(config):
        return rehearse(asked(config.model, config.state, **_asked(config, threads)), progress=progress)


def _asked(config: Config, threads: int | None) -> dict[str, Any]:
    """What a configuration asks of a run, as arguments; `threads` take the place of ``run.threads``."""
    run = config.run
    return {
        "duration": None,
        "outputs": None,
        "times": None,
        **run.when,
        "tolerance": run.tolerance,
        "hbar_order": run.hbar_order,
        "observables": run.observables or None,
        "devices": run.devices,
        "frames": run.frames,
        "keep_state": run.save_state,
        "frame": config.grid.frame,
        "threads": run.threads if threads is None else threads,
        **_settings(config),
    }


def execute_comparison(
    config: Config,
    *,
    frames: int | None = None,
    threads: int | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: bool | Progress = False,
) -> Breakdown:
    """Carry out the comparison of a configuration that :func:`check` has passed.

    The result has the configuration and the warnings of the run among its attributes. `frames` is the number of outputs
    whose planes are kept, in place of ``run.frames``, `threads` takes the place of ``run.threads``; other arguments and
    errors are those of :func:`wignercq.run.evolve.evolve`.
    """
    run = config.run
    caught: list[warnings.WarningMessage] = []

    def marked(result: Breakdown) -> Breakdown:
        result.dataset.attrs["configuration"] = config.text
        result.dataset.attrs["warnings"] = "\n".join(str(warning.message) for warning in caught)
        return result

    try:
        with warnings.catch_warnings(record=True) as caught, _errors_name_keys(config):
            warnings.simplefilter("always")
            result = compare(
                config.model,
                config.state,
                **run.when,
                tolerance=run.accuracy,
                threshold=config.compare.threshold,
                trajectories=config.compare.trajectories,
                mean_field=config.compare.mean_field,
                semiclassical=config.compare.semiclassical,
                thermal=config.compare.thermal,
                seed=config.compare.seed,
                frames=_frames(config) if frames is None else frames,
                threads=run.threads if threads is None else threads,
                checkpoint=checkpoint,
                checkpoint_every=run.checkpoint_every,
                resume=resume,
                progress=progress,
                **_settings(config),
            )
        return marked(result)
    except StoppedError as error:
        if error.solution is not None:
            marked(error.solution)
        raise
    finally:
        for warning in caught:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def check_steady(config: Config) -> None:
    """Refuse, with ConfigError, a sweep of numbers that a steady state does not depend on, or whose name it uses."""
    for axis in config.sweep.axes if config.sweep is not None else ():
        if axis.name in TAKEN or axis.name in config.run.observables:
            raise ConfigError(f"sweep.{axis.name}", "a name that the result does not use itself", axis.name)
        if axis.key.startswith("initial."):
            raise ConfigError(
                f"sweep.{axis.name}", "a number of the model, for steady states", "one of the initial state"
            )


def execute_steady(
    config: Config,
    *,
    threads: int | None = None,
    start: SteadyState | None = None,
    checkpoint: Path | None = None,
    progress: bool | Progress = False,
) -> SteadyState:
    """Find the steady state of the model of a configuration.

    Arguments and errors are those of :func:`wignercq.steady.steady_state`.
    """
    run, own = config.run, config.steady
    keys = {name: f"steady.{name}" for name in ("tolerance", "dt") if getattr(own, name) or not getattr(run, name)}
    with _errors_name_keys(config, keys):
        return steady_state(
            config.model,
            grid=config.axes or None,
            tolerance=config.steady_tolerance,
            dt=config.steady_dt,
            order=run.order,
            hbar_order=run.hbar_order,
            engine=run.engine,
            threads=run.threads if threads is None else threads,
            memory_limit=config.grid.memory_limit,
            start=start,
            observables=run.observables or None,
            checkpoint=checkpoint,
            checkpoint_every=run.checkpoint_every,
            progress=progress,
        )


def _frames(config: Config) -> int:
    """Number of outputs whose planes are kept."""
    outputs, frames = len(config.run.times), config.run.frames
    return outputs if isinstance(frames, str) else min(frames, outputs)


def _settings(config: Config) -> dict[str, Any]:
    """What a run and a comparison are asked alike."""
    run, grid = config.run, config.grid
    return {
        "grid": config.axes,
        "adapt": grid.adapt,
        "memory_limit": grid.memory_limit,
        **{name: getattr(run, name) for name in ("dt", "order", "precision", "engine", "on_unresolved")},
    }


@contextmanager
def _errors_name_keys(config: Config, keys: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        named = error.renamed({**KEYS, **keys})
        named.line = None if isinstance(named.args[0], Path) else lines_of(config.text).find(named.argument)
        raise named from None
