"""How the tiled engine lays W in memory: the order (q, x, p, y), with a little room between rows and planes.

Rows of y are padded to whole cache lines. Strides that share cache sets get one more line, or the columns of a tile
would displace each other.
"""

from __future__ import annotations

import numpy as np

from wignercq.grid.grid import Grid
from wignercq.propagation.engines import pages

CACHE_LINE = 64  # bytes
CONFLICT_STRIDE = 1024  # bytes: strides that are multiples of this get one more line


class TileMemory:
    """The layout of W on one grid.

    Attributes
    ----------
    lane : int
        Elements of a cache line.
    lines : int
        Cache lines of a row of y.
    """

    def __init__(self, grid: Grid, dtype: np.dtype) -> None:
        self.grid, self.dtype = grid, dtype
        _, n_p, n_x, n_y = grid.shape
        self.lane = CACHE_LINE // dtype.itemsize
        self.lines = -(-n_y // self.lane)
        self.row_length = self.lines * self.lane
        self._plane_length = self._apart(n_p * self.row_length)
        self._slab_length = self._apart(n_x * self._plane_length)

    def _apart(self, length: int) -> int:
        """A stride of so many elements, or one cache line more."""
        in_conflict = length * self.dtype.itemsize % CONFLICT_STRIDE == 0
        return length + in_conflict * self.lane

    @property
    def _strides(self) -> tuple[int, int, int, int]:
        """Of q, x, p, y in memory, in bytes."""
        steps = self._slab_length, self._plane_length, self.row_length, 1
        q, x, p, y = (self.dtype.itemsize * step for step in steps)
        return q, x, p, y

    def planes(self, memory: np.ndarray | None = None) -> np.ndarray:
        """A view of memory, new if None, with axes (q, x, p, y), rows of y with their padding."""
        n_q, n_p, n_x, _ = self.grid.shape
        if memory is None:
            memory = pages.zeros((n_q, self._slab_length), self.dtype)
        return np.lib.stride_tricks.as_strided(memory, (n_q, n_x, n_p, self.row_length), self._strides)

    def field(self) -> np.ndarray:
        """Room for a W, axes (q, p, x, y)."""
        return self.planes()[..., : self.grid.y.points].transpose(0, 2, 1, 3)

    def storage(self, W: np.ndarray) -> np.ndarray:
        """A W from :meth:`field` as it lies in memory, rows of y with their padding, axes (q, x, p, y)."""
        q, x, p, y = self._strides
        ours = W.shape == self.grid.shape and W.dtype == self.dtype and W.strides == (q, p, x, y)
        if not ours or W.ctypes.data % CACHE_LINE:
            raise ValueError("W: expected an array from this engine's allocate(), got one of another layout")
        return self.planes(W)
