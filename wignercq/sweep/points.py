"""The points of a sweep, or a share of them, computed; what is finished stays finished."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic

from wignercq.config import Config
from wignercq.errors import ConfigError, InputError, Interrupted, kind_of
from wignercq.planning.arguments import path
from wignercq.run.progress import Progress, showing
from wignercq.run.signals import Stop, StopRequests
from wignercq.sweep.carrier import PATIENCE, Carrier
from wignercq.sweep.folder import found, prepare
from wignercq.sweep.kinds import Kind, OfPoint
from wignercq.sweep.layout import Layout, Point

VISIBLE = 65.0  # seconds after which a network file system shows to all what one has written

Share = tuple[int, int]
ALL: Share = (1, 1)


@dataclass(frozen=True)
class Points(Generic[OfPoint]):
    """What became of points."""

    results: dict[Point, OfPoint] = field(default_factory=dict)
    failures: dict[Point, str] = field(default_factory=dict)  # why a point has no result

    @property
    def ended(self) -> int:
        """How many are settled."""
        return len(self.results) + len(self.failures)


def compute(
    kind: Kind[OfPoint, Any],
    config: Config,
    folder: str | os.PathLike[str],
    carrier: Carrier,
    progress: bool | Progress,
    share: Share = ALL,
) -> Points[OfPoint]:
    """Compute what is missing of the points of a sweep, of ``share = (k, n)`` every nth from the kth.

    Raises
    ------
    InputError, ConfigError, Interrupted
        As :func:`wignercq.sweep.run_sweep`.
    """
    if not isinstance(config, Config):
        raise InputError("config", "a Config", kind_of(config))
    if config.sweep is None:
        raise ConfigError("sweep", "this table", "nothing")
    files = path("folder", folder)
    kind.check(config)
    if carrier.threads is None:
        carrier = replace(carrier, threads=config.run.threads)
    with showing(progress) as shown:
        shown.tell("points of the sweep")
        first, step = share
        points = [point for _, point in Layout.of(config).points()][first - 1 :: step]
        prepare(files)
        return _Sweep(kind, config, files, points, shown).carried_out(carrier)


class _Sweep(Generic[OfPoint]):
    """Points, the files of their results, and what is known of them."""

    def __init__(
        self, kind: Kind[OfPoint, Any], config: Config, files: Path, points: list[Point], shown: Progress
    ) -> None:
        self.kind, self.config, self.files, self.shown = kind, config, files, shown
        self.identities = {point: kind.identity(config.at(self._values(point))) for point in points}
        self.points: Points[OfPoint] = Points()
        self.requests = StopRequests(patient=True)

    def carried_out(self, carrier: Carrier) -> Points[OfPoint]:
        """All of them, unless a signal stops it."""
        missing = [point for point in self.identities if not self._find(point)]
        self.shown.start(len(self.identities), self.points.ended, unit="points")
        jobs = [(point, self._job(point)) for point in missing]
        hidden: list[Point] = []
        with suppress(Stop), self.requests, closing(carrier.outcomes(jobs, self._stopped)) as ended:
            for point, failure in ended:
                if self._find(point):  # whatever became of the job
                    pass
                elif failure:
                    self.points.failures[point] = failure
                else:
                    hidden.append(point)
                self.shown.reach(self.points.ended)
            for point, failure in self._shown_late(hidden, VISIBLE if carrier.executor else 0.0):
                self.points.failures[point] = failure
        self.shown.finish()
        if self.requests.requested is not None:
            self._interrupt(self.requests.requested)
        return self.points

    def _stopped(self) -> bool:
        return self.requests.requested is not None

    def _find(self, point: Point) -> bool:
        """Whether there is a result, which is among those of the points then."""
        result = found(self.kind, self._target(point), self.identities[point])
        if result is not None:
            self.points.results[point] = result
        return result is not None

    def _shown_late(self, hidden: list[Point], patience: float) -> Iterator[tuple[Point, str]]:
        """Find what others have written and is not to be seen yet; what stays hidden, and what that means."""
        end = time.monotonic() + patience
        while hidden and not self._stopped() and time.monotonic() < end:
            time.sleep(PATIENCE)
            os.listdir(self.files)  # has NFS look again
            hidden = [point for point in hidden if not self._find(point)]
        for point in hidden:
            if not self._find(point):
                yield point, f"the result could not be read back from {self.files}, which all that compute must share"

    def _interrupt(self, number: int) -> None:
        count = sum(self._target(point).exists() for point in self.identities)
        done = f"{count} of {len(self.identities)} points are finished in {self.files}"
        raise Interrupted(f"interrupted; {done}; the same command goes on with the rest", signal=number)

    def _target(self, point: Point) -> Path:
        return self.files / f"{self.identities[point]}.nc"

    def _values(self, point: Point) -> Mapping[str, float]:
        return dict(zip(Layout.of(self.config).names, point, strict=True))

    def _job(self, point: Point) -> dict[str, Any]:
        return {
            "kind": self.kind.name,
            "configuration": self.config.text,
            "folder": str(self.config.folder),
            "point": self._values(point),
            "target": str(self._target(point).resolve()),
            "identity": self.identities[point],
        }
