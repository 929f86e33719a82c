"""The passes of the JAX engine on the part of W that one device has, as functions that XLA compiles into one loop.

W lies in the order (q, x, p, y)::

    momentum pass   a transform of the planes (p, y), which are contiguous, with cuFFT on a GPU
    transport       in the order (q, p, y, x) products with real matrices: the one that shifts q for each p, the one
                    that shifts x for each y. What a transform, a phase and the transform back do in six runs through
                    memory, a product does in one; at some hundred points it takes no longer than that.

Multipliers of the momentum pass are evaluated as they are needed, from the coefficients of a :class:`Kick`.
Over several devices W is split along q, or along x: a transport changes from one to the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from wignercq.propagation.engines.multipliers import Kick, clipped_exponential

DEVICES = "devices"  # the name of the axis of devices
ALONG_Q, ALONG_X = 0, 1  # the axis of (q, x, p, y) along which W is split
EXACT = lax.Precision.HIGHEST  # products of float32 in float32

Array = Any  # jax.Array, which is no type of a traced value


class KickForm(NamedTuple):
    """A kick on the device.

    Parameters
    ----------
    coefficients : real and imaginary parts of c_0, c_1, c_2, float64, shape (nq, nx, 6, ns)
    frequencies : r, shape (np,)
    nyquist_p : the multipliers at r = np / 2, shape (nq, nx, ns); None where np is odd
    nyquist_y : the multipliers at s = ny / 2, shape (nq, nx, np); None where ny is odd
    """

    coefficients: Array
    frequencies: Array
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


class LegForm(NamedTuple):
    """A transport stage and the momentum stage after it, which is there for W split along q and along x."""

    x: Array | None  # shape (ny, nx, nx)
    q: QFlow
    kick: tuple[KickForm, ...]


# multipliers


def kick_arrays(kick: Kick) -> KickForm:
    """A kick whose rows are all pairs (q, x), as NumPy arrays."""
    c, (n_q, n_p, n_x, n_y) = kick.coefficients, kick.grid.shape
    at_p = at_y = None
    if n_p % 2 == 0:
        highest = kick.grid.p.frequencies[n_p // 2]
        at_p = (clipped_exponential(c, highest) + clipped_exponential(c, -highest)).reshape(n_q, n_x, -1) / 2
    if n_y % 2 == 0:
        at_y = Kick(c[..., -1:], kick.grid).rows(0, None).reshape(n_q, n_x, n_p)
    parts = np.stack([part for power in c for part in (power.real, power.imag)], axis=1)
    return KickForm(parts.reshape(n_q, n_x, 6, -1), kick.grid.p.frequencies, at_p, at_y)


def multiplier(kick: KickForm, times: int, dtype: Any) -> Array:
    """kick**times on (q, x, r, s), evaluated in float64."""
    c, r = kick.coefficients[:, :, :, None, :], kick.frequencies[:, None]
    growth = jnp.minimum(c[:, :, 0] + r * (c[:, :, 2] + r * c[:, :, 4]), 0.0) * times
    angle = (c[:, :, 1] + r * (c[:, :, 3] + r * c[:, :, 5])) * times
    size = jnp.exp(growth)
    real, imag = size * jnp.cos(angle), size * jnp.sin(angle)
    n_p, n_s = kick.frequencies.size, kick.coefficients.shape[-1]
    for values, at, place in (
        (kick.nyquist_p, np.arange(n_p)[:, None] == n_p // 2, 2),
        (kick.nyquist_y, np.arange(n_s) == n_s - 1, 3),
    ):
        if values is not None:
            there = jnp.expand_dims(values**times, place)
            real, imag = jnp.where(at, there.real, real), jnp.where(at, there.imag, imag)
    return lax.complex(real.astype(dtype), imag.astype(dtype))


def shifts(half: Array, points: int) -> Array:
    """The real matrices that multiply the half-spectrum of an axis by `half`, shape (n, points // 2 + 1)."""
    kernel = jnp.fft.irfft(half, points)
    place = np.arange(points)
    return kernel[:, (place[:, None] - place) % points]


# passes


def kicked(W: Array, kick: KickForm, times: int = 1) -> tuple[Array, Array]:
    """F^-1 [kick**times * F W], and F W at s = 0, complex, shape (q, x, np)."""
    spectrum = jnp.fft.rfft2(W)
    column = spectrum[..., 0]
    spectrum = spectrum * multiplier(kick, times, W.dtype)
    return jnp.fft.irfft2(spectrum, s=W.shape[2:]), column


def moved(W: Array, x: Array | None, flow: QFlow, split: int, devices: int) -> tuple[Array, int]:
    """W after both parts of a transport, which commute, and along which axis it is split then.

    The part that has its axis on the device comes first. Without a part of x or of q, and on one device, W stays split
    as it is.
    """
    if x is None or flow.rests:
        change = split == (ALONG_X if x is not None else ALONG_Q)
        W = swapped(W, split, devices) if change else W
        W = acted(W, x, flow)
        return (swapped(W, 1 - split, devices), split) if change else (W, split)
    if devices == 1:
        return acted(W, x, flow), split
    first, second = (x, REST), (None, flow)
    if split == ALONG_X:
        first, second = second, first
    return acted(swapped(acted(W, *first), split, devices), *second), 1 - split


def acted(W: Array, x: Array | None, flow: QFlow) -> Array:
    """W after the shift of x, then the flow of (q, p)."""
    W = W.transpose(0, 2, 3, 1)  # q p y x
    if x is not None:
        W = jnp.einsum("yab,qpyb->qpya", x, W, precision=EXACT)
    for shift, matrix in ((flow.first, flow.matrix), (flow.second, None)):
        if shift is not None:
            W = jnp.einsum("pab,bpyx->apyx", shift, W, precision=EXACT)
        if matrix is not None:
            W = jnp.einsum("ab,qbyx->qayx", matrix, W, precision=EXACT)
    return W.transpose(0, 3, 1, 2)


def swapped(W: Array, split: int, devices: int) -> Array:
    """W split along the other one of q and x: one exchange of all devices with all."""
    if devices == 1:
        return W
    return lax.all_to_all(W, DEVICES, split_axis=1 - split, concat_axis=split, tiled=True)


def step(
    W: Array, legs: tuple[LegForm, ...], column: tuple[Array, ...] | None, split: int, devices: int
) -> tuple[Array, int, tuple[Array, Array] | None]:
    """W after the legs of a step, its last kick fused with the first of the next if there is a closing column.

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
    """W, split along q, after `count` steps, `by` of them in a turn of the loop, each fused with the next.

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
        return (W if split == ALONG_Q else swapped(W, split, devices)), seen

    return lax.fori_loop(0, count // by, turn, (W, seen))


# what is read off W


def powers(W: Array, devices: int) -> list[Array]:
    """Of W split along q the power at each frequency from zero to Nyquist, for q, p, x and y, not normalised."""
    of_qx = W[:, :, ::2]
    of_py = W[::2] if W.shape[0] % 2 == 0 or devices == 1 else W
    lines = [(swapped(of_qx, ALONG_Q, devices), 0), (of_py, 2), (of_qx, 1), (of_py, 3)]
    found = [_power(V, axis) for V, axis in lines]
    return [lax.psum(power, DEVICES) for power in found] if devices > 1 else found


def _power(W: Array, axis: int) -> Array:
    n = W.shape[axis]
    spectrum = jnp.fft.rfft(jnp.moveaxis(W, axis, 3))
    power = (spectrum.real.astype(float) ** 2 + spectrum.imag.astype(float) ** 2).sum((0, 1, 2))
    return power * np.where((np.arange(n // 2 + 1) % n == 0) | (2 * np.arange(n // 2 + 1) == n), 1.0, 2.0)


def interpolated(W: Array, matrices: list[Array], devices: int) -> Array:
    """W, split along q, taken to other points by matrices along q, x, p and y; then split along x, with zeros after."""
    n_x = matrices[1].shape[0]
    for axis in (3, 2, 1):
        W = jnp.moveaxis(jnp.tensordot(W, matrices[axis], axes=(axis, 1), precision=EXACT), 3, axis)
    W = jnp.pad(W, ((0, 0), (0, -n_x % devices), (0, 0), (0, 0)))
    return jnp.tensordot(matrices[0], swapped(W, ALONG_Q, devices), axes=(1, 0), precision=EXACT)
