"""A model without coupling from a product state: steps and whole runs as two planes and on the grid of four variables.

Usage: python tests/benchmarks/planes.py [size, default 48] [rounds, default 3]

The size is points per axis, or four of them as in 40x54x48x60. A run is given the state, or the same W as an array,
which nobody knows to be a product.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

from common import grid_of, in_turn, markdown, name_of, parse_shape

from wignercq import Grid, Model, Propagator, evolve
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.engines.planes import PlanesEngine
from wignercq.propagation.schemes import BY_ORDER
from wignercq.states import GaussianState, gaussian

STEPS = 20
MODEL = Model("0.5*q**2", "0.5*x**2 + 0.02*x**4", friction=0.3, diffusion=0.5)


def state() -> GaussianState:
    """A product, in the middle of the grid."""
    return gaussian([0.5, 0.0, -0.5, 0.2], [0.5] * 4, hbar=1.0)


def steps(kind: type[TiledEngine] | type[PlanesEngine], grid: Grid) -> Callable[[], None]:
    """Steps of fourth order, tables made before."""
    engine = kind(grid, threads=2)
    propagator = Propagator(MODEL, engine, BY_ORDER[4], 0.02)
    start = state()
    W = engine.product(start.factors[0].density(grid.q, grid.p), start.factors[1].wigner(grid.x, grid.y))
    return lambda: propagator.advance(engine.copy(W), STEPS) and None


def whole_run(start: object, grid: Grid) -> Callable[[], None]:
    """A run with its search for a time step, ten outputs."""
    return lambda: evolve(MODEL, start, grid=grid, duration=0.5, outputs=10, tolerance=1e-4) and None


def main() -> None:
    shape = parse_shape(sys.argv[1] if len(sys.argv) > 1 else "48")
    rounds, grid = int(sys.argv[2]) if len(sys.argv) > 2 else 3, grid_of(shape)
    warnings.simplefilter("ignore")
    works = {
        f"{STEPS} steps": (steps(TiledEngine, grid), steps(PlanesEngine, grid)),
        "run": (whole_run(state().wigner(grid), grid), whole_run(state(), grid)),
    }
    rows = []
    for name, pair in works.items():
        four, two = in_turn(pair, rounds)
        rows.append((name_of(shape), name, f"{four:.3f} s", f"{two:.4f} s", f"1/{four / two:.0f}"))
    print(markdown(("grid", "what", "four variables", "planes", "ratio"), rows))


if __name__ == "__main__":
    main()
