"""The engines by the names that a user gives."""

from __future__ import annotations

from importlib import import_module

from wignercq.propagation.engines.base import Engine

#: Module and class of each engine; what an engine stands on is imported when it is asked for.
ENGINES = {
    "tiled": ("wignercq.propagation.engines.tiled", "TiledEngine"),
    "array": ("wignercq.propagation.engines.array", "ArrayEngine"),
}


def engine_class(name: str) -> type[Engine]:
    """The engine of a name among :data:`ENGINES`."""
    module, kind = ENGINES[name]
    found: type[Engine] = getattr(import_module(module), kind)
    return found
