"""Figures of steady states: what is drawn is what the dataset holds, beside the theory it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from support import results
from support.pictures import drawn_and_given, image_of

from wignercq.errors import InputError
from wignercq.gaussian import LinearModel
from wignercq.grid.grid import NAMES
from wignercq.plotting import plot_relaxation, plot_steady_planes, plot_steady_sweep
from wignercq.plotting.figures import figures
from wignercq.steady.result import KIND

THEORY = LinearModel.from_model(results.RELAXING)


def steady() -> xr.Dataset:
    """A result with one time, with modes of which the third cannot be believed."""
    dataset = results.result(outputs=1, frames=1).isel(time=[0])
    dataset["decay_rate"] = (("mode",), np.array([0.294, 0.33, 0.4, 0.59]))
    dataset["mode_frequency"] = (("mode",), np.array([1.01, 1.70, 2.9, 0.0]))
    dataset["mode_residual"] = (("mode",), np.array([1e-3, 2e-2, 0.9, 3e-3]))
    return dataset.assign_attrs(kind=KIND, gap=0.294)


def sweep(temperatures: np.ndarray, couplings: tuple[float, ...] = (0.2, 0.5)) -> xr.Dataset:
    """Numbers that all differ, over two swept numbers."""
    T, lam = np.array(temperatures)[:, None], np.array(couplings)
    pair = np.arange(16).reshape(4, 4) + 1.0
    return xr.Dataset(
        {
            "occupation": (("temperature", "lam"), T + lam / T),
            "gap": (("temperature", "lam"), 0.1 * lam + 0 * T),
            "mean": (("temperature", "lam", "z"), (T * lam)[..., None] * pair[0]),
            "covariance": (("temperature", "lam", "z", "z2"), (T * lam)[..., None, None] * pair),
            "failure": (("temperature", "lam"), np.full((T.size, lam.size), "", dtype=object)),
        },
        {
            "temperature": ("temperature", T.ravel(), {"log": 1}),
            "lam": ("lam", lam, {"log": 0}),
            "z": list(NAMES),
            "z2": list(NAMES),
        },
    )


def labelled(ax) -> dict:
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_planes_are_those_of_the_steady_state_and_ellipses_those_of_the_theory():
    """Kills: a plane transposed or moved by its refinement, a Wigner plane whose zero is not neutral, the ellipse of
    another pair, a title that tells a time."""
    dataset = steady()
    figure = plot_steady_planes(dataset, THEORY)
    axes = [ax for ax in figure.axes if ax.get_xlabel()]
    assert "steady state" in figure.get_suptitle()
    assert not any("t =" in ax.get_title() for ax in axes)
    for ax, (name, pair) in zip(axes, results.PLANES.items(), strict=True):
        assert (ax.get_xlabel(), ax.get_ylabel()) == tuple(f"${z}$" for z in pair)
        plane = dataset[name].isel(frame=0).transpose(*pair)
        np.testing.assert_allclose(*drawn_and_given(ax, plane), atol=1e-14)
        low, high = image_of(ax).get_clim()
        assert low == (-high if name == "wigner_xy" else 0.0)
        assert high >= float(plane.max())
        pick = [NAMES.index(z) for z in pair]
        covariance = THEORY.steady_covariance()[np.ix_(pick, pick)]
        (curve,) = ax.lines
        z = np.array(curve.get_data()) - THEORY.fixed_point[pick, None]
        np.testing.assert_allclose((z * np.linalg.solve(covariance, z)).sum(axis=0), 4.0, rtol=1e-12)
    assert not plot_steady_planes(dataset).axes[0].lines


def test_modes_lie_where_the_dataset_says_and_doubtful_ones_apart():
    """Kills: axes exchanged, a doubtful mode drawn like the others, a gap that is not the slowest rate, a theory that
    is linearised named as if it were exact."""
    dataset = steady()
    (ax,) = plot_relaxation(dataset, THEORY).axes
    lines = labelled(ax)
    sure, doubtful, sums, gap = (
        next(line for label, line in lines.items() if label.startswith(start))
        for start in ("modes", "residual above", "sums", "gap $\\Gamma_1 = 0.294$\n$1/\\Gamma_1 = 3.401$")
    )
    np.testing.assert_array_equal(np.array(sure.get_data()), [[0.294, 0.33, 0.59], [1.01, 1.70, 0.0]])
    np.testing.assert_array_equal(np.array(doubtful.get_data()), [[0.4], [2.9]])
    assert doubtful.get_alpha() < 0.5
    assert set(gap.get_xdata()) == {0.294}
    drawn = np.array(sums.get_data())
    assert drawn[0].max() <= 1.25 * 0.59
    for n in (1, 2):  # the slowest eigenvalue and its double
        mu = n * THEORY.eigenvalues[0]
        assert np.abs(drawn - np.array([[mu.real], [abs(mu.imag)]])).max(axis=0).min() < 1e-12
    bars = [segment for bar in ax.collections for segment in bar.get_segments() if len(segment) == 2]
    lengths = sorted({round(float(np.ptp(s)), 9) for bar in bars for s in bar.T if np.ptp(s) and np.ptp(s) < 0.1})
    assert lengths == [0.002, 0.006, 0.04]
    linear = LinearModel(THEORY.drift, THEORY.diffusion, point=(0.0, 0.0))
    assert any(label.endswith("linearised") for label in labelled(plot_relaxation(dataset, linear).axes[0]))
    assert not any(label.startswith("sums") for label in labelled(plot_relaxation(dataset).axes[0]))


def test_a_sweep_is_drawn_against_its_number():
    """Kills: curves of one coupling under the label of another, z and z2 exchanged, lines of the theory on the swept
    values of the result, a failed point without a mark."""
    few, fine = np.array([0.1, 0.3, 1.0]), np.geomspace(0.1, 1.0, 30)
    dataset = sweep(few)
    dataset["occupation"][1, 0], dataset["failure"][1, 0] = np.nan, "why not"
    figure = plot_steady_sweep(dataset, ["occupation", "cov_xp", "mean_y"], sweep(fine))
    for ax, name in zip(figure.axes, ("occupation", "cov_xp", "mean_y"), strict=True):
        lines = labelled(ax)
        theory = [line for line in ax.lines if line.get_xdata().size == fine.size]
        for lam, line in zip((0.2, 0.5), theory, strict=True):
            T, drawn = lines[rf"$\lambda = {lam:g}$"].get_data()
            factor = {"cov_xp": 10.0, "mean_y": 4.0}.get(name)
            for x, y in ((T, drawn), line.get_data()):
                np.testing.assert_allclose(y, x + lam / x if factor is None else factor * lam * x, rtol=1e-13)
        assert lines["$\\lambda = 0.2$"].get_xdata().tolist() == ([0.1, 1.0] if name == "occupation" else few.tolist())
        assert lines["not found"].get_xdata().tolist() == [0.3]
        assert ax.get_xscale() == "log"
    one = plot_steady_sweep(dataset.isel(lam=1))
    assert [ax.get_ylabel() for ax in one.axes] == ["occupation $n$", r"slowest decay rate $\Gamma_1$"]
    for wrong, told in (("heat", "expected some of .*occupation"), ("failures", "got 'failures'; did you mean")):
        with pytest.raises(InputError, match=f"quantities: .*{told}"):
            plot_steady_sweep(dataset, [wrong])
    with pytest.raises(InputError, match="one or two swept numbers"):
        plot_steady_sweep(dataset.isel(lam=0, temperature=0), ["gap"])
    with pytest.raises(InputError, match="numbers of steady states"):
        plot_steady_sweep(dataset[["failure"]])


def test_steady_states_have_figures_of_their_own():
    """Kills: a steady state drawn as a run of one moment, planes of a dataset without any, a sweep taken for a map."""
    assert [*figures(steady(), [], THEORY)] == ["planes", "relaxation"]
    assert [*figures(steady().isel(frame=[]), [])] == ["relaxation"]
    assert [*figures(sweep(np.array([0.1, 1.0])), [])] == ["numbers"]
    assert [*figures(results.sweep().dataset, ["W"])] == ["map"]
