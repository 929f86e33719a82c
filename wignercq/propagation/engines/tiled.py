"""The default engine: tiles that fit the cache, pyFFTW, and one worker thread per core.

W lies in memory in the order (q, x, p, y), each row of y padded to whole cache lines, each plane (p, y) by one more
line if need be::

    momentum pass   a tile is one q and a few x: some whole planes, contiguous
    position pass   a tile is one p and a few cache lines of y: all of (q, x)

so each pass reads and writes W once. FFTW gathers and scatters the strided tiles itself. Tiles do not depend on the
number of threads and plans come from FFTW's deterministic estimator: the result is the same to the last bit for any
number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from wignercq.grid.grid import Grid
from wignercq.propagation.engines import pages
from wignercq.propagation.engines.base import Kick, Shear
from wignercq.propagation.engines.host import HostEngine
from wignercq.propagation.engines.interruption import Interruptible
from wignercq.propagation.engines.tile_transform import FactoredAxis, TileLayout, TileTransform

CACHE_LINE = 64  # bytes
TILE_BYTES = 1024 * 1024  # of W in one tile
CONFLICT_STRIDE = 1024  # bytes: planes that are multiples of this get one more line, or columns would share cache sets

Tile = tuple[int, slice]  # (q, part of x) or (p, part of a padded row)
Transforms = list[dict[tuple[int, ...], TileTransform]]  # for each worker thread by the shape of the tile


class KickTable(NamedTuple):
    """The multipliers of a momentum stage for all rows, and how often in a pass they mostly are applied.

    So often, they include the normalisation of the transforms.
    """

    values: np.ndarray
    times: int


class TiledEngine(HostEngine):
    """Two-axis transforms tile by tile with FFTW."""

    def __init__(self, grid: Grid, dtype: np.dtype | type = float, *, threads: int = 2) -> None:
        super().__init__(grid, dtype, threads=threads)
        n_q, n_p, n_x, n_y = grid.shape
        self._lane = CACHE_LINE // self.dtype.itemsize
        lines = -(-n_y // self._lane)
        self._row_length = lines * self._lane
        in_conflict = n_p * lines * CACHE_LINE % CONFLICT_STRIDE == 0
        self._plane_length = n_p * self._row_length + in_conflict * self._lane
        self._q, self._p = FactoredAxis(n_q, real=False), FactoredAxis(n_p, real=False)
        self._x, self._y = FactoredAxis(n_x, real=True), FactoredAxis(n_y, real=True)
        self._row_parts = _parts(n_x, n_p * n_y * self.dtype.itemsize)
        self._line_parts = _parts(lines, n_q * n_x * CACHE_LINE, at_least=2, scale=self._lane)
        self._row_tiles = [(q, part) for q in range(n_q) for part in self._row_parts]
        self._column_tiles = [(p, part) for p in range(n_p) for part in self._line_parts]
        self._pool = ThreadPoolExecutor(max(1, threads - 1))  # the calling thread works too
        self._blas = ThreadpoolController()
        storage = self._planes(pages.zeros(self._memory_shape, self.dtype))  # for its layout, no page of it being taken
        columns = [self._column_view(storage, (0, part)) for part in self._line_parts]
        rows = [self._row_view(storage, (0, part)) for part in self._row_parts]
        self._column_transforms = self._plan(self._q, self._x, 0, columns)
        self._row_transforms = self._plan(self._p, self._y, 1, rows)

    def _plan(
        self, first: FactoredAxis, second: FactoredAxis, position: int, examples: Iterable[np.ndarray]
    ) -> Transforms:
        """Transforms for tiles like the examples."""
        distinct = {tile.shape: tile for tile in examples}.values()
        pairs = [(TileLayout(first, second, position, tile.shape, self.complex_dtype), tile) for tile in distinct]
        return [{tile.shape: TileTransform(layout, tile) for layout, tile in pairs} for _ in range(self.threads)]

    # layout

    @property
    def _memory_shape(self) -> tuple[int, int, int]:
        return self.grid.q.points, self.grid.x.points, self._plane_length

    def _planes(self, memory: np.ndarray) -> np.ndarray:
        """A view with axes (q, x, p, y), rows of y with their padding."""
        n_q, n_p, n_x, _ = self.grid.shape
        return memory[..., : n_p * self._row_length].reshape(n_q, n_x, n_p, self._row_length, copy=False)

    def allocate(self) -> np.ndarray:
        planes = self._planes(pages.zeros(self._memory_shape, self.dtype))
        return planes[..., : self.grid.y.points].transpose(0, 2, 1, 3)

    def _storage(self, W: np.ndarray) -> np.ndarray:
        """A W from :meth:`allocate` as it lies in memory, rows of y with their padding, axes (q, x, p, y)."""
        n_q, n_p, n_x, _ = self.grid.shape
        steps = n_x * self._plane_length, self._plane_length, self._row_length, 1
        q, x, p, y = (self.dtype.itemsize * step for step in steps)
        ours = W.shape == self.grid.shape and W.dtype == self.dtype and W.strides == (q, p, x, y)
        if not ours or W.ctypes.data % CACHE_LINE:
            raise ValueError("W: expected an array from this engine's allocate(), got one of another layout")
        return np.lib.stride_tricks.as_strided(W, (n_q, n_x, n_p, self._row_length), (q, x, p, y))

    def _column_view(self, storage: np.ndarray, tile: Tile) -> np.ndarray:
        p, part = tile
        return storage[:, :, p, part]

    def _row_view(self, storage: np.ndarray, tile: Tile) -> np.ndarray:
        q, part = tile
        return storage[q, part, :, : self.grid.y.points]

    # work sharing

    def _share(self, tiles: Iterable[Any], work: Callable[[int, Iterator[Any]], None]) -> None:
        """Run ``work(worker, queue of tiles)`` in every thread, this one among them; they share the queue."""
        queue = Interruptible(tiles, self.interruption)
        others = [self._pool.submit(work, worker, queue) for worker in range(1, self.threads)]
        work(0, queue)
        for future in others:
            future.result()
        self.interruption.look()

    # multipliers

    def compile_shear(self, shear: Shear) -> Any:
        """The q factor by p and the x factor by part of a row, the transform's normalisation included."""
        n_q, _, n_x, n_y = self.grid.shape
        q = shear.q[self._q.frequencies].T[:, :, None, None]
        x = np.zeros((self._x.frequencies.size, self._row_length), complex)
        x[:, :n_y] = shear.x[self._x.folded] / (n_q * n_x)
        x[self._x.mirrored] = x[self._x.mirrored].conj()
        by_part = {part.start: np.ascontiguousarray(x[:, part], self.complex_dtype) for part in self._line_parts}
        return np.ascontiguousarray(q, self.complex_dtype), by_part

    def compile_kick(self, kick: Kick, *, times: int = 1) -> KickTable:
        n_q, _, n_x, _ = self.grid.shape
        size = n_q * n_x, self._p.frequencies.size * self._y.frequencies.size
        table = KickTable(pages.zeros(size, self.complex_dtype), times)
        norm = self._row_norm ** (1 / times)

        def fill(worker: int, queue: Iterator[Tile]) -> None:
            for tile in queue:
                np.divide(self._multiplier(kick, tile), norm, out=self._multiplier(table, tile), casting="same_kind")

        self._share(self._row_tiles, fill)
        return table

    @property
    def _row_norm(self) -> int:
        """What a transform of p and y and its inverse multiply by."""
        return self.grid.p.points * self.grid.y.points

    def _row_numbers(self, tile: Tile) -> slice:
        """The rows (q, x) of a tile, q slowest."""
        q, part = tile
        first = q * self.grid.x.points
        return slice(first + part.start, first + part.stop)

    def _multiplier(self, kick: Kick | KickTable, tile: Tile) -> np.ndarray:
        """What the spectrum of a tile is multiplied by, shape (x, r, s), the frequencies at their places."""
        rows = self._row_numbers(tile)
        if isinstance(kick, KickTable):
            return kick.values[rows].reshape(rows.stop - rows.start, self._p.frequencies.size, -1)
        n_p = self.grid.p.points
        half = kick.rows(rows.start, rows.stop)
        r, s, mirrored = self._p.frequencies[:, None], self._y.folded, self._y.mirrored
        values = half[:, r, s]
        values[:, :, mirrored] = half[:, -r % n_p, s[mirrored]].conj()
        return values

    # passes

    def transport(self, W: np.ndarray, shear: Any) -> np.ndarray:
        storage = self._storage(W)
        q_factor, x_factor = shear

        def work(worker: int, queue: Iterator[Tile]) -> None:
            for p, part in queue:
                view = self._column_view(storage, (p, part))
                transform = self._column_transforms[worker][view.shape]
                spectrum = transform.forward(view)
                spectrum *= q_factor[p]
                spectrum *= x_factor[part.start]
                transform.backward(view)

        self._share(self._column_tiles, work)
        return W

    def momentum(
        self,
        W: np.ndarray,
        kick: Kick | KickTable,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
    ) -> np.ndarray:
        storage = self._storage(W)
        included = times / kick.times if isinstance(kick, KickTable) else 0  # of the normalisation, in the multipliers
        scale = self._row_norm ** (included - 1)
        matrix = None if contraction is None else contraction.astype(self.dtype)

        def work(worker: int, queue: Iterator[Tile]) -> None:
            for tile in queue:
                view = self._row_view(storage, tile)
                transform = self._row_transforms[worker][view.shape]
                if matrix is not None:
                    planes = storage[tile]  # the padding takes part, since whole planes are contiguous
                    np.matmul(matrix, planes.copy(), out=planes)
                spectrum = transform.forward(view)
                if column is not None:
                    column[self._row_numbers(tile), self._p.frequencies] = spectrum[:, :, 0]
                multiplier = self._multiplier(kick, tile)
                for _ in range(times):
                    spectrum *= multiplier
                if included != 1:
                    spectrum *= scale
                transform.backward(view)

        with self._blas.limit(limits=1, user_api="blas"):
            self._share(self._row_tiles, work)
        return W

    def spectral_power(self, W: np.ndarray) -> list[np.ndarray]:
        storage = self._storage(W)
        columns = [self._column_view(storage, tile) for tile in self._column_tiles]
        rows = [self._row_view(storage, tile) for tile in self._row_tiles]
        power_q, power_x = self._power(columns, self._column_transforms)
        power_p, power_y = self._power(rows, self._row_transforms)
        return [power_q, power_p, power_x, power_y]

    def _power(self, tiles: list[np.ndarray], transforms: Transforms) -> list[np.ndarray]:
        """Shares of the power at each absolute frequency of both transformed axes, summed in the order of the tiles."""
        layout = transforms[0][tiles[0].shape].layout
        axes = layout.first, layout.second
        powers = [np.zeros((len(tiles), axis.frequencies.size)) for axis in axes]

        def work(worker: int, queue: Iterator[tuple[int, np.ndarray]]) -> None:
            for number, tile in queue:
                spectrum = transforms[worker][tile.shape].forward(tile)
                squared = (spectrum.real**2 + spectrum.imag**2).sum(axis=2 - 2 * layout.position)
                powers[0][number] = squared @ layout.second.weights
                powers[1][number] = squared.sum(axis=0) * layout.second.weights

        self._share(enumerate(tiles), work)
        folded = [np.bincount(axis.folded, power.sum(axis=0)) for axis, power in zip(axes, powers, strict=True)]
        return [power / power.sum() for power in folded]


def _parts(length: int, unit_bytes: int, *, at_least: int = 1, scale: int = 1) -> list[slice]:
    """Cut `length` units evenly into the fewest parts that fit a tile; units are `scale` elements long.

    A part that does not fit has up to `at_least` units.
    """
    count = -(-length // max(at_least, TILE_BYTES // unit_bytes))
    edges = [length * part // count * scale for part in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
