"""The linear model of a quadratic Model, and of an anharmonic one linearised about a point."""

from __future__ import annotations

import numpy as np
import pytest
from support.parameters import ANHARMONIC, NUMBERS, hybrid

from wignercq.errors import ModelError
from wignercq.gaussian import LinearModel, potential_minimum, quadratic_expansion
from wignercq.model.model import Model

GENERAL = Model(
    "a*q**2/2 + b*q + 2",
    "c*x**2/2 - d*x",
    "g*q*x + e*(q + x)**2/2 + 0.1*x",
    parameters={"a": 1.7, "b": 0.4, "c": 0.9, "d": 0.3, "g": -0.35, "e": 0.25},
    decoherence=0.9,
    **NUMBERS,
)


def test_matrices_of_a_general_quadratic_model() -> None:
    """Kills a lost cross or linear term: every entry of A, B and f written out by hand."""
    process = LinearModel.from_model(GENERAL)
    drift = [[0, -1 / 1.3, 0, 0], [1.95, 0.45 / 1.3, -0.1, 0], [0, 0, 0, -1 / 0.6], [-0.1, 0, 1.15, 0]]
    np.testing.assert_allclose(process.drift, drift, rtol=0, atol=1e-15)
    np.testing.assert_allclose(process.diffusion, np.diag([0, 0.8, 0, 0.49 * 0.01 * 0.9]), rtol=0, atol=1e-15)
    np.testing.assert_allclose(process.force, [0, -0.4, 0, 0.2], rtol=0, atol=1e-15)
    assert process.point is None


def test_fixed_point_is_the_minimum_of_the_potential() -> None:
    """Kills a wrong sign of the force: found independently by a numerical minimiser."""
    minimum = potential_minimum(GENERAL)
    np.testing.assert_allclose(LinearModel.from_model(GENERAL).fixed_point, [minimum[0], 0, minimum[1], 0], atol=1e-12)


def test_anharmonic_model_is_refused_and_the_message_helps() -> None:
    """Kills a silent linearisation."""
    with pytest.raises(ModelError, match=r"LinearModel\.linearised\(model, at=\(q, x\)\)"):
        LinearModel.from_model(ANHARMONIC)


def test_linearised_matrices_at_a_named_point() -> None:
    """Kills a Taylor coefficient or the force of the shifted expansion: derivatives written out by hand."""
    q, x = 0.8, -0.4
    process = LinearModel.linearised(ANHARMONIC, at=(q, x))
    kqq, kxx, coupling = -1 + 3 * q**2 + 0.5, 1 + 2.4 * x**2 + 0.5 + 0.2 * q, -0.5 + 0.2 * x
    assert process.point == (q, x)
    np.testing.assert_allclose(process.drift[1], [kqq, 0.3 / 1.3, coupling, 0], atol=1e-14)
    np.testing.assert_allclose(process.drift[3], [coupling, 0, kxx, 0], atol=1e-14)
    assert process.diffusion[3, 3] == pytest.approx(0.49 * coupling**2 * 0.5, rel=1e-14)
    slope_q = -q + q**3 - 0.3 + 0.5 * (q - x) + 0.1 * x**2
    slope_x = x + 0.8 * x**3 - 0.5 * (q - x) + 0.2 * q * x
    there = process.force - process.drift @ np.array([q, 0, x, 0])
    np.testing.assert_allclose(there, [0, -slope_q, 0, -slope_x], atol=1e-14)


def test_linearised_about_the_minimum_rests_there() -> None:
    """Kills a minimum that is a saddle or a shallow one: the fixed point is the deepest minimum of a fine scan."""
    process = LinearModel.linearised(ANHARMONIC)
    q, x = np.meshgrid(np.linspace(-3, 3, 1201), np.linspace(-3, 3, 1201), indexing="ij")
    v = -(q**2) / 2 + q**4 / 4 - 0.3 * q + x**2 / 2 + 0.2 * x**4 + 0.25 * (q - x) ** 2 + 0.1 * q * x**2
    best = np.unravel_index(np.argmin(v), v.shape)
    np.testing.assert_allclose(process.point, [q[best], x[best]], atol=0.004)
    np.testing.assert_allclose(process.fixed_point[[0, 2]], process.point, atol=1e-12)


def test_of_equal_minima_the_nearest_is_taken() -> None:
    """Kills: a pendulum expanded about a well two turns away."""
    pendulum = Model("q**2/2", "2*(1 - cos(x))", "-lam*q*sin(x)", parameters={"lam": 0.2}, friction=0.3, diffusion=0.5)
    assert LinearModel.linearised(pendulum).point == pytest.approx((0.0, 0.0), abs=1e-9)


def test_quadratic_expansion_is_the_model_that_linearised_describes() -> None:
    """Kills two expansions that disagree, and one that changes masses, hbar or noise."""
    expansion = quadratic_expansion(ANHARMONIC, at=(0.8, -0.4))
    one, other = LinearModel.from_model(expansion), LinearModel.linearised(ANHARMONIC, at=(0.8, -0.4))
    np.testing.assert_allclose(one.drift, other.drift, atol=1e-14)
    np.testing.assert_allclose(one.diffusion, other.diffusion, atol=1e-14)
    np.testing.assert_allclose(one.force, other.force, atol=1e-14)
    assert (expansion.hbar, expansion.D0) == (0.7, 0.5)


def test_double_well_gives_one_definite_minimum() -> None:
    """Kills a choice that depends on rounding: of two equal wells, the one at positive q."""
    model = Model("q**4/4 - q**2/2", "x**2", "(q - x)**2/20", friction=0.3, diffusion=0.5)
    q, x = potential_minimum(model)
    assert 0.9 < q < 1
    assert q**3 - q + (q - x) / 10 == pytest.approx(0, abs=1e-12)
    assert 2 * x - (q - x) / 10 == pytest.approx(0, abs=1e-12)


def test_no_minimum_is_reported() -> None:
    """Kills a linearisation about nowhere: unbounded, flat and purely quartic potentials are refused."""
    for potential in ("-q**2/2", "0", "q**4/4"):
        model = Model(potential, "x**4/4", "0", friction=0.3, diffusion=0.5)
        with pytest.raises(ModelError, match="minimum of positive curvature"):
            potential_minimum(model)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"friction": 0.0}, "without friction"),
        ({"lam": 0.0}, "uncoupled particles"),
        ({"k_C": -3.0}, "does not confine"),
    ],
)
def test_no_steady_state_says_why(changes: dict[str, float], reason: str) -> None:
    """Kills a steady state where there is none, and a message that does not tell the cause."""
    with pytest.raises(ModelError, match=reason):
        LinearModel.from_model(hybrid(**changes)).steady_covariance()


def test_wrong_dimension_is_refused() -> None:
    """Kills a LinearModel of one particle."""
    with pytest.raises(ModelError, match=r"expected shape \(4, 4\)"):
        LinearModel(np.eye(2), np.eye(2))
