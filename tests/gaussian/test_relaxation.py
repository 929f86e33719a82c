"""Sums of the eigenvalues of a drift."""

from __future__ import annotations

import numpy as np
import pytest

from wignercq.gaussian import sums_of_eigenvalues


def test_sums_of_eigenvalues_are_all_of_them_once() -> None:
    """Kills: sums cut off or counted twice, conjugates drawn below the axis, zero among the decay rates."""
    values = np.array([0.11 + 0.9j, 0.11 - 0.9j, 0.27, 0.31])
    every = np.tensordot(values, np.indices((9, 9, 5, 5)), axes=1).ravel()
    slow = every[(every.real > 0) & (every.real <= 0.9)]
    expected = {(round(s.real, 9), round(abs(s.imag), 9)) for s in slow}
    found = sums_of_eigenvalues(values, 0.9)
    assert {(round(s.real, 9), round(s.imag, 9)) for s in found} == expected
    assert len(found) == len(expected) > 40
    assert (np.diff(found.real) >= -1e-12).all()
    many = sums_of_eigenvalues(1e-3 * values, 0.9)  # millions of sums: the slowest few hundred
    assert 100 < len(many) <= 400
    assert many[0] == pytest.approx(1.1e-4 + 9e-4j, rel=1e-9)
