"""Model x grid x scheme x time step, compiled into tables; then steps in place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from wignercq.model.model import Model
from wignercq.propagation.engines import Engine, Kick
from wignercq.propagation.generator import GeneratorSymbol, SampledSymbol
from wignercq.propagation.schemes import Part, Scheme, Stage
from wignercq.propagation.transport import contraction_matrix, free_shear


@dataclass(frozen=True)
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


@dataclass(eq=False)
class Propagator:
    """Advances W by steps of a splitting scheme, exact in space up to the resolution of the grid.

    Parameters
    ----------
    model : Model
    engine : Engine
        Carries the grid.
    scheme : Scheme
    dt : float
        Time step.
    hbar_order : int or None
        None is exact; 0 is the classical Fokker-Planck counterpart.
    """

    model: Model
    engine: Engine
    scheme: Scheme
    dt: float
    hbar_order: int | None = None
    _symbol: SampledSymbol = field(init=False)
    _compiled: dict[Any, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        grid = self.engine.grid
        symbol = GeneratorSymbol(self.model, self.hbar_order)
        self._symbol = SampledSymbol.on(symbol, grid.q.values, grid.x.values, grid.y.half_frequencies)

    def advance(self, W: Any, steps: int) -> list[Boundary]:
        """Take `steps` whole steps in place, neighbouring outer stages fused.

        Returns
        -------
        list of Boundary
            One for each of the ``steps - 1`` inner step boundaries.
        """
        opening, *inner, closing = self.scheme.stages
        boundaries = []
        self._momentum(W, self._table(opening), None)
        for step in range(1, steps + 1):
            contraction = None
            for stage in inner:
                if stage.part is Part.TRANSPORT:
                    contraction = self._transport(W, stage.fraction)
                else:
                    self._momentum(W, self._table(stage), contraction)
            if step < steps:
                boundaries.append(self._fused(W, closing, contraction))
            else:
                self._momentum(W, self._table(closing), contraction)
        return boundaries

    def leap(self, W: Any, duration: float) -> None:
        """Take one step of another length in place; its multipliers are evaluated on the fly and not kept."""
        contraction = None
        for stage in self.scheme.stages:
            if stage.part is Part.TRANSPORT:
                shear, contraction = self._transport_multipliers(float(stage.fraction) * duration)
                self.engine.transport(W, shear)
            else:
                self._momentum(W, self._kick(stage, duration), contraction)

    def _momentum(self, W: Any, kick: Any, contraction: np.ndarray | None) -> None:
        self.engine.momentum(W, kick, contraction=contraction)

    def _fused(self, W: Any, stage: Stage, contraction: np.ndarray | None) -> Boundary:
        """The closing stage of a step and the opening one of the next, in one pass."""
        n_q, n_p, n_x, _ = self.engine.grid.shape
        column = np.empty((n_q * n_x, n_p), complex)
        self.engine.momentum(W, self._table(stage), times=2, contraction=contraction, column=column)
        column *= self._first_column(stage)
        return Boundary(column.sum(axis=0), column[:, 0].real.reshape(n_q, n_x))

    def _transport(self, W: Any, fraction: Fraction) -> np.ndarray | None:
        key = fraction
        if key not in self._compiled:
            self._compiled[key] = self._transport_multipliers(float(fraction) * self.dt)
        shear, contraction = self._compiled[key]
        self.engine.transport(W, shear)
        return contraction

    def _transport_multipliers(self, time: float) -> tuple[Any, np.ndarray | None]:
        shear = self.engine.compile_shear(free_shear(self.model, self.engine.grid, time))
        gamma = self.model.damping_rate
        return shear, contraction_matrix(self.engine.grid.p, math.exp(-gamma * time)) if gamma else None

    def _kick(self, stage: Stage, duration: float) -> Kick:
        exponent = float(stage.fraction) * duration * self._symbol.generator
        if stage.commutator:
            exponent = exponent + float(stage.commutator) * duration**3 * self._symbol.commutator
        return Kick(exponent.reshape(len(exponent), -1, exponent.shape[-1]), self.engine.grid)

    def _table(self, stage: Stage) -> Any:
        if stage not in self._compiled:
            times = 2 if stage == self.scheme.stages[0] else 1  # an outer stage mostly beside its neighbour
            self._compiled[stage] = self.engine.compile_kick(self._kick(stage, self.dt), times=times)
        return self._compiled[stage]

    def _first_column(self, stage: Stage) -> np.ndarray:
        key = (stage, "first column")
        if key not in self._compiled:
            n_q, _, n_x, _ = self.engine.grid.shape
            self._compiled[key] = self._kick(stage, self.dt).rows(0, n_q * n_x, columns=1)[:, :, 0]
        return self._compiled[key]
