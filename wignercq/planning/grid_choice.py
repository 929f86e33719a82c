"""Automatic extents and points: cheap classical trajectories say where W goes and how fine it gets.

- Extents: where W has fallen to a level far below what a sample would reach, say 1e-8. If W solves the equation, so
  does W**(1/c) with c times the diffusion: exactly for linear forces, to leading order of weak noise for others. With
  a large enough c, a few thousand samples reach the level.
- Points: every trajectory carries a Gaussian packet as fine as the initial W, deformed by the linearised flow and
  widened by diffusion.
- x and y of an anharmonic quantum particle: wave functions along classical paths (:mod:`wignercq.planning.waves`);
  where they take too long, trajectories tell, and fringes at most as fine as hbar over the width of the state.
- In a frame that moves with W the same, relative to its centre.

These are bounds: a pilot run shows where less would do, and the grid is trimmed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import sympy as sp
from scipy.special import erfcinv, ndtri

from wignercq.errors import GridError
from wignercq.grid.fixed_axis import FixedAxis, GridLike, fixed_grid, given_axes, is_fixed
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model, X, require_model
from wignercq.model.singularity import require_regular
from wignercq.planning.arguments import moderate, number, require_state
from wignercq.planning.survey import Survey
from wignercq.planning.trajectories import Trajectories, draw, is_gaussian
from wignercq.planning.waves import Reach, reaches
from wignercq.states import GaussianState, State

TRIMMED = 0.03  # of the tolerance: what each edge and the tail of a trimmed axis may hold, as far as the pilot run saw
KEPT = 7 / 8  # of a trimmed axis, in space and in frequency, lies between the edges and below the tail

#: Of the tolerance: root of the share of power in the outer eighth of the frequencies; by samples, and exact.
TAIL = 0.05, 0.2
LEVEL = 5e-3  # of the tolerance: where W ends, relative to its maximum
SAMPLES = 8000
SAMPLE_REACH = 3.05  # standard deviations beyond which OUTERMOST of the SAMPLES of a Gaussian lie on each side
OUTERMOST = 8  # samples on each side of an axis, the last of which marks the end of W
PART = 40  # samples: fewer by far are as far out as the outermost of so many
OUTERMOST_FLAT = 2  # OUTERMOST of flatter states, with fewer samples at the edge in two variables at once
QUANTUM_MARGIN = 1.0  # widths of the initial packet that an anharmonic state may spread beyond the trajectories
PACKETS = 200
MANY_STEPS = 6000  # of a trajectory, from which on fewer are followed
#: Of the distance from the centre to the end, in space and in frequency, that a pilot grid has; a little more where it
#: is to show that less would do.
PILOT_REACH, SURVEY_REACH = 0.8, 0.9


def choose_grid(
    model: Model,
    state: State,
    duration: float,
    *,
    tolerance: float = 1e-6,
    axes: GridLike = None,
) -> Grid:
    """A grid on which W should stay resolved to `tolerance` from time 0 to `duration`.

    Parameters
    ----------
    model : Model
    state : State
        The initial state.
    duration : float
    tolerance : float
        On W relative to its maximum; the grid aims at tails of ``5e-3 * tolerance``.
    axes : mapping of axis name to what is fixed, optional
        As the `grid` of :func:`wignercq.evolve`.

    Raises
    ------
    GridError
        Trajectories run away, so that no finite box holds them, or an axis name is unknown.
    ModelError
        A potential is singular or not real where the state is or goes.
    StateError
        A state of another hbar or mass than those of the model.
    """
    require_model(model), require_state(state)
    fixed, end = given_axes(axes), moderate("duration", duration)
    number("tolerance", tolerance, "a number between 0 and 1", lambda v: 0 < v < 1)
    if isinstance(fixed, Grid):
        return fixed
    return fixed_grid(fixed) if is_fixed(fixed) else Outlook.of(model, state, end, tolerance).grid(fixed)


@dataclass(frozen=True, eq=False)
class Outlook:
    """Where W may go and how fine it may get in the course of a run."""

    model: Model
    state: State
    duration: float
    level: float  # relative to the maximum of W: what is below counts as nothing
    # middle and ends of W along each axis at some moments, shape (moments, 4)
    centres: np.ndarray
    lowers: np.ndarray
    uppers: np.ndarray
    # largest diagonal elements of the inverse covariances of small packets carried along, shape (4,)
    precisions: np.ndarray
    finest: np.ndarray  # covariance of such a packet at time 0, shape (4, 4)
    quantum: tuple[Reach, Reach] | None  # along x and y by wave functions, where trajectories do not tell
    steps: int  # of those trajectories
    origin: np.ndarray = field(default_factory=lambda: np.zeros(4))  # of the coordinates at time 0, in the laboratory

    @classmethod
    def of(cls, model: Model, state: State, duration: float, tolerance: float, order: int | None = None) -> Outlook:
        """Follow classical trajectories, and wave functions, to the end; errors as of :func:`choose_grid`."""
        state.require_model(model)
        level, quantum = LEVEL * tolerance, None
        require_regular(model, *state.support(level)[::2].tolist())
        if order is None and not _is_harmonic(model) and model.is_paper:
            quantum = reaches(model, state, duration, TRIMMED * tolerance)
        radius = _radius(level)
        random = np.random.default_rng(0)
        exact = model.is_quadratic and is_gaussian(state)
        steps, ends = (_normal_ends if exact else _sampled_ends)(model, state, duration, radius)
        moments = list(ends)
        spread = np.diag((radius / state.bandwidth(level)) ** 2)
        finest = state.covariance if isinstance(state, GaussianState) else spread
        precisions, typical = np.zeros(4), Trajectories(model, duration, 1.0, random)
        count = round(PACKETS * _share(model, state, duration))
        for packets in typical.packets(draw(state, 1.0, count, random), finest):
            try:
                inverse = np.diagonal(np.linalg.inv(packets), axis1=1, axis2=2)
            except np.linalg.LinAlgError:
                raise GridError(
                    "grid",
                    "a potential that is smooth where W may go",
                    "one whose curvature tears packets apart there, as near a pole; give all extents and points",
                ) from None
            precisions = np.maximum(precisions, inverse.max(axis=0))
        centres, lowers, uppers = (np.array(rows) for rows in zip(*moments, strict=True))
        return cls(model, state, duration, level, centres, lowers, uppers, precisions, finest, quantum, steps)

    def grid(self, fixed: Mapping[str, FixedAxis]) -> Grid:
        """The grid that holds W down to the level, with what is fixed."""
        intervals, frequencies = self._needs(1.0)
        axes = {}
        for name, (lower, upper), frequency in zip(NAMES, intervals, frequencies, strict=True):
            try:
                axes[name] = fixed.get(name, FixedAxis()).axis((float(lower), float(upper)), frequency)
            except GridError as error:
                raise GridError(
                    f"grid.{name}", "extent and points, or a shorter run", f"an axis left open that needs {error.got}"
                ) from None
        return Grid(**axes)

    @property
    def is_sure(self) -> bool:
        """Whether the grid is that of an exact solution, from which a pilot run could take nothing."""
        return self.model.is_quadratic and is_gaussian(self.state)

    def pilot_grid(self, grid: Grid) -> Grid:
        """A grid with about two thirds of the points per axis, part of the box of `grid` and no finer.

        Where a Gaussian falls to the level L at the ends of `grid` and in the spectrum at its Nyquist frequencies,
        here it falls to ``L**0.64`` at both, and to ``L**0.81`` along x and y of an anharmonic quantum particle.
        """
        axes, needs = [], list(zip(*self._needs(PILOT_REACH), strict=True))
        if self.quantum is not None:
            needs[2:] = list(zip(*self._needs(SURVEY_REACH), strict=True))[2:]
        for axis, ((lower, upper), frequency) in zip(grid, needs, strict=True):
            ends = max(axis.lower, float(lower)), min(axis.upper, float(upper))
            if ends[0] >= ends[1]:
                ends = axis.lower, axis.upper
            axes.append(Axis.resolving(*ends, min(frequency, axis.nyquist)))
        return Grid(*axes)

    def trimmed(self, grid: Grid, fixed: Mapping[str, FixedAxis], pilot: Grid, seen: Survey) -> Grid:
        """:func:`trimmed`; where wave functions told of fringes, which densities do not show, boxes stay."""
        if self.quantum is not None:
            kept = {name: getattr(grid, name) for name in NAMES[2:]}
            given = {name: fixed.get(name, FixedAxis()) for name in kept}
            extents = {name: replace(given[name], extent=(axis.lower, axis.upper)) for name, axis in kept.items()}
            fixed = {**fixed, **extents}
        return trimmed(grid, fixed, pilot, seen, self.level / LEVEL)

    def in_moving_frame(self) -> Outlook:
        """The same in the frame of the classical trajectory that begins at the mean of W."""
        path = self.path()
        moved = {"centres": self.centres - path, "lowers": self.lowers - path, "uppers": self.uppers - path}
        return replace(self, origin=self.state.mean, quantum=None, **moved)

    def path(self) -> np.ndarray:
        """That trajectory at the moments, with the steps of all others, shape (moments, 4)."""
        flow = Trajectories(self.model, self.duration, 0.0, np.random.default_rng(0))
        return np.array([*flow.of_point(self.state.mean, self.steps)])

    def _support(self, level: float) -> np.ndarray:
        """Where the initial W is above a level, shape (4, 2)."""
        return self.state.support(level) - self.origin[:, None]

    def _needs(self, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Intervals (4, 2) and largest frequencies (4,) of W, down to ``level**(reach**2)``.

        Of the tolerance, less than TRIMMED is in the bands at both ends, and less than TAIL in the outer spectrum.
        """
        level = self.level ** (reach**2)
        intervals = self._interval(level, reach)
        few = -ndtri(TRIMMED / LEVEL * self.level) * reach  # standard deviations
        inner = self._interval(math.exp(-(few**2) / 2), few / _radius(self.level))
        band = (inner[:, 1] - inner[:, 0]) * (1 / KEPT - 1) / 2
        lowers, uppers = inner[:, 0] - band, inner[:, 1] + band
        intervals = np.stack([np.minimum(intervals[:, 0], lowers), np.maximum(intervals[:, 1], uppers)], axis=1)
        tail = TAIL[self.is_sure] / LEVEL * self.level
        far = float(erfcinv(tail**2)) * reach  # where a Gaussian has so much beyond
        bandwidths = np.maximum(self.state.bandwidth(level), self.state.bandwidth(math.exp(-(far**2) / 2)) / KEPT)
        frequencies = np.maximum(bandwidths, max(_radius(level), far / KEPT) * np.sqrt(self.precisions))
        if self.quantum is not None:
            share = (TRIMMED / LEVEL * self.level) ** (reach**2)
            for i, seen in zip((2, 3), self.quantum, strict=True):
                lower, upper = seen.ends(share)
                band = (upper - lower) * (1 / KEPT - 1) / 2
                intervals[i], frequencies[i] = (lower - band, upper + band), seen.frequency(share) / KEPT
        elif not _is_harmonic(self.model):
            start = self._support(level)
            margin = QUANTUM_MARGIN * np.sqrt(np.diag(self.finest)[2:])
            spans = reach * (self.uppers - self.lowers).max(axis=0)
            widths = np.maximum(start[:, 1] - start[:, 0], spans)[2:]
            intervals[2:] += np.outer(margin, [-1, 1])
            frequencies[2:] = (widths + 2 * margin)[::-1] / self.model.hbar
        return intervals, frequencies

    def _interval(self, level: float, reach: float) -> np.ndarray:
        """Of the initial state above a level and of a part `reach` of what the trajectories fill, shape (4, 2)."""
        start = self._support(level)
        lowers = self.centres + reach * (self.lowers - self.centres)
        uppers = self.centres + reach * (self.uppers - self.centres)
        lower, upper = np.minimum(start[:, 0], lowers.min(axis=0)), np.maximum(start[:, 1], uppers.max(axis=0))
        return np.stack([lower, upper], axis=1)


Ends: TypeAlias = tuple[int, Iterator[tuple[np.ndarray, ...]]]  # steps, and middle and ends of W at moments of a run


def _normal_ends(model: Model, state: State, duration: float, radius: float) -> Ends:
    """Of a Gaussian W of a quadratic model: all trajectories are as good as one."""
    around = state.mean[:, None] + np.outer(np.sqrt(np.diag(state.covariance)), [-1, 1])
    flow = Trajectories(model, duration, 0.0, np.random.default_rng(0))

    def ends() -> Iterator[tuple[np.ndarray, ...]]:
        for samples, packets in flow.run(around, state.covariance):
            assert packets is not None
            centre, half = samples.mean(axis=1), radius * np.sqrt(np.diag(packets[0]))
            yield centre, centre - half, centre + half

    return flow.steps(around), ends()


def _share(model: Model, state: State, duration: float) -> float:
    """Of the usual number of trajectories those that are followed through a long run: it would take minutes else."""
    flow = Trajectories(model, duration, 1.0, np.random.default_rng(0))
    return min(1.0, MANY_STEPS / flow.steps(draw(state, 1.0, PACKETS, flow.random)))


def _sampled_ends(model: Model, state: State, duration: float, radius: float) -> Ends:
    """Of what many trajectories with more noise fill."""
    random, heat = np.random.default_rng(0), (radius / SAMPLE_REACH) ** 2
    fewer = _share(model, state, duration)
    outermost = max(1, round(fewer * (OUTERMOST if is_gaussian(state) else OUTERMOST_FLAT)))
    flow, start = Trajectories(model, duration, heat, random), draw(state, heat, round(fewer * SAMPLES), random)
    moments = flow.positions(start)
    ends = ((now.mean(axis=1), -_largest(-now, outermost), _largest(now, outermost)) for now in moments)
    return flow.steps(start), ends


