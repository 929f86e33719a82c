"""What a configuration asks for, carried out: a run or a comparison of theories. Errors name keys of the file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from wignercq.comparison import OBSERVABLES, Breakdown, compare
from wignercq.config import Config
from wignercq.config.keys import KEYS
from wignercq.config.validation import shown
from wignercq.errors import ConfigError, InputError
from wignercq.results.solution import Solution
from wignercq.run.evolve import evolve

#: Settings of a run that a comparison does not have: their defaults, and what is expected.
FIXED: tuple[tuple[str, str, Any, str], ...] = (
    ("run", "save_every", None, "outputs in its place"),
    ("run", "order", 4, "4"),
    ("run", "hbar_order", None, '"exact"'),
    ("run", "precision", "float64", '"float64"'),
    ("run", "engine", "tiled", '"tiled"'),
    ("run", "save_state", False, "false"),
)


def check(config: Config) -> None:
    """Refuse a configuration that asks for what a comparison cannot do.

    Raises
    ------
    ConfigError
    """
    for table, key, default, wanted in FIXED:
        if getattr(config.run, key) != default:
            raise ConfigError(f"{table}.{key}", f"{wanted} for a comparison", shown(getattr(config.run, key)))
    if config.grid.adapt:
        raise ConfigError("grid.adapt", "false for a comparison, whose theories share one grid", "true")
    for name in config.compare.observables:
        if name not in OBSERVABLES:
            raise ConfigError("compare.observables", f"some of {', '.join(OBSERVABLES)}", name)


def execute_run(config: Config, *, checkpoint: Path, resume: bool, progress: bool = False) -> Solution:
    """Carry out the run of a configuration; arguments and errors as in :func:`wignercq.run.evolve.evolve`."""
    run = config.run
    try:
        return evolve(
            config.model,
            config.state,
            grid=config.axes,
            times=run.times,
            tolerance=run.tolerance,
            dt=run.dt,
            order=run.order,
            hbar_order=run.hbar_order,
            precision=run.precision,
            engine=run.engine,
            frames=run.frames,
            keep_state=run.save_state,
            adapt=config.grid.adapt,
            memory_limit=config.grid.memory_limit,
            checkpoint=checkpoint,
            checkpoint_every=run.checkpoint_every,
            resume=resume,
            progress=progress,
        )
    except InputError as error:
        raise error.renamed(KEYS) from None


def execute_comparison(
    config: Config, *, frames: int | None = None, threads: int = 2, progress: bool = False
) -> Breakdown:
    """Carry out the comparison of a configuration that :func:`check` has passed.

    Parameters
    ----------
    config : Config
    frames : int, optional
        Outputs whose planes are kept, in place of ``run.frames``.
    threads : int
    progress : bool
        Show a progress bar.

    Returns
    -------
    Breakdown
        With the configuration and the warnings of the run among its attributes.

    Raises
    ------
    InputError
        Something in the configuration cannot be used.
    ResolutionError
        The grid lost the exact W.
    """
    run = config.run
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = compare(
                config.model,
                config.state,
                duration=run.duration,
                outputs=run.intervals,
                grid=config.axes,
                tolerance=run.accuracy,
                dt=run.dt,
                threshold=config.compare.threshold,
                frames=min(run.frames, run.intervals + 1) if frames is None else frames,
                threads=threads,
                progress=progress,
            )
    except InputError as error:
        raise error.renamed(KEYS) from None
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    result.dataset.attrs["configuration"] = config.text
    result.dataset.attrs["warnings"] = "\n".join(str(warning.message) for warning in caught)
    return result
