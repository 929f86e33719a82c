"""Peak memory of a run in bytes per cell, above what the interpreter and the imports take.

Usage: python tests/benchmarks/memory.py [size, default 48] [order, default 4] [precision, default float64]

The size is points per axis, or four of them as in 40x54x48x60.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from common import Shape, grid_of, name_of, parse_shape

from wignercq import Model, evolve
from wignercq.states import gaussian


def peak_bytes() -> int:
    """Largest resident memory of this program so far, from Linux; getrusage would count its parent's as well."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def run(shape: Shape, order: int, precision: str, duration: float) -> None:
    state = gaussian([0.5, 0, -0.5, 0], [1.5] * 4, hbar=1.0)
    evolve(
        Model.oscillators(),
        state,
        grid=grid_of(shape),
        times=[duration / 2 + 0.01, duration],  # one output between steps, one on a step
        dt=duration / 2,
        order=order,
        precision=precision,
        tolerance=0.5,
    )


def main() -> None:
    settings = [*sys.argv[1:], *("48", "4", "float64")[len(sys.argv) - 1 :]]
    shape, order, precision = parse_shape(settings[0]), int(settings[1]), settings[2]
    run((16, 16, 16, 16), order, precision, 0.1)  # lazily imported modules and FFT plans do not count
    before = peak_bytes()
    run(shape, order, precision, 0.2)
    used = (peak_bytes() - before) / math.prod(shape)
    print(f"{name_of(shape)} points, order {order}, {precision}: {used:.1f} bytes per cell")


if __name__ == "__main__":
    main()
