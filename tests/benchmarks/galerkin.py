"""The grid against sparse Galerkin solvers with SciPy's DOP853, at equal true error of W.

Two Galerkin solvers, each with the smallest basis and the loosest integrator found by hand that reach the error:

- weighted: :mod:`support.reference.hermite_galerkin`, Hermite functions of total degree up to a bound, real unknowns.
- number states: :mod:`number_basis`, a product of three oscillator modes, complex, as QuTiP's operators give it.

Their basis lengths, centres and sizes are tuned to the case beforehand, so the grid appears twice: chosen by
``evolve`` itself for a tolerance, and with grid and time step tuned by hand just as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import number_basis
import numpy as np
import scipy.sparse as sps
from common import markdown, name_of, timed
from number_basis import Mode, NumberBasis
from scipy.integrate import solve_ivp
from support import systems
from support.reference import hermite_galerkin
from support.reference.cases import Case, anharmonic_case, quartic_case

from wignercq import Axis, Grid, Model, Propagator, Solution, choose_grid, evolve
from wignercq.grid.grid import NAMES
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import BY_ORDER
from wignercq.states import GaussianState, gaussian

Array = np.ndarray
TARGET = 1e-5  # true error of W at the end, relative to the largest W
REACH, NODES = 12.0, 401  # quadrature of the Wigner functions of Fock states


@dataclass(frozen=True)
class Problem:
    """A case, the points where W is compared, and what was tuned by hand to reach the target.

    Parameters
    ----------
    name : str
    case : Case
        Its last time is the duration.
    points : tuple of np.ndarray
        Values of q, p, x and y.
    weighted : hermite_galerkin.Basis
    number : NumberBasis
    accuracy : tuple of float
        Relative error asked of the integrator by the weighted and the number basis.
    grid : Grid
    steps : int
    """

    name: str
    case: Case
    points: tuple[Array, Array, Array, Array]
    weighted: hermite_galerkin.Basis
    number: NumberBasis
    accuracy: tuple[float, float]
    grid: Grid
    steps: int

    @property
    def duration(self) -> float:
        return self.case.times[-1]

    @property
    def model(self) -> Model:
        system = self.case.system
        return Model(
            self.case.classical_formula,
            self.case.quantum_formula,
            self.case.interaction_formula,
            **systems.numbers_of(system),
        )

    @property
    def state(self) -> GaussianState:
        return gaussian(self.case.mean, self.case.variances, hbar=self.case.system.hbar)


def quartic() -> Problem:
    case = quartic_case()
    return Problem(
        "quartic V_Q, bilinear coupling, t = 3",
        case,
        (np.linspace(-3, 3, 17), np.linspace(-3.5, 3.5, 18), np.linspace(-2.6, 2.6, 23), np.linspace(-3.4, 3.4, 24)),
        _weighted(case, degree=16, levels=24, q_width=0.72, p_width=1.0, x_length=0.63),
        NumberBasis(q=Mode(levels=16, length=0.72), p=Mode(levels=16, length=0.95), x=Mode(levels=24, length=0.63)),
        (3e-6, 1e-6),
        Grid(Axis(-3.9, 3.4, 20), Axis(-5.0, 4.5, 20), Axis(-3.5, 3.5, 30), Axis(-5.15, 5.15, 36)),
        13,
    )


def anharmonic() -> Problem:
    case = anharmonic_case()
    return Problem(
        "V_C and V_Q quartic, V_I of third degree, t = 1.2",
        case,
        (
            np.linspace(-2.4, 2.4, 17),
            np.linspace(-3.5, 3.5, 18),
            np.linspace(-2.4, 2.4, 23),
            np.linspace(-2.8, 2.8, 24),
        ),
        _weighted(case, degree=20, levels=20, q_width=0.6, p_width=1.0, x_length=0.62),
        NumberBasis(q=Mode(levels=20, length=0.65), p=Mode(levels=18, length=0.95), x=Mode(levels=25, length=0.62)),
        (1e-6, 1e-6),
        Grid(Axis(-4.0, 3.5, 28), Axis(-5.8, 5.0, 26), Axis(-3.5, 3.5, 32), Axis(-4.3, 4.3, 30)),
        8,
    )


def _weighted(
    case: Case, *, degree: int, levels: int, q_width: float, p_width: float, x_length: float
) -> hermite_galerkin.Basis:
    return hermite_galerkin.Basis(
        degree=degree,
        levels=levels,
        q_centre=case.basis.q_centre,
        q_width=q_width,
        p_centre=case.basis.p_centre,
        p_width=p_width,
        x_centre=case.basis.x_centre,
        x_length=x_length,
    )


@dataclass(frozen=True, eq=False)
class Run:
    """What one solver took and found.

    Parameters
    ----------
    solver : str
    size : str
        Unknowns.
    seconds : float
        Wall time.
    values : np.ndarray
        W at the problem's points.
    """

    solver: str
    size: str
    seconds: float
    values: Array


def on_points(W: Array, grid: Grid, points: tuple[Array, ...]) -> Array:
    """W on the product of `points`, by trigonometric interpolation."""
    for number, (axis, values) in enumerate(zip(grid, points, strict=True)):
        k = np.arange(1, (axis.points - 1) // 2 + 1) * 2 * np.pi / axis.length
        offsets = values[:, None] - axis.values
        matrix = (1 + 2 * np.cos(k[:, None, None] * offsets).sum(axis=0)) / axis.points
        W = np.moveaxis(np.tensordot(matrix, W, axes=(1, number)), 0, number)
    return W


def of_coefficients(classical: Array, state: Array, functions: Callable[[Array], Array], problem: Problem) -> Array:
    """W on the problem's points from matrices (k, n, n) that belong to classical functions (k, nq * np)."""
    q, p, x, y = problem.points
    hbar, levels = problem.case.system.hbar, state.shape[1]
    u, step = np.linspace(-REACH, REACH, NODES, retstep=True)
    phases = np.exp(-1j * np.outer(u, y) / hbar) * step / (2 * np.pi * hbar)
    W = np.empty((len(q) * len(p), len(x), len(y)))
    for j, position in enumerate(x):
        ahead, behind = functions(position + u / 2), functions(position - u / 2)
        wigner = (ahead[:, None] * behind[None]).reshape(levels**2, -1) @ phases
        W[:, j] = classical.T @ (state.reshape(len(state), -1) @ wigner).real
    return W.reshape(len(q), len(p), len(x), len(y))


