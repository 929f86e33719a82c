"""Anharmonic breakdown: where hybrid dynamics ceases to be classical diffusion in phase space, or Gaussian."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.comparison.breakdown_times import OBSERVABLES as OBSERVABLES
    from wignercq.comparison.compare import compare as compare
    from wignercq.comparison.result import Breakdown as Breakdown
    from wignercq.comparison.theories import THEORIES as THEORIES
    from wignercq.gaussian.closure import GaussianMoments as GaussianMoments
    from wignercq.gaussian.closure import gaussian_closure as gaussian_closure
    from wignercq.gaussian.closure import linearised as linearised

export(
    __name__,
    {
        "comparison.breakdown_times": "OBSERVABLES",
        "comparison.compare": "compare",
        "comparison.result": "Breakdown",
        "comparison.theories": "THEORIES",
        "gaussian.closure": "GaussianMoments gaussian_closure linearised",
    },
)
