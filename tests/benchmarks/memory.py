"""Peak memory of a run in bytes per cell, above what the interpreter and the imports take.

Usage: python tests/benchmarks/memory.py [points per axis, default 48] [order, default 4]
"""

from __future__ import annotations

import resource
import sys

from wignercq import Axis, Grid, Model, evolve
from wignercq.states import gaussian


def peak_bytes() -> int:
    """Largest resident memory of this process so far (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(n: int, order: int, duration: float) -> None:
    grid = Grid(Axis(-7, 7, n), Axis(-6.5, 7, n), Axis(-7, 6, n), Axis(-6, 6.5, n))
    state = gaussian([0.5, 0, -0.5, 0], [1.5] * 4, hbar=1.0)
    times = [duration / 2 + 0.01, duration]  # one output between steps, one on a step
    evolve(Model.oscillators(), state, grid=grid, times=times, dt=duration / 2, order=order, tolerance=0.5)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    order = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    run(16, order, 0.1)  # lazily imported modules and FFT plans do not count
    before = peak_bytes()
    run(n, order, 0.2)
    print(f"{n}^4 points, order {order}: {(peak_bytes() - before) / n**4:.1f} bytes per cell")


if __name__ == "__main__":
    main()
