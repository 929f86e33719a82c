"""Are tolerances met when nobody chooses a grid or a time step? Five systems, Markdown table.

Usage: python tests/benchmarks/tolerances.py [tolerances, default 1e-4] [systems, default all]

The truth is the exact Gaussian for the oscillators, else a run with half the step on a grid that holds everything
the state might do (`choose_grid`, from a third larger to ten times as large as the one a pilot run finds sufficient).
The time error is the largest difference to a run on the same grid with half the step, at five moments.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wignercq import Axis, Grid, LinearModel, Model, Propagator, Solution, State, choose_grid, evolve
from wignercq.grid.interpolation import interpolation
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import FORWARD_3
from wignercq.states import ClassicalGaussian, coherent, fock, gaussian, product

HBAR = 0.8
BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": HBAR, "friction": 0.3, "diffusion": 0.5}
WELL = {"mass": 0.7, "frequency": 1.3, "hbar": HBAR}
CLASSICAL = ClassicalGaussian([0.5, -0.2], [0.5, 0.6])
Problem = tuple[Model, State, float]


def oscillators() -> Problem:
    model = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.4, **BATH)
    return model, gaussian([1.0, 0.3, -0.8, 0.2], [0.6, 0.55, 0.5, 0.45], hbar=HBAR), 5.0


def quartic() -> Problem:
    model = Model("0.4*q**2", "0.55*x**2 + 0.04*x**4", "0.2*(q - x)**2", **BATH)
    return model, product(CLASSICAL, fock(1, **WELL)), 3.0


def pressure() -> Problem:
    model = Model("0.45*q**2", "0.6*x**2", "0.07*q*x**2 + 0.3*q*x", **BATH)
    return model, gaussian([0.6, -0.4, 0.8, 0.3], [0.45, 0.5, 0.45, 0.45], hbar=HBAR), 3.0


def double_well() -> Problem:
    model = Model("0.55*q**2", "0.03*x**4 - 0.25*x**2", "0.3*q*x", **BATH)
    return model, product(CLASSICAL, coherent(-1.3, 0.1, **WELL)), 3.0


def pendulum() -> Problem:
    model = Model("0.55*q**2", "3*(1 - cos(x/1.7))", "0.3*q*x", **BATH)
    return model, product(CLASSICAL, coherent(0.7, 0.1, **WELL)), 2.0


SYSTEMS: dict[str, Callable[[], Problem]] = {
    f.__name__: f for f in (oscillators, quartic, pressure, double_well, pendulum)
}


def grid_of(solution: Solution) -> Grid:
    """The final grid of a run."""
    values = [solution.W[name].values for name in ("q", "p", "x", "y")]
    return Grid(*(Axis(v[0], 2 * v[-1] - v[-2], v.size) for v in values))


def on(target: Grid, solution: Solution) -> np.ndarray:
    """The final W of a run on another grid, by zero padding of its spectrum."""
    W = solution.W.values
    for i, (axis, wanted) in enumerate(zip(grid_of(solution), target, strict=True)):
        W = np.moveaxis(np.tensordot(interpolation(axis, wanted.values), W, axes=(1, i)), 0, i)
    return W


def truth(problem: Problem, grid: Grid, dt: float, tolerance: float) -> np.ndarray:
    """W at the end of a problem, on `grid`."""
    model, state, duration = problem
    if model.is_quadratic:
        theory = LinearModel.from_model(model)
        mean = theory.mean(duration, state.mean)
        return gaussian(mean, theory.covariance(duration, state.covariance), hbar=HBAR).wigner(grid)
    larger = choose_grid(model, state, duration, tolerance=tolerance)
    return on(
        grid,
        evolve(model, state, grid=larger, duration=duration, outputs=1, dt=dt / 2, tolerance=1e-2, keep_state=True),
    )


def time_error(problem: Problem, grid: Grid, dt: float) -> float:
    """Largest error of the step `dt` at five moments, relative to the maximum of W at the time."""
    model, state, duration = problem
    engine = TiledEngine(grid)
    write, steps = state.slab(grid), ((dt, 1), (dt / 2, 2))
    stepped = [(engine.fill(write), Propagator(model, engine, FORWARD_3, step), n) for step, n in steps]
    errors = []
    for _ in range(5):
        for W, propagator, each in stepped:
            propagator.advance(W, each * round(duration / dt / 5))
        (W, _, _), (finer, _, _) = stepped
        errors.append(np.abs(W - finer).max() / np.abs(finer).max() * 16 / 15)
    return float(max(errors))


@dataclass(frozen=True)
class Found:
    """What a run without a chosen grid or step turned out to be.

    Parameters
    ----------
    grid : Grid
    steps : int
    error : float
        True error of W at the end, relative to its maximum.
    estimate : float
        Time error reported by the run.
    time_error : float
        True time error.
    seconds : float
    """

    grid: Grid
    steps: int
    error: float
    estimate: float
    time_error: float
    seconds: float


def measure(name: str, tolerance: float) -> Found:
    """Run one of the systems and compare it with the truth."""
    model, state, duration = problem = SYSTEMS[name]()
    start = time.perf_counter()
    solution = evolve(model, state, duration=duration, outputs=1, tolerance=tolerance, keep_state=True)
    seconds = time.perf_counter() - start
    grid, dt = grid_of(solution), float(solution.dataset.attrs["time_step"])
    exact = truth(problem, grid, dt, tolerance)
    error = float(np.abs(solution.W.values - exact).max() / np.abs(exact).max())
    return Found(grid, round(duration / dt), error, solution.time_error, time_error(problem, grid, dt), seconds)


def row(name: str, tolerance: float) -> str:
    """One line of the table."""
    found = measure(name, tolerance)
    shape = " x ".join(map(str, found.grid.shape))
    return (
        f"| {name} | {tolerance:.0e} | {shape} | {found.steps} | {found.error:.1e} | {found.error / tolerance:.2f} | "
        f"{found.estimate / found.time_error:.2f} | {found.seconds:.1f} |"
    )


def main() -> None:
    tolerances = [float(text) for text in (sys.argv[1] if len(sys.argv) > 1 else "1e-4").split(",")]
    names = sys.argv[2].split(",") if len(sys.argv) > 2 else list(SYSTEMS)
    print("| system | tolerance | grid | steps | true error | error/tolerance | estimate/time error | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for tolerance in tolerances:
        for name in names:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                print(row(name, tolerance), *(str(w.message) for w in caught), flush=True)


if __name__ == "__main__":
    main()
