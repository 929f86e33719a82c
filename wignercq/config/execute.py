"""The comparison of theories that a configuration asks for."""

from __future__ import annotations

import warnings
from typing import Any

from wignercq.comparison import OBSERVABLES, Breakdown, compare
from wignercq.config import Config
from wignercq.config.validation import shown
from wignercq.errors import ConfigError, InputError

#: Settings of a run that a comparison does not have: their defaults, and what is expected.
FIXED: tuple[tuple[str, str, Any, str], ...] = (
    ("run", "save_every", None, "outputs in its place"),
    ("run", "order", 4, "4"),
    ("run", "hbar_order", None, '"exact"'),
    ("run", "precision", "float64", '"float64"'),
    ("run", "engine", "tiled", '"tiled"'),
    ("run", "save_state", False, "false"),
)
TABLES = {"duration": "run", "outputs": "run", "tolerance": "run", "dt": "run", "frames": "run", "threshold": "compare"}


def check(config: Config) -> None:
    """Refuse a configuration that asks for what a comparison cannot do.

    Raises
    ------
    ConfigError
    """
    for table, key, default, wanted in FIXED:
        if getattr(config.run, key) != default:
            raise ConfigError(
                f"{table}.{key}: expected {wanted} for a comparison, got {shown(getattr(config.run, key))}"
            )
    if config.grid.adapt:
        raise ConfigError("grid.adapt: expected false for a comparison, whose theories share one grid, got true")
    for name in config.compare.observables:
        if name not in OBSERVABLES:
            raise ConfigError(f"compare.observables: expected some of {', '.join(OBSERVABLES)}, got {name}")


def computed(config: Config, *, frames: int | None = None, threads: int = 2, progress: bool = False) -> Breakdown:
    """The comparison of a configuration that :func:`check` has passed.

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
        Something in the configuration cannot be used; the message begins with the key.
    ResolutionError
        The grid lost the exact W.
    """
    run = config.run
    outputs = 20 if run.outputs is None else run.outputs
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = compare(
                config.model,
                config.state,
                duration=run.duration,
                outputs=outputs,
                grid=config.axes,
                tolerance=run.accuracy,
                dt=run.dt,
                threshold=config.compare.threshold,
                frames=min(run.frames, outputs + 1) if frames is None else frames,
                threads=threads,
                progress=progress,
            )
    except InputError as error:
        table = TABLES.get(str(error).partition(":")[0])
        raise InputError(f"{table}.{error}" if table else str(error)) from None
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    result.dataset.attrs["configuration"] = config.text
    result.dataset.attrs["warnings"] = "\n".join(str(warning.message) for warning in caught)
    return result
