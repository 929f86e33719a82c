"""What makes two configurations the same: everything but the settings that do not change what is computed."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from typing import Any

from wignercq.config.config import Config
from wignercq.errors import ConfigError
from wignercq.grid.grid import NAMES
from wignercq.results.provenance import __version__

#: May differ from those of a resumed run.
FREE_IN_A_RUN = (("run", "checkpoint_every"), ("run", "threads"), ("run", "devices"), ("grid", "memory_limit"))
#: May differ between two points of sweeps that are the same.
FREE_IN_A_POINT = (
    *FREE_IN_A_RUN,
    *(("run", key) for key in ("frames", "save_state", "observables")),
    ("compare", "observables"),
)

STEADY_KEYS = ("order", "hbar_order", "engine")  # of [run], that a search for a steady state heeds


def are_same(text: str, other: str) -> bool:
    """Whether two texts are configurations of the same run."""
    return _essence(text) == _essence(other)


def _essence(text: str) -> dict[str, Any]:
    """A configuration without what does not change the result; empty when it is none."""
    try:
        data = tomllib.loads(text)
    except ValueError:
        return {}
    for table, key in FREE_IN_A_RUN:
        if isinstance(data.get(table), dict):
            data[table].pop(key, None)
    return {name: table for name, table in data.items() if table != {}}


def seek_the_same(text: str, other: str) -> bool:
    """Whether two texts are configurations whose steady states are the same search."""
    try:
        one, another = (steady_identity(Config.from_text(each, runs=False)) for each in (text, other))
    except ConfigError:
        return False
    return one == another


def point_identity(config: Config) -> str:
    """A name for everything that decides the result of a point of a sweep, a comparison."""
    tables: dict[str, Any] = {name: dict(table) for name, table in config.tables.items() if name != "steady"}
    tables["initial"] = config.initial and config.initial.identity
    for table, key in FREE_IN_A_POINT:
        del tables[table][key]
    return _name(tables)


def steady_identity(config: Config) -> str:
    """A name for everything that decides a steady state."""
    tables = config.tables
    return _name(
        {
            "model": tables["model"],
            "grid": {name: tables["grid"][name] for name in NAMES},
            "steady": {"tolerance": config.steady_tolerance, "dt": config.steady_dt},
            "run": {name: tables["run"][name] for name in STEADY_KEYS},
            "observables": tables["run"]["observables"],
        }
    )


def _name(tables: Mapping[str, Any]) -> str:
    text = json.dumps([__version__, tables], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
