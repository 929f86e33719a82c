"""What engines share whose W is a NumPy array of shape ``grid.shape``, whatever its strides."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from wignercq.grid.grid import Grid
from wignercq.grid.integration import plane_integrals
from wignercq.grid.interpolation import interpolations
from wignercq.propagation.engines.base import FAINT, Deviation, Engine
from wignercq.propagation.engines.blas import single_threaded

EVERY_OTHER = (slice(None, None, 2),) * 4


class HostEngine(Engine):
    """An engine whose W lies in the memory of this process and is changed in place."""

    def __init__(self, grid: Grid, dtype: np.dtype | type = float, *, threads: int = 2) -> None:
        super().__init__(grid, dtype, threads=threads)
        self._pool = ThreadPoolExecutor(threads)

    @abstractmethod
    def allocate(self) -> np.ndarray:
        """A zero W in the layout this engine works on."""

    def empty(self) -> np.ndarray:
        return self.allocate()

    def fill(self, write: Callable[[int, np.ndarray], None]) -> np.ndarray:
        W = self.allocate()
        for i, slab in enumerate(W):
            write(i, slab)
        return W

    def copy(self, W: np.ndarray) -> np.ndarray:
        result = self.allocate()
        result[...] = W
        return result

    def divided(self, W: np.ndarray, number: float) -> np.ndarray:
        W /= number
        return W

    def transferred(self, W: np.ndarray, target: Engine) -> np.ndarray:
        assert isinstance(target, HostEngine)
        along_q, along_p, along_x, along_y = interpolations(self.grid, target.grid)
        result = target.allocate()

        def moved(values: np.ndarray) -> np.ndarray:
            slab = np.tensordot(along_p, np.asarray(values, float), axes=(1, 0))
            return np.matmul(along_x, slab) @ along_y.T

        with single_threaded():
            for first in range(0, len(W), self.threads):  # so many slabs in memory at a time
                self.interruption.look()
                for i, slab in enumerate(self._pool.map(moved, W[first : first + self.threads]), start=first):
                    for j in np.flatnonzero(along_q[:, i]):
                        result[j] += along_q[j, i] * slab
        return result

    def slabs(self, W: np.ndarray) -> Iterator[np.ndarray]:
        yield from W

    def array(self, W: np.ndarray) -> np.ndarray:
        return W

    def integral(self, W: np.ndarray) -> float:
        return float(W.sum(dtype=float)) * self.grid.cell

    def marginals(self, W: np.ndarray) -> tuple[dict[tuple[str, str], np.ndarray], float]:
        return plane_integrals(W, self.grid, threads=self.threads, pool=self._pool)

    def thinned(self, W: np.ndarray) -> np.ndarray:
        return W[EVERY_OTHER].copy()

    def deviation(self, weights: Sequence[float], fields: Sequence[np.ndarray]) -> Deviation:
        total = np.abs(sum(weight * field for weight, field in zip(weights, fields, strict=True)))
        size = np.abs(fields[-1])
        largest = size.max()
        inside = np.max(total, where=size >= FAINT * largest, initial=0.0)
        return Deviation(float(inside / largest), float(total.max() / largest))

    def lines(self, field: np.ndarray) -> list[np.ndarray]:
        return [field.sum(axis=tuple(i for i in range(4) if i != axis)) for axis in range(4)]
