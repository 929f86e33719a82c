"""What an engine does: it owns W, and carries out passes: transform two axes of W, multiply, transform back.

W itself is the engine's business: where it lies, in which order, whether it can be changed in place. Others hold it and
hand it back. What they get to see of it are slabs, sums and largest values, with the public axis order [q, p, x, y].
The position pass works in (k_q, p, k_x, y), the momentum pass in (q, r, x, s).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from wignercq.errors import InputError
from wignercq.grid.grid import Grid
from wignercq.propagation.engines.compiled_step import Boundary, CompiledStep, Leg
from wignercq.propagation.engines.interruption import Interruption
from wignercq.propagation.engines.multipliers import (
    BathFlow,
    Dissipation,
    DissipationTables,
    Kick,
    Push,
    QuantumFlow,
    Shear,
)

FAINT = 1e-2  # of the maximum of a field: below, differences may be of the grid
SYMBOL_BYTES = 240  # for each (q, x, s): coefficients of the generator and its commutator, and an exponent made of them


class Deviation(NamedTuple):
    """A largest modulus, relative to the maximum of a field."""

    # where that field is above FAINT of its maximum: what differs elsewhere is more of the grid, of its ends above all
    inside: float
    anywhere: float


class Room(NamedTuple):
    """Bytes of a memory that is not that of this process."""

    free: float
    held: float  # by this process, now
    shares: int = 1  # how many have equal parts of it,
    parts: str = "devices"  # and what they are


class Engine(ABC):
    """Owns W on one grid and carries out transport and momentum stages.

    A method that returns a new W may spend the one it was given: hold on to what is returned alone. Where
    :attr:`interruption` is asked and allowed, passes and transfers end with Abandoned within a second.

    Parameters
    ----------
    dtype : np.dtype
        float64 or float32, the precision of W; tables are always built in float64.
    threads : int
        Worker threads; no result depends on it.
    """

    temporaries: ClassVar[int] = 0  # fields as large as W that a pass needs beside it

    def __init__(self, grid: Grid, dtype: np.dtype | type = float, *, threads: int = 2) -> None:
        self.grid = grid
        self.dtype = np.dtype(dtype)
        self.complex_dtype = np.result_type(self.dtype, np.complex64)
        self.threads = threads
        self.interruption = Interruption()  # never asked, unless another one takes its place

    def on(self, grid: Grid) -> Self:
        """An engine like this one on another grid."""
        return type(self)(grid, self.dtype, threads=self.threads)

    @classmethod
    def over(cls, devices: int | str | None) -> type[Self]:
        """An engine of this kind on so many devices, or on those of a kind; None: on all it may use.

        InputError where there are none to choose from.
        """
        if devices is not None:
            raise InputError("devices", "none, but with the engine 'jax'", repr(devices))
        return cls

    @property
    def devices(self) -> int:
        """How many have a part of W each."""
        return 1

    @property
    def advice(self) -> str:
        """A line on sizes of axes that would cost less; empty where there are none."""
        return ""

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The points q and x, arrays that broadcast, at which kicks are needed: the rows of their coefficients.

        Here all pairs, q slowest.
        """
        return self.grid.q.values[:, None], self.grid.x.values

    @classmethod
    def cells(cls, grid: Grid) -> int:
        """How many cells a pass goes through."""
        return grid.size

    @classmethod
    def memory(cls, grid: Grid, dtype: np.dtype | type, *, tables: int) -> float:
        """Bytes of a run: W, a copy, what passes need, a half-spectrum table for each of so many kicks, and symbols.

        While the grid changes, W on the old and on the new one take less than that of the new one.
        """
        fields = 2 + cls.temporaries + tables * (1 + 2 / grid.y.points)
        symbols = SYMBOL_BYTES * grid.q.points * grid.x.points * (grid.y.points // 2 + 1)
        return 1.1 * grid.size * np.dtype(dtype).itemsize * fields + symbols

    @classmethod
    def room(cls, grid: Grid) -> Room | None:
        """What a W on a grid has of the memory that :meth:`memory` counts; None where it is that of this process."""
        return None

    @classmethod
    def speed(cls, threads: int) -> float:
        """Cells times steps in a second, in round numbers."""
        return 1e7 * threads

    # W

    @abstractmethod
    def fill(self, write: Callable[[int, np.ndarray], None]) -> Any:
        """A new W whose slab of the i-th q, shape (np, nx, ny), is what ``write(i, out)`` writes into `out`."""

    def of(self, values: np.ndarray) -> Any:
        """A new W with the values of an array of shape ``grid.shape``."""

        def write(i: int, out: np.ndarray) -> None:
            out[...] = values[i]

        return self.fill(write)

    def product(self, classical: np.ndarray, quantum: np.ndarray) -> Any:
        """A new W that is a function of (q, p), shape (nq, np), times one of (x, y), shape (nx, ny)."""

        def write(i: int, out: np.ndarray) -> None:
            np.multiply(classical[i, :, None, None], quantum, out=out, casting="same_kind")

        return self.fill(write)

    @abstractmethod
    def empty(self) -> Any:
        """A W to be written into; its values do not matter."""

    @abstractmethod
    def copy(self, W: Any) -> Any:
        """A W like this one."""

    @abstractmethod
    def divided(self, W: Any, number: float) -> Any:
        """W divided by a number."""

    @abstractmethod
    def transferred(self, W: Any, target: Engine) -> Any:
        """W on the grid of another engine of this kind: interpolated trigonometrically, zero outside the box.

        The W it was given is not spent.
        """

    @abstractmethod
    def slabs(self, W: Any) -> Iterator[np.ndarray]:
        """W one q after the other, arrays of shape (np, nx, ny) to read from."""

    @abstractmethod
    def array(self, W: Any) -> np.ndarray:
        """All of W as an array of shape ``grid.shape`` to read from."""

    # W in a file

    @classmethod
    def stored_shapes(cls, grid: Grid) -> dict[str, tuple[int, ...]]:
        """The arrays that W is stored as, by their names."""
        return {"W": grid.shape}

    def stored(self, W: Any) -> dict[str, Iterable[np.ndarray]]:
        """What of W goes into a file, to the last bit: the parts of each array along its first axis."""
        return {"W": self.slabs(W)}

    def restored(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """The W that was stored as these arrays."""
        return self.of(arrays["W"])

    # what is read off W

    @abstractmethod
    def integral(self, W: Any) -> float:
        """Sum of W times the volume of a cell."""

    @abstractmethod
    def marginals(self, W: Any) -> tuple[dict[tuple[str, str], np.ndarray], float]:
        """Integrals of W over each pair of variables, by the names of the two others, and the integral of |W|."""

    @abstractmethod
    def spectral_power(self, W: Any) -> list[np.ndarray]:
        """Share of sum |F W|**2 against |frequency|, from zero to Nyquist, for each of the axes q, p, x, y.

        The sum for q and x is over every other p, that for p and y over every other q, which is all the same for a W
        that is resolved and takes half the time.
        """

    @abstractmethod
    def thinned(self, W: Any) -> Any:
        """Every other point of W along each axis, a new field that no later pass changes."""

    @abstractmethod
    def deviation(self, weights: Sequence[float], fields: Sequence[Any]) -> Deviation:
        """The largest |sum of weights times fields|, relative to the largest modulus of the last of the fields.

        Fields are what :meth:`thinned` returned; weights add up to zero.
        """

    @abstractmethod
    def lines(self, field: Any) -> list[np.ndarray]:
        """Sums of a field over three axes each, by q, p, x and y."""

    # steps

    @abstractmethod
    def compile_shear(self, shear: Shear) -> Any:
        """The multiplier of a transport stage in the engine's own form."""

    @abstractmethod
    def compile_bath(self, flow: BathFlow) -> Any:
        """The flow of (q, p) in the engine's own form."""

    @abstractmethod
    def compile_quantum(self, flow: QuantumFlow) -> Any:
        """The rest of the flow of (x, y) in the engine's own form."""

    @abstractmethod
    def compile_kick(self, kick: Kick, *, times: int = 1) -> Any:
        """The multiplier of a momentum stage as a stored table, mostly to be applied so many times in one pass."""

    @abstractmethod
    def transport(self, W: Any, shear: Any) -> Any:
        """F^-1 [shear * F W], F transforming q and x."""

    @abstractmethod
    def bath(self, W: Any, flow: Any) -> Any:
        """F^-1 [shear * matrix (shear * F W)], F transforming q and the matrix acting along p."""

    @abstractmethod
    def quantum(self, W: Any, flow: Any) -> Any:
        """F^-1 [shear * F (matrix W)], F transforming x and the matrix acting along y."""

    @abstractmethod
    def momentum(
        self,
        W: Any,
        kick: Any,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
        push: Push | None = None,
        into: Any = None,
    ) -> Any:
        """F^-1 [kick**times * push * F (contraction W)], F transforming p and y.

        Parameters
        ----------
        kick : Kick or what compile_kick returned
            A plain Kick is evaluated on the fly, without storing a table.
        times : int
            Two for a pair of fused neighbours.
        contraction : np.ndarray, optional
            Real matrix applied along p first, shape (np, np): friction.
        column : np.ndarray, optional
            Receives push * F (contraction W) at s = 0, complex, shape (nq * nx, np).
        push : Push, optional
            Displaces p and y.
        into : W or None
            One that nobody needs any more, for the result; then W is not spent. Not together with a contraction.
        """

    def compile_dissipation(self, dissipation: Dissipation) -> DissipationTables:
        """What happens at rest in q in the engine's own form."""
        raise NotImplementedError

    def dissipate(self, W: Any, tables: DissipationTables) -> Any:
        """F^-1 [shifts * noise * F (matrices W)], F transforming p and x."""
        raise NotImplementedError

    def move(self, W: Any, shear: Any, bath: Any, quantum: Any) -> Any:
        """W after the shear, then the bath if there is one, and that of the quantum particle."""
        W = self.transport(W, shear)
        if isinstance(bath, DissipationTables):
            return self.transport(self.dissipate(W, bath), bath.after)
        W = W if bath is None else self.bath(W, bath)
        return W if quantum is None else self.quantum(W, quantum)

    def advance(self, W: Any, step: CompiledStep, count: int, into: Any = None) -> tuple[Any, list[Boundary]]:
        """W after `count` steps, neighbouring outer stages fused, and what the ``count - 1`` boundaries reveal.

        With `into`, a W that nobody needs any more, the given W is not spent.
        """
        return self.advance_through(W, repeat(step, count), into)

    def advance_through(self, W: Any, steps: Iterable[CompiledStep], into: Any = None) -> tuple[Any, list[Boundary]]:
        """W after steps that may differ, the last kick of each being the first of the next, and so fused with it.

        Otherwise as :meth:`advance`.
        """
        boundaries: list[Boundary] = []
        before: CompiledStep | None = None
        for step in steps:
            if before is None:
                W = self.momentum(W, step.opening, into=into)
            else:
                W, boundary = self.cross(W, before.legs[-1], before.closing_column)
                boundaries.append(boundary)
            self.interruption.look()
            *inner, last = step.legs
            for leg in inner:
                W = self.move(W, leg.shear, leg.bath, leg.quantum)
                W = self.momentum(W, leg.kick, contraction=leg.contraction, push=leg.push)
            W = self.move(W, last.shear, last.bath, last.quantum)
            before = step
        assert before is not None
        last = before.legs[-1]
        return self.momentum(W, last.kick, contraction=last.contraction, push=last.push), boundaries

    def cross(self, W: Any, leg: Leg, closing_column: np.ndarray) -> tuple[Any, Boundary]:
        """W after the last kick of a step fused with the first of the next, and what the boundary reveals."""
        n_q, n_p, n_x, _ = self.grid.shape
        column = np.empty((n_q * n_x, n_p), complex)
        W = self.momentum(W, leg.kick, times=2, contraction=leg.contraction, column=column, push=leg.push)
        column *= closing_column
        return W, Boundary(column.sum(axis=0), column[:, 0].real.reshape(n_q, n_x))
