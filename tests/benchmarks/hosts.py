"""Memory and time of each of several processes that carry out one run together, and of one alone.

python tests/benchmarks/hosts.py 64                                 alone, 64^4 points
python tests/benchmarks/hosts.py 64 HOST:PORT,K/N                   the K-th of N, started once for each
srun python tests/benchmarks/hosts.py 128 slurm
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from common import markdown
from gpu import propagator, start

from wignercq import Axis, Grid
from wignercq.propagation.engines import pages, processes
from wignercq.propagation.engines.jax import JaxEngine

STEPS = 2  # that a run holds a W more for, which it could take them back to
REFINED = 1.25  # of the points of q, as a run does it when W becomes fine


def peak() -> float:
    """MiB of memory that this process has held at most since :func:`forget`, or ever where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget() -> None:
    """Begin to look for the largest again, once what was freed is gone."""
    gc.collect()
    time.sleep(1)
    pages.trim()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def measured(points: int) -> list[tuple[str, str, str]]:
    """What is done, the peak of memory in MiB, and seconds."""
    rows: list[tuple[str, str, str]] = []
    before = time.perf_counter()

    def note(what: str) -> None:
        nonlocal before
        rows.append((what, f"{peak():.0f}", f"{time.perf_counter() - before:.1f}"))
        forget()
        before = time.perf_counter()

    steps = propagator(points, "float64", 4, 0.3, False)
    engine: Any = steps.engine
    engine.integral(start(JaxEngine(Grid(*(Axis(-5, 5, 8 * engine.devices),) * 4))))  # what JAX itself takes
    note("libraries")
    W = start(engine)
    W, _ = steps.advance(W, STEPS, engine.empty())
    engine.integral(W)
    note(f"{STEPS} steps")
    engine.marginals(W)
    engine.spectral_power(W)
    note("observables")
    for _ in engine.slabs(W):
        pass
    note("slabs, for a checkpoint")
    steps.forget_tables()
    q, *others = engine.grid
    finer = engine.on(Grid(Axis(q.lower, q.upper, 2 * round(REFINED * points / 2)), *others))
    moved = engine.transferred(W, finer)
    finer.integral(moved)
    note("regridding")
    return rows


if __name__ == "__main__":
    if len(sys.argv) > 2:
        processes.join(sys.argv[2])
    found = measured(int(sys.argv[1]))
    print(processes.name())
    print(markdown(("what", "peak, MiB", "seconds"), found))
