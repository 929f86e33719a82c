"""A block of trajectories, from the initial state to the last output: what one process does at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from wignercq.errors import InputError, ModelError
from wignercq.grid.grid import Axis
from wignercq.model.model import Model
from wignercq.states import State
from wignercq.unravelling.format import NUMBERS, Plan
from wignercq.unravelling.gathered import Gathered
from wignercq.unravelling.measurement import Measurement
from wignercq.unravelling.mixed import Mixtures
from wignercq.unravelling.observables import PathObservable
from wignercq.unravelling.plan import looks, widened
from wignercq.unravelling.preparation import prepared, prepared_mixed
from wignercq.unravelling.pure import Trajectories
from wignercq.unravelling.scheme import Noise
from wignercq.unravelling.statistics import PairStatistics, Statistics
from wignercq.unravelling.thermal import scheme_on
from wignercq.unravelling.time_step import Surroundings

TILE, MIXED_TILE = 64, 8  # trajectories that are moved together, so that their quantum states stay in the cache
THERMAL_TILE = 256  # or so that many are in one cell of q


@dataclass(frozen=True, eq=False)
class Job:
    """All that a block needs to know.

    Parameters
    ----------
    frames : tuple of int
        Numbers of the outputs at which densities are gathered.
    size : int
        Trajectories of a block.
    kept : int
        Trajectories of the first block whose numbers are kept one by one.
    two_time : tuple of str
        Numbers whose products at two outputs are averaged.
    """

    model: Model
    state: State
    times: tuple[float, ...]
    plan: Plan
    frames: tuple[int, ...]
    size: int
    kept: int
    seed: int
    dynamics: str = "hybrid"
    observables: tuple[PathObservable, ...] = ()
    two_time: tuple[str, ...] = ()
    conditional: str = "pure"

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numbers of each trajectory."""
        return *NUMBERS, *(one.name for one in self.observables)

    @property
    def identity(self) -> str:
        """What tells the observables from others."""
        return json.dumps({one.name: one.identity for one in self.observables})


def block(job: Job, number: int) -> Gathered:
    """The trajectories of one block, which has its own stream of random numbers."""
    random = np.random.default_rng(np.random.SeedSequence(job.seed, spawn_key=(number,)))
    is_mixed = job.conditional == "mixed"
    tile = MIXED_TILE if is_mixed else THERMAL_TILE if job.model.is_thermal else TILE
    draw = (prepared_mixed if is_mixed else prepared)(job.state, job.plan.axis)
    nx = job.plan.axis.points
    qp, qx, py = planes = tuple(np.zeros((len(job.frames), *size)) for size in job.plan.bins)
    rho, own = np.zeros((len(job.times), nx, nx), complex), np.zeros(len(job.times))
    numbers = []
    with threadpool_limits(1, "blas"):
        for done in range(0, job.size, tile):
            now = draw(min(tile, job.size - done), random)
            numbers.append(_tile(job, now, random, planes, rho, own))
    all_numbers = np.concatenate(numbers, axis=2)
    overlaps = (np.abs(rho) ** 2).sum(axis=(1, 2)) * job.plan.axis.spacing**2
    purity = (overlaps - own) / (job.size * (job.size - 1.0))
    kept = all_numbers[:, :, : job.kept if number == 0 else 0].copy()
    pairs = None
    if job.two_time:
        which = [job.numbers.index(name) for name in job.two_time]
        pairs = PairStatistics.of(all_numbers[:, which].reshape(-1, job.size))
    return Gathered(Statistics.of(all_numbers), rho[[*job.frames]], qp, qx, py, purity[None], kept, pairs)


def _tile(
    job: Job,
    now: Trajectories | Mixtures,
    random: np.random.Generator,
    planes: Sequence[np.ndarray],
    rho: np.ndarray,
    own: np.ndarray,
) -> np.ndarray:
    """Numbers (T, K, n) of some trajectories; added are their densities to `planes`, their density matrices to `rho`
    and the purities of these to `own`.
    """
    axis, numbers = job.plan.axis, np.empty((len(job.times), len(job.numbers), now.count))
    for output, time in enumerate(job.times):
        if output:
            axis = _advanced(job, now, axis, time - job.times[output - 1], job.plan.steps[output - 1], random)
        numbers[output] = Measurement(job.model, axis, job.observables).numbers(now)
        _require_finite(job, numbers[output], time)
        there = now
        if axis != job.plan.axis:
            there = now.copy()
            there.take_to(axis, job.plan.axis)
        rho[output] += there.summed()
        own[output] += there.purities(job.plan.axis.spacing).sum()
        if output in job.frames:
            for sums, density in zip(planes, _densities(job.plan, there), strict=True):
                sums[job.frames.index(output)] += density
    return numbers


def _require_finite(job: Job, numbers: np.ndarray, time: float) -> None:
    for one, values in zip(job.observables, numbers[-len(job.observables) :], strict=False):
        if not np.isfinite(values).all():
            expected = "a formula that is finite along all trajectories"
            raise InputError(f"observables.{one.name}", expected, f"one that is not at t = {time:.6g}")
    if not np.isfinite(numbers).all():
        expected = "potentials that are finite and real along all trajectories"
        raise ModelError("model", expected, f"ones that are not at t = {time:.6g}")


def _advanced(
    job: Job, now: Trajectories | Mixtures, axis: Axis, span: float, steps: int, random: np.random.Generator
) -> Axis:
    """Move trajectories on over a time; the axis they are on then."""
    stride = looks(Surroundings.of(job.model, now, axis).fastest * span, steps)
    of_step = (span / steps, job.dynamics, job.plan.reach)
    scheme = scheme_on(job.model, axis, *of_step)
    for done in range(0, steps, stride):
        scheme.advance(now, [Noise.drawn(now.count, random) for _ in range(min(stride, steps - done))])
        wider = widened(now, axis)
        if wider != axis:
            axis, scheme = wider, scheme_on(job.model, wider, *of_step)
    return axis


def _densities(plan: Plan, now: Trajectories | Mixtures) -> list[np.ndarray]:
    """Sums over the trajectories in the bins of (q, p), and of densities of x and y over those in bins of q and p."""
    x = plan.axis
    of_y = scipy.fft.fftshift(now.power(2 * x.points), axes=1) * (x.spacing**2 / (2 * np.pi))
    q_bin, p_bin = (np.rint((z - a.lower) / a.spacing) for z, a in ((now.q, plan.q), (now.p, plan.p)))
    in_q, in_p = (_members(bins, a.points) for bins, a in ((q_bin, plan.q), (p_bin, plan.p)))
    return [in_q @ in_p.T, in_q @ now.density, in_p @ of_y]


def _members(bins: np.ndarray, count: int) -> np.ndarray:
    """Which trajectories are in which bin, shape (count, n); those beyond are in none."""
    return np.asarray(np.arange(count)[:, None] == bins, float)
