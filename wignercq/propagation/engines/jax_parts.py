"""What goes through a W of the JAX engine part after part, and takes little memory beside W and what becomes of it.

Parts are some points of q, which a device has whole in x, p and y, or some points of p, to exchange all of (q, x).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh

from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.jax_devices import CUT, P, cut, spread
from wignercq.propagation.engines.jax_kick import EXACT

PART = 2**24  # bytes of W in a part, on each device
Q, P_AXIS = 0, 2  # axes of (q, x, p, y) that parts are taken of


def parts(W: Any, axis: int, mesh: Mesh) -> Iterator[tuple[int, int]]:
    """The first point and the number of points of each part on a device, even numbers but for the last."""
    points = W.shape[axis] // (mesh.size if axis == Q else 1)
    whole = W.nbytes / mesh.size
    count = 2 * -(-points // (2 * max(1, round(whole / PART))))
    for first in range(0, points, count):
        yield first, min(count, points - first)


# powers


def powers(W: Any, points: tuple[int, int], mesh: Mesh) -> list[np.ndarray]:
    """Of W the power at each frequency from zero to Nyquist, for q, p, x and y, not normalised.

    W has so many points of q and x, and zeros after them. Powers along q and x are those at every other p; along p and
    y at every other q, at all where a device has an odd number of them.
    """
    q, x = _added(_powers_qx(W, first, count=n, points=points, mesh=mesh) for first, n in parts(W, P_AXIS, mesh))
    p, y = _added(_powers_py(W, first, count=n, mesh=mesh) for first, n in parts(W, Q, mesh))
    return [q, p, x, y]


def _added(pairs: Iterator[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Sums over all parts, each of which is done when the next begins."""
    a, b = zip(*((np.asarray(one), np.asarray(other)) for one, other in pairs), strict=True)
    return np.sum(a, axis=0), np.sum(b, axis=0)


@partial(jax.jit, static_argnames=("count", "points", "mesh"))
def _powers_qx(W: Any, first: Any, *, count: int, points: tuple[int, int], mesh: Mesh) -> tuple[Any, Any]:
    """At every other of so many points of p."""

    def act(W: Any, first: Any) -> tuple[Any, Any]:
        n_q, n_x = points
        part = lax.dynamic_slice_in_dim(W, first, count, P_AXIS)[:, :, ::2]
        along_q = passes.swapped(part, passes.ALONG_Q) if mesh.size > 1 else part
        return _over_all(power(along_q[:n_q], 0), power(part[:, :n_x], 1), mesh=mesh)

    return spread(act, mesh, (CUT[0], P()), P())(W, first)


@partial(jax.jit, static_argnames=("count", "mesh"))
def _powers_py(W: Any, first: Any, *, count: int, mesh: Mesh) -> tuple[Any, Any]:
    """At every other of so many points of q that a device has."""

    def act(W: Any, first: Any) -> tuple[Any, Any]:
        each = 2 if W.shape[Q] % 2 == 0 or mesh.size == 1 else 1
        part = lax.dynamic_slice_in_dim(W, first, count, Q)[::each]
        return _over_all(power(part, 2), power(part, 3), mesh=mesh)

    return spread(act, mesh, (CUT[0], P()), P())(W, first)


