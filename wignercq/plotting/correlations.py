"""Figures of two-time functions: in time beside each other, in frequency with effective temperatures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wignercq.correlations import TwoTime
from wignercq.gaussian import LinearModel, effective_temperatures, response, spectrum, susceptibility, two_time
from wignercq.grid.grid import NAMES
from wignercq.plotting.style import FONT, PALETTE, WIDTH

POINTS = 400  # frequencies of a figure, and delays of a theory's line
VISIBLE = 1e-2  # of the largest spectrum: frequencies go on to where all fall below it
SPREAD = 8.0  # times the median temperature that are shown: at a zero of the loss it is infinite
KICKS = {"q": (1, 1.0), "p": (0, -1.0), "x": (3, 1.0), "y": (2, -1.0)}  # what f moves in H - f B, and by what
POSITIONS = ("q", "x")


def plot_two_time(dataset: xr.Dataset, theory: LinearModel | None = None) -> Figure:
    """Draw connected two-time functions and responses against the delay, a column for each operator inserted.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.correlations.TwoTime`.
    theory : LinearModel or None
        Gaussian theory of the steady state; its functions of q, p, x and y are drawn as lines, the result as markers.

    Returns
    -------
    matplotlib.figure.Figure
    """
    tau, seconds = dataset["tau"].values, [str(label) for label in dataset["second"].values]
    figure = Figure(figsize=(max(WIDTH / 2, WIDTH / 4 * len(seconds) + 0.8), 4.4), layout="constrained")
    axes = figure.subplots(2, len(seconds), squeeze=False, sharex=True)
    fine = np.linspace(tau[0], tau[-1], POINTS)
    for row, (name, label) in enumerate((("connected", "connected $C$"), ("response", "response $R$"))):
        for ax, second in zip(axes[row], seconds, strict=True):
            for colour, first in _coloured(dataset["first"].values):
                line = None if theory is None else _theory_line(theory, name, first, second, fine)
                values = dataset[name].sel(first=first, second=second).values
                ax.plot(tau, values, "-" if line is None else "o", color=colour, ms=2.5, lw=1.0, label=_symbol(first))
                if line is not None:
                    ax.plot(fine, line, color=colour, linewidth=0.9)
            _finish(ax)
        axes[row, 0].set_ylabel(label, fontsize=FONT)
    for ax, second in zip(axes[0], seconds, strict=True):
        ax.set_title(f"$B =$ {_symbol(second)}", fontsize=FONT)
    for ax in axes[1]:
        ax.set_xlabel(r"$\tau$", fontsize=FONT)
    _legend(figure, axes[0, 0], "$A$" if theory is None else "$A$ (markers: grid, lines: Gaussian theory)")
    return figure


def plot_spectra(
    dataset: xr.Dataset,
    theory: LinearModel | None = None,
    frequencies: Sequence[float] | np.ndarray | None = None,
    window: str = "tukey",
) -> Figure:
    """Draw spectra, losses and effective temperatures against the frequency, for each operator with itself.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of a :class:`wignercq.correlations.TwoTime` of a stationary state, with operators that are A and B.
    theory : LinearModel or None
        Gaussian theory of the steady state, drawn dashed.
    frequencies : sequence of float, optional
        Positive angular frequencies; default: from 0 to where the spectra have fallen to a hundredth.
    window : str
        Of :meth:`wignercq.correlations.TwoTime.spectrum`.

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
    figure = Figure(figsize=(WIDTH / 2 + 1.2, 6.0), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True)
    for colour, name in _coloured(noise["first"].values):
        pair = {"first": name, "second": name}
        curves = noise.sel(pair).values.real, -chi.sel(pair).values.imag, temperature.sel(observable=name).values
        for ax, values in zip(axes, curves, strict=True):
            ax.plot(w, values, color=colour, linewidth=1.0, label=_symbol(name))
        for ax, values in zip(axes, _theory_spectra(theory, name, w), strict=False):
            ax.plot(w, values, color="black", linewidth=0.9, linestyle=(0, (4, 3)))
    if any((np.asarray(line.get_ydata()) > 0).any() for line in axes[0].lines):
        axes[0].set_yscale("log")
    labels = "spectrum $S(w)$", r"loss $\chi''(w)$", r"$k_\mathrm{B} T(w) = w S/(2 \chi'')$"
    for ax, label in zip(axes, labels, strict=True):
        ax.set_ylabel(label, fontsize=FONT)
        _finish(ax, zero=ax is axes[1])
    _limit(axes[2], temperature.values)
    axes[2].set_xlabel("$w$", fontsize=FONT)
    _legend(figure, axes[0], "$A = B$" if theory is None else "$A = B$ (dashed: Gaussian theory)")
    return figure


def _coloured(names: np.ndarray) -> list[tuple[str, str]]:
    return [(PALETTE[k % len(PALETTE)], str(name)) for k, name in enumerate(names)]


def _symbol(formula: str) -> str:
    return f"${formula}$" if formula in NAMES else formula.replace("$", "")


def _finish(ax: Axes, *, zero: bool = True) -> None:
    if zero:
        ax.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    ax.tick_params(labelsize=FONT - 1)
    ax.yaxis.get_offset_text().set_fontsize(FONT - 1)


def _legend(figure: Figure, ax: Axes, title: str) -> None:
    handles, names = ax.get_legend_handles_labels()
    legend = figure.legend(
        handles, names, loc="outside upper center", ncols=6, fontsize=FONT - 1, frameon=False, title=title
    )
    legend.get_title().set_fontsize(FONT - 1)


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
