"""A comparison under way: several equations side by side, measured against the first and against Gaussian theories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import sympy as sp

from wignercq.comparison.ensembles import computed
from wignercq.comparison.measurements import EXTRA_SHAPES, Measurements, breakdown_dataset
from wignercq.comparison.result import Breakdown
from wignercq.comparison.theories import EQUATIONS, EXACT, GAUSSIAN_THEORIES, SAMPLED, compared
from wignercq.errors import InputError, Interrupted, ModelError
from wignercq.gaussian.closure import GaussianMoments
from wignercq.model.model import Model
from wignercq.propagation.engines.interruption import Abandoned
from wignercq.propagation.generator import GeneratorSymbol
from wignercq.results.variables import ROW_SHAPES
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.progress import Progress
from wignercq.run.request import Request
from wignercq.run.session import Session
from wignercq.unravelling import Ensemble


@dataclass(frozen=True, eq=False)
class ComparisonRequest(Request):
    """What was asked of a comparison."""

    threshold: float = 0.01  # error that counts as a breakdown
    trajectories: int = 0  # of the theories that are averages over them
    mean_field: bool = False
    semiclassical: bool = False
    thermal: bool = False
    seed: int = 0  # of their random numbers

    @property
    def theories(self) -> tuple[str, ...]:
        """Names of the theories."""
        return compared(self.trajectories, self.mean_field, self.semiclassical, self.thermal)

    @property
    def further(self) -> dict[str, object]:
        """What decides the trajectories, if any."""
        names = ("trajectories", "mean_field", "semiclassical", "seed") if self.trajectories else ()
        return {name: getattr(self, name) for name in names}


@dataclass(eq=False)
class Comparison(Session):
    """Theories of one initial state on the way to the last output.

    Their records hold more than those of a run: how far a theory is from the exact one at the same output.
    """

    request: ComparisonRequest
    _ensembles: dict[str, Ensemble] = field(init=False, default_factory=dict)
    _without: dict[str, str] = field(init=False, default_factory=dict)  # theories without trajectories, and why
    _measured: int = field(init=False)  # outputs; one may be reported that is not yet measured when a signal comes
    row_shapes: ClassVar[Mapping[str, tuple[int, ...]]] = ROW_SHAPES | EXTRA_SHAPES

    def __post_init__(self) -> None:
        self._measured = sum("distance_W" in row for row in self.records[EXACT].rows)

    def make_ready(self, files: CheckpointFiles | None, resume: bool, shown: Progress) -> None:
        """Compute the trajectories; Interrupted, with the result so far, where a signal comes."""
        asked = [name for name in self.request.theories if name in SAMPLED]
        self._without = dict.fromkeys(asked, "stopped before all of its trajectories were there")
        for name in asked:
            place = None if files is None else files.piece(name)
            try:
                self._ensembles[name] = computed(self.request, name, place, resume=resume, shown=shown)
                del self._without[name]
            except InputError as error:
                self._without[name] = str(error)
            except Interrupted as stop:
                done = 0 if stop.solution is None else stop.solution.count
                kept = f", kept in {place}" if place is not None and done else ""
                text = f"interrupted at {done} of {self.request.trajectories} trajectories of {name}{kept}"
                raise Interrupted(text, self.solution(), stop.signal) from None

    def outputs(self) -> Iterator[float]:
        """Go through all outputs still to come; each is measured before it is yielded."""
        for time in super().outputs():
            if self.loop.outputs_done > self._measured:
                try:
                    self._measure(time)
                except Abandoned:
                    for track in self.loop.tracks.values():
                        track.record.drop_output()
                    yield self.loop.time
                    return
                self._measured += 1
            yield time

    def _measure(self, time: float) -> None:
        """Complete the rows of an output by distances, and add those of the theories that are not on the grid."""
        exact, measurements = self.loop.leader, self._measurements
        tracks, theories, k = self.loop.tracks, self._gaussian_theories[0], self.loop.outputs_done - 1
        for track in tracks.values():
            track.let_go()  # W is needed on the grids of others
        with self.loop.interruption.welcome():
            rows = {name: measurements.of_track(track, exact) for name, track in tracks.items()}
            others = {
                name: measurements.of_gaussian(
                    moments.mean[k], moments.covariance[k], exact, self.request.origin + time
                )
                for name, moments in theories.items()
            }
            others |= {name: measurements.of_ensemble(its, k, exact) for name, its in self._ensembles.items()}
            self.loop.interruption.look()
        for name, track in tracks.items():
            track.record.rows[-1] |= rows[name]
        for name, (row, planes) in others.items():
            record = self.records.setdefault(name, self.request.record(name, exact.grid))
            record.regrid(exact.grid)
            record.add_row(time, row, planes)

    @cached_property
    def _measurements(self) -> Measurements:
        return Measurements(self.request.model, self.request.numerics.make_engine)

    @cached_property
    def _gaussian_theories(self) -> tuple[dict[str, GaussianMoments], dict[str, str]]:
        """Moments of the Gaussian theories that have any, and why the others have none."""
        start = self.records[EXACT].rows[0]
        moments, notes, times = {}, {}, self.request.origin + self.request.times
        for name, theory in GAUSSIAN_THEORIES.items():
            try:
                moments[name] = theory(self.request.model, start["mean"], start["covariance"], times)
            except ModelError as error:
                notes[name] = str(error)
        return moments, notes

    def solution(self) -> Breakdown | None:
        """The result so far; None before the first output."""
        if not self._measured:
            return None
        moments, notes = self._gaussian_theories
        same = twins(self.request.model)
        notes = notes | self._without | self.loop.lost
        notes |= {name: f"the same equation as {twin}" for name, twin in same.items()}
        known = {name: record for name, record in self.records.items() if name not in self._without}
        known |= {name: known[twin] for name, twin in same.items() if twin in known}
        errors = {name: theory.error for name, theory in moments.items()}
        errors |= {name: ensemble.time_error for name, ensemble in self._ensembles.items()}
        changes = [
            f"{name}: {note}"
            for name, track in self.loop.tracks.items()
            if track.adapter is not None
            for note in track.adapter.notes
        ]
        attributes = self.attributes | {"threshold": self.request.threshold, "grid_changes": "\n".join(changes)}
        for ensemble in self._ensembles.values():
            attributes |= {"trajectories": ensemble.count, "seed": self.request.seed}
        model, theories = self.request.model, self.request.theories
        return Breakdown(
            breakdown_dataset(model, theories, known, notes, errors, self._ensembles, attributes, self._measured)
        )


def twins(model: Model) -> dict[str, str]:
    """Equations on the grid that are the same as an earlier one, by their names; a comparison steps them once."""
    symbols: dict[str, GeneratorSymbol] = {}
    same = {}
    for name, equation in EQUATIONS.items():
        if equation.dynamics is not None:
            continue
        try:
            symbol = GeneratorSymbol(model, equation.hbar_order)
            twin = next((known for known, other in symbols.items() if _are_equal(symbol, other)), None)
        except InputError:  # said when its run is to begin
            continue
        if twin is None:
            symbols[name] = symbol
        else:
            same[name] = twin
    return same


def _are_equal(a: GeneratorSymbol, b: GeneratorSymbol) -> bool:
    return bool(sp.expand(a.phase - b.phase) == 0 and sp.expand(a.damping - b.damping) == 0)
