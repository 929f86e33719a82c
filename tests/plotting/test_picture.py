"""What all figures share: they show themselves, keep to the user's settings, and read well at any scale."""

from __future__ import annotations

import inspect
import io
import re

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from PIL import Image
from support import results

from wignercq.errors import InputError
from wignercq.plotting import accessors, plot_plane, plot_planes, plot_relaxation
from wignercq.plotting.picture import Picture
from wignercq.plotting.run import plot_moments
from wignercq.plotting.scales import PowerFormatter, name_axis
from wignercq.plotting.style import DASHES, MARKERS, sure
from wignercq.results.solution import Solution

RUN = Solution(results.result())
SCALES = {"q": 2e-11, "p": 3e-22, "x": 5e-12, "y": 4e-23}


def in_si() -> xr.Dataset:
    """The run in other units: lengths of 1e-11, momenta of 1e-22, times of 1e-6."""
    data, factors = RUN.dataset, np.array([*SCALES.values()])
    data = data.assign_coords({name: data[name] * scale for name, scale in SCALES.items()})
    data = data.assign_coords(time=data["time"] * 1e-6, frame=data["frame"] * 1e-6)
    planes = {name: data[name] / SCALES[a] / SCALES[b] for name, (a, b) in results.PLANES.items()}
    moments = {"mean": data["mean"] * factors, "covariance": data["covariance"] * np.outer(factors, factors)}
    return data.assign({**planes, **moments})


def test_a_figure_shows_itself_where_nothing_was_switched_on() -> None:
    """Kills: a notebook cell that shows <Figure size ...>; a picture of half the pixels that screens have."""
    figure = Picture(3.0, 2.0)
    figure.subplots().plot([0, 1])
    data, shown = figure._repr_png_()
    assert shown == {"width": 300, "height": 200}
    assert Image.open(io.BytesIO(data)).size == (600, 400)


def test_ipython_takes_the_picture() -> None:
    """Kills: a method that IPython does not ask for."""
    formatters = pytest.importorskip("IPython.core.formatters")
    found, metadata = formatters.DisplayFormatter().format(Picture(1.0, 1.0))
    assert found["image/png"][:4] == b"\x89PNG"
    assert metadata["image/png"]["width"] == 100


def test_the_user_decides() -> None:
    """Kills: our sizes of letters and of figures over those of matplotlib's settings or of `size`."""
    ours = plot_plane(RUN.dataset).axes[0]
    ours.figure.draw_without_rendering()
    assert ours.xaxis.label.get_size() == 8
    assert ours.get_xticklabels()[0].get_size() == pytest.approx(8 * 0.833)  # ticks are made when they are drawn
    with mpl.rc_context({"font.size": 13.0, "figure.figsize": (5.5, 2.0)}):
        figure = plot_planes(RUN.dataset, [0, 1])
        assert figure.axes[0].xaxis.label.get_size() == 13
        assert figure.get_figwidth() <= 5.5
        assert plot_moments(RUN.dataset).get_figwidth() == 5.5
    assert tuple(plot_moments(RUN.dataset, size=(3.4, 4.1)).get_size_inches()) == (3.4, 4.1)
    assert plot_moments(RUN.dataset, size=3.4).get_figwidth() == 3.4
    for wrong in (0, (3, 4, 5), "wide", True):
        with pytest.raises(InputError, match="size: expected a width, or width and height"):
            plot_moments(RUN.dataset, size=wrong)


@pytest.mark.slow
def test_pdf_embeds_truetype() -> None:
    """Kills: fonts of type 3, which journals refuse."""
    buffer = io.BytesIO()
    plot_plane(RUN.dataset, size=2).savefig(buffer, format="pdf")
    assert b"FontFile2" in buffer.getvalue()
    assert b"/Type3" not in buffer.getvalue()


@pytest.mark.parametrize(("top", "power"), [(5.0, 0), (0.02, 0), (2.4e-11, -12), (1.3e-34, -36), (4.2e33, 33)])
def test_ticks_are_plain_numbers_of_the_power_in_the_label(top: float, power: int) -> None:
    """Kills: 1e-34 on every tick, a power in the label that the ticks do not have, ticks rounded to the same text."""
    ax = Figure().subplots()
    ax.set_xlim(0, top)
    name_axis(ax.xaxis, "$q$")
    assert ax.get_xlabel() == ("$q$" if power == 0 else rf"$q$ ($10^{{{power}}}$)")
    ticks = ax.xaxis.get_major_locator()()
    texts = ax.xaxis.get_major_formatter().format_ticks(ticks)
    np.testing.assert_allclose([float(text) * 10.0**power for text in texts], ticks, rtol=1e-9, atol=1e-9 * top)
    assert max(map(len, texts)) <= 6
    assert PowerFormatter(0).format_ticks([-0.5, 0.0]) == ["\N{MINUS SIGN}0.5", "0.0"]


