"""Anharmonic breakdown: where hybrid dynamics ceases to be classical diffusion in phase space, or Gaussian."""

from wignercq.comparison.breakdown_times import OBSERVABLES
from wignercq.comparison.compare import compare
from wignercq.comparison.result import Breakdown
from wignercq.comparison.theories import THEORIES
from wignercq.gaussian.closure import GaussianMoments, gaussian_closure, linearised

__all__ = [
    "OBSERVABLES",
    "THEORIES",
    "Breakdown",
    "GaussianMoments",
    "compare",
    "gaussian_closure",
    "linearised",
]
