"""How still the thermal state stays under thermal dynamics: the largest change of W until t = 50, for several steps.

python tests/benchmarks/thermal.py [--duration 50] [--steps 0.4,0.2,0.1]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # what tests share lies beside this folder

from support import systems

from wignercq import Grid, Model
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import FORWARD_3
from wignercq.states import gibbs

#: V_C, and extents of (q, p, x, y) in widths of the thermal state and points, which hold and resolve it to 1e-10.
CASES = {
    "harmonic": ("0.3*q**2/2", (7.2, 7.2, 7.2, 7.2), (32, 32, 32, 32)),
    "quartic": ("q**4/40", (5.0, 7.2, 7.1, 7.2), (50, 32, 32, 32)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", type=float, default=50.0)
    parser.add_argument("--steps", default="0.4,0.2,0.1")
    parser.add_argument("--cases", default=",".join(CASES))
    arguments = parser.parse_args()
    for name in arguments.cases.split(","):
        V_C, widths, points = CASES[name]
        model, _, grid = systems.at_rest(V_C, widths, points)
        for dt in map(float, arguments.steps.split(",")):
            started = time.perf_counter()
            change = largest_change(model, grid, dt, arguments.duration)
            print(f"{name} {grid.shape} dt = {dt}: {change:.1e} ({time.perf_counter() - started:.0f} s)", flush=True)


def largest_change(model: Model, grid: Grid, dt: float, duration: float) -> float:
    """max |W(t) - W(0)| at ten moments, relative to the maximum of W."""
    engine = TiledEngine(grid)
    W = engine.fill(gibbs(model).slab(grid))
    beginning, found = engine.array(engine.copy(W)), 0.0
    propagator = Propagator(model, engine, FORWARD_3, dt)
    for _ in range(10):
        W, _ = propagator.advance(W, round(duration / 10 / dt))
        found = max(found, float(np.abs(engine.array(W) - beginning).max()))
    return found / float(beginning.max())


if __name__ == "__main__":
    main()
