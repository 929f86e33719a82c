"""What makes two configurations the same: everything but the settings that do not change what is computed."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import Any

from wignercq.config.config import Config
from wignercq.results.provenance import __version__

FREE_IN_A_RUN = (("run", "checkpoint_every"), ("grid", "memory_limit"))  # may differ from those of a resumed run
#: May differ between two points of sweeps that are the same.
FREE_IN_A_POINT = (*FREE_IN_A_RUN, ("run", "frames"), ("run", "save_state"), ("compare", "observables"))


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


def point_identity(config: Config) -> str:
    """A name for everything that decides the result of a point of a sweep."""
    tables: dict[str, Any] = {name: dict(table) for name, table in config.tables.items()}
    for table, key in FREE_IN_A_POINT:
        del tables[table][key]
    text = json.dumps([__version__, tables], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
