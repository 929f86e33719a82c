"""The steady state of a model, found directly, with a certificate."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from wignercq.errors import (
    ConvergenceError,
    InputError,
    Interrupted,
    MemoryLimitError,
    ModelError,
    ResolutionError,
    StateError,
    quoted,
)
from wignercq.grid.fixed_axis import FixedAxis, GridLike, fixed_grid, given_axes, is_fixed
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.drives import require_undriven
from wignercq.model.model import Model, require_model
from wignercq.observables.physics import MEANINGS, physics_of, units
from wignercq.observables.resolution import Look, Watch
from wignercq.planning import arguments
from wignercq.planning.numerics import Numerics
from wignercq.propagation.engines.cores import thread_count
from wignercq.propagation.propagator import Propagator
from wignercq.results.provenance import program, solved, versions
from wignercq.results.variables import described
from wignercq.results.whole_file import destination
from wignercq.run.observables import Observables, Observers, Wanted, Whole
from wignercq.run.progress import Progress, showing
from wignercq.run.record import Record
from wignercq.run.schedule import Schedule
from wignercq.run.signals import Stop, StopRequests
from wignercq.states import gibbs
from wignercq.states.arguments import came_as
from wignercq.steady.certificate import drift
from wignercq.steady.guess import Guess
from wignercq.steady.relaxation import Relaxation, slowest_modes
from wignercq.steady.result import DRIFT_VARIABLES, KIND, MODE_VARIABLES, SteadyState
from wignercq.steady.solver import SAME, Solver

MODES = 6  # decay rates that are reported


def steady_state(
    model: Model,
    *,
    grid: GridLike = None,
    tolerance: float = 1e-6,
    dt: float | None = None,
    order: int = 4,
    hbar_order: int | str | None = None,
    engine: str = "tiled",
    threads: int | None = None,
    memory_limit: float | str | None = None,
    start: SteadyState | None = None,
    observables: Observables | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float | str | None = None,
    progress: bool | Progress = False,
) -> SteadyState:
    """The steady state of the classical-quantum master equation, eqs (101)-(112) of arXiv:2510.07402.

    The null vector of the generator between Hermite functions is a first guess; a Krylov method, averages over a period
    and the slow modes known from the guess take it to the tolerance without waiting for the relaxation.

    Parameters
    ----------
    model : Model
        With friction, noise, a coupling and potentials that bind.
    grid : Grid, mapping of axis name to what is fixed, or None
        As in :func:`wignercq.evolve`. What is missing is chosen, and grows where W needs it.
    tolerance : float
        On W relative to its maximum: for what is left of the equation, and for the error of the time step.
    dt : float, optional
        Time step of the propagator whose steady state is sought; chosen if not given.
    order : {4, 2}
        Of the splitting scheme.
    hbar_order : int, "exact" or None
        None, "exact": all orders. 0: the classical Fokker-Planck counterpart.
    engine : {"tiled", "array"}
    threads : int, optional
        As in :func:`wignercq.evolve`.
    memory_limit : float or str, optional
        Bytes, or text such as "4 GiB", at most the free memory.
    start : SteadyState, optional
        Another one to begin with, of the same model to go on, or of a similar one, with its W; its grid is taken unless
        one is given.
    observables : mapping, or sequence of names, optional
        What to record of the steady state besides, as for :func:`wignercq.evolve`.
    checkpoint : path, optional
        Where the best W so far is written as a result file.
    checkpoint_every : float or str, optional
        Seconds, or text such as "5 min", of wall time between checkpoints; without it the first is written after a
        minute, and the others so that writing takes at most a fiftieth of the time.
    progress : bool or Progress
        Show what is being done and the error so far.

    Returns
    -------
    SteadyState
        With W, the observables of a run at one time, the residual, an estimate of the distance to the true steady
        state, the drift of every moment over a relaxation time, and the slowest decay rates.

    Raises
    ------
    ModelError
        There is no steady state, or more than one: the line says why.
    ResolutionError
        The grid that was given loses W; ``.solution`` holds it all the same.
    ConvergenceError
        The tolerance was not reached; ``.solution`` holds the best W and its certificate.
    Interrupted
        Ctrl-C, SIGTERM or SIGHUP; ``.solution`` likewise.
    """
    require_undriven(require_model(model), "a steady state (DrivenLinearModel.cycle is the periodic one of a drive)")
    numerics = Numerics(
        tolerance, dt, order, arguments.hbar_order(hbar_order), "float64", engine, thread_count(threads)
    )
    axes, limit = given_axes(grid) if grid is not None else None, arguments.memory_limit(memory_limit)
    if start is not None and not isinstance(start, SteadyState):
        raise InputError("start", "a SteadyState", came_as(start, or_result=True))
    if start is not None and "W" not in start.dataset:
        raise InputError("start", "a steady state with its W", "one without")
    wanted = Wanted.read(observables, model, grid if isinstance(grid, Grid) else None)
    search: _Search | None = None
    schedule = Schedule(checkpoint_every)
    with showing(progress) as shown, StopRequests() as requests, threadpool_limits(1, "blas"):
        try:
            search = _Search.begin(model, numerics, axes, limit, start, shown)
            search.wanted = Observers(wanted, search.solver.grid).wanted  # refused now where it is not finite there
            requests.patient = True

            def look() -> None:
                if requests.requested is not None:
                    raise Stop(requests.requested)

            search.solver.look = look
            if checkpoint is not None:
                search.write_to(arguments.path("checkpoint", checkpoint), schedule)
            reached = search.solver.solve()
        except Stop as stop:
            raise Interrupted("interrupted", search and search.result("interrupted"), stop.signal) from None
        except MemoryError as error:
            raise MemoryLimitError("grid", "a search that fits the free memory", quoted(error)) from None
        if reached:
            return search.resolved_result()
    solver = search.solver
    message = (
        f"steady state: expected an error below {tolerance:.2g} of the maximum of W, got {solver.error:.2g} and "
        f"{solver.time_error:.2g} from a time step of {solver.dt:.3g}; raise the tolerance"
    )
    raise ConvergenceError(message, search.result(message))


@dataclass(eq=False)
class _Search:
    """A search under way, with what its result needs."""

    solver: Solver
    begun: float
    modes: Relaxation | None = None
    wanted: Wanted | None = None  # observables beside those of every steady state

    @classmethod
    def begin(
        cls,
        model: Model,
        numerics: Numerics,
        grid: Grid | Mapping[str, FixedAxis] | None,
        memory_limit: float | None,
        start: SteadyState | None,
        shown: Progress,
    ) -> _Search:
        begun = clock.perf_counter()
        shown.tell("first guess of the steady state")
        guess = Guess.of(model, numerics.hbar_order)
        chosen = start.grid if start is not None and grid is None else _grid(guess, grid, numerics.tolerance)
        left_open = {} if isinstance(grid, Grid) else dict.fromkeys(NAMES, FixedAxis()) | dict(grid or {})
        first = chosen if start is None else start.grid
        solver = Solver(
            model,
            numerics,
            guess,
            numerics.make_engine(first),
            guess.W(first) if start is None else np.asarray(start.W.values, float),
            frozenset(name for name, axis in left_open.items() if axis.extent is None),
            frozenset(name for name, axis in left_open.items() if axis.points is None),
            memory_limit,
            shown.tell,
        )
        if chosen != first:
            solver.move(chosen)
        return cls(solver, begun)

    def write_to(self, path: Path, schedule: Schedule) -> None:
        """Write the best W so far to a file, now and then."""
        if not path.parent.is_dir():
            raise InputError("checkpoint", "a file in an existing folder", path)
        destination(path)

        def write() -> None:
            if schedule.is_due:
                schedule.begin()
                self.result("a checkpoint").save(path)
                schedule.end()

        self.solver.after_cycle = write

    def resolved_result(self) -> SteadyState:
        """The steady state; ResolutionError with it where its grid loses it."""
        result = self.result()
        edge, tail = (result.dataset[name].values[0] for name in ("edge_mass", "spectral_tail"))
        try:
            Watch(self.solver.numerics.tolerance).check(0.0, 1.0, edge, tail)
        except ResolutionError as error:
            result.dataset.attrs["stopped"] = str(error)
            error.solution = result
            raise
        return result

    def result(self, stopped: str = "") -> SteadyState:
        """What there is of the steady state so far."""
        solver = self.solver
        look = solver.seen()
        record = Record(solver.model, solver.grid, {0}, wanted=self.wanted, is_lenient=True)
        record.add_output(0.0, look, Whole(solver.W))
        propagator = solver.propagator(solver.dt or 1.0)
        modes = self._modes(propagator)
        change = drift(propagator, solver.W)
        gap = float(min([*modes.decay_rates, *np.abs(solver.guess.rates.real)]))  # those that are not sure among them
        dataset = record.dataset(self._attributes(change.residual, gap, stopped), solver.W)
        for name, values in zip(MODE_VARIABLES, modes.columns, strict=True):
            dataset[name] = (("mode",), values, {"long_name": MODE_VARIABLES[name]})
        for name, rate in zip(DRIFT_VARIABLES, (change.mean, change.covariance), strict=True):
            meaning = f"change of the {name.removeprefix('drift_')} in a relaxation time"
            dataset[name] = (DRIFT_VARIABLES[name], rate / gap, {"long_name": meaning})
        for name, value in self._physics(look).items():
            if name not in dataset:
                dataset[name] = ((), value, {"long_name": MEANINGS[name], "units": units(name)})
        return SteadyState(described(dataset))

    def _modes(self, propagator: Propagator) -> Relaxation:
        """The slowest modes, found once, on the grid of that moment."""
        if self.modes is None:
            guess = self.solver.guess
            self.modes = slowest_modes(guess, MODES, propagator, guess.galerkin.basis, thorough=False)
        return self.modes

    def _physics(self, look: Look) -> dict[str, float]:
        """Temperatures, heat, entropy and information, of the W so far."""
        solver = self.solver
        write = None
        with suppress(StateError, ModelError):  # a model without a Gibbs state
            write = gibbs(solver.model).slab(solver.grid)
        return physics_of(list(solver.W), solver.model, solver.grid, gibbs=write, marginals=look.marginals)

    def _attributes(self, residual: float, gap: float, stopped: str) -> dict[str, Any]:
        solver, numerics = self.solver, self.solver.numerics
        attributes: dict[str, Any] = {
            "kind": KIND,
            **program(versions()),
            **solved(solver.model),
            **numerics.attributes,
            "hbar_order": numerics.hbar_text,
            "grid": " x ".join(map(str, solver.grid.shape)),
            "grid_changes": "\n".join(solver.notes),
            "time_step": solver.dt,
            "time_error_estimate": solver.time_error,
            "solver_error": solver.error,
            "residual": residual,
            "distance_estimate": solver.error + solver.time_error,
            "gap": gap,
            "steps": float(solver.steps),
            "cell_steps": solver.cell_steps,
            "wall_time": clock.perf_counter() - self.begun,
        }
        if stopped:
            attributes["stopped"] = stopped
        return attributes


def _grid(guess: Guess, grid: Grid | Mapping[str, FixedAxis] | None, tolerance: float) -> Grid:
    """The grid that is given, or with what is missing chosen."""
    if isinstance(grid, Grid):
        return grid
    fixed = dict(grid or {})
    if is_fixed(fixed):
        return fixed_grid(fixed)
    return Grid(
        *(
            fixed.get(name, FixedAxis()).axis((axis.lower, axis.upper), axis.nyquist * (1 - SAME))
            for name, axis in zip(NAMES, guess.grid(tolerance), strict=True)
        )
    )
