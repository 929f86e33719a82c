"""How theories and observables are called in figures and reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sympy as sp
import xarray as xr

from wignercq.model.typeset import name as typeset_name
from wignercq.model.typeset import number
from wignercq.plotting.style import DASHES
from wignercq.results.variables import CENTRE

COLOURS: Mapping[str, str] = {
    "fokker_planck": "#d55e00",
    "first_order": "#009e73",
    "closure": "#0072b2",
    "linearised": "#cc79a7",
    "trajectories": "#000000",
    "mean_field": "#56b4e9",
    "semiclassical": "#8c564b",
    "thermal": "#e69f00",
}
LINES: Mapping[str, Any] = dict(
    zip(COLOURS, (*(DASHES[k] for k in (0, 2, 1, 3, 4, 5)), (0, (1, 2)), (0, (6, 1, 2, 1))), strict=True)
)
MARKS = dict(zip(COLOURS, ("o", "P", "s", "D", "X", "p", "*", "h"), strict=True))  # triangles mean never
OTHERS: Mapping[str, str] = {
    "energy": r"$\langle H \rangle$",
    "energy_classical": r"$\langle H_\mathrm{C} \rangle$",
    "energy_quantum": r"$\langle H_\mathrm{Q} \rangle$",
    "energy_interaction": r"$\langle V_\mathrm{I} \rangle$",
    "occupation": "occupation $n$",
    "purity": r"purity $\mathrm{Tr}\,\hat{\rho}^2$",
    "negativity": "negativity",
    "gap": r"slowest decay rate $\Gamma_1$",
    "W": "$W$",
    "density_matrix": r"$\hat{\rho}$",
}


def observable(name: str) -> str:
    """The symbol of an observable, as mathtext."""
    kind, _, variables = name.partition("_")
    if kind == "mean":
        return rf"$\langle {variables} \rangle$"
    if kind == "cov":
        return rf"$\sigma_{{{variables}}}$"
    return OTHERS.get(name) or name.replace("_", " ")


def variable(dataset: xr.Dataset, name: str) -> str:
    """The symbol of a variable of phase space on the axes of a dataset, as mathtext."""
    return rf"${name} - {name}_\mathrm{{c}}$" if CENTRE in dataset else f"${name}$"


def swept(name: str) -> str:
    """The symbol of a swept number, as mathtext."""
    known = {
        "hbar": r"\hbar",
        "temperature": r"k_\mathrm{B} T",
        "classical_mass": "M",
        "quantum_mass": "m",
        "friction": r"\alpha",
        "diffusion": "D_2",
        "decoherence": "D_0",
        "lam": r"\lambda",
    }
    last = name.rpartition(".")[2]
    return f"${known[last] if last in known else typeset_name(sp.Symbol(last))}$"


def value(name: str, number_: float) -> str:
    """A swept number and its value, as mathtext."""
    return f"{swept(name)[:-1]} = {number(number_, 4)}$"


def distinct(dataset: xr.Dataset) -> list[str]:
    """Theories other than the exact one that somewhere in a dataset have a result and an equation of their own."""
    same = dataset["note"].str.startswith("the same equation as")
    results = dataset["final_error" if "failure" in dataset else "error"].notnull()
    own = results.any([dim for dim in results.dims if dim not in same.dims]) & ~same
    return [str(name) for name in dataset["theory"].values[1:] if bool(own.sel(theory=name).any())]


def full_name(plane: object, names: Collection[str]) -> object:
    """What is meant by the letters of a plane, such as "xy" or ("q", "p")."""
    letters = "".join(plane) if isinstance(plane, tuple) and all(isinstance(part, str) for part in plane) else plane
    return next((name for name in names if name.rpartition("_")[2] == letters), letters)
