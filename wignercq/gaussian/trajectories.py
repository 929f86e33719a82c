"""Trajectories of an Ornstein-Uhlenbeck process, exact and by Euler-Maruyama, many at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from wignercq.errors import InputError, brief
from wignercq.gaussian.ornstein_uhlenbeck import OrnsteinUhlenbeck
from wignercq.gaussian.own_units import in_widths

ROUNDING = 64 * np.finfo(float).eps  # variance left, of 1, that counts as none


def sample_exact(
    process: OrnsteinUhlenbeck,
    times: ArrayLike,
    *,
    trajectories: int,
    rng: np.random.Generator | int,
    start: ArrayLike | None = None,
) -> np.ndarray:
    """Trajectories with the exact joint law at the given times, for any spacing of them.

    ``z(t + h) = z0 + exp(-A h) (z(t) - z0) + Q(h)^{1/2} xi``, with Q the exact noise covariance.

    Parameters
    ----------
    process : OrnsteinUhlenbeck
    times : array_like (nt,)
        Increasing; the first one is where the trajectories start.
    trajectories : int
        How many.
    rng : numpy.random.Generator or int
        Source of randomness or a seed.
    start : array_like (n,) or (trajectories, n), or None
        Where they start; None draws from the steady state.

    Returns
    -------
    ndarray (trajectories, nt, n)

    Raises
    ------
    InputError
        Times that do not increase, or a start of the wrong shape.
    ModelError
        When no start is given and there is no steady state.
    """
    grid, generator, state = _prepare(process, times, trajectories, rng, start)
    path = np.empty((trajectories, len(grid), process.dimension))
    path[:, 0] = state
    steps = np.diff(grid)
    flows, offsets = process.propagator(steps), process.mean(steps, np.zeros(process.dimension))
    roots = _root(process.noise_covariance(steps))
    for k, (flow, offset, root) in enumerate(zip(flows, offsets, roots, strict=True)):
        state = state @ flow.T + offset + generator.standard_normal(state.shape) @ root.T
        path[:, k + 1] = state
    return path


def sample_euler_maruyama(
    process: OrnsteinUhlenbeck,
    times: ArrayLike,
    *,
    step: float,
    trajectories: int,
    rng: np.random.Generator | int,
    start: ArrayLike | None = None,
) -> np.ndarray:
    """Trajectories by the Euler-Maruyama scheme, the one the paper used; of first order in the step.

    ``z(t + h) = z(t) - (A z(t) - f) h + (B h)^{1/2} xi``. Unlike :func:`sample_exact` it is biased, and unstable when
    the step is too long: for lightly damped modes it needs ``h`` far below ``2 Re(s)/|s|**2``.

    Parameters
    ----------
    process : OrnsteinUhlenbeck
    times : array_like (nt,)
        Increasing; equal sub-steps of at most `step` between neighbours.
    step : float
        Longest step, positive.
    trajectories, rng, start
        As for :func:`sample_exact`.

    Returns
    -------
    ndarray (trajectories, nt, n)

    Raises
    ------
    InputError
        Times that do not increase, a step that is not positive, or a start of the wrong shape.
    ModelError
        When no start is given and there is no steady state.
    """
    if not 0 < step < math.inf:
        raise InputError("step", "a positive time", brief(step))
    grid, generator, state = _prepare(process, times, trajectories, rng, start)
    path = np.empty((trajectories, len(grid), process.dimension))
    path[:, 0] = state
    root = _root(process.diffusion)
    for k, span in enumerate(np.diff(grid)):
        substeps = max(1, math.ceil(span / step * (1 - 1e-12)))
        h = span / substeps
        flow = np.eye(process.dimension) - process.drift.T * h
        for _ in range(substeps):
            kicks = generator.standard_normal(state.shape) @ root.T
            state = state @ flow + process.force * h + np.sqrt(h) * kicks
        path[:, k + 1] = state
    return path


def _prepare(
    process: OrnsteinUhlenbeck,
    times: ArrayLike,
    trajectories: int,
    rng: np.random.Generator | int,
    start: ArrayLike | None,
) -> tuple[np.ndarray, np.random.Generator, np.ndarray]:
    grid = np.asarray(times, dtype=float)
    if grid.ndim != 1 or len(grid) == 0 or not np.all(np.isfinite(grid)) or np.any(np.diff(grid) <= 0):
        raise InputError("times", "a list of finite, increasing times", "one that is not")
    if trajectories < 1:
        raise InputError("trajectories", "a positive whole number", brief(trajectories))
    generator = np.random.default_rng(rng)
    shape = (trajectories, process.dimension)
    if start is None:
        root = _root(process.steady_covariance())
        return grid, generator, process.fixed_point + generator.standard_normal(shape) @ root.T
    state = np.asarray(start, dtype=float)
    if state.shape not in (shape, shape[1:]):
        raise InputError("start", f"shape {shape[1:]} or {shape}", state.shape)
    return grid, generator, np.broadcast_to(state, shape).copy()


def _root(covariance: np.ndarray) -> np.ndarray:
    """The lower triangular R (..., n, n) with R R^T = covariance, which may be singular.

    In units of the deviations, so that a small coordinate is not lost beside a large one.
    """
    widths, rest = in_widths(covariance)
    root = np.zeros_like(rest)
    for k in range(rest.shape[-1]):
        pivot = rest[..., k, k]
        reached = pivot > ROUNDING  # if not, this coordinate is a combination of those before
        column = rest[..., :, k] / np.sqrt(np.where(reached, pivot, np.inf))[..., None]
        root[..., :, k] = column
        rest = rest - column[..., :, None] * column[..., None, :]
    return widths[..., :, None] * root
