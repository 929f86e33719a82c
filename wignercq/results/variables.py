"""The vocabulary of a result: its variables, their dimensions and meanings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from wignercq.grid.grid import NAMES, RELATIVE_TO

if TYPE_CHECKING:
    import numpy as np

ROW_DIMENSIONS = {"mean": ("z",), "covariance": ("z", "z2"), "edge_mass": ("axis",), "spectral_tail": ("axis",)}
FRAME_PLANES = {
    "density_qp": ("q", "p"),
    "wigner_xy": ("x", "y"),
    "density_qx": ("q", "x"),
    "density_py": ("p", "y"),
}
DESCRIPTIONS = {
    "norm": "integral of W",
    "mean": "mean of z",
    "covariance": "covariance of z, Weyl-ordered",
    "energy": "<H>",
    "energy_classical": "<p**2/(2M) + V_C>",
    "energy_quantum": "<y**2/(2m) + V_Q>",
    "energy_interaction": "<V_I>",
    "energy_budget_residual": "<H>(t) - <H>(0) - integral of its rate from diffusion, decoherence, friction and drives",
    "energy_left_out": "bound of what is missing in <H>, W being below its errors at a wall of the potentials",
    "purity": "Tr rho**2 of the reduced quantum state",
    "negativity": "(integral of |W| - 1)/2",
    "occupation": "n of the reduced quantum state, n + 1/2 = <H_Q>/(hbar w_Q); NaN if V_Q is not a harmonic well",
    "edge_mass": "probability in the outer sixteenths of an axis",
    "spectral_tail": "root of the share of spectral power in the top eighth of the frequencies of an axis",
    "density_qp": "density of (q, p)",
    "wigner_xy": "Wigner function of the reduced quantum state",
    "density_qx": "density of (q, x)",
    "density_py": "density of (p, y)",
    "W": "hybrid Wigner function at the last output",
}

CENTRE = "centre"  # of a frame that moves: the variable that only its results have
DIMENSIONS = ("time", "z", "z2", "axis", "frame", "mode", "state_time", "point", "theory", "observable")
OF_STEADY_STATES = (
    *("decay_rate", "mode_frequency", "mode_residual", "drift_mean", "drift_covariance"),
    *("residual", "distance_estimate", "gap", "solver_error", "steps", "cell_steps"),
    *("time_step", "time_error_estimate", "wall_time", "failure", "grid", "warnings"),  # of a sweep of them
)


def kept_state(number: int) -> str:
    """Name of the variable of a W that was kept on the way."""
    return f"W_{number}"


def kept_axis(axis: str, number: int) -> str:
    """Name of an axis of that W."""
    return f"{axis}_{number}"


def is_taken(name: str) -> bool:
    """Whether a result has, or may have, something else of this name."""
    known = {*DESCRIPTIONS, CENTRE, *DIMENSIONS, *OF_STEADY_STATES, *NAMES}
    return name in known or re.fullmatch(r"[qpxyW]_[0-9]+", name) is not None


def asked_for(dataset: xr.Dataset) -> list[str]:
    """Names of the variables of a run over time alone that not every run has."""
    over_time = (str(name) for name, array in dataset.data_vars.items() if array.dims == ("time",))
    return [name for name in over_time if name not in DESCRIPTIONS]


#: Shape of what a row holds for each output, by variable; "time" is one of them.
ROW_SHAPES: dict[str, tuple[int, ...]] = {
    "time": (),
    **{
        name: (len(NAMES),) * len(ROW_DIMENSIONS.get(name, ()))
        for name in DESCRIPTIONS
        if name not in {"energy_budget_residual", "W", *FRAME_PLANES}
    },
}

MODEL_UNITS = "model units"
PURE = ""  # the units of a pure number: its variable has no attribute `units`, since axes would show empty brackets
#: What axes of figures show of variables and coordinates: a few words, and units.
LABELS: Mapping[str, tuple[str, str]] = {
    "time": ("time", MODEL_UNITS),
    "frame": ("time of the planes", MODEL_UNITS),
    "q": ("position q", MODEL_UNITS),
    "p": ("momentum p", MODEL_UNITS),
    "x": ("position x", MODEL_UNITS),
    "y": ("momentum y", MODEL_UNITS),
    "z": ("variable of phase space", PURE),
    "z2": ("variable of phase space", PURE),
    "axis": ("axis of the grid", PURE),
    "norm": ("norm", PURE),
    "mean": ("mean", MODEL_UNITS),
    "covariance": ("covariance", MODEL_UNITS),
    CENTRE: ("centre of the frame", MODEL_UNITS),
    "energy": ("energy", MODEL_UNITS),
    "energy_classical": ("classical energy", MODEL_UNITS),
    "energy_quantum": ("quantum energy", MODEL_UNITS),
    "energy_interaction": ("interaction energy", MODEL_UNITS),
    "energy_budget_residual": ("residual of the energy budget", MODEL_UNITS),
    "energy_left_out": ("energy left out, at most", MODEL_UNITS),
    "purity": ("purity", PURE),
    "negativity": ("negativity", PURE),
    "occupation": ("occupation n", PURE),
    "edge_mass": ("edge mass", PURE),
    "spectral_tail": ("spectral tail", PURE),
    "density_qp": ("density of (q, p)", MODEL_UNITS),
    "wigner_xy": ("Wigner function of (x, y)", MODEL_UNITS),
    "density_qx": ("density of (q, x)", MODEL_UNITS),
    "density_py": ("density of (p, y)", MODEL_UNITS),
    "W": ("hybrid Wigner function W", MODEL_UNITS),
    "failure": ("why a point has no result", PURE),
    "grid": ("points along q, p, x, y", PURE),
    "warnings": ("warnings of a point", PURE),
}


def in_frame(dataset: xr.Dataset, centre: np.ndarray) -> xr.Dataset:
    """A dataset with coordinates q, p, x and y relative to the centre of its frame, shape (times, 4), that says so."""
    meaning = "where q = p = x = y = 0 of the planes and of W is in the laboratory"
    dataset = dataset.assign({CENTRE: (("time", "z"), centre, {"description": meaning})})
    for name in NAMES:
        dataset[name].attrs["long_name"] = f"{LABELS[name][0]} relative to the centre of the frame"
        dataset[name].attrs[RELATIVE_TO] = CENTRE
    return dataset


def described(dataset: xr.Dataset, labels: Mapping[str, tuple[str, str]] = LABELS) -> xr.Dataset:
    """Put `long_name`, `units` and, where there is more to say, `description` on variables and coordinates; itself.

    `labels` add to those of runs. What has attributes already keeps them; what is not known gets units alone. Pure
    numbers, and what has empty units, get none.
    """
    known = {**LABELS, **labels}
    for name, values in dataset.variables.items():
        long_name, units = known.get(str(name), ("", MODEL_UNITS if values.dtype.kind in "fc" else PURE))
        if long_name:
            values.attrs.setdefault("long_name", long_name)
        values.attrs.setdefault("units", units)
        if not values.attrs["units"]:
            del values.attrs["units"]
        meaning = DESCRIPTIONS.get(str(name), "")
        if meaning and meaning != values.attrs.get("long_name"):
            values.attrs.setdefault("description", meaning)
    return dataset
