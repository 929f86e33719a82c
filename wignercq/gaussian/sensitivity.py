"""Derivatives of the steady state with respect to any parameter of a model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy as sp

from wignercq.errors import InputError, brief, suggestion
from wignercq.gaussian.linear_model import LinearModel, require_quadratic
from wignercq.model.bath import require_plain
from wignercq.model.formulas import as_rational, real_symbol
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import refuse_thermal

PHYSICAL = ("classical_mass", "quantum_mass", "hbar", "friction", "diffusion", "decoherence")


class Sensitivity(NamedTuple):
    """Derivatives of the steady mean (4,) and covariance (4, 4) with respect to one parameter."""

    mean: np.ndarray
    covariance: np.ndarray


def sensitivity(model: Model, parameter: str, *, saturated: bool = False) -> Sensitivity:
    """Derivative of the steady state of a quadratic model with respect to a parameter.

    With primes for derivatives, ``A S' + S' A^T = B' - A' S - S A'^T`` from eq (19) and ``A z' = f' - A' z``.

    Parameters
    ----------
    model : Model
        Quadratic, with a steady state.
    parameter : str
        A key of ``model.parameters``, or one of :data:`PHYSICAL`.
    saturated : bool
        Let D0 follow D2 so that ``4 D0 D2`` keeps its value; otherwise D0 is held fixed.

    Returns
    -------
    Sensitivity
        In units of z and z**2 over that of the parameter.

    Raises
    ------
    InputError
        A name that is not a parameter.
    ModelError
        For an anharmonic model or one without a steady state.
    """
    require_quadratic(model)
    require_plain(model, "derivatives of its steady state")
    refuse_thermal(model, "sensitivities")
    if parameter not in (*model.parameters, *PHYSICAL):
        known = ", ".join((*model.parameters, *PHYSICAL))
        hint = suggestion(parameter, (*model.parameters, *PHYSICAL))
        raise InputError("parameter", f"one of {known}", brief(parameter) + hint)
    process = LinearModel.from_model(model)
    steady, fixed = process.steady_covariance(), process.fixed_point
    drift, diffusion, force = _derivatives(model, parameter, saturated)
    own = process.own
    shift = own.units * np.linalg.solve(own.drift, (force - drift @ fixed) / own.units / own.rate)
    change = drift @ steady
    return Sensitivity(shift, process.lyapunov(diffusion - change - change.T))


def _derivatives(model: Model, parameter: str, saturated: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivatives of A, B and f."""
    drift, diffusion, force = np.zeros((4, 4)), np.zeros((4, 4)), np.zeros(4)
    coupling = float(sp.diff(model.V_I, Q, X))
    kick = (model.hbar * coupling) ** 2
    match parameter:
        case "classical_mass":
            drift[0, 1] = 1 / model.classical_mass**2
            drift[1, 1] = -model.friction / model.classical_mass**2
        case "quantum_mass":
            drift[2, 3] = 1 / model.quantum_mass**2
        case "friction":
            drift[1, 1] = 1 / model.classical_mass
        case "hbar":
            diffusion[3, 3] = 2 * kick * model.D0 / model.hbar
        case "diffusion":
            diffusion[1, 1] = 1.0
            diffusion[3, 3] = -kick * model.D0 / model.diffusion if saturated else 0.0
        case "decoherence":
            diffusion[3, 3] = kick
        case _:
            bent, slope, mixed = _potential_derivatives(model, parameter)
            drift[np.ix_([1, 3], [0, 2])] = bent
            force[[1, 3]] = -slope
            diffusion[3, 3] = 2 * (model.hbar * coupling) * (model.hbar * mixed) * model.D0
    return drift, diffusion, force


def _potential_derivatives(model: Model, parameter: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Derivatives of the curvature (2, 2), of the gradient at the origin (2,) and of d_q d_x V_I."""
    values = {real_symbol(name): as_rational(value) for name, value in model.parameters.items()}

    def change(formula: object) -> sp.Expr:
        assert isinstance(formula, sp.Expr)
        return sp.diff(formula, real_symbol(parameter)).subs(values)

    interaction = change(model.interaction)
    total = change(model.classical_potential) + change(model.quantum_potential) + interaction
    origin = {Q: 0, X: 0}
    curvature = np.array([[float(sp.diff(total, a, b).subs(origin)) for b in (Q, X)] for a in (Q, X)])
    gradient = np.array([float(sp.diff(total, a).subs(origin)) for a in (Q, X)])
    return curvature, gradient, float(sp.diff(interaction, Q, X).subs(origin))
