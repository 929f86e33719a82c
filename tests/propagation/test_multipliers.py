"""The multiplier of a momentum stage as it is evaluated, against the exponential written out."""

from __future__ import annotations

import numpy as np
import pytest

from wignercq import Axis, Grid
from wignercq.propagation.engines.multipliers import Kick

ROWS = 3


@pytest.mark.parametrize("points", [15, 16])
@pytest.mark.parametrize(
    "scales",
    [(2.0, 1.3, -0.2), (2.0, 1.3, -0.2 + 0.1j), (2.0, 1.3, -0.2, 0.03j), (2.0, 1.3, -0.2, 0.01)],
    ids=["real square", "complex square", "cubic phase", "cubic growth"],
)
def test_a_kick_is_the_exponential_of_its_polynomial(scales: tuple[complex, ...], points: int) -> None:
    """Kills: powers in place of exponentials where the exponent has more than a linear phase; one sign at Nyquist."""
    grid = Grid(Axis(-3.0, 3.4, 8), Axis(-4.1, 3.9, points), Axis(-3.0, 3.1, 8), Axis(-3.2, 3.0, 13))
    s, random = grid.y.half_frequencies, np.random.default_rng(4)
    c = np.array([scale * random.uniform(0.5, 1.5, (ROWS, s.size)) for scale in scales], complex)
    c[0] = c[0] * 1j - random.uniform(0.0, 2.0, c[0].shape)
    c[1] *= 1j

    def multiplier(r: np.ndarray) -> np.ndarray:
        exponent = sum(each[:, None] * r[:, None] ** k for k, each in enumerate(c))
        return np.exp(np.minimum(exponent.real, 0) + 1j * exponent.imag)

    r = 2 * np.pi * np.fft.fftfreq(points, grid.p.spacing)
    expected = multiplier(r)
    if points % 2 == 0:
        expected[:, points // 2] = (expected[:, points // 2] + multiplier(-r[points // 2 :][:1])[:, 0]) / 2
    assert np.abs(Kick(c, grid).rows(0, None) - expected).max() < 1e-13