def integrate(matrix: sps.csr_array, start: Array, duration: float, accuracy: float) -> Array:
    """The solution of dz/dt = matrix z at the end."""
    run = solve_ivp(
        lambda _, z: matrix @ z,
        (0.0, duration),
        start,
        method="DOP853",
        t_eval=[duration],
        rtol=accuracy,
        atol=accuracy * 1e-2,
    )
    return run.y[:, -1]


def by_weighted(problem: Problem) -> Run:
    """Hermite functions of total degree, real."""
    basis, case = problem.weighted, problem.case

    def work() -> Array:
        start = hermite_galerkin.pack(case.initial_state(basis))
        matrix = hermite_galerkin.generator(case.system, basis)
        return integrate(matrix, start, problem.duration, problem.accuracy[0])

    final, taken = timed(work)
    a, b = np.array(basis.pairs).T
    along = []
    for values, centre, width in zip(
        problem.points[:2], (basis.q_centre, basis.p_centre), (basis.q_width, basis.p_width), strict=True
    ):
        u = (values - centre) / width
        along.append(basis.hermite(u) * np.exp(-(u**2) / 2) / (np.sqrt(2 * np.pi) * width))
    classical = np.einsum("kq,kp->kqp", along[0][a], along[1][b]).reshape(len(a), -1)
    values = of_coefficients(classical, hermite_galerkin.unpack(basis, final), basis.fock_functions, problem)
    return Run("Galerkin, weighted basis", f"{basis.size / 1e3:.0f}k real", taken, values)


