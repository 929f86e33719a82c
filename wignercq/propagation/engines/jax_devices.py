"""The devices that the JAX engine spreads W over, and the programs that run on all of them at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, Sharding, SingleDeviceSharding
from jax.sharding import PartitionSpec as P

from wignercq.errors import InputError, quoted
from wignercq.grid.grid import Grid
from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines import processes
from wignercq.propagation.engines.jax_kick import KickForm
from wignercq.propagation.engines.jax_passes import DEVICES, LegForm, Way

NOTEWORTHY = 0.05  # of the points of an axis, where W is zero
BLOCK = 2.0**21  # bytes of W that a processor takes at a time, in its caches with what becomes of them
WIDE = {"xla_cpu_prefer_vector_width": 512}  # bits, on processors that have them: half the time of a multiplier
Devices = Sequence[Any] | int | str | None
#: How arrays that begin with (q, x) are cut for a W split along q, and for one split along x.
CUT = (P(DEVICES), P(None, DEVICES))


def chosen(devices: Devices) -> Mesh:
    """The devices asked for; by default all of the processes that have joined, or of this one.

    InputError where there are none, fewer, or not those of every process.
    """
    all_of = jax.devices if processes.count() > 1 else jax.local_devices
    try:
        found = all_of(backend=devices if isinstance(devices, str) else None)
    except RuntimeError as error:
        if isinstance(devices, str):
            expected = f"a {devices} that JAX sees (pip install 'wignercq[cuda]', for those of NVIDIA)"
            raise InputError("devices", expected, f"{jax.default_backend()} alone") from None
        raise InputError("engine", "devices that JAX can use", quoted(error)) from None
    if isinstance(devices, int):
        if not 1 <= devices <= len(found):
            raise InputError("devices", f"1 to {len(found)}, as many as JAX sees", devices)
        found = found[:devices]
    elif devices is not None and not isinstance(devices, str):
        found = [*devices]
    if processes.count() > 1 and len(found) < len(jax.devices()):
        expected = f"all {len(jax.devices())}, of {processes.count()} processes"
        raise InputError("devices", expected, len(found))
    return Mesh(np.array(found), (DEVICES,))


def filled_up(points: int, mesh: Mesh) -> int:
    """Points of q or x with so many more, where W is zero, that each device has as many."""
    return points + -points % mesh.size


def advice(grid: Grid, devices: int) -> str:
    """A line on points of q and x that devices divide, where those that they have to be given cost something."""
    lines = []
    for name, points in (("q", grid.q.points), ("x", grid.x.points)):
        above = points + -points % devices
        if above > (1 + NOTEWORTHY) * points:
            nearest = f"{above - devices} or {above}" if above > devices else f"{above}"
            lines.append(f"grid.{name}.points: {points} cost as much as {above} on {devices} devices; take {nearest}")
    return "; ".join(lines)


def padded(values: np.ndarray, mesh: Mesh, axes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """An array with zeros at the ends of some axes, which are those of q or x."""
    if mesh.size == 1:
        return values
    zeros = [(0, -n % mesh.size if axis in axes else 0) for axis, n in enumerate(values.shape)]
    return np.pad(values, zeros)


def put(values: np.ndarray, where: Sharding) -> Any:
    """An array that every process has, on the devices: each takes from its own what it needs."""
    if where.is_fully_addressable:
        return jax.device_put(values, where)
    return jax.make_array_from_callback(values.shape, where, lambda part: values[part])


def cut(mesh: Mesh, axis: int) -> Sharding:
    """How W and what begins with (q, x) is laid on the devices, split along q or x."""
    return SingleDeviceSharding(mesh.devices[0]) if mesh.size == 1 else NamedSharding(mesh, CUT[axis])


def whole(mesh: Mesh) -> Sharding:
    """All of an array on every device."""
    return SingleDeviceSharding(mesh.devices[0]) if mesh.size == 1 else NamedSharding(mesh, P())


def kick_specs(axis: int) -> KickForm:
    """How a kick is cut."""
    return KickForm(CUT[axis], CUT[axis], P(), P(), CUT[axis], CUT[axis])


def kick_forms(kick: KickForm, mesh: Mesh) -> tuple[KickForm, ...]:
    """A kick of NumPy arrays on the devices, for a W split along q and, where there are several, along x."""

    def laid(values: Any, spec: Any, axis: int) -> Any:
        if values is None:
            return None
        return put(values, whole(mesh)) if spec == P() else put(padded(values, mesh), cut(mesh, axis))

    return tuple(
        KickForm(*(laid(values, spec, axis) for values, spec in zip(kick, kick_specs(axis), strict=True)))
        for axis in range(min(mesh.size, 2))
    )


def way(mesh: Mesh) -> Way:
    """On processors in blocks."""
    return Way(int(mesh.size), BLOCK if mesh.devices[0].platform == "cpu" else math.inf)


def spread(act: Callable[..., Any], mesh: Mesh, takes: tuple[Any, ...], gives: Any) -> Callable[..., Any]:
    """`act` on the part of its arguments that each device has; on one device `act` itself."""
    if mesh.size == 1:
        return act
    return jax.shard_map(act, mesh=mesh, in_specs=takes, out_specs=gives, check_vma=False)


# programs: W is split along q before and after, and is spent where its name is `W`


class Program:
    """A function that JAX compiles when it is called, with vectors as wide as this XLA can be asked for."""

    def __init__(self, act: Callable[..., Any], **options: Any) -> None:
        self._act, self._options = act, options

    @cached_property
    def compiled(self) -> Any:
        return jax.jit(self._act, compiler_options=_wide(), **self._options)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.compiled(*args, **options)


@cache
def _wide() -> dict[str, int] | None:
    try:
        jax.jit(lambda: 0, compiler_options=WIDE)()
    except jax.errors.JaxRuntimeError:  # an option that it does not know
        return None
    return WIDE


def _spending(*static: str) -> Callable[..., Any]:
    return partial(Program, static_argnames=("mesh", *static), donate_argnames="W")


def _kick(W: Any, kick: tuple[KickForm, ...], matrix: Any, *, mesh: Mesh, times: int) -> tuple[Any, Any]:
    def act(W: Any, kick: KickForm, matrix: Any) -> tuple[Any, Any]:
        acts: list[passes.Act] = [passes.QFlow(None, matrix, None), passes.Kicking(kick, times)]
        return passes.through(W, acts, passes.ALONG_Q, way(mesh))

    return spread(act, mesh, (CUT[0], kick_specs(0), P()), (CUT[0], CUT[0]))(W, kick[0], matrix)


kick_spending = _spending("times")(_kick)
kick_keeping = Program(_kick, static_argnames=("mesh", "times"))


@_spending()
def move(W: Any, x: Any, flow: passes.QFlow, *, mesh: Mesh) -> Any:
    """W after a transport."""

    act = partial(passes.moved, way=way(mesh))
    return spread(act, mesh, (CUT[0], P(), P()), CUT[0])(W, x, flow)


def _leg_specs(legs: tuple[LegForm, ...]) -> tuple[LegForm, ...]:
    kicks = tuple(kick_specs(axis) for axis in range(2))
    everywhere: Any = P()
    return tuple(LegForm(everywhere, everywhere, kicks) for _ in legs)


def spare_for(W: Any, mesh: Mesh) -> Any:
    """Memory for exchanges of W between processors, which its steps take and give back; None where there are none."""
    return jnp.zeros_like(W) if way(mesh).has_spare else None


@partial(Program, static_argnames=("mesh", "capacity", "by"), donate_argnames=("W", "spare"))
def steps(
    W: Any,
    spare: Any,
    legs: tuple[LegForm, ...],
    column: tuple[Any, ...],
    count: Any,
    *,
    mesh: Mesh,
    capacity: int,
    by: int,
) -> tuple[Any, Any, tuple[Any, Any]]:
    """W after so many steps, `by` in a turn, each fused with the next, and what the ends of each reveal."""
    act = partial(passes.steps, capacity=capacity, by=by, way=way(mesh))
    takes = (CUT[0], CUT[0], _leg_specs(legs), CUT, P())
    return spread(act, mesh, takes, (CUT[0], CUT[0], P()))(W, spare, legs, column, count)


@partial(Program, static_argnames="mesh", donate_argnames=("W", "spare"))
def last_step(W: Any, spare: Any, legs: tuple[LegForm, ...], *, mesh: Mesh) -> tuple[Any, Any]:
    """W after the legs of a step."""

    def act(W: Any, spare: Any, legs: tuple[LegForm, ...]) -> tuple[Any, Any]:
        held, _ = passes.step(passes.Held(W, spare, passes.ALONG_Q), legs, None, way(mesh))
        held = passes.at_rest(held, way(mesh))
        return held.W, held.spare

    return spread(act, mesh, (CUT[0], CUT[0], _leg_specs(legs)), (CUT[0], CUT[0]))(W, spare, legs)


@partial(jax.jit, static_argnames=("mesh", "dtype"))
def product(classical: Any, quantum: Any, *, mesh: Mesh, dtype: np.dtype) -> Any:
    """The W that is a function of (q, p) times one of (x, y)."""

    def act(classical: Any, quantum: Any) -> Any:
        return (classical[:, None, :, None] * quantum[None, :, None, :]).astype(dtype)

    return spread(act, mesh, (CUT[0], P()), CUT[0])(classical, quantum)


@partial(jax.jit, static_argnames=("points", "more", "dtype"))
def shifts(half: Any, *, points: int, more: int, dtype: np.dtype) -> Any:
    """The real matrices that multiply the half-spectrum of an axis, with zeros for so many points more."""
    return jnp.pad(passes.shifts(half, points).astype(dtype), ((0, 0), (0, more), (0, more)))


# of all

copied = jax.jit(jnp.copy)
divided = jax.jit(lambda W, number: (W / number).astype(W.dtype), donate_argnums=0)
