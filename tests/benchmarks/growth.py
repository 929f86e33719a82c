"""How cost and memory grow with the grid: time per cell of a pass, and peak resident memory of a whole run."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from common import Shape, grid_of, in_turn, markdown, name_of

from wignercq import Model, Propagator
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import STRANG
from wignercq.states import gaussian

MEMORY = Path(__file__).with_name("memory.py")
PASSES = 5  # of two Strang steps: V/2, T, V, T, V/2


def strang_steps(shape: Shape, dtype: type = np.float64) -> Callable[[], None]:
    """Two Strang steps with friction."""
    grid = grid_of(shape)
    engine = TiledEngine(grid, dtype)
    W = engine.fill(gaussian([0.5, 0, -0.5, 0], [0.5] * 4, hbar=1.0).slab(grid))
    propagator = Propagator(Model.oscillators(), engine, STRANG, 0.1)

    def run() -> None:
        propagator.advance(W, 2)

    return run


def peak(shape: Shape, order: int, precision: str = "float64") -> float:
    """Bytes per cell at the peak of a run, in a process of its own."""
    command = [sys.executable, str(MEMORY), "x".join(map(str, shape)), str(order), precision]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"([\d.]+) bytes per cell", output)
    assert found is not None, output
    return float(found[1])


def cost(shapes: Sequence[Shape], rounds: int) -> str:
    """Table of the time per cell of a pass against that on the first grid."""
    times = in_turn([strang_steps(shape) for shape in shapes], rounds)
    per_cell = [1e9 * t / PASSES / math.prod(shape) for t, shape in zip(times, shapes, strict=True)]
    rows = [
        (name_of(shape), f"{1e3 * t / PASSES:.1f} ms", f"{each:.2f} ns", f"{each / per_cell[0]:.2f}")
        for shape, t, each in zip(shapes, times, per_cell, strict=True)
    ]
    return markdown(("grid", "pass, friction on", "per cell", f"against {name_of(shapes[0])}"), rows)


def memory(shapes: Sequence[Shape]) -> str:
    """Table of the peak resident memory of runs of both orders and precisions."""
    runs = [(shape, order, "float64") for shape in shapes for order in (2, 4)] + [(shapes[-1], 4, "float32")]
    rows = [(name_of(s), order, precision, f"{peak(s, order, precision):.1f}") for s, order, precision in runs]
    return markdown(("grid", "order", "precision", "peak bytes per cell"), rows)


def precision(shape: Shape, rounds: int) -> str:
    """Table of the time of a pass in float32 against float64."""
    double, single = in_turn([strang_steps(shape, np.float64), strang_steps(shape, np.float32)], rounds)
    row = (name_of(shape), *(f"{1e3 * t / PASSES:.1f} ms" for t in (double, single)), f"{single / double:.2f}")
    return markdown(("grid", "float64 pass", "float32 pass", "ratio"), [row])
