"""The engines by the names that a user gives."""

from __future__ import annotations

from importlib import import_module

from wignercq.errors import InputError
from wignercq.propagation.engines.base import Engine

#: Module and class of each engine; what an engine stands on is imported when it is asked for.
ENGINES = {
    "tiled": ("wignercq.propagation.engines.tiled", "TiledEngine"),
    "array": ("wignercq.propagation.engines.array", "ArrayEngine"),
    "jax": ("wignercq.propagation.engines.jax", "JaxEngine"),
}
#: The engine that takes the place of the default one where it can; nobody asks for it.
PLANES = "planes"
UNCOUPLED = {PLANES: ("wignercq.propagation.engines.planes", "PlanesEngine")}


def engine_class(name: str) -> type[Engine]:
    """The engine of a name among :data:`ENGINES` and :data:`UNCOUPLED`.

    InputError where it stands on something that is not installed.
    """
    module, kind = {**ENGINES, **UNCOUPLED}[name]
    try:
        found: type[Engine] = getattr(import_module(module), kind)
    except ModuleNotFoundError as error:
        if error.name not in ("jax", "jaxlib"):
            raise
        expected = "an engine that is installed (pip install 'wignercq[jax]', or 'wignercq[cuda]' for NVIDIA GPUs)"
        raise InputError("engine", expected, repr(name)) from None
    return found
