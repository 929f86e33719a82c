"""The default engine: tiles that fit the cache, pyFFTW, and one worker thread per core.

W lies in memory as rows (q, x), each a padded plane (p, y)::

    momentum pass   a tile is a few neighbouring rows, contiguous in memory
    position pass   a tile is one cache line of columns (p, y) across all rows

so each pass reads and writes W once. FFTW gathers and scatters the strided tiles itself. Rows are padded, since a
stride that is a multiple of a page would send all rows of a column tile to the same cache sets. Tiles do not
depend on the number of threads and plans come from FFTW's deterministic estimator: the result is the same to
the last bit for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyfftw
from threadpoolctl import ThreadpoolController

from wignercq.engines.base import Engine, Kick, Shear, fold_power
from wignercq.grid import Grid

CACHE_LINE = 64  # bytes
TILE_BYTES = 256 * 1024  # of W in one momentum tile
CONFLICT_STRIDE = 1024  # bytes: row strides that are multiples of this are padded by one cache line
PLANNING = "FFTW_ESTIMATE"  # deterministic, unlike FFTW_MEASURE


@dataclass(frozen=True)
class _Plans:
    """FFT plans and buffers of one worker thread for one kind of pass."""

    forward: pyfftw.FFTW
    backward: pyfftw.FFTW
    spectrum: np.ndarray
    contracted: np.ndarray
    forward_contracted: pyfftw.FFTW


class TiledEngine(Engine):
    """Two-axis transforms tile by tile with FFTW.

    Parameters
    ----------
    grid : Grid
    dtype : np.dtype
    threads : int
        Worker threads; the result does not depend on it.
    """

    def __init__(self, grid: Grid, dtype: np.dtype | type = float, *, threads: int = 2) -> None:
        super().__init__(grid, dtype)
        n_q, n_p, n_x, n_y = grid.shape
        self.threads = threads
        self.rows = n_q * n_x
        self.lane = CACHE_LINE // self.dtype.itemsize
        self.row_length = self._padded(n_p * n_y)
        self.tile_rows = self._rows_per_tile(n_x, n_p * n_y * self.dtype.itemsize)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._blas = ThreadpoolController()
        layout = self.allocate()
        self._column_plans = [self._plan_columns(layout) for _ in range(threads)]
        self._row_plans = [self._plan_rows(layout) for _ in range(threads)]

    def _padded(self, length: int) -> int:
        padded = -(-length // self.lane) * self.lane
        return padded if padded * self.dtype.itemsize % CONFLICT_STRIDE else padded + self.lane

    @staticmethod
    def _rows_per_tile(n_x: int, row_bytes: int) -> int:
        """The largest divisor of n_x whose rows fit a tile."""
        return max(d for d in range(1, n_x + 1) if n_x % d == 0 and (d == 1 or d * row_bytes <= TILE_BYTES))

    # layout

    def allocate(self) -> np.ndarray:
        storage = pyfftw.zeros_aligned((self.rows, self.row_length), self.dtype, n=CACHE_LINE)
        n_q, n_p, n_x, n_y = self.grid.shape
        planes = storage[:, : n_p * n_y].reshape(n_q, n_x, n_p, n_y, copy=False)
        return planes.transpose(0, 2, 1, 3)

    def _storage(self, W: np.ndarray) -> np.ndarray:
        """All rows with their padding, shape (nq * nx, row_length), of a W from :meth:`allocate`."""
        item = self.dtype.itemsize
        expected = tuple(
            item * n for n in (self.grid.x.points * self.row_length, self.grid.y.points, self.row_length, 1)
        )
        if W.strides != expected or W.dtype != self.dtype or W.shape != self.grid.shape:
            raise ValueError("W: expected an array from this engine's allocate(), got one of another layout")
        return np.lib.stride_tricks.as_strided(W, (self.rows, self.row_length), (self.row_length * item, item))

    def _column_tile(self, storage: np.ndarray, tile: int) -> np.ndarray:
        n_q, _, n_x, _ = self.grid.shape
        columns = storage[:, tile * self.lane : (tile + 1) * self.lane]
        return columns.reshape(n_q, n_x, self.lane, copy=False)

    def _row_tile(self, storage: np.ndarray, tile: int) -> np.ndarray:
        _, n_p, _, n_y = self.grid.shape
        rows = storage[tile * self.tile_rows : (tile + 1) * self.tile_rows, : n_p * n_y]
        return rows.reshape(self.tile_rows, n_p, n_y, copy=False)

    # plans

    def _plan_columns(self, layout: np.ndarray) -> _Plans:
        n_q, _, n_x, _ = self.grid.shape
        tile = self._column_tile(self._storage(layout), 0)
        return self._plan(tile, (n_q, n_x // 2 + 1, self.lane), axes=(0, 1))

    def _plan_rows(self, layout: np.ndarray) -> _Plans:
        _, n_p, _, n_y = self.grid.shape
        tile = self._row_tile(self._storage(layout), 0)
        return self._plan(tile, (self.tile_rows, n_p, n_y // 2 + 1), axes=(1, 2))

    def _plan(self, tile: np.ndarray, spectrum_shape: tuple[int, ...], axes: tuple[int, int]) -> _Plans:
        spectrum = pyfftw.empty_aligned(spectrum_shape, self.complex_dtype)
        contracted = pyfftw.empty_aligned(tile.shape, self.dtype)
        aligned = tile.strides[0] % CACHE_LINE == 0
        flags = (PLANNING,) if aligned else (PLANNING, "FFTW_UNALIGNED")
        back_flags = (*flags, "FFTW_DESTROY_INPUT")
        return _Plans(
            pyfftw.FFTW(tile, spectrum, axes=axes, flags=flags),
            pyfftw.FFTW(spectrum, tile, axes=axes, direction="FFTW_BACKWARD", flags=back_flags),
            spectrum,
            contracted,
            pyfftw.FFTW(contracted, spectrum, axes=axes, flags=flags),
        )

    # work sharing

    def _share(self, tiles: int, work: Callable[[int, Iterator[int]], Any]) -> list[Any]:
        """Run ``work(worker, queue of tile numbers)`` in every thread; the queue is shared between them."""
        queue = iter(range(tiles))
        if self._pool is None:
            return [work(0, queue)]
        return [f.result() for f in [self._pool.submit(work, worker, queue) for worker in range(self.threads)]]

    # multipliers

    def compile_shear(self, shear: Shear) -> Any:
        """Both factors spread over the columns (p, y), the transform's normalisation included."""
        n_q, n_p, n_x, n_y = self.grid.shape
        q = np.zeros((n_q, self.row_length), self.complex_dtype)
        x = np.zeros((n_x // 2 + 1, self.row_length), self.complex_dtype)
        q[:, : n_p * n_y] = np.repeat(shear.q, n_y, axis=1) / (n_q * n_x)
        x[:, : n_p * n_y] = np.tile(shear.x, n_p)
        return self._by_column_tile(q)[:, :, None, :], self._by_column_tile(x)

    def _by_column_tile(self, factor: np.ndarray) -> np.ndarray:
        """Columns regrouped tile by tile, each tile contiguous, shape (tiles, frequencies, lane)."""
        tiles = factor.reshape(len(factor), -1, self.lane)
        return np.ascontiguousarray(tiles.transpose(1, 0, 2))

    def compile_kick(self, kick: Kick) -> np.ndarray:
        _, n_p, _, n_y = self.grid.shape
        table = np.empty((self.rows, n_p, n_y // 2 + 1), self.complex_dtype)

        def fill(_worker: int, queue: Iterator[int]) -> None:
            for tile in queue:
                rows = slice(tile * self.tile_rows, (tile + 1) * self.tile_rows)
                table[rows] = self._kick_rows(kick, rows)

        self._share(self.rows // self.tile_rows, fill)
        return table

    def _kick_rows(self, kick: Kick | np.ndarray, rows: slice) -> np.ndarray:
        if isinstance(kick, np.ndarray):
            return kick[rows]
        _, n_p, _, n_y = self.grid.shape
        return kick.rows(rows.start, rows.stop) / (n_p * n_y)

    # passes

    def transport(self, W: np.ndarray, shear: Any) -> None:
        storage = self._storage(W)
        q_factor, x_factor = shear

        def work(worker: int, queue: Iterator[int]) -> None:
            plans = self._column_plans[worker]
            spectrum = plans.spectrum
            for tile in queue:
                view = self._column_tile(storage, tile)
                plans.forward.update_arrays(view, spectrum)
                plans.forward.execute()
                spectrum *= q_factor[tile]
                spectrum *= x_factor[tile]
                plans.backward.update_arrays(spectrum, view)
                plans.backward.execute()

        self._share(self.row_length // self.lane, work)

    def momentum(
        self, W: np.ndarray, kick: Any, *, contraction: np.ndarray | None = None, column: np.ndarray | None = None
    ) -> None:
        storage = self._storage(W)
        matrix = None if contraction is None else contraction.astype(self.dtype)

        def work(worker: int, queue: Iterator[int]) -> None:
            plans = self._row_plans[worker]
            spectrum = plans.spectrum
            for tile in queue:
                view = self._row_tile(storage, tile)
                rows = slice(tile * self.tile_rows, (tile + 1) * self.tile_rows)
                self._forward_rows(plans, view, matrix)
                if column is not None:
                    column[rows] = spectrum[:, :, 0]
                spectrum *= self._kick_rows(kick, rows)
                plans.backward.update_arrays(spectrum, view)
                plans.backward.execute()

        with self._blas.limit(limits=1, user_api="blas"):
            self._share(self.rows // self.tile_rows, work)

    @staticmethod
    def _forward_rows(plans: _Plans, view: np.ndarray, matrix: np.ndarray | None) -> None:
        if matrix is None:
            plans.forward.update_arrays(view, plans.spectrum)
            plans.forward.execute()
        else:
            np.matmul(matrix, view, out=plans.contracted)
            plans.forward_contracted.execute()

    def spectral_power(self, W: np.ndarray) -> list[np.ndarray]:
        storage = self._storage(W)
        n_q, n_p, n_x, n_y = self.grid.shape

        def column_tiles(worker: int, queue: Iterator[int], powers: tuple[np.ndarray, np.ndarray]) -> None:
            plans = self._column_plans[worker]
            for tile in queue:
                plans.forward.update_arrays(self._column_tile(storage, tile), plans.spectrum)
                plans.forward.execute()
                squared = plans.spectrum.real**2 + plans.spectrum.imag**2
                powers[0][tile] = squared.sum(axis=2) @ _half_weights(n_x)
                powers[1][tile] = squared.sum(axis=(0, 2)) * _half_weights(n_x)

        def row_tiles(worker: int, queue: Iterator[int], powers: tuple[np.ndarray, np.ndarray]) -> None:
            plans = self._row_plans[worker]
            for tile in queue:
                self._forward_rows(plans, self._row_tile(storage, tile), None)
                squared = plans.spectrum.real**2 + plans.spectrum.imag**2
                powers[0][tile] = squared.sum(axis=0) @ _half_weights(n_y)
                powers[1][tile] = squared.sum(axis=(0, 1)) * _half_weights(n_y)

        def total(work: Callable, tiles: int, n_full: int, n_half: int) -> tuple[np.ndarray, np.ndarray]:
            powers = np.zeros((tiles, n_full)), np.zeros((tiles, n_half // 2 + 1))
            self._share(tiles, lambda worker, queue: work(worker, queue, powers))
            return fold_power(powers[0].sum(axis=0)), powers[1].sum(axis=0)

        power_q, power_x = total(column_tiles, self.row_length // self.lane, n_q, n_x)
        power_p, power_y = total(row_tiles, self.rows // self.tile_rows, n_p, n_y)
        return [power / power.sum() for power in (power_q, power_p, power_x, power_y)]


def _half_weights(n: int) -> np.ndarray:
    """How many frequencies of a full transform of size n each entry of its half spectrum stands for."""
    weights = np.full(n // 2 + 1, 2.0)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights
