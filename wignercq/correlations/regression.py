"""The runs that make two-time functions and responses: of the state itself, and two for each operator inserted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from wignercq.correlations.evolution import Evolution, Seen, step_for
from wignercq.correlations.insertion import Insertion, inserted, kicked, symmetrised
from wignercq.correlations.measurement import Measurement
from wignercq.correlations.operators import CONSTANT, Polynomial
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.observables.resolution import Watch
from wignercq.planning.damping import is_strongly_damped
from wignercq.planning.numerics import Numerics
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.propagator import Propagator
from wignercq.results.provenance import program, solved, versions
from wignercq.run.progress import Progress

MARGIN = 10.0  # tolerances of edge mass or spectral tail that are warned of: insertions are wider and finer than W
NOTHING = 1e-2  # of the tolerance: an insertion that small beside its terms is zero but for rounding

Variables: TypeAlias = dict[str, tuple[tuple[str, ...], np.ndarray]]  # dimensions and values by name


class Field(NamedTuple):
    """A W of an engine whose modulus has the integral 1, and what it is to be multiplied with."""

    W: Any
    factor: float


@dataclass(eq=False)
class Regression:
    """All runs with one state, one time step and one set of formulas that are measured.

    Parameters
    ----------
    W : np.ndarray, shape grid.shape
        The state.
    polynomials : sequence of Polynomial
        What is inserted.
    times : np.ndarray
    """

    model: Model
    W: np.ndarray
    grid: Grid
    numerics: Numerics
    measurement: Measurement
    polynomials: Sequence[Polynomial]
    times: np.ndarray
    shown: Progress

    def variables(self) -> Variables:
        """Everything the result holds."""
        n, count = self.times.size, len(self.polynomials)
        self.shown.start((1 + 2 * count) * float(self.times[-1]))
        state = self._evolve(self._engine.of(self.W), 0)
        means = _averages(state)
        made = {name: np.zeros((n, means.shape[1], count)) for name in self._insertions[0]}
        seen = [*state]
        for k, insertions in enumerate(self._insertions):
            for number, (name, insertion) in enumerate(insertions.items()):
                field = self._field(insertion)
                if field is not None:
                    course = self._evolve(field.W, 1 + 2 * k + number)
                    made[name][:, :, k] = field.factor * _averages(course)
                    seen += course
        by_pair = ("tau", "first", "second")
        return {
            "correlation": (by_pair, made["connected"] + means[:, :, None] * self._means),
            **{name: (by_pair, values) for name, values in made.items()},
            "mean_first": (("tau", "first"), means),
            "mean_second": (("second",), self._means),
            "kind": (("second",), np.array([polynomial.kind for polynomial in self.polynomials])),
            "state_change": (("tau",), np.array([moment.change for moment in state])),
            "edge_mass": (("axis",), np.max([moment.edge for moment in seen], axis=0)),
            "spectral_tail": (("axis",), np.max([moment.tail for moment in seen], axis=0)),
        }

    @cached_property
    def step(self) -> TimeStep:
        """The time step, asked or chosen, and the largest error it makes in anything inserted.

        It is found for the sum of all, each scaled to a maximum of 1: errors of one do not cancel those of another.
        """
        total = np.zeros(self.grid.shape)
        for insertion in (one for several in self._insertions for one in several.values()):
            values = self._values(insertion)
            if values is not None:
                total += values / np.abs(values).max()
        if not total.any():
            total = self.W / np.abs(self.W).max()
        largest = float(np.abs(total).max())
        total /= np.abs(total).sum() * self.grid.cell
        return step_for(
            self.model,
            self._engine,
            self._engine.of(total),
            self.times,
            self.numerics,
            largest=largest,
            exact_bath=self._exact_bath,
            tell=self.shown.tell,
        )

    @property
    def attributes(self) -> dict[str, Any]:
        """What is to be known of the result: program, model, settings, step and its error."""
        unresolved = {"unresolved": self._watch.unresolved} if self._watch.unresolved else {}
        return {
            **program(versions()),
            **solved(self.model),
            **self.numerics.attributes,
            "bath": "one flow with free motion" if self._exact_bath else "split",
            "time_step": self.step.dt,
            "time_error_estimate": self.step.error,
            "grid": " x ".join(map(str, self.grid.shape)),
            **unresolved,
        }

    @cached_property
    def _engine(self) -> Engine:
        return self.numerics.make_engine(self.grid)

    @cached_property
    def _watch(self) -> Watch:
        return Watch(MARGIN * self.numerics.tolerance, stops=False)

    @cached_property
    def _exact_bath(self) -> bool:
        density = self._engine.marginals(self._engine.of(self.W))[0]["q", "x"]
        return is_strongly_damped(self.model, self.grid, density)

    @cached_property
    def _propagator(self) -> Propagator:
        return Propagator(self.model, self._engine, self.numerics.scheme, self.step.dt, exact_bath=self._exact_bath)

    @cached_property
    def _means(self) -> np.ndarray:
        """<B> of each operator inserted."""
        _, p, x, y = self.grid.mesh
        points = self.grid.q.values

        def total(b: Polynomial) -> float:
            return sum(float((b(q, p[0], x[0], y[0]) * slab).sum()) for q, slab in zip(points, self.W, strict=True))

        return np.array([total(b) for b in self.polynomials]) * self.grid.cell

    @cached_property
    def _insertions(self) -> list[dict[str, Insertion]]:
        """What makes the connected two-time function and the response of each operator."""
        insertions = []
        for b, mean in zip(self.polynomials, self._means, strict=True):
            deviation = b + Polynomial({CONSTANT: -float(mean)})
            insertions.append(
                {"connected": symmetrised(deviation, self.model.hbar), "response": kicked(b, self.model.hbar)}
            )
        return insertions

    def _values(self, insertion: Insertion) -> np.ndarray | None:
        """What an insertion makes of W, as an array; None where that is zero."""
        values, scale = inserted(insertion, self.W, self.grid)
        return None if np.abs(values).max() <= NOTHING * self.numerics.tolerance * scale else values

    def _field(self, insertion: Insertion) -> Field | None:
        """The same as a field of the engine."""
        values = self._values(insertion)
        if values is None:
            return None
        factor = float(np.abs(values).sum()) * self.grid.cell
        values /= factor
        return Field(self._engine.of(values), factor)

    def _evolve(self, W: Any, number: int) -> list[Seen]:
        """What is seen of the run of this number, whose W is spent."""
        seen, end = [], float(self.times[-1])
        evolution = Evolution(self._propagator, self.measurement, self._watch)
        for time, moment in zip(self.times, evolution.through(W, self.times), strict=True):
            seen.append(moment)
            self.shown.reach(number * end + float(time))
        return seen


def _averages(course: Sequence[Seen]) -> np.ndarray:
    return np.array([moment.averages for moment in course])
