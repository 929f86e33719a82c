"""Is there a steady state, and only one? What can be told from the model alone, and where to look for it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import sympy as sp

from wignercq.errors import ModelError, StateError
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X
from wignercq.model.thermal import refuse_thermal
from wignercq.states.equilibrium import thermal_region

POINTS = 257  # along each axis on which exp(-V/T) is integrated


class Extent(NamedTuple):
    """Where the thermal state of a model is: means and standard deviations of (q, p, x, y)."""

    mean: np.ndarray
    widths: np.ndarray


def require_steady_state(model: Model) -> None:
    """Refuse, with ModelError, what can have no steady state, or many: without friction, noise or coupling."""
    refuse_thermal(model, "a search", "the steady state is states.gibbs(model)")
    if not model.friction > 0:
        heats = "no friction: the noise heats it for ever" if model.diffusion > 0 else "no friction"
        raise ModelError("friction", "a positive number, so that there is a steady state", heats)
    if not model.diffusion > 0:
        raise ModelError("diffusion", "a positive number, so that there is a steady state", "no noise")
    if not model.is_coupled and not model.quantum_damping_rate:
        raise ModelError(
            "interaction",
            "a coupling, so that the steady state is unique",
            "none: every mixture of the eigenstates of the quantum particle is steady",
        )


def require_no_parity(model: Model, x0: float, width: float) -> None:
    """Refuse, with ModelError, quantum potentials that are even about x0 at every q: the parity of x is conserved.

    A bath of the quantum particle acts on x itself and mixes even and odd states.
    """
    if model.quantum_bath is not None:
        return
    u = width * np.linspace(0.1, 3.0, 30)
    for V, q in ((model.V_Q, np.zeros(1)), (model.V_I, width * np.linspace(-2.9, 3.1, 7)[:, None])):
        right, left = (sampled((Q, X), V)(q, x0 + sign * u) for sign in (1, -1))
        if not np.allclose(right, left, rtol=1e-12, atol=1e-12 * float(np.abs(right).max())):
            return
    raise ModelError(
        "interaction",
        "a coupling that makes the steady state unique",
        f"one that conserves the parity of x about {x0:.3g}: even and odd states do not mix",
    )


def is_even(model: Model) -> bool:
    """Whether all potentials stay the same when q and x change sign together."""
    mirrored = {Q: -Q, X: -X}
    formulas = [model.V_C, model.V_Q, model.V_I, model.quantum_heating, model.noise_diffusion]
    return all(sp.expand(V - V.subs(mirrored, simultaneous=True)) == 0 for V in formulas)


def thermal_extent(model: Model) -> Extent:
    """Mean and widths of the classical Gibbs state at the bath's temperature, widened by zero-point motion.

    ModelError where ``exp(-V/T)`` does not fall off: the potential is unbound, and there is no steady state.
    """
    T, hbar, m = model.bath_temperature, model.hbar, model.quantum_mass
    try:
        q, x = (np.linspace(ends[0], ends[1], POINTS) for ends in thermal_region(model, T))
    except StateError as error:
        expected = "potentials that bind both particles, so that there is a steady state"
        raise ModelError("model", expected, "V that does not rise in all directions") from error
    V = sampled((Q, X), model.V_C + model.V_Q + model.V_I)(q[:, None], x)
    weight = np.nan_to_num(np.exp((np.nanmin(V) - V) / T))
    mean_q, var_q = _moments(q, weight.sum(axis=1))
    mean_x, var_x = _moments(x, weight.sum(axis=0))
    spread = hbar * math.sqrt(T / (m * var_x)) / (2 * T)
    quantum = spread / math.tanh(spread)
    return Extent(
        np.array([mean_q, 0.0, mean_x, 0.0]),
        np.sqrt([var_q, model.classical_mass * T, var_x * quantum, m * T * quantum]),
    )


def _moments(z: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    mean = float(z @ weight / weight.sum())
    return mean, float((z - mean) ** 2 @ weight / weight.sum())
