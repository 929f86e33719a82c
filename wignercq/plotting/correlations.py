"""Figures of two-time functions: in time beside each other, in frequency with effective temperatures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.correlations import TwoTime
from wignercq.errors import InputError
from wignercq.gaussian import LinearModel, effective_temperatures, response, spectrum, susceptibility, two_time
from wignercq.grid.grid import NAMES
from wignercq.model.formulas import parse
from wignercq.model.model import Model
from wignercq.model.typeset import latex
from wignercq.plotting.picture import Picture, Size, styled, width_of
from wignercq.plotting.scales import name_axis
from wignercq.plotting.style import MARKERS, legend_above, look

MOST_MARKERS = 40  # of a line
PANEL = 1.4  # inches of a panel at least, for three beside each other
APART, ROUNDING = 1e3, 1e-9  # ratios of functions: from which on they get units of their own, and are zero
POINTS = 400  # frequencies of a figure, and delays of a theory's line
VISIBLE = 1e-2  # of the largest spectrum: frequencies go on to where all fall below it
SPREAD = 8.0  # times the median temperature that are shown: at a zero of the loss it is infinite
KICKS = {"q": (1, 1.0), "p": (0, -1.0), "x": (3, 1.0), "y": (2, -1.0)}  # what f moves in H - f B, and by what
POSITIONS = ("q", "x")


@styled
def plot_two_time(dataset: xr.Dataset, theory: LinearModel | Model | None = None, *, size: Size = None) -> Figure:
    """Draw connected two-time functions and responses against the delay, a column for each operator inserted.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.correlations.TwoTime`.
    theory : LinearModel, Model or None
        Gaussian theory of the steady state, or a quadratic model whose it is; its functions of q, p, x and y are drawn
        as lines, the result as markers.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tau, seconds = dataset["tau"].values, [str(label) for label in dataset["second"].values]
    theory = LinearModel.from_model(theory) if isinstance(theory, Model) else theory
    width = width_of(size)
    upright = width / (len(seconds) + 0.5) < PANEL  # operators B below each other
    if size is None:
        width = min(width, 2.2 + width / 4 * len(seconds))
    figure = Picture(width, 0.7 + 1.7 * len(seconds) if upright else 4.4, size)
    shape = (len(seconds), 2) if upright else (2, len(seconds))
    axes = figure.subplots(*shape, squeeze=False, sharex=True)
    axes = axes.T if upright else axes
    fine, sparse = np.linspace(tau[0], tau[-1], POINTS), max(1, tau.size // MOST_MARKERS)
    for row, (name, label, sign) in enumerate((("connected", "connected $C$", "C"), ("response", "response $R$", "R"))):
        units = _units(dataset[name])
        label = label if bool((units == 1).all()) else rf"{label[:-1]}/\max|{sign}|$"
        for ax, second in zip(axes[row], seconds, strict=True):
            for k, first in enumerate(map(str, dataset["first"].values)):
                line = None if theory is None else _theory_line(theory, name, first, second, fine)
                unit = float(units.sel(first=first, second=second))
                values = dataset[name].sel(first=first, second=second).values / unit
                if line is None:
                    ax.plot(tau, values, label=_symbol(first), **look(k))
                else:
                    points = {"marker": MARKERS[k % len(MARKERS)], "ms": 2.5, "markevery": sparse, "linestyle": "none"}
                    ax.plot(tau, values, label=_symbol(first), **look(k) | points)
                    ax.plot(fine, line / unit, linewidth=0.9, **look(k))
            ax.axhline(0, color="0.8", linewidth=0.6, zorder=0)
            outer = upright or ax is axes[row, 0]
            name_axis(ax.yaxis, f"{label}, $B =$ {_symbol(second)}" if upright else label if outer else "")
    if not upright:
        for ax, second in zip(axes[0], seconds, strict=True):
            ax.set_title(f"$B =$ {_symbol(second)}")
    for ax in axes[:, -1] if upright else axes[1]:
        name_axis(ax.xaxis, r"$\tau$")
    legend_above(figure, axes[0, :1], "$A$" if theory is None else "$A$ (markers: grid, lines: Gaussian theory)")
    return figure


@styled
def plot_spectra(
    dataset: xr.Dataset,
    theory: LinearModel | Model | None = None,
    frequencies: Sequence[float] | np.ndarray | None = None,
    window: str = "tukey",
    *,
    size: Size = None,
) -> Figure:
    """Draw spectra, losses and effective temperatures against the frequency, for each operator with itself.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.correlations.TwoTime` of a stationary state, with operators that are A and B.
    theory : LinearModel, Model or None
        Gaussian theory of the steady state, or a quadratic model whose it is, drawn dashed.
    frequencies : sequence of float, optional
        Positive angular frequencies; default: from 0 to where the spectra have fallen to a hundredth.
    window : str
        Of :meth:`wignercq.correlations.TwoTime.spectrum`.
    size : float or tuple of two floats, optional
        Width, or width and height, in inches; default: the width in the user's ``figure.figsize``, or 7.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        No spectrum can be made: see :meth:`wignercq.correlations.TwoTime.spectrum`.
    """
    result = TwoTime(dataset)
    w = _shown_frequencies(result, window) if frequencies is None else np.asarray(frequencies, dtype=float)
    noise, chi = result.spectrum(w, window)["spectrum"], result.susceptibility(w, window)["susceptibility"]
    temperature = result.effective_temperature(w, window)["temperature"]
    theory = LinearModel.from_model(theory) if isinstance(theory, Model) else theory
    figure = Picture(width_of(size) if size is not None else min(width_of(size), 4.7), 6.0, size)
    axes = figure.subplots(3, 1, sharex=True)
    for k, name in enumerate(map(str, noise["first"].values)):
        pair = {"first": name, "second": name}
        curves = noise.sel(pair).values.real, -chi.sel(pair).values.imag, temperature.sel(observable=name).values
        for ax, values in zip(axes, curves, strict=True):
            ax.plot(w, values, label=_symbol(name), **look(k))
        for ax, values in zip(axes, _theory_spectra(theory, name, w), strict=False):
            ax.plot(w, values, color="black", linewidth=0.7, linestyle=(0, (4, 3)))
    if any((np.asarray(line.get_ydata()) > 0).any() for line in axes[0].lines):
        axes[0].set_yscale("log")
    _limit(axes[2], temperature.values)
    axes[1].axhline(0, color="0.8", linewidth=0.6, zorder=0)
    labels = r"spectrum $S(\omega)$", r"loss $\chi''(\omega)$", r"$k_\mathrm{B} T(\omega) = \omega S/(2 \chi'')$"
    for ax, label in zip(axes, labels, strict=True):
        name_axis(ax.yaxis, label, log=ax.get_yscale() == "log")
    name_axis(axes[2].xaxis, r"$\omega$")
    legend_above(figure, axes[:1], "$A = B$" if theory is None else "$A = B$ (dashed: Gaussian theory)")
    return figure


def _units(values: xr.DataArray) -> xr.DataArray:
    """What functions are drawn in: their own maxima where operators A have nothing in common, as in SI, else 1."""
    top = abs(values).max("tau")
    own = top.max("second")
    if not bool((own > 0).all()) or float(own.max()) <= APART * float(own.min()):
        return xr.ones_like(top)
    expected = own * (top / own).max("first")
    return top.where(top > ROUNDING * expected, expected)


def _symbol(formula: str) -> str:
    try:
        return f"${latex(parse(formula, NAMES, where='operator'))}$"
    except InputError:  # a name that was given to it
        return formula.replace("$", "")


def _theory_line(theory: LinearModel, name: str, first: str, second: str, tau: np.ndarray) -> np.ndarray | None:
    if first not in NAMES or second not in NAMES:
        return None
    i = NAMES.index(first)
    if name == "connected":
        return np.asarray(two_time(theory, tau)[:, i, NAMES.index(second)])
    kicked, sign = KICKS[second]
    return np.asarray(sign * response(theory, tau)[:, i, kicked])


def _theory_spectra(theory: LinearModel | None, name: str, w: np.ndarray) -> list[np.ndarray]:
    """S, chi'' and the temperature of one variable, of q and x alone the last."""
    if theory is None or name not in NAMES:
        return []
    i, (kicked, sign) = NAMES.index(name), KICKS[name]
    curves = [spectrum(theory, w)[:, i, i].real, -sign * susceptibility(theory, w)[:, i, kicked].imag]
    if name in POSITIONS:
        curves.append(effective_temperatures(theory, w)[:, POSITIONS.index(name)])
    return curves


def _shown_frequencies(result: TwoTime, window: str) -> np.ndarray:
    result.spectrum(0.0, window)  # an InputError where there is none
    highest = np.pi / float(np.diff(result.tau).max())
    w = np.linspace(0, highest, POINTS + 1)[1:]
    spectra = np.abs(np.diagonal(result.spectrum(w, window)["spectrum"].values, axis1=1, axis2=2))
    seen = (spectra > VISIBLE * spectra.max(axis=0)).any(axis=1)
    last = w[np.flatnonzero(seen)[-1]] if seen.any() else highest
    return np.linspace(0, min(highest, 1.2 * float(last)), POINTS + 1)[1:]


def _limit(ax: Axes, values: np.ndarray) -> None:
    """Limits that hold the temperatures where they are neither infinite nor all errors."""
    finite = values[np.isfinite(values) & (values > 0)]
    if finite.size:
        ax.set_ylim(0, min(float(finite.max()), SPREAD * float(np.median(finite))) * 1.05)
