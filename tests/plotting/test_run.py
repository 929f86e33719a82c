"""Figures: what is drawn is what the dataset holds, on the right axes, with the right colour scales."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from support import results
from support.pictures import drawn_and_given, image_of

from wignercq.errors import InputError
from wignercq.gaussian import LinearModel
from wignercq.grid.grid import NAMES
from wignercq.plotting import plot_diagnostics, plot_moments, plot_plane, plot_planes
from wignercq.plotting.style import chosen_frames


@pytest.fixture(scope="module")
def dataset():
    return results.result()


def planes_of(figure):
    return [ax for ax in figure.axes if ax.get_xlabel()]


def test_planes_show_the_chosen_frames_in_order(dataset):
    """Kills: frames exchanged, planes transposed, or the planes of one frame drawn under another time."""
    figure = plot_planes(dataset, [2, 0])
    axes = planes_of(figure)
    assert len(axes) == 8
    for row, (name, variables) in enumerate(results.PLANES.items()):
        for column, frame in enumerate((2, 0)):
            ax = axes[2 * row + column]
            assert ax.get_xlabel() == f"${variables[0]}$"
            drawn, expected = drawn_and_given(ax, dataset[name].isel(frame=frame).transpose(*variables))
            np.testing.assert_allclose(drawn, expected, atol=1e-14)
    assert [ax.get_title() for ax in axes[:2]] == ["$t = 12$", "$t = 0$"]


def test_planes_do_not_depend_on_the_order_of_dimensions(dataset):
    """Kills: a plane stored as (y, x) drawn with its axes exchanged."""
    dataset = dataset.isel(frame=[0, 2])
    turned = dataset.transpose("y", "x", "p", "q", "frame", ...)
    for ax, other in zip(planes_of(plot_planes(dataset)), planes_of(plot_planes(turned)), strict=True):
        first, second = (np.asarray(image_of(a).get_array()) for a in (ax, other))
        np.testing.assert_array_equal(first, second)


def test_colours_are_centred_for_the_wigner_plane_and_start_at_zero_for_densities(dataset):
    """Kills: a Wigner plane whose zero is not the neutral colour, or frames of a row on different scales."""
    axes = planes_of(plot_planes(dataset, [0, 1]))
    covariance = dataset["covariance"].sel(time=dataset["frame"].values[:2])
    for row, (name, pair) in enumerate(results.PLANES.items()):
        block = covariance.sel(z=list(pair), z2=list(pair)).values
        top = float((1 / (2 * np.pi * np.sqrt(np.linalg.det(block)))).max())
        for ax in axes[2 * row : 2 * row + 2]:
            low, high = image_of(ax).get_clim()
            assert high == pytest.approx(top, rel=1e-3)  # on the grid the largest is smaller by up to 2 %
            assert low == (-high if name == "wigner_xy" else 0.0)


def test_planes_are_cut_to_where_something_is(dataset):
    """Kills: limits that cut the packet off or show the empty box."""
    axes = planes_of(plot_planes(dataset))[0]
    low, high = axes.get_xlim()
    assert dataset["q"].values[0] < low < high < dataset["q"].values[-1]
    mean, spread = dataset["mean"].sel(z="q"), np.sqrt(dataset["covariance"].sel(z="q", z2="q"))
    assert low < float((mean - 3 * spread).sel(time=dataset["frame"].values).min()) < high


@pytest.mark.parametrize("index", [3, -4])
def test_frames_that_are_not_there_are_refused(dataset, index):
    """Kills: a traceback of xarray for a wrong index; a number of frames taken for an index; times guessed at."""
    told = f"the index of a frame, from 0 to 2, or from -3, got {index}"
    with pytest.raises(InputError, match=f"frames: expected {told}"):
        plot_planes(dataset, [index])
    with pytest.raises(InputError, match=f"frame: expected {told}"):
        plot_plane(dataset, frame=index)
    with pytest.raises(InputError, match=r"frames: expected a number from 1 to 3, the planes in the result, got 4"):
        plot_planes(dataset, 4)
    with pytest.raises(InputError, match=r"frames: expected how many, or a list of indices of frames, got 2\.5"):
        plot_planes(dataset, 2.5)
    with pytest.raises(InputError, match=r"times: expected times of frames, 0, 6, 12, got 5\.9"):
        plot_planes(dataset, times=[0, 5.9])
    with pytest.raises(InputError, match=r"times: expected None where frames are given, got 6"):
        plot_planes(dataset, 2, times=6)


def test_frames_are_counted_indexed_or_found_by_their_time(dataset):
    """Kills: frames=2 that is the third frame, as it is not for evolve; a time that finds another frame."""
    assert chosen_frames(dataset, 2) == [0, 2]
    assert chosen_frames(dataset, [0, -1]) == [0, -1]
    assert chosen_frames(dataset, None, [12.00001, 6]) == [2, 1]
    assert plot_plane(dataset, time=6).axes[0].get_title() == "$t = 6$"


def test_planes_are_as_smooth_as_the_exact_function(dataset):
    """Kills: a picture with the pixels of the grid; interpolation that is not that of the run; one too large a file."""
    ax = plot_plane(dataset, frame=0).axes[0]
    image = image_of(ax)
    left, right, bottom, top = image.get_extent()
    values = np.asarray(image.get_array())
    x, y = (
        low + (high - low) * (np.arange(n) + 0.5) / n
        for low, high, n in zip((left, bottom), (right, top), values.shape[::-1], strict=True)
    )
    for places, limits in ((x, ax.get_xlim()), (y, ax.get_ylim())):
        assert 200 <= ((places >= limits[0]) & (places <= limits[1])).sum() <= 420
    mean, covariance = results.MEAN[2:], np.diag(results.COVARIANCE)[2:]
    exact = np.exp(-((x - mean[0]) ** 2) / 2 / covariance[0] - (y[:, None] - mean[1]) ** 2 / 2 / covariance[1])
    exact /= 2 * np.pi * np.sqrt(covariance.prod())
    np.testing.assert_allclose(values, exact, atol=1e-5)


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}


def test_moments_are_the_dataset_and_the_theory(dataset):
    """Kills: a variable drawn under another's label, or the theory of another initial state."""
    theory = LinearModel.from_model(results.model())
    means, variances, crosses = plot_moments(dataset, theory).axes
    for i, name in enumerate(NAMES):
        np.testing.assert_array_equal(lines(means)[rf"$\langle {name} \rangle$"].get_ydata(), dataset["mean"][:, i])
        drawn = lines(variances)[rf"$\sigma_{{{name}{name}}}$"].get_ydata()
        np.testing.assert_array_equal(drawn, dataset["covariance"][:, i, i])
    drawn = lines(crosses)[r"$\sigma_{py}$"].get_ydata()
    np.testing.assert_array_equal(drawn, dataset["covariance"][:, 1, 3])
    assert len(lines(crosses)) == 6
    curves = [line for line in means.get_lines() if len(line.get_xdata()) == 400]
    assert len(curves) == 4
    for i, curve in enumerate(curves):
        at_outputs = np.interp(dataset["time"], curve.get_xdata(), curve.get_ydata())
        np.testing.assert_allclose(at_outputs, dataset["mean"][:, i], atol=1e-3)


