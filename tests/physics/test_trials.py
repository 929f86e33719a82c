"""Runs that choose grid and step themselves keep their tolerance and know their errors, or are refused at once."""

from __future__ import annotations

import pytest
from support.trials import CASES, FEW, Case, tried

EASY, HARD = 1e-3, 1e-5


def check(case: Case, tolerance: float) -> None:
    trial = tried(case, tolerance)
    assert not trial.faults, " | ".join(trial.row)


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.name)
def test_a_tolerance_is_kept_and_the_estimate_is_the_error(case: Case) -> None:
    """Kills: a choice of grid or step that misses the tolerance, an estimate a factor three off the true error of W."""
    check(case, EASY)


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [EASY, HARD])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_tolerance_is_kept_in_all_regimes(case: Case, tolerance: float) -> None:
    """Kills: the same where damping, temperature, masses, widths, speed or the potential are far from ordinary."""
    check(case, tolerance)
