"""Tables of multipliers in the order in which the spectra of tiles lie in memory, and how W is cut into tiles."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from wignercq.propagation.engines.multipliers import Dissipation
from wignercq.propagation.engines.tile_transform import FactoredAxis, TileTransform

TILE_BYTES = 1024 * 1024  # of W in one tile

Tile = tuple[int, slice]
Transforms = list[dict[tuple[int, ...], TileTransform]]  # for each worker thread by the shape of the tile


class Tiling(NamedTuple):
    """How a pass cuts W into tiles: one point of an axis and part of another make one."""

    tiles: list[Tile]
    cut: Callable[[np.ndarray, int, slice], np.ndarray]  # the view of a tile in storage
    transforms: Transforms


def unfolded(half: np.ndarray, axis: FactoredAxis) -> np.ndarray:
    """A multiplier given on the absolute frequencies of an axis, at the places of its transform of a real array."""
    values = half[axis.folded]
    values[axis.mirrored] = values[axis.mirrored].conj()
    return values


def unfolded_with(table: np.ndarray, first: FactoredAxis, second: FactoredAxis) -> np.ndarray:
    """The same for two axes, the second the real one: shape (k1 in FFT order, ..., absolute k2) to places."""
    values = table[first.frequencies][..., second.folded]
    opposite = table[-first.frequencies % first.points]
    values[..., second.mirrored] = opposite[..., second.folded[second.mirrored]].conj()
    return values


def shear_by_p(factor: np.ndarray, q: FactoredAxis, x: FactoredAxis) -> np.ndarray:
    """A factor in (k_q, p), or in (k_q, p, k_x), as (p, k_q, k_x or 1, 1)."""
    values = factor[q.frequencies][..., None] if factor.ndim == 2 else unfolded_with(factor, q, x)
    return values.transpose(1, 0, 2)[..., None]


def noise_and_shifts(dissipation: Dissipation, x: FactoredAxis, p: FactoredAxis) -> tuple[np.ndarray, np.ndarray]:
    """The noise of x and p, normalised, shape (k_x, r, 1), and the shifts, shape (nq, k_x, 1, 1)."""
    noise = unfolded_with(dissipation.noise, x, p)[..., None] / (x.points * p.points)
    return noise, dissipation.shifts[:, x.frequencies, None, None]


def parts(length: int, unit_bytes: int, *, at_least: int = 1, scale: int = 1) -> list[slice]:
    """Cut `length` units evenly into the fewest parts that fit a tile; units are `scale` elements long.

    A part that does not fit has up to `at_least` units.
    """
    count = -(-length // max(at_least, TILE_BYTES // unit_bytes))
    edges = [length * part // count * scale for part in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
