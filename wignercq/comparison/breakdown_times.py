"""Errors of each theory in natural units, and the times at which they exceed a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from wignercq.grid.grid import NAMES

if TYPE_CHECKING:
    import xarray as xr

PAIRS = tuple(combinations_with_replacement(range(4), 2))
ENERGIES = ("energy", "energy_classical", "energy_quantum", "energy_interaction")
DISTANCES = {"W": "distance_W", "density_matrix": "distance_density_matrix"}
#: What a theory is judged by, one error each.
OBSERVABLES = (
    *(f"mean_{name}" for name in NAMES),
    *(f"cov_{NAMES[i]}{NAMES[j]}" for i, j in PAIRS),
    *ENERGIES,
    "occupation",
    *DISTANCES,
)
ENERGY_COLUMNS = [OBSERVABLES.index(name) for name in ENERGIES]
#: A difference that is no larger than so many standard errors is no breakdown.
NOISE = 5.0
#: The ones that figures and reports show, where nothing else is asked for.
REPORTED = ("mean_x", "cov_xx", "density_matrix", "W")


def observable_errors(values: Mapping[str, np.ndarray], masses: tuple[float, float]) -> np.ndarray:
    """Error of every observable of every theory; shape (time, theory, observable).

    In units of the exact solution at the same time: means and covariances in its widths, ``|dm_i|/sqrt(S_ii)`` and
    ``|dS_ij|/sqrt(S_ii S_jj)``; energies in its kinetic energy ``<p**2>/(2M) + <y**2>/(2m)``, which does not depend
    on the origins of the potentials, as far as they exceed what both may have left out; the occupation n in
    ``n + 1/2``. Distances are taken as they are.

    `values` are variables of dimensions (time, theory, ...), the exact theory first; `masses` are M and m.
    """
    of_each = _columns(values)
    apart = np.abs(of_each - of_each[:, :1])
    known = values["energy_left_out"] + values["energy_left_out"][:, :1]
    apart[..., ENERGY_COLUMNS] = np.maximum(apart[..., ENERGY_COLUMNS] - known[..., None], 0.0)
    return apart / _units(values, masses)


def statistical_errors(
    errors: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray], masses: tuple[float, float]
) -> np.ndarray:
    """Standard errors of the observables of every theory, in the units of :func:`observable_errors` and of its shape.

    `errors` are those of variables, under their names.
    """
    return _columns(errors) / _units(values, masses)


def _columns(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Variables as observables, shape (time, theory, observable); the distances of the exact theory are zero."""
    covariance = values["covariance"]
    names = (*ENERGIES, "occupation", *DISTANCES.values())
    parts = (*np.moveaxis(values["mean"], 2, 0), *(covariance[..., i, j] for i, j in PAIRS))
    return np.stack([*parts, *(values[name] for name in names)], axis=2)


def _units(values: Mapping[str, np.ndarray], masses: tuple[float, float]) -> np.ndarray:
    """What errors of observables are measured in, from the exact solution; shape (time, 1, observable)."""
    mean, variances = values["mean"][:, 0], np.diagonal(values["covariance"][:, 0], axis1=1, axis2=2)
    widths, squares = np.sqrt(variances), variances + mean**2
    kinetic = squares[:, 1] / (2 * masses[0]) + squares[:, 3] / (2 * masses[1])
    parts = (*widths.T, *(widths[:, i] * widths[:, j] for i, j in PAIRS), *[kinetic] * len(ENERGIES))
    one = np.ones_like(kinetic)
    return np.stack([*parts, values["occupation"][:, 0] + 0.5, *[one] * len(DISTANCES)], axis=1)[:, None]


def breakdown_times(times: np.ndarray, errors: np.ndarray, floor: np.ndarray, threshold: float) -> np.ndarray:
    """First times at which errors exceed the threshold and the errors of the numbers; NaN for never.

    Between the output before and the one after, the logarithm of the error is interpolated linearly in time. Between
    the common start and the first output after it errors are taken to grow as a power of time, the one seen between
    the first two outputs and at least one: a distance grows linearly at first. So the result is good to a fraction
    of the interval between outputs.

    Parameters
    ----------
    times : np.ndarray, shape (n,)
    errors : np.ndarray, shape (n, theories, observables)
    floor : np.ndarray, shape (n, theories, observables) or (n, theories, 1)
        Numerical error and noise: what is below is no breakdown, and counts as this much in the interpolation.

    Returns
    -------
    np.ndarray, shape (theories, observables)
    """
    floor = np.broadcast_to(floor, errors.shape)
    known = np.maximum(errors, floor)
    broken = (errors > threshold) & (errors > floor)
    result = np.full(errors.shape[1:], np.nan)
    for theory, observable in np.argwhere(broken.any(axis=0)):
        after = int(np.argmax(broken[:, theory, observable]))
        e = known[:, theory, observable]
        if after == 0 or e[after - 1] >= threshold:
            result[theory, observable] = times[after]
        elif after == 1 and errors[0, theory, observable] <= floor[0, theory, observable]:
            result[theory, observable] = _in_first_interval(times, e, threshold)
        else:
            part = np.log(threshold / e[after - 1]) / np.log(e[after] / e[after - 1])
            result[theory, observable] = times[after - 1] + part * (times[after] - times[after - 1])
    return result


def _in_first_interval(times: np.ndarray, errors: np.ndarray, threshold: float) -> float:
    """When errors that start from nothing, as a power of time, pass the threshold before the first output."""
    elapsed = times[1:3] - times[0]
    power = 1.0
    if elapsed.size == 2 and errors[2] > errors[1]:
        power = max(1.0, np.log(errors[2] / errors[1]) / np.log(elapsed[1] / elapsed[0]))
    return float(times[0] + elapsed[0] * (threshold / errors[1]) ** (1 / power))


def first_output(dataset: xr.Dataset) -> float:
    """The first output after the start of a comparison, or of those of a sweep; 0 where it is not known.

    Breakdown times before it are extrapolated, not found between two outputs.
    """
    if "first_output" in dataset.attrs:
        return float(dataset.attrs["first_output"])
    return float(dataset["time"][1]) if dataset.sizes.get("time", 0) > 1 else 0.0


def least_error(dataset: xr.Dataset) -> xr.DataArray:
    """What an error of a comparison has to exceed to be one: the numerical error and, of trajectories, the noise.

    Dimensions (time, theory, observable), those of the errors.
    """
    noise = dataset["statistical_error"] if "statistical_error" in dataset else 0.0 * dataset["error"]
    return dataset["numerical_error"] + NOISE * noise


def told(when: float, first: float) -> str:
    """A breakdown time as text, with the sign ~ where it is extrapolated, before the first output."""
    return f"{'~' if 0 < when < first else ''}{when:.3g}"
