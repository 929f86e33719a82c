"""Peak memory of a run whose grid grows up to a limit, over that limit, above what interpreter and imports take.

Usage: python tests/benchmarks/growing.py [limit in MiB: 300] [order: 2] [most steps: 30] [checkpoint]

With the path of a checkpoint it says before each change how many cells there will be, and can be stopped and resumed.

A classical packet shears in a quartic well and needs a finer and finer mesh.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from memory import peak_bytes

from wignercq import Axis, Grid, Model, evolve
from wignercq.errors import Interrupted, StoppedError
from wignercq.run.adaptation import Adapter
from wignercq.states import gaussian

HBAR = 0.05
MIB = 2**20
GRID = Grid(Axis(-4.5, 4.5, 20), Axis(-4.5, 4.5, 22), Axis(-2.4, 2.4, 48), Axis(-3.6, 3.6, 60))


def run(limit: float, order: int, duration: float, checkpoint: str | None = None) -> str:
    """What changed of the grid, a line each."""
    model = Model("q**2/2", "x**2/4 + x**4/4", "(q - x)**2/20", hbar=HBAR, diffusion=0.5, friction=0.5)
    state = gaussian([0.3, 0, 1.2, 0], [0.5, 0.5, 0.03, 0.03], hbar=HBAR)
    settings = {"duration": duration, "dt": 0.1, "tolerance": 5e-3, "order": order, "hbar_order": 0}
    try:
        solution = evolve(model, state, grid=GRID, adapt=True, memory_limit=limit, checkpoint=checkpoint, **settings)
    except Interrupted as stop:
        sys.exit(128 + stop.signal)
    except StoppedError as stop:
        solution = stop.solution
    return str(solution.dataset.attrs["grid_changes"])


def announce_changes() -> None:
    """Print the number of cells of each grid that a run is about to go to."""
    improved = Adapter.improved

    def announced(self: Adapter, *arguments: Any) -> Grid | None:
        grid = improved(self, *arguments)
        if grid is not None:
            print(grid.size, flush=True)
        return grid

    Adapter.improved = announced  # type: ignore[method-assign]


def main() -> None:
    settings = [*sys.argv[1:], *("300", "2", "30")[len(sys.argv) - 1 :]]
    limit, order, steps = float(settings[0]) * MIB, int(settings[1]), int(settings[2])
    warnings.simplefilter("ignore")
    run(limit, order, 0.1)  # lazily imported modules and FFT plans do not count
    Path("/proc/self/clear_refs").write_text("5")  # the peak from here on
    before = peak_bytes()
    if len(sys.argv) > 4:
        announce_changes()
    print(run(limit, order, 0.1 * steps, *sys.argv[4:5]))
    print(f"limit {limit / MIB:.0f} MiB, order {order}: a peak of {(peak_bytes() - before) / limit:.2f} of the limit")


if __name__ == "__main__":
    main()
