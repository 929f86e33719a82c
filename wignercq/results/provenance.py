"""With which program and libraries a result was made."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wignercq.model.model import Model

__version__ = version("wignercq")
MODEL = "model_definition"  # attribute with the arguments of the model
VERSIONED = ("wignercq", "numpy", "scipy", "sympy", "pyfftw", "xarray")


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in VERSIONED}}


def program(made_with: Mapping[str, str]) -> dict[str, str]:
    """Program and libraries as attributes of a result, from :func:`versions`."""
    others = {name: number for name, number in made_with.items() if name != "wignercq"}
    return {"wignercq_version": made_with["wignercq"], "versions": listed_versions(others)}


def solved(model: Model) -> dict[str, Any]:
    """What was solved, as attributes of a result."""
    from wignercq.model.definition import definition_of  # here, since results are read without SymPy

    definition = definition_of(model)
    readable = {} if definition is None else {MODEL: definition}
    numbers = {name: getattr(model, name) for name in ("hbar", "classical_mass", "quantum_mass")}
    return {"model": str(model), **readable, **numbers}


def listed_versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
