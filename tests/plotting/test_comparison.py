"""Figures of comparisons and sweeps: what is drawn is what the dataset holds, in colours centred on zero."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from support import results
from support.pictures import drawn_and_given, image_of

from wignercq.comparison import OBSERVABLES, Breakdown
from wignercq.errors import InputError
from wignercq.plotting import animate, labels, plot_errors, plot_map, plot_theories

DATA = results.breakdown().dataset
SHOWN = ["exact", "fokker_planck", "closure", "linearised"]  # the first order is the exact equation


def meshes(figure: Figure) -> list[tuple[Axes, tuple[float, float]]]:
    """Panels with a plane, and the limits of its colours."""
    return [(ax, image_of(ax).get_clim()) for ax in figure.axes if ax.images]


def test_theories_stand_beside_the_exact_one_with_their_differences() -> None:
    """Kills: planes transposed or under another theory's title, differences of the wrong sign, scales not centred."""
    figure = plot_theories(DATA, [2, 1])
    drawn = meshes(figure)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["exact", "Fokker-Planck", "Gaussian closure", "linearised"]
    assert len(drawn) == 2 * (4 + 3)
    for block, frame in enumerate((2, 1)):
        W = DATA["wigner_xy"].isel(frame=frame).sel(theory=SHOWN).transpose("theory", "x", "y")
        top = float(np.abs(DATA["wigner_xy"].isel(frame=[1, 2])).max())
        for (ax, limits), plane in zip(drawn[7 * block : 7 * block + 4], W, strict=True):
            np.testing.assert_allclose(*drawn_and_given(ax, plane), atol=1e-14)
            assert limits[0] == -limits[1]
            assert top <= limits[1] < 1.1 * top  # the largest value may lie between the points of the grid
        differences = W[1:] - W[0]
        top = float(np.abs(differences).max())
        for (ax, limits), plane in zip(drawn[7 * block + 4 : 7 * block + 7], differences, strict=True):
            np.testing.assert_allclose(*drawn_and_given(ax, plane), atol=1e-14)
            assert limits[0] == -limits[1]
            assert top <= limits[1] < 1.1 * top
    with pytest.raises(InputError, match="frames: expected the index of a frame, from 0 to 2, or from -3, got 3"):
        plot_theories(DATA, [3])
    with pytest.raises(InputError, match=r"times: expected times of frames, 0, 0\.24, 0\.6, got 0\.5"):
        plot_theories(DATA, times=0.5)


def test_a_theory_that_the_grid_lost_is_said_to_have_no_result() -> None:
    """Kills: empty panels, which look like a W that vanishes."""
    lost = DATA["wigner_xy"].where((DATA["theory"] != "fokker_planck") | (DATA["frame"] < 0.5))
    figure = plot_theories(DATA.assign(wigner_xy=lost), [1, 2])
    empty = [ax for ax in figure.axes if "no result" in [text.get_text() for text in ax.texts]]
    panels = [ax for ax, *_ in meshes(figure)]
    assert [panels.index(ax) for ax in empty] == [8, 11]  # W and difference, of the second frame alone


def test_by_default_the_last_frame_is_among_those_drawn() -> None:
    """Kills: a figure of a comparison that leaves out its end."""
    written = "".join(ax.get_ylabel() for ax in plot_theories(DATA).axes)
    assert re.findall(r"t = ([0-9.]+)", written) == ["0.24", "0.6"]


