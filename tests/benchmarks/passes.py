"""Cost of one transport plus one momentum pass: the tiled engine against whole-array transforms, side by side.

Usage: python tests/benchmarks/passes.py [points per axis, default 48] [rounds, default 9]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import scipy.fft

from wignercq import Axis, Grid, Model
from wignercq.engines import Engine, TiledEngine
from wignercq.propagator import Propagator
from wignercq.schemes import STRANG, Part
from wignercq.states import gaussian
from wignercq.transport import free_shear

WORKERS = 2
DT = 0.1


def tiled_pass(model: Model, engine: Engine, W: np.ndarray) -> Callable[[], None]:
    """One pass of each kind by the engine, friction's contraction left out."""
    propagator = Propagator(model, engine, STRANG, DT)
    shear = engine.compile_shear(free_shear(model, engine.grid, DT))
    table = propagator._table(next(stage for stage in STRANG.stages if stage.part is Part.MOMENTUM))

    def run() -> None:
        engine.transport(W, shear)
        engine.momentum(W, table)

    return run


def whole_array_pass(model: Model, grid: Grid, W: np.ndarray) -> Callable[[], None]:
    """The same with scipy.fft on the whole array, with two workers."""
    n_q, n_p, n_x, n_y = grid.shape
    shear = free_shear(model, grid, DT)
    q_factor, x_factor = shear.q[:, :, None, None], shear.x[None, None]
    table = np.exp(-1j * np.random.default_rng(0).normal(size=(n_q, n_p, n_x, n_y // 2 + 1)))

    def run() -> None:
        spectrum = scipy.fft.rfftn(W, axes=(0, 2), workers=WORKERS)
        spectrum *= q_factor
        spectrum *= x_factor
        field = scipy.fft.irfftn(spectrum, s=(n_q, n_x), axes=(0, 2), workers=WORKERS, overwrite_x=True)
        spectrum = scipy.fft.rfftn(field, axes=(1, 3), workers=WORKERS, overwrite_x=True)
        spectrum *= table
        W[...] = scipy.fft.irfftn(spectrum, s=(n_p, n_y), axes=(1, 3), workers=WORKERS, overwrite_x=True)

    return run


def measure(n: int, rounds: int) -> tuple[float, float]:
    """Median seconds of the tiled and of the whole-array passes, taken in turn."""
    model = Model.oscillators(friction=0.0)
    grid = Grid(Axis(-7, 7, n), Axis(-6.5, 7, n), Axis(-7, 6, n), Axis(-6, 6.5, n))
    state = gaussian([0.5, 0, -0.5, 0], [0.5] * 4, hbar=1.0)
    engine = TiledEngine(grid, threads=WORKERS)
    W = engine.allocate()
    state.fill(grid, W)
    passes = [tiled_pass(model, engine, W), whole_array_pass(model, grid, np.ascontiguousarray(W))]
    seconds: list[list[float]] = [[], []]
    for work in passes:
        work()
    for _ in range(rounds):
        for work, times in zip(passes, seconds, strict=True):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return float(np.median(seconds[0])), float(np.median(seconds[1]))


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    tiled, whole = measure(n, rounds)
    print(f"one transport plus one momentum pass, {n}^4 points, float64, {WORKERS} threads, median of {rounds}:")
    print(f"  tiled engine           {tiled * 1e3:8.1f} ms")
    print(f"  whole-array scipy.fft  {whole * 1e3:8.1f} ms")
    print(f"  ratio                  {tiled / whole:8.2f}")


if __name__ == "__main__":
    main()
