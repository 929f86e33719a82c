"""Transforms of a tile over two axes, in lengths that FFTW does with vector instructions.

FFTW has vectorised kernels for some short lengths only; on an axis of, say, 48 or 96 points across contiguous columns
it is two to three times slower per operation than on 64. An axis of such a length n = a b is transformed in two
steps: over j1 of j = j1 b + j2, times the twiddle factor exp(-2 pi i j2 k1 / n), then over j2. That leaves frequency
k = k1 + a k2 at place k1 b + k2. Nothing is ever sorted: multipliers are stored in the order of the places. The real
axis keeps k1 <= a/2, which is half of the frequencies and a few of the other half.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from functools import cached_property

import numpy as np
import pyfftw

PLANNING = "FFTW_ESTIMATE"  # deterministic, unlike FFTW_MEASURE
KERNELS = frozenset((*range(1, 17), 20, 25, 32, 64, 128))  # lengths FFTW transforms in one piece
LONGEST_FIRST_STEP = 16
LONGEST_ALONE = 25  # in one piece, of an axis transformed alone: its rows often lie a round number of bytes apart, and
WAYS = 8  # so many of those fit the first-level cache at a time


@dataclass(frozen=True)
class FactoredAxis:
    """How an axis of a tile is transformed."""

    points: int
    real: bool  # whether this is the axis on which the transform of a real array keeps about half of the frequencies
    alone: bool = False  # whether no other axis is transformed with it

    @cached_property
    def steps(self) -> tuple[int, int]:
        """The lengths a and b; b is 1 where one step is as good or there is no suitable pair."""
        n = self.points
        pairs = [(a, n // a) for a in range(2, LONGEST_FIRST_STEP + 1) if n % a == 0 and n // a in KERNELS]
        if not pairs or (n in KERNELS and not (self.alone and n > LONGEST_ALONE)):
            return n, 1
        if self.alone:
            return min(pairs, key=lambda pair: (pair[0] != WAYS, abs(pair[0] - pair[1])))
        return min(pairs, key=lambda pair: (pair[0] // 2 + 1) * pair[1] if self.real else abs(pair[0] - pair[1]))

    @property
    def kept(self) -> tuple[int, int]:
        """How many k1 and k2 the spectrum holds."""
        a, b = self.steps
        return (a // 2 + 1 if self.real else a), b

    @cached_property
    def frequencies(self) -> np.ndarray:
        """The frequency ``0 <= k < points`` at each place of the spectrum."""
        k1, k2 = np.indices(self.kept)
        return (k1 + self.steps[0] * k2).ravel()

    @cached_property
    def folded(self) -> np.ndarray:
        """``min(k, points - k)`` at each place."""
        return np.minimum(self.frequencies, self.points - self.frequencies)

    @cached_property
    def mirrored(self) -> np.ndarray:
        """Places with ``k > points / 2``, where the folded frequency has the opposite sign."""
        return np.flatnonzero(self.frequencies > self.folded)

    @property
    def weights(self) -> np.ndarray:
        """How many frequencies of a complete transform each place stands for."""
        k1 = np.repeat(np.arange(self.kept[0]), self.kept[1])
        alone = (2 * k1 % self.steps[0] == 0) | (not self.real)
        return np.where(alone, 1.0, 2.0)

    @property
    def twiddles(self) -> np.ndarray:
        """exp(-2 pi i j2 k1 / n), shape ``(kept k1 * b,)``."""
        k1, j2 = np.indices(self.kept)
        return np.exp(-2j * np.pi / self.points * (k1 * j2)).ravel()


@dataclass(frozen=True, eq=False)
class TileLayout:
    """What all transforms of tiles of one shape share."""

    # the axes that are transformed, neighbours in a tile; the second is the real one
    first: FactoredAxis
    second: FactoredAxis
    position: int  # which axis of a tile `first` is, 0 or 1
    shape: tuple[int, ...]  # of a tile
    dtype: np.dtype  # of its spectrum

    @property
    def spectrum_shape(self) -> tuple[int, ...]:
        """Shape of the transform of a tile."""
        sizes = self.first.frequencies.size, self.second.frequencies.size
        return (*self.shape[: self.position], *sizes, *self.shape[self.position + 2 :])

    @cached_property
    def twiddles(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Factors of both axes, forward and backward, to multiply a spectrum by; None where each takes one step."""
        if self.first.steps[1] == self.second.steps[1] == 1:
            return None
        factors = np.multiply.outer(self.first.twiddles, self.second.twiddles)
        if self.position == 0:  # spread over the columns: a multiplication with a long inner loop is twice as fast
            columns = (1,) * (len(self.shape) - 2)
            factors = np.broadcast_to(factors.reshape(*factors.shape, *columns), self.spectrum_shape)
        forward = factors.astype(self.dtype)
        return forward, forward.conj()

    def pieces(self, array: np.ndarray, first: tuple[int, int], second: tuple[int, int]) -> np.ndarray:
        """A view of a tile or its spectrum with both transformed axes split into two each."""
        split = *array.shape[: self.position], *first, *second, *array.shape[self.position + 2 :]
        return array.reshape(split, copy=False)


