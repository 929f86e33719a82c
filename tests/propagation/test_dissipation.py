"""The transport part of thermal dynamics, exact, in both engines; the whole step of fourth order."""

from __future__ import annotations

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid
from wignercq.gaussian import LinearModel
from wignercq.propagation.dissipation import flow_and_noise, thermal_flow
from wignercq.propagation.engines import ArrayEngine, TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import CHIN_4A, FORWARD_3, Scheme
from wignercq.states import gaussian

MODEL = systems.thermal()
MEAN = np.array([0.4, -0.3, 0.5, 0.3])
COVARIANCE = np.array([[0.6, 0.1, 0.1, 0], [0.1, 0.5, 0, 0.1], [0.1, 0, 0.45, 0], [0, 0.1, 0, 0.55]])


def box(*states: tuple[np.ndarray, np.ndarray], points: tuple[int, int, int, int], widths: float) -> Grid:
    """A grid that holds some Gaussians."""
    reach = [(mean, widths * np.sqrt(np.diag(covariance))) for mean, covariance in states]
    lower, upper = np.min([m - r for m, r in reach], axis=0), np.max([m + r for m, r in reach], axis=0)
    return Grid(*(Axis(*pair, n) for *pair, n in zip(lower, upper, points, strict=True)))


def test_the_flow_of_the_transport_part_is_exact_for_any_time() -> None:
    """Kills: a shear, a contraction or a noise that is right to first order in time alone; a wrong centre x0(q); the
    order of the three motions; a sign in the noise that p and x share; places of frequencies mixed up.

    The Gaussian is moved by F and N, and x0 has an offset; the time is a fifth of a period.
    """
    time = 0.9
    F, N = flow_and_noise(MODEL, time)
    offset = np.array([0, 0, (1 - F[2, 2]) * (-0.1 / 1.6), 0])
    after = F @ MEAN + offset, F @ COVARIANCE @ F.T + N
    grid = box((MEAN, COVARIANCE), after, points=(21, 20, 23, 18), widths=4.8)
    exact = gaussian(*after, hbar=0.8).wigner(grid)
    found = []
    for engine in (ArrayEngine(grid), TiledEngine(grid)):
        W = engine.fill(gaussian(MEAN, COVARIANCE, hbar=0.8).slab(grid))
        shear, dissipation = thermal_flow(MODEL, grid, time)
        W = engine.move(W, engine.compile_shear(shear), engine.compile_dissipation(dissipation), None)
        found.append(engine.array(W))
    assert np.abs(found[0] - found[1]).max() < 1e-14
    assert np.abs(found[1] - exact).max() < 1e-4 * exact.max()  # of the box


@pytest.mark.slow
def test_a_step_is_of_fourth_order_two_sided() -> None:
    """Kills: a double commutator without the noise of x in T, an exponent clipped where noise makes up for it; with
    either, errors fall as dt**2."""
    duration, theory = 0.8, LinearModel.from_model(MODEL)
    after = theory.mean([duration], MEAN)[0], theory.covariance([duration], COVARIANCE)[0]
    grid = box((MEAN, COVARIANCE), after, points=(30, 28, 32, 30), widths=6.3)
    exact, engine = gaussian(*after, hbar=0.8).wigner(grid), TiledEngine(grid)

    def error(scheme: Scheme, steps: int) -> float:
        W = engine.fill(gaussian(MEAN, COVARIANCE, hbar=0.8).slab(grid))
        W, _ = Propagator(MODEL, engine, scheme, duration / steps).advance(W, steps)
        return float(np.abs(engine.array(W) - exact).max() / exact.max())

    longer, shorter = error(CHIN_4A, 2), error(CHIN_4A, 4)
    assert 3.8 < np.log2(longer / shorter) < 4.3
    assert error(FORWARD_3, 4) < 0.05 * shorter
