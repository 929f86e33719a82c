"""Grids left open against the best ones by hand, and states that are displaced far or fall far.

    python tests/benchmarks/grid_choice.py [wells] [movers] [refused]

Ground states of anharmonic wells do not change: the largest difference of W at the end from W at the start, relative to
the maximum, is the true error. The best grid by hand is the fastest of those whose box and spectrum are the chosen ones
times one factor for (q, p) and one for (x, y), that runs without a warning and with a true error below the tolerance.
The means of what is displaced are compared with the classical motion, which is exact for quadratic potentials.
"""

from __future__ import annotations

import itertools
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from common import machine, markdown

from wignercq import Axis, Grid, Model, Solution, State, evolve
from wignercq.errors import WignerCQError
from wignercq.states import ClassicalGaussian, coherent, from_wavefunction, product
from wignercq.states.sampled import SampledQuantumState

REST = ClassicalGaussian([0, 0], [0.5, 0.5])  # of q**2/2: does not change either
UNITS = {"mass": 1.0, "frequency": 1.0, "hbar": 1.0}
# formula of V_Q, mass, range of x that holds the ground state, duration
WELLS: dict[str, tuple[str, float, tuple[float, float], float]] = {
    "soft Coulomb": ("-1/sqrt(x**2 + 1)", 1.0, (-25, 25), 1.0),
    "Poeschl-Teller": ("-3/cosh(x)**2", 1.0, (-20, 20), 1.0),
    "Rosen-Morse": ("-3/cosh(x)**2 + tanh(x)/2", 1.0, (-15, 15), 1.0),
    "Morse, m = 1700": ("0.17*(1 - exp(-x))**2", 1700.0, (-1.2, 3.0), 20.0),
}
FACTORS = (1.0, 0.9, 0.8, 0.7)


def oscillators(x: float) -> tuple[Model, State, float]:
    return Model.oscillators(), product(REST, coherent(x, 0, **UNITS)), 1.0


def packet(q: float, p: float) -> State:
    return product(ClassicalGaussian([q, p], [0.5, 0.5]), coherent(0, 0, **UNITS))


MOVERS: dict[str, Callable[[], tuple[Model, State, float]]] = {
    "coherent, x0 = 30": lambda: oscillators(30),
    "coherent, x0 = 60": lambda: oscillators(60),
    "free packet, p = 30": lambda: (Model("0", "x**2/2"), packet(0, 30), 1.0),
    "free fall, 10 q": lambda: (Model("10*q", "x**2/2"), packet(0, 0), 3.0),
    "oscillator, q0 = 25": lambda: (Model("q**2/2", "x**2/2"), packet(25, 0), 3.0),
}


def ground(formula: str, mass: float, ends: tuple[float, float], points: int = 400) -> SampledQuantumState:
    """The ground state of a well, by a Fourier grid Hamiltonian."""
    x = ends[0] + (ends[1] - ends[0]) * np.arange(points) / points
    k = 2 * np.pi * np.fft.fftfreq(points, x[1] - x[0])
    to_k = np.fft.fft(np.eye(points), axis=0, norm="ortho")
    names = {name: getattr(np, name) for name in ("sqrt", "cosh", "tanh", "exp")}
    potential = eval(formula, names, {"x": x})
    energies = ((to_k.conj().T * (k**2 / 2 / mass)) @ to_k).real + np.diag(potential)
    return from_wavefunction(x, np.linalg.eigh(energies)[1][:, 0], hbar=1.0)


def timed(model: Model, state: State, duration: float, tolerance: float, grid: Grid | None) -> tuple[Solution, float]:
    begun = time.perf_counter()
    keep = {"keep_state": True} if tolerance > 1e-6 else {}
    solution = evolve(model, state, grid=grid, duration=duration, outputs=2, tolerance=tolerance, frames=0, **keep)
    return solution, time.perf_counter() - begun


def scaled(axis: Axis, factor: float) -> Axis:
    middle, half = (axis.lower + axis.upper) / 2, axis.length / 2 * factor
    return Axis.resolving(middle - half, middle + half, axis.nyquist * factor)


def grid_of(solution: Solution) -> Grid:
    axes = (solution.dataset[name].values for name in "qpxy")
    return Grid(*(Axis(v[0], v[0] + v.size * (v[1] - v[0]), v.size) for v in axes))


def true_error(solution: Solution, state: State) -> float:
    start = state.wigner(grid_of(solution))
    return float(np.abs(solution.dataset["W"].values - start).max() / start.max())


def by_hand(model: Model, state: State, duration: float, tolerance: float, chosen: Grid) -> tuple[str, float, float]:
    """Points, seconds and true error of the best grid by hand."""
    found = []
    for classical, quantum in itertools.product(FACTORS, repeat=2):
        pairs = zip(chosen, (classical, classical, quantum, quantum), strict=True)
        grid = Grid(*(scaled(axis, factor) for axis, factor in pairs))
        try:
            solution, seconds = timed(model, state, duration, tolerance, grid)
        except (WignerCQError, Warning):
            continue
        error = true_error(solution, state)
        if error < tolerance:
            found.append((seconds, error, grid))
    seconds, error, grid = min(found, key=lambda row: row[0])
    seconds = min(seconds, *(timed(model, state, duration, tolerance, grid)[1] for _ in range(2)))
    return " x ".join(map(str, grid.shape)), seconds, error


def wells(tolerance: float = 1e-4) -> str:
    rows = []
    for name, (formula, mass, ends, duration) in WELLS.items():
        model = Model("q**2/2", formula, quantum_mass=mass)
        state = product(REST, ground(formula, mass, ends))
        runs = [timed(model, state, duration, tolerance, None) for _ in range(3)]
        solution, seconds = runs[0][0], min(run[1] for run in runs)
        hand = by_hand(model, state, duration, tolerance, grid_of(solution))
        row = (solution.dataset.attrs["grid"], f"{seconds:.1f}", f"{true_error(solution, state):.1e}")
        rows.append((name, *row, hand[0], f"{hand[1]:.1f}", f"{hand[2]:.1e}", f"{seconds / hand[1]:.1f}"))
        print(rows[-1], flush=True)
    return markdown(("well", "chosen", "s", "true error", "by hand", "s", "true error", "times the time"), rows)


def movers() -> str:
    rows = []
    for name, make in MOVERS.items():
        model, state, duration = make()
        solution, seconds = timed(model, state, duration, 1e-6, None)
        data = solution.dataset
        monitors = max(float(data[monitor].max()) for monitor in ("edge_mass", "spectral_tail"))
        rows.append((name, data.attrs["grid"], f"{seconds:.0f}", f"{monitors:.1e}", data.attrs["grid_changes"]))
        print(rows[-1], flush=True)
    return markdown(("motion", "chosen", "s", "most at an edge or in a tail", "changes"), rows)


def refused() -> str:
    model, state, duration = oscillators(1000)
    begun = time.perf_counter()
    try:
        timed(model, state, duration, 1e-6, None)
        came = "runs"
    except WignerCQError as error:
        came = str(error)
    return markdown(("x0", "s", "what came"), [(1000, f"{time.perf_counter() - begun:.1f}", came)])


if __name__ == "__main__":
    warnings.simplefilter("error")
    tables = {"wells": wells, "movers": movers, "refused": refused}
    print(machine())
    for asked in sys.argv[1:] or tables:
        print(f"\n{tables[asked]()}", flush=True)
