"""Everything the Gaussian theory says about a model, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wignercq.errors import InputError
from wignercq.gaussian.driven_report import driven_report
from wignercq.gaussian.information import block_mutual_information, correlation_coefficients, mutual_information
from wignercq.gaussian.linear_model import LinearModel, quadratic_expansion
from wignercq.gaussian.minimum import find_minimum
from wignercq.gaussian.oscillators.coupled import CoupledOscillators
from wignercq.gaussian.oscillators.weak_coupling import induced_damping, weak_poles
from wignercq.gaussian.quantum_oscillator import (
    critical_temperature,
    minimum_occupation,
    occupation,
    purity,
    quantum_frequency,
    uncertainty_product,
    weak_occupation,
)
from wignercq.gaussian.sensitivity import PHYSICAL, sensitivity
from wignercq.gaussian.thermodynamics import (
    energies,
    gibbs_distance,
    quantum_heating,
    steady_entropy_production,
    thermal_covariance,
)
from wignercq.gaussian.two_time import effective_temperatures
from wignercq.model.bath import require_plain
from wignercq.model.model import Model

Report = dict[str, Any]


def theory_report(model: Model, *, at: tuple[float, float] | None = None) -> Report:
    """Everything the Gaussian theory says about a model, as numbers, strings, lists and dictionaries only.

    Sections: ``theory`` (exact, or linearised about a point), ``parameters``, ``dynamics`` (drift, diffusion, poles,
    relaxation rates, stability), ``weak_coupling``, ``steady_state`` (None when there is none; ``reason`` says why)
    and ``sensitivity``. Of a driven model it is the :func:`driven_report`. A number that does not exist is None.

    Parameters
    ----------
    model : Model
        Any model; an anharmonic one is linearised and the report says so.
    at : tuple of two floats or None
        The point (q, x) about which to linearise an anharmonic model, its minimum by default.

    Returns
    -------
    dict
        Accepted by ``json.dumps(..., allow_nan=False)``.

    Raises
    ------
    ModelError
        For an anharmonic model without a minimum of positive curvature, when no point is given, or with a drive.
    """
    if model.is_driven:
        return driven_report(model)
    require_plain(model, "a report of its theory; LinearModel has moments, spectra and steady states of it")
    process, reason = _process(model, at)
    harmonic = model if process.point is None else quadratic_expansion(model, at=process.point)
    report: Report = {
        "theory": _theory(process, reason),
        "parameters": _parameters(harmonic),
        "dynamics": _dynamics(harmonic, process),
        "weak_coupling": _weak(harmonic),
        "steady_state": None,
        "reason": None,
        "sensitivity": None,
    }
    try:
        covariance = process.steady_covariance()
    except InputError as error:
        report["reason"] = str(error)
    else:
        report["steady_state"] = _steady(harmonic, process, covariance)
        report["sensitivity"] = _sensitivities(model if process.point is None else harmonic, np.diag(covariance))
    return report


def _process(model: Model, at: tuple[float, float] | None) -> tuple[LinearModel, str]:
    """The process, and why a model was linearised where it was, unless the caller said where."""
    if model.is_quadratic:
        return LinearModel.from_model(model), ""
    if at is not None:
        return LinearModel.linearised(model, at=at), ""
    q, x, reason = find_minimum(model)
    return LinearModel.linearised(model, at=(q, x)), reason


def _theory(process: LinearModel, reason: str) -> Report:
    if process.point is None:
        return {"exact": True, "linearised_about": None, "note": "every potential is at most quadratic: exact"}
    q, x = process.point
    return {
        "exact": False,
        "linearised_about": {"q": q, "x": x, **({"reason": reason} if reason else {})},
        "note": f"anharmonic potentials, linearised about (q, x) = ({q:.6g}, {x:.6g}): approximate",
    }


def _parameters(model: Model) -> Report:
    o = CoupledOscillators.from_model(model)
    return {
        "hbar": float(model.hbar),
        "classical_mass": float(model.classical_mass),
        "quantum_mass": float(model.quantum_mass),
        "k_C": o.k_C,
        "k_Q": o.k_Q,
        "lam": o.lam,
        "friction": float(model.friction),
        "diffusion": float(model.diffusion),
        "decoherence": float(model.D0),
        "quantum_diffusion": o.quantum_diffusion,
        "trade_off": float(4 * model.D0 * model.diffusion),
        "bath_temperature": _finite(model.bath_temperature),
    }


def _dynamics(model: Model, process: LinearModel) -> Report:
    return {
        "drift": process.drift.tolist(),
        "diffusion": process.diffusion.tolist(),
        "force": process.force.tolist(),
        "characteristic_polynomial": process.characteristic_polynomial.tolist(),
        "hurwitz_determinants": _or_none(lambda: process.hurwitz_determinants.tolist()),
        "eigenvalues": [[value.real, value.imag] for value in process.eigenvalues.tolist()],
        "relaxation_rates": process.eigenvalues.real.tolist(),
        "frequencies": np.abs(process.eigenvalues.imag).tolist(),
        "gap": process.gap,
        "stable": process.is_stable,
        "heating_classical": model.diffusion / (2 * model.classical_mass),
        "heating_quantum": quantum_heating(model),
    }


def _weak(model: Model) -> Report:
    o = CoupledOscillators.from_model(model)
    poles = _or_none(lambda: weak_poles(o))
    softest = min(abs(o.k_C), abs(o.k_Q))
    return {
        "expansion_parameter": abs(o.lam) / softest if softest else None,
        "eigenvalues": None if poles is None else [[value.real, value.imag] for value in poles.tolist()],
        "induced_damping": _number(lambda: induced_damping(o)),
        "occupation": _number(lambda: weak_occupation(model)),
        "critical_temperature": _number(lambda: critical_temperature(model)),
        "minimum_occupation": _number(lambda: minimum_occupation(model)),
    }


def _steady(model: Model, process: LinearModel, covariance: np.ndarray) -> Report:
    mean, widths = process.fixed_point, np.sqrt(np.diag(covariance))
    split = energies(model, covariance, mean=mean)
    correlation = correlation_coefficients(covariance) if np.all(np.diag(covariance) > 0) else None
    temperatures = _or_none(lambda: effective_temperatures(process, quantum_frequency(model)))
    return {
        "mean": (mean + 0.0).tolist(),  # no -0
        "covariance": _without_rounding(covariance, np.outer(widths, widths)),
        "correlation": None if correlation is None else _without_rounding(correlation, np.ones((4, 4))),
        "energy": {**split._asdict(), "total": split.total},
        "occupation": _number(lambda: occupation(model, covariance, mean=mean)),
        "occupation_about_mean": _number(lambda: _occupation_about_mean(model, covariance)),
        "purity": _number(lambda: purity(covariance, hbar=model.hbar)),
        "uncertainty_product": _number(lambda: uncertainty_product(covariance)),
        "uncertainty_bound": float(model.hbar / 2),
        "effective_temperature_q": None if temperatures is None else _finite(temperatures[0]),
        "effective_temperature_x": None if temperatures is None else _finite(temperatures[1]),
        "mutual_information_qx": None if correlation is None else _finite(float(mutual_information(correlation[0, 2]))),
        "mutual_information_blocks": _number(lambda: block_mutual_information(covariance)),
        "thermal_covariance": _or_none(lambda: thermal_covariance(model).tolist()),
        "gibbs_distance": _number(lambda: gibbs_distance(model)),
        "entropy_production": _number(lambda: steady_entropy_production(model)),
    }


def _occupation_about_mean(model: Model, covariance: np.ndarray) -> float:
    """Quanta of the fluctuations alone: the occupation with the mean at the minimum of V_Q."""
    k = quantum_frequency(model) ** 2 * model.quantum_mass
    energy = covariance[3, 3] / (2 * model.quantum_mass) + k * covariance[2, 2] / 2
    return float(energy / (model.hbar * quantum_frequency(model)) - 0.5)


def _sensitivities(model: Model, variances: np.ndarray) -> Report:
    """Derivatives of the variances, D0 held fixed, for every parameter."""
    rows = {}
    for name in (*model.parameters, *PHYSICAL):
        change = np.diag(sensitivity(model, name).covariance)
        relative = np.divide(change, variances, out=np.zeros(4), where=variances > 0)
        rows[name] = _without_rounding(change, np.abs(relative).max() * variances)
    return rows


def _without_rounding(values: np.ndarray, scale: np.ndarray) -> list[Any]:
    """As lists, with 0 for what is 0 to rounding error."""
    return np.where(np.abs(values) < 1e-13 * scale, 0.0, values).tolist()


def _or_none(compute: Callable[[], Any]) -> Any:
    """The value, or None where the model has no such number."""
    try:
        return compute()
    except InputError:
        return None


def _number(compute: Callable[[], Any]) -> float | None:
    value = _or_none(compute)
    return None if value is None else _finite(float(value))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
