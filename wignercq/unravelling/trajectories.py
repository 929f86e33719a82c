"""From a model and an initial state to the average over many trajectories."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from wignercq.errors import (
    InputError,
    Interrupted,
    MemoryLimitError,
    ModelError,
    StoppedError,
    brief,
    kind_of,
    one_of,
    readable_size,
)
from wignercq.grid.grid import NAMES, Axis
from wignercq.model.bath import require_plain
from wignercq.model.drives import require_undriven
from wignercq.model.model import Model, require_model
from wignercq.planning import arguments
from wignercq.planning.arguments import moderate, number, require_state, spread, whole
from wignercq.planning.memory import free_memory
from wignercq.propagation.engines.cores import cores
from wignercq.results.whole_file import destination
from wignercq.run.identity import state_digest
from wignercq.run.observables import Observables
from wignercq.run.progress import Progress, showing
from wignercq.run.request import times_of
from wignercq.run.schedule import Schedule
from wignercq.run.signals import Stop, StopRequests
from wignercq.states import State
from wignercq.unravelling.assembly import assembled
from wignercq.unravelling.block import MIXED_TILE, Job, block
from wignercq.unravelling.correlated import require_conditional_states
from wignercq.unravelling.gathered import Gathered
from wignercq.unravelling.observables import RECORD_PURITY, read
from wignercq.unravelling.plan import planned
from wignercq.unravelling.result import Ensemble, keep
from wignercq.unravelling.scheme import DYNAMICS

MOST_PAIRED = 1200  # numbers of all outputs: squares of that are kept
LARGEST_SEED = 2**63 - 1  # that a file holds
BLOCK = 256  # trajectories that share a stream of random numbers
FINEST = 1e-4  # tolerance of use; the time error that a smaller one leaves is lost among statistical errors


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
    frames: int | str = 5,
    kept: int = 5,
    start: Ensemble | None = None,
    dynamics: str = "hybrid",
    observables: Observables | None = None,
    two_time: bool | Sequence[str] = False,
    conditional: str = "pure",
    executor: Executor | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float | str | None = None,
    progress: bool | Progress = False,
) -> Ensemble:
    """Solve the master equation as an average over trajectories, each a classical point and a quantum state.

    The scheme is that of :mod:`wignercq.unravelling.scheme`, or with thermal dynamics, for any potentials, that of
    :mod:`wignercq.unravelling.thermal`: means have an error of order dt**2.

    Parameters
    ----------
    model : Model
        ``4 D0 D2 >= 1`` where it is coupled; decoherence beyond that acts as random phases without a record.
    state : State
        A Gaussian, a product of a density and a quantum state, a W on a grid, or a Gibbs state.
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
    frames : int or "all"
        Number of outputs whose marginal planes are kept.
    kept : int
        Number of trajectories that are kept one by one.
    start : Ensemble, optional
        A result of the same run, to which trajectories are added.
    dynamics : {"hybrid", "mean_field", "semiclassical"}
        The master equation; or, to compare with, the quantum particle acting by its mean force and not measured: with
        the noise of the bath, or without any.
    observables : mapping of str to what is recorded
        As in :func:`wignercq.evolve`, what has a value in a single trajectory: formulas, quantum states, Gaussian
        densities of (q, p), products of both, and means of thermodynamics by name.
    two_time : bool or sequence of str
        Numbers of a trajectory whose covariance at any two outputs is computed: some of q, p, x, y, by which the
        conditional means of x and y are meant, and of `observables`; True for the first four.
    conditional : {"pure", "mixed"}
        The quantum states of trajectories: wave functions, which know all noise and what they were drawn from; or, in
        the hybrid dynamics, density matrices, which know the classical record alone, with their ``record_purity``.
        These take as many times the memory and the work as there are points of x.
    executor : concurrent.futures.Executor, optional
        What carries the blocks; threads on all cores if not given.
    checkpoint : path, optional
        Where the result so far is written, a file to go on from as `start`.
    checkpoint_every : float or str, optional
        As in :func:`wignercq.evolve`.
    progress : bool or Progress

    Returns
    -------
    Ensemble
        The names of a run, each with its standard error as ``name_error``.

    Raises
    ------
    InputError
        Something in the arguments cannot be used.
    Interrupted
        Ctrl-C or SIGTERM; ``.solution`` holds what the finished blocks say.
    StoppedError
        A process of the executor is gone; ``.solution`` as above.
    """
    _require_possible(model, state, dynamics, conditional)
    _require_usable(tolerance, dt, seed, axis, start, executor, checkpoint)
    blocks = math.ceil(whole("count", count, 2) / BLOCK)
    asked = (*((RECORD_PURITY,) if conditional == "mixed" else ()), *read(observables, model))
    moments = tuple(float(time) for time in times_of(duration, outputs, times))
    paired = _paired(two_time, (*NAMES, *(one.name for one in asked)), len(moments))
    framed = tuple(spread(len(moments), arguments.frames(frames, len(moments))))
    with showing(progress) as shown, StopRequests() as requests:
        try:
            if start is None:
                shown.tell("time step and axis")
                plan = planned(
                    model, state, moments, tolerance=tolerance, dt=dt, axis=axis, seed=seed, dynamics=dynamics
                )
            else:
                plan = start.plan
            singled = min(whole("kept", kept, 0), BLOCK)
            of_each = (asked, paired, conditional)
            job = Job(model, state, moments, plan, framed, BLOCK, singled, seed, dynamics, *of_each)
            _require_memory(job)
            schedule = None if checkpoint is None else Schedule(checkpoint_every)
            work = _Work(job, start.gathered if start else None, requests, shown, checkpoint, schedule)
            if start is not None:
                _require_the_same(start, job)
            requests.patient = True
            work.do(blocks, executor)
        except Stop as stop:
            raise Interrupted("interrupted", None, stop.signal) from None
        except (BrokenExecutor, KeyboardInterrupt) as error:  # raised where a block was computed
            if requests.requested is None:
                raise StoppedError(f"{type(error).__name__}: a process that computes is gone", work.result()) from None
    if requests.requested is not None:
        raise Interrupted("interrupted", work.result(), requests.requested)
    result = work.result()
    assert result is not None
    return result


def _require_possible(model: Model, state: State, dynamics: str, conditional: str) -> None:
    """InputError where there are no such trajectories."""
    require_state(state).require_model(require_model(model))
    require_plain(model, "trajectories")
    require_undriven(model, "trajectories of wave functions")
    if not model.is_physical:
        raise ModelError("decoherence", "4 D0 D2 >= 1, below which no trajectories exist", f"{model.D0:g}")
    one_of("dynamics", dynamics, DYNAMICS)
    one_of("conditional", conditional, ("pure", "mixed"))
    if model.is_thermal and dynamics != "hybrid":
        raise InputError("dynamics", "'hybrid' with a model whose dynamics are thermal", brief(dynamics))
    if model.is_thermal and conditional == "mixed":
        raise InputError("conditional", "'pure' with thermal dynamics, whose record tells all noise", "'mixed'")
    if conditional == "mixed" and dynamics != "hybrid":
        raise InputError("conditional", "pure, without a record to know", "mixed")
    require_conditional_states(state)


def _require_usable(
    tolerance: object, dt: object, seed: object, axis: object, start: object, executor: object, checkpoint: object
) -> None:
    """InputError for what is no argument of its name."""
    number("tolerance", tolerance, "a number between 0 and 1", lambda v: 0 < v < 1)
    if dt is not None:
        moderate("dt", dt)
    whole("seed", seed, 0, LARGEST_SEED)
    for name, value, kind, expected in (
        ("axis", axis, Axis, "an Axis"),
        ("start", start, Ensemble, "a result of trajectories"),
        ("executor", executor, Executor, "a concurrent.futures.Executor, such as Client.get_executor() of dask"),
    ):
        if not isinstance(value, kind | None):
            raise InputError(name, expected, kind_of(value))
    if checkpoint is not None:
        destination(arguments.path("checkpoint", checkpoint))


def _require_memory(job: Job) -> None:
    """MemoryLimitError where blocks do not fit: density matrices at all outputs under way, at frames of those done."""
    outputs, points, side_by_side = len(job.times), job.plan.axis.points, cores()
    each = 2 * outputs + (3 * MIXED_TILE if job.conditional == "mixed" else 0)
    needed = 16.0 * points**2 * (each * side_by_side + 3 * len(job.frames) * (_waiting() + 1))
    free = free_memory()
    if needed > free:
        came = f"{points} points of x at {outputs} outputs, which need {readable_size(needed)}"
        raise MemoryLimitError("outputs", f"trajectories that fit the free memory of {readable_size(free)}", came)


def _waiting() -> int:
    """How many blocks are under way or done before their turn, at most."""
    return 2 * cores() + 1


def _paired(two_time: bool | Sequence[str], known: Sequence[str], moments: int) -> tuple[str, ...]:
    """Names of the numbers that are paired; InputError where they are not known, or too many."""
    if isinstance(two_time, bool):
        names: tuple[str, ...] = NAMES if two_time else ()
    elif isinstance(two_time, str) or not isinstance(two_time, Sequence):
        raise InputError("two_time", f"True, or a list of {', '.join(known)}", brief(two_time))
    else:
        names = tuple(two_time)
    for i, name in enumerate(names):
        if name not in known or name in names[:i]:
            raise InputError("two_time", f"different names among {', '.join(known)}", brief(name))
    if len(names) * moments > MOST_PAIRED:
        expected = f"at most {MOST_PAIRED} numbers at all outputs together"
        raise InputError("two_time", expected, f"{len(names)} at each of {moments}")
    return names


def _require_the_same(start: Ensemble, job: Job) -> None:
    """InputError unless trajectories are those of a job."""
    same = {
        "model": str(job.model),
        "initial_state": state_digest(job.state),
        "seed": job.seed,
        "dynamics": job.dynamics,
        "observables": job.identity,
        "two_time": json.dumps(job.two_time),
    }
    for name, now in same.items():
        came = start.dataset.attrs[name]
        if came != now:
            what = "two-time functions" if name == "two_time" else name.replace("_", " ")
            raise InputError("start", f"trajectories of the same {what}", brief(int(came) if name == "seed" else came))
    frames = [job.times[i] for i in job.frames]
    if not (np.array_equal(start.time, job.times) and np.array_equal(start.dataset["frame"].values, frames)):
        raise InputError("start", "trajectories with the same outputs and frames", "others")


@dataclass(eq=False)
class _Work:
    """Blocks done and to be done."""

    job: Job
    gathered: Gathered | None
    requests: StopRequests
    shown: Progress
    checkpoint: str | os.PathLike[str] | None
    schedule: Schedule | None

    def do(self, last: int, executor: Executor | None) -> None:
        """All blocks up to a number, unless a signal stops it."""
        first = self.gathered.blocks if self.gathered else 0
        self.shown.start(last * BLOCK, first * BLOCK, unit="trajectories")
        for part in _blocks(self.job, range(first, last), executor):
            if self.gathered is None:
                self.gathered = part
            else:
                self.gathered.add(part)
            self.shown.reach(self.gathered.blocks * BLOCK)
            if self.schedule is not None and self.schedule.is_due:
                self._write()
            if self.requests.requested is not None:
                return

    def _write(self) -> None:
        assert self.schedule is not None
        assert self.checkpoint is not None
        assert self.gathered is not None
        self.schedule.begin()
        keep(assembled(self.job, self.gathered), self.checkpoint)
        self.schedule.end()

    def result(self) -> Ensemble | None:
        """What the finished blocks say."""
        return assembled(self.job, self.gathered) if self.gathered else None


def _blocks(job: Job, numbers: range, executor: Executor | None) -> Iterator[Gathered]:
    """Blocks in their order, a few of them under way."""
    own = ThreadPoolExecutor(cores()) if executor is None else None
    carrier = executor or own
    assert carrier is not None
    under_way: list[Future[Gathered]] = []
    try:
        for number in numbers:
            under_way.append(carrier.submit(partial(block, job), number))
            if len(under_way) >= _waiting():
                yield under_way.pop(0).result()
        while under_way:
            yield under_way.pop(0).result()
    finally:
        for future in under_way:
            future.cancel()
        if own is not None:
            own.shutdown()
