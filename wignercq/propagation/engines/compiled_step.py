"""A step of a splitting scheme in an engine's own form, and what the boundary between two of them reveals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wignercq.propagation.engines.multipliers import Push


class Leg(NamedTuple):
    """A transport stage and the momentum stage after it.

    Parameters
    ----------
    shear : what compile_shear returned
    bath : what compile_bath returned, or None
        Follows a shear that leaves q alone.
    quantum : what compile_quantum returned, or None
        The rest of the flow of (x, y), where the quantum particle has a bath.
    contraction : np.ndarray or None
        Friction during the transport, a real matrix along p, shape (np, np), where no bath takes care of it.
    kick : Kick or what compile_kick returned
    push : Push or None
        The displacement of p and y during the transport.
    """

    shear: Any
    bath: Any
    quantum: Any
    contraction: np.ndarray | None
    kick: Any
    push: Push | None = None


@dataclass(frozen=True, eq=False)
class CompiledStep:
    """A step of a splitting scheme in an engine's own form.

    Parameters
    ----------
    opening : Kick or what compile_kick returned
    legs : tuple of Leg
        The kick of the last one closes the step, and fuses with the opening of the next.
    closing_column : np.ndarray
        The multiplier of the closing kick at s = 0, complex, shape (rows, np).
    """

    opening: Any
    legs: tuple[Leg, ...]
    closing_column: np.ndarray


@dataclass(frozen=True, eq=False)
class Boundary:
    """What a step boundary inside a run of fused steps reveals at no cost.

    Parameters
    ----------
    p_characteristic : np.ndarray
        Fourier transform of the p marginal over the grid points, complex, shape (np,), FFT order.
    density_qx : np.ndarray
        Sum of W over (p, y), shape (nq, nx).
    """

    p_characteristic: np.ndarray
    density_qx: np.ndarray
