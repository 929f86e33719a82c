"""The qubit of arXiv:2208.11722, Appendix C1, H = 2 lambda q sigma_z, as a heavy particle in two places at once.

The record of the momentum tells all that is known of the place: log-odds 4 lambda p/sigma**2, so that in every single
trajectory <sigma_z> = tanh(2 lambda p/sigma**2), and p is one of two normals that part at the speed 2 lambda.
"""

from __future__ import annotations

import numpy as np
import pytest

from wignercq import Model
from wignercq.states import ClassicalGaussian, cat, product
from wignercq.unravelling import Ensemble, trajectories

MASS, WIDTH, LAMBDA, END = 1e5, 0.03, 1.0, 0.4
PLACES = cat((1.0, 0.0), mass=MASS, frequency=1 / (2 * MASS * WIDTH**2), hbar=1.0)


def found(sigma: float, dynamics: str = "hybrid") -> Ensemble:
    model = Model("0", "2*x", f"-{2 * LAMBDA}*q*x", diffusion=sigma**2, quantum_mass=MASS)
    state = product(ClassicalGaussian([0, 0], [1e-8, 1e-8]), PLACES)
    return trajectories(model, state, times=[END], count=1024, seed=1, kept=64, frames=0, dynamics=dynamics)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_a_superposition_collapses_as_its_record_tells(sigma: float) -> None:
    """Kills: a record of the wrong strength or sign, places that are lost at another rate than p tells them."""
    dataset = found(sigma).dataset
    p, z = dataset.trajectory.values[-1, 1:3]
    assert z == pytest.approx(np.tanh(2 * LAMBDA * p / sigma**2), abs=0.01)
    drift = 2 * LAMBDA * END
    normal = np.random.default_rng(2).standard_normal(200_000)
    left = 1 - np.tanh(2 * LAMBDA / sigma**2 * (drift + sigma * np.sqrt(END) * normal)) ** 2
    error = 4 * float(dataset.conditional_spread_error[-1])
    assert abs(float(dataset.conditional_spread[-1]) - left.mean()) < error + 0.005
    q, p = dataset.covariance.values[-1, [0, 1], [0, 1]]
    assert abs(p - drift**2 - sigma**2 * END) < 4 * dataset.covariance_error[-1, 1, 1]
    exact = (drift * END / 2) ** 2 + sigma**2 * END**3 / 3
    assert abs(q - exact) < 4 * dataset.covariance_error[-1, 0, 0]


def test_the_semiclassical_superposition_stays() -> None:
    """Kills: a limit in which the classical particle finds out where the quantum one is."""
    p, z = found(1.0, "semiclassical").dataset.trajectory.values[-1, 1:3]
    assert np.abs(z).max() < 1e-3
    assert np.abs(p).max() < 1e-2
