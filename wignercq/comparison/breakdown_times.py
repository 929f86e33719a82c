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
    mean, covariance = values["mean"], values["covariance"]
    variances = np.diagonal(covariance[:, :1], axis1=2, axis2=3)
    widths = np.sqrt(variances)
    columns = [*np.moveaxis(np.abs(mean - mean[:, :1]) / widths, 2, 0)]
    relative = np.abs(covariance - covariance[:, :1]) / (widths[..., :, None] * widths[..., None, :])
    columns += [relative[..., i, j] for i, j in PAIRS]
    squares = variances + mean[:, :1] ** 2
    kinetic = squares[..., 1] / (2 * masses[0]) + squares[..., 3] / (2 * masses[1])
    known = values["energy_left_out"] + values["energy_left_out"][:, :1]
    columns += [np.maximum(np.abs(values[name] - values[name][:, :1]) - known, 0.0) / kinetic for name in ENERGIES]
    occupation = values["occupation"]
    columns.append(np.abs(occupation - occupation[:, :1]) / (occupation[:, :1] + 0.5))
    return np.stack([*columns, *(values[name] for name in DISTANCES.values())], axis=2)


def breakdown_times(times: np.ndarray, errors: np.ndarray, floor: np.ndarray, threshold: float) -> np.ndarray:
    """First times at which errors exceed the threshold and the numerical error; NaN for never.

    Between the output before and the one after, the logarithm of the error is interpolated linearly in time. Between
    the common start and the first output after it errors are taken to grow as a power of time, the one seen between
    the first two outputs and at least one: a distance grows linearly at first. So the result is good to a fraction
    of the interval between outputs.

    Parameters
    ----------
    times : np.ndarray, shape (n,)
    errors : np.ndarray, shape (n, theories, observables)
    floor : np.ndarray, shape (n, theories)
        Numerical error: what is below is no breakdown, and counts as this much in the interpolation.

    Returns
    -------
    np.ndarray, shape (theories, observables)
    """
    known = np.maximum(errors, floor[:, :, None])
    broken = (errors > threshold) & (errors > floor[:, :, None])
    result = np.full(errors.shape[1:], np.nan)
    for theory, observable in np.argwhere(broken.any(axis=0)):
        after = int(np.argmax(broken[:, theory, observable]))
        e = known[:, theory, observable]
        if after == 0 or e[after - 1] >= threshold:
            result[theory, observable] = times[after]
        elif after == 1 and errors[0, theory, observable] <= floor[0, theory]:
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


def told(when: float, first: float) -> str:
    """A breakdown time as text, with the sign ~ where it is extrapolated, before the first output."""
    return f"{'~' if 0 < when < first else ''}{when:.3g}"
