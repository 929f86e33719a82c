"""The engines by the names that a user gives."""

from __future__ import annotations

from importlib import import_module

from wignercq.propagation.engines.base import Engine

#: Module and class of each engine; what an engine stands on is imported when it is asked for.
ENGINES = {
    "tiled": ("wignercq.propagation.engines.tiled", "TiledEngine"),
    "array": ("wignercq.propagation.engines.array", "ArrayEngine"),
}
#: The engine that takes the place of the default one where it can; nobody asks for it.
PLANES = "planes"
UNCOUPLED = {PLANES: ("wignercq.propagation.engines.planes", "PlanesEngine")}


def engine_class(name: str) -> type[Engine]:
    """The engine of a name among :data:`ENGINES` and :data:`UNCOUPLED`."""
    module, kind = {**ENGINES, **UNCOUPLED}[name]
    found: type[Engine] = getattr(import_module(module), kind)
    return found