def test_errors_are_drawn_with_their_breakdown_times() -> None:
    """Kills: lines of another theory or observable, a triangle at another time, or a line for a theory without one."""
    chosen = ["cov_xx", "W", "mean_p"]
    figure = plot_errors(DATA, chosen)
    assert len(figure.axes) == 3
    for ax, name in zip(figure.axes, chosen, strict=True):
        lines = {line.get_label(): line for line in ax.get_lines()}
        marks = [line for line in ax.get_lines() if line.get_marker() == "v"]
        assert {"Fokker-Planck", "Gaussian closure", "linearised", "threshold"} <= set(lines)
        assert r"order $\hbar^2$" not in lines
        errors = DATA["error"].sel(theory="closure", observable=name)
        np.testing.assert_array_equal(lines["Gaussian closure"].get_ydata(), errors)
        times = DATA["breakdown_time"].sel(theory=SHOWN[1:], observable=name).values
        assert sorted(float(mark.get_xdata()[0]) for mark in marks) == sorted(times[np.isfinite(times)])
        assert all(mark.get_ydata()[0] == 0.01 for mark in marks)
        early = {float(mark.get_xdata()[0]) for mark in marks if mark.get_markerfacecolor() == "white"}
        assert early == {t for t in times if t < float(DATA["time"][1])}  # extrapolated
        assert ax.get_yscale() == "log"
        assert ax.get_ylim()[0] < 1e-5 < errors.max() < ax.get_ylim()[1]


def test_trajectories_have_bars_and_their_noise() -> None:
    """Kills: bars of another length or theory, ones down to nothing, noise that hides the numerical error."""
    data = results.with_trajectories().dataset
    (ax,) = plot_errors(data, ["cov_xx"]).axes
    bars = [c for c in ax.containers if isinstance(c, ErrorbarContainer)]
    assert [c.lines[0].get_color() for c in bars] == [labels.COLOURS[name] for name in ("trajectories", "mean_field")]
    for bar, first in zip(bars, (0.004, 0.104), strict=True):
        values = first * np.arange(1, 7)
        down = np.where(values > 0.01, 0.01, 0.0)
        ends = np.array([segment[:, 1] for segment in bar.lines[2][0].get_segments()])
        np.testing.assert_allclose(ends, np.stack([values - down, values + 0.01], axis=1))
    (noise,) = (line for line in ax.get_lines() if line.get_linestyle() == ":" and line.get_color() == "0.6")
    np.testing.assert_allclose(noise.get_ydata(), 0.002 + 5 * 0.01)
    areas = {area.get_label(): area.get_paths()[0].vertices[:, 1].max() for area in ax.collections if area.get_label()}
    assert areas["numerical error"] < 1e-4 < areas["noise of trajectories"]
    texts = plot_theories(data, [1], size=3.4).axes[0].figure.findobj(Text)
    assert sum(text.get_rotation() == 50 for text in texts) == 6


def test_every_observable_has_a_symbol() -> None:
    """Kills: an observable that a report can ask for and a figure cannot label."""
    assert len({labels.observable(name) for name in OBSERVABLES}) == len(OBSERVABLES)


def test_maps_show_times_never_and_failed_points() -> None:
    """Kills: axes exchanged, a failed point coloured, a point that never breaks down coloured or crossed out."""
    data = results.sweep().dataset
    figure = plot_map(data, ["W", "cov_xx"])
    panels = [ax for ax in figure.axes if ax.collections and ax.get_label() != "<colorbar>"]
    assert len(panels) == 6
    for ax, (observable, theory) in zip(panels, [(o, t) for o in ("W", "cov_xx") for t in SHOWN[1:]], strict=True):
        drawn = ax.collections[0].get_array()
        expected = data["breakdown_time"].sel(theory=theory, observable=observable).transpose("temperature", "g").values
        np.testing.assert_array_equal(np.ma.filled(drawn, np.nan), expected)
        assert np.isnan(expected[:2, 0]).all()
        crosses = [line.get_xydata() for line in ax.get_lines() if line.get_marker() == "x"]
        np.testing.assert_allclose(crosses, [[[0.1, 1.0]]])
        assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
        assert ax.get_xlim() == pytest.approx((0.0, 0.4))
    assert [ax.get_title() for ax in panels[:3]] == ["Fokker-Planck", "Gaussian closure", "linearised"]
    assert panels[-1].get_xlabel() == "$g$"


