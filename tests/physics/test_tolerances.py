"""Tolerances and error estimates when nobody chooses a grid or a time step: the systems of the benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import tolerances
from support import systems

from wignercq import Propagator, evolve
from wignercq.errors import InputError
from wignercq.planning.numerics import ROUNDING_GROWTH, Numerics
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import FORWARD_3

TOLERANCE = 1e-4
PILOT_FLOOR = 0.15  # of the tolerance: what the coarser grid of a pilot run may add to the error of the fewest steps


@pytest.mark.slow
@pytest.mark.parametrize("name", list(tolerances.SYSTEMS))
def test_a_tolerance_is_met_and_the_estimate_is_the_time_error(name: str) -> None:
    """Kills: a chosen grid too small, a step too long, an estimate more than a factor three off."""
    found = tolerances.measure(name, TOLERANCE)
    assert found.error < TOLERANCE
    assert found.estimate > found.time_error / 3
    assert found.estimate < 3 * found.time_error or found.estimate < PILOT_FLOOR * TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("steps", [20, 100])
def test_float32_is_as_accurate_as_it_claims(steps: int) -> None:
    """Kills: tolerances accepted with float32 that its rounding breaks, or refused although it would meet them."""
    grid, fields = systems.grid(24, 26, 28, 30), []
    for dtype in (np.float64, np.float32):
        engine = TiledEngine(grid, dtype)
        W = engine.of(systems.displaced().wigner(grid))
        Propagator(systems.oscillators(friction=0.0, diffusion=0.02), engine, FORWARD_3, 0.05).advance(W, steps)
        fields.append(np.array(W, float))
    double, single = fields
    error = np.abs(single - double).max() / double.max()
    claimed = ROUNDING_GROWTH[0] * np.finfo(np.float32).eps * steps ** ROUNDING_GROWTH[1]
    assert claimed / 8 < error < claimed


def test_float32_refuses_what_it_cannot_meet() -> None:
    """Kills: hours of float32 for a tolerance below its rounding errors; float64 refused the same."""
    single = Numerics(tolerance=2e-5, precision="float32")
    single.require_precision(50)
    with pytest.raises(
        InputError, match=r"tolerance: expected at least 0\.000105053 with float32 over 1000 steps, got 2e-05"
    ):
        single.require_precision(1000)
    Numerics(tolerance=1e-10).require_precision(200_000)
    model, state = tolerances.oscillators()[:2]
    with pytest.raises(InputError, match="with float32 over 5 steps, got 1e-06"):
        evolve(model, state, duration=1.0, tolerance=1e-6, precision="float32")
