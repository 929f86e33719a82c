"""The default engine: tiles that fit the cache, pyFFTW, and one worker thread per core.

W lies in memory in the order (q, x, p, y)::

    momentum pass   a tile is one q and a few x: some whole planes, contiguous
    position pass   a tile is one p and a few cache lines of y: all of (q, x)
    bath pass       a tile is one x and a few cache lines of y: all of (q, p)
    quantum pass    tiles as of the momentum pass: a matrix along y, where the quantum particle has a bath
    dissipation     a tile is one q: all of (x, p, y)

so each pass reads and writes W once. With a bath pass, a position pass transforms x alone: its tile is one q and a few
rows (p, y). FFTW gathers and scatters the strided tiles itself. Tiles do not depend on the number of threads and plans
come from FFTW's deterministic estimator: the result is the same to the last bit for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from wignercq.grid.grid import Grid
from wignercq.propagation.engines import pages
from wignercq.propagation.engines.blas import single_threaded
from wignercq.propagation.engines.host import HostEngine
from wignercq.propagation.engines.interruption import Interruptible
from wignercq.propagation.engines.multipliers import (
    BathFlow,
    Dissipation,
    DissipationTables,
    Kick,
    Push,
    QuantumFlow,
    Shear,
)
from wignercq.propagation.engines.places import TILE_BYTES, Tile, Tiling, noise_and_shifts, parts, shear_by_p, unfolded
from wignercq.propagation.engines.tile_memory import CACHE_LINE, TileMemory
from wignercq.propagation.engines.tile_transform import FactoredAxis, TileLayout, TileTransform

NOTHING = FactoredAxis(1, real=False)
ALONE_BYTES = 2 * TILE_BYTES  # of W, up to which one thread is faster than several

Act = Callable[[Tile, TileTransform], None]


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
        # of a small W one thread takes all tiles: to hand them over would take longer
        self._workers = 1 if grid.size * self.dtype.itemsize <= ALONE_BYTES else threads
        self._memory = TileMemory(grid, self.dtype)
        lines, lane = self._memory.lines, self._memory.lane
        self._q, self._p = FactoredAxis(n_q, real=False), FactoredAxis(n_p, real=False)
        self._x, self._y = FactoredAxis(n_x, real=True), FactoredAxis(n_y, real=True)
        self._slab_axes = FactoredAxis(n_x, real=False), FactoredAxis(n_p, real=True)
        self._q_alone, self._x_alone = (FactoredAxis(n, real=True, alone=True) for n in (n_q, n_x))
        self._line_parts = parts(lines, n_q * n_x * CACHE_LINE, at_least=2, scale=lane)
        self._path_parts = parts(lines, n_q * n_p * CACHE_LINE, at_least=2, scale=lane)
        p_parts = parts(n_p, n_x * lines * CACHE_LINE)
        x_parts = parts(n_x, n_p * n_y * self.dtype.itemsize)
        q, p, x, y = self._q, self._p, self._x, self._y
        self._columns = self._tiling(n_p, self._line_parts, lambda W, p, part: W[:, :, p, part], 0, (q, x))
        self._rows = self._tiling(n_q, x_parts, lambda W, q, part: W[q, part, :, :n_y], 1, (p, y))
        q, x = self._q_alone, self._x_alone
        self._paths = self._tiling(n_x, self._path_parts, lambda W, x, part: W[None, :, x, :, part], 0, (NOTHING, q))
        self._blocks = self._tiling(n_q, p_parts, lambda W, q, part: W[q, None, :, part], 0, (NOTHING, x))

    def _tiling(
        self,
        count: int,
        parts: list[slice],
        cut: Callable[[np.ndarray, int, slice], np.ndarray],
        position: int,
        axes: tuple[FactoredAxis, FactoredAxis],
    ) -> Tiling:
        """Tiles ``cut(storage, i, part)`` for each ``i < count`` and part, with the transformed axes at `position`."""
        like_w = self._memory.planes()  # for its layout, no page of it being taken
        distinct = {tile.shape: tile for tile in (cut(like_w, 0, part) for part in parts)}.values()
        pairs = [(TileLayout(*axes, position, tile.shape, self.complex_dtype), tile) for tile in distinct]
        transforms = [{tile.shape: TileTransform(layout, tile) for layout, tile in pairs} for _ in range(self._workers)]
        return Tiling([(i, part) for i in range(count) for part in parts], cut, transforms)

    def allocate(self) -> np.ndarray:
        return self._memory.field()

    # work sharing

    def _share(self, tiles: Iterable[Any], work: Callable[[int, Iterator[Any]], None]) -> None:
        """Run ``work(worker, queue of tiles)`` in every thread, this one among them; they share the queue."""
        queue = Interruptible(tiles, self.interruption)
        others = [self._pool.submit(work, worker, queue) for worker in range(1, self._workers)]
        work(0, queue)
        for future in others:
            future.result()
        self.interruption.look()

    def _pass(
        self,
        W: np.ndarray,
        tiling: Tiling,
        act: Act,
        *,
        before: Callable[[np.ndarray], None] | None = None,
        into: np.ndarray | None = None,
    ) -> np.ndarray:
        """Transform every tile, ``act(tile, transform)``, transform back; `before` acts on tiles of W first."""
        result = W if into is None else into
        storage, target = self._memory.storage(W), self._memory.storage(result)

        def work(worker: int, queue: Iterator[Tile]) -> None:
            for tile in queue:
                view = tiling.cut(storage, *tile)
                transform = tiling.transforms[worker][view.shape]
                if before is not None:
                    before(storage[tile])
                transform.forward(view)
                act(tile, transform)
                transform.backward(view if into is None else tiling.cut(target, *tile))

        self._share(tiling.tiles, work)
        return result

    # multipliers

    def compile_shear(self, shear: Shear) -> Any:
        """The q factor by p and the x factor by part of a row; with x alone None and the x factor; normalised."""
        n_q, _, n_x, n_y = self.grid.shape
        axis, norm = (self._x_alone, n_x) if shear.q is None else (self._x, n_q * n_x)
        x = np.zeros((axis.frequencies.size, self._memory.row_length), complex)
        x[:, :n_y] = unfolded(shear.x, axis) / norm
        if shear.q is None:
            return None, x[:, None].astype(self.complex_dtype)
        q = shear_by_p(shear.q, self._q, self._x)
        by_part = {part.start: np.ascontiguousarray(x[:, part], self.complex_dtype) for part in self._line_parts}
        return np.ascontiguousarray(q, self.complex_dtype), by_part

    def compile_bath(self, flow: BathFlow) -> tuple[dict[int, np.ndarray], np.ndarray]:
        """The shear, spread over the columns of a tile, by their number, and the matrix.

        Both shears together include the normalisation.
        """
        shear = unfolded(flow.shear, self._q_alone).astype(self.complex_dtype) / math.sqrt(self.grid.q.points)
        columns = {part.stop - part.start for part in self._path_parts}
        return {n: np.repeat(shear[:, :, None], n, axis=2) for n in columns}, flow.matrix.astype(self.dtype)

    def compile_quantum(self, flow: QuantumFlow) -> tuple[np.ndarray, Any]:
        """The matrix, from the right, and the shear as that of x alone."""
        shear = None if flow.shear is None else self.compile_shear(Shear(None, flow.shear))[1]
        return np.ascontiguousarray(flow.matrix.T, self.dtype), shear

    def compile_kick(self, kick: Kick, *, times: int = 1) -> KickTable:
        n_q, _, n_x, _ = self.grid.shape
        size = n_q * n_x, self._p.frequencies.size * self._y.frequencies.size
        table = KickTable(pages.zeros(size, self.complex_dtype), times)
        norm = self._row_norm ** (1 / times)

        def fill(worker: int, queue: Iterator[Tile]) -> None:
            for tile in queue:
                np.divide(self._multiplier(kick, tile), norm, out=self._multiplier(table, tile), casting="same_kind")

        self._share(self._rows.tiles, fill)
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

    def _displacement(self, push: Push) -> np.ndarray:
        """What the spectrum of a tile is multiplied by to displace p and y, shape (r, s)."""
        of_p, of_y = push.factors(self.grid)
        factor = of_p[self._p.frequencies, None] * unfolded(of_y, self._y)
        return factor.astype(self.complex_dtype)

    # passes

    def transport(self, W: np.ndarray, shear: tuple[Any, Any]) -> np.ndarray:
        q_factor, x_factor = shear

        def multiply(tile: Tile, transform: TileTransform) -> None:
            p, part = tile
            transform.spectrum *= q_factor[p]
            transform.spectrum *= x_factor[part.start]

        def multiply_x(tile: Tile, transform: TileTransform) -> None:
            transform.spectrum *= x_factor

        return self._pass(W, self._blocks, multiply_x) if q_factor is None else self._pass(W, self._columns, multiply)

    def bath(self, W: np.ndarray, flow: tuple[dict[int, np.ndarray], np.ndarray]) -> np.ndarray:
        shears, matrix = flow

        def act(tile: Tile, transform: TileTransform) -> None:
            spectrum, shear = transform.spectrum, shears[transform.spectrum.shape[-1]]
            sheared = np.multiply(spectrum, shear, out=transform.scratch)
            np.matmul(matrix, sheared.view(self.dtype), out=spectrum.view(self.dtype))
            spectrum *= shear

        with single_threaded():
            return self._pass(W, self._paths, act)

    def quantum(self, W: np.ndarray, flow: tuple[np.ndarray, Any]) -> np.ndarray:
        matrix, shear = flow
        storage = self._memory.storage(W)

        def work(worker: int, queue: Iterator[Tile]) -> None:
            for tile in queue:
                planes = self._rows.cut(storage, *tile)
                np.matmul(planes.copy(), matrix, out=planes)

        with single_threaded():
            self._share(self._rows.tiles, work)
        return W if shear is None else self.transport(W, (None, shear))

    @cached_property
    def _slabs(self) -> Tiling:
        """Tiles of all that belongs to one q, for p and x."""
        n_q, n_y = self.grid.q.points, self.grid.y.points
        return self._tiling(n_q, [slice(None)], lambda W, q, _: W[q, :, :, :n_y], 0, self._slab_axes)

    def compile_dissipation(self, dissipation: Dissipation) -> DissipationTables:
        noise, shifts = noise_and_shifts(dissipation, *self._slab_axes)
        matrices, after = dissipation.of_type(self.dtype), self.compile_shear(dissipation.after)
        return DissipationTables(matrices, noise.astype(self.dtype), shifts.astype(self.complex_dtype), after)

    def dissipate(self, W: np.ndarray, tables: DissipationTables) -> np.ndarray:
        of_p, of_x, of_y = tables.matrices

        def contract(slab: np.ndarray) -> None:
            rows = slab[..., : len(of_y)]  # without their padding, (x, p, y)
            values = of_p @ (rows @ of_y.T)
            rows[...] = (of_x @ values.reshape(len(of_x), -1)).reshape(values.shape)

        def act(tile: Tile, transform: TileTransform) -> None:
            transform.spectrum *= tables.noise
            transform.spectrum *= tables.shifts[tile[0]]

        with single_threaded():
            return self._pass(W, self._slabs, act, before=contract)

    def momentum(
        self,
        W: np.ndarray,
        kick: Kick | KickTable,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
        push: Push | None = None,
        into: np.ndarray | None = None,
    ) -> np.ndarray:
        included = times / kick.times if isinstance(kick, KickTable) else 0  # of the normalisation, in the multipliers
        scale = self._row_norm ** (included - 1)
        displacement = None if push is None else self._displacement(push)

        def act(tile: Tile, transform: TileTransform) -> None:
            spectrum, multiplier = transform.spectrum, self._multiplier(kick, tile)
            if displacement is not None:
                spectrum *= displacement
            if column is not None:
                column[self._row_numbers(tile), self._p.frequencies] = spectrum[:, :, 0]
            for _ in range(times):
                spectrum *= multiplier
            if included != 1:
                spectrum *= scale

        if contraction is None:
            return self._pass(W, self._rows, act, into=into)
        assert into is None
        matrix = contraction.astype(self.dtype)

        def contract(planes: np.ndarray) -> None:  # the padding takes part, since whole planes are contiguous
            np.matmul(matrix, planes.copy(), out=planes)

        with single_threaded():
            return self._pass(W, self._rows, act, before=contract)

    def spectral_power(self, W: np.ndarray) -> list[np.ndarray]:
        storage = self._memory.storage(W)
        power_q, power_x = self._power(storage, self._columns)
        power_p, power_y = self._power(storage, self._rows)
        return [power_q, power_p, power_x, power_y]

    def _power(self, storage: np.ndarray, tiling: Tiling) -> list[np.ndarray]:
        """Shares of the power at each absolute frequency of both transformed axes, summed in the order of the tiles."""
        layout = next(iter(tiling.transforms[0].values())).layout
        axes = layout.first, layout.second
        tiles = [tile for tile in tiling.tiles if tile[0] % 2 == 0]
        powers = [np.zeros((len(tiles), axis.frequencies.size)) for axis in axes]

        def work(worker: int, queue: Iterator[tuple[int, Tile]]) -> None:
            for number, tile in queue:
                view = tiling.cut(storage, *tile)
                spectrum = tiling.transforms[worker][view.shape].forward(view)
                parts = spectrum.view(self.dtype)
                np.square(parts, out=parts)  # in the buffer of the transform
                if layout.position:
                    squared = parts.sum(axis=0, dtype=float).reshape(*spectrum.shape[1:], 2).sum(axis=2)
                else:
                    squared = parts @ np.ones(parts.shape[-1])
                powers[0][number] = squared @ layout.second.weights
                powers[1][number] = squared.sum(axis=0) * layout.second.weights

        self._share(enumerate(tiles), work)
        folded = [np.bincount(axis.folded, power.sum(axis=0)) for axis, power in zip(axes, powers, strict=True)]
        return [power / power.sum() for power in folded]
