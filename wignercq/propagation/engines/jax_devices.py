"""The devices that the JAX engine spreads W over, and the programs that run on all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, Sharding, SingleDeviceSharding
from jax.sharding import PartitionSpec as P

from wignercq.errors import InputError
from wignercq.grid.grid import Grid
from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.jax_passes import DEVICES, KickForm, LegForm

Devices = Sequence[Any] | int | None
#: How arrays that begin with (q, x) are cut for a W split along q, and for one split along x.
CUT = (P(DEVICES), P(None, DEVICES))


def chosen(devices: Devices, grid: Grid) -> Mesh:
    """The devices asked for, or as many of all as divide the points of q and of x.

    InputError where those asked for do not, or there are fewer.
    """
    everything = jax.devices()
    q, x = grid.q.points, grid.x.points
    if devices is None:
        devices = max(n for n in range(1, len(everything) + 1) if q % n == x % n == 0)
    if isinstance(devices, int):
        if not 1 <= devices <= len(everything):
            raise InputError("devices", f"1 to {len(everything)}, as many as JAX sees", devices)
        devices = everything[:devices]
    assert not isinstance(devices, int)
    count = len(devices)
    for name, points in (("q", q), ("x", x)):
        if points % count:
            below = points - points % count
            nearest = f"{below} or {below + count}" if below else f"{count}"
            raise InputError(f"grid.{name}.points", f"a multiple of the {count} devices", f"{points}; take {nearest}")
    return Mesh(np.array(devices), (DEVICES,))


def cut(mesh: Mesh, axis: int) -> Sharding:
    """How W and what begins with (q, x) is laid on the devices, split along q or x."""
    return SingleDeviceSharding(mesh.devices[0]) if mesh.size == 1 else NamedSharding(mesh, CUT[axis])


def whole(mesh: Mesh) -> Sharding:
    """All of an array on every device."""
    return SingleDeviceSharding(mesh.devices[0]) if mesh.size == 1 else NamedSharding(mesh, P())


def kick_specs(axis: int) -> KickForm:
    """How a kick is cut."""
    return KickForm(CUT[axis], P(), CUT[axis], CUT[axis])


def kick_forms(kick: KickForm, mesh: Mesh) -> tuple[KickForm, ...]:
    """A kick of NumPy arrays on the devices, for a W split along q and, where there are several, along x."""

    def laid(axis: int) -> KickForm:
        def put(values: Any, where: Sharding) -> Any:
            return None if values is None else jax.device_put(values, where)

        return KickForm(
            put(kick.coefficients, cut(mesh, axis)),
            put(kick.frequencies, whole(mesh)),
            put(kick.nyquist_p, cut(mesh, axis)),
            put(kick.nyquist_y, cut(mesh, axis)),
        )

    return tuple(laid(axis) for axis in range(min(mesh.size, 2)))


def spread(act: Callable[..., Any], mesh: Mesh, takes: tuple[Any, ...], gives: Any) -> Callable[..., Any]:
    """`act` on the part of its arguments that each device has; on one device `act` itself."""
    if mesh.size == 1:
        return act
    return jax.shard_map(act, mesh=mesh, in_specs=takes, out_specs=gives, check_vma=False)


# programs: W is split along q before and after, and is spent where its name is `W`


def _spending(*static: str) -> Callable[..., Any]:
    return partial(jax.jit, static_argnames=("mesh", *static), donate_argnames="W")


def _kick(W: Any, kick: tuple[KickForm, ...], matrix: Any, *, mesh: Mesh, times: int) -> tuple[Any, Any]:
    def act(W: Any, kick: KickForm, matrix: Any) -> tuple[Any, Any]:
        if matrix is not None:
            flow = passes.QFlow(None, matrix, None)
            W, _ = passes.moved(passes.fields(W), passes.STILL, flow, passes.ALONG_X, 1)
        W, column = passes.kicked(W, kick, times)
        return passes.planes(W), column

    return spread(act, mesh, (CUT[0], kick_specs(0), P()), (CUT[0], CUT[0]))(W, kick[0], matrix)


kick_spending = _spending("times")(_kick)
kick_keeping = jax.jit(_kick, static_argnames=("mesh", "times"))


@_spending()
def move(W: Any, x: Any, flow: passes.QFlow, *, mesh: Mesh) -> Any:
    """W after a transport."""

    def act(W: Any, x: Any, flow: passes.QFlow) -> Any:
        W, split = passes.moved(passes.fields(W), x, flow, passes.ALONG_Q, mesh.size)
        return W if split == passes.ALONG_Q else passes.swapped(W, split)

    return spread(act, mesh, (CUT[0], P(), P()), CUT[0])(W, x, flow)


def _leg_specs(legs: tuple[LegForm, ...]) -> tuple[LegForm, ...]:
    kicks = tuple(kick_specs(axis) for axis in range(2))
    everywhere: Any = P()
    return tuple(LegForm(everywhere, everywhere, kicks) for _ in legs)


@_spending("capacity", "by")
def steps(
    W: Any, legs: tuple[LegForm, ...], column: tuple[Any, ...], count: Any, *, mesh: Mesh, capacity: int, by: int
) -> tuple[Any, tuple[Any, Any]]:
    """W after so many steps, `by` in a turn, each fused with the next, and what the ends of each reveal."""
    act = partial(passes.steps, capacity=capacity, by=by, devices=mesh.size)
    return spread(act, mesh, (CUT[0], _leg_specs(legs), CUT, P()), (CUT[0], P()))(W, legs, column, count)


@_spending()
def last_step(W: Any, legs: tuple[LegForm, ...], *, mesh: Mesh) -> Any:
    """W after the legs of a step."""

    def act(W: Any, legs: tuple[LegForm, ...]) -> Any:
        W, split, _ = passes.step(passes.fields(W), legs, None, passes.ALONG_Q, mesh.size)
        return passes.planes(passes.at_rest(W, split))

    return spread(act, mesh, (CUT[0], _leg_specs(legs)), CUT[0])(W, legs)


@partial(jax.jit, static_argnames="mesh")
def powers(W: Any, *, mesh: Mesh) -> list[Any]:
    """The power of W at each frequency of q, p, x and y."""
    return spread(partial(passes.powers, devices=mesh.size), mesh, (CUT[0],), P())(W)


@partial(jax.jit, static_argnames="mesh")
def interpolated(W: Any, matrices: list[Any], *, mesh: Mesh) -> Any:
    """W at other points."""
    act = partial(passes.interpolated, devices=mesh.size)
    return spread(act, mesh, (CUT[0], P()), CUT[1])(W, matrices)[:, : matrices[1].shape[0]]
