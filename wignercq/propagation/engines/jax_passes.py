"""The passes of the JAX engine on the part of W that one device has, as functions that XLA compiles.

W is in the order (q, x, p, y), in planes. What a transform, a phase and the transform back do in six runs through
memory, a product with a real matrix does in one, and up to some hundred points it takes no longer than that::

    momentum pass   FFTs of p and y (``jax_kick``), local in (q, x)
    transport       products shift x for each y and mix y, local in (q, p); others shift q for each p and mix p, local
                    in (x, y)

A GPU does each of these with all of W. In memory each product reads and writes W as it needs it, so that three
transpositions are left to a pair of passes; the one of them that XLA does not see to is asked of it.

A processor waits for memory where it runs through all of W time and again. It takes W block by block, in turn along q
and along x, and does with each block all that is due and local along this axis: a flow, a kick and the next flow.

Over several devices W is split along q, or along x, in just this way, and each change from one to the other is an
exchange of all with all.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.layout import Layout, with_layout_constraint

from wignercq.propagation.engines.jax_kick import EXACT, KickForm, kicked, part_of

DEVICES = "devices"  # the name of the axis of devices
ALONG_Q, ALONG_X = 0, 1  # the axis of W along which it is split
IN_ORDER = Layout((0, 1, 2, 3))

Array = Any  # jax.Array, which is no type of a traced value


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


class Kicking(NamedTuple):
    """A kick, so many times."""

    kick: KickForm
    times: int


Act = XFlow | QFlow | Kicking


class Way(NamedTuple):
    """How W is gone through: over so many devices, and on each of them in blocks of so many bytes at most."""

    devices: int = 1
    block: float = math.inf

    @property
    def in_blocks(self) -> bool:
        """Whether a device takes less than all that it has at a time."""
        return self.block < math.inf

    @property
    def alternates(self) -> bool:
        """Whether W is gone through along q and along x in turn, rather than as a whole."""
        return self.devices > 1 or self.in_blocks

    @property
    def has_spare(self) -> bool:
        """Whether exchanges have memory of their own."""
        return self.devices > 1 and self.in_blocks

    def form(self, split: int) -> int:
        """Which of the forms of a multiplier is that of a W split in this way; one device has one."""
        return split if self.devices > 1 else 0


def shifts(half: Array, points: int) -> Array:
    """The real matrices that multiply the half-spectrum of an axis by `half`, shape (n, points // 2 + 1)."""
    kernel = jnp.fft.irfft(half, points)
    place = np.arange(points)
    return kernel[:, (place[:, None] - place) % points]


# acts on a part of W


def acted(W: Array, acts: list[Act], in_cache: bool = False) -> tuple[Array, Array | None]:
    """W after flows and kicks one after the other, and what the last kick has seen at s = 0."""
    seen = None
    for act, after in zip(acts, [*acts[1:], None], strict=False):  # of none there is none
        if isinstance(act, Kicking):
            W, seen = kicked(W, act.kick, act.times, in_cache)
        elif not act.rests:
            W = W.transpose(0, 2, 3, 1)  # to q p y x
            W = _sheared(W, act) if isinstance(act, XFlow) else _flown(W, act)
            if isinstance(act, XFlow) and isinstance(after, QFlow):  # which reads W in this order
                W = with_layout_constraint(W, IN_ORDER)
            W = W.transpose(0, 3, 1, 2)
    return W, seen


def _sheared(W: Array, flow: XFlow) -> Array:
    """W, in the order (q, p, y, x), after a flow of (x, y)."""
    for shift, matrix in ((flow.first, flow.matrix), (flow.second, None)):
        if shift is not None:
            W = jnp.einsum("yab,qpyb->qpya", shift, W, precision=EXACT)
        if matrix is not None:
            W = jnp.einsum("ab,qpbx->qpax", matrix, W, precision=EXACT)
    return W


def _flown(W: Array, flow: QFlow) -> Array:
    """The same after a flow of (q, p)."""
    for shift, matrix in ((flow.first, flow.matrix), (flow.second, None)):
        if shift is not None:
            W = jnp.einsum("pab,bpyx->payx", shift, W, precision=EXACT).transpose(1, 0, 2, 3)
        if matrix is not None:
            W = jnp.einsum("ab,qbyx->aqyx", matrix, W, precision=EXACT).transpose(1, 0, 2, 3)
    return W


# all of W


class Held(NamedTuple):
    """W split along q or x, and as much memory again, if any, that an exchange fills while it empties that of W."""

    W: Array
    spare: Array | None
    split: int


def points_at_once(points: int, size: float, block: float) -> int:
    """How many points of an axis, of W of so many bytes, make a block: of the numbers that divide them the largest."""
    divisors = (n for n in range(points, 0, -1) if points % n == 0)
    return next((n for n in divisors if n * (size / points) <= block), 1)


def through(W: Array, acts: list[Act], split: int, way: Way) -> tuple[Array, Array | None]:
    """W after acts that are local along the axis where it is split, block after block, and what a kick has seen."""
    acts = [act for act in acts if isinstance(act, Kicking) or not act.rests]
    size = points_at_once(W.shape[split], W.nbytes, way.block)
    if size == W.shape[split] or not acts:
        return acted(W, acts, way.in_blocks)
    kicks = any(isinstance(act, Kicking) for act in acts)
    share = size // 2 if way.devices == 1 and size % 2 == 0 else size  # halves are at work side by side

    def nothing_of(block: Array) -> Any:
        return jnp.zeros(block.shape[:3], jnp.result_type(W.dtype, jnp.complex64)) if kicks else None

    def act(block: Array, now: list[Act]) -> tuple[Array, Any]:
        done = []
        for first in range(0, size, share):
            part = lax.slice_in_dim(block, first, first + share, axis=split)
            done.append(acted(part, [_part_of(act, first, share, split) for act in now], way.in_blocks))
        parts, seen = zip(*done, strict=True)
        block = with_layout_constraint(jnp.concatenate(parts, split), IN_ORDER)
        return block, jnp.concatenate(seen, split) if kicks else None

    def turn(i: Array, state: tuple[Array, Any]) -> tuple[Array, Any]:
        W, seen = state
        first = i * size
        block = lax.dynamic_slice_in_dim(W, first, size, split)
        now = [_part_of(act, first, size, split) for act in acts]
        # Never so; but XLA does not look into another computation, to fuse its last transposition with the writing
        # into W, which it does on one core.
        never = i < 0
        block, found = lax.cond(never, lambda block, _: (block, nothing_of(block)), act, block, now)
        if kicks:
            seen = lax.dynamic_update_slice_in_dim(seen, found, first, split)
        return lax.dynamic_update_slice_in_dim(W, block, first, split), seen

    return lax.fori_loop(0, W.shape[split] // size, turn, (W, nothing_of(W)))


def _part_of(act: Act, first: Array, points: int, axis: int) -> Act:
    """What a flow or a kick is for so many points of q or x."""
    return act._replace(kick=part_of(act.kick, first, points, axis)) if isinstance(act, Kicking) else act


def swapped(W: Array, split: int) -> Array:
    """W split along the other one of q and x: one exchange of all devices with all."""
    return lax.all_to_all(W, DEVICES, split_axis=1 - split, concat_axis=split, tiled=True)


def exchanged(held: Held, way: Way) -> Held:
    """The same, into the spare memory where there is some, a few points of p at a time: memory that is new is slow."""
    W, spare, split = held
    if spare is None:
        return Held(swapped(W, split), None, 1 - split)
    size = points_at_once(W.shape[2], W.nbytes, way.block)

    def turn(i: Array, into: Array) -> Array:
        part = swapped(lax.dynamic_slice_in_dim(W, i * size, size, 2), split)
        return lax.dynamic_update_slice_in_dim(into, part, i * size, 2)

    shape = [*W.shape]
    shape[split], shape[1 - split] = shape[split] * way.devices, shape[1 - split] // way.devices
    return Held(lax.fori_loop(0, W.shape[2] // size, turn, spare.reshape(shape)), W, 1 - split)


def transported(held: Held, acts: list[Act], leg: LegForm, way: Way) -> tuple[Held, list[Act]]:
    """W, and what is left to be done with it, when these acts and the flows of a leg are due.

    The flows commute. That of x needs the part of W that is split along q, that of q the part that is split along x.
    """
    if not way.alternates:
        return held, [*acts, leg.x, leg.q]
    first, second = (leg.x, leg.q) if held.split == ALONG_Q else (leg.q, leg.x)
    if second.rests:
        return held, [*acts, first]
    W, _ = through(held.W, [*acts, first], held.split, way)
    return turned(held._replace(W=W), way), [second]


def turned(held: Held, way: Way) -> Held:
    """W split along the other one of q and x; on one device what is gone through along it."""
    return exchanged(held, way) if way.devices > 1 else held._replace(split=1 - held.split)


def at_rest(held: Held, way: Way) -> Held:
    """W split along q."""
    return held if held.split == ALONG_Q else turned(held, way)


def moved(W: Array, x: XFlow, q: QFlow, way: Way) -> Array:
    """W, split along q before and after, when both flows are done."""
    held, acts = transported(Held(W, None, ALONG_Q), [], LegForm(x, q, ()), way)
    W, _ = through(held.W, acts, held.split, way)
    return at_rest(held._replace(W=W), way).W


def step(
    held: Held, legs: tuple[LegForm, ...], column: tuple[Array, ...] | None, way: Way
) -> tuple[Held, tuple[Array, Array] | None]:
    """W after the legs of a step, its last kick fused with the first of the next if there is a closing column.

    Then also the transform of the p marginal, shape (np,), and the sum of W over (p, y), shape (nq, nx).
    """
    acts: list[Act] = []
    for number, leg in enumerate(legs, start=1):
        closes = number == len(legs) and column is not None
        held, acts = transported(held, acts, leg, way)
        acts.append(Kicking(leg.kick[way.form(held.split)], 2 if closes else 1))
    W, seen = through(held.W, acts, held.split, way)
    held = held._replace(W=W)
    if column is None:
        return held, None
    spectrum = seen * column[way.form(held.split)]
    of_p, density = spectrum.sum((0, 1)), spectrum[:, :, 0].real
    if way.devices > 1:
        of_p = lax.psum(of_p, DEVICES)
        density = lax.all_gather(density, DEVICES, axis=held.split, tiled=True)
    return held, (of_p, density)


def steps(
    W: Array,
    spare: Array | None,
    legs: tuple[LegForm, ...],
    column: tuple[Array, ...],
    count: Array,
    capacity: int,
    by: int,
    way: Way,
) -> tuple[Array, Array | None, tuple[Array, Array]]:
    """W, split along q, after `count` steps, `by` of them in a turn of the loop, each fused with the next.

    With what each end of a step reveals, for up to `capacity` of them.
    """
    n_q, n_x = (column[0].shape[0] * way.devices, column[0].shape[1])
    seen = jnp.zeros((capacity, column[0].shape[2]), complex), jnp.zeros((capacity, n_q, n_x))

    def turn(i: Array, state: tuple[Array, Array | None, Any]) -> tuple[Array, Array | None, Any]:
        W, spare, seen = state
        held = Held(W, spare, ALONG_Q)
        for j in range(by):
            held, boundary = step(held, legs, column, way)
            assert boundary is not None
            seen = tuple(
                lax.dynamic_update_index_in_dim(all_, one.astype(all_.dtype), by * i + j, 0)
                for all_, one in zip(seen, boundary, strict=True)
            )
        held = at_rest(held, way)
        return held.W, held.spare, seen

    if capacity == by:  # a turn without a loop
        return turn(0, (W, spare, seen))
    return lax.fori_loop(0, count // by, turn, (W, spare, seen))
