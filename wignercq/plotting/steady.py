"""Figures of steady states: marginal planes, the spectrum of relaxation, numbers over a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.errors import InputError, brief, suggestion
from wignercq.gaussian import LinearModel, sums_of_eigenvalues
from wignercq.grid.grid import NAMES
from wignercq.model.model import Model
from wignercq.model.typeset import number
from wignercq.plotting import labels
from wignercq.plotting.picture import PALETTE, Picture, Size, styled, width_of
from wignercq.plotting.run import PLANES
from wignercq.plotting.scales import log_ticks, name_axis
from wignercq.plotting.style import (
    MARKERS,
    NARROW,
    draw_bar_within,
    draw_plane,
    frame_plane,
    largest,
    look,
    panels,
    sure,
)

WITHIN = 2.0  # standard deviations that the ellipse of a theory encloses
FURTHER = 1.25  # the spectrum of a theory is drawn to so many times the fastest decay rate found
UNSURE = 0.3  # residual beside the decay rate from which on a mode is drawn pale
PALE = 0.3  # opacity
MODE, THEORY = PALETTE[:2]
SWEPT = ("occupation", "energy_quantum", "purity", "gap")  # drawn of a sweep where the dataset has them


@styled
def plot_steady_planes(dataset: xr.Dataset, theory: LinearModel | Model | None = None, *, size: Size = None) -> Figure:
    """Draw the four marginal planes of a steady state.

    Colours as in :func:`wignercq.plotting.plot_planes`: densities start at 0, the Wigner function of (x, y) is centred
    on 0.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.steady.SteadyState`.
    theory : LinearModel, Model or None
        Gaussian theory, or a quadratic model whose it is; ellipses at two of its standard deviations are drawn dashed.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure
    """
    width, theory = width_of(size), LinearModel.from_model(theory) if isinstance(theory, Model) else theory
    columns = 1 if width < NARROW else 2
    figure = Picture(width, 0.4 + (2.5 if columns == 2 else 2.1) * (4 // columns), size)
    stable = theory if theory is not None and theory.is_stable else None
    for ax, (name, first, second, label) in zip(figure.subplots(4 // columns, columns).ravel(), PLANES, strict=True):
        plane = dataset[name].isel(frame=-1).transpose(first, second)
        signed = name == "wigner_xy"
        frame_plane(ax, plane, first, second, shape=0.85)
        mesh = draw_plane(ax, plane, first, second, top=largest(plane), signed=signed, zero=sure(dataset))
        name_axis(ax.xaxis, f"${first}$")
        name_axis(ax.yaxis, f"${second}$")
        if stable is not None:
            ax.plot(*_ellipse(stable, first, second), "--", color="black" if signed else "white", linewidth=0.8)
        draw_bar_within(ax, mesh, label)
    title = "steady state"
    if stable is not None:
        title += f"{', ' if columns > 1 else chr(10)}dashed: two standard deviations of the {_name(stable)}"
    figure.suptitle(title)
    return figure


def _ellipse(theory: LinearModel, first: str, second: str) -> np.ndarray:
    """Points at WITHIN standard deviations of a plane, shape (2, n)."""
    pair = [NAMES.index(first), NAMES.index(second)]
    angle = np.linspace(0, 2 * np.pi, 181)
    root = np.linalg.cholesky(theory.steady_covariance()[np.ix_(pair, pair)])
    return np.asarray(theory.fixed_point[pair, None] + WITHIN * root @ np.stack([np.cos(angle), np.sin(angle)]))


def _name(theory: LinearModel) -> str:
    return "Gaussian theory" if theory.point is None else "linearised theory"


@styled
def plot_relaxation(
    dataset: xr.Dataset, theory: LinearModel | Model | None = None, *, ax: Axes | None = None, size: Size = None
) -> Figure | Axes:
    """Draw the slowest modes of relaxation in the complex plane: frequency against decay rate.

    Bars are the residuals. Modes whose residual exceeds 0.3 of the decay rate are pale and have none: they may be no
    modes but artefacts of the basis, or need a finer grid to tell. The line is the gap, the slowest decay rate.

    Parameters
    ----------
    dataset : xarray.Dataset
        With ``decay_rate``, ``mode_frequency`` and ``mode_residual`` along ``mode``: of a
        :class:`wignercq.steady.SteadyState`.
    theory : LinearModel, Model or None
        Gaussian theory, or a quadratic model whose it is; the sums of eigenvalues of its drift A, eq (17), which are
        the spectrum of a quadratic model, are drawn as open markers.
    ax : matplotlib.axes.Axes, optional
        Where to draw; default: a figure of its own.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure, or matplotlib.axes.Axes where one was given
    """
    if ax is None:
        width = width_of(size) if size is not None else min(width_of(size), 4.9)
        figure = Picture(width, 3.6, size)
        _draw_relaxation(figure.subplots(), dataset, theory)
        if width < 4.5:
            figure.legend(loc="outside upper center", ncols=2)
        else:
            figure.legend(loc="outside right upper")
        return figure
    _draw_relaxation(ax, dataset, theory)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _draw_relaxation(ax: Axes, dataset: xr.Dataset, theory: LinearModel | Model | None) -> None:
    theory = LinearModel.from_model(theory) if isinstance(theory, Model) else theory
    decay, frequency, residual = (dataset[name].values for name in ("decay_rate", "mode_frequency", "mode_residual"))
    gap = float(dataset.attrs.get("gap", decay.min(initial=1.0)))
    right = FURTHER * max(gap, float(decay.max(initial=0.0)))
    sure = residual <= UNSURE * decay
    bars = residual[sure]
    ax.errorbar(decay[sure], frequency[sure], bars, bars, "none", ecolor=MODE, lw=0.8, capsize=2, zorder=3)
    ax.plot(decay[sure], frequency[sure], "o", ms=4, color=MODE, zorder=3, label="modes, bars: residuals")
    if not sure.all():
        label = f"residual above {UNSURE:g}\nof the decay rate"
        ax.plot(decay[~sure], frequency[~sure], "o", ms=4, color=MODE, alpha=PALE, label=label)
    if theory is not None and theory.is_stable:
        sums = sums_of_eigenvalues(theory.eigenvalues, right)
        label = "sums of the eigenvalues\n" + ("of $A$" if theory.point is None else "of $A$, linearised")
        ax.plot(sums.real, sums.imag, "s", ms=7.5, label=label, zorder=2, mfc="none", mec=THEORY, mew=0.9)
    label = rf"gap $\Gamma_1 = {number(gap, 4)}$" + "\n" + rf"$1/\Gamma_1 = {number(1 / gap, 4)}$"
    ax.axvline(gap, color="0.4", lw=0.8, ls=(0, (4, 3)), zorder=1, label=label)
    highest = float(frequency.max(initial=0.0))
    ax.set_xlim(0, right)
    ax.set_ylim(-0.08 * (highest or 1.0), 1.15 * (highest or 1.0))
    ax.axhline(0, color="0.8", lw=0.6, zorder=0)
    name_axis(ax.xaxis, r"decay rate $-\mathrm{Re}\,\lambda$")
    name_axis(ax.yaxis, r"frequency $\mathrm{Im}\,\lambda$")


@styled
def plot_steady_sweep(
    dataset: xr.Dataset,
    quantities: Sequence[str] | None = None,
    theory: xr.Dataset | None = None,
    *,
    ax: Axes | None = None,
    size: Size = None,
) -> Figure | Axes:
    """Draw numbers of steady states against a swept number, a panel each.

    Parameters
    ----------
    dataset : xarray.Dataset
        Whose dimensions other than ``z``, ``z2`` and the like are one or two swept numbers; the values of the second
        are curves. Its variables hold the quantities, and ``failure``, if it is there, the reasons why points have no
        result: they are marked by crosses at the lower edge.
    quantities : sequence of str or None
        Names of variables, ``mean_x`` or ``cov_xx``; None takes occupation, energy of the quantum particle, purity and
        gap, those that there are.
    theory : xarray.Dataset or None
        The same of the Gaussian theory, drawn as lines; its values of the swept number may be others.
    ax : matplotlib.axes.Axes, optional
        Where to draw, of one quantity; default: a figure of its own.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure, or matplotlib.axes.Axes where one was given

    Raises
    ------
    InputError
        A quantity that the dataset does not hold.
    """
    if quantities is None:
        quantities = [name for name in SWEPT if name in dataset and bool(dataset[name].notnull().any())]
    curves = {name: _curves(dataset, name) for name in quantities}
    if not quantities:
        raise InputError("dataset", "numbers of steady states", "none")
    first, *_ = _swept(dataset[_variable(quantities[0])])

    def draw(ax: Axes, name: str) -> None:
        for k, (label, values) in enumerate(curves[name]):
            known = values.notnull().values
            line = {"marker": MARKERS[k % len(MARKERS)], "lw": 0.9, **look(k)}
            line |= {} if theory is None else {"linestyle": "none"}
            ax.plot(values[first][known], values[known], label=label, **line)
        if theory is not None:
            ax.plot([], [], color="0.3", linewidth=0.9, label="lines: Gaussian theory")
        lines = [] if theory is None or _variable(name) not in theory else _curves(theory, name)
        for k, (_, values) in enumerate(lines):
            ax.plot(values[first], values, linewidth=0.9, **look(k))
        _finish(ax, dataset, first, name)

    return panels(quantities, 2.2, labels.swept(first), draw, ax=ax, size=size)


def _variable(quantity: str) -> str:
    kind = quantity.partition("_")[0]
    return {"cov": "covariance", "mean": "mean"}.get(kind, quantity)


def _swept(values: xr.DataArray) -> list[str]:
    return [str(name) for name in values.dims if name not in ("z", "z2")]


def _curves(dataset: xr.Dataset, quantity: str) -> list[tuple[str, xr.DataArray]]:
    """What a quantity is along the first swept number, for each value of the second, with labels."""
    name = _variable(quantity)
    if name not in dataset:
        hinted = brief(quantity) + suggestion(quantity, dataset.data_vars)
        raise InputError("quantities", f"some of {', '.join(map(str, dataset.data_vars))}", hinted)
    values = dataset[name]
    for dimension, variable in zip(("z", "z2"), quantity.partition("_")[2], strict=False):
        if dimension in values.dims:
            values = values.sel({dimension: variable})
    swept = _swept(values)
    if not 1 <= len(swept) <= 2:
        raise InputError("quantities", "numbers over one or two swept numbers", f"{quantity} over {swept}")
    if len(swept) == 1:
        return [("steady state", values)]
    return [(labels.value(swept[1], float(one[swept[1]])), one) for one in _along(values, swept[1])]


def _along(values: xr.DataArray, name: str) -> Iterator[xr.DataArray]:
    for k in range(values.sizes[name]):
        yield values.isel({name: k})


def _finish(ax: Axes, dataset: xr.Dataset, first: str, name: str) -> None:
    along = dataset[first]
    if bool(along.attrs.get("log", False)):
        ax.set_xscale("log")
        log_ticks(ax.xaxis, float(along.min()), float(along.max()))
    if "failure" in dataset:
        others = [dim for dim in dataset["failure"].dims if dim != first]
        failed = (dataset["failure"] != "").any(others).values
        if failed.any():
            at, lower = np.zeros(failed.sum()), ax.get_xaxis_transform()
            ax.plot(along[failed], at, "x", color="black", ms=4, transform=lower, clip_on=False, label="not found")
    name_axis(ax.yaxis, labels.observable(name))
