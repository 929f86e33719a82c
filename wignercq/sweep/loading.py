"""The result in a file of any kind."""

from __future__ import annotations

import os
from pathlib import Path

from wignercq.comparison.reading import is_comparison
from wignercq.comparison.result import Breakdown
from wignercq.correlations.format import is_two_time
from wignercq.correlations.two_time import TwoTime
from wignercq.errors import InputError
from wignercq.results.reading import read_dataset
from wignercq.results.solution import Solution
from wignercq.steady.result import SteadyState, is_steady
from wignercq.sweep.result import SweepResult, is_sweep
from wignercq.sweep.steady_result import SteadySweep, is_steady_sweep
from wignercq.unravelling.format import is_ensemble
from wignercq.unravelling.result import Ensemble


def load(
    path: str | os.PathLike[str],
) -> Solution | SteadyState | Breakdown | SweepResult | SteadySweep | TwoTime | Ensemble:
    """Read the result of a run, a steady state, a comparison or a sweep, or two-time functions.

    Parameters
    ----------
    path : path
        A file that :meth:`Solution.save` or the command line wrote.

    Returns
    -------
    Solution, SteadyState, Breakdown, SweepResult, SteadySweep, TwoTime or Ensemble

    Raises
    ------
    InputError
        The file is missing, damaged or something else.
    """
    if Path(path).is_dir():
        raise InputError(path, "a result file", "a folder")
    dataset = read_dataset(path)
    if is_steady_sweep(dataset):
        return SteadySweep.checked(dataset, path)
    if is_steady(dataset):
        return SteadyState.checked(dataset, path)
    if is_sweep(dataset):
        return SweepResult.checked(dataset, path)
    if is_ensemble(dataset):
        return Ensemble.checked(dataset, path)
    if is_two_time(dataset):
        return TwoTime.checked(dataset, path)
    return (Breakdown if is_comparison(dataset) else Solution).checked(dataset, path)
