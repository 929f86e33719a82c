"""From a model and an initial state to a Solution."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from wignercq.grid.fixed_axis import FixedAxis, GridLike, given_axes
from wignercq.grid.grid import Grid
from wignercq.model.model import Model, require_model
from wignercq.observables.resolution import ERROR_LEVEL
from wignercq.planning import arguments
from wignercq.planning.memory import require_memory
from wignercq.planning.numerics import TOLERANCES, Numerics
from wignercq.propagation.engines.cores import thread_count
from wignercq.results.solution import Solution
from wignercq.run.carry_out import carry_out
from wignercq.run.given import Given, completed, given, on_other_axes
from wignercq.run.keeping import moments
from wignercq.run.observables import Observables, Wanted
from wignercq.run.progress import Progress
from wignercq.run.request import Request, times_of
from wignercq.run.session import Session
from wignercq.states import State


def evolve(
    model: Model,
    state: State | np.ndarray | xr.DataArray | Solution,
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
    devices: int | str | None = None,
    threads: int | None = None,
    observables: Observables | None = None,
    frames: int | str = 5,
    keep_state: bool | Sequence[float] | np.ndarray = False,
    adapt: bool | None = None,
    frame: str = "auto",
    memory_limit: float | str | None = None,
    on_unresolved: str = "stop",
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float | str | None = None,
    resume: bool = False,
    progress: bool | Progress = False,
) -> Solution:
    """Solve the classical-quantum master equation, eqs (101)-(112) of arXiv:2510.07402, on a phase-space grid.

    Parameters
    ----------
    model : Model
    state : State, np.ndarray, Solution or xarray.DataArray
        Initial state, or W itself on a full `grid`, shape ``grid.shape``, integral 1; or a result, one of a run that
        was stopped for example, or a W of it: the run goes on from the last W that is kept there, at its time.
    duration : float
        How long the run is; it starts at 0, or at the time of the W that is given. Not with `times`.
    grid : Grid, mapping of axis name to what is fixed, or None
        ``{"x": (-5, 5), "q": 64, "y": FixedAxis((-6, 6), 48)}``: a box, a number of points, or both. What is missing
        is chosen (:func:`wignercq.choose_grid`) and trimmed to what a pilot run uses of it; where a result is given, it
        is what W lies on there. A W is interpolated onto another grid.
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
    devices : int or "gpu", optional
        Of the engine for GPUs: so many of those that JAX sees, or its GPUs and nothing else; by default all. The points
        of q and x are shared out among them. Several processes that have joined (``docs/cluster.md``) always use all.
    threads : int, optional
        Worker threads, by default one for each core that this process may use; the result is the same for any number.
    observables : mapping, or sequence of names, optional
        What to record at every output besides, by name (``docs/observables.md``): a formula of q, p, x, y and the
        model's parameters, the Weyl symbol a of ``integral of a W``; a state, or a function on phase space, whose
        overlap with W is recorded; a function of :class:`wignercq.observables.marginals.Marginals`; or a name among
        :data:`wignercq.observables.physics.MEANINGS`, such as "von_neumann_entropy".
    frames : int or "all"
        Number of outputs, spread over the run, whose marginal planes are kept. A run that is stopped keeps those of its
        last output as well, if any.
    keep_state : bool or sequence of float
        Keep the final W in the solution, or those at some times, which are outputs then. A run that is stopped keeps
        its last W as well, if any.
    adapt : bool or None
        Whether the box may grow and the mesh be refined when W comes too close to their limits
        (:mod:`wignercq.run.adaptation`). None: in what `grid` leaves open; True: in every axis; False: never.
    frame : {"auto", "fixed", "moving"}
        Of the coordinates of the grid: the laboratory's, or one that moves with the classical trajectory of the mean
        (:mod:`wignercq.propagation.frame`, ``docs/frame.md``), in which the extents of `grid` are relative to it.
        "auto": the moving one where no extent is given and its box takes less time by far, or where a result goes on
        that has it.
    memory_limit : float or str, optional
        Bytes, or text such as "4 GiB": what the run may use, at most the free memory. Without it, a grid grows to at
        most half of that.
    on_unresolved : {"stop", "warn"}
        What to do when the grid loses W: raise ResolutionError, or go on after a warning and say so in the attribute
        ``unresolved`` of the result, for explorations on coarse grids.
    checkpoint : path, optional
        Where to write checkpoints (:mod:`wignercq.run.checkpoint`). The last two are kept, here and with ``.previous``
        appended, also when the run is finished: remove them when its result is safe.
    checkpoint_every : float or str, optional
        Seconds, or text such as "5 min", of wall time between checkpoints; without it the first is written after a
        minute, and the others so that writing takes at most a fiftieth of the time.
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
        Ctrl-C, SIGTERM or SIGHUP; ``.solution`` holds what was computed.
    """
    request = asked(
        model,
        state,
        grid=grid,
        duration=duration,
        outputs=outputs,
        times=times,
        tolerance=tolerance,
        dt=dt,
        order=order,
        hbar_order=hbar_order,
        precision=precision,
        engine=engine,
        devices=devices,
        threads=threads,
        observables=observables,
        frames=frames,
        keep_state=keep_state,
        adapt=adapt,
        frame=frame,
        memory_limit=memory_limit,
        on_unresolved=on_unresolved,
    )
    session = carry_out(Session, request, checkpoint, every=checkpoint_every, resume=resume, progress=progress)
    result = session.solution()
    assert isinstance(result, Solution)
    return result


def asked(
    model: Model,
    state: State | np.ndarray | xr.DataArray | Solution,
    *,
    grid: GridLike,
    duration: float | None,
    outputs: int | None,
    times: Sequence[float] | np.ndarray | None,
    tolerance: float | None,
    dt: float | None,
    order: int,
    hbar_order: int | str | None,
    precision: str,
    engine: str,
    devices: int | str | None = None,
    threads: int | None,
    observables: Observables | None,
    frames: int | str,
    keep_state: bool | Sequence[float] | np.ndarray,
    adapt: bool | None,
    frame: str = "auto",
    memory_limit: float | str | None,
    on_unresolved: str,
) -> Request:
    """What is asked of a run by the arguments of :func:`evolve`. InputError where they cannot be used."""
    level = TOLERANCES.get(precision, 1.0) if tolerance is None else tolerance
    computed = precision, engine, thread_count(threads), devices
    numerics = Numerics(level, dt, order, arguments.hbar_order(hbar_order), *computed)
    axes, limit = given_axes(grid), arguments.memory_limit(memory_limit)
    begun = given(state, require_model(model)) if isinstance(state, (xr.DataArray, Solution)) else None
    origin = 0.0 if begun is None else begun.time
    equal_times = times_of(duration, outputs, times, origin)
    output_times, keeping = moments(equal_times, keep_state, origin)
    W, on = (state, None) if begun is None else _start(begun, axes, numerics, limit)
    is_relative = frame == "moving" and isinstance(W, State)  # then no array lies on the axes that are given
    grid_of_arrays = axes if isinstance(axes, Grid) and not is_relative else None
    return Request(
        model,
        W if isinstance(W, np.ndarray) else arguments.require_state(W),
        axes,
        output_times,
        numerics,
        arguments.frames(frames, output_times.size),
        adapt,
        limit,
        ERROR_LEVEL if tolerance is None else tolerance,
        interval=None if times is not None else float(equal_times[1]),
        on_unresolved=on_unresolved,
        wanted=Wanted.read(observables, require_model(model), grid_of_arrays),
        keeping=keeping,
        on=on,
        origin=origin,
        frame="moving" if frame == "auto" and begun is not None and begun.centre else frame,
        centre=None if begun is None else begun.centre,
    )


def _start(
    begun: Given, grid: Grid | Mapping[str, FixedAxis] | None, numerics: Numerics, memory_limit: float | None
) -> tuple[np.ndarray, Grid | None]:
    """W on the grid on which a run begins, and that grid where the user has left something of it open."""
    start = grid if isinstance(grid, Grid) else completed(grid or {}, begun.grid)
    require_memory([start], numerics, memory_limit)
    W = on_other_axes(begun.W, [*begun.grid], [*start])
    return W, None if isinstance(grid, Grid) else start
