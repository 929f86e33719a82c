"""An engine whose W nobody else can look into, and which is gone once it has been handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from wignercq import Grid
from wignercq.propagation.engines import ArrayEngine, BathFlow, Engine, Kick, QuantumFlow, Shear
from wignercq.propagation.engines.base import Deviation


class Sealed:
    """A field that only its engine opens; once."""

    __slots__ = ("_field",)

    def __init__(self, field: np.ndarray) -> None:
        self._field: np.ndarray | None = field

    def look(self) -> np.ndarray:
        assert self._field is not None, "a W that was spent"
        return self._field

    def take(self) -> np.ndarray:
        field, self._field = self.look(), None
        return field


class SealedEngine(Engine):
    """The array engine behind a seal."""

    temporaries = ArrayEngine.temporaries

    def __init__(self, grid: Grid, dtype: np.dtype | type = float, *, threads: int = 2) -> None:
        super().__init__(grid, dtype, threads=threads)
        self.inner = ArrayEngine(grid, dtype, threads=threads)

    def fill(self, write: Callable[[int, np.ndarray], None]) -> Sealed:
        return Sealed(self.inner.fill(write))

    def empty(self) -> Sealed:
        return Sealed(self.inner.empty())

    def copy(self, W: Sealed) -> Sealed:
        return Sealed(self.inner.copy(W.look()))

    def divided(self, W: Sealed, number: float) -> Sealed:
        return Sealed(self.inner.divided(W.take(), number))

    def transferred(self, W: Sealed, target: Engine) -> Sealed:
        assert isinstance(target, SealedEngine)
        return Sealed(self.inner.transferred(W.look(), target.inner))

    def slabs(self, W: Sealed) -> Iterator[np.ndarray]:
        return self.inner.slabs(W.look())

    def array(self, W: Sealed) -> np.ndarray:
        return self.inner.array(W.look())

    def integral(self, W: Sealed) -> float:
        return self.inner.integral(W.look())

    def marginals(self, W: Sealed) -> tuple[dict[tuple[str, str], np.ndarray], float]:
        return self.inner.marginals(W.look())

    def spectral_power(self, W: Sealed) -> list[np.ndarray]:
        return self.inner.spectral_power(W.look())

    def thinned(self, W: Sealed) -> Sealed:
        return Sealed(self.inner.thinned(W.look()))

    def deviation(self, weights: Sequence[float], fields: Sequence[Sealed]) -> Deviation:
        return self.inner.deviation(weights, [field.look() for field in fields])

    def lines(self, field: Sealed) -> list[np.ndarray]:
        return self.inner.lines(field.look())

    def compile_shear(self, shear: Shear) -> Any:
        return self.inner.compile_shear(shear)

    def compile_kick(self, kick: Kick, *, times: int = 1) -> Any:
        return self.inner.compile_kick(kick, times=times)

    def compile_bath(self, flow: BathFlow) -> Any:
        return self.inner.compile_bath(flow)

    def compile_quantum(self, flow: QuantumFlow) -> Any:
        return self.inner.compile_quantum(flow)

    def bath(self, W: Sealed, flow: Any) -> Sealed:
        return Sealed(self.inner.bath(W.take(), flow))

    def quantum(self, W: Sealed, flow: Any) -> Sealed:
        return Sealed(self.inner.quantum(W.take(), flow))

    def transport(self, W: Sealed, shear: Any) -> Sealed:
        return Sealed(self.inner.transport(W.take(), shear))

    def momentum(self, W: Sealed, kick: Any, *, into: Sealed | None = None, **options: Any) -> Sealed:
        if into is None:
            return Sealed(self.inner.momentum(W.take(), kick, **options))
        return Sealed(self.inner.momentum(W.look(), kick, into=into.take(), **options))
