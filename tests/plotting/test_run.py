"""Figures: what is drawn is what the dataset holds, on the right axes, with the right colour scales."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from support import results

from wignercq.errors import InputError
from wignercq.gaussian import LinearModel
from wignercq.grid.grid import NAMES
from wignercq.plotting import plot_diagnostics, plot_moments, plot_planes

PLANES = ("density_qp", "wigner_xy", "density_qx", "density_py")


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
            drawn = np.asarray(ax.collections[0].get_array())
            expected = dataset[name].isel(frame=frame).transpose(*variables).values.T
            np.testing.assert_array_equal(drawn.reshape(expected.shape), expected)
    assert [ax.get_title() for ax in axes[:2]] == ["$t = 12$", "$t = 0$"]


def test_planes_do_not_depend_on_the_order_of_dimensions(dataset):
    """Kills: a plane stored as (y, x) drawn with its axes exchanged."""
    turned = dataset.transpose("y", "x", "p", "q", "frame", ...)
    for ax, other in zip(planes_of(plot_planes(dataset)), planes_of(plot_planes(turned)), strict=True):
        first, second = (np.asarray(a.collections[0].get_array()) for a in (ax, other))
        np.testing.assert_array_equal(first, second)


def test_colours_are_centred_for_the_wigner_plane_and_start_at_zero_for_densities(dataset):
    """Kills: a Wigner plane whose zero is not the neutral colour, or frames of a row on different scales."""
    axes = planes_of(plot_planes(dataset, [0, 1]))
    for row, name in enumerate(PLANES):
        top = float(np.abs(dataset[name].isel(frame=[0, 1])).max())
        for ax in axes[2 * row : 2 * row + 2]:
            low, high = ax.collections[0].get_clim()
            assert high == pytest.approx(top, rel=1e-12)
            assert low == (-high if name == "wigner_xy" else 0.0)


def test_planes_are_cut_to_where_something_is(dataset):
    """Kills: limits that cut the packet off or show the empty box."""
    axes = planes_of(plot_planes(dataset))[0]
    low, high = axes.get_xlim()
    assert dataset["q"].values[0] < low < high < dataset["q"].values[-1]
    mean, spread = dataset["mean"].sel(z="q"), np.sqrt(dataset["covariance"].sel(z="q", z2="q"))
    assert low < float((mean - 3 * spread).sel(time=dataset["frame"].values).min()) < high


@pytest.mark.parametrize("frame", [3, -4])
def test_frames_that_are_not_there_are_refused(dataset, frame):
    """Kills: a traceback of xarray for a wrong frame number."""
    with pytest.raises(InputError, match=f"frames: expected numbers from 0 to 2, got {frame}"):
        plot_planes(dataset, frame)


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
    assert [label for label, ax in axes.items() if ax.get_xlabel() == "$t$"] == ["edge mass", "spectral tail"]


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
