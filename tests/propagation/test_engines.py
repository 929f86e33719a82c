"""What every engine has to do, each one of the registry held to it; the array engine and formulas by hand judge.

That of planes is held to it with fields and multipliers that are products.
"""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Model, Propagator
from wignercq.propagation.engines import ENGINES, ArrayEngine, BathFlow, Engine, Kick, QuantumFlow, Shear, engine_class
from wignercq.propagation.engines.multipliers import Push
from wignercq.propagation.engines.planes import PlanesEngine
from wignercq.propagation.engines.registry import PLANES
from wignercq.propagation.schemes import FORWARD_3

#: The tiled engine transforms axes of the last three in two steps: all four, of odd lengths with a prime, q alone.
SIZES = [
    (8, 9, 10, 11),
    (11, 10, 9, 8),
    (16, 8, 8, 16),
    (9, 15, 13, 12),
    (32, 8, 30, 10),
    (18, 21, 24, 22),
    (8, 17, 45, 33),
]
ROUNDING = {"float64": 2e-14, "float32": 1e-5}

MakeEngine = Callable[..., Engine]


#: Programs are compiled for each size, which takes seconds.
OF_JAX = (pytest.mark.slow, pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed"))
NAMES = [pytest.param(name, marks=OF_JAX) if name == "jax" else name for name in (*ENGINES, PLANES)]


@pytest.fixture(params=NAMES)
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    """The class of each engine in turn."""
    return engine_class(request.param)


def grid_of(sizes: tuple[int, ...]) -> Grid:
    lengths = (3.0, 4.5, 5.0, 6.5)
    return Grid(*(Axis(-length / 2, length / 2.2, n) for length, n in zip(lengths, sizes, strict=True)))


def is_of_products(engine: Engine) -> bool:
    return isinstance(engine, PlanesEngine)


def random_field(engine: Engine, seed: int = 1) -> np.ndarray:
    """A field that the engine can hold."""
    random, shape = np.random.default_rng(seed), engine.grid.shape
    if is_of_products(engine):
        return np.multiply.outer(random.normal(size=shape[:2]), random.normal(size=shape[2:]))
    return random.normal(size=shape)


def random_kick(engine: Engine, seed: int = 2, powers: int = 3) -> Kick:
    """Damped and Hermitian, as any symbol of a real equation: c_k(s) conjugate to (-1)**k c_k(-s).

    Its rows are all pairs (q, x), q slowest.
    """
    random, grid = np.random.default_rng(seed), engine.grid
    shape = (powers, grid.q.points, grid.x.points, grid.y.half_frequencies.size)
    coefficients = random.normal(size=shape) * np.array([1.0, 0.3, 0.1, 0.02])[:powers, None, None, None] * 1j
    coefficients[0].real = -random.uniform(size=shape[1:])
    coefficients[0, ..., 0] = 0  # s = 0
    coefficients[2].imag = 0
    coefficients[2].real = -0.1
    if is_of_products(engine):
        coefficients[0], coefficients[1::2] = coefficients[0, :1], coefficients[1::2, :, :1, :1]
        coefficients[2].real = -0.1 * random.uniform(size=(shape[1], 1, 1))
    return Kick(coefficients.reshape(powers, -1, shape[-1]), grid)


def rows_for(engine: Engine, kick: Kick) -> Kick:
    """Of a kick with all pairs (q, x) the rows that an engine needs."""
    q, x = np.broadcast_arrays(*engine.rows)
    i, j = (np.searchsorted(axis.values, z.ravel()) for axis, z in ((engine.grid.q, q), (engine.grid.x, x)))
    return Kick(kick.coefficients[:, i * engine.grid.x.points + j], engine.grid)


def uncoupled() -> Model:
    return systems.model("0.4*q**2 + 0.1*q**4", "0.55*x**2 + 0.1*x**3", "0.2*q**2 - 0.1*sin(x)")


def random_shear(grid: Grid) -> Shear:
    q = np.exp(-0.3j * np.outer(grid.q.frequencies, grid.p.values))
    x = np.exp(-0.2j * np.outer(grid.x.half_frequencies, grid.y.values))
    for factor, axis in ((q, grid.q), (x, grid.x)):
        if axis.points % 2 == 0:
            factor[axis.points // 2] = factor[axis.points // 2].real
    return Shear(q, x)


def random_bath(grid: Grid) -> BathFlow:
    shear = np.exp(-np.outer(grid.q.half_frequencies, 0.01 + 0.3j * grid.p.values))
    if grid.q.points % 2 == 0:
        shear[-1] = shear[-1].real
    n_p = grid.p.points
    return BathFlow(shear, np.random.default_rng(4).normal(size=(n_p, n_p)) / math.sqrt(n_p))


def random_quantum(grid: Grid) -> QuantumFlow:
    n_y = grid.y.points
    return QuantumFlow(np.random.default_rng(5).normal(size=(n_y, n_y)) / math.sqrt(n_y), 0.9 * random_shear(grid).x)


@pytest.mark.parametrize("sizes", [SIZES[0], SIZES[-1]])
@pytest.mark.parametrize("dtype", ROUNDING)
def test_an_engine_gives_back_what_it_was_given(make_engine: MakeEngine, sizes: tuple[int, ...], dtype: str) -> None:
    """Kills: mixed-up axes, padding that shows, copies that share memory with what they are copies of."""
    engine = make_engine(grid_of(sizes), dtype)
    values = random_field(engine).astype(dtype)
    close = (ROUNDING[dtype] if is_of_products(engine) else 0.0) * np.abs(values).max()
    W = engine.fill(lambda i, out: np.copyto(out, values[i]))
    copy = engine.copy(W)
    W = engine.divided(W, 2.0)
    assert np.abs(engine.array(W) - values / 2).max() <= close
    assert np.abs(engine.array(copy) - values).max() <= close
    assert np.array_equal(np.stack(list(engine.slabs(copy))), engine.array(copy))


@pytest.mark.parametrize("dtype", ROUNDING)
def test_a_product_of_planes_is_one(make_engine: MakeEngine, dtype: str) -> None:
    """Kills: planes on the wrong axes, a product rounded twice."""
    engine, random = make_engine(grid_of(SIZES[0]), dtype), np.random.default_rng(5)
    classical, quantum = random.normal(size=SIZES[0][:2]), random.normal(size=SIZES[0][2:])
    found = engine.array(engine.product(classical, quantum))
    assert found.dtype == dtype
    assert np.abs(found - np.einsum("ab,cd->abcd", classical, quantum)).max() < 10 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", ROUNDING)
def test_what_is_stored_is_restored_to_the_last_bit(make_engine: MakeEngine, dtype: str) -> None:
    """Kills: a W formed for a file, or rounded, from which a run goes on with other digits."""
    engine = make_engine(grid_of(SIZES[0]), dtype)
    W = engine.transport(engine.of(random_field(engine)), engine.compile_shear(random_shear(engine.grid)))
    arrays = {key: np.stack(list(parts)) for key, parts in engine.stored(W).items()}
    assert {key: array.shape for key, array in arrays.items()} == engine.stored_shapes(engine.grid)
    assert sum(array.size for array in arrays.values()) == engine.cells(engine.grid)
    again = engine.restored(arrays)
    assert np.array_equal(engine.array(again), engine.array(W))
    assert all(array.dtype == dtype for array in arrays.values())


@pytest.mark.parametrize("sizes", [SIZES[0], SIZES[3]])
def test_what_is_read_off_w_is_what_numpy_says(make_engine: MakeEngine, sizes: tuple[int, ...]) -> None:
    """Kills: sums over the wrong axes or the padding, a wrong cell, every other point of the wrong array."""
    engine, grid = make_engine(grid_of(sizes)), grid_of(sizes)
    values = random_field(engine)
    W = engine.of(values)
    assert engine.integral(W) == pytest.approx(values.sum() * grid.cell, abs=1e-12)
    planes, absolute = engine.marginals(W)
    assert absolute == pytest.approx(np.abs(values).sum() * grid.cell)
    spacings = [axis.spacing for axis in grid]
    for pair, (i, j) in {("q", "y"): (0, 3), ("p", "x"): (1, 2), ("x", "y"): (2, 3), ("q", "p"): (0, 1)}.items():
        others = tuple({0, 1, 2, 3} - {i, j})
        expected = values.sum(axis=others) * spacings[others[0]] * spacings[others[1]]
        assert np.abs(planes[pair] - expected).max() < 1e-12
    thin = engine.thinned(W)
    W = engine.divided(W, 3.0)
    every_other = values[::2, ::2, ::2, ::2]
    assert engine.deviation((1, -1), (thin, engine.thinned(W))).anywhere == pytest.approx(2)
    for axis, line in enumerate(engine.lines(thin)):
        assert np.abs(line - every_other.sum(axis=tuple({0, 1, 2, 3} - {axis}))).max() < 1e-12


def test_a_deviation_is_that_of_the_whole_fields(make_engine: MakeEngine) -> None:
    """Kills: bounds in its place; corners of a hull that are none; small differences lost beside large sums."""
    engine, random = make_engine(grid_of((8, 12, 10, 9))), np.random.default_rng(5)
    shape = engine.grid.shape
    a, b = (np.multiply.outer(random.uniform(0.5, 1.5, shape[:2]), random.uniform(0.5, 1.5, shape[2:])) for _ in "ab")
    q, p, x, y = engine.grid.mesh
    smooth, uneven = np.exp(-(q**2 + p**2 + x**2 + y**2) / 9), q + 0.3 * p - 0.3 * (x - y) * x

    def thin(values: np.ndarray) -> Any:
        return engine.thinned(engine.of(values))

    for u, v in ((a, b), (b, a), (a, -0.5 * a), (-0.5 * a, a), (smooth, smooth * np.exp(1e-6 * uneven))):
        difference = np.abs(u - v)[::2, ::2, ::2, ::2].max() / np.abs(v[::2, ::2, ::2, ::2]).max()
        assert engine.deviation((1, -1), (thin(u), thin(v))).anywhere == pytest.approx(difference, rel=1e-8)
    assert engine.deviation((1, -1), (thin(a), thin(a))) == (0.0, 0.0)
    three = [smooth * np.exp(power * uneven) for power in (3e-3, -2e-3, 1e-6)]
    wanted = np.abs(0.7 * three[0] - 1.9 * three[1] + 1.2 * three[2])[::2, ::2, ::2, ::2].max()
    found = engine.deviation((0.7, -1.9, 1.2), [thin(u) for u in three])
    assert found.anywhere == pytest.approx(wanted / three[2][::2, ::2, ::2, ::2].max(), rel=1e-2)
    lost = engine.thinned(engine.divided(engine.of(a), math.nan))
    assert not math.isfinite(engine.deviation((1, -1), (thin(a), lost)).anywhere)


def test_w_moves_to_a_larger_and_finer_grid_unchanged(make_engine: MakeEngine) -> None:
    """Kills: mixed-up axes of a transfer, a shift by a cell. A correlated Gaussian against its own formula."""
    correlated = np.kron(np.eye(2), np.ones((2, 2))) if make_engine is PlanesEngine else np.ones((4, 4))
    covariance = np.diag([0.45, 0.5, 0.4, 0.55]) + 0.08 * (correlated - np.eye(4))
    mean = np.array([0.2, -0.3, 0.1, 0.4])
    grid = Grid(Axis(-4.4, 4.9, 34), Axis(-5.2, 4.7, 33), Axis(-4.2, 4.6, 38), Axis(-4.6, 5.4, 40))
    target = Grid(Axis(-4.4, 6.7, 44), Axis(-5.2, 4.7, 36), Axis(-4.2, 4.6, 50), Axis(-5.9, 5.4, 48))
    engine, other = make_engine(grid), make_engine(target)
    moved = other.array(engine.transferred(engine.of(systems.gaussian_density(grid, mean, covariance)), other))
    wanted = systems.gaussian_density(target, mean, covariance)
    assert np.abs(moved - wanted).max() < 2e-8 * wanted.max()


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("dtype", ROUNDING)
def test_every_engine_equals_the_array_engine(make_engine: MakeEngine, sizes: tuple[int, ...], dtype: str) -> None:
    """Kills: mixed-up axes, wrong padding, wrong normalisation, frequencies at wrong places."""
    require_equal(make_engine, grid_of(sizes), dtype)


def require_equal(make_engine: MakeEngine, grid: Grid, dtype: str) -> None:
    """An engine does to a random field what the array engine does, with every option of a pass."""
    contraction = np.random.default_rng(3).normal(size=(grid.p.points, grid.p.points))
    judged, shear, rest = make_engine(grid, dtype), random_shear(grid), random_quantum(grid)
    values, every_row, cubic = random_field(judged), random_kick(judged), random_kick(judged, powers=4)
    results, columns = [], []
    for engine in (judged, ArrayEngine(grid, dtype)):
        column, kick = np.empty((grid.q.points * grid.x.points, grid.p.points), complex), rows_for(engine, every_row)
        W = engine.transport(engine.of(values), engine.compile_shear(shear))
        W = engine.momentum(W, engine.compile_kick(kick))
        W = engine.bath(W, engine.compile_bath(random_bath(grid)))
        W = engine.quantum(W, engine.compile_quantum(rest))
        W = engine.momentum(W, engine.compile_kick(rows_for(engine, cubic)))
        W = engine.quantum(W, engine.compile_quantum(QuantumFlow(rest.matrix, None)))
        W = engine.transport(W, engine.compile_shear(Shear(None, shear.x)))
        W = engine.momentum(W, kick, contraction=contraction, column=column)
        results.append(np.array(engine.array(W), float))
        columns.append(column)
    for found, expected in (results, columns):
        assert np.abs(found - expected).max() < ROUNDING[dtype] * np.abs(expected).max()


@pytest.mark.parametrize("compiled_for", [1, 2])
def test_a_table_applied_twice_is_two_stages(make_engine: MakeEngine, compiled_for: int) -> None:
    """Kills: a fused pair of outer stages that is one stage, or a normalisation counted once or twice too often."""
    grid = grid_of((9, 12, 10, 14))
    engine = make_engine(grid)
    table = engine.compile_kick(rows_for(engine, random_kick(engine)), times=compiled_for)
    twice = engine.momentum(engine.of(random_field(engine)), table, times=2)
    once = engine.of(random_field(engine))
    for _ in range(2):
        once = engine.momentum(once, table)
    assert_close(engine.array(once), engine.array(twice), 1e-14)


def test_multipliers_act_on_the_transforms_they_claim(make_engine: MakeEngine) -> None:
    """Kills: engines that are wrong in the same way; plane waves are moved by hand."""
    grid = grid_of((12, 10, 14, 16))
    q, p, x, y = grid.mesh
    k_q, k_x = 2 * np.pi * 2 / grid.q.length, 2 * np.pi * 3 / grid.x.length
    engine = make_engine(grid)

    def wave(of_classical: np.ndarray, of_quantum: np.ndarray) -> np.ndarray:
        """Its phase is the sum, or it is a product of two waves."""
        separate = is_of_products(engine)
        return np.cos(of_classical) * np.cos(of_quantum) if separate else np.cos(of_classical + of_quantum)

    W = engine.transport(engine.of(wave(k_q * q, k_x * x) + 0 * p * y), engine.compile_shear(random_shear(grid)))
    assert np.abs(engine.array(W) - wave(k_q * (q - 0.3 * p), k_x * (x - 0.2 * y))).max() < 1e-13
    r, s = 2 * np.pi * 1 / grid.p.length, 2 * np.pi * 5 / grid.y.length
    c = np.zeros((3, grid.q.points * grid.x.points, grid.y.half_frequencies.size), complex)
    c[1], c[2] = 0.7j, -0.2
    c[0, :] = -0.1 * grid.y.half_frequencies**2 + 0.4j * grid.y.half_frequencies
    W = engine.momentum(engine.of(wave(r * p, s * y) + 0 * q * x), rows_for(engine, Kick(c, grid)))
    damped = np.exp(-0.2 * r**2 - 0.1 * s**2) * wave(r * (p + 0.7), s * (y + 0.4)) + 0 * q * x
    assert np.abs(engine.array(W) - damped).max() < 1e-13


@pytest.mark.parametrize("sizes", [*SIZES[:3], SIZES[-1]])
def test_spectral_power_of_a_plane_wave_sits_at_its_frequency(make_engine: MakeEngine, sizes: tuple[int, ...]) -> None:
    """Kills: powers folded wrongly or booked on the wrong axis."""
    grid = grid_of(sizes)
    engine, harmonics = make_engine(grid), (1, 2, 3, 4)
    phases = [
        2 * np.pi * n * (z - axis.lower) / axis.length for n, axis, z in zip(harmonics, grid, grid.mesh, strict=True)
    ]
    wave = np.sin(phases[0] + phases[1]) * np.sin(phases[2] + phases[3])
    if not is_of_products(engine):
        wave = np.sin(sum(phases))
    for harmonic, power in zip(harmonics, engine.spectral_power(engine.of(wave)), strict=True):
        assert power[harmonic] == pytest.approx(1, abs=1e-12)


def test_a_run_of_steps_is_its_steps_and_reports_the_boundaries_between(make_engine: MakeEngine) -> None:
    """Kills: an engine's own loop that fuses wrongly, or reads a boundary before or after half of a fused stage."""
    grid = systems.grid(12, 14, 16, 18)
    engine = make_engine(grid)
    propagator = Propagator(uncoupled() if is_of_products(engine) else systems.quartic(), engine, FORWARD_3, 0.1)
    start = systems.gaussian_density(grid, systems.MEAN, np.diag(systems.VARIANCES))
    together, boundaries = propagator.advance(engine.of(start), 3)
    W = engine.of(start)
    for boundary in [*boundaries, None]:
        W, none = propagator.advance(W, 1)
        assert none == []
        if boundary is not None:
            values = engine.array(W)
            assert np.abs(boundary.density_qx - values.sum(axis=(1, 3))).max() < 1e-12 * values.sum(axis=(1, 3)).max()
            of_p = np.fft.ifft(boundary.p_characteristic)
            assert np.abs(of_p - values.sum(axis=(0, 2, 3))).max() < 1e-12 * np.abs(of_p).max()
    assert len(boundaries) == 2
    assert_close(engine.array(together), engine.array(W), 1e-13)


def test_what_goes_into_another_w_leaves_the_first_as_it_was(make_engine: MakeEngine) -> None:
    """Kills: a run that cannot be taken back; a result that depends on what the memory for it held before."""
    grid = systems.grid(12, 14, 16, 18)
    engine = make_engine(grid)
    propagator = Propagator(uncoupled() if is_of_products(engine) else systems.quartic(), engine, FORWARD_3, 0.1)
    W, used = engine.of(systems.gaussian_density(grid)), engine.of(random_field(engine))
    start = np.array(engine.array(W))
    apart, _ = propagator.advance(W, 2, used)
    leapt = propagator.leap(W, 0.07, engine.empty())
    assert np.array_equal(engine.array(W), start)
    assert np.array_equal(engine.array(apart), engine.array(propagator.advance(engine.of(start), 2)[0]))
    assert np.array_equal(engine.array(leapt), engine.array(propagator.leap(W, 0.07)))


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("before", [math.nan, 1e300])
def test_what_stood_in_memory_before_is_of_no_importance(
    make_engine: MakeEngine, dtype: str, before: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: by chance a warning, or another W, from memory that is read before it is written to."""

    def after_two_steps() -> np.ndarray:
        engine = make_engine(systems.grid(8, 9, 10, 11), dtype)
        model = uncoupled() if is_of_products(engine) else systems.quartic()
        W = engine.of(systems.gaussian_density(engine.grid))
        return np.array(engine.array(Propagator(model, engine, FORWARD_3, 0.1).advance(W, 2, engine.empty())[0]))

    def used(allocate: Callable[..., np.ndarray], *args: Any, **options: Any) -> np.ndarray:
        array = allocate(*args, **options)
        with np.errstate(over="ignore"):
            array.fill(before if array.dtype.kind in "fc" else 0)
        return array

    expected = after_two_steps()
    for name in ("empty", "empty_like"):
        monkeypatch.setattr(np, name, partial(used, getattr(np, name)))
    assert np.array_equal(after_two_steps(), expected)


def test_differences_count_where_the_field_is(make_engine: MakeEngine) -> None:
    """Kills: weights mixed up; a floor far out, where W is below a hundredth of its maximum, taken for an error."""
    grid = grid_of((9, 12, 10, 14))
    engine, quantum = make_engine(grid), np.zeros(grid.shape[2:])
    quantum[6, 8] = 1.0
    thin = []
    for peak, faint in ((2.1, 0.5), (2.3, 0.3), (2.0, 0.019)):
        classical = np.zeros(grid.shape[:2])
        classical[2, 4], classical[4, 6] = peak, faint
        thin.append(engine.thinned(engine.product(classical, quantum)))
    assert engine.deviation((2, -1, -1), thin) == pytest.approx((0.1 / 2.0, (2 * 0.5 - 0.3 - 0.019) / 2.0))
    assert engine.deviation((1, 0, -1), thin) == pytest.approx((0.05, (0.5 - 0.019) / 2.0))
    assert engine.deviation((0, 1, -1), [thin[0], thin[0], thin[1]]) == pytest.approx((0.2 / 2.3, 0.2 / 2.3))


def assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()


def test_memory_counts_w_its_copy_and_the_tables(make_engine: MakeEngine) -> None:
    """Kills: a run that is let through though it does not fit: each table is about as large as W."""
    grid = systems.grid(16, 18, 20, 24)
    field = make_engine.cells(grid) * 8  # type: ignore[attr-defined]
    none, two = (make_engine.memory(grid, "float64", tables=n) for n in (0, 2))  # type: ignore[attr-defined]
    assert 2 * field < none
    if make_engine.__name__ == "JaxEngine":  # evaluates what others keep as tables
        assert two - none < 2 * field
        return
    assert 2 * field < two - none < 2.6 * field
    single = [make_engine.memory(grid, "float32", tables=n) for n in (0, 2)]  # type: ignore[attr-defined]
    assert single[1] - single[0] == pytest.approx((two - none) / 2)


def final_bits(name: str, sizes: tuple[int, ...], threads: int) -> str:
    """Digest of W after three pairs of passes with friction, and of what the last one read off at s = 0."""
    grid = grid_of(sizes)
    engine = engine_class(name)(grid, threads=threads)
    W, kick = engine.of(random_field(engine)), rows_for(engine, random_kick(engine))
    column = np.empty((grid.q.points * grid.x.points, grid.p.points), complex)
    contraction = np.random.default_rng(3).normal(size=(grid.p.points, grid.p.points)) / grid.p.points
    for _ in range(3):
        W = engine.transport(W, engine.compile_shear(random_shear(grid)))
        W = engine.momentum(W, engine.compile_kick(kick), contraction=contraction, column=column)
    return hashlib.sha256(np.ascontiguousarray(engine.array(W)).tobytes() + column.tobytes()).hexdigest()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", SIZES[-2:])
def test_any_number_of_threads_gives_identical_bits(name: str, sizes: tuple[int, ...]) -> None:
    """Kills: sums or plans that depend on who does the work."""
    assert len({final_bits(name, sizes, threads) for threads in (1, 2, 3, 5)}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_another_process_gives_identical_bits(name: str) -> None:
    """Kills: plans or tiles chosen by measurement, on which no run could be continued to the same last bit."""
    sizes = SIZES[-2]
    code = f"from test_engines import final_bits; print(final_bits({name!r}, {sizes}, 2))"
    folder = Path(__file__).parent
    path = [str(folder), str(folder.parent)]
    code = f"import sys; sys.path[:0] = {path}; {code}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == final_bits(name, sizes, 2), run.stderr


@pytest.mark.parametrize("points", [(8, 36, 9, 34), (8, 35, 9, 33)], ids=["even", "odd"])
def test_a_push_displaces_p_and_y_once(make_engine: MakeEngine, points: tuple[int, ...]) -> None:
    """Kills: p and y displaced the wrong way, twice in a fused pair, or not in what a boundary reveals."""
    grid = Grid(
        Axis(-1.0, 1.2, points[0]), Axis(-7.0, 6.5, points[1]), Axis(-1.5, 1.0, points[2]), Axis(-6.5, 7.5, points[3])
    )
    engine, (p, y) = make_engine(grid), (0.73, -0.51)

    def field(p: float, y: float) -> np.ndarray:
        at_p, at_y = (np.exp(-((axis.values - d) ** 2) / (2 * 0.75**2)) for axis, d in ((grid.p, p), (grid.y, y)))
        return np.einsum("a,b,c,d->abcd", np.arange(1.0, points[0] + 1), at_p, np.arange(2.0, points[2] + 2), at_y)

    rest = Kick(  # of four powers of r, as noises make that depend on q
        np.zeros(
            (4, engine.rows[0].size if is_of_products(engine) else points[0] * points[2], grid.y.half_frequencies.size),
            complex,
        ),
        grid,
    )
    column = np.empty((points[0] * points[2], points[1]), complex)
    for kick in (rest, engine.compile_kick(rest, times=2)):
        W = engine.momentum(engine.of(field(0.0, 0.0)), kick, times=2, column=column, push=Push(p, y))
        expected = field(p, y)
        assert np.abs(engine.array(W) - expected).max() < 1e-7 * expected.max()
        of_p = np.fft.fft(expected.sum(axis=3), axis=1)
        assert (
            np.abs(column.reshape(points[0], points[2], -1) - of_p.transpose(0, 2, 1)).max() < 1e-7 * np.abs(of_p).max()
        )
