"""An engine whose W lies on one GPU or several, or wherever else JAX computes.

A stretch of steps is one compiled loop; nothing of W comes back but what its boundaries reveal. The order of W on the
device and the passes are those of ``jax_passes``; ``jax_devices`` spreads them over several devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, ClassVar, NamedTuple, Self
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np

from wignercq.errors import InputError
from wignercq.grid.grid import Grid
from wignercq.grid.interpolation import interpolations
from wignercq.propagation.engines import jax_devices as programs
from wignercq.propagation.engines import jax_kick, jax_memory
from wignercq.propagation.engines import jax_parts as parts
from wignercq.propagation.engines import jax_passes as passes
from wignercq.propagation.engines import jax_sums as sums
from wignercq.propagation.engines import jax_thermal as thermal
from wignercq.propagation.engines.base import Deviation, Engine, Room
from wignercq.propagation.engines.compiled_step import Boundary, CompiledStep, Leg
from wignercq.propagation.engines.jax_kick import KickForm
from wignercq.propagation.engines.jax_passes import LegForm, QFlow, XFlow
from wignercq.propagation.engines.multipliers import (
    BathFlow,
    Dissipation,
    DissipationTables,
    Kick,
    Push,
    QuantumFlow,
    Shear,
)

CAPACITY = 64  # steps in one run of the compiled loop
WORK_BETWEEN_LOOKS = {"cpu": 1e7}  # cells times steps of about a second or less, between looks at an interruption
FAST = 2e9  # the same on a device that is no CPU


class StepForm(NamedTuple):
    """A compiled step as one argument of a program."""

    legs: tuple[LegForm, ...]
    column: tuple[Any, ...]


class JaxEngine(Engine):
    """W on the devices of JAX, in the order (q, x, p, y), split along q over several of them.

    Where they are those of several processes, all of these call the same methods. Points of q and x that the devices do
    not divide are followed by some where W is zero.

    Parameters
    ----------
    threads : int
        Of no importance here.
    devices : int, str, sequence of jax.Device or None
        So many of all, all of a kind ("gpu"), these, or what the class says: all.

    Raises
    ------
    InputError
        There are no such devices, or JAX is kept to 32 bits.
    """

    asked: ClassVar[programs.Devices] = None

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
        if jnp.result_type(float) != np.float64:
            raise InputError("engine", "JAX with 64 bits, outside of jax.enable_x64(False)", "32 bits")
        self._asked = self.asked if devices is None else devices
        self._mesh = programs.chosen(self._asked)
        self._points = programs.filled_up(grid.q.points, self._mesh), programs.filled_up(grid.x.points, self._mesh)
        self._forms: WeakKeyDictionary[CompiledStep, StepForm] = WeakKeyDictionary()

    def on(self, grid: Grid) -> Self:
        return type(self)(grid, self.dtype, threads=self.threads, devices=self._asked)

    @classmethod
    def over(cls, devices: int | str | None) -> type[Self]:
        return cls if devices is None else type(cls.__name__, (cls,), {"asked": devices})

    @property
    def devices(self) -> int:
        return int(self._mesh.size)

    @property
    def advice(self) -> str:
        return programs.advice(self.grid, self.devices)

    @classmethod
    def memory(cls, grid: Grid, dtype: np.dtype | type, *, tables: int) -> float:
        """Bytes on all its devices."""
        return jax_memory.needed(grid, dtype, tables, programs.chosen(cls.asked))

    @classmethod
    def room(cls, grid: Grid) -> Room | None:
        return jax_memory.room(programs.chosen(cls.asked))

    @classmethod
    def speed(cls, threads: int) -> float:
        return jax_memory.speed(programs.chosen(cls.asked))

    # W

    def fill(self, write: Callable[[int, np.ndarray], None]) -> jax.Array:
        return parts.filled(write, self.grid.shape, self._points, self.dtype, self._mesh)

    def product(self, classical: np.ndarray, quantum: np.ndarray) -> jax.Array:
        first = programs.put(programs.padded(classical, self._mesh, (0,)), programs.cut(self._mesh, 0))
        second = self._everywhere(programs.padded(quantum, self._mesh, (0,)))
        return programs.product(first, second, mesh=self._mesh, dtype=self.dtype)

    def empty(self) -> jax.Array:
        """Something that takes no memory: a result has its own."""
        return jnp.zeros(0, self.dtype)

    def copy(self, W: jax.Array) -> jax.Array:
        return programs.copied(W)

    def divided(self, W: jax.Array, number: float) -> jax.Array:
        return programs.divided(W, number)

    def transferred(self, W: jax.Array, target: Engine) -> jax.Array:
        assert isinstance(target, JaxEngine)
        changes = zip(self.grid, target.grid, interpolations(self.grid, target.grid), strict=True)
        q, p, x, y = (None if before == now else matrix for before, now, matrix in changes)
        q, x = (None if matrix is None else programs.padded(matrix, self._mesh) for matrix in (q, x))
        moved = parts.interpolated(W, [self._matrix(m) for m in (q, x, p, y)], self._mesh)
        if target._mesh == self._mesh:
            return moved if target.grid != self.grid else programs.copied(moved)
        n_q, _, n_x, _ = target.grid.shape
        more = [(0, filled - n) for filled, n in zip(target._points, (n_q, n_x), strict=True)]
        return jax.device_put(jnp.pad(moved[:n_q, :n_x], (*more, (0, 0), (0, 0))), programs.cut(target._mesh, 0))

    def slabs(self, W: jax.Array) -> Iterator[np.ndarray]:
        """In each of several processes all of them, which come one after the other from where they lie."""
        return parts.slabs(W, self.grid.shape, self._mesh)

    def array(self, W: jax.Array) -> np.ndarray:
        n_q, _, n_x, _ = self.grid.shape
        if W.is_fully_addressable:
            return np.asarray(W)[:n_q, :n_x].transpose(0, 2, 1, 3)
        result = np.empty(self.grid.shape, self.dtype)
        for values, slab in zip(result, self.slabs(W), strict=True):
            values[...] = slab
        return result

    # what is read off W

    def integral(self, W: jax.Array) -> float:
        return float(sums.total(W, mesh=self._mesh)) * self.grid.cell

    def marginals(self, W: jax.Array) -> tuple[dict[tuple[str, str], np.ndarray], float]:
        axes = dict(zip("qpxy", self.grid, strict=True))
        planes, absolute = sums.planes(W, mesh=self._mesh)
        found = {}
        for (a, b), plane in zip(sums.PAIRS, planes, strict=True):
            within = np.asarray(plane)[: axes[a].points, : axes[b].points]
            found[a, b] = within * (self.grid.cell / (axes[a].spacing * axes[b].spacing))
        return found, float(absolute) * self.grid.cell

    def spectral_power(self, W: jax.Array) -> list[np.ndarray]:
        points = self.grid.q.points, self.grid.x.points
        return [power / power.sum() for power in parts.powers(W, points, self._mesh)]

    def thinned(self, W: jax.Array) -> jax.Array:
        return sums.thinned(W, mesh=self._mesh)

    def deviation(self, weights: Sequence[float], fields: Sequence[jax.Array]) -> Deviation:
        inside, anywhere = sums.deviation(tuple(map(float, weights)), tuple(fields), mesh=self._mesh)
        return Deviation(float(inside), float(anywhere))

    def lines(self, field: jax.Array) -> list[np.ndarray]:
        q, x, p, y = (np.asarray(line) for line in sums.lines(field, mesh=self._mesh))
        n_q, n_x = self.grid.q.points, self.grid.x.points
        rows = [*sums.even_rows(n_q, self._points[0] // self._mesh.size, self._mesh.size)]
        return [q[rows], p, x[: (n_x + 1) // 2], y]

    # steps

    def compile_shear(self, shear: Shear) -> tuple[Any, jax.Array]:
        """The matrices along q by p, shape (np, nq, nq), or a joint shear, or None; and along x by y, (ny, nx, nx)."""
        n_q, _, n_x, _ = self.grid.shape
        if shear.q is None:
            q: Any = None
        elif shear.q.ndim == 3:
            q = thermal.joint_shear(shear.q, self.dtype, self._mesh)
        else:
            q = self._shifts(shear.q[: n_q // 2 + 1], n_q)
        return q, self._shifts(shear.x, n_x)

    def compile_dissipation(self, dissipation: Dissipation) -> DissipationTables:
        return thermal.tables(dissipation, self.dtype, self.compile_shear(dissipation.after), self._mesh)

    def compile_bath(self, flow: BathFlow) -> QFlow:
        shift = self._shifts(flow.shear, self.grid.q.points)
        return QFlow(shift, self._matrix(flow.matrix), shift)

    def compile_quantum(self, flow: QuantumFlow) -> XFlow:
        shift = None if flow.shear is None else self._shifts(flow.shear, self.grid.x.points)
        return XFlow(None, self._matrix(flow.matrix), shift)

    def compile_kick(self, kick: Kick, *, times: int = 1) -> tuple[KickForm, ...]:
        return programs.kick_forms(jax_kick.kick_arrays(kick), self._mesh)

    def _shifts(self, half: np.ndarray, points: int) -> jax.Array:
        """On every device the real matrices of multipliers of a half-spectrum, shape (points // 2 + 1, n)."""
        more = programs.filled_up(points, self._mesh) - points
        return programs.shifts(self._everywhere(half.T), points=points, more=more, dtype=self.dtype)

    def _matrix(self, matrix: np.ndarray | None) -> jax.Array | None:
        return None if matrix is None else self._everywhere(matrix.astype(self.dtype))

    def _everywhere(self, values: np.ndarray) -> jax.Array:
        """All of an array on every device."""
        return programs.put(values, programs.whole(self._mesh))

    def transport(self, W: jax.Array, shear: tuple[Any, jax.Array]) -> jax.Array:
        self.interruption.look()
        by_p, x = shear[0], XFlow(shear[1], None, None)
        if isinstance(by_p, thermal.JointShear):
            W = programs.move(W, x, passes.REST, mesh=self._mesh)
            return thermal.sheared(W, by_p, (self.grid.q.points, self.grid.x.points), self._mesh)
        return programs.move(W, x, QFlow(by_p, None, None), mesh=self._mesh)

    def dissipate(self, W: jax.Array, tables: DissipationTables) -> jax.Array:
        self.interruption.look()
        return thermal.dissipated(W, tables, self.grid.x.points, self._mesh)

    def bath(self, W: jax.Array, flow: QFlow) -> jax.Array:
        self.interruption.look()
        return programs.move(W, passes.STILL, flow, mesh=self._mesh)

    def quantum(self, W: jax.Array, flow: XFlow) -> jax.Array:
        self.interruption.look()
        return programs.move(W, flow, passes.REST, mesh=self._mesh)

    def move(self, W: jax.Array, shear: tuple[Any, jax.Array], bath: Any, quantum: XFlow | None) -> jax.Array:
        if isinstance(bath, DissipationTables):
            return super().move(W, shear, bath, quantum)
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
            forms = tuple(jax_kick.pushed(form, self.grid, push, times) for form in forms)
        if into is not None:
            into.delete()  # the result takes its memory
        carry_out = programs.kick_spending if into is None else programs.kick_keeping
        W, spectrum = carry_out(W, forms, self._matrix(contraction), mesh=self._mesh, times=times)
        if column is not None:
            n_q, _, n_x, _ = self.grid.shape
            found = np.asarray(sums.read(spectrum, mesh=self._mesh))
            column[...] = found[:n_q, :n_x].reshape(column.shape)
            if push is not None:
                column *= push.factors(self.grid)[0]
        return W

    def advance(
        self, W: jax.Array, step: CompiledStep, count: int, into: jax.Array | None = None
    ) -> tuple[jax.Array, list[Boundary]]:
        if any(isinstance(leg.bath, DissipationTables) for leg in step.legs):
            return self.advance_through(W, repeat(step, count), into)
        form, seen, inner, unseen = self._form(step), [], count - 1, 0
        by = 2 if self._mesh.size > 1 and len(step.legs) % 2 else 1  # steps after which W is split along q again
        W = self.momentum(W, step.opening, into=into)
        spare = programs.spare_for(W, self._mesh)
        while inner:
            turn = by if inner >= by else 1
            at_once = turn if self._is_on_processors else self._at_once // turn * turn
            steps = min(inner - inner % turn, at_once)
            capacity = min(CAPACITY, 1 << (steps - 1).bit_length())
            W, spare, found = programs.steps(W, spare, *form, steps, mesh=self._mesh, capacity=capacity, by=turn)
            seen.append((steps, found))
            inner, unseen = inner - steps, unseen + steps
            if self.interruption.allowed and unseen >= self._at_once:
                W.block_until_ready()
                self.interruption.look()
                unseen = 0
        W, _ = programs.last_step(W, spare, form.legs, mesh=self._mesh)
        return W, [boundary for steps, found in seen for boundary in self._boundaries(steps, *found)]

    def _boundaries(self, steps: int, of_p: jax.Array, density: jax.Array) -> list[Boundary]:
        n_q, _, n_x, _ = self.grid.shape
        known = np.asarray(of_p)[:steps], np.asarray(density)[:steps, :n_q, :n_x]
        return [Boundary(*each) for each in zip(*known, strict=True)]

    @property
    def _is_on_processors(self) -> bool:
        """Where a program for each turn takes no time, and loops of several lengths would only be more to compile."""
        return bool(self._mesh.devices[0].platform == "cpu")

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
            column = programs.padded(step.closing_column.reshape(n_q, n_x, n_p), self._mesh)
            cuts = [programs.cut(self._mesh, axis) for axis in range(min(self._mesh.size, 2))]
            legs = tuple(self.form_of(leg) for leg in step.legs)
            self._forms[step] = StepForm(legs, tuple(programs.put(column, cut) for cut in cuts))
        return self._forms[step]

    def form_of(self, leg: Leg) -> LegForm:
        """A transport and the kick after it as arguments of a program."""
        q, x = leg.shear
        flow = leg.bath or QFlow(q, self._matrix(leg.contraction), None)
        return LegForm(_along_x(x, leg.quantum), flow, leg.kick)


def _along_x(shift: jax.Array, rest: XFlow | None) -> XFlow:
    """The whole flow of (x, y), from its first shift and what follows."""
    return XFlow(shift, None, None) if rest is None else rest._replace(first=shift)
