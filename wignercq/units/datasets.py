"""What each variable of a result is a quantity of, and results in SI units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from wignercq.units.units import KINDS, Units

Z = ("length", "momentum", "length", "momentum")  # of q, p, x and y
#: Kinds of quantities by the names of variables, as products; ``z`` stands for one factor along each dimension of z.
QUANTITIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("time", "frame", "state_time", "tau"), ("time",)),
    **{name: (kind,) for name, kind in zip("qpxy", Z, strict=True)},
    **dict.fromkeys(("mean", "covariance", "centre", "drift_mean", "drift_covariance"), ("z",)),
    **dict.fromkeys(
        (
            *("energy", "energy_classical", "energy_quantum", "energy_interaction"),
            *("energy_budget_residual", "energy_left_out"),
            *("temperature_classical", "temperature_quantum", "temperature_occupation"),
        ),
        ("energy",),
    ),
    **dict.fromkeys(
        ("heat_from_bath", "heat_from_decoherence", "work_on_classical", "work_on_quantum", "power_of_drive"),
        ("power",),
    ),
    **dict.fromkeys(
        (
            *("decay_rate", "mode_frequency", "entropy_production", "entropy_production_momentum"),
            *("entropy_production_decoherence", "entropy_production_leading", "entropy_flux"),
        ),
        ("rate",),
    ),
    **dict.fromkeys(("density_qp", "wigner_xy"), ("1/action",)),
    "density_qx": ("1/length", "1/length"),
    "density_py": ("1/momentum", "1/momentum"),
    "W": ("1/action", "1/action"),
}


def in_si(dataset: xr.Dataset, units: Units) -> xr.Dataset:
    """A result that was computed in natural units, in SI ones: values, and the attribute ``units`` of each variable.

    Variables and coordinates of runs and steady states are known, temperatures remaining energies k_B T. What is a pure
    number stays as it is, and so do observables of the user's own, whose ``units`` are still "model units". Attributes
    of the dataset say what was run, in natural units.
    """
    changed = {}
    for name, variable in dataset.variables.items():
        plain = str(name).removesuffix("_error").rstrip("0123456789").removesuffix("_")
        kinds = QUANTITIES.get(str(name), QUANTITIES.get(plain, ()))
        if not kinds or variable.dtype.kind not in "fc":
            continue
        values, symbols = variable.values, []
        for kind in kinds:
            if kind == "z":
                for place, dimension in enumerate(variable.dims):
                    if dimension in ("z", "z2"):
                        sizes = np.array([units.size(its) for its in Z])
                        values = values * sizes.reshape([-1 if k == place else 1 for k in range(values.ndim)])
                symbols.append("SI units")
                continue
            inverse, _, plain_kind = kind.rpartition("/")
            size = units.size(plain_kind)
            values = values / size if inverse else values * size
            symbols.append(f"1/({KINDS[plain_kind][1]})" if inverse else KINDS[plain_kind][1])
        changed[name] = (variable.dims, values, {**variable.attrs, "units": " ".join(symbols)})
    coordinates = {name: its for name, its in changed.items() if name in dataset.coords}
    return dataset.assign({n: its for n, its in changed.items() if n not in coordinates}).assign_coords(coordinates)
