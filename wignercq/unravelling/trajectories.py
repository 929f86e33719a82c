"""From a model and an initial state to the average over many trajectories."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial

import numpy as np

from wignercq.errors import InputError, ModelError
from wignercq.grid.grid import Axis
from wignercq.model.model import Model
from wignercq.run.progress import Progress, showing
from wignercq.run.request import times_of
from wignercq.states import State
from wignercq.unravelling.block import Job, block
from wignercq.unravelling.gathered import Gathered
from wignercq.unravelling.plan import planned
from wignercq.unravelling.result import Ensemble

BLOCK = 256  # trajectories that share a stream of random numbers


def trajectories(
    model: Model,
    state: State,
    duration: float | None = None,
    *,
    count: int = 1024,
    seed: int = 0,
    outputs: int | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    tolerance: float = 1e-3,
    dt: float | None = None,
    axis: Axis | None = None,
    frames: int = 5,
    kept: int = 5,
    start: Ensemble | None = None,
    executor: Executor | None = None,
    progress: bool | Progress = False,
) -> Ensemble:
    """Solve the master equation as an average over trajectories, each a classical point and a pure quantum state.

    The scheme is that of :mod:`wignercq.unravelling.scheme`: means have an error of order dt**2.

    Parameters
    ----------
    model : Model
        ``4 D0 D2 >= 1`` where it is coupled; decoherence beyond that acts as random phases without a record.
    state : State
        A Gaussian, or a product of a density and a quantum state.
    duration, outputs, times
        As for :func:`wignercq.evolve`.
    count : int
        Trajectories, rounded up to blocks of 256; those of `start` count.
    seed : int
        The same seed gives the same numbers, for any executor.
    tolerance : float
        On the time error of means and covariances, relative to the spread; sets the time step unless `dt` is given.
    axis : Axis, optional
        Of x; chosen, and widened where a trajectory needs it, if not given.
    frames : int
        Number of outputs whose marginal planes are kept.
    kept : int
        Number of trajectories that are kept one by one.
    start : Ensemble, optional
        A result of the same run, to which trajectories are added.
    executor : concurrent.futures.Executor, optional
        What carries the blocks; threads on all cores if not given.
    progress : bool or Progress

    Returns
    -------
    Ensemble
        The names of a run, each with its standard error as ``name_error``.

    Raises
    ------
    InputError
        Something in the arguments cannot be used.
    """
    if model.is_coupled and 4 * model.D0 * model.diffusion < 1 - 1e-12:
        raise ModelError("decoherence", "4 D0 D2 >= 1, below which no trajectories exist", f"{model.D0:g}")
    if not isinstance(count, int) or isinstance(count, bool) or count < 2:
        raise InputError("count", "a whole number from 2 on", repr(count))
    moments = tuple(float(time) for time in times_of(duration, outputs, times))
    framed = tuple(sorted({round(i) for i in np.linspace(0, len(moments) - 1, frames)})) if frames else ()
    with showing(progress) as shown:
        shown.tell("time step and axis")
        plan = planned(model, state, moments, tolerance, dt, axis, seed)
        job = Job(model, state, moments, plan, framed, BLOCK, min(kept, BLOCK), seed)
        gathered = None if start is None else start.gathered
        first, last = gathered.blocks if gathered else 0, -(-count // BLOCK)
        shown.start(last * BLOCK, first * BLOCK, unit="trajectory")
        for part in _blocks(job, range(first, last), executor):
            if gathered is None:
                gathered = part
            else:
                gathered.add(part)
            shown.reach(gathered.blocks * BLOCK)
    assert gathered is not None
    return Ensemble.of(job, gathered)


def _blocks(job: Job, numbers: range, executor: Executor | None) -> Iterator[Gathered]:
    """Blocks in their order, a few of them under way."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    own = ThreadPoolExecutor(cores) if executor is None else None
    carrier = executor or own
    assert carrier is not None
    under_way: list[Future[Gathered]] = []
    try:
        for number in numbers:
            under_way.append(carrier.submit(partial(block, job), number))
            if len(under_way) > 2 * cores:
                yield under_way.pop(0).result()
        while under_way:
            yield under_way.pop(0).result()
    finally:
        for future in under_way:
            future.cancel()
        if own is not None:
            own.shutdown()