def _largest(rows: np.ndarray, k: int) -> np.ndarray:
    """The k-th largest number of each row; that of the largest in each of many parts is not above it."""
    parts = rows[:, : rows.shape[1] // PART * PART].reshape(len(rows), -1, PART).max(axis=2)
    bounds = np.partition(parts, -k, axis=1)[:, -k]
    return np.array([np.partition(row[row >= bound], -k)[-k] for row, bound in zip(rows, bounds, strict=True)])


def _radius(level: float) -> float:
    """Standard deviations at which a Gaussian has fallen to `level`."""
    return math.sqrt(2 * math.log(1 / level))


def _is_harmonic(model: Model) -> bool:
    """Whether the quantum potential is quadratic in x at every q: then its Moyal bracket is the Poisson bracket."""
    potential = sp.expand(model.V_Q + model.V_I)
    return bool(potential.is_polynomial(X)) and sp.Poly(potential, X).degree() <= 2


def trimmed(grid: Grid, fixed: Mapping[str, FixedAxis], pilot: Grid, seen: Survey, tolerance: float) -> Grid:
    """`grid` without what a pilot run on the grid `pilot` has shown not to be needed; what is `fixed` stays as it is.

    An axis keeps the part that holds W but for 0.03 of `tolerance` at each end, in space and in frequency, and a
    margin: the outer eighth, in which the monitors look for W. Nothing is concluded from what the pilot run itself did
    not resolve so well.
    """
    axes = []
    for name, axis, coarse, mass, amplitude in zip(NAMES, grid, pilot, seen.masses, seen.amplitudes, strict=True):
        choice = fixed.get(name, FixedAxis())
        if choice.points is None:
            axis = _trimmed(axis, choice.extent is None, coarse, mass, amplitude, TRIMMED * tolerance)
        axes.append(axis)
    return Grid(*axes)


def _trimmed(
    axis: Axis, is_box_free: bool, coarse: Axis, mass: np.ndarray, amplitude: np.ndarray, level: float
) -> Axis:
    lower, upper, nyquist = axis.lower, axis.upper, axis.nyquist
    if is_box_free:
        below, above = (max(0, int(np.argmax(np.cumsum(line) > level)) - 1) for line in (mass, mass[::-1]))
        first, last = coarse.values[below], coarse.values[-1 - above]
        margin = (last - first) * (1 / KEPT - 1) / 2
        lower = max(lower, first - margin) if below else lower
        upper = min(upper, last + margin) if above else upper
    fine = np.flatnonzero(amplitude < level)
    if fine.size:
        nyquist = min(nyquist, float(coarse.half_frequencies[fine[0]]) / KEPT)
    smaller = Axis.resolving(lower, upper, nyquist)
    return smaller if smaller.points < axis.points else axis
