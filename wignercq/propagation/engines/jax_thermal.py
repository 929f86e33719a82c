"""Thermal dynamics on the devices of JAX: shears of q and x together by p, and what happens at rest in q.

Both go through W part by part, as all transforms of it at once would take several W.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh

from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.jax_devices import CUT, P, cut, padded, put, spread, whole
from wignercq.propagation.engines.jax_parts import P_AXIS, Q, at_other_points, parts
from wignercq.propagation.engines.multipliers import Dissipation, DissipationTables

Points = tuple[int, int]  # of q and x, which zeros follow


class JointShear(NamedTuple):
    """A multiplier in (k_q, k_x, p), which over several devices is cut along k_x."""

    factor: Any  # shape (nq, nx // 2 + 1 filled up, np)


def joint_shear(factor: np.ndarray, dtype: np.dtype, mesh: Mesh) -> JointShear:
    """From a multiplier of shape (nq, np, nx // 2 + 1)."""
    values = padded(factor.transpose(0, 2, 1).astype(np.result_type(dtype, np.complex64)), mesh, (1,))
    return JointShear(put(values, cut(mesh, 1)))


def tables(dissipation: Dissipation, dtype: np.dtype, after: Any, mesh: Mesh) -> DissipationTables:
    """What happens at rest in q, of which devices have shifts for the q that they have; `after` is what follows."""
    matrices = tuple(put(matrix, whole(mesh)) for matrix in dissipation.of_type(dtype))
    shifts = dissipation.shifts.astype(np.result_type(dtype, np.complex64))
    noise = put(dissipation.noise.astype(dtype), whole(mesh))
    return DissipationTables(matrices, noise, put(padded(shifts, mesh, (0,)), cut(mesh, 0)), after)


def sheared(W: Any, shear: JointShear, points: Points, mesh: Mesh) -> Any:
    """W, which is spent, after F^-1 [factor * F W], F transforming q and x."""
    for first, count in parts(W, P_AXIS, mesh):
        W = _sheared_part(W, shear.factor, first, count=count, points=points, mesh=mesh)
    return W


@partial(jax.jit, static_argnames=("count", "points", "mesh"), donate_argnames="W")
def _sheared_part(W: Any, factor: Any, first: Any, *, count: int, points: Points, mesh: Mesh) -> Any:
    """For so many points of p."""
    n_q, n_x = points

    def act(W: Any, factor: Any, first: Any) -> Any:
        part = lax.dynamic_slice_in_dim(W, first, count, P_AXIS)
        by_p = lax.dynamic_slice_in_dim(factor, first, count, 2)[..., None]
        spectrum = jnp.fft.rfft(part[:, :n_x], axis=1)
        frequencies = spectrum.shape[1]
        if mesh.size > 1:
            spectrum = passes.swapped(_filled(spectrum, 1, -frequencies % mesh.size), passes.ALONG_Q)
        held = spectrum.shape[0]
        spectrum = jnp.fft.ifft(jnp.fft.fft(spectrum[:n_q], axis=0) * by_p, axis=0)
        if mesh.size > 1:
            spectrum = passes.swapped(_filled(spectrum, 0, held - n_q), passes.ALONG_X)[:, :frequencies]
        part = _filled(jnp.fft.irfft(spectrum, n_x, axis=1), 1, W.shape[1] - n_x)
        return lax.dynamic_update_slice_in_dim(W, part.astype(W.dtype), first, P_AXIS)

    return spread(act, mesh, (CUT[0], CUT[1], P()), CUT[0])(W, factor, first)


def dissipated(W: Any, bath: DissipationTables, n_x: int, mesh: Mesh) -> Any:
    """W, which is spent, after F^-1 [shifts * noise * F (matrices W)], F transforming p and x."""
    arrays = (bath.matrices, bath.noise, bath.shifts)
    for first, count in parts(W, Q, mesh):
        W = _dissipated_part(W, arrays, first, count=count, n_x=n_x, mesh=mesh)
    return W


@partial(jax.jit, static_argnames=("count", "n_x", "mesh"), donate_argnames="W")
def _dissipated_part(W: Any, arrays: Any, first: Any, *, count: int, n_x: int, mesh: Mesh) -> Any:
    """For so many points of q that a device has."""

    def act(W: Any, matrices: Any, noise: Any, shifts: Any, first: Any) -> Any:
        p, x, y = matrices
        part = lax.dynamic_slice_in_dim(W, first, count, Q)[:, :n_x]
        part = at_other_points(part, [None, x, p, y], 1)
        spectrum = jnp.fft.rfftn(part, axes=(1, 2)) * noise[None, :, :, None]
        spectrum *= lax.dynamic_slice_in_dim(shifts, first, count, 0)[:, :, None, None]
        part = _filled(jnp.fft.irfftn(spectrum, s=(n_x, W.shape[2]), axes=(1, 2)), 1, W.shape[1] - n_x)
        return lax.dynamic_update_slice_in_dim(W, part.astype(W.dtype), first, Q)

    return spread(act, mesh, (CUT[0], P(), P(), CUT[0], P()), CUT[0])(W, *arrays, first)


def _filled(values: Any, axis: int, more: int) -> Any:
    """With zeros at the end of an axis."""
    return jnp.pad(values, [(0, more if i == axis else 0) for i in range(values.ndim)]) if more else values
