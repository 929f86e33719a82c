"""The Gaussian closure and the linearised theory, against formulas written out and the theory of linear models."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from support import systems

from wignercq import LinearModel, Model
from wignercq.comparison import gaussian_closure, linearised
from wignercq.errors import ModelError
from wignercq.gaussian.averages import GaussianAverages, exact_nodes
from wignercq.model.model import Q, X
from wignercq.propagation.generator import GeneratorSymbol, R, S

MEAN = np.array([0.7, -0.4])
COVARIANCE = np.array([[0.9, 0.35], [0.35, 0.6]])


def test_averages_of_polynomials_are_exact() -> None:
    """Kills: too few nodes, q and x exchanged, a lost correlation; against Isserlis' theorem."""
    (a, b), ((s, c), (_, t)) = MEAN, COVARIANCE
    quartic = a**2 * b**2 + a**2 * t + b**2 * s + 4 * a * b * c + s * t + 2 * c**2
    sixth = b**6 + 15 * b**4 * t + 45 * b**2 * t**2 + 15 * t**3
    result = GaussianAverages((Q**2 * X**2, X**6, Q * X**2), 4)(MEAN, COVARIANCE)
    assert result == pytest.approx([quartic, sixth, a * (b**2 + t) + 2 * b * c], rel=1e-13)


def test_averages_of_other_functions_converge() -> None:
    """Kills: wrong weights beyond polynomials; <cos(k z)> = exp(-k S k/2) cos(k mean)."""
    k = np.array([0.8, -1.1])
    expected = np.exp(-k @ COVARIANCE @ k / 2) * np.cos(k @ MEAN)
    function = sp.cos(sp.Rational(4, 5) * Q - sp.Rational(11, 10) * X)
    assert GaussianAverages((function,), 24)(MEAN, COVARIANCE)[0] == pytest.approx(expected, abs=1e-13)
    at_mean = GaussianAverages((function, sp.Integer(3)), 1)(MEAN, COVARIANCE)
    assert at_mean == pytest.approx([np.cos(k @ MEAN), 3.0], abs=1e-14)


def test_nodes_suffice_for_the_potentials_of_a_model() -> None:
    """Kills: a count of nodes that forgets the degree of mixed terms; V_I = q**3 x**3 has degree six."""
    model = Model("q**2", "x**4", "q**3*x**3/10", diffusion=0.5)
    nodes = exact_nodes(model)
    assert nodes == 6
    fine = GaussianAverages((model.V_I, sp.diff(model.V_I, Q, X) ** 2), 12)(MEAN, COVARIANCE)
    assert GaussianAverages((model.V_I, sp.diff(model.V_I, Q, X) ** 2), nodes)(MEAN, COVARIANCE) == pytest.approx(fine)
    assert exact_nodes(Model("q**2", "cos(x)")) is None


@pytest.mark.parametrize("hbar_order", [0, 1])
def test_second_moments_obey_the_same_equations_at_every_order_in_hbar(hbar_order: int) -> None:
    """Kills: the claim that one closure stands for the hybrid and the Fokker-Planck equation, were it wrong.

    Moments up to the second see the symbol up to second order in (r, s); the third order differs.
    """
    model = Model("q**4", "x**4/3 + cos(x)", "q**2*x**3/5 + q*sin(x)", hbar=0.7, diffusion=0.5, decoherence=0.9)
    exact, cut = GeneratorSymbol(model), GeneratorSymbol(model, hbar_order)
    point = {R: 0, S: 0, Q: sp.Rational(3, 7), X: sp.Rational(5, 11)}
    for part in ("phase", "damping"):
        difference = getattr(exact, part) - getattr(cut, part)
        for derivative in ((), (R,), (S,), (R, R), (R, S), (S, S)):
            value = sp.diff(difference, *derivative) if derivative else difference
            assert abs(float(value.subs(point))) < 1e-14
    third = sp.diff(exact.phase - GeneratorSymbol(model, 0).phase, S, 3)
    assert abs(float(third.subs(point))) > 0.1


