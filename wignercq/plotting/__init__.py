"""Figures: of a run, of a steady state, of a comparison of theories, of a sweep, of two-time functions; animations.

The only part that imports matplotlib. Figures are made without pyplot, so no display and no global state is needed.
"""

from wignercq.plotting.animation import animate
from wignercq.plotting.comparison import plot_errors, plot_theories
from wignercq.plotting.correlations import plot_spectra, plot_two_time
from wignercq.plotting.formula import formula_svg
from wignercq.plotting.picture import STYLE, style, styled
from wignercq.plotting.run import plot_diagnostics, plot_moments, plot_plane, plot_planes
from wignercq.plotting.steady import plot_relaxation, plot_steady_planes, plot_steady_sweep
from wignercq.plotting.sweep import plot_map
from wignercq.plotting.trajectories import plot_trajectories

__all__ = [
    "STYLE",
    "animate",
    "formula_svg",
    "plot_diagnostics",
    "plot_errors",
    "plot_map",
    "plot_moments",
    "plot_plane",
    "plot_planes",
    "plot_relaxation",
    "plot_spectra",
    "plot_steady_planes",
    "plot_steady_sweep",
    "plot_theories",
    "plot_trajectories",
    "plot_two_time",
    "style",
    "styled",
]
