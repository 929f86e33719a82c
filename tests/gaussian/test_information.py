"""Correlation coefficients and mutual information."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad
from support.parameters import coupled

from wignercq.errors import StateError
from wignercq.gaussian import (
    block_mutual_information,
    correlation_coefficients,
    mutual_information,
    two_time,
    two_time_correlation,
)


def test_mutual_information_is_the_integral_that_defines_it() -> None:
    """Kills a factor 2 or a base-2 logarithm in (63): integral of P ln(P/(P1 P2)) by quadrature."""
    c = 0.63
    normal = 1 / (2 * np.pi * np.sqrt(1 - c**2))

    def integrand(b: float, a: float) -> float:
        exponent = -(a**2 - 2 * c * a * b + b**2) / (2 * (1 - c**2))
        joint = normal * np.exp(exponent)
        return joint * (np.log(normal) + exponent + np.log(2 * np.pi) + (a**2 + b**2) / 2)

    expected = dblquad(integrand, -8, 8, -8, 8, epsabs=1e-9)[0]
    assert mutual_information(c) == pytest.approx(expected, abs=1e-8)


def test_mutual_information_at_the_ends() -> None:
    """Kills a loss of digits for weak correlation and a nan for a perfect one: c^2/2 to relative 1e-9, and infinity."""
    assert mutual_information(1e-6) == pytest.approx(5e-13, rel=1e-9)
    assert np.isinf(mutual_information([1.0, -1.0])).all()
    with pytest.raises(StateError, match=r"within -1 and 1, got 1\.1"):
        mutual_information(1.1)


def test_block_information_equals_the_information_of_the_canonical_pairs() -> None:
    """Kills a wrong block: canonical correlations (singular values of the whitened cross block), each by (63)."""
    covariance = coupled().process.steady_covariance()
    first, second = np.linalg.cholesky(covariance[:2, :2]), np.linalg.cholesky(covariance[2:, 2:])
    whitened = np.linalg.solve(first, covariance[:2, 2:]) @ np.linalg.inv(second).T
    expected = mutual_information(np.linalg.svd(whitened, compute_uv=False)).sum()
    assert block_mutual_information(covariance) == pytest.approx(expected, rel=1e-12)
    assert block_mutual_information(np.diag([0.3, 2.0, 1.1, 0.7])) == pytest.approx(0, abs=1e-15)
    assert expected > mutual_information(correlation_coefficients(covariance)[0, 2])


def test_two_time_correlation_is_normalised() -> None:
    """Kills a normalisation by the wrong variances: unit diagonal at tau = 0, and <q(tau) x> written out."""
    process = coupled().process
    steady = process.steady_covariance()
    found = two_time_correlation(process, np.array([0.0, 1.3]))
    np.testing.assert_allclose(np.diag(found[0]), 1, rtol=1e-12)
    expected = two_time(process, 1.3)[0, 2] / np.sqrt(steady[0, 0] * steady[2, 2])
    assert found[1, 0, 2] == pytest.approx(expected, rel=1e-13)
    assert np.abs(found).max() <= 1 + 1e-12


def test_impossible_covariances_are_refused() -> None:
    """Kills a square root of a negative variance and a logarithm of a negative determinant."""
    with pytest.raises(StateError, match="positive variances"):
        correlation_coefficients(np.diag([1.0, -1.0]))
    with pytest.raises(StateError, match="positive definite"):
        block_mutual_information(np.diag([1.0, 1.0, -1.0, 1.0]))
