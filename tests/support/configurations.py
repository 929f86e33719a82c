"""Configuration files: a comparison in which every number differs, and what a test puts in the place of its tables."""

from __future__ import annotations

import json
from typing import Any

Table = dict[str, Any]

EXTENTS = ((-4.9, 5.0), (-6.6, 6.5), (-4.6, 4.5), (-5.1, 5.2))


def box(*points: int, extents: tuple[tuple[float, float], ...] = EXTENTS) -> Table:
    """The table of a grid with so many points along q, p, x and y."""
    return {name: {"extent": ends, "points": n} for name, ends, n in zip("qpxy", extents, points, strict=True)}


def configuration(*, quartic: bool = True, **tables: Table) -> str:
    """The text of a configuration; a table given here, under the last word of its name, replaces the one below."""
    base = {
        "model": {"hbar": 0.7},
        "classical": {"mass": 1.7, "potential": "k_C*q**2/2", "friction": 0.35, "diffusion": 0.6},
        "quantum": {"mass": 0.8, "potential": "k_Q*x**2/2" + " + g*x**4/4" * quartic},
        "interaction": {"potential": "lam*(q - x)**2/2"},
        "parameters": {"k_C": 1.3, "k_Q": 0.9, **({"g": 0.2} if quartic else {}), "lam": 0.4},
        "initial": {
            "kind": "coherent",
            "mean": [0.4, -0.3, -0.2, 0.3],
            "classical_covariance": [0.5, 0.6],
            "frequency": 1.2,
        },
        "grid": box(16, 18, 20, 22),
        "run": {"duration": 0.6, "outputs": 5, "tolerance": 1e-4},
        "compare": {"observables": ["cov_xx", "W", "mean_p"]},
    }
    lines = ["# Every number differs."]
    for name, table in {**base, **tables}.items():
        within = "model." if name in ("classical", "quantum", "interaction", "parameters") else ""
        lines += [f"[{within}{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())] if table else []
    return "\n".join([*lines, ""])


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)