def test_two_positions_have_one_scale_and_others_fill_their_panel() -> None:
    """Kills: a circle in (q, x) drawn as an ellipse, limits that cut what is there, one scale for q and p."""
    figure = plot_planes(RUN.dataset, [2])
    figure.draw_without_rendering()
    panels = [ax for ax in figure.axes if ax.get_xlabel()]
    for ax, (name, pair) in zip(panels, results.PLANES.items(), strict=True):
        box = ax.get_window_extent()
        units = np.ptp(ax.get_xlim()) / box.width, np.ptp(ax.get_ylim()) / box.height
        assert (units[0] == pytest.approx(units[1], rel=1e-6)) == (name in ("density_qx", "density_py"))
        inside = RUN.dataset[name].isel(frame=2)
        for (low, high), z in zip((ax.get_xlim(), ax.get_ylim()), pair, strict=True):
            inside = inside.where((inside[z] >= low) & (inside[z] <= high))
        cell = np.prod([float(RUN.dataset[z][1] - RUN.dataset[z][0]) for z in pair])
        np.testing.assert_allclose(inside.sum(list(pair)) * cell, 1.0, atol=6e-3)


@pytest.mark.parametrize(("depth", "lines"), [(0.0, 0), (3e-3, 0), (1e-2, 1), (0.3, 1)])
def test_weak_negativity_gets_a_line_around_it(depth: float, lines: int) -> None:
    """Kills: a W that is negative by a percent and looks positive; lines that follow errors, those of the run too."""
    x = np.linspace(-4, 4, 60)
    hole = np.exp(-4 * ((x[:, None] - 1) ** 2 + x**2))
    W = np.exp(-((x[:, None] + 1.5) ** 2) - x**2) * (1 - hole) - depth * hole
    plane = xr.DataArray(W[None], {"frame": [0.0], "x": x, "y": x}, ("frame", "x", "y"))
    ax = plot_plane(xr.Dataset({"wigner_xy": plane})).axes[0]
    drawn = [c for c in ax.collections if isinstance(c, ContourSet) and any(len(p.vertices) for p in c.get_paths())]
    assert len(drawn) == lines
    for contour in drawn:
        around = np.concatenate([path.vertices for path in contour.get_paths()])
        assert np.hypot(around[:, 0] - 1, around[:, 1]).max() < 1.6
    rough = xr.Dataset({"wigner_xy": plane}, attrs={"tolerance": 1e-2})
    assert sure(rough) == pytest.approx(0.03)
    contours = [c for c in plot_plane(rough).axes[0].collections if isinstance(c, ContourSet)]
    assert len(contours) == (depth > 0.03)


def test_one_scale_shows_no_more_than_the_grid_holds() -> None:
    """Kills: q drawn far beyond its box so that a wide figure has one scale for q and x."""
    for wide, tall in ((7.0, 7.0), (7.0, 3.0)):
        figure = plot_planes(RUN.dataset, [1], size=(wide, tall))
        panels = [ax for ax in figure.axes if ax.get_xlabel()]
        for ax, pair in zip(panels, results.PLANES.values(), strict=True):
            for (low, high), z in zip((ax.get_xlim(), ax.get_ylim()), pair, strict=True):
                first, last = RUN.dataset[z].values[[0, -1]]
                little = 0.1001 * (last - first)
                assert first - little <= low < high <= last + little


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_colour_bars_of_panels_do_not_touch_their_neighbours(layout: str | None) -> None:
    """Kills: a colour bar whose numbers lie on the axis of the panel beside it."""
    figure = Figure(figsize=(7.0, 3.2), layout=layout)
    left, right = figure.subplots(1, 2)
    for ax, frame in ((left, 0), (right, 2)):
        RUN.plot.plane("wigner_xy", frame, ax=ax, top=0.4)
    FigureCanvasAgg(figure).draw()
    renderer = figure.canvas.get_renderer()
    assert left.get_tightbbox(renderer).x1 < right.get_tightbbox(renderer).x0
    assert right.get_tightbbox(renderer).x1 <= figure.bbox.x1
    assert left.get_window_extent().width > 0.17 * figure.bbox.width


