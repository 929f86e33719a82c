"""Errors in units of the exact solution, and the times at which they exceed a threshold."""

from __future__ import annotations

import numpy as np
import pytest

from wignercq.comparison.breakdown_times import (
    OBSERVABLES,
    breakdown_times,
    observable_errors,
    statistical_errors,
)

TIMES = np.array([0.0, 0.5, 1.0, 1.5, 2.0])


def times_of(errors: np.ndarray, floor: float = 1e-9, threshold: float = 0.01) -> float:
    table = np.asarray(errors, float)[:, None, None]
    return float(breakdown_times(TIMES, table, np.full((TIMES.size, 1, 1), floor), threshold)[0, 0])


def test_an_exponential_is_interpolated_exactly() -> None:
    """Kills: linear interpolation, the wrong output taken; 1e-4 exp(3 t) passes 0.01 at ln(100)/3."""
    assert times_of(1e-4 * np.exp(3 * TIMES)) == pytest.approx(np.log(100) / 3, rel=1e-12)


@pytest.mark.parametrize("power", [1, 3])
def test_what_breaks_down_before_the_first_output_grew_as_a_power_of_time(power: int) -> None:
    """Kills: a time set by the numerical error at the start not by the errors; 0.2 t**k passes 0.01 at 0.05**(1/k)."""
    expected = 0.05 ** (1 / power)
    for floor in (1e-9, 1e-5):
        assert times_of(0.2 * TIMES**power, floor=floor) == pytest.approx(expected, rel=1e-12)
    slower = 0.2 * np.sqrt(TIMES)
    assert times_of(slower) == pytest.approx(0.5 * 0.01 / slower[1], rel=1e-12)  # a distance grows linearly at first


def test_the_first_crossing_counts() -> None:
    """Kills: the last or the largest excursion reported."""
    assert times_of([1e-4, 1e-2 * 1.0001, 1e-4, 1e-4, 0.5]) == pytest.approx(0.5, abs=1e-4)
    assert times_of([0.02, 1e-4, 1e-4, 0.5, 1e-4]) == 0


def test_what_stays_below_the_threshold_or_is_not_known_never_breaks_down() -> None:
    """Kills: a breakdown found in NaN, in zeros or in errors just below the threshold."""
    for errors in (np.full(5, 0.0099), np.zeros(5), np.full(5, np.nan), [0, 1e-3, np.nan, np.nan, np.nan]):
        assert np.isnan(times_of(errors))


def test_numerical_error_is_no_breakdown() -> None:
    """Kills: a floor that is ignored; errors of 0.03 count with a floor of 0.02 and not with one of 0.04."""
    errors = [0.0, 0.001, 0.03, 0.03, 0.03]
    assert np.isnan(times_of(errors, floor=0.04))
    assert times_of(errors, floor=0.02) == 1.0
    start = 0.5 + 0.5 * np.log(0.01 / 0.002) / np.log(0.03 / 0.002)  # what is below the floor counts as the floor
    assert times_of(errors, floor=0.002) == pytest.approx(start, rel=1e-12)


def test_noise_counts_where_it_is() -> None:
    """Kills: one floor for all observables; 0.03 of one is a breakdown, 0.03 of another, with noise of 0.04, none."""
    errors = np.array([0.0, 0.001, 0.03, 0.03, 0.03])[:, None, None] * np.ones((1, 2))
    floor = np.array([1e-9, 0.04]) * np.ones((5, 1, 1))
    found = breakdown_times(TIMES, errors, floor, 0.01)
    assert 0.5 < found[0, 0] < 1
    assert np.isnan(found[0, 1])


def test_errors_are_in_the_natural_units_of_the_exact_solution() -> None:
    """Kills: variances for widths, masses exchanged, a sign that cancels; every number by hand."""
    covariance = np.diag([4.0, 9.0, 0.25, 1.0])
    other = covariance.copy()
    other[0, 2] = other[2, 0] = -0.05
    other[3, 3] = 1.3
    shape = (1, 2)
    energies = {"energy": 2.0, "energy_classical": -1.0, "energy_quantum": 3.0, "energy_interaction": 0.0}
    values = {
        "mean": np.array([[[1.0, 2.0, 3.0, 4.0], [1.2, 2.0, 2.9, 4.0]]]),
        "covariance": np.array([[covariance, other]]),
        **{name: np.array([[value, value - 0.1 * i]]) for i, (name, value) in enumerate(energies.items())},
        "energy_left_out": np.array([[0.01, 0.02]]),
        "occupation": np.array([[1.5, 1.3]]),
        "distance_W": np.array([[0.0, 0.7]]),
        "distance_density_matrix": np.array([[0.0, 0.6]]),
    }
    errors = observable_errors(values, (2.0, 0.5))
    assert errors.shape == (*shape, len(OBSERVABLES))
    assert np.abs(errors[0, 0]).max() == 0
    found = dict(zip(OBSERVABLES, errors[0, 1], strict=True))
    kinetic = (9 + 4) / 4 + (1 + 16) / 1
    expected = {
        "mean_q": 0.1,
        "mean_x": 0.2,
        "cov_qx": 0.05,
        "cov_yy": 0.3,
        "energy_classical": 0.07 / kinetic,
        "energy_quantum": 0.17 / kinetic,
        "energy_interaction": 0.27 / kinetic,
        "occupation": 0.1,
        "W": 0.7,
        "density_matrix": 0.6,
    }
    chance = dict(zip(OBSERVABLES, statistical_errors(values, values, (2.0, 0.5))[0, 1], strict=True))
    expected_chance = {"mean_q": 1.2 / 2, "cov_qx": -0.05, "cov_yy": 1.3, "energy": 2.0 / kinetic, "W": 0.7}
    assert {name: chance[name] for name in expected_chance} == pytest.approx(expected_chance)
    for name, value in found.items():
        assert value == pytest.approx(expected.get(name, 0.0), abs=1e-14), name