def test_without_theory_the_markers_are_joined(dataset):
    """Kills: theory lines drawn for a model that has none."""
    for ax, count in zip(plot_moments(dataset).axes, (4, 4, 6), strict=True):
        drawn = lines(ax).values()
        assert all(line.get_linestyle() != "None" for line in drawn)
        assert len({line.get_marker() for line in drawn}) == count
        assert len(ax.get_lines()) == count + 1


def test_diagnostics_show_the_modulus_on_logarithmic_axes(dataset):
    """Kills: a negative norm error or residual that vanishes from a logarithmic axis."""
    dataset = dataset.assign(norm=1 - 1e-13 * (1 + dataset["time"]))
    axes = {ax.get_ylabel(): ax for ax in plot_diagnostics(dataset).axes}
    assert len(axes) == 8
    norm = axes[r"$|\mathrm{norm} - 1|$"]
    assert norm.get_yscale() == "log"
    np.testing.assert_allclose(norm.get_lines()[0].get_ydata(), 1e-13 * (1 + dataset["time"]), rtol=1e-2)
    low, high = norm.get_ylim()
    assert low < 1e-13 < 1.3e-12 < high
    tail = lines(axes["spectral tail"])
    np.testing.assert_array_equal(tail["$x$"].get_ydata(), dataset["spectral_tail"].sel(axis="x"))


