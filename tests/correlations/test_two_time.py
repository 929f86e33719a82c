"""What is made of two-time functions, against the closed forms of the Gaussian theory in frequency."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support import results

import wignercq
from wignercq.correlations import TwoTime
from wignercq.errors import InputError
from wignercq.gaussian import LinearModel, effective_temperatures, fdr_violation, spectrum, susceptibility

THEORY = LinearModel.from_model(results.RELAXING)
W = np.array([-1.3, -0.2, 0.0, 0.4, 0.9, 1.7, 3.1])
POSITIVE = W[W > 0]


@pytest.fixture(scope="module")
def made() -> TwoTime:
    return results.two_times()


def test_spectra_are_those_of_the_theory_cross_spectra_among_them(made):
    """Kills: C(-tau) taken from the same pair in place of the exchanged one, a sign of i w, half of an integral.

    To 1e-7 of the largest, without a window; C has fallen by e**-23 at the end.
    """
    found, expected = made.spectrum(W, "none")["spectrum"].values, spectrum(THEORY, W)
    assert np.abs(found - expected).max() < 1e-7 * np.abs(expected).max()
    assert np.abs(expected[:, 0, 2].imag).max() > 0.05 * np.abs(expected[:, 0, 2].real).max()


def test_susceptibilities_are_those_of_the_theory(made):
    """Kills: a transform of C in place of R, a sign of a kick: columns p, -q, y, -x of (A + i w)**-1, to 1e-7."""
    found, expected = made.susceptibility(W, "none")["susceptibility"].values, susceptibility(THEORY, W)
    for j, (kicked, sign) in enumerate(results.KICKS.values()):
        difference = np.abs(found[:, :, j] - sign * expected[:, :, kicked]).max()
        assert difference < 1e-7 * np.abs(expected).max()


def test_temperatures_and_violations_are_those_of_the_theory(made):
    """Kills: a factor 2 or hbar in k_B T(w), the quantum relation for the classical particle; to 1e-5."""
    temperature = made.effective_temperature(POSITIVE)["temperature"]
    expected = effective_temperatures(THEORY, POSITIVE)
    for k, name in enumerate("qx"):
        np.testing.assert_allclose(temperature.sel(observable=name), expected[:, k], rtol=1e-4)
    violation = made.fdr_violation(POSITIVE, 0.6)
    quantum = fdr_violation(THEORY, POSITIVE, hbar=results.RELAXING.hbar, temperature=0.6)
    np.testing.assert_allclose(violation.sel(observable="x"), quantum, atol=1e-4)
    np.testing.assert_allclose(violation.sel(observable="q"), expected[:, 0] / 0.6 - 1, rtol=1e-3)


@pytest.mark.parametrize("window", ["tukey", "hann", "none"])
def test_the_truncation_error_is_an_error(window):
    """Kills: an estimate that says nothing: within 8 times of the true error, both ways."""
    short = results.two_times(end=12.0)
    found, expected = short.spectrum(W, window), spectrum(THEORY, W)
    true, said = np.abs(found["spectrum"].values - expected).max(), float(found["truncation_error"].max())
    assert said / 8 < true < 8 * said
    assert float(short.remaining.sel(first="x", second="x")) == pytest.approx(np.exp(-0.294 * 11), rel=0.8)


def test_products_in_their_order_have_the_commutator(made):
    """Kills: hbar/2 or its sign: <x y> - <y x> = i hbar at tau = 0, and none for a classical operator."""
    ordinary = made.ordinary.isel(tau=0)
    x_y, y_x = (complex(ordinary.sel(first=a, second=b)) for a, b in ("xy", "yx"))
    assert x_y - y_x == pytest.approx(1j * results.RELAXING.hbar, abs=1e-12)
    assert (made.ordinary.sel(second=["q", "p"]).values.imag == 0).all()
    dataset = made.dataset.assign(kind=("second", ["classical", "mixed", "quantum", "quantum"]))
    with pytest.raises(InputError, match=r"second: expected operators of one particle alone, .* got 'p'"):
        _ = TwoTime(dataset).ordinary


def test_only_pairs_that_have_both_orders_have_spectra():
    """Kills: a spectrum of (x, q) from C_xq alone, shown as if it were whole."""
    part = results.two_times(first="qx", second="xy")
    assert part.spectrum(W)["spectrum"].dims == ("frequency", "first", "second")
    assert part.spectrum(W)["first"].values.tolist() == part.spectrum(W)["second"].values.tolist() == ["x"]
    np.testing.assert_allclose(
        part.spectrum(W, "none")["spectrum"].values[:, 0, 0], spectrum(THEORY, W)[:, 2, 2].real, atol=1e-7
    )
    with pytest.raises(InputError, match="second: expected formulas that are in first as well: q, got x, y"):
        results.two_times(first="q", second="xy").spectrum(W)


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (
            lambda r: r.spectrum(40.0),
            "frequencies: expected numbers up to pi over the spacing of the times, 31.4159",
        ),
        (lambda r: r.spectrum([[1.0]]), "frequencies: expected finite numbers in a row"),
        (lambda r: r.spectrum(np.nan), "frequencies: expected finite numbers in a row"),
        (lambda r: r.spectrum(1.0, "box"), "window: expected 'none' or 'hann' or 'tukey', got 'box'"),
        (lambda r: r.effective_temperature([1.0, 0.0]), "frequencies: expected frequencies other than 0"),
        (lambda r: r.fdr_violation(1.0, -1.0), "temperature: expected a positive energy, got -1.0"),
    ],
)
def test_what_cannot_be_transformed_is_refused_in_one_line(made, ask, line):
    """Kills: numbers without a meaning, tracebacks of NumPy."""
    with pytest.raises(InputError, match=re.escape(line)):
        ask(made)


def test_a_state_that_moves_has_no_spectrum(made):
    """Kills: C(-tau) = C(tau) of a state that is not stationary; a susceptibility refused for that."""
    moved = TwoTime(made.dataset.assign(state_change=made.dataset["state_change"] * 1e5))
    with pytest.raises(InputError, match=r"state: expected a stationary state, .* got one that changes by 0\.8"):
        moved.spectrum(W)
    assert moved.susceptibility(W)["susceptibility"].shape == (7, 4, 4)
    late = TwoTime(made.dataset.isel(tau=slice(1, None)))
    with pytest.raises(InputError, match="times: expected at least 4 that begin at 0"):
        late.susceptibility(W)


def test_the_summary_holds_what_matters(made):
    """Kills: a summary without the errors, or with what is left of a pair that was never correlated."""
    text = made.summary()
    assert "3.0e-07 of the maximum of a modified W" in text
    assert "8.0e-06 of its maximum" in text
    dataset = made.dataset.copy(deep=True)
    dataset["connected"].loc[{"first": "q", "second": "p"}] = 1e-17
    assert TwoTime(dataset).summary() == text


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda d: d.drop_vars("response"), "expected numbers response over (tau, first, second)"),
        (lambda d: d.assign(kind=("second", ["x", "quantum", "mixed", "mixed"])), "as kind, got others"),
        (lambda d: d.assign_coords(tau=d.tau.values[::-1].copy()), "increasing numbers as coordinate tau"),
        (lambda d: d.assign_attrs(model="a\x1b[2Jb"), "a printable attribute model"),
        (lambda d: d.assign_attrs(hbar="much"), "a number as attribute hbar"),
        (lambda d: d.assign_coords(first=["q", "\x1b[2J", "x", "y"]), "printable texts first over (first)"),
        (lambda d: d.assign_coords(second=["q", "q", "x", "y"]), "names that differ as coordinate second"),
        (lambda d: d.isel(axis=[1, 0, 2, 3]), "the names q, p, x, y as coordinate axis"),
        (lambda d: d.drop_vars("kind"), "printable texts kind over (second)"),
    ],
)
def test_files_of_strangers_are_checked(made, spoil, line, tmp_path):
    """Kills: a file that ends in a traceback when it is shown, or that talks to the terminal."""
    TwoTime(spoil(made.dataset)).save(tmp_path / "some.nc")
    with pytest.raises(InputError, match=re.escape(line)) as error:
        wignercq.load(tmp_path / "some.nc")
    assert "\n" not in str(error.value)
