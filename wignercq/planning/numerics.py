"""How a run is computed: tolerance or step, order, precision, engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from wignercq.errors import InputError, at_least, one_of
from wignercq.grid.grid import Grid
from wignercq.model.model import Model
from wignercq.planning.arguments import device_choice, moderate, number
from wignercq.planning.time_step import FEWEST_STEPS
from wignercq.propagation.engines.base import Engine, Room
from wignercq.propagation.engines.cores import cores, thread_count
from wignercq.propagation.engines.registry import ENGINES, PLANES, engine_class
from wignercq.propagation.schemes import BY_ORDER, Part, Scheme
from wignercq.states import State

DTYPES: dict[str, np.dtype] = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32)}
TOLERANCES = {"float64": 1e-6, "float32": 1e-4}  # what a precision comfortably allows; the default
MAX_OUTPUTS = 1_000_000
OUTPUTS = 20  # intervals between outputs, where a run is asked for no number of them
ROUNDING_GROWTH = (7.0, 0.7)  # n steps: at most 7 n**0.7 units of rounding of the maximum of W, in all cases seen


@dataclass(frozen=True)
class Numerics:
    """Numerical settings of a run; InputError where one cannot be used."""

    tolerance: float = TOLERANCES["float64"]  # on W relative to its maximum
    dt: float | None = None  # time step; None lets the tolerance choose it
    order: int = 4
    hbar_order: int | None = None  # None is exact; 0 the classical Fokker-Planck counterpart
    precision: str = "float64"
    engine: str = "tiled"
    threads: int = field(default_factory=cores)
    devices: int | str | None = None  # of the engine for GPUs: so many, or all of a kind; None: all
    forms_W: bool = False  # an array of all of W is wanted in the end, whatever the engine
    kept: int = 0  # arrays of all of W that are held beside the run
    copies: int = 0  # of W as the engine has it, held beside those that steps need
    uncoupled: bool = False  # W stays a product, and planes take the place of the fast engine; see :meth:`suited_to`

    def __post_init__(self) -> None:
        for name, known in (("order", BY_ORDER), ("precision", DTYPES), ("engine", ENGINES)):
            one_of(name, getattr(self, name), known)
        self._set("tolerance", number("tolerance", self.tolerance, "a number between 0 and 1", lambda v: 0 < v < 1))
        self._set("threads", thread_count(self.threads))
        self._set("devices", device_choice(self.devices))
        if self.devices is not None:
            engine_class(self.engine).over(self.devices)  # refused here if at all
        if self.dt is None:
            self.require_precision(FEWEST_STEPS)
        else:
            self._set("dt", moderate("dt", self.dt))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def least_tolerance(self, steps: int) -> float:
        """What rounding errors of so many steps come to."""
        factor, power = ROUNDING_GROWTH
        return factor * float(np.finfo(DTYPES[self.precision]).eps) * steps**power

    def require_precision(self, steps: int) -> None:
        """Refuse, with InputError, a tolerance that rounding errors of so many steps would break."""
        expected = self.least_tolerance(steps)
        if self.tolerance < expected:
            raise InputError(
                "tolerance",
                f"at least {at_least(expected)} with {self.precision} over {steps} steps",
                repr(self.tolerance),
            )

    @property
    def scheme(self) -> Scheme:
        """The splitting scheme of the order asked."""
        return BY_ORDER[self.order]

    @property
    def attributes(self) -> dict[str, Any]:
        """Settings as attributes of a result."""
        return {
            "engine": self.engine_name,
            "precision": self.precision,
            "scheme": self.scheme.name,
            "tolerance": self.tolerance,
        }

    @property
    def hbar_text(self) -> str | int:
        """The order in hbar as an attribute of a result."""
        return "exact" if self.hbar_order is None else self.hbar_order

    def suited_to(self, model: Model, state: State | np.ndarray) -> Self:
        """Settings that make use of a W that is a product at all times: without coupling, from such a state.

        With thermal dynamics there is a copy more: what slabs of W need while threads work on them.
        """
        is_product = isinstance(state, State) and state.factors is not None
        copies = self.copies + int(model.is_thermal)
        return replace(self, uncoupled=is_product and not model.is_coupled, copies=copies)

    @property
    def engine_name(self) -> str:
        """The engine that is used: the one asked, or in place of the fast one that of planes where W is a product."""
        return PLANES if self.uncoupled and self.engine == "tiled" else self.engine

    @property
    def _engine_class(self) -> type[Engine]:
        kind = engine_class(self.engine_name)
        return kind if self.devices is None else kind.over(self.devices)

    def make_engine(self, grid: Grid) -> Engine:
        """The engine that is used, on `grid`."""
        return self._engine_class(grid, DTYPES[self.precision], threads=self.threads)

    def cells(self, grid: Grid) -> int:
        """Cells of W as the engine has it, by which the time of a run goes."""
        return self._engine_class.cells(grid)

    @property
    def speed(self) -> float:
        """Cells times steps in a second, in round numbers."""
        return self._engine_class.speed(self.threads)

    def room(self, grid: Grid) -> Room | None:
        """What there is of the memory that a run on `grid` needs; None where it is that of this process."""
        return self._engine_class.room(grid)

    def stored_shapes(self, grid: Grid) -> dict[str, tuple[int, ...]]:
        """The arrays that W is stored as, by their names."""
        return self._engine_class.stored_shapes(grid)

    def memory(self, grid: Grid) -> float:
        """Bytes a run on `grid` needs, those of :meth:`memory_of_states` among them where they are in one memory."""
        dtype = DTYPES[self.precision]
        tables = len({stage for stage in self.scheme.stages if stage.part is Part.MOMENTUM})
        own = self._engine_class.memory(grid, dtype, tables=tables)
        copies = self.copies * self.cells(grid) * dtype.itemsize
        states = self.memory_of_states(grid) if self.room(grid) is None else 0.0
        return own + copies + states

    def memory_of_states(self, grid: Grid) -> float:
        """Bytes of the arrays of all of W that are held beside the run, in the memory of this process."""
        formed = int(self.forms_W and self.engine_name == PLANES)
        return float((self.kept + formed) * grid.size * DTYPES[self.precision].itemsize)