def test_diagnostics_of_exact_zeros_stay_drawable(dataset):
    """Kills: a norm error of exactly zero that leaves a logarithmic axis without a number."""
    axes = {ax.get_ylabel(): ax for ax in plot_diagnostics(dataset.assign(norm=dataset["norm"] * 0 + 1)).axes}
    assert axes[r"$|\mathrm{norm} - 1|$"].get_yscale() == "linear"


def test_occupation_without_a_harmonic_well_has_no_panel(dataset):
    """Kills: an empty panel; another one dropped in its place; a lowest panel in a column without the time."""
    axes = {ax.get_ylabel(): ax for ax in plot_diagnostics(dataset.assign(occupation=dataset["norm"] * np.nan)).axes}
    assert len(axes) == 7
    assert not any("occupation" in label for label in axes)
    assert [label for label, ax in axes.items() if ax.get_xlabel() == "$t$"] == ["energy", "edge mass", "spectral tail"]
    figure = next(iter(axes.values())).figure
    figure.draw_without_rendering()
    boxes = [ax.get_position() for ax in axes.values()]
    right = [box.x1 for box in boxes if box.y0 < 0.1 or box.y1 > 0.9]
    assert min(right[:1] + right[2:]) > 0.95  # no hole at the top or at the bottom


def test_one_point_does_not_stretch_a_logarithmic_axis(dataset):
    """Kills: an axis down to 1e-38 for a W that at t = 0 vanishes at the edges; rounding errors drawn as results."""
    tiny = np.full((len(dataset["time"]), 4), 1e-9)
    tiny[0] = 1e-38
    residual = dataset["energy_budget_residual"] * 0 + 1e-5
    residual[1], residual[2] = 1e-25, 1e-7
    spoiled = dataset.assign(edge_mass=(("time", "axis"), tiny), energy_budget_residual=residual)
    axes = {ax.get_ylabel().replace("\n", " "): ax for ax in plot_diagnostics(spoiled, size=3.4).axes}
    low, high = axes["edge mass"].get_ylim()
    assert 1e-13 < low < 1e-11 < 1e-9 < high < 1e-7
    low, high = axes["|energy budget residual|"].get_ylim()
    assert 1e-9 < low < 1e-7 < 1e-5 < high
    next(iter(axes.values())).figure.draw_without_rendering()
    for ax in axes.values():
        assert ax.yaxis.label.get_window_extent().height <= 1.15 * ax.get_window_extent().height


@pytest.mark.parametrize("draw", [plot_planes, plot_moments, plot_diagnostics])
def test_figures_fit_two_columns_and_can_be_written(dataset, draw, tmp_path):
    """Kills: a figure wider than a page, or one that fails when rendered."""
    figure = draw(dataset)
    assert 3.0 < figure.get_size_inches()[0] <= 7.0
    figure.savefig(tmp_path / "figure.png", dpi=50)
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_only_plotting_imports_matplotlib():
    """Kills: a command line, or a result that is loaded, with matplotlib before a figure is asked for."""
    modules = "sys, wignercq.cli.commands, wignercq.sweep.loading"
    code = f"import {modules}; print(sum(name.startswith('matplotlib') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 0
