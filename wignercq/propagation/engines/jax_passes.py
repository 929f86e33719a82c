"""The passes of the JAX engine on the part of W that one device has, as functions that XLA compiles into one loop.

What a transform, a phase and the transform back do in six runs through memory, a product with a real matrix does in
one, and up to some hundred points it takes no longer than that::

    momentum pass   on planes, W at rest, of the order (q, x, p, y): p and y are transformed with FFTs, multiplied into
                    the order (q, x, s, r), r transformed back, and then s with a product
    transport       on fields, of the order (q, p, y, x): products shift x for each y, with a matrix for each, then q
                    for each p, and mix p

The orders are those of the indices. In memory each product reads and writes W as it needs it, so that three
transpositions are left to a pair of passes; the one of them that XLA does not see to is asked of it.

Multipliers of the momentum pass are evaluated as they are needed, from the coefficients of a :class:`Kick`.
Over several devices W is split along q, or along x: a transport changes from one to the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.layout import Layout, with_layout_constraint

from wignercq.grid.grid import Grid
from wignercq.propagation.engines.jax_phases import cos_sin
from wignercq.propagation.engines.multipliers import Kick, Push, clipped_exponential

DEVICES = "devices"  # the name of the axis of devices
ALONG_Q, ALONG_X = 0, 1  # the axis of (q, x, p, y) along which W is split
ORDERED = (0, 3)  # q and x among the axes of fields
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


class QFlow(NamedTuple):
    """What becomes of (q, p): a shift of q for each p, a matrix along p, and another shift; None does nothing."""

    first: Array | None  # shape (np, nq, nq)
    matrix: Array | None  # shape (np, np)
    second: Array | None

    @property
    def rests(self) -> bool:
        """Whether nothing becomes of them."""
        return self.first is None and self.matrix is None


REST = QFlow(None, None, None)


class XFlow(NamedTuple):
    """What becomes of (x, y): a shift of x for each y, a matrix along y, and another shift; None does nothing."""

    first: Array | None  # shape (ny, nx, nx)
    matrix: Array | None  # shape (ny, ny)
    second: Array | None

    @property
    def rests(self) -> bool:
        """Whether nothing becomes of them."""
        return self.first is None and self.matrix is None


STILL = XFlow(None, None, None)


class LegForm(NamedTuple):
    """A transport stage and the momentum stage after it, which is there for W split along q and along x."""

    x: XFlow
    q: QFlow
    kick: tuple[KickForm, ...]


# multipliers


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


def shifts(half: Array, points: int) -> Array:
    """The real matrices that multiply the half-spectrum of an axis by `half`, shape (n, points // 2 + 1)."""
    kernel = jnp.fft.irfft(half, points)
    place = np.arange(points)
    return kernel[:, (place[:, None] - place) % points]


# passes


def kicked(W: Array, kick: KickForm, times: int = 1) -> tuple[Array, Array]:
    """Of planes F^-1 [kick**times * F W] as fields, and F W at s = 0, complex, shape (q, x, np).

    A transform of the conjugate is the conjugate of the inverse one, which would be scaled in a run of its own.
    """
    spectrum = jnp.fft.rfft2(W)
    real, imag = multiplier(kick, times)
    conjugate = lax.complex(real.astype(W.dtype), -imag.astype(W.dtype))
    halfway = jnp.fft.fft(spectrum.conj().transpose(0, 1, 3, 2) * conjugate).transpose(2, 0, 3, 1)  # s q p x
    parts = jnp.concatenate([halfway.real, halfway.imag])
    back = jnp.asarray(back_transform(W.shape[3], W.shape[2]), W.dtype)
    W = jnp.einsum("sy,sqpx->yqpx", back, parts, precision=EXACT)
    return W.transpose(1, 2, 0, 3), spectrum[..., 0]


def back_transform(points: int, others: int) -> np.ndarray:
    """From real parts and negative imaginary parts of a half-spectrum to the points, over the number of others too."""
    s = np.arange(points // 2 + 1)
    weight = np.where((s == 0) | (2 * s == points), 1, 2)[:, None] / (points * others)
    angle = 2 * np.pi / points * (s[:, None] * np.arange(points) % points)
    return np.concatenate([weight * np.cos(angle), weight * np.sin(angle)])


def moved(W: Array, x: XFlow, flow: QFlow, split: int, devices: int) -> tuple[Array, int]:
    """Of fields both parts of a transport, which commute, as planes, and along which axis they are split then.

    The part that has its axis on the device comes first. Without a part of x or of q W stays split as it is.
    """
    if devices > 1 and not x.rests and not flow.rests:
        if split == ALONG_Q:
            W = _flown(swapped(_sheared(W, x), split, ORDERED), flow)
        else:
            W = _sheared(swapped(_flown(W, flow), split, ORDERED), x)
        return planes(W), 1 - split
    away = devices > 1 and split == (ALONG_X if flow.rests else ALONG_Q)
    W = swapped(W, split, ORDERED) if away else W
    W = _flown(_sheared(W, x), flow)
    W = swapped(W, 1 - split, ORDERED) if away else W
    return planes(W), split


def _sheared(W: Array, x: XFlow) -> Array:
    """Fields after the flow of (x, y), written as the shift of q would read them."""
    if x.rests:
        return W
    for shift, matrix in ((x.first, x.matrix), (x.second, None)):
        if shift is not None:
            W = jnp.einsum("yab,qpyb->qpya", shift, W, precision=EXACT)
        if matrix is not None:
            W = jnp.einsum("ab,qpbx->qpax", matrix, W, precision=EXACT)
    return with_layout_constraint(W, Layout((0, 1, 2, 3)))


def _flown(W: Array, flow: QFlow) -> Array:
    """Fields after the flow of (q, p)."""
    for shift, matrix in ((flow.first, flow.matrix), (flow.second, None)):
        if shift is not None:
            W = jnp.einsum("pab,bpyx->payx", shift, W, precision=EXACT).transpose(1, 0, 2, 3)
        if matrix is not None:
            W = jnp.einsum("ab,qbyx->aqyx", matrix, W, precision=EXACT).transpose(1, 0, 2, 3)
    return W


def fields(W: Array) -> Array:
    """Planes as fields."""
    return W.transpose(0, 2, 3, 1)


def planes(W: Array) -> Array:
    """Fields as planes."""
    return W.transpose(0, 3, 1, 2)


def swapped(W: Array, split: int, places: tuple[int, int] = (0, 1)) -> Array:
    """W split along the other one of q and x, axes with these numbers: one exchange of all devices with all."""
    return lax.all_to_all(W, DEVICES, split_axis=places[1 - split], concat_axis=places[split], tiled=True)


def step(
    W: Array, legs: tuple[LegForm, ...], column: tuple[Array, ...] | None, split: int, devices: int
) -> tuple[Array, int, tuple[Array, Array] | None]:
    """Fields after the legs of a step, its last kick fused with the first of the next if there is a closing column.

    Then also the transform of the p marginal, shape (np,), and the sum of W over (p, y), shape (nq, nx).
    """
    for number, leg in enumerate(legs, start=1):
        closes = number == len(legs) and column is not None
        W, split = moved(W, leg.x, leg.q, split, devices)
        W, spectrum = kicked(W, leg.kick[split], 2 if closes else 1)
    if column is None:
        return W, split, None
    spectrum = spectrum * column[split]
    of_p, density = spectrum.sum((0, 1)), spectrum[:, :, 0].real
    if devices > 1:
        of_p = lax.psum(of_p, DEVICES)
        density = lax.all_gather(density, DEVICES, axis=split, tiled=True)
    return W, split, (of_p, density)


def steps(
    W: Array, legs: tuple[LegForm, ...], column: tuple[Array, ...], count: Array, capacity: int, by: int, devices: int
) -> tuple[Array, tuple[Array, Array]]:
    """Planes, split along q, after `count` steps, `by` of them in a turn of the loop, each fused with the next.

    With what each end of a step reveals, for up to `capacity` of them.
    """
    n_q, n_x = (column[0].shape[0] * devices, column[0].shape[1])
    seen = jnp.zeros((capacity, column[0].shape[2]), complex), jnp.zeros((capacity, n_q, n_x))

    def turn(i: Array, state: tuple[Array, tuple[Array, Array]]) -> tuple[Array, tuple[Array, Array]]:
        W, seen = state
        split = ALONG_Q
        for j in range(by):
            W, split, boundary = step(W, legs, column, split, devices)
            assert boundary is not None
            seen = tuple(
                lax.dynamic_update_index_in_dim(all_, one.astype(all_.dtype), by * i + j, 0)
                for all_, one in zip(seen, boundary, strict=True)
            )
        return at_rest(W, split), seen

    if capacity == by:  # a turn without a loop
        W, seen = turn(0, (fields(W), seen))
    else:
        W, seen = lax.fori_loop(0, count // by, turn, (fields(W), seen))
    return planes(W), seen


def at_rest(W: Array, split: int) -> Array:
    """Fields split along q."""
    return W if split == ALONG_Q else swapped(W, split, ORDERED)


# what is read off W


def power(W: Array, axis: int) -> Array:
    """At each frequency of an axis from zero to Nyquist the power of W, not normalised."""
    n = W.shape[axis]
    spectrum = jnp.fft.rfft(jnp.moveaxis(W, axis, 3))
    power = (spectrum.real.astype(float) ** 2 + spectrum.imag.astype(float) ** 2).sum((0, 1, 2))
    return power * np.where((np.arange(n // 2 + 1) % n == 0) | (2 * np.arange(n // 2 + 1) == n), 1.0, 2.0)


def thinned(W: Array, devices: int) -> Array:
    """Every other point of W split along q; a device with an odd number of q has zeros after those it has."""
    share = W.shape[0]
    if devices > 1 and share % 2:
        W = jnp.pad(W[:, ::2, ::2, ::2], ((0, 1), (0, 0), (0, 0), (0, 0)))
        return lax.dynamic_slice_in_dim(W, lax.axis_index(DEVICES) * share % 2, share)[::2]
    return W[::2, ::2, ::2, ::2]


def interpolated(W: Array, matrices: list[Array | None], devices: int) -> Array:
    """W, split along q, taken to other points by matrices along q, x, p and y; None where they stay the same."""
    for axis in (3, 2, 1):
        matrix = matrices[axis]
        if matrix is not None:
            W = jnp.moveaxis(jnp.tensordot(W, matrix, axes=(axis, 1), precision=EXACT), 3, axis)
    if matrices[0] is None:
        return W
    W = swapped(W, ALONG_Q) if devices > 1 else W
    W = jnp.tensordot(matrices[0], W, axes=(1, 0), precision=EXACT)
    return swapped(W, ALONG_X) if devices > 1 else W
