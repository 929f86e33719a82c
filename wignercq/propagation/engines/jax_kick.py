"""Momentum passes of the JAX engine: multipliers in (r, s), evaluated from their coefficients as they are needed.

W is in the order (q, x, p, y), of which (q, x) may be a part.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from wignercq.grid.grid import Grid
from wignercq.propagation.engines.jax_phases import cos_sin
from wignercq.propagation.engines.multipliers import Kick, Push, clipped_exponential

EXACT = lax.Precision.HIGHEST  # products of float32 in float32

Array = Any  # jax.Array, which is no type of a traced value


class KickForm(NamedTuple):
    """A kick on the device.

    Parameters
    ----------
    growth : real parts of c_0, c_1, c_2 and so on, float64, shape (nq, nx, 3 or more, ns)
    angle : imaginary parts of those powers that have any, the first two at least, shape (nq, nx, 2 or more, ns)
    frequencies : r, shape (np,)
    most : what the sum of the real parts is clipped at, shape (np,)
    nyquist_p : the multipliers at r = np / 2, shape (nq, nx, ns); None where np is odd
    nyquist_y : the multipliers at s = ny / 2, shape (nq, nx, np); None where ny is odd
    """

    growth: Array
    angle: Array
    frequencies: Array
    most: Array
    nyquist_p: Array | None
    nyquist_y: Array | None


def kick_arrays(kick: Kick) -> KickForm:
    """A kick whose rows are all pairs (q, x), as NumPy arrays."""
    c, (n_q, n_p, n_x, n_y), r = kick.coefficients, kick.grid.shape, kick.grid.p.frequencies
    at_p = at_y = None
    if n_p % 2 == 0:
        highest, opposite = (clipped_exponential(c, sign * r[n_p // 2], kick.growth) for sign in (1, -1))
        at_p = (highest + opposite).reshape(n_q, n_x, -1) / 2
    if n_y % 2 == 0:
        at_y = Kick(c[..., -1:], kick.grid, kick.growth).rows(0, None).reshape(n_q, n_x, n_p)
    turning = 1 + max((power for power in range(2, len(c)) if c[power].imag.any()), default=1)
    growth, angle = (np.moveaxis(part, 0, 1).reshape(n_q, n_x, len(part), -1) for part in (c.real, c.imag[:turning]))
    return KickForm(growth, angle, r, kick.growth * r**2, at_p, at_y)


def pushed(kick: KickForm, grid: Grid, push: Push, times: int) -> KickForm:
    """A kick that in so many applications displaces p and y as well, once."""
    change = np.zeros((kick.angle.shape[-2], grid.y.half_frequencies.size))
    change[0], change[1] = -grid.y.half_frequencies * push.y / times, -push.p / times
    of_p, of_y = (factor ** (1 / times) for factor in push.factors(grid))
    at_p = None if kick.nyquist_p is None else kick.nyquist_p * (of_p[of_p.size // 2] * of_y)
    at_y = None if kick.nyquist_y is None else kick.nyquist_y * (of_p * of_y[-1])
    return kick._replace(angle=kick.angle + change, nyquist_p=at_p, nyquist_y=at_y)


def multiplier(kick: KickForm, times: int) -> tuple[Array, Array]:
    """Real and imaginary part of kick**times on (q, x, s, r), evaluated in float64."""
    size = jnp.exp(jnp.minimum(_polynomial(kick.growth, kick.frequencies), kick.most) * times)
    cos, sin = cos_sin(_polynomial(kick.angle, kick.frequencies) * times)
    real, imag = size * cos, size * sin
    n_p, n_s = kick.frequencies.size, kick.growth.shape[-1]
    for values, at, axis in (
        (kick.nyquist_p, np.arange(n_p) == n_p // 2, 3),
        (kick.nyquist_y, np.arange(n_s)[:, None] == n_s - 1, 2),
    ):
        if values is not None:
            there = jnp.expand_dims(values**times, axis)
            real, imag = jnp.where(at, there.real, real), jnp.where(at, there.imag, imag)
    return real, imag


def _polynomial(coefficients: Array, r: Array) -> Array:
    """On (q, x, s, r) that with coefficients on (q, x, power, s)."""
    c = coefficients[..., None]
    value = c[:, :, -1]
    for power in range(c.shape[2] - 2, -1, -1):
        value = c[:, :, power] + r * value
    return value


def part_of(kick: KickForm, first: Array, points: int, axis: int) -> KickForm:
    """What a kick is for so many points of q (axis 0) or x (axis 1)."""
    cut = {
        name: lax.dynamic_slice_in_dim(values, first, points, axis)
        for name in ("growth", "angle", "nyquist_p", "nyquist_y")
        if (values := getattr(kick, name)) is not None
    }
    return kick._replace(**cut)


def kicked(W: Array, kick: KickForm, times: int, in_cache: bool) -> tuple[Array, Array]:
    """F^-1 [kick**times * F W], and F W at s = 0, complex, shape (q, x, np).

    Of what no cache holds, y is transformed back by a product, which runs through memory less often. A transform of the
    conjugate is the conjugate of the inverse one, which would be scaled in a run of its own.
    """
    spectrum = jnp.fft.rfft2(W)
    real, imag = (part.astype(W.dtype) for part in multiplier(kick, times))
    if in_cache:
        factor = lax.complex(real, imag).transpose(0, 1, 3, 2)
        return jnp.fft.irfft2(spectrum * factor, W.shape[2:]), spectrum[..., 0]
    halfway = spectrum.conj().transpose(0, 1, 3, 2) * lax.complex(real, -imag)
    halfway = jnp.fft.fft(halfway).transpose(2, 0, 3, 1)  # s q p x
    parts = jnp.concatenate([halfway.real, halfway.imag])
    back = jnp.asarray(back_transform(W.shape[3], W.shape[2]), W.dtype)
    W = jnp.einsum("sy,sqpx->yqpx", back, parts, precision=EXACT)
    return W.transpose(1, 3, 2, 0), spectrum[..., 0]


def back_transform(points: int, others: int) -> np.ndarray:
    """From real parts and negative imaginary parts of a half-spectrum to the points, over the number of others too."""
    s = np.arange(points // 2 + 1)
    weight = np.where((s == 0) | (2 * s == points), 1, 2)[:, None] / (points * others)
    angle = 2 * np.pi / points * (s[:, None] * np.arange(points) % points)
    return np.concatenate([weight * np.cos(angle), weight * np.sin(angle)])