def power(W: Any, axis: int) -> Any:
    """At each frequency of an axis from zero to Nyquist the power of W, not normalised."""
    n = W.shape[axis]
    spectrum = jnp.fft.rfft(jnp.moveaxis(W, axis, 3))
    power = (spectrum.real.astype(float) ** 2 + spectrum.imag.astype(float) ** 2).sum((0, 1, 2))
    return power * np.where((np.arange(n // 2 + 1) % n == 0) | (2 * np.arange(n // 2 + 1) == n), 1.0, 2.0)


def _over_all(*powers: Any, mesh: Mesh) -> Any:
    return lax.psum(powers, passes.DEVICES) if mesh.size > 1 else powers


# other points


def interpolated(W: Any, matrices: list[Any | None], mesh: Mesh) -> Any:
    """W at other points, by matrices along q, x, p and y; None where they stay the same. W itself is kept."""
    q, *others = matrices
    for axis, changes in ((Q, [None, *others]), (P_AXIS, [q, None, None, None])):
        if any(change is not None for change in changes):
            shape = tuple(n if m is None else m.shape[0] for n, m in zip(W.shape, changes, strict=True))
            found = jnp.zeros(shape, W.dtype, device=cut(mesh, 0))
            for first, count in parts(W, axis, mesh):
                found = _with_part(W, found, changes, first, axis=axis, count=count, mesh=mesh)
            W = found
    return W


@partial(jax.jit, static_argnames=("axis", "count", "mesh"), donate_argnames="found")
def _with_part(W: Any, found: Any, matrices: list[Any | None], first: Any, *, axis: int, count: int, mesh: Mesh) -> Any:
    """`found` with so many points of an axis, which stay the same, of W taken to other points of the other axes."""

    def act(W: Any, found: Any, matrices: list[Any | None], first: Any) -> Any:
        part = lax.dynamic_slice_in_dim(W, first, count, axis)
        part = at_other_points(part, matrices, mesh.size)
        return lax.dynamic_update_slice_in_dim(found, part, first, axis)

    return spread(act, mesh, (CUT[0], CUT[0], P(), P()), CUT[0])(W, found, matrices, first)


def at_other_points(W: Any, matrices: list[Any | None], devices: int) -> Any:
    """W, split along q, taken to other points by matrices along q, x, p and y; None where they stay the same."""
    for axis in (3, 2, 1):
        matrix = matrices[axis]
        if matrix is not None:
            W = jnp.moveaxis(jnp.tensordot(W, matrix, axes=(axis, 1), precision=EXACT), 3, axis)
    if matrices[0] is None:
        return W
    W = passes.swapped(W, passes.ALONG_Q) if devices > 1 else W
    W = jnp.tensordot(matrices[0], W, axes=(1, 0), precision=EXACT)
    return passes.swapped(W, passes.ALONG_X) if devices > 1 else W


# slabs, one q after the other


def filled(
    write: Callable[[int, np.ndarray], None], shape: tuple[int, ...], held: tuple[int, int], dtype: Any, mesh: Mesh
) -> Any:
    """A W of this shape whose slabs are written one by one, with so many points of q and x held, zeros after them."""
    (points, n_p, n_x, n_y), (n_q, filled_x) = shape, held
    blocks, share = [], n_q // mesh.size
    for number, device in enumerate(mesh.devices):
        if device.process_index != jax.process_index():
            continue
        block = jnp.zeros((share, filled_x, n_p, n_y), dtype, device=device)
        for i in range(min(share, points - number * share)):  # from memory of its own each, which the device uses
            slab = np.empty((n_x, n_p, n_y), dtype)
            write(number * share + i, slab.transpose(1, 0, 2))
            block = _with_slab(block, jax.device_put(slab, device), i)
        blocks.append(block)
    if mesh.size == 1:
        return blocks[0]
    return jax.make_array_from_single_device_arrays((n_q, filled_x, n_p, n_y), cut(mesh, 0), blocks)


def slabs(W: Any, shape: tuple[int, ...], mesh: Mesh) -> Iterator[np.ndarray]:
    """W of this shape one q after the other, shape (np, nx, ny)."""
    n_q, _, n_x, _ = shape
    if not W.is_fully_addressable:
        for i in range(n_q):
            yield np.asarray(_slab_everywhere(W, i, mesh=mesh))[:n_x].transpose(1, 0, 2)
        return
    for part in sorted(W.addressable_shards, key=lambda part: part.index[0].start or 0):
        first = part.index[0].start or 0
        for i in range(min(part.data.shape[0], n_q - first)):
            yield np.asarray(_own_slab(part.data, i))[:n_x].transpose(1, 0, 2)


_own_slab = jax.jit(lambda W, i: W[i])
_with_slab = jax.jit(lambda W, slab, i: W.at[i, : slab.shape[0]].set(slab), donate_argnums=0)


@partial(jax.jit, static_argnames="mesh")
def _slab_everywhere(W: Any, i: Any, *, mesh: Mesh) -> Any:
    """W at the i-th q, of which one device has it."""

    def act(W: Any, i: Any) -> Any:
        own = i - lax.axis_index(passes.DEVICES) * W.shape[0]
        found = lax.dynamic_index_in_dim(W, jnp.clip(own, 0, W.shape[0] - 1), keepdims=False)
        return lax.psum(jnp.where((own >= 0) & (own < W.shape[0]), found, 0), passes.DEVICES)

    return spread(act, mesh, (CUT[0], P()), P())(W, i)
