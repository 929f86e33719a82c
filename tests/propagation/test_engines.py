"""The tiled engine against the whole-array reference, over sizes odd and even, axes and precisions."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyfftw
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.propagation.engines import ArrayEngine, Kick, Shear, TiledEngine, tiled
from wignercq.propagation.engines.tile_transform import FactoredAxis, TileLayout, TileTransform

#: The last two have axes transformed in two steps, all four of them and of odd lengths, and a prime.
SIZES = [(8, 9, 10, 11), (11, 10, 9, 8), (16, 8, 8, 16), (9, 15, 13, 12), (18, 21, 24, 22), (8, 17, 45, 33)]
PRECISIONS = [(np.float64, 2e-14), (np.float32, 1e-5)]


def grid_of(sizes: tuple[int, ...]) -> Grid:
    lengths = (3.0, 4.5, 5.0, 6.5)
    return Grid(*(Axis(-length / 2, length / 2.2, n) for length, n in zip(lengths, sizes, strict=True)))


def random_field(grid: Grid, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=grid.shape)


def random_kick(grid: Grid, seed: int = 2) -> Kick:
    """Damped and Hermitian, as any symbol of a real equation: c_k(s) conjugate to (-1)**k c_k(-s)."""
    random = np.random.default_rng(seed)
    shape = (3, grid.q.points * grid.x.points, grid.y.half_frequencies.size)
    coefficients = random.normal(size=shape) * np.array([1.0, 0.3, 0.1])[:, None, None] * 1j
    coefficients[0].real = -random.uniform(size=shape[1:])
    coefficients[[0, 2], :, 0] = coefficients[[0, 2], :, 0].real  # s = 0
    coefficients[0, :, 0] = 0
    coefficients[2].imag = 0
    coefficients[2].real = -0.1
    return Kick(coefficients, grid)


def random_shear(grid: Grid) -> Shear:
    q = np.exp(-0.3j * np.outer(grid.q.frequencies, grid.p.values))
    x = np.exp(-0.2j * np.outer(grid.x.half_frequencies, grid.y.values))
    for factor, axis in ((q, grid.q), (x, grid.x)):
        if axis.points % 2 == 0:
            factor[axis.points // 2] = factor[axis.points // 2].real
    return Shear(q, x)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
def test_tiled_equals_array_engine(sizes: tuple[int, ...], dtype: type, tolerance: float) -> None:
    """Kills: mixed-up axes, wrong padding, wrong normalisation, frequencies at wrong places."""
    assert_equal_engines(grid_of(sizes), dtype, tolerance)


@pytest.mark.parametrize("tile_bytes", [1, 9000])
def test_uneven_tiles_cover_everything_once(monkeypatch: pytest.MonkeyPatch, tile_bytes: int) -> None:
    """Kills: tiles of two widths mixed up, multipliers of one tile used for another, a last tile left out."""
    monkeypatch.setattr(tiled, "TILE_BYTES", tile_bytes)
    assert_equal_engines(grid_of((9, 14, 11, 37)), np.float64, 2e-14)


def assert_equal_engines(grid: Grid, dtype: type, tolerance: float) -> None:
    """Both engines do the same to a random field, with every option of a pass."""
    tiled, array = TiledEngine(grid, dtype), ArrayEngine(grid, dtype)
    contraction = np.random.default_rng(3).normal(size=(grid.p.points, grid.p.points))
    kick, shear = random_kick(grid), random_shear(grid)
    results, columns = [], []
    for engine in (tiled, array):
        W = systems.field(engine, random_field(grid))
        column = np.empty((grid.q.points * grid.x.points, grid.p.points), complex)
        engine.transport(W, engine.compile_shear(shear))
        engine.momentum(W, engine.compile_kick(kick))
        engine.momentum(W, kick, contraction=contraction, column=column)
        results.append(np.array(W, float))
        columns.append(column)
    assert np.abs(results[0] - results[1]).max() < tolerance * np.abs(results[1]).max()
    assert np.abs(columns[0] - columns[1]).max() < tolerance * np.abs(columns[1]).max()


@pytest.mark.parametrize("compiled_for", [1, 2])
def test_a_table_applied_twice_is_two_stages(compiled_for: int) -> None:
    """Kills: a fused pair of outer stages that is one stage, or a normalisation counted once or twice too often."""
    grid = grid_of((9, 12, 10, 14))
    kick = random_kick(grid)
    for engine in (TiledEngine(grid), ArrayEngine(grid)):
        table = engine.compile_kick(kick, times=compiled_for)
        once, twice = (systems.field(engine, random_field(grid)) for _ in range(2))
        engine.momentum(twice, table, times=2)
        for _ in range(2):
            engine.momentum(once, table)
        assert np.abs(once - twice).max() < 1e-14 * np.abs(once).max()


def test_multipliers_act_on_the_transforms_they_claim() -> None:
    """Kills: an engine pair that is wrong in the same way; plane waves are moved by hand."""
    grid = grid_of((12, 10, 14, 16))
    q, p, x, y = grid.mesh
    k_q, k_x = 2 * np.pi * 2 / grid.q.length, 2 * np.pi * 3 / grid.x.length
    engine = TiledEngine(grid)
    W = systems.field(engine, np.cos(k_q * q + k_x * x) + 0 * p * y)
    engine.transport(W, engine.compile_shear(random_shear(grid)))
    moved = np.cos(k_q * (q - 0.3 * p) + k_x * (x - 0.2 * y))
    assert np.abs(W - moved).max() < 1e-13
    r, s = 2 * np.pi * 1 / grid.p.length, 2 * np.pi * 5 / grid.y.length
    c = np.zeros((3, grid.q.points * grid.x.points, grid.y.half_frequencies.size), complex)
    c[1], c[2] = 0.7j, -0.2
    c[0, :] = -0.1 * grid.y.half_frequencies**2 + 0.4j * grid.y.half_frequencies
    W = systems.field(engine, np.cos(r * p + s * y) + 0 * q * x)
    engine.momentum(W, Kick(c, grid))
    damped = np.exp(-0.2 * r**2 - 0.1 * s**2) * np.cos(r * (p + 0.7) + s * (y + 0.4)) + 0 * q * x
    assert np.abs(W - damped).max() < 1e-13


def final_bits(sizes: tuple[int, ...], threads: int) -> str:
    """Digest of W after three pairs of passes with friction, and of what the last one read off at s = 0."""
    grid = grid_of(sizes)
    engine = TiledEngine(grid, threads=threads)
    W = systems.field(engine, random_field(grid))
    column = np.empty((grid.q.points * grid.x.points, grid.p.points), complex)
    contraction = np.random.default_rng(3).normal(size=(grid.p.points, grid.p.points)) / grid.p.points
    for _ in range(3):
        engine.transport(W, engine.compile_shear(random_shear(grid)))
        engine.momentum(W, engine.compile_kick(random_kick(grid)), contraction=contraction, column=column)
    return hashlib.sha256(np.ascontiguousarray(W).tobytes() + column.tobytes()).hexdigest()


@pytest.mark.parametrize("sizes", SIZES[-2:])
def test_any_number_of_threads_gives_identical_bits(sizes: tuple[int, ...]) -> None:
    """Kills: sums or plans that depend on who does the work."""
    assert len({final_bits(sizes, threads) for threads in (1, 2, 3, 5)}) == 1


def test_another_process_gives_identical_bits() -> None:
    """Kills: plans or tiles chosen by measurement, on which no run could be continued to the same last bit."""
    sizes = SIZES[-2]
    code = f"from propagation.test_engines import final_bits; print(final_bits({sizes}, 2))"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert run.stdout.strip() == final_bits(sizes, 2), run.stderr


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


@pytest.mark.parametrize("engine_class", [TiledEngine, ArrayEngine])
@pytest.mark.parametrize("sizes", [*SIZES[:3], SIZES[-1]])
def test_spectral_power_of_a_plane_wave_sits_at_its_frequency(engine_class: type, sizes: tuple[int, ...]) -> None:
    """Kills: powers folded wrongly or booked on the wrong axis."""
    grid = grid_of(sizes)
    engine = engine_class(grid)
    harmonics = (1, 2, 3, 4)
    phase = sum(
        2 * np.pi * n * (z - axis.lower) / axis.length for n, axis, z in zip(harmonics, grid, grid.mesh, strict=True)
    )
    W = systems.field(engine, np.sin(phase))
    for harmonic, power in zip(harmonics, engine.spectral_power(W), strict=True):
        assert power[harmonic] == pytest.approx(1, abs=1e-12)


def test_an_array_of_another_layout_is_refused() -> None:
    """Kills: silent garbage when W does not come from allocate()."""
    engine = TiledEngine(systems.grid(8, 9, 10, 11))
    with pytest.raises(ValueError, match="allocate"):
        engine.spectral_power(np.zeros(engine.grid.shape))