@dataclass(eq=False)
class TileTransform:
    """Plans and the buffer of one worker thread for tiles of one layout."""

    layout: TileLayout
    # an array with the shape, strides and alignment of the tiles; its values do not matter
    example: InitVar[np.ndarray]
    spectrum: np.ndarray = field(init=False)

    def __post_init__(self, example: np.ndarray) -> None:
        layout = self.layout
        self.spectrum = pyfftw.empty_aligned(layout.spectrum_shape, layout.dtype)
        self._pieces = layout.pieces(self.spectrum, layout.first.kept, layout.second.kept)
        tile = self._tile_pieces(example)
        i = layout.position
        outer, inner = (i, i + 2), (i + 1, i + 3)
        backward = (PLANNING, "FFTW_DESTROY_INPUT")
        self._outer_forward = pyfftw.FFTW(tile, self._pieces, axes=outer, flags=(PLANNING,))
        self._outer_backward = pyfftw.FFTW(self._pieces, tile, axes=outer, direction="FFTW_BACKWARD", flags=backward)
        if layout.twiddles is not None:
            axes = tuple(axis for axis in inner if self._pieces.shape[axis] > 1)
            self._inner_forward = pyfftw.FFTW(self._pieces, self._pieces, axes=axes, flags=(PLANNING,))
            self._inner_backward = pyfftw.FFTW(
                self._pieces, self._pieces, axes=axes, direction="FFTW_BACKWARD", flags=(PLANNING,)
            )

    @cached_property
    def scratch(self) -> np.ndarray:
        """Memory for another spectrum."""
        return pyfftw.empty_aligned(self.layout.spectrum_shape, self.layout.dtype)

    def _tile_pieces(self, tile: np.ndarray) -> np.ndarray:
        return self.layout.pieces(tile, self.layout.first.steps, self.layout.second.steps)

    def forward(self, tile: np.ndarray) -> np.ndarray:
        """The spectrum of a tile, in this object's buffer."""
        self._outer_forward.update_arrays(self._tile_pieces(tile), self._pieces)
        self._outer_forward.execute()
        if self.layout.twiddles is not None:
            self.spectrum *= self.layout.twiddles[0]
            self._inner_forward.execute()
        return self.spectrum

    def backward(self, tile: np.ndarray) -> None:
        """From the spectrum, which is spoilt, to the tile: the inverse but for the factor of the number of points."""
        if self.layout.twiddles is not None:
            self._inner_backward.execute()
            self.spectrum *= self.layout.twiddles[1]
        self._outer_backward.update_arrays(self._pieces, self._tile_pieces(tile))
        self._outer_backward.execute()
