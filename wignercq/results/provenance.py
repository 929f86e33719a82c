"""With which program and libraries a result was made."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

__version__ = version("wignercq")
VERSIONED = ("wignercq", "numpy", "scipy", "sympy", "pyfftw", "xarray")


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in VERSIONED}}


def listed_versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
