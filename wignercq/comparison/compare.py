"""Hybrid dynamics against its classical counterpart, Gaussian theories, trajectories and mean-field dynamics."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wignercq.comparison.result import Breakdown
from wignercq.comparison.session import Comparison, ComparisonRequest, twins
from wignercq.comparison.theories import EQUATIONS, compared
from wignercq.errors import InputError, ModelError, at_most
from wignercq.grid.fixed_axis import GridLike, given_axes
from wignercq.model.model import Model, require_model
from wignercq.model.thermal import THERMAL, require_linear_thermal
from wignercq.planning import arguments
from wignercq.planning.arguments import flag, moderate, number, whole
from wignercq.planning.numerics import TOLERANCES, Numerics
from wignercq.planning.time_step import divided
from wignercq.propagation.engines.cores import thread_count
from wignercq.run.carry_out import carry_out
from wignercq.run.progress import Progress, showing
from wignercq.run.request import times_of
from wignercq.states import State
from wignercq.unravelling.trajectories import LARGEST_SEED

TOLERANCE_SHARE = 0.01  # of the threshold: a larger tolerance would let time errors look like a breakdown


def compare(
    model: Model,
    state: State | np.ndarray,
    duration: float | None = None,
    *,
    outputs: int | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    grid: GridLike = None,
    tolerance: float = TOLERANCES["float64"],
    dt: float | None = None,
    order: int = 4,
    precision: str = "float64",
    engine: str = "tiled",
    threshold: float = 0.01,
    trajectories: int = 0,
    mean_field: bool = False,
    semiclassical: bool = False,
    thermal: bool = False,
    seed: int = 0,
    frames: int | str | None = None,
    threads: int | None = None,
    adapt: bool | None = None,
    memory_limit: float | str | None = None,
    on_unresolved: str = "stop",
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float | str | None = None,
    resume: bool = False,
    progress: bool | Progress = False,
) -> Breakdown:
    """Evolve one initial state under several theories and report where they part.

    1. ``exact``: hybrid dynamics, all orders in hbar, eqs (101)-(112) of arXiv:2510.07402;
    2. ``fokker_planck``: its classical counterpart, hbar_order = 0;
    3. ``first_order``: with the terms in hbar**2, hbar_order = 1, where that is well posed;
    4. ``closure``: the self-consistent Gaussian (:func:`wignercq.gaussian.closure.gaussian_closure`);
    5. ``linearised``: linearised along the classical trajectory of the mean;
    6. ``trajectories``, on request: the hybrid dynamics again, as an average over trajectories, with standard errors
       (:func:`wignercq.unravelling.trajectories`);
    7. ``mean_field``, on request: the Ehrenfest dynamics, over as many trajectories;
    8. ``semiclassical``, on request: the same without noise;
    9. ``thermal``, on request: the dynamics of arXiv:2504.10587 with the same bath, which keep the thermal state.

    For potentials at most quadratic 1 to 6 agree. 1 to 3 share the time step, so that its error cancels in their
    differences, and begin on the same grid; where 2 or 3 folds more finely, its own grid is refined on the way.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`.
    duration, outputs, times
        When to compare, as in :func:`wignercq.evolve`. The time step divides the interval between equal outputs.
    grid : Grid, mapping of axis name to what is fixed, or None
        As in :func:`wignercq.evolve`, of the exact theory; what is missing is chosen.
    tolerance : float
        On W relative to its maximum, at most a hundredth of `threshold`.
    dt : float, optional
        Longest time step.
    order, precision, engine, threads
        As in :func:`wignercq.evolve`.
    threshold : float
        Error, in the units of :func:`wignercq.comparison.breakdown_times.observable_errors`, that counts as a
        breakdown.
    trajectories : int
        How many to average over, rounded up to blocks of 256; 0 leaves 6 to 8 out. They are computed before the first
        step of 1 to 3; a difference of less than five standard errors is no breakdown.
    mean_field, semiclassical : bool
        Whether 7, 8 are computed as well.
    thermal : bool
        Whether 9 is computed as well, on the grid; for models that have it (:mod:`wignercq.model.thermal`).
    seed : int
        Of the random numbers of trajectories.
    frames : int or "all", optional
        Number of outputs, spread over the run, whose marginal planes are kept; all by default.
    adapt : bool or None
        Whether grids may change. None: that of the exact theory in what `grid` leaves open, those of 2 and 3 by
        refinement in every axis as well; False: never.
    memory_limit, on_unresolved, checkpoint, checkpoint_every, resume, progress
        As in :func:`wignercq.evolve`. The memory is that of all equations together; only the exact theory goes on
        unresolved, others are left out with a note.

    Returns
    -------
    Breakdown

    Raises
    ------
    InputError
        Something in the arguments cannot be used.
    CheckpointError
        No checkpoint to resume, a damaged one, or one of another comparison.
    ResolutionError
        The grid lost the exact W; ``.solution`` holds what was computed.
    Interrupted
        Ctrl-C, SIGTERM or SIGHUP; ``.solution`` holds what was computed.
    """
    output_times = times_of(duration, outputs, times)
    kept = arguments.frames(arguments.ALL if frames is None else frames, output_times.size, output_times.size)
    _check(tolerance, threshold)
    asked = _theories(require_model(model), trajectories, mean_field, semiclassical, thermal, seed)
    interval = float(output_times[1]) if times is None else None
    numerics = Numerics(tolerance, dt, order, None, precision, engine, thread_count(threads), forms_W=True)
    if dt is not None and interval is not None:
        numerics = replace(numerics, dt=divided(interval, moderate("dt", dt)))
    with showing(progress) as shown:
        shown.tell("equations to compare")
        same = twins(model)
        request = ComparisonRequest(
            model,
            state,
            given_axes(grid),
            output_times,
            numerics,
            kept,
            adapt,
            arguments.memory_limit(memory_limit),
            equations={name: EQUATIONS[name] for name in asked if name in EQUATIONS and name not in same},
            interval=interval,
            on_unresolved=on_unresolved,
            threshold=threshold,
            trajectories=trajectories,
            mean_field=mean_field,
            semiclassical=semiclassical,
            thermal=thermal,
            seed=seed,
        )
        session = carry_out(Comparison, request, checkpoint, every=checkpoint_every, resume=resume, progress=shown)
        result = session.solution()
    assert result is not None
    return result


def _check(tolerance: float, threshold: float) -> None:
    number("threshold", threshold, "a number between 0 and 1", lambda v: 0 < v < 1)
    most = TOLERANCE_SHARE * threshold
    expected = f"a positive number, at most {at_most(most)} for a threshold of {threshold!r}"
    number("tolerance", tolerance, expected, lambda v: 0 < v <= most)


def _theories(
    model: Model, trajectories: int, mean_field: bool, semiclassical: bool, thermal: bool, seed: int
) -> tuple[str, ...]:
    """Names of the theories that are asked for; InputError where one cannot be."""
    whole("trajectories", trajectories, 0)
    whole("seed", seed, 0, LARGEST_SEED)
    for name, asked in (("mean_field", mean_field), ("semiclassical", semiclassical)):
        if flag(name, asked) and not trajectories:
            raise InputError(name, "a number of trajectories, over which it is averaged", "none")
    if flag("thermal", thermal):
        if model.is_thermal or not model.is_coupled:
            came = "one without coupling" if not model.is_coupled else "one with dynamics = 'thermal'"
            raise ModelError("thermal", "false, unless a coupled model has dynamics of another kind", came)
        require_linear_thermal(EQUATIONS[THERMAL].of(model))
    return compared(trajectories, mean_field, semiclassical, thermal)
