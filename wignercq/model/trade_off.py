r"""Is a hybrid dynamics with several noises completely positive? The trade-off in its matrix form.

At a point q let v_0 = dV_I/dq and v_k = L_k be functions of x up to constants, ``M = sum_k D0_k v_k v_k^T`` the form of
all decoherence and D2(q) all diffusion of p. The back-reaction is v_0/2 (Oppenheim, Sparaciari, Soda, Weller-Davies,
arXiv:2203.01332; Layton, Oppenheim, Weller-Davies, arXiv:2208.11722), and the dynamics is completely positive if ::

    [[M, v_0/2], [v_0^T/2, D2]] >= 0    at every q

For one operator that is ``4 D0 D2 >= 1``. In units of ``|v_0|`` and D2 the matrix is without dimension.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sympy as sp

from wignercq.errors import ModelError, at_least, at_most
from wignercq.model.drives import Q, T, X
from wignercq.model.evaluation import sampled
from wignercq.model.typeset import plain

if TYPE_CHECKING:
    from wignercq.model.model import Model

SMALL = 1e-10  # of an eigenvalue, or of a function beside the others: rounding
PLACES_Q, PLACES_X = np.array([0.618034, -1.41421, 2.23607, -3.31662]), np.linspace(-3.3, 3.1, 12)
MOST_X = 64  # points of x at which operators are told apart


class Worst(NamedTuple):
    """The smallest eigenvalue found, and where."""

    eigenvalue: float
    q: float


def worst(model: Model, q: np.ndarray, x: np.ndarray, time: float = 0.0) -> Worst:
    """The smallest eigenvalue of the trade-off over the points q, shape (n,), operators being told apart on points x.

    Scaled so that it is ``1 - sqrt(...)`` for one operator: of [[4 D0 D2, 1], [1, 1]] there. A D2 below zero counts
    as such an eigenvalue itself, in units of the largest D2. The time counts where the interaction depends on it.
    """
    x = x[:: -(-x.size // MOST_X)]
    diffusion = sampled((Q,), model.total_diffusion)(q)
    if (diffusion < 0).any():
        i = int(diffusion.argmin())
        return Worst(float(diffusion[i] / np.abs(diffusion).max()), float(q[i]))
    if not model.is_coupled:
        return Worst(0.0, float(q[0]))
    operators = [(sp.diff(model.V_I, Q), model.D0), *((noise.L, noise.decoherence) for noise in model.noise_terms)]
    values = np.array([sampled((Q, X, T), L)(q[:, None], x[None, :], np.float64(time)) for L, _ in operators])
    values = values - values.mean(axis=2, keepdims=True)
    strengths = np.array([strength for _, strength in operators])
    lowest = [_smallest(values[:, i], strengths, float(diffusion[i])) for i in range(q.size)]
    i = int(np.argmin(lowest))
    return Worst(float(lowest[i]), float(q[i]))


def least_decoherence(model: Model) -> float:
    """D0 that saturates the trade-off with what of D2(q) does not depend on q, ``1/(4 D2)``; 0 without coupling.

    ModelError where there is no such number.
    """
    if not model.is_coupled:
        return 0.0
    least = _least(model)
    if not math.isfinite(least):
        expected = "a positive number, since a coupled hybrid model needs 4 D0 D2 >= 1 and D0 finite"
        raise ModelError("diffusion", expected, plain(model.diffusion))
    return least


def require_physical(model: Model) -> None:
    """Refuse, with ModelError, a model that is not completely positive."""
    if model.is_physical:
        return
    if model.noises:
        require(model, PLACES_Q, PLACES_X)
    raise ModelError(
        "decoherence",
        f"4 D0 D2 >= 1 (complete positivity), so at least {at_least(_least(model))}",
        f"{model.D0!r} (4 D0 D2 = {at_most(4 * model.D0 * model.diffusion)})",
    )


def _least(model: Model) -> float:
    return 0.25 / model.constant_diffusion if model.constant_diffusion else math.inf


def require(model: Model, q: np.ndarray, x: np.ndarray, time: float = 0.0) -> None:
    """Refuse, with ModelError, noises that break the trade-off at points q; operators are compared on points x."""
    found = worst(model, q, x, time)
    if not is_positive(found):
        raise ModelError(
            "noises",
            "no D2(q) and no eigenvalue of the trade-off below 0 (complete positivity)",
            f"{at_most(found.eigenvalue)} at q = {found.q:.4g}",
        )


def is_positive(found: Worst) -> bool:
    """Whether an eigenvalue is that of a completely positive dynamics, but for rounding."""
    return found.eigenvalue >= -SMALL


def _smallest(functions: np.ndarray, strengths: np.ndarray, diffusion: float) -> float:
    """At one q, of functions of x, shape (k, nx), the first being that of the back-reaction."""
    size = np.linalg.norm(functions[0])
    if not np.isfinite(functions).all() or size == 0:
        return 0.0
    if diffusion == 0:
        return -1.0
    lengths = np.linalg.norm(functions, axis=1)
    unit = functions / np.where(lengths > 0, lengths, 1.0)[:, None]
    _, spread, directions = np.linalg.svd(unit, full_matrices=False)
    basis = directions[spread > SMALL * spread[0]]
    v = functions @ basis.T / size
    matrix = np.ones((len(basis) + 1,) * 2)
    matrix[:-1, :-1] = 4 * diffusion * np.einsum("k,ka,kb->ab", strengths, v, v)
    matrix[:-1, -1] = matrix[-1, :-1] = v[0]
    return float(np.linalg.eigvalsh(matrix)[0] / max(1.0, np.abs(matrix).max()))
