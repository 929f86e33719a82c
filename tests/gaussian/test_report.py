"""The report of everything, for any model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.parameters import ANHARMONIC, hybrid

from wignercq.errors import ModelError
from wignercq.gaussian import LinearModel, format_report, hybrid_covariance, theory_report
from wignercq.model.model import Model


def test_numbers_of_the_paper_model() -> None:
    """Kills an entry under the wrong name: each against its closed form, evaluated by hand here."""
    report = theory_report(hybrid())
    assert report["theory"] == {
        "exact": True,
        "linearised_about": None,
        "note": "every potential is at most quadratic: exact",
    }
    steady, D_y = report["steady_state"], 0.36 * 0.36 * 0.5
    np.testing.assert_allclose(steady["covariance"], hybrid_covariance(hybrid()), rtol=1e-12, atol=1e-14)
    assert steady["entropy_production"] == pytest.approx(0.4 * D_y / (0.7 * 0.5), rel=1e-12)
    assert report["parameters"]["bath_temperature"] == pytest.approx(0.625, rel=1e-15)
    assert report["parameters"]["trade_off"] == pytest.approx(1, rel=1e-15)
    assert report["dynamics"]["heating_quantum"] == pytest.approx(D_y / 1.4, rel=1e-14)
    assert report["dynamics"]["gap"] == pytest.approx(min(re for re, _ in report["dynamics"]["eigenvalues"]), rel=1e-15)
    energy = steady["energy"]
    assert energy["total"] == pytest.approx(energy["classical"] + energy["quantum"] + energy["interaction"], rel=1e-14)
    assert steady["occupation"] == pytest.approx(energy["quantum"] / (0.6 * np.sqrt(0.8 / 0.7)) - 0.5, rel=1e-12)
    assert steady["purity"] * steady["uncertainty_product"] == pytest.approx(0.3, rel=1e-12)
    assert report["sensitivity"]["friction"][1] == pytest.approx(-hybrid_covariance(hybrid())[1, 1] / 0.4, rel=1e-12)


CASES = {
    "hybrid": hybrid(),
    "uncoupled": hybrid(lam=0.0),
    "undamped": hybrid(friction=0.0),
    "open": hybrid(k_C=-3.0),
    "free quantum particle": hybrid(k_Q=0.0),
    "unphysical": hybrid(decoherence=0.1, allow_unphysical=True),
    "quiet": hybrid(diffusion=0.0, decoherence=1.0, allow_unphysical=True),
    "noiseless": hybrid(diffusion=0.0, decoherence=0.0, allow_unphysical=True),
    "critically damped": Model.oscillators(friction=2.0),
    "anharmonic": ANHARMONIC,
}


@pytest.mark.parametrize("name", list(CASES))
def test_report_is_json_and_text_for_any_model(name: str) -> None:
    """Kills an array, a complex number, a nan or an infinity in the report, and a crash where a number does not exist:
    the JSON comes back equal, and the text is plain ASCII of at least 25 lines at most 120 wide."""
    report = theory_report(CASES[name])
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    text = format_report(report)
    assert text.isascii()
    lines = text.splitlines()
    assert len(lines) >= 25
    assert max(len(line) for line in lines[:-1]) <= 120
    assert (report["steady_state"] is None) == (name in ("uncoupled", "undamped", "open"))


def test_a_model_without_steady_state_says_why() -> None:
    """Kills a report that stays silent: reason in the dictionary and in the text, heating still given."""
    report = theory_report(hybrid(friction=0.0))
    assert "without friction" in report["reason"]
    assert report["reason"] in format_report(report)
    assert report["dynamics"]["heating_classical"] == pytest.approx(0.5 / 2.8, rel=1e-15)
    assert report["parameters"]["bath_temperature"] is None


def test_an_anharmonic_model_is_linearised_and_says_so() -> None:
    """Kills a report that passes an approximation for exact, or linearises elsewhere than told."""
    report = theory_report(ANHARMONIC, at=(0.8, -0.4))
    assert report["theory"]["exact"] is False
    assert report["theory"]["linearised_about"] == {"q": 0.8, "x": -0.4}
    assert "linearised about (q, x) = (0.8, -0.4): approximate" in format_report(report)
    drift = LinearModel.linearised(ANHARMONIC, at=(0.8, -0.4)).drift
    np.testing.assert_allclose(report["dynamics"]["drift"], drift, rtol=1e-15)
    at_minimum = theory_report(ANHARMONIC)
    steady = LinearModel.linearised(ANHARMONIC)
    np.testing.assert_allclose(at_minimum["steady_state"]["mean"], steady.fixed_point, atol=1e-14)
    np.testing.assert_allclose(at_minimum["steady_state"]["covariance"], steady.steady_covariance(), atol=1e-12)


def test_an_anharmonic_model_without_minimum_is_refused() -> None:
    """Kills a report about nowhere."""
    with pytest.raises(ModelError, match=r"name a point with at=\(q, x\)"):
        theory_report(Model("-q**4", "x**2", "q*x", friction=0.3, diffusion=0.5))


def test_the_table_shows_the_numbers() -> None:
    """Kills a label beside the wrong number: lines of the table for known values."""
    text = format_report(theory_report(hybrid()))
    for label, value in (
        ("coupling lam", "0.6"),
        ("bath temperature k_B T_C", "0.625"),
        ("its bound hbar/2", "0.3"),
        ("entropy production rate", "0.0740571"),
        ("stable", "yes"),
    ):
        line = next(line for line in text.splitlines() if line.strip().startswith(label))
        assert line.split()[-1] == value


@pytest.mark.parametrize(("lam", "valid"), [(0.05, True), (0.5, False)])
def test_an_expansion_in_lam_that_grows_is_called_invalid(lam: float, valid: bool) -> None:
    """Kills: growing modes of the expansion printed beside a stable model without a word, or the word always there."""
    text = format_report(theory_report(Model.oscillators(k_C=1.0, k_Q=1.0, lam=lam, friction=0.3, diffusion=0.5)))
    assert ("not valid here" not in text) == valid