def test_help_tells_the_arguments() -> None:
    """Kills: docstrings of `plot.` that point elsewhere; arguments told that a method does not have."""
    for kind in vars(accessors).values():
        if isinstance(kind, type) and issubclass(kind, accessors.FigureSet):
            for name in (name for name in vars(kind) if not name.startswith("_")):
                told = inspect.getdoc(getattr(kind, name)) or ""
                arguments = [*inspect.signature(getattr(kind, name)).parameters][1:]
                part = told.partition("Parameters")[2].partition("Returns")[0]
                entries = ", ".join(re.findall(r"^(\w+(?:, \w+)*) : ", part, re.M))
                assert sorted(entries.split(", ")) == sorted(arguments), (kind, name)
                assert len(told) > 300


def test_a_model_in_other_units_is_drawn_alike() -> None:
    """Kills: momenta of 1e-22 lost beside positions of 1e-11, times of 1e-6 all labelled 0.000."""
    plain, scaled = plot_moments(RUN.dataset), plot_moments(in_si())
    for ax, other in zip(plain.axes, scaled.axes, strict=True):
        for line, same in zip(ax.get_lines(), other.get_lines(), strict=False):
            values, others = line.get_ydata(), same.get_ydata()
            if np.size(values) > 2:
                assert 0.01 < np.abs(others).max() < 100
                np.testing.assert_allclose(others / np.abs(others).max(), values / np.abs(values).max(), rtol=1e-9)
    assert r"$\langle p \rangle$ ($10^{-22}$)" in [text.get_text() for text in scaled.axes[0].get_legend().get_texts()]
    assert scaled.axes[2].get_xlabel() == "$t$ ($10^{-6}$)"
    figure = plot_planes(in_si(), [1])
    assert figure.axes[0].get_title() == r"$t = 6 \times 10^{-6}$"
    written = [f"${name}$ ($10^{{{power}}}$)" for name, power in (("q", -12), ("x", -12), ("q", -12), ("p", -21))]
    assert [ax.get_xlabel() for ax in figure.axes[:4]] == written


def test_lines_are_apart_in_grey_too() -> None:
    """Kills: six covariances that only colours tell apart."""
    assert len(set(DASHES)) == len(set(MARKERS)) == 6
    lines = [line for line in plot_moments(RUN.dataset).axes[2].get_lines() if np.size(line.get_ydata()) > 2]
    assert len({line.get_marker() for line in lines}) == 6


def test_a_panel_is_drawn_on_axes_of_the_user() -> None:
    """Kills: a figure of our own in place of the user's, or its settings changed for ours."""
    mine = Figure()
    left, right = mine.subplots(1, 2)
    assert plot_plane(RUN.dataset, "density_qp", 1, ax=left, top=0.7) is left
    assert left.images[0].get_clim() == (0.0, 0.7)
    with pytest.raises(InputError, match="top: expected a positive number, got 0"):
        plot_plane(RUN.dataset, top=0)
    assert results.steady().plot.relaxation(ax=right) is right
    assert left.get_xlabel() == "$q$"
    assert left.xaxis.label.get_size() == mpl.rcParams["font.size"]
    assert results.breakdown().plot.errors("W", ax=mine.add_subplot()).get_ylabel() == "error of $W$"
    with pytest.raises(InputError, match="ax: expected None, or one observable"):
        results.breakdown().plot.errors(["W", "mean_x"], ax=left)
    with pytest.raises(InputError, match="plane: expected one of density_qp, wigner_xy"):
        plot_plane(RUN.dataset, "xy")
    assert isinstance(plot_relaxation(results.steady().dataset), Picture)


def test_results_know_their_figures() -> None:
    """Kills: an attribute `plot` of another kind of result, a theory that is not passed on."""
    assert repr(RUN.plot).startswith("figures of a Solution: animate(), diagnostics(), moments()")
    moments = RUN.plot.moments(theory=results.model())
    assert sum(np.size(line.get_xdata()) == 400 for ax in moments.axes for line in ax.get_lines()) == 14
    assert results.sweep().plot.map("W").axes[0].get_title() == "Fokker-Planck"
    assert results.steady_sweep().plot.numbers("gap").axes[0].get_ylabel() == r"slowest decay rate $\Gamma_1$"