def test_contours_need_three_values_along_both_axes() -> None:
    """Kills: contours between two values, which are made up, or maps without any."""
    for count, drawn in ((2, False), (3, True)):
        data = results.sweep(f"g = {[0.1, 0.3, 0.4][:count]}\nhbar = [0.3, 0.4, 0.5]").dataset
        data["breakdown_time"][...] = np.linspace(0.1, 0.6, count)[:, None, None, None]
        data["failure"][...] = ""
        panels = [ax for ax in plot_map(data, ["W"]).axes if ax.get_title()]
        assert len(panels) == 3
        assert all(any(isinstance(c, ContourSet) for c in ax.collections) == drawn for ax in panels)
        assert list(panels[0].get_xticks()) == [0.1, 0.3, 0.4][:count]


def test_extrapolated_times_are_marked_everywhere() -> None:
    """Kills: a time from before the first output that is given as if it had been seen, in a figure or in text."""
    data = DATA.copy(deep=True)
    data["breakdown_time"].loc["closure", "W"] = 0.05
    data["breakdown_time"].loc["closure", "mean_p"] = 0.0  # already there at the start
    result = Breakdown(data)
    assert result.first_output == pytest.approx(0.12)
    assert "mean_p at 0, W at ~0.05" in result.summary()
    assert "extrapolated, before the first output at 0.12" in result.summary()
    (ax,) = result.plot.errors("W").axes
    assert [m.get_xdata()[0] for m in ax.lines if m.get_marker() == "v" and m.get_markerfacecolor() == "white"] == [
        0.05
    ]
    swept = results.sweep("hbar = [0.3, 0.5, 0.6, 0.7]")
    assert swept.dataset.attrs["first_output"] == pytest.approx(0.12)
    swept.dataset["breakdown_time"].loc[{"hbar": 0.6, "theory": "closure", "observable": "W"}] = 0.05
    (ax,) = swept.plot.map("W").axes
    open_ones = [line for line in ax.lines if line.get_markerfacecolor() == "white" and line.get_marker() == "s"]
    assert [list(line.get_xdata()) for line in open_ones] == [[0.6]]
    (without,) = results.breakdown(broken=False).plot.errors("W").axes
    assert not [m for m in without.lines if m.get_marker() == "v"]


def test_curves_over_one_number() -> None:
    """Kills: a theory that never breaks down drawn at a time, or a failed point taken for one that holds."""
    data = results.sweep("hbar = [0.3, 0.5, 0.6, 0.7]").dataset
    figure = plot_map(data, ["W"])
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.get_lines()}
    times = data["breakdown_time"].sel(theory="linearised", observable="W")
    np.testing.assert_array_equal(lines["linearised"].get_ydata(), times)
    never = [line for line in ax.get_lines() if line.get_marker() == "^"]
    expected = data["breakdown_time"].sel(theory=SHOWN[1:], observable="W").isnull() & (data["failure"] == "")
    for line, unbroken in zip(never, expected.transpose("theory", "hbar").values, strict=True):
        assert list(line.get_xdata()) == list(data["hbar"].values[unbroken])
        assert line.get_xdata()[0] == 0.3
    assert all((line.get_ydata() > 0.6).all() for line in never)
    (crosses,) = (line for line in ax.get_lines() if line.get_marker() == "x")
    assert list(crosses.get_xdata()) == [0.5]
    assert ax.get_xlabel() == r"$\hbar$"


@pytest.mark.slow
def test_animations_move_and_stay_in_colour(tmp_path: Path) -> None:
    """Kills: frames that are all the same picture, fewer of them than the result has, colours that a palette lost."""
    path = animate(DATA, tmp_path)
    assert path.name in ("planes.gif", "planes.mp4")
    if path.suffix == ".gif":
        with Image.open(path) as movie:
            assert movie.n_frames == 3
            pictures = []
            for k in range(3):
                movie.seek(k)
                pictures.append(np.asarray(movie.convert("RGB"), int))
        ends = [np.array(colormaps["RdBu_r"](value)[:3]) * 255 for value in (0.02, 0.98)]  # deep blue, deep red
        assert all(np.abs(pictures[0] - end).max(axis=2).min() < 6 for end in ends)  # in the colour bar
        assert all(np.abs(a - b).max() > 50 for a, b in itertools.pairwise(pictures))
    with pytest.raises(InputError, match="frames: expected at least 2 to animate, got 1"):
        animate(DATA.isel(frame=[0]), tmp_path)
