"""Is there a steady state, and only one? What can be told from the model alone, and where to look for it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import sympy as sp

from wignercq.errors import ModelError
from wignercq.gaussian.minimum import find_minimum
from wignercq.model.evaluation import sampled
from wignercq.model.model import Model, Q, X

DOUBLINGS = 24  # of the box in which exp(-V/T) is looked for
POINTS = 257  # of it along each axis
FALLEN = 1e-14  # of exp(-V/T) at the ends of the box beside its maximum
GROWTH = 2.0


class Extent(NamedTuple):
    """Where the thermal state of a model is: means and standard deviations of (q, p, x, y)."""

    mean: np.ndarray
    widths: np.ndarray


def require_steady_state(model: Model) -> None:
    """Refuse, with ModelError, what can have no steady state, or many: without friction, noise or coupling."""
    if not model.friction > 0:
        heats = "no friction: the noise heats it for ever" if model.diffusion > 0 else "no friction"
        raise ModelError("friction", "a positive number, so that there is a steady state", heats)
    if not model.diffusion > 0:
        raise ModelError("diffusion", "a positive number, so that there is a steady state", "no noise")
    if not model.is_coupled:
        raise ModelError(
            "interaction",
            "a coupling, so that the steady state is unique",
            "none: every mixture of the eigenstates of the quantum particle is steady",
        )


def require_no_parity(model: Model, x0: float, width: float) -> None:
    """Refuse, with ModelError, quantum potentials that are even about x0 at every q: the parity of x is conserved."""
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
    return all(sp.expand(V - V.subs(mirrored, simultaneous=True)) == 0 for V in (model.V_C, model.V_Q, model.V_I))


def thermal_extent(model: Model) -> Extent:
    """Mean and widths of the classical Gibbs state at the bath's temperature, widened by zero-point motion.

    ModelError where ``exp(-V/T)`` does not fall off: the potential is unbound, and there is no steady state.
    """
    T, hbar, m = model.bath_temperature, model.hbar, model.quantum_mass
    try:
        minimum = find_minimum(model)
    except ModelError as error:
        raise _unbound("none with a minimum found") from error
    total = model.V_C + model.V_Q + model.V_I
    V = sampled((Q, X), total)
    centre = np.array([minimum.q, minimum.x])
    half = np.array([_first_reach(V, centre, i, T) for i in range(2)])
    for _ in range(DOUBLINGS):
        q, x = (c + h * np.linspace(-1, 1, POINTS) for c, h in zip(centre, half, strict=True))
        weight = _weight(V(q[:, None], x[None]), T)
        lines = weight.max(axis=1), weight.max(axis=0)
        open_ends = np.array([max(line[0], line[-1]) > FALLEN for line in lines])
        if not open_ends.any():
            break
        half = np.where(open_ends, GROWTH * half, half)
    else:
        lowest = np.unravel_index(np.nanargmin(V(q[:, None], x[None])), (POINTS, POINTS))
        raise _unbound(f"V that still falls at q = {q[lowest[0]]:.3g}, x = {x[lowest[1]]:.3g}, or is flat")
    mean_q, var_q = _moments(q, weight.sum(axis=1))
    mean_x, var_x = _moments(x, weight.sum(axis=0))
    frequency = math.sqrt(T / (m * var_x))
    spread = hbar * frequency / (2 * T)
    quantum = spread / math.tanh(spread) if spread < 300 else spread
    return Extent(
        np.array([mean_q, 0.0, mean_x, 0.0]),
        np.sqrt([var_q, model.classical_mass * T, var_x * quantum, m * T * quantum]),
    )


def _unbound(found: str) -> ModelError:
    return ModelError("model", "potentials that bind both particles, so that there is a steady state", found)


def _weight(V: np.ndarray, T: float) -> np.ndarray:
    """exp(-V/T) relative to its maximum; nothing where V is not finite."""
    finite = np.isfinite(V)
    lowest = V[finite].min(initial=math.inf)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.where(finite, np.exp(-(V - lowest) / T), 0.0)


def _first_reach(V: object, centre: np.ndarray, i: int, T: float) -> float:
    """A distance along an axis at which the potential has risen by a few T."""
    assert callable(V)
    rises, reach = 30.0, 2.0**-20 * max(1.0, abs(float(centre[i])))
    for _ in range(4 * DOUBLINGS):
        ends = np.array([centre, centre])
        ends[:, i] += [-reach, reach]
        if (np.nan_to_num(V(*ends.T) - V(*centre), nan=math.inf) > rises * T).any():
            break
        reach *= 1.5
    return reach


def _moments(z: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    mean = float(z @ weight / weight.sum())
    return mean, float((z - mean) ** 2 @ weight / weight.sum())
