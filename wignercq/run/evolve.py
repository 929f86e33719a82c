"""From a model and an initial state to a Solution."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from wignercq.grid.fixed_axis import GridLike, given_axes
from wignercq.model.model import Model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning import arguments
from wignercq.planning.numerics import TOLERANCES, Numerics
from wignercq.results.solution import Solution
from wignercq.run.carry_out import carry_out
from wignercq.run.progress import Progress
from wignercq.run.request import Request, times_of
from wignercq.run.session import Session
from wignercq.states import State


def evolve(
    model: Model,
    state: State | np.ndarray,
    duration: float | None = None,
    *,
    grid: GridLike = None,
    outputs: int | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    tolerance: float | None = None,
    dt: float | None = None,
    order: int = 4,
    hbar_order: int | str | None = None,
    precision: str = "float64",
    engine: str = "tiled",
    threads: int = 2,
    frames: int | str = 5,
    keep_state: bool = False,
    adapt: bool | None = None,
    memory_limit: float | str | None = None,
    on_unresolved: str = "stop",
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float | str = 600.0,
    resume: bool = False,
    progress: bool | Progress = False,
) -> Solution:
    """Solve the classical-quantum master equation, eqs (101)-(112) of arXiv:2510.07402, on a phase-space grid.

    Parameters
    ----------
    model : Model
    state : State or np.ndarray
        Initial state, or W itself on a full `grid`, shape ``grid.shape``, integral 1.
    duration : float
        End time; the run starts at 0. Not with `times`.
    grid : Grid, mapping of axis name to what is fixed, or None
        ``{"x": (-5, 5), "q": 64, "y": FixedAxis((-6, 6), 48)}``: a box, a number of points, or both. What is missing
        is chosen (:func:`wignercq.choose_grid`) and trimmed to what a pilot run uses of it.
    outputs : int
        Number of equal intervals between outputs, default 20. Not with `times`.
    times : sequence of float
        Increasing output times. Time 0 is always an output as well.
    tolerance : float, optional
        On W relative to its maximum; sets the time step unless `dt` is given, and the level of warnings. Default
        1e-6, with float32 1e-4.
    dt : float, optional
        Time step. Its time error is estimated: above `tolerance` if that is given too, else above 1e-2, it is warned
        of, above 0.3 it is refused. A chosen step divides the interval between the `outputs` of a `duration`, and does
        not depend on `times`. Steps are at ``n * dt``; an output between two of them is reached by a shorter step
        beside the run, so an additional time never changes the result.
    order : {4, 2}
        Order of the splitting scheme (:mod:`wignercq.propagation.schemes`).
    hbar_order : int, "exact" or None
        None, "exact": all orders. 0: the classical Fokker-Planck counterpart. n: Moyal terms up to hbar**(2n).
    precision : {"float64", "float32"}
    engine : {"tiled", "array", "jax"}
        Fast default, whole-array reference, or the one for GPUs, which needs JAX. Where nothing couples the particles
        and the initial state is a product, the default goes on with the planes (q, p) and (x, y) alone, and the
        attribute ``engine`` of the result is "planes".
    threads : int
        Worker threads; the result is the same for any number.
    frames : int or "all"
        Number of outputs, spread over the run, whose marginal planes are kept.
    keep_state : bool
        Keep the final W in the solution.
    adapt : bool or None
        Whether the box may grow or go with W and the mesh be refined when W comes too close to their limits
        (:mod:`wignercq.run.adaptation`). None: in what `grid` leaves open; True: in every axis; False: never.
    memory_limit : float or str, optional
        Bytes, or text such as "4 GiB": what the run may use, at most the free memory. Without it, a grid grows to at
        most half of that.
    on_unresolved : {"stop", "warn"}
        What to do when the grid loses W: raise ResolutionError, or go on after a warning and say so in the attribute
        ``unresolved`` of the result, for explorations on coarse grids.
    checkpoint : path, optional
        Where to write checkpoints (:mod:`wignercq.run.checkpoint`). The last two are kept, here and with ``.previous``
        appended, also when the run is finished: remove them when its result is safe.
    checkpoint_every : float or str
        Seconds, or text such as "5 min", of wall time between checkpoints.
    resume : bool
        Go on from the checkpoint instead of starting at time 0.
    progress : bool or Progress
        Show what is being done, then a bar (:mod:`wignercq.run.progress`); outside a terminal and a notebook, lines.

    Returns
    -------
    Solution

    Raises
    ------
    InputError
        Something in the arguments cannot be used; nothing was computed.
    CheckpointError
        No checkpoint to resume, a damaged one, or one of another run.
    ResolutionError
        The grid lost the state on the way; ``.solution`` holds what was computed.
    Interrupted
        Ctrl-C or SIGTERM; ``.solution`` holds what was computed.
    """
    level = TOLERANCES.get(precision, 1.0) if tolerance is None else tolerance
    numerics = Numerics(
        level, dt, order, arguments.hbar_order(hbar_order), precision, engine, threads, forms_W=keep_state
    )
    accuracy = ERROR_LEVEL if tolerance is None else tolerance
    output_times = times_of(duration, outputs, times)
    request = Request(
        model,
        state,
        given_axes(grid),
        output_times,
        numerics,
        arguments.frames(frames, output_times.size),
        adapt,
        arguments.memory_limit(memory_limit),
        accuracy,
        interval=None if times is not None else float(output_times[1]),
        on_unresolved=on_unresolved,
    )
    session = carry_out(Session, request, checkpoint, every=checkpoint_every, resume=resume, progress=progress)
    result = session.solution(keep_state=keep_state)
    assert isinstance(result, Solution)
    return result
