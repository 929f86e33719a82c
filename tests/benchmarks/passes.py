"""Cost of one transport plus one momentum pass without friction: the engine and three others, side by side.

Usage: python tests/benchmarks/passes.py [size, default 48] [rounds, default 9]

The size is points per axis, or four of them as in 40x54x48x60. "FFTs in cache" is the bound: as many two-axis
transforms forward and back as the passes need, of one small contiguous array that stays in the cache, with nothing
gathered, multiplied or stored. Both FFTW references are planned with measurements, the engine is not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyfftw
import scipy.fft
from common import Shape, grid_of, in_turn, name_of, parse_shape

from wignercq.propagation.engines import Kick, Shear, TiledEngine

WORKERS = 2
IN_CACHE = 256 * 1024  # bytes of the array that is transformed over and over
MEASURED = ("FFTW_MEASURE", "FFTW_DESTROY_INPUT")


def phases(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of modulus one."""
    return np.exp(2j * np.pi * np.random.default_rng(1).uniform(size=shape))


def engine_passes(shape: Shape) -> Callable[[], None]:
    """The tiled engine."""
    n_q, n_p, n_x, n_y = shape
    engine = TiledEngine(grid_of(shape), threads=WORKERS)
    W = engine.allocate()
    W[...] = np.random.default_rng(2).normal(size=shape)
    shear = engine.compile_shear(Shear(phases((n_q, n_p)), phases((n_x // 2 + 1, n_y))))
    coefficients = np.zeros((3, n_q * n_x, n_y // 2 + 1), complex)
    coefficients[1] = 1j
    table = engine.compile_kick(Kick(coefficients, engine.grid))

    def run() -> None:
        engine.transport(W, shear)
        engine.momentum(W, table)

    return run


def scipy_passes(shape: Shape) -> Callable[[], None]:
    """scipy.fft on the whole array."""
    n_q, n_p, n_x, n_y = shape
    W = np.random.default_rng(2).normal(size=shape)
    q_factor, x_factor = phases((n_q, n_p, 1, 1)), phases((1, 1, n_x // 2 + 1, n_y))
    table = phases((n_q, n_p, n_x, n_y // 2 + 1))

    def run() -> None:
        spectrum = scipy.fft.rfftn(W, axes=(0, 2), workers=WORKERS)
        spectrum *= q_factor
        spectrum *= x_factor
        field = scipy.fft.irfftn(spectrum, s=(n_q, n_x), axes=(0, 2), workers=WORKERS, overwrite_x=True)
        spectrum = scipy.fft.rfftn(field, axes=(1, 3), workers=WORKERS, overwrite_x=True)
        spectrum *= table
        W[...] = scipy.fft.irfftn(spectrum, s=(n_p, n_y), axes=(1, 3), workers=WORKERS, overwrite_x=True)

    return run


def transform_pair(
    shape: tuple[int, ...], axes: tuple[int, int], threads: int
) -> tuple[np.ndarray, np.ndarray, pyfftw.FFTW, pyfftw.FFTW]:
    """A real array, its spectrum, and measured plans from one to the other and back."""
    real = pyfftw.zeros_aligned(shape)
    half = list(shape)
    half[axes[1]] = shape[axes[1]] // 2 + 1
    spectrum = pyfftw.zeros_aligned(half, complex)
    forward = pyfftw.FFTW(real, spectrum, axes=axes, flags=MEASURED, threads=threads)
    backward = pyfftw.FFTW(spectrum, real, axes=axes, direction="FFTW_BACKWARD", flags=MEASURED, threads=threads)
    return real, spectrum, forward, backward


def pyfftw_passes(shape: Shape) -> Callable[[], None]:
    """pyFFTW on the whole array."""
    n_q, n_p, n_x, n_y = shape
    W, spectrum, forward, backward = transform_pair(shape, (0, 2), WORKERS)
    _, other_spectrum, other_forward, other_backward = transform_pair(shape, (1, 3), WORKERS)
    other_forward.update_arrays(W, other_spectrum)
    other_backward.update_arrays(other_spectrum, W)
    W[...] = np.random.default_rng(2).normal(size=shape)
    q_factor, x_factor = phases((n_q, n_p, 1, 1)), phases((1, 1, n_x // 2 + 1, n_y)) / (n_q * n_x)
    table = phases(other_spectrum.shape) / (n_p * n_y)

    def run() -> None:
        forward.execute()
        np.multiply(spectrum, q_factor, out=spectrum)
        np.multiply(spectrum, x_factor, out=spectrum)
        backward.execute()
        other_forward.execute()
        np.multiply(other_spectrum, table, out=other_spectrum)
        other_backward.execute()

    return run


def bare_transforms(shape: Shape) -> Callable[[], None]:
    """As many transforms as both passes need, in cache and with nothing else."""
    n_q, n_p, n_x, n_y = shape
    jobs = ((n_p * n_y, (n_q, n_x)), (n_q * n_x, (n_p, n_y)))  # planes and their shape, for each pass
    workers = []
    for _ in range(WORKERS):
        plans = []
        for planes, plane in jobs:
            together = max(1, IN_CACHE // (8 * plane[0] * plane[1]))
            _, _, forward, backward = transform_pair((together, *plane), (1, 2), 1)
            plans.append((round(planes / together / WORKERS), forward, backward))
        workers.append(plans)
    pool = ThreadPoolExecutor(WORKERS)

    def work(plans: list[tuple[int, pyfftw.FFTW, pyfftw.FFTW]]) -> None:
        for times, forward, backward in plans:
            for _ in range(times):
                forward.execute()
                backward.execute()

    def run() -> None:
        for future in [pool.submit(work, plans) for plans in workers]:
            future.result()

    return run


def measure(shape: Shape, rounds: int) -> dict[str, float]:
    """Median seconds of each way, taken in turn; the engine comes first."""
    works = {
        "engine": engine_passes(shape),
        "scipy.fft": scipy_passes(shape),
        "pyFFTW": pyfftw_passes(shape),
        "FFTs in cache": bare_transforms(shape),
    }
    return dict(zip(works, in_turn(list(works.values()), rounds), strict=True))


def main() -> None:
    settings = [*sys.argv[1:], *("48", "9")[len(sys.argv) - 1 :]]
    shape, rounds = parse_shape(settings[0]), int(settings[1])
    seconds = measure(shape, rounds)
    print(f"a transport and a momentum pass, {name_of(shape)} points, float64, {WORKERS} threads, median of {rounds}:")
    for name, time in seconds.items():
        print(f"  {name:14} {time * 1e3:9.1f} ms    engine / this {seconds['engine'] / time:6.2f}")


if __name__ == "__main__":
    main()
