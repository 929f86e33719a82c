"""Wall time to a true error of W, everything included, and how it grows as the tolerance falls.

`evolve` is asked for a tolerance and nothing else. The others are tuned by hand for each problem and tolerance, which
is not counted: bases and integrators of the Galerkin solvers (:mod:`galerkin`), box, points and number of steps of a
Strang splitting on whole arrays (:mod:`whole_array_strang`). Where a row is missing, a solver was not tuned or does not
reach the error. The process is warm: libraries are loaded, each solver has run once before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import galerkin
import numpy as np
import whole_array_strang
from common import markdown, timed
from galerkin import Array, Problem, Run
from number_basis import Mode, NumberBasis
from whole_array_strang import Box

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6)
WARM = TOLERANCES[0]
REFERENCE_STEPS = 60  # of fourth order: off by 2e-8 at most


@dataclass(frozen=True)
class Tuned:
    """What each solver needs for a tolerance.

    Parameters
    ----------
    box : sequence of (lower, upper, points)
    steps : int
    number : NumberBasis
    weighted : tuple of int or None
        Degree and levels; None where the basis does not reach the error.
    accuracy : float
        Relative error asked of the integrators.
    """

    box: Box
    steps: int
    number: NumberBasis
    weighted: tuple[int, int] | None
    accuracy: float


def _modes(q: Mode, p: Mode, x: Mode, *levels: int) -> NumberBasis:
    modes = (replace(mode, levels=n) for mode, n in zip((q, p, x), levels, strict=True))
    return NumberBasis(**dict(zip("qpx", modes, strict=True)))


def of_quartic(problem: Problem) -> dict[float, Tuned]:
    modes = problem.number.q, problem.number.p, problem.number.x
    return {
        1e-3: Tuned(
            ((-3.43, 2.93, 12), (-4.38, 3.88, 12), (-3.04, 3.04, 22), (-4.48, 4.48, 26)),
            95,
            _modes(*modes, 9, 9, 14),
            (9, 14),
            1e-4,
        ),
        1e-4: Tuned(
            ((-3.72, 3.22, 16), (-4.76, 4.26, 16), (-3.32, 3.32, 26), (-4.89, 4.89, 32)),
            300,
            _modes(*modes, 12, 12, 18),
            (12, 18),
            1e-5,
        ),
        1e-5: Tuned(
            ((-4.08, 3.58, 24), (-5.24, 4.74, 24), (-3.68, 3.68, 36), (-5.41, 5.41, 40)),
            950,
            problem.number,
            (16, 24),
            1e-6,
        ),
    }


def of_anharmonic(problem: Problem) -> dict[float, Tuned]:
    modes = problem.number.q, problem.number.p, problem.number.x
    return {
        1e-3: Tuned(
            ((-3.25, 2.75, 16), (-4.72, 3.92, 16), (-2.8, 2.8, 20), (-3.44, 3.44, 20)),
            26,
            _modes(*modes, 11, 10, 15),
            None,
            1e-4,
        ),
        1e-4: Tuned(
            ((-3.62, 3.12, 20), (-5.26, 4.46, 20), (-3.15, 3.15, 26), (-3.87, 3.87, 24)),
            80,
            _modes(*modes, 15, 14, 19),
            None,
            1e-5,
        ),
        1e-5: Tuned(
            ((-4.0, 3.5, 24), (-5.8, 5.0, 24), (-3.5, 3.5, 30), (-4.3, 4.3, 28)),
            220,
            problem.number,
            None,
            1e-6,
        ),
    }


def by_strang(problem: Problem, tuned: Tuned) -> Run:
    """Second-order splitting with a fixed step on whole arrays."""
    W, taken = timed(lambda: whole_array_strang.solve(problem.case, tuned.box, problem.duration, tuned.steps))
    for number, ((lower, upper, n), wanted) in enumerate(zip(tuned.box, problem.points, strict=True)):
        matrix = whole_array_strang.interpolation(np.linspace(lower, upper, n, endpoint=False), wanted)
        W = np.moveaxis(np.tensordot(matrix, W, axes=(1, number)), 0, number)
    points = " x ".join(str(n) for _, _, n in tuned.box)
    return Run("Strang, whole arrays, by hand", f"{points}, {tuned.steps} steps", taken, W)


def runs(problem: Problem, tolerance: float, tuned: Tuned | None) -> Iterator[Run]:
    """Every solver that there is for a tolerance, `evolve` first."""
    yield galerkin.by_tolerance(problem, tolerance)
    if tuned is None:
        return
    yield by_strang(problem, tuned)
    asked = replace(problem, number=tuned.number, accuracy=(2 * tuned.accuracy, tuned.accuracy))
    yield galerkin.by_number(asked)
    if tuned.weighted is not None:
        degree, levels = tuned.weighted
        yield galerkin.by_weighted(replace(asked, weighted=replace(problem.weighted, degree=degree, levels=levels)))


def reference(problem: Problem) -> Array:
    """W at the problem's points from a grid for a tenth of the least tolerance, and steps that are short enough."""
    return galerkin.reference(problem, tolerance=TOLERANCES[-1] / 10, steps=REFERENCE_STEPS)


def table(problem: Problem, settings: Callable[[Problem], dict[float, Tuned]]) -> str:
    """Tolerances, solvers, true errors and wall times."""
    exact, tuned = reference(problem), settings(problem)
    list(runs(problem, WARM, tuned[TOLERANCES[0]]))
    rows, before = [], {}
    for tolerance in TOLERANCES:
        first = None
        for run in runs(problem, tolerance, tuned.get(tolerance)):
            name = run.solver.split("(")[0]
            first = first or run.seconds
            error = np.abs(run.values - exact).max() / exact.max()
            grown = f"{run.seconds / before[name]:.1f}" if name in before else ""
            before[name] = run.seconds
            taken = f"{run.seconds:.2f} s", f"{run.seconds / first:.2f}", grown
            rows.append((f"{tolerance:.0e}", name, run.size, f"{error:.1e}", *taken))
    header = ("tolerance", "solver", "unknowns", "true error of W", "wall time", "/ evolve", "/ tolerance before")
    return markdown(header, rows)
