"""From sums over trajectories to a result: means, covariances, energies, planes, each with its standard error."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from wignercq.grid.grid import NAMES, Axis
from wignercq.grid.interpolation import interpolation
from wignercq.observables.energies import occupation_law
from wignercq.results.provenance import program, solved, versions
from wignercq.results.summary import PAIRS
from wignercq.results.variables import FRAME_PLANES, LABELS, described
from wignercq.run.identity import state_digest
from wignercq.unravelling.block import Job
from wignercq.unravelling.format import ENERGIES, KIND, NUMBERS, OWN, momentum_axis
from wignercq.unravelling.gathered import Gathered
from wignercq.unravelling.result import Ensemble


def assembled(job: Job, gathered: Gathered) -> Ensemble:
    """The result of a job."""
    variables = {
        **_rows(job, gathered),
        **_planes(job, gathered),
        **_single(gathered),
        **_two_time(job, gathered),
        **gathered.variables(),
    }
    coordinates = {
        "time": np.array(job.times),
        "frame": np.array([job.times[i] for i in job.frames]),
        **{name: list(NAMES) for name in ("z", "z2")},
        "q": job.plan.q.values,
        "p": job.plan.p.values,
        "x": job.plan.axis.values,
        "y": momentum_axis(job.plan.axis, job.model.hbar).values,
    }
    if job.two_time:
        coordinates |= {"time2": coordinates["time"], "of_time": list(job.two_time), "of_time2": list(job.two_time)}
    attributes = {
        "kind": KIND,
        **program(versions()),
        **solved(job.model),
        "initial_state": state_digest(job.state),
        "dynamics": job.dynamics,
        "observables": job.identity,
        "two_time": json.dumps(job.two_time),
        "trajectories": gathered.statistics.count,
        "seed": job.seed,
        "points": job.plan.axis.points,
        "steps": sum(job.plan.steps),
        "time_error_estimate": job.plan.time_error,
        "plan": json.dumps(asdict(job.plan)),
    }
    dataset = xr.Dataset(variables, coordinates, attributes)
    for one in job.observables:
        dataset[one.name].attrs.update(one.attributes)
        dataset[f"{one.name}_error"].attrs["long_name"] = f"standard error of {one.attributes['long_name']}"
    known = {**LABELS, **OWN}
    errors = {f"{name}_error": (f"standard error of the {label}", units) for name, (label, units) in known.items()}
    described(dataset, {**OWN, **errors})
    return Ensemble(dataset)


def _rows(job: Job, gathered: Gathered) -> dict[str, Any]:
    """Observables at every output, with errors."""
    statistics = gathered.statistics
    mean, K = statistics.mean, len(job.numbers)
    unit = np.eye(K)
    moments = mean.shape[0]

    def linear(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return mean @ weights, statistics.error(np.broadcast_to(weights, (moments, K)))

    result: dict[str, Any] = {"norm": ("time", np.ones(moments))}
    z = mean[:, :4]
    result["mean"] = (("time", "z"), z)
    result["mean_error"] = (("time", "z"), statistics.error(np.broadcast_to(unit[:4], (moments, 4, K))))
    covariance, errors = np.empty((2, moments, 4, 4))
    for n, (i, j) in enumerate(PAIRS):
        gradient = np.broadcast_to(unit[4 + n], (moments, K)).copy()
        gradient[:, i] -= z[:, j]
        gradient[:, j] -= z[:, i]
        covariance[:, i, j] = covariance[:, j, i] = mean[:, 4 + n] - z[:, i] * z[:, j]
        errors[:, i, j] = errors[:, j, i] = statistics.error(gradient)
    result["covariance"], result["covariance_error"] = ((("time", "z", "z2"), v) for v in (covariance, errors))
    scale, shift = occupation_law(job.model)
    weights = {name: unit[NUMBERS.index(name)] for name in ENERGIES}
    weights["energy"] = sum(weights.values())
    weights["conditional_spread"] = unit[NUMBERS.index("spread")]
    weights |= dict(zip(job.numbers[len(NUMBERS) :], unit[len(NUMBERS) :], strict=True))
    for name, its in weights.items():
        result[name], result[f"{name}_error"] = (("time", v) for v in linear(its))
    if np.isfinite(scale):
        value, error = linear(weights["energy_quantum"])
        result["occupation"], result["occupation_error"] = ("time", scale * value + shift), ("time", scale * error)
    purity, blocks = gathered.purity, gathered.blocks
    result["purity"] = ("time", purity.mean(axis=0))
    if blocks > 1:
        result["purity_error"] = ("time", purity.std(axis=0, ddof=1) / np.sqrt(blocks))
    return result


def _planes(job: Job, gathered: Gathered) -> dict[str, Any]:
    """Marginal planes at frames."""
    plan, hbar, count = job.plan, job.model.hbar, gathered.statistics.count
    momenta = momentum_axis(plan.axis, hbar)
    sizes = {
        "density_qp": gathered.qp / (count * plan.q.spacing * plan.p.spacing),
        "density_qx": gathered.qx / (count * plan.q.spacing),
        "density_py": gathered.py / (count * plan.p.spacing * hbar),
        "wigner_xy": np.array([wigner(rho / count, plan.axis, hbar) for rho in gathered.rho]).reshape(
            -1, plan.axis.points, momenta.points
        ),
    }
    return {name: (("frame", *FRAME_PLANES[name]), sizes[name]) for name in FRAME_PLANES}


def wigner(rho: np.ndarray, x: Axis, hbar: float) -> np.ndarray:
    """``W(x, y) = (1/(2 pi hbar)) int du e^{-i y u/hbar} rho(x + u/2, x - u/2)``, eq (101), of rho on points of x."""
    fine = interpolation(x, np.concatenate([x.values, x.values + x.spacing / 2]))
    n = x.points
    order = np.arange(2 * n).reshape(2, n).T.ravel()
    half = (fine @ rho @ fine.T)[np.ix_(order, order)]  # rho at half the spacing
    k = np.arange(1 - n, n)
    at = 2 * np.arange(n)[:, None]
    left, right = at + k, at - k
    inside = (left >= 0) & (left < 2 * n) & (right >= 0) & (right < 2 * n)
    shifted = np.where(inside, half[left.clip(0, 2 * n - 1), right.clip(0, 2 * n - 1)], 0.0)
    y = momentum_axis(x, hbar).values
    phases = np.exp(-1j / hbar * np.outer(k * x.spacing, y))
    return np.asarray((shifted @ phases).real * (x.spacing / (2 * np.pi * hbar)))


def _single(gathered: Gathered) -> dict[str, Any]:
    """Trajectories that are kept one by one."""
    single = gathered.single
    return {
        "trajectory": (("time", "z", "kept"), single[:, :4]),
        "trajectory_spread": (("time", "kept"), single[:, NUMBERS.index("spread")]),
    }


def _two_time(job: Job, gathered: Gathered) -> dict[str, Any]:
    """``E[a(t) b(t')] - E[a(t)] E[b(t')]`` of the numbers of a trajectory, with its error."""
    if gathered.pairs is None:
        return {}
    T, c = len(job.times), len(job.two_time)

    def ordered(values: np.ndarray) -> np.ndarray:
        return values.reshape(T, c, T, c).transpose(0, 2, 1, 3)

    dimensions = ("time", "time2", "of_time", "of_time2")
    values = {"two_time": gathered.pairs.covariance, "two_time_error": gathered.pairs.error}
    return {name: (dimensions, ordered(value)) for name, value in values.items()}
