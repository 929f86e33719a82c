"""What is read off a W of the JAX engine: sums and largest values, on every device the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.base import FAINT
from wignercq.propagation.engines.jax_devices import CUT, spread

PAIRS = (("q", "p"), ("q", "x"), ("q", "y"), ("p", "x"), ("p", "y"), ("x", "y"))

of_mesh = partial(jax.jit, static_argnames="mesh")


def everywhere(values: Any, mesh: Mesh) -> Any:
    """Within a program: small arrays on all devices, from where each process can read them."""
    return values if mesh.size == 1 else lax.with_sharding_constraint(values, NamedSharding(mesh, P()))


@of_mesh
def read(values: Any, *, mesh: Mesh) -> Any:
    """Arrays that are cut, on all devices."""
    return everywhere(values, mesh)


@of_mesh
def total(W: Any, *, mesh: Mesh) -> Any:
    """The sum of W."""
    return everywhere(W.sum(dtype=float), mesh)


@of_mesh
def planes(W: Any, *, mesh: Mesh) -> tuple[list[Any], Any]:
    """Sums over two axes, by the pairs of the others, and of the modulus, in double precision."""
    without_y, without_p = W.sum(3, dtype=float), W.sum(2, dtype=float)  # q x p, q x y
    qp, qx, px = without_y.sum(1), without_y.sum(2), without_y.sum(0).T
    qy, xy, py = without_p.sum(1), without_p.sum(0), W.sum((0, 1), dtype=float)
    return everywhere(([qp, qx, qy, px, py, xy], jnp.abs(W).sum(dtype=float)), mesh)


# fields of every other point


@of_mesh
def thinned(W: Any, *, mesh: Mesh) -> Any:
    """Every other point of W, along q with zeros in between where the devices have odd numbers of them."""

    def act(W: Any) -> Any:
        share = W.shape[0]
        if mesh.size > 1 and share % 2:
            W = jnp.pad(W[:, ::2, ::2, ::2], ((0, 1), (0, 0), (0, 0), (0, 0)))
            return lax.dynamic_slice_in_dim(W, lax.axis_index(passes.DEVICES) * share % 2, share)[::2]
        return W[::2, ::2, ::2, ::2]

    return spread(act, mesh, (CUT[0],), CUT[0])(W)


def even_rows(points: int, share: int, devices: int) -> Iterator[int]:
    """Where in what :func:`thinned` returns every other of the points q lies, of which each device has a share."""
    held = -(-share // 2)
    for device in range(devices):
        first = device * share
        for row in range(held):
            q = first + first % 2 + 2 * row
            if q < min(points, first + share):
                yield device * held + row


@of_mesh
def lines(W: Any, *, mesh: Mesh) -> list[Any]:
    """Sums over three axes, by the one that is left."""
    return everywhere([W.sum(tuple(i for i in range(4) if i != axis)) for axis in range(4)], mesh)


@of_mesh
def deviation(weights: Sequence[Any], fields: Sequence[Any], *, mesh: Mesh) -> tuple[Any, Any]:
    """The largest modulus of a sum of fields, relative to the last of them, where that is large and anywhere."""
    first, *others = [weight * field for weight, field in zip(weights, fields, strict=True)]
    total, size = jnp.abs(sum(others, start=first)), jnp.abs(fields[-1])
    largest = size.max()
    inside = jnp.where(size >= FAINT * largest, total, 0).max() / largest
    return everywhere((inside, total.max() / largest), mesh)
