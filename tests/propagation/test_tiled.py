"""What only the tiled engine has: tiles of two widths, axes in two steps, a layout of its own."""

from __future__ import annotations

import numpy as np
import pyfftw
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.propagation.engines import ArrayEngine, Kick, TiledEngine, places
from wignercq.propagation.engines.tile_transform import FactoredAxis, TileLayout, TileTransform


@pytest.mark.parametrize("tile_bytes", [1, 9000])
def test_uneven_tiles_cover_everything_once(monkeypatch: pytest.MonkeyPatch, tile_bytes: int) -> None:
    """Kills: tiles of two widths mixed up, multipliers of one tile used for another, a last tile left out."""
    monkeypatch.setattr(places, "TILE_BYTES", tile_bytes)
    grid = Grid(Axis(-1.5, 1.4, 9), Axis(-2.2, 2.0, 14), Axis(-2.5, 2.3, 11), Axis(-3.2, 3.0, 37))
    random = np.random.default_rng(2)
    coefficients = -random.uniform(size=(3, grid.q.points * grid.x.points, grid.y.half_frequencies.size)) + 0j
    kick, values = Kick(coefficients, grid), random.normal(size=grid.shape)
    found, expected = (e.momentum(e.of(values), e.compile_kick(kick)) for e in (TiledEngine(grid), ArrayEngine(grid)))
    assert np.abs(found - expected).max() < 2e-14 * np.abs(expected).max()


@pytest.mark.parametrize("real", [False, True])
def test_places_of_a_factored_axis_stand_for_every_frequency_once(real: bool) -> None:
    """Kills: frequencies left out or counted twice by a factorisation, and lengths that do not multiply to n."""
    two_steps = 0
    for n in range(8, 200):
        axis = FactoredAxis(n, real=real)
        assert np.prod(axis.steps) == n
        counted = np.bincount(axis.folded, weights=axis.weights)
        assert np.array_equal(counted, [1 if 2 * k % n == 0 else 2 for k in range(n // 2 + 1)])
        two_steps += axis.steps[1] > 1
    assert two_steps > 60


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize(("n_first", "n_second"), [(24, 27), (13, 18), (40, 16), (21, 23)])
def test_tile_transform_equals_numpy(position: int, n_first: int, n_second: int) -> None:
    """Kills: wrong twiddle factors and frequencies that are not where the axis says."""
    first, second = FactoredAxis(n_first, real=False), FactoredAxis(n_second, real=True)
    shape = [n_first, n_second]
    shape.insert(2 - 2 * position, 8)
    tile = pyfftw.empty_aligned(shape)
    tile[...] = np.random.default_rng(4).normal(size=shape)
    transform = TileTransform(TileLayout(first, second, position, tile.shape, np.dtype(complex)), tile)
    expected = np.fft.fft2(tile, axes=(position, position + 1))
    expected = expected.take(first.frequencies, axis=position).take(second.frequencies, axis=position + 1)
    assert np.abs(transform.forward(tile) - expected).max() < 1e-13 * np.abs(expected).max()
    back = np.zeros_like(tile)
    transform.backward(back)
    assert np.abs(back / (n_first * n_second) - tile).max() < 1e-14


def test_an_array_of_another_layout_is_refused() -> None:
    """Kills: silent garbage when W does not come from allocate()."""
    engine = TiledEngine(systems.grid(8, 9, 10, 11))
    with pytest.raises(ValueError, match="allocate"):
        engine.spectral_power(np.zeros(engine.grid.shape))
