"""What can be computed at every point of a sweep: the comparison of theories, or the steady state."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from wignercq.comparison import Breakdown
from wignercq.config import Config
from wignercq.config.execute import check, check_steady, execute_comparison, execute_steady
from wignercq.config.identity import point_identity, steady_identity
from wignercq.results.result import Result
from wignercq.steady import SteadyState
from wignercq.sweep.gathering import gather
from wignercq.sweep.layout import PLANES, Point
from wignercq.sweep.result import Swept
from wignercq.sweep.steady_gathering import gather_steady

OfPoint = TypeVar("OfPoint", bound=Result)
OfSweep = TypeVar("OfSweep", bound=Swept)


@dataclass(frozen=True)
class Kind(Generic[OfPoint, OfSweep]):
    """How a point is computed, found again and gathered."""

    name: str
    check: Callable[[Config], None]  # refuses, with ConfigError, what no point could be computed of
    identity: Callable[[Config], str]  # a name for everything that decides the result of a point
    compute: Callable[[Config, int], OfPoint]  # on so many threads; the result as it is kept in a file
    load: Callable[[Path], OfPoint]  # what is gathered of such a file
    gather: Callable[[Config, Mapping[Point, OfPoint], Mapping[Point, str]], OfSweep]


def _comparison(config: Config, threads: int) -> Breakdown:
    result = execute_comparison(config, frames=0, threads=threads)
    return Breakdown(result.dataset.drop_dims(PLANES))


def _steady(config: Config, threads: int) -> SteadyState:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dataset = execute_steady(config, threads=threads).dataset.drop_vars("W")
    dataset.attrs["configuration"] = config.text
    dataset.attrs["warnings"] = "\n".join(str(warning.message) for warning in caught)
    return SteadyState(dataset)


def _steady_numbers(path: Path) -> SteadyState:
    return SteadyState(SteadyState.load(path).dataset.isel(frame=slice(0)))


COMPARISONS = Kind("comparison", check, point_identity, _comparison, Breakdown.load, gather)
STEADY_STATES = Kind("steady state", check_steady, steady_identity, _steady, _steady_numbers, gather_steady)
KINDS: Mapping[str, Kind[Any, Any]] = {kind.name: kind for kind in (COMPARISONS, STEADY_STATES)}
