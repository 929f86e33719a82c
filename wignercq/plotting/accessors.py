"""The attribute ``plot`` of each kind of result: its figures, by short names."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xarray as xr
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

F = TypeVar("F", bound=Callable[..., Any])


def as_in(function: Callable[..., Any]) -> Callable[[F], F]:
    """A method with the docstring of a function, after its own first line, less the arguments that it does not have."""

    def documented(method: F) -> F:
        own, told = inspect.cleandoc(method.__doc__ or ""), inspect.cleandoc(function.__doc__ or "")
        known = inspect.signature(method).parameters
        entries = re.compile(r"^(\w+(?:, \w+)*) : .*\n(?:(?: {4}.*)?\n)*?(?=\S|\n|\Z)", re.M)

        def kept(entry: re.Match[str]) -> str:
            return entry[0] if any(name in known for name in entry[1].split(", ")) else ""

        rest = entries.sub(kept, told.partition("\n")[2])
        method.__doc__ = f"{own}\n{rest}"
        return method

    return documented


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

    @as_in(plot_planes)
    def planes(
        self,
        frames: int | Sequence[int] | None = None,
        *,
        times: float | Sequence[float] | None = None,
        size: Size = None,
    ) -> Figure:
        """Draw the four marginal planes of W, one column per frame."""
        return plot_planes(self._dataset, frames, times=times, size=size)

    @as_in(plot_plane)
    def plane(
        self,
        plane: str = "wigner_xy",
        frame: int = -1,
        *,
        time: float | None = None,
        top: float | None = None,
        ax: Axes | None = None,
        size: Size = None,
    ) -> Figure | Axes:
        """Draw one marginal plane of W."""
        return plot_plane(self._dataset, plane, frame, time=time, top=top, ax=ax, size=size)

    @as_in(plot_moments)
    def moments(self, theory: OrnsteinUhlenbeck | Model | None = None, *, size: Size = None) -> Figure:
        """Draw means, variances and cross covariances in time, the result as markers."""
        return plot_moments(self._dataset, theory, size=size)

    @as_in(plot_diagnostics)
    def diagnostics(self, *, size: Size = None) -> Figure:
        """Draw what tells how far the result can be trusted, and what the quantum state has become."""
        return plot_diagnostics(self._dataset, size=size)

    @as_in(animate)
    def animate(self, folder: str | os.PathLike[str] = ".", *, size: Size = None) -> Path:
        """Write an animation of all frames, MP4 if ffmpeg is installed, else GIF."""
        return animate(self._dataset, folder, size=size)


class EnsemblePlots(FigureSet):
    """Figures of trajectories."""

    planes, plane, moments = SolutionPlots.planes, SolutionPlots.plane, SolutionPlots.moments

    @as_in(plot_trajectories)
    def trajectories(self, run: xr.Dataset | Result | None = None, *, size: Size = None) -> Figure:
        """Draw single trajectories over the band of all."""
        return plot_trajectories(self._dataset, run.dataset if isinstance(run, Result) else run, size=size)


class SteadyPlots(FigureSet):
    """Figures of a steady state."""

    @as_in(plot_steady_planes)
    def planes(self, theory: LinearModel | Model | None = None, *, size: Size = None) -> Figure:
        """Draw the four marginal planes of the steady state."""
        return plot_steady_planes(self._dataset, theory, size=size)

    @as_in(plot_plane)
    def plane(
        self, plane: str = "wigner_xy", *, top: float | None = None, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """Draw one marginal plane of W."""
        return plot_plane(self._dataset, plane, top=top, ax=ax, size=size)

    @as_in(plot_relaxation)
    def relaxation(
        self, theory: LinearModel | Model | None = None, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """Draw the slowest modes of relaxation in the complex plane: frequency against decay rate."""
        return plot_relaxation(self._dataset, theory, ax=ax, size=size)


class BreakdownPlots(FigureSet):
    """Figures of a comparison of theories."""

    @as_in(plot_theories)
    def theories(
        self,
        frames: int | Sequence[int] | None = None,
        *,
        times: float | Sequence[float] | None = None,
        size: Size = None,
    ) -> Figure:
        """Draw the Wigner function of the quantum particle in each theory, and its difference from the exact one."""
        return plot_theories(self._dataset, frames, times=times, size=size)

    @as_in(plot_errors)
    def errors(
        self, observables: str | Sequence[str] | None = None, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """Draw the errors of the theories in time, by default of the observables that a report shows."""
        return plot_errors(self._dataset, _shown(observables), ax=ax, size=size)

    @as_in(animate)
    def animate(self, folder: str | os.PathLike[str] = ".", *, size: Size = None) -> Path:
        """Write an animation of all frames, MP4 if ffmpeg is installed, else GIF."""
        return animate(self._dataset, folder, size=size)


class SweepPlots(FigureSet):
    """Figures of a sweep of comparisons."""

    @as_in(plot_map)
    def map(
        self, observables: str | Sequence[str] | None = None, *, ax: Axes | None = None, size: Size = None
    ) -> Figure | Axes:
        """Draw when each theory breaks down, by default for the observables that a report shows."""
        return plot_map(self._dataset, _shown(observables), ax=ax, size=size)


class SteadySweepPlots(FigureSet):
    """Figures of a sweep of steady states."""

    @as_in(plot_steady_sweep)
    def numbers(
        self,
        quantities: str | Sequence[str] | None = None,
        theory: Result | None = None,
        *,
        ax: Axes | None = None,
        size: Size = None,
    ) -> Figure | Axes:
        """Draw numbers of steady states against a swept number, a panel each; `theory` is a result as well."""
        names = [quantities] if isinstance(quantities, str) else quantities
        other = None if theory is None else theory.dataset
        return plot_steady_sweep(self._dataset, names, other, ax=ax, size=size)


class TwoTimePlots(FigureSet):
    """Figures of two-time functions; the theory is by default that of a quadratic model in its steady state."""

    @as_in(plot_two_time)
    def functions(self, theory: LinearModel | Model | None = None, *, size: Size = None) -> Figure:
        """Draw the two-time functions, each with its theory where there is one."""
        return plot_two_time(self._dataset, theory or self._own_theory(), size=size)

    @as_in(plot_spectra)
    def spectra(
        self,
        theory: LinearModel | Model | None = None,
        frequencies: Sequence[float] | np.ndarray | None = None,
        window: str = "tukey",
        *,
        size: Size = None,
    ) -> Figure:
        """Draw the spectra of the two-time functions, each with its theory where there is one."""
        return plot_spectra(self._dataset, theory or self._own_theory(), frequencies, window, size=size)

    def _own_theory(self) -> LinearModel | None:
        return TwoTime(self._dataset).theory


def _shown(observables: str | Sequence[str] | None) -> Sequence[str]:
    if observables is None:
        return REPORTED
    return [observables] if isinstance(observables, str) else observables
