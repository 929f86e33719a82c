"""The attribute ``plot`` of each kind of result: its figures, by short names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.comparison.breakdown_times import REPORTED
from wignercq.correlations.two_time import TwoTime
from wignercq.gaussian import LinearModel, OrnsteinUhlenbeck
from wignercq.model.model import Model
from wignercq.plotting.animation import animate
from wignercq.plotting.comparison import plot_errors, plot_theories
from wignercq.plotting.correlations import plot_spectra, plot_two_time
from wignercq.plotting.picture import Size
from wignercq.plotting.run import plot_diagnostics, plot_moments, plot_plane, plot_planes
from wignercq.plotting.steady import plot_relaxation, plot_steady_planes, plot_steady_sweep
from wignercq.plotting.sweep import plot_map
from wignercq.plotting.trajectories import plot_trajectories
from wignercq.results.result import Result


class FigureSet:
    """What can be drawn of a result."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._dataset = result.dataset

    def __repr__(self) -> str:
        names = [name for name in dir(self) if not name.startswith("_")]
        return f"figures of a {type(self._result).__name__}: {', '.join(f'{name}()' for name in names)}"


class SolutionPlots(FigureSet):
    """Figures of a run; arguments are those of the functions ``plot_...`` of :mod:`wignercq.plotting`."""

    def planes(self, frames: int | Sequence[int] | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_planes`."""
        return plot_planes(self._dataset, frames, size=size)

    def plane(
        self, plane: str = "wigner_xy", frame: int = -1, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """:func:`wignercq.plotting.plot_plane`."""
        return plot_plane(self._dataset, plane, frame, ax=ax, size=size)

    def moments(self, theory: OrnsteinUhlenbeck | Model | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_moments`."""
        return plot_moments(self._dataset, theory, size=size)

    def diagnostics(self, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_diagnostics`."""
        return plot_diagnostics(self._dataset, size=size)

    def animate(self, folder: str | os.PathLike[str] = ".", *, size: Size = None) -> Path:
        """:func:`wignercq.plotting.animate`."""
        return animate(self._dataset, folder, size=size)


class EnsemblePlots(FigureSet):
    """Figures of trajectories; arguments are those of the functions ``plot_...`` of :mod:`wignercq.plotting`."""

    def planes(self, frames: int | Sequence[int] | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_planes`."""
        return plot_planes(self._dataset, frames, size=size)

    def moments(self, theory: OrnsteinUhlenbeck | Model | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_moments`."""
        return plot_moments(self._dataset, theory, size=size)

    def trajectories(self, run: Result | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_trajectories`."""
        return plot_trajectories(self._dataset, None if run is None else run.dataset, size=size)


class SteadyPlots(FigureSet):
    """Figures of a steady state."""

    def planes(self, theory: LinearModel | Model | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_steady_planes`."""
        return plot_steady_planes(self._dataset, theory, size=size)

    def plane(self, plane: str = "wigner_xy", *, ax: Axes | None = None, size: Size = None) -> Figure | Axes:
        """:func:`wignercq.plotting.plot_plane`."""
        return plot_plane(self._dataset, plane, ax=ax, size=size)

    def relaxation(
        self, theory: LinearModel | Model | None = None, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """:func:`wignercq.plotting.plot_relaxation`."""
        return plot_relaxation(self._dataset, theory, ax=ax, size=size)


class BreakdownPlots(FigureSet):
    """Figures of a comparison of theories."""

    def theories(self, frames: int | Sequence[int] | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_theories`."""
        return plot_theories(self._dataset, frames, size=size)

    def errors(
        self, observables: str | Sequence[str] | None = None, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """:func:`wignercq.plotting.plot_errors`, by default of the observables that a report shows."""
        return plot_errors(self._dataset, _shown(observables), ax=ax, size=size)

    def animate(self, folder: str | os.PathLike[str] = ".", *, size: Size = None) -> Path:
        """:func:`wignercq.plotting.animate`."""
        return animate(self._dataset, folder, size=size)


class SweepPlots(FigureSet):
    """Figures of a sweep of comparisons."""

    def map(
        self, observables: str | Sequence[str] | None = None, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """:func:`wignercq.plotting.plot_map`, by default of the observables that a report shows."""
        return plot_map(self._dataset, _shown(observables), ax=ax, size=size)


class SteadySweepPlots(FigureSet):
    """Figures of a sweep of steady states."""

    def numbers(
        self,
        quantities: str | Sequence[str] | None = None,
        theory: Result | None = None,
        *,
        ax: Axes | None = None,
        size: Size = None,
    ) -> Figure | Axes:
        """:func:`wignercq.plotting.plot_steady_sweep`."""
        names = [quantities] if isinstance(quantities, str) else quantities
        other = None if theory is None else theory.dataset
        return plot_steady_sweep(self._dataset, names, other, ax=ax, size=size)


class TwoTimePlots(FigureSet):
    """Figures of two-time functions; the theory is by default that of a quadratic model in its steady state."""

    def functions(self, theory: LinearModel | Model | None = None, *, size: Size = None) -> Figure:
        """:func:`wignercq.plotting.plot_two_time`."""
        return plot_two_time(self._dataset, theory or self._own_theory(), size=size)

    def spectra(
        self,
        theory: LinearModel | Model | None = None,
        frequencies: Sequence[float] | np.ndarray | None = None,
        window: str = "tukey",
        *,
        size: Size = None,
    ) -> Figure:
        """:func:`wignercq.plotting.plot_spectra`."""
        return plot_spectra(self._dataset, theory or self._own_theory(), frequencies, window, size=size)

    def _own_theory(self) -> LinearModel | None:
        return TwoTime(self._dataset).theory


def _shown(observables: str | Sequence[str] | None) -> Sequence[str]:
    if observables is None:
        return REPORTED
    return [observables] if isinstance(observables, str) else observables
