"""What a pair of passes costs where JAX computes, and what it takes of the memory there.

Usage: python tests/benchmarks/gpu.py [sizes, default 64,128] [cases, default 0,1,2,3] [profile]

One transport and one momentum pass, Strang's scheme and the default, with friction and without, float64 and float32;
bytes per cell of a run are those of the compiled loop, with the W that is kept for taking steps back, and the peak that
the device reports. With `profile`, where the time of a pair goes, by the names of the kernels. With
XLA_PYTHON_CLIENT_PREALLOCATE=false the peak is that of this program alone.
"""

from __future__ import annotations

import collections
import glob
import gzip
import json
import sys
import tempfile
import time
from typing import Any

import jax
import numpy as np
from common import markdown

from wignercq import Axis, Grid, Model, Propagator
from wignercq.propagation.engines import jax_devices as programs
from wignercq.propagation.engines.jax import JaxEngine
from wignercq.propagation.schemes import BY_ORDER

SHORT, LONG = 4, 24  # steps: the difference is what the loop alone takes
CASES = (
    ("Strang, no friction", 2, 0.0, False),
    ("Strang, friction", 2, 0.3, False),
    ("order 4, friction", 4, 0.3, False),
    ("Strang, exact bath", 2, 3.0, True),
)


def propagator(points: int, dtype: str, order: int, friction: float, exact_bath: bool) -> Propagator:
    """A coupled quartic model on a grid of so many points along each axis."""
    model = Model("0.5*q**2", "0.5*x**2 + 0.02*x**4", "0.1*(q - x)**2", friction=friction, diffusion=0.5)
    grid = Grid(*(Axis(-half, half, points) for half in (7.0, 6.8, 6.9, 7.1)))
    return Propagator(model, JaxEngine(grid, dtype), BY_ORDER[order], 0.02, exact_bath=exact_bath)


def start(engine: JaxEngine) -> Any:
    """A displaced Gaussian."""
    q, p, x, y = (axis.values for axis in engine.grid)
    classical = np.exp(-((q[:, None] - 0.5) ** 2) - p**2) / np.pi
    return engine.product(classical, np.exp(-((x[:, None] + 0.5) ** 2) - (y - 0.2) ** 2) / np.pi)


def seconds(steps: Propagator, W: Any, count: int) -> tuple[float, Any]:
    """Of so many steps, until W is there."""
    before = time.perf_counter()
    W, _ = steps.advance(W, count, steps.engine.empty())  # the given W is kept meanwhile, as in a run
    W.block_until_ready()
    return time.perf_counter() - before, W


def pair(steps: Propagator) -> tuple[float, Any]:
    """Seconds of one transport and one momentum pass in the loop, the least of five; and W."""
    W, found = start(steps.engine), []  # type: ignore[arg-type]
    for count in (SHORT, LONG):
        _, W = seconds(steps, W, count)
    for _ in range(5):
        short, W = seconds(steps, W, SHORT)
        long, W = seconds(steps, W, LONG)
        found.append((long - short) / (LONG - SHORT) / len(steps.compiled.legs))
    return min(found), W


def memory(steps: Propagator, W: Any) -> tuple[float, float]:
    """Bytes per cell of the compiled loop and a W that is kept, and what the engine says."""
    engine: Any = steps.engine
    form = engine._form(steps.compiled)
    lowered = programs.steps.compiled.lower(W, None, *form, LONG, mesh=engine._mesh, capacity=32, by=1)
    program = lowered.compile().memory_analysis()
    taken = program.argument_size_in_bytes + program.output_size_in_bytes + program.temp_size_in_bytes
    taken += W.nbytes - program.alias_size_in_bytes
    arguments = jax.tree.leaves(form)  # some of them are given more than once
    taken += sum({id(each): each.nbytes for each in arguments}.values()) - sum(each.nbytes for each in arguments)
    tables = len({id(leg.kick) for leg in steps.compiled.legs} | {id(steps.compiled.opening)})
    return taken / W.size, engine.memory(engine.grid, engine.dtype, tables=tables) / W.size


def profile(steps: Propagator, W: Any) -> list[tuple[str, str]]:
    """Microseconds of each kernel in a pair."""
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            _, W = seconds(steps, W, LONG)
        with gzip.open(max(glob.glob(f"{folder}/**/*.trace.json.gz", recursive=True))) as file:
            events = json.load(file)["traceEvents"]
    places = {e["pid"]: e["args"]["name"] for e in events if e.get("name") == "process_name"}
    spent: collections.Counter[str] = collections.Counter()
    for e in events:
        if e.get("ph") == "X" and "GPU" in places.get(e["pid"], "") and "occupancy_pct" in str(e.get("args")):
            spent[e["name"]] += e["dur"]
    pairs = LONG * len(steps.compiled.legs)
    return [(name[:90], f"{us / pairs:.1f}") for name, us in spent.most_common(14)]


def main() -> None:
    sizes = [int(size) for size in (sys.argv[1] if len(sys.argv) > 1 else "64,128").split(",")]
    print(jax.__version__, jax.devices())
    chosen = sys.argv[2].split(",") if len(sys.argv) > 2 else range(len(CASES))
    rows = []
    for points in sizes:
        for dtype in ("float64", "float32"):
            for name, order, friction, exact_bath in (CASES[int(i)] for i in chosen):
                steps = propagator(points, dtype, order, friction, exact_bath)
                each, W = pair(steps)
                taken, said = memory(steps, W)
                stats = jax.devices()[0].memory_stats() or {"peak_bytes_in_use": 0}
                rows.append(
                    (
                        f"{points}^4 {dtype}",
                        name,
                        f"{each * 1e3:.3f} ms",
                        f"{1 / each:.0f}",
                        f"{taken:.1f}",
                        f"{said:.1f}",
                        f"{stats['peak_bytes_in_use'] / W.size:.1f}",
                    )
                )
                print(rows[-1], flush=True)
                if "profile" in sys.argv and dtype == "float64":
                    print(markdown(("kernel", "us"), profile(steps, W)), flush=True)
                del W, steps
    print(markdown(("grid", "case", "pair", "pairs/s", "B/cell", "Engine.memory", "peak so far"), rows))


if __name__ == "__main__":
    main()
