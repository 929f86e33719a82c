"""Figures of two-time functions: what is drawn is what the dataset holds, beside the theory it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from support import results

from wignercq.cli import commands as cli
from wignercq.errors import InputError
from wignercq.gaussian import LinearModel, effective_temperatures, spectrum
from wignercq.plotting import plot_spectra, plot_two_time
from wignercq.plotting.figures import figures

MADE = results.two_times(first="qx", second="xpq", end=30.0)
THEORY = LinearModel.from_model(results.RELAXING)


def test_each_operator_inserted_has_its_column():
    """Kills: columns exchanged, C drawn as R, a theory's line with the sign of another kick."""
    figure = plot_two_time(MADE.dataset, THEORY)
    axes = np.array(figure.axes).reshape(2, 3)
    assert [ax.get_title() for ax in axes[0]] == ["$B =$ $x$", "$B =$ $p$", "$B =$ $q$"]
    for row, name in enumerate(("connected", "response")):
        for ax, second in zip(axes[row], "xpq", strict=True):
            markers = [line for line in ax.lines if line.get_marker() in ("o", "s")]
            lines = [line for line in ax.lines if line.get_xdata(orig=False).size == 400]
            for first, drawn, line in zip("qx", markers, lines, strict=True):
                values = MADE.dataset[name].sel(first=first, second=second).values
                np.testing.assert_array_equal(drawn.get_ydata(), values)
                between = np.interp(MADE.tau[1:40], line.get_xdata(), line.get_ydata())
                assert np.abs(between - values[1:40]).max() < 3e-3 * np.abs(values).max()


def test_operators_of_other_sizes_are_drawn_in_their_own():
    """Kills: momenta of 1e-22 lost beside positions of 1e-11; a function that is zero up to rounding drawn as noise."""
    scales = {"q": 1e-11, "p": 1e-22}
    data = results.two_times("qp", "q", 6.0).dataset
    factors = np.array([scales[str(name)] for name in data["first"].values])[:, None]
    data = data.assign({name: data[name] * factors * 1e-11 for name in ("connected", "response")})
    axes = plot_two_time(data).axes
    assert axes[0].get_ylabel() == r"connected $C/\max|C|$"
    assert [np.abs(line.get_ydata()).max() for line in axes[0].lines[:2]] == [1.0, 1.0]
    expected = data["connected"].values[:, 1, 0]
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), expected / np.abs(expected).max(), rtol=1e-12)
    assert plot_two_time(MADE.dataset).axes[0].get_ylabel() == "connected $C$"


def test_spectra_lie_on_those_of_the_theory():
    """Kills: a loss of the wrong sign, a temperature of the other particle: drawn curves within 2 % of the theory's."""
    w = np.array([0.5, 1.1, 1.9])
    axes = plot_spectra(MADE.dataset, THEORY, w).axes
    noise, temperatures = spectrum(THEORY, w), effective_temperatures(THEORY, w)
    for k, (ax, i) in enumerate((axes[0], i) for i in (0, 2)):
        np.testing.assert_allclose(ax.lines[2 * k].get_ydata(), noise[:, i, i].real, rtol=0.02)
    curves = [line.get_ydata() for line in axes[1].lines if np.size(line.get_ydata()) == 3]
    for k in range(2):
        np.testing.assert_allclose(curves[2 * k], curves[2 * k + 1], rtol=0.03)
        np.testing.assert_allclose(axes[2].lines[2 * k + k * 0].get_ydata(), temperatures[:, k], rtol=0.03)
    assert len(plot_spectra(MADE.dataset).axes[2].lines[0].get_xdata()) == 400


@pytest.mark.slow
def test_the_command_draws_what_there_is(tmp_path, capsys):
    """Kills: a kind of result that the command does not know, spectra of operators that have none."""
    MADE.save(tmp_path / "some.nc")
    assert cli.main(["plot", str(tmp_path / "some.nc"), "-o", str(tmp_path / "figures")]) == 0
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["spectra.png", "two_time.png"]
    assert cli.main(["info", str(tmp_path / "some.nc")]) == 0
    assert "of the maximum of a modified W" in capsys.readouterr().out
    one_way = results.two_times(first="q", second="x", end=10.0).dataset
    assert [*figures(one_way, [])] == ["two_time"]
    assert [*figures(MADE.dataset.isel(tau=[5]), [])] == ["two_time"]
    silent = MADE.dataset.assign({name: 0 * MADE.dataset[name] for name in ("connected", "response")})
    assert [*figures(silent, [])] == ["two_time", "spectra"]
    with pytest.raises(InputError, match="second: expected formulas that are in first as well"):
        plot_spectra(one_way)