def test_both_theories_of_a_quadratic_model_are_the_linear_one() -> None:
    """Kills: a wrong sign, mass or diffusion in the moment equations; against matrix exponentials."""
    model = systems.oscillators()
    theory = LinearModel.from_model(model)
    start = np.diag(systems.VARIANCES) + 0.05
    times = np.array([0.0, 0.7, 3.1])
    for solve in (gaussian_closure, linearised):
        moments = solve(model, systems.MEAN, start, times)
        assert np.abs(moments.mean - theory.mean(times, systems.MEAN)).max() < 1e-10
        assert np.abs(moments.covariance - theory.covariance(times, start)).max() < 1e-10


def test_closure_takes_mean_forces_and_the_linearised_theory_forces_at_the_mean() -> None:
    """Kills: the two exchanged; initial rates of <y>, <yy> and <xy> in a quartic well, by hand."""
    model, step = systems.quartic(), 1e-4
    kappa, g, lam, m = 1.1, 0.15, 0.4, 0.7
    (q, _, x, y), (_, _, xx, yy) = systems.MEAN, systems.VARIANCES
    D_y = (systems.HBAR * lam) ** 2 * 0.75
    for solve, spread in ((gaussian_closure, xx), (linearised, 0.0)):
        moments = solve(model, systems.MEAN, np.diag(systems.VARIANCES), [0.0, step])
        hessian = kappa + lam + 3 * g * (x**2 + spread)
        rates = [-(kappa * x + g * (x**3 + 3 * x * spread) - lam * (q - x)), D_y, yy / m - hessian * xx]
        change = [moments.mean[1, 3] - y, moments.covariance[1, 3, 3] - yy, moments.covariance[1, 2, 3]]
        assert np.array(change) / step == pytest.approx(rates, abs=6e-4)


def test_nonlinear_coupling_decoheres_by_the_averaged_square() -> None:
    """Kills: D_y from the coupling at the mean or from a squared average; V_I = lam q x**2 + mu q**2 x, by hand."""
    model = Model(
        "q**2/2", "x**2/2", "0.3*q*x**2 - 0.2*q**2*x", hbar=0.6, diffusion=0.4, quantum_mass=0.8, classical_mass=1.7
    )
    mean, variances, step = np.array([0.5, 0.1, -0.8, 0.3]), np.array([0.4, 0.5, 0.3, 0.7]), 1e-5
    coupling = 0.6 * mean[2] - 0.4 * mean[0]
    for solve, spread in ((gaussian_closure, 0.36 * variances[2] + 0.16 * variances[0]), (linearised, 0.0)):
        change = solve(model, mean, np.diag(variances), [0.0, step]).covariance[1, 3, 3] - variances[3]
        assert change / step == pytest.approx(0.6**2 / (4 * 0.4) * (coupling**2 + spread), abs=1e-4)


def test_potentials_that_are_no_polynomials_are_averaged_to_convergence() -> None:
    """Kills: a fixed number of nodes; d<y> = k exp(-k**2 S_xx/2) sin(k <x>) in V_Q = cos(k x), k = 3."""
    model = Model("q**2/2", "cos(3*x)", "-0.3*q*x", hbar=0.6, diffusion=0.4, quantum_mass=0.8)
    mean, variances, step = np.array([0.5, 0.1, -0.4, 0.3]), np.array([0.4, 0.5, 0.3, 0.7]), 1e-5
    moments = gaussian_closure(model, mean, np.diag(variances), [0.0, step])
    rate = 3 * np.exp(-4.5 * variances[2]) * np.sin(3 * mean[2]) + 0.3 * mean[0]
    assert (moments.mean[1, 3] - mean[3]) / step == pytest.approx(rate, abs=1e-4)
    assert 0 <= moments.error < 1e-10


def test_moments_that_run_away_are_refused() -> None:
    """Kills: infinite or missing moments handed on as a result."""
    model = Model("q**2/2", "-x**4", "-0.3*q*x", diffusion=0.4)
    with pytest.raises(ModelError, match="expected Gaussian moments that stay finite until t = 9, got a runaway"):
        gaussian_closure(model, [0, 0, 1, 0], np.diag([0.5] * 4), [0.0, 9.0])
