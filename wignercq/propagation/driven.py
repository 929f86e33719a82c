"""Steps of a model whose potentials depend on time.

Time is one more coordinate of the transport part, ``T' = T + d_t``: a momentum stage takes the symbol at its own time.
``[V, [T', V]] = [V, [T, V]] + [V, d_t V]``, and the last bracket is zero, both being multiplications, so that the
commutator keeps its form, and the schemes their order.

A force that is the same everywhere, ``F_q(t)`` or ``F_x(t)``, belongs to T' as well. What it does is a displacement of
all of W, its symbol ``-i (r F_q + s F_x)`` commutes with V, and V keeps its tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from wignercq.model import trade_off
from wignercq.model.drives import Forces, forces_of
from wignercq.model.model import Model
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.engines.compiled_step import CompiledStep, Leg
from wignercq.propagation.engines.multipliers import BathFlow, Push
from wignercq.propagation.generator import SampledSymbol, symbol_of
from wignercq.propagation.schemes import Scheme, Stage
from wignercq.propagation.transport import bath_flow, contraction_matrix, displacement, free_shear, quantum_flow


@dataclass(eq=False)
class DrivenSteps:
    """The steps of a propagator, whose arguments it takes, in an engine's form; each at its own time."""

    model: Model
    engine: Engine
    scheme: Scheme
    dt: float  # of steps whose tables are kept
    hbar_order: int | None
    exact_bath: bool
    _forces: Forces = field(init=False)
    _latest: tuple[float, SampledSymbol] = field(init=False)  # the last symbol and its time
    _kept: dict[Any, Any] = field(init=False, default_factory=dict)  # what is the same in all steps

    def __post_init__(self) -> None:
        self._forces = forces_of(self.model)
        self._latest = 0.0, self._sampled(0.0)

    @property
    def _rests(self) -> bool:
        """Whether V is the same at all times."""
        return not self._forces.model.is_driven

    def steps(self, time: float, duration: float, count: int) -> Iterator[CompiledStep]:
        """So many steps of one duration, from a time on."""
        opening, *stages = self.scheme.stages
        for number in range(count):
            first = self._kick(opening, time, duration) if not number else None  # the others are fused
            legs, now, passed = [], time + number * duration, Fraction(number)
            for transport, kick in zip(stages[::2], stages[1::2], strict=True):
                start, passed = now, passed + transport.fraction
                now = time + float(passed) * duration
                legs.append(self._leg(transport, start, duration, self._kick(kick, now, duration)))
            yield CompiledStep(first, tuple(legs), self._closing_column(now, duration))

    def forget_tables(self) -> None:
        """Free what is kept for all steps."""
        self._kept.clear()

    def _leg(self, stage: Stage, start: float, duration: float, kick: Any) -> Leg:
        """A transport stage that begins at a time, and a kick after it."""
        time = float(stage.fraction) * duration
        if not self._forces.act:
            shear, bath, quantum, contraction = self._keep((stage, duration), lambda: self._transport(time, 0.0, 0.0))
            return Leg(shear, bath, quantum, contraction, kick)
        q, p, x, y = displacement(self.model, self._forces, start, time).tolist()
        shear, bath, quantum, contraction = self._transport(time, q, x)
        return Leg(shear, bath, quantum, contraction, kick, Push(p, y))

    def _transport(self, time: float, q: float, x: float) -> tuple[Any, Any, Any, np.ndarray | None]:
        """Shear, baths and contraction of a transport stage that displaces q and x besides."""
        model, engine = self.model, self.engine
        shear = engine.compile_shear(free_shear(model, engine.grid, time, of_q=not self.exact_bath, shift=(q, x)))
        quantum = self._keep(("quantum", time), lambda: self._quantum(time))
        if self.exact_bath:
            flow = self._keep(("bath", time), lambda: bath_flow(model, engine.grid, time))
            half_shift = np.exp(-0.5j * q * engine.grid.q.half_frequencies)
            if engine.grid.q.points % 2 == 0:
                half_shift[-1] = half_shift[-1].real
            return shear, engine.compile_bath(BathFlow(flow.shear * half_shift[:, None], flow.matrix)), quantum, None
        contraction = None
        if model.damping_rate:
            factor = math.exp(-model.damping_rate * time)
            contraction = self._keep(("friction", time), lambda: contraction_matrix(engine.grid.p, factor))
        return shear, None, quantum, contraction

    def _quantum(self, time: float) -> Any:
        """The rest of the flow of (x, y), where there is one."""
        rest = quantum_flow(self.model, self.engine.grid, time)
        return None if rest is None else self.engine.compile_quantum(rest)

    def _kick(self, stage: Stage, time: float, duration: float) -> Any:
        """The multiplier of a momentum stage at a time: a table where it is the same in all steps."""
        kick = self._at(time).kick
        if not self._rests or duration != self.dt:
            return kick(stage, duration, self.engine.grid)
        times = 2 if stage == self.scheme.stages[0] else 1
        return self._keep(stage, lambda: self.engine.compile_kick(kick(stage, duration, self.engine.grid), times=times))

    def _closing_column(self, time: float, duration: float) -> np.ndarray:
        def column() -> np.ndarray:
            kick = self._at(time).kick(self.scheme.stages[-1], duration, self.engine.grid)
            return kick.rows(0, None, columns=1)[:, :, 0]

        return self._keep(("column", duration), column) if self._rests else column()

    def _keep(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _at(self, time: float) -> SampledSymbol:
        """The symbol of V at a time."""
        if not self._rests and time != self._latest[0]:
            self._latest = time, self._sampled(time)
        return self._latest[1]

    def _sampled(self, time: float) -> SampledSymbol:
        q, x = self.engine.rows
        if self.model.noises and not self.model.allow_unphysical:
            trade_off.require(self.model, np.unique(q), np.unique(x), time)
        symbol = symbol_of(self._forces.model, self.hbar_order, not self.exact_bath)
        return SampledSymbol.on(symbol, q, x, self.engine.grid.y.half_frequencies, time)
