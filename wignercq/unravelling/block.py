"""A block of trajectories, from the initial state to the last output: what one process does at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from wignercq.grid.grid import Axis
from wignercq.grid.interpolation import interpolation
from wignercq.model.model import Model
from wignercq.states import State
from wignercq.unravelling.format import NUMBERS, Plan
from wignercq.unravelling.gathered import Gathered
from wignercq.unravelling.measurement import Measurement
from wignercq.unravelling.plan import looks, widened
from wignercq.unravelling.time_step import Surroundings
from wignercq.unravelling.preparation import prepared
from wignercq.unravelling.scheme import Noise, Scheme, Trajectories
from wignercq.unravelling.statistics import Statistics

TILE = 64  # trajectories that are moved together, so that their wave functions stay in the cache


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


def block(job: Job, number: int) -> Gathered:
    """The trajectories of one block, which has its own stream of random numbers."""
    random = np.random.default_rng(np.random.SeedSequence(job.seed, spawn_key=(number,)))
    draw = prepared(job.state, job.plan.axis)
    nx = job.plan.axis.points
    qp, qx, py = planes = tuple(np.zeros((len(job.frames), *size)) for size in job.plan.bins)
    rho = np.zeros((len(job.times), nx, nx), complex)
    numbers = []
    with threadpool_limits(1, "blas"):
        for done in range(0, job.size, TILE):
            now = draw(min(TILE, job.size - done), random)
            numbers.append(_tile(job, now, random, planes, rho))
    all_numbers = np.concatenate(numbers, axis=2)
    overlaps = (np.abs(rho) ** 2).sum(axis=(1, 2)) * job.plan.axis.spacing**2
    purity = (overlaps - job.size) / (job.size * (job.size - 1.0))
    kept = all_numbers[:, :, : job.kept if number == 0 else 0].copy()
    return Gathered(Statistics.of(all_numbers), rho[[*job.frames]], qp, qx, py, purity[None], kept)


def _tile(
    job: Job, now: Trajectories, random: np.random.Generator, planes: Sequence[np.ndarray], rho: np.ndarray
) -> np.ndarray:
    """Numbers (T, K, n) of some trajectories; their densities are added to `planes`, and psi psi* to `rho`."""
    axis, numbers = job.plan.axis, np.empty((len(job.times), len(NUMBERS), now.count))
    for output, time in enumerate(job.times):
        if output:
            axis = _advanced(job, now, axis, time - job.times[output - 1], job.plan.steps[output - 1], random)
        numbers[output] = Measurement(job.model, axis).numbers(now)
        psi = now.psi if axis == job.plan.axis else now.psi @ interpolation(axis, job.plan.axis.values).T
        rho[output] += psi.T @ psi.conj()
        if output in job.frames:
            for sums, density in zip(planes, _densities(job.plan, now, psi), strict=True):
                sums[job.frames.index(output)] += density
    return numbers


def _advanced(job: Job, now: Trajectories, axis: Axis, span: float, steps: int, random: np.random.Generator) -> Axis:
    """Move trajectories on over a time; the axis they are on then."""
    stride = looks(Surroundings.of(job.model, now, axis).fastest * span, steps)
    scheme = Scheme(job.model, axis, span / steps, job.dynamics)
    for done in range(0, steps, stride):
        scheme.advance(now, [Noise.drawn(now.count, random) for _ in range(min(stride, steps - done))])
        wider = widened(now, axis)
        if wider != axis:
            axis, scheme = wider, Scheme(job.model, wider, span / steps, job.dynamics)
    return axis


def _densities(plan: Plan, now: Trajectories, psi: np.ndarray) -> list[np.ndarray]:
    """Sums over the trajectories in the bins of (q, p), and of |psi|**2 in x and y over those in bins of q and of p."""
    x = plan.axis
    phi = scipy.fft.fftshift(scipy.fft.fft(psi, n=2 * x.points, axis=1), axes=1) * (x.spacing / np.sqrt(2 * np.pi))
    q_bin, p_bin = (np.rint((z - a.lower) / a.spacing) for z, a in ((now.q, plan.q), (now.p, plan.p)))
    in_q, in_p = (_members(bins, a.points) for bins, a in ((q_bin, plan.q), (p_bin, plan.p)))
    return [in_q @ in_p.T, in_q @ np.abs(psi) ** 2, in_p @ np.abs(phi) ** 2]


def _members(bins: np.ndarray, count: int) -> np.ndarray:
    """Which trajectories are in which bin, shape (count, n); those beyond are in none."""
    return np.asarray(np.arange(count)[:, None] == bins, float)
