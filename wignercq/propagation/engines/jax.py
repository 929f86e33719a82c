"""An engine whose W lies on one GPU or several, or wherever else JAX computes.

A stretch of steps is one compiled loop; nothing of W comes back but what its boundaries reveal. The order of W on the
device and the passes are those of ``jax_passes``; ``jax_devices`` spreads them over several devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, Self
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np

from wignercq.grid.grid import Grid
from wignercq.grid.interpolation import interpolations
from wignercq.propagation.engines import jax_devices as programs
from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines.base import FAINT, Deviation, Engine, Room
from wignercq.propagation.engines.compiled_step import Boundary, CompiledStep, Leg
from wignercq.propagation.engines.jax_passes import KickForm, LegForm, QFlow, XFlow
from wignercq.propagation.engines.multipliers import BathFlow, Kick, Push, QuantumFlow, Shear

CAPACITY = 64  # steps in one run of the compiled loop
WORK_BETWEEN_LOOKS = {"cpu": 1e7}  # cells times steps of about a second or less, between looks at an interruption
FAST = 2e9  # the same on a device that is no CPU
BYTES_OF_A_KICK = 64  # for each (q, x, s), beside the columns for each (q, x, r)
WORK_AREA = 0.35  # of the devices' memory: a third is needed beside a run while XLA tries which products are fastest
SPEED = {"cpu": 1e7}  # cells times steps in a second on each device, in round numbers
SPEED_OF_GPU = 3e9


class StepForm(NamedTuple):
    """A compiled step as one argument of a program."""

    legs: tuple[LegForm, ...]
    column: tuple[Any, ...]


class JaxEngine(Engine):
    """W on the devices of JAX, in the order (q, x, p, y), split along q over several of them.

    Parameters
    ----------
    threads : int
        Of no importance here.
    devices : int, sequence of jax.Device or None
        So many of all, these, or as many of all as divide the points of q and x.

    Raises
    ------
    InputError
        The points of q or x are no multiple of the number of devices.
    """

    temporaries = 2

    def __init__(
        self,
        grid: Grid,
        dtype: np.dtype | type = float,
        *,
        threads: int = 2,
        devices: programs.Devices = None,
    ) -> None:
        super().__init__(grid, dtype, threads=threads)
        jax.config.update("jax_enable_x64", True)
        self._asked = devices
        self._mesh = programs.chosen(devices, grid)
        self._forms: WeakKeyDictionary[CompiledStep, StepForm] = WeakKeyDictionary()

    def on(self, grid: Grid) -> Self:
        return type(self)(grid, self.dtype, threads=self.threads, devices=self._asked)

    @classmethod
    def memory(cls, grid: Grid, dtype: np.dtype | type, *, tables: int) -> float:
        """Bytes on the devices: W, a copy, two half-spectra, and what a step multiplies by, for so many distinct kicks.

        Of kicks the coefficients alone are kept, and of each transport stage, of which there are as many, its matrices.
        """
        n_q, n_p, n_x, n_y = grid.shape
        fields = 2 + cls.temporaries * (1 + 2 / n_y)
        kicks = n_q * n_x * (BYTES_OF_A_KICK * (n_y // 2 + 1) + 16 * n_p)
        matrices = (n_p * n_q**2 + n_y * n_x**2) * np.dtype(dtype).itemsize
        return grid.size * np.dtype(dtype).itemsize * fields + tables * (kicks + matrices)

    @classmethod
    def room(cls, grid: Grid) -> Room | None:
        """On all its devices together, but for what the compiler works in; processors use that of this process."""
        stats = [device.memory_stats() for device in programs.chosen(None, grid).devices]
        if jax.default_backend() == "cpu" or not all(stats):
            return None
        held, limit = (float(sum(s[name] for s in stats)) for name in ("bytes_in_use", "bytes_limit"))
        return Room((1 - WORK_AREA) * (limit - held), held)

    @classmethod
    def speed(cls, threads: int) -> float:
        return SPEED.get(jax.default_backend(), SPEED_OF_GPU) * len(jax.devices())

    # W

    def fill(self, write: Callable[[int, np.ndarray], None]) -> jax.Array:
        n_q, n_p, n_x, n_y = self.grid.shape
        blocks, share = [], n_q // self._mesh.size
        for number, device in enumerate(self._mesh.devices):
            block = jnp.zeros((share, n_x, n_p, n_y), self.dtype, device=device)
            for i in range(share):  # from memory of its own each, which the device may go on to use
                slab = np.empty((n_x, n_p, n_y), self.dtype)
                write(number * share + i, slab.transpose(1, 0, 2))
                block = _with_slab(block, jax.device_put(slab, device), i)
            blocks.append(block)
        if len(blocks) == 1:
            return blocks[0]
        shape = (n_q, n_x, n_p, n_y)
        return jax.make_array_from_single_device_arrays(shape, programs.cut(self._mesh, 0), blocks)

    def product(self, classical: np.ndarray, quantum: np.ndarray) -> jax.Array:
        first = jax.device_put(classical, programs.cut(self._mesh, 0))
        return _product(first, jax.device_put(quantum, programs.whole(self._mesh)), self.dtype)

    def empty(self) -> jax.Array:
        """Something that takes no memory: a result has its own."""
        return jnp.zeros(0, self.dtype)

    def copy(self, W: jax.Array) -> jax.Array:
        return _copy(W)

    def divided(self, W: jax.Array, number: float) -> jax.Array:
        return _divided(W, number)

    def transferred(self, W: jax.Array, target: Engine) -> jax.Array:
        assert isinstance(target, JaxEngine)
        q, p, x, y = interpolations(self.grid, target.grid)
        matrices = [jax.device_put(m.astype(self.dtype), programs.whole(self._mesh)) for m in (q, x, p, y)]
        moved = programs.interpolated(W, matrices, mesh=self._mesh)
        return jax.device_put(moved, programs.cut(target._mesh, 0))

    def slabs(self, W: jax.Array) -> Iterator[np.ndarray]:
        parts = sorted(W.addressable_shards, key=lambda part: part.index[0].start or 0)
        for part in parts:
            for i in range(part.data.shape[0]):
                yield np.asarray(_slab(part.data, i)).transpose(1, 0, 2)

    def array(self, W: jax.Array) -> np.ndarray:
        return np.asarray(W).transpose(0, 2, 1, 3)

    # what is read off W

    def integral(self, W: jax.Array) -> float:
        return float(_sum(W)) * self.grid.cell

    def marginals(self, W: jax.Array) -> tuple[dict[tuple[str, str], np.ndarray], float]:
        spacings = {name: axis.spacing for name, axis in zip("qpxy", self.grid, strict=True)}
        planes, absolute = _planes(W)
        cells = [self.grid.cell / (spacings[a] * spacings[b]) for a, b in PAIRS]
        found = {pair: np.asarray(plane) * cell for pair, plane, cell in zip(PAIRS, planes, cells, strict=True)}
        return found, float(absolute) * self.grid.cell

    def spectral_power(self, W: jax.Array) -> list[np.ndarray]:
        found = [np.asarray(power) for power in programs.powers(W, mesh=self._mesh)]
        return [power / power.sum() for power in found]

    def thinned(self, W: jax.Array) -> jax.Array:
        return _thinned(W)

    def deviation(self, weights: Sequence[float], fields: Sequence[jax.Array]) -> Deviation:
        inside, anywhere = _deviation(tuple(map(float, weights)), tuple(fields))
        return Deviation(float(inside), float(anywhere))

    def lines(self, field: jax.Array) -> list[np.ndarray]:
        q, x, p, y = (np.asarray(line) for line in _lines(field))
        return [q, p, x, y]

    # steps

    def compile_shear(self, shear: Shear) -> tuple[jax.Array | None, jax.Array]:
        """The matrices along q by p, shape (np, nq, nq), if there are any, and along x by y, shape (ny, nx, nx)."""
        n_q, _, n_x, _ = self.grid.shape
        q = None if shear.q is None else self._shifts(shear.q[: n_q // 2 + 1], n_q)
        return q, self._shifts(shear.x, n_x)

    def compile_bath(self, flow: BathFlow) -> QFlow:
        shift = self._shifts(flow.shear, self.grid.q.points)
        return QFlow(shift, self._matrix(flow.matrix), shift)

    def compile_quantum(self, flow: QuantumFlow) -> XFlow:
        shift = None if flow.shear is None else self._shifts(flow.shear, self.grid.x.points)
        return XFlow(None, self._matrix(flow.matrix), shift)

    def compile_kick(self, kick: Kick, *, times: int = 1) -> tuple[KickForm, ...]:
        return programs.kick_forms(passes.kick_arrays(kick), self._mesh)

    def _shifts(self, half: np.ndarray, points: int) -> jax.Array:
        """On every device the real matrices of multipliers of a half-spectrum, shape (points // 2 + 1, n)."""
        return _shifts(jax.device_put(half.T, programs.whole(self._mesh)), points=points, dtype=self.dtype)

    def _matrix(self, matrix: np.ndarray | None) -> jax.Array | None:
        return None if matrix is None else jax.device_put(matrix.astype(self.dtype), programs.whole(self._mesh))

    def transport(self, W: jax.Array, shear: tuple[jax.Array | None, jax.Array]) -> jax.Array:
        self.interruption.look()
        return programs.move(W, XFlow(shear[1], None, None), QFlow(shear[0], None, None), mesh=self._mesh)

    def bath(self, W: jax.Array, flow: QFlow) -> jax.Array:
        self.interruption.look()
        return programs.move(W, passes.STILL, flow, mesh=self._mesh)

    def quantum(self, W: jax.Array, flow: XFlow) -> jax.Array:
        self.interruption.look()
        return programs.move(W, flow, passes.REST, mesh=self._mesh)

    def move(
        self, W: jax.Array, shear: tuple[jax.Array | None, jax.Array], bath: QFlow | None, quantum: XFlow | None
    ) -> jax.Array:
        self.interruption.look()
        x = _along_x(shear[1], quantum)
        return programs.move(W, x, bath or QFlow(shear[0], None, None), mesh=self._mesh)

    def momentum(
        self,
        W: jax.Array,
        kick: Kick | tuple[KickForm, ...],
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
        push: Push | None = None,
        into: jax.Array | None = None,
    ) -> jax.Array:
        self.interruption.look()
        forms = self.compile_kick(kick) if isinstance(kick, Kick) else kick
        if push is not None:
            forms = tuple(passes.pushed(form, self.grid, push, times) for form in forms)
        if into is not None:
            into.delete()  # the result takes its memory
        carry_out = programs.kick_spending if into is None else programs.kick_keeping
        W, spectrum = carry_out(W, forms, self._matrix(contraction), mesh=self._mesh, times=times)
        if column is not None:
            column[...] = np.asarray(spectrum).reshape(column.shape)
            if push is not None:
                column *= push.factors(self.grid)[0]
        return W

    def advance(
        self, W: jax.Array, step: CompiledStep, count: int, into: jax.Array | None = None
    ) -> tuple[jax.Array, list[Boundary]]:
        form, seen, inner = self._form(step), [], count - 1
        by = 2 if self._mesh.size > 1 and len(step.legs) % 2 else 1  # steps after which W is split along q again
        W = self.momentum(W, step.opening, into=into)
        while inner:
            turn = by if inner >= by else 1
            steps = min(inner - inner % turn, self._at_once // turn * turn)
            run = partial(programs.steps, mesh=self._mesh, capacity=min(CAPACITY, _power_of_two(steps)), by=turn)
            W, found = run(W, *form, steps)
            seen.append((steps, found))
            inner -= steps
            if self.interruption.allowed:
                W.block_until_ready()
                self.interruption.look()
        W = programs.last_step(W, form.legs, mesh=self._mesh)
        return W, [boundary for steps, found in seen for boundary in _boundaries(steps, *found)]

    @property
    def _at_once(self) -> int:
        """Steps between two looks at the interruption, at least two."""
        if not self.interruption.allowed:
            return CAPACITY
        work = WORK_BETWEEN_LOOKS.get(self._mesh.devices[0].platform, FAST) * self._mesh.size
        return int(min(CAPACITY, max(2, work // self.grid.size)))

    def _form(self, step: CompiledStep) -> StepForm:
        """A compiled step in one, made once."""
        if step not in self._forms:
            n_q, n_p, n_x, _ = self.grid.shape
            column = step.closing_column.reshape(n_q, n_x, n_p)
            cuts = [programs.cut(self._mesh, axis) for axis in range(min(self._mesh.size, 2))]
            legs = tuple(self.form_of(leg) for leg in step.legs)
            self._forms[step] = StepForm(legs, tuple(jax.device_put(column, cut) for cut in cuts))
        return self._forms[step]

    def form_of(self, leg: Leg) -> LegForm:
        """A transport and the kick after it as arguments of a program."""
        q, x = leg.shear
        flow = leg.bath or QFlow(q, self._matrix(leg.contraction), None)
        return LegForm(_along_x(x, leg.quantum), flow, leg.kick)


def _along_x(shift: jax.Array, rest: XFlow | None) -> XFlow:
    """The whole flow of (x, y), from its first shift and what follows."""
    return XFlow(shift, None, None) if rest is None else rest._replace(first=shift)


PAIRS = (("q", "p"), ("q", "x"), ("q", "y"), ("p", "x"), ("p", "y"), ("x", "y"))


def _boundaries(steps: int, of_p: jax.Array, density: jax.Array) -> list[Boundary]:
    return [Boundary(p, qx) for p, qx in zip(np.asarray(of_p)[:steps], np.asarray(density)[:steps], strict=True)]


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


_shifts = jax.jit(
    lambda half, points, dtype: passes.shifts(half, points).astype(dtype), static_argnames=("points", "dtype")
)
_slab = jax.jit(lambda W, i: W[i])
_with_slab = jax.jit(lambda W, slab, i: W.at[i].set(slab), donate_argnums=0)
_copy = jax.jit(jnp.copy)
_divided = jax.jit(lambda W, number: (W / number).astype(W.dtype), donate_argnums=0)
_sum = jax.jit(lambda W: W.sum(dtype=float))
_thinned = jax.jit(lambda W: W[::2, ::2, ::2, ::2])


@partial(jax.jit, static_argnums=2)
def _product(classical: jax.Array, quantum: jax.Array, dtype: np.dtype) -> jax.Array:
    return (classical[:, None, :, None] * quantum[None, :, None, :]).astype(dtype)


@jax.jit
def _planes(W: jax.Array) -> tuple[list[jax.Array], jax.Array]:
    """Sums over two axes, by the pairs of the others, and of the modulus, in double precision."""
    without_y, without_p = W.sum(3, dtype=float), W.sum(2, dtype=float)  # q x p, q x y
    qp, qx, px = without_y.sum(1), without_y.sum(2), without_y.sum(0).T
    qy, xy, py = without_p.sum(1), without_p.sum(0), W.sum((0, 1), dtype=float)
    return [qp, qx, qy, px, py, xy], jnp.abs(W).sum(dtype=float)


@jax.jit
def _lines(W: jax.Array) -> list[jax.Array]:
    return [W.sum(tuple(i for i in range(4) if i != axis)) for axis in range(4)]


@jax.jit
def _deviation(weights: tuple[float, ...], fields: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    first, *others = [weight * field for weight, field in zip(weights, fields, strict=True)]
    total, size = jnp.abs(sum(others, start=first)), jnp.abs(fields[-1])
    largest = size.max()
    return jnp.where(size >= FAINT * largest, total, 0).max() / largest, total.max() / largest
