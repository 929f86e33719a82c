"""Where the frequencies of a multiplier and the parts of an axis lie in the tiles of the tiled engine."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from wignercq.propagation.engines.tile_transform import FactoredAxis

TILE_BYTES = 1024 * 1024  # of W in one tile


def unfolded(half: np.ndarray, axis: FactoredAxis) -> np.ndarray:
    """A multiplier given on the absolute frequencies of an axis, at the places of its transform of a real array."""
    values = half[axis.folded]
    values[axis.mirrored] = values[axis.mirrored].conj()
    return values


def parts(length: int, unit_bytes: int, *, at_least: int = 1, scale: int = 1) -> list[slice]:
    """Cut `length` units evenly into the fewest parts that fit a tile; units are `scale` elements long.

    A part that does not fit has up to `at_least` units.
    """
    count = -(-length // max(at_least, TILE_BYTES // unit_bytes))
    edges = [length * part // count * scale for part in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
