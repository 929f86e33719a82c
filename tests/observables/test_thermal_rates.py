"""Energy and entropy under thermal dynamics against the exact Gaussian theory."""

from __future__ import annotations

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.errors import ModelError
from wignercq.gaussian import LinearModel, energies, gibbs_covariance
from wignercq.observables.energies import Energies
from wignercq.observables.entropy import entropy_flux, entropy_production
from wignercq.observables.heat import Currents, heat_flows
from wignercq.observables.marginals import Marginals
from wignercq.states import gaussian

MODEL = systems.thermal()
THEORY = LinearModel.from_model(MODEL)
MEAN = np.array([0.1, -0.2, 0.15, 0.3])
COVARIANCE = np.array([[0.6, 0.1, 0.1, 0.02], [0.1, 0.5, -0.05, 0.1], [0.1, -0.05, 0.45, 0], [0.02, 0.1, 0, 0.55]])


def sampled(mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, Grid, Marginals]:
    ends = 5.6 * np.sqrt(np.diag(covariance))
    grid = Grid(*(Axis(m - end, m + end, n) for m, end, n in zip(mean, ends, (20, 22, 24, 21), strict=True)))
    W = gaussian(mean, covariance, hbar=0.8).wigner(grid)
    return W, grid, Marginals.of(W, grid)


def test_rates_are_those_of_the_theory() -> None:
    """Kills: a friction of x or y without its noise or the other way round, the force that a measurement of xi with S
    makes, the noise that p and x share left out of the production, an offset of x0; flux and production that do not add
    up to the change of the entropy."""
    W, grid, marginals = sampled(MEAN, COVARIANCE)
    A, B, S, thermal = THEORY.drift, THEORY.diffusion, COVARIANCE, gibbs_covariance(MODEL)
    drift = THEORY.force - A @ MEAN
    change = B - A @ S - S @ A.T
    step = 1e-4
    later, before = (energies(MODEL, S + h * change, mean=MEAN + h * drift).total for h in (step, -step))
    assert abs(Energies(MODEL, grid).rate_of(marginals) - (later - before) / (2 * step)) < 1e-6

    apart = np.linalg.inv(thermal) - np.linalg.inv(S)
    force = np.linalg.inv(thermal) @ (MEAN - THEORY.fixed_point)
    production = (np.trace(B @ apart @ S @ apart) + force @ B @ force) / 2
    found = entropy_production(W, MODEL, grid)
    assert abs(found.total - production) < 2e-5 * production
    assert abs(entropy_flux(MODEL, marginals) + np.trace(np.linalg.solve(S, change)) / 2 - production) < 1e-6


def test_nothing_is_produced_in_the_thermal_state() -> None:
    """Kills: entropy production measured by the currents of the minimal dynamics."""
    W, grid, marginals = sampled(THEORY.fixed_point, gibbs_covariance(MODEL))
    found = entropy_production(W, MODEL, grid)
    assert 0 <= found.total < 1e-6
    assert abs(entropy_flux(MODEL, marginals)) < 1e-5
    assert abs(Energies(MODEL, grid).rate_of(marginals)) < 1e-5
    with pytest.raises(ModelError, match="dynamics: expected 'minimal' for heat flows, got 'thermal'"):
        heat_flows(MODEL, marginals, Currents.of(W, grid))
