"""Model x grid x scheme x time step, compiled for an engine; then steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
from wignercq.propagation.frame import MovingFrame, Place
from wignercq.propagation.generator import GeneratorSymbol, SampledSymbol, symbol_of
from wignercq.propagation.schemes import Scheme, Stage
from wignercq.propagation.transport import bath_flow, contraction_matrix, free_shear, quantum_flow

MOMENTS, LOOKS = 40, 9  # of the way of a box, and points along each of its axes, at which formulas are looked at


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
    frame : MovingFrame or None
        Whose coordinates those of the grid are; None: the laboratory's, as of potentials that depend on time.
    """

    model: Model
    engine: Engine
    scheme: Scheme
    dt: float
    hbar_order: int | None = None
    exact_bath: bool = False
    frame: MovingFrame | None = None
    _symbol: SampledSymbol = field(init=False)  # about the origin, or where the frame begins
    _driven: DrivenSteps = field(init=False)  # in place of the symbol where the potentials depend on time

    def __post_init__(self) -> None:
        if self.model.is_driven:
            self._driven = DrivenSteps(self.model, self.engine, self.scheme, self.dt, self.hbar_order, self.exact_bath)
            return
        q, _, x, _ = (0.0,) * 4 if self.frame is None or self.frame.is_uniform else self.frame.beginning.start
        self._symbol = self._symbol_at(q, x)

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
        if self.frame is None or self.frame.is_uniform:
            return self.engine.advance(W, self.compiled, steps, into)
        return self.engine.advance_through(W, self._steps(self.frame, time, steps), into)

    def require_way(self, end: float) -> None:
        """ModelError where the model is none at a place to which the frame takes the box until a time.

        Its formulas are looked at where a run will evaluate them anyway, far from where it begins.
        """
        if self.frame is None or self.frame.is_uniform:
            return
        grid, begin = self.engine.grid, self.frame.beginning.time
        q, x = (axis.values[np.linspace(0, axis.points - 1, LOOKS).round().astype(int)] for axis in (grid.q, grid.x))
        for time in np.linspace(begin, max(begin, end), MOMENTS):
            q_c, _, x_c, _ = self.frame.centre(float(time))
            SampledSymbol.on(self._formulas, (q + q_c)[:, None], x + x_c, grid.y.half_frequencies[[0, -1]])

    def leap(self, W: Any, duration: float, into: Any = None, *, time: float = 0.0) -> Any:
        """W after one step of another length, whose multipliers are evaluated on the fly and not kept.

        W is spent unless `into` is given, a W that nobody needs any more.
        """
        if self.model.is_driven:
            return self.engine.advance_through(W, self._driven.steps(time, duration, 1), into)[0]
        kicks = self._kicks(time, duration)
        W = self.engine.momentum(W, next(kicks), into=into)
        for transport, kick in zip(self.scheme.stages[1::2], kicks, strict=True):
            shear, bath, quantum, contraction = self._transport(transport, duration)
            W = self.engine.move(W, shear, bath, quantum)
            W = self.engine.momentum(W, kick, contraction=contraction)
        return W

    def forget_tables(self) -> None:
        """Free the multipliers of a step, which are compiled anew if there is another one."""
        self.__dict__.pop("compiled", None)
        self.__dict__.pop("_transports", None)
        if self.model.is_driven:
            self._driven.forget_tables()

    @cached_property
    def compiled(self) -> CompiledStep:
        """A step of length dt where all are the same; equal stages are compiled once."""
        opening, *_ = stages = self.scheme.stages[::2]

        @cache
        def table(stage: Stage) -> Any:
            times = 2 if stage == opening else 1  # an outer stage mostly beside its neighbour
            return self.engine.compile_kick(self._kick(stage, self.dt), times=times)

        return self._compiled([table(stage) for stage in stages], self._kick(opening, self.dt))

    def _steps(self, frame: MovingFrame, time: float, count: int) -> Iterator[CompiledStep]:
        """So many steps of length dt from a time on, their kicks evaluated on the fly."""
        kicks: list[Kick] = []
        for number in range(count):
            opening = kicks[-1:]  # the last kick of the step before
            places = [*frame.places(self.scheme, time + number * self.dt, self.dt)][len(opening) :]
            kicks = opening + [
                self._kick(stage, self.dt, place)
                for stage, place in zip(self.scheme.stages[2 * len(opening) :: 2], places, strict=True)
            ]
            yield self._compiled(kicks, kicks[-1])

    def _compiled(self, kicks: Sequence[Any], closing: Kick) -> CompiledStep:
        """A step of these kicks, compiled or not, the last of which is the closing one."""
        legs = tuple(Leg(*moved, kick) for moved, kick in zip(self._transports, kicks[1:], strict=True))
        return CompiledStep(kicks[0], legs, closing.rows(0, None, columns=1)[:, :, 0])

    @cached_property
    def _transports(self) -> list[tuple[Any, Any, Any, np.ndarray | None]]:
        """The transport stages of a step of length dt; equal ones are compiled once."""
        made = cache(lambda stage: self._transport(stage, self.dt))
        return [made(stage) for stage in self.scheme.stages[1::2]]

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

    def _kicks(self, time: float, duration: float) -> Iterator[Kick]:
        """The momentum stages of a step from a time on, one after the other."""
        stages, frame = self.scheme.stages[::2], self.frame
        if frame is None or frame.is_uniform:
            yield from (self._kick(stage, duration) for stage in stages)
            return
        for stage, place in zip(stages, frame.places(self.scheme, time, duration), strict=True):
            yield self._kick(stage, duration, place)

    def _kick(self, stage: Stage, duration: float, place: Place | None = None) -> Kick:
        """A momentum stage with the centre of the frame at a place; without one at the origin."""
        symbol = self._symbol if place is None else self._symbol_at(place.q, place.x)
        kick = symbol.kick(stage, duration, self.engine.grid, growing=self.model.is_thermal)
        if self.frame is not None:
            moved = place or self.frame.place(0.0, 0.0, *stage.weights(duration))
            kick.coefficients[0] += 1j * moved.dy * self.engine.grid.y.half_frequencies
            kick.coefficients[1] += 1j * moved.dp
        return kick

    @property
    def _formulas(self) -> GeneratorSymbol:
        return symbol_of(self.model, self.hbar_order, not (self.exact_bath or self.model.is_thermal))

    def _symbol_at(self, q: float, x: float) -> SampledSymbol:
        """The symbol on the grid about a centre."""
        rows_q, rows_x = self.engine.rows
        return SampledSymbol.on(self._formulas, rows_q + q, rows_x + x, self.engine.grid.y.half_frequencies)