def by_number(problem: Problem) -> Run:
    """A product of number states, complex."""
    basis, case = problem.number, problem.case

    def work() -> Array:
        start = basis.initial_state(case)
        matrix = number_basis.generator(case.system, basis)
        return integrate(matrix, start.reshape(-1), problem.duration, problem.accuracy[1]).reshape(start.shape)

    final, taken = timed(work)
    classical = basis.classical_functions(*problem.points[:2])
    values = of_coefficients(classical, final, basis.x.functions, problem)
    return Run("Galerkin, number states", f"{basis.size / 1e3:.0f}k complex", taken, values)


def by_tolerance(problem: Problem, tolerance: float = TARGET) -> Run:
    """`evolve` as a user calls it: grid and time step chosen for the tolerance."""

    def work() -> Solution:
        return evolve(
            problem.model,
            problem.state,
            duration=problem.duration,
            outputs=1,
            tolerance=tolerance,
            keep_state=True,
        )

    solution, taken = timed(work)
    return _of_solution(f"evolve(tolerance={tolerance:g})", solution, taken, problem)


def by_hand(problem: Problem) -> Run:
    """`evolve` with the grid and the time step given."""

    def work() -> Solution:
        return evolve(
            problem.model,
            problem.state,
            grid=problem.grid,
            duration=problem.duration,
            outputs=1,
            tolerance=1e-2,  # warns only: so small a grid cuts more than the target at its edges
            dt=problem.duration / problem.steps,
            keep_state=True,
        )

    solution, taken = timed(work)
    return _of_solution("evolve(grid=..., dt=...)", solution, taken, problem)


def by_propagator(problem: Problem) -> Run:
    """The steps alone, tables included."""
    grid = problem.grid

    def work() -> Array:
        engine = TiledEngine(grid)
        W = engine.fill(problem.state.slab(grid))
        W = engine.divided(W, engine.integral(W))
        step = problem.duration / problem.steps
        W, _ = Propagator(problem.model, engine, BY_ORDER[4], step).advance(W, problem.steps)
        return engine.array(W)

    W, taken = timed(work)
    return Run("Propagator, the same grid and dt", name_of(grid.shape), taken, on_points(W, grid, problem.points))


def _of_solution(solver: str, solution: Solution, taken: float, problem: Problem) -> Run:
    data = solution.dataset
    grid = Grid(*(axis_of(data[name].values) for name in NAMES))
    return Run(solver, name_of(grid.shape), taken, on_points(data["W"].values, grid, problem.points))


def axis_of(values: Array) -> Axis:
    """The axis of equidistant points."""
    return Axis(values[0], 2 * values[-1] - values[-2], len(values))


def reference(problem: Problem, tolerance: float = TARGET / 10, steps: int = 80) -> Array:
    """W at the problem's points from a finer grid and a time step a good deal shorter than any other here."""
    solution = evolve(
        problem.model,
        problem.state,
        grid=choose_grid(problem.model, problem.state, problem.duration, tolerance=tolerance),
        duration=problem.duration,
        outputs=1,
        tolerance=TARGET,
        dt=problem.duration / steps,
        keep_state=True,
    )
    return _of_solution("reference", solution, 0.0, problem).values


def table(problem: Problem) -> str:
    """Wall times and true errors of all solvers, and how many times longer than each run of the grid they took."""
    exact = reference(problem)
    grids = [by_tolerance(problem), by_hand(problem), by_propagator(problem)]
    rows = []
    for run in (*grids, by_weighted(problem), by_number(problem)):
        error = np.abs(run.values - exact).max() / exact.max()
        ratios = [f"{run.seconds / grid.seconds:.2f}" for grid in grids]
        rows.append((run.solver, run.size, f"{error:.1e}", f"{run.seconds:.2f} s", *ratios))
    return markdown(("solver", "unknowns", "true error of W", "wall time", *(f"/ {g.solver}" for g in grids)), rows)
