"""What `evolve` takes beyond its steps: the search for grid and step, outputs, monitors; five systems, one machine.

Usage: python tests/benchmarks/overhead.py [tolerances, default 1e-4,1e-6] [outputs, default 20]

The steps alone are those that `evolve` chose, on the grid that it chose, engine and tables included.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

from common import markdown, timed
from tolerances import SYSTEMS, Problem, grid_of

from wignercq import Grid, Propagator, Solution, evolve
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import FORWARD_3

ROUNDS = 3


def rows(tolerance: float, outputs: int) -> Iterator[tuple[str, ...]]:
    """System, tolerance, grid, steps, seconds of both and their ratio: the least of some rounds in turn."""
    for name, problem in SYSTEMS.items():
        rounds = [_round(problem(), tolerance, outputs) for _ in range(ROUNDS)]
        whole, alone = (min(seconds) for seconds in zip(*(seconds for seconds, _, _ in rounds), strict=True))
        _, grid, steps = rounds[0]
        shape, ratio = " x ".join(map(str, grid.shape)), f"{whole / alone:.2f}"
        yield name, f"{tolerance:.0e}", shape, str(steps), f"{whole:.2f} s", f"{alone:.2f} s", ratio


def _round(problem: Problem, tolerance: float, outputs: int) -> tuple[tuple[float, float], Grid, int]:
    """Seconds of a run and of its steps alone, the grid and the number of steps."""
    model, state, duration = problem

    def run() -> Solution:
        return evolve(model, state, duration=duration, outputs=outputs, tolerance=tolerance, keep_state=True)

    def step() -> None:
        engine = TiledEngine(grid)
        W = engine.fill(state.slab(grid))
        Propagator(model, engine, FORWARD_3, dt).advance(W, steps)

    solution, whole = timed(run)
    grid, dt = grid_of(solution), float(solution.dataset.attrs["time_step"])
    steps = round(duration / dt)
    return (whole, timed(step)[1]), grid, steps


def table(tolerances: list[float], outputs: int) -> str:
    """All systems at all tolerances."""
    header = ("system", "tolerance", "grid", "steps", "evolve", "steps alone", "ratio")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return markdown(header, [row for tolerance in tolerances for row in rows(tolerance, outputs)])


def main() -> None:
    tolerances = sys.argv[1] if len(sys.argv) > 1 else "1e-4,1e-6"
    outputs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    print(table([float(text) for text in tolerances.split(",")], outputs))


if __name__ == "__main__":
    main()
