"""Means, covariances and energies of trajectories, and their standard errors, at several times against other solvers.

All of them together have a chi-square: numbers of one trajectory at all times are correlated, and two-time functions
say how. It is neither too large, by errors of the solver, nor too small, by wrong standard errors.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from wignercq import LinearModel, Model, evolve
from wignercq.states import ClassicalGaussian, State, cat, gaussian, product
from wignercq.unravelling import Ensemble, trajectories

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
OSCILLATORS = Model("0.45*q**2", "0.6*x**2", "0.35*(q - x)**2", **BATH)
QUARTIC = Model("q**2/2", "x**2/2 + 0.05*x**4", "-0.5*q*x", **BATH)
PENDULUM = Model("0.55*q**2", "1.5*(1 - cos(x/1.3)) + 0.1*x**2", "0.5*q*sin(x)", **BATH)
PRESSURE = Model("0.45*q**2 + 0.05*q**4", "0.6*x**2 + 0.02*x**4", "0.2*q*x**2 + 0.3*q*x", **BATH)
WELLS = Model("0.45*q**2", "0.1*x**4 - 0.5*x**2", "0.4*q*x", **BATH)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
CAT = product(ClassicalGaussian([0.4, -0.3], [0.5, 0.6]), cat((1.2, 0.0), mass=0.7, frequency=1.3, hbar=0.8))
ENERGIES = ("energy_classical", "energy_quantum", "energy_interaction")
PAIRS = list(combinations_with_replacement(range(4), 2))
LEAST = 0.01  # share of an independent number: what varies less beside the others shows errors of the time step first


def averaged(model: Model, state: State, **options: Any) -> Ensemble:
    """Trajectories with the covariances of all that is compared."""
    asked = {"qpxy"[i] + "qpxy"[j]: f"{'qpxy'[i]}*{'qpxy'[j]}" for i, j in PAIRS}
    asked["C"] = f"p**2/(2*{model.classical_mass}) + {model.V_C}"
    asked["Q"] = f"y**2/(2*{model.quantum_mass}) + {model.V_Q}"
    asked["I"] = str(model.V_I)
    return trajectories(
        model, state, 2.0, outputs=4, frames=0, observables=asked, two_time=[*"qpxy", *asked], **options
    )


def flat(numbers: Any, suffix: str = "") -> np.ndarray:
    """Means, covariances and energies at all outputs but the first, shape (4, 17)."""
    mean, covariance, *energies = (np.asarray(numbers[name + suffix])[1:] for name in ("mean", "covariance", *ENERGIES))
    return np.concatenate([mean, covariance[:, *np.triu_indices(4)], np.stack(energies, axis=1)], axis=1)


def correlations(found: Ensemble) -> np.ndarray:
    """Of the same numbers: a covariance varies as ``z z' - <z> z' - z <z'>``."""
    outputs, count = 4, 4 + len(PAIRS) + len(ENERGIES)
    gradients = np.zeros((outputs, count, outputs, count))
    for t, mean in enumerate(found.mean[1:]):
        gradients[t, :, t] = np.eye(count)
        for n, (i, j) in enumerate(PAIRS):
            gradients[t, 4 + n, t, i] -= mean[j]
            gradients[t, 4 + n, t, j] -= mean[i]
    G = gradients.reshape(outputs * count, -1)
    of_all = found.dataset.two_time.values[1:, 1:].transpose(0, 2, 1, 3).reshape(G.shape)
    varied = G @ of_all @ G.T
    widths = np.sqrt(np.diag(varied))
    return np.asarray(varied / np.outer(widths, widths))


def require_agreement(found: Ensemble, exact: Any) -> None:
    """Fail where a number is more than 4 standard errors away, or where chi-square of all is one in a hundred."""
    apart = (flat(found.dataset) - flat(exact)) / flat(found.dataset, "_error")
    assert np.abs(apart).max() < 4
    shares, directions = np.linalg.eigh(correlations(found))
    kept = shares > LEAST
    assert kept.sum() > 35  # some energies are the same as moments
    square = float(((directions[:, kept].T @ apart.ravel()) ** 2 / shares[kept]).sum())
    assert 0.01 < chi2.cdf(square, kept.sum()) < 0.99
    for name in ("energy", "purity"):
        away = (np.asarray(found.dataset[name]) - np.asarray(exact[name])) / found.dataset[f"{name}_error"].values
        assert np.abs(away[1:]).max() < 4, name


@pytest.mark.slow
def test_oscillators_are_those_of_the_gaussian_theory() -> None:
    """Kills: errors that are too small or too large for what trajectories are off by; energies of other parts of H."""
    found = averaged(OSCILLATORS, STATE, count=20_000, seed=1, tolerance=3e-4)
    linear = LinearModel.from_model(OSCILLATORS)
    mean, S = linear.mean(found.time, STATE.mean), linear.covariance(found.time, STATE.covariance)
    qq, pp, xx, yy = np.diagonal(S + mean[:, :, None] * mean[:, None, :], axis1=1, axis2=2).T
    qx = S[:, 0, 2] + mean[:, 0] * mean[:, 2]
    energies = (pp / 2.6 + 0.45 * qq, yy / 1.4 + 0.6 * xx, 0.35 * (qq - 2 * qx + xx))
    exact = {"mean": mean, "covariance": S, **dict(zip(ENERGIES, energies, strict=True)), "energy": sum(energies)}
    require_agreement(found, exact | {"purity": 0.4 / np.sqrt(np.linalg.det(S[:, 2:, 2:]))})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "state"),
    [(QUARTIC, STATE), (PENDULUM, STATE), (PRESSURE, STATE), (WELLS, CAT)],
    ids=["quartic", "pendulum", "radiation pressure", "double well"],
)
def test_anharmonic_models_are_those_of_the_grid(model: Model, state: State) -> None:
    """Kills: all that a quadratic model does not show: potentials and records that are not linear."""
    on_grid = evolve(model, state, duration=2.0, outputs=4, tolerance=1e-4)
    require_agreement(averaged(model, state, count=10_000, seed=4, tolerance=3e-4), on_grid.dataset)


def test_standard_errors_are_those_of_leaving_one_out() -> None:
    """Kills: errors of another size, of the wrong number or without its mean taken off; for each that is reported."""
    asked = {"a": "q*x**2"}
    found = trajectories(PRESSURE, STATE, 0.4, count=256, kept=256, outputs=1, frames=0, seed=2, observables=asked)
    of_each = found.dataset.sums_single.values[-1]  # of all trajectories, shape (numbers, 256)
    n = of_each.shape[1]
    left_out = (n * of_each.mean(axis=1, keepdims=True) - of_each) / (n - 1)
    z, energies, (spread, own) = left_out[:4], left_out[14:17], left_out[17:]
    products = np.zeros((4, 4, n))
    for k, (i, j) in enumerate(PAIRS):
        products[i, j] = products[j, i] = left_out[4 + k] - z[i] * z[j]
    expected = {"mean": z, "covariance": products, **dict(zip(ENERGIES, energies, strict=True))}
    expected |= {"energy": energies.sum(axis=0), "conditional_spread": spread, "a": own}
    for name, values in expected.items():
        error = np.sqrt((n - 1) * values.var(axis=-1))
        assert found.dataset[f"{name}_error"].values[-1] == pytest.approx(error, rel=0.02), name
