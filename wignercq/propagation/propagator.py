"""Model x grid x scheme x time step, compiled for an engine; then steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from wignercq.model.model import Model
from wignercq.propagation.dissipation import thermal_flow
from wignercq.propagation.driven import DrivenSteps
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.engines.compiled_step import Boundary, CompiledStep, Leg
from wignercq.propagation.engines.multipliers import Kick
from wignercq.propagation.generator import SampledSymbol, symbol_of
from wignercq.propagation.schemes import Scheme, Stage
from wignercq.propagation.transport import bath_flow, contraction_matrix, free_shear, quantum_flow


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
    exact_bath : bool
        Whether the noise of p belongs to T, so that free motion, friction and noise are one exact flow, or to V. The
        first is for strong damping: it costs a pass more, and noise and friction need not be resolved by the step.
        With thermal dynamics noise and friction are in T, either way.
    """

    model: Model
    engine: Engine
    scheme: Scheme
    dt: float
    hbar_order: int | None = None
    exact_bath: bool = False
    _symbol: SampledSymbol = field(init=False)
    _driven: DrivenSteps = field(init=False)  # in place of the symbol where the potentials depend on time

    def __post_init__(self) -> None:
        if self.model.is_driven:
            self._driven = DrivenSteps(self.model, self.engine, self.scheme, self.dt, self.hbar_order, self.exact_bath)
            return
        symbol = symbol_of(self.model, self.hbar_order, not (self.exact_bath or self.model.is_thermal))
        self._symbol = SampledSymbol.on(symbol, *self.engine.rows, self.engine.grid.y.half_frequencies)

    def advance(self, W: Any, steps: int, into: Any = None, *, time: float = 0.0) -> tuple[Any, list[Boundary]]:
        """Take `steps` whole steps, neighbouring outer stages fused.

        Parameters
        ----------
        W : the engine's own
            Spent unless `into` is given: only what is returned is to be used further.
        steps : int
        into : the engine's own, optional
            A W that nobody needs any more, for the result.
        time : float
            That of W, which counts where the generator depends on it.

        Returns
        -------
        W : the engine's own
        boundaries : list of Boundary
            One for each of the ``steps - 1`` inner step boundaries.
        """
        if self.model.is_driven:
            return self.engine.advance_through(W, self._driven.steps(time, self.dt, steps), into)
        return self.engine.advance(W, self.compiled, steps, into)

    def leap(self, W: Any, duration: float, into: Any = None, *, time: float = 0.0) -> Any:
        """W after one step of another length, whose multipliers are evaluated on the fly and not kept.

        W is spent unless `into` is given, a W that nobody needs any more.
        """
        if self.model.is_driven:
            return self.engine.advance_through(W, self._driven.steps(time, duration, 1), into)[0]
        opening, *stages = self.scheme.stages
        W = self.engine.momentum(W, self._kick(opening, duration), into=into)
        for transport, kick in zip(stages[::2], stages[1::2], strict=True):
            shear, bath, quantum, contraction = self._transport(transport, duration)
            W = self.engine.move(W, shear, bath, quantum)
            W = self.engine.momentum(W, self._kick(kick, duration), contraction=contraction)
        return W

    def forget_tables(self) -> None:
        """Free the multipliers of a step, which are compiled anew if there is another one."""
        self.__dict__.pop("compiled", None)
        if self.model.is_driven:
            self._driven.forget_tables()

    @cached_property
    def compiled(self) -> CompiledStep:
        """A step of length dt; equal stages are compiled once."""
        engine, dt, (opening, *stages) = self.engine, self.dt, self.scheme.stages

        @cache
        def kick(stage: Stage) -> Any:
            times = 2 if stage == opening else 1  # an outer stage mostly beside its neighbour
            return engine.compile_kick(self._kick(stage, dt), times=times)

        transport = cache(lambda stage: self._transport(stage, dt))
        legs = tuple(Leg(*transport(t), kick(v)) for t, v in zip(stages[::2], stages[1::2], strict=True))
        column = self._kick(opening, dt).rows(0, None, columns=1)[:, :, 0]
        return CompiledStep(kick(opening), legs, column)

    def _transport(self, stage: Stage, duration: float) -> tuple[Any, Any, Any, np.ndarray | None]:
        """The shear of a transport stage, and after it the flows of baths, or the contraction by friction."""
        model, engine, time = self.model, self.engine, float(stage.fraction) * duration
        if model.is_thermal:
            shear, dissipation = thermal_flow(model, engine.grid, time)
            return engine.compile_shear(shear), engine.compile_dissipation(dissipation), None, None
        shear = engine.compile_shear(free_shear(model, engine.grid, time, of_q=not self.exact_bath))
        rest = quantum_flow(model, engine.grid, time)
        quantum = None if rest is None else engine.compile_quantum(rest)
        if self.exact_bath:
            return shear, engine.compile_bath(bath_flow(model, engine.grid, time)), quantum, None
        if model.damping_rate:
            return shear, None, quantum, contraction_matrix(engine.grid.p, math.exp(-model.damping_rate * time))
        return shear, None, quantum, None

    def _kick(self, stage: Stage, duration: float) -> Kick:
        return self._symbol.kick(stage, duration, self.engine.grid, growing=self.model.is_thermal)
