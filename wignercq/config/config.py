"""The configuration file as a whole: its tables and the objects they make."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from wignercq.config.initial import KINDS, Initial
from wignercq.config.keys import KEYS
from wignercq.config.kinds import Bytes, Devices, Frames, HbarOrder, SaveState, Seconds
from wignercq.config.mistakes import Mistakes
from wignercq.config.model import Formula, ModelTable
from wignercq.config.steady import Steady
from wignercq.config.sweep import Compare, Sweep, sweep
from wignercq.config.text import parse, read
from wignercq.config.validation import Table, Two, shown, validate
from wignercq.errors import ConfigError, GridError, InputError, at_least, suggestion
from wignercq.grid.fixed_axis import FixedAxis
from wignercq.grid.grid import NAMES
from wignercq.model.formulas import MAX_NUMBER
from wignercq.model.model import Model
from wignercq.planning.numerics import MAX_OUTPUTS, OUTPUTS, TOLERANCES
from wignercq.propagation.engines.cores import MOST
from wignercq.run.observables import Wanted
from wignercq.states import State

MISSING = "this key", "nothing"
NO_MODEL = {"classical": {"potential": 0}, "quantum": {"potential": 0}}  # in place of one that is broken


class _Axis(Table):
    extent: Two | None = None
    points: int | None = None


class GridTable(Table):
    """The table ``[grid]``: what is fixed of the axes, whether they change or move during the run, and memory."""

    q: _Axis | None = None
    p: _Axis | None = None
    x: _Axis | None = None
    y: _Axis | None = None
    adapt: bool | None = None
    frame: Literal["auto", "fixed", "moving"] = "auto"
    memory_limit: Bytes | None = None


class Run(Table):
    """The table ``[run]``: when to put out, how accurately and by what means to compute."""

    end: float | None = Field(alias="duration", default=None, ge=1 / MAX_NUMBER, le=MAX_NUMBER)
    outputs: int | None = Field(default=None, ge=1, le=MAX_OUTPUTS)
    save_every: float | None = Field(default=None, gt=0)
    tolerance: float | None = Field(default=None, gt=0)
    dt: float | None = Field(default=None, gt=0)
    order: Literal[2, 4] = 4
    hbar_order: HbarOrder = None
    precision: Literal["float64", "float32"] = "float64"
    engine: Literal["tiled", "array", "jax"] = "tiled"
    devices: Devices = None
    frames: Frames = 5
    save_state: SaveState = False
    observables: dict[str, Formula] = Field(default_factory=dict)
    threads: int | None = Field(default=None, ge=1, le=MOST)
    checkpoint_every: Seconds | None = None
    on_unresolved: Literal["stop", "warn"] = "stop"

    @property
    def duration(self) -> float:
        """The run goes from t = 0 to here; ConfigError where there is no such key, a steady state being sought."""
        if self.end is None:
            raise ConfigError("run.duration", *MISSING)
        return self.end

    @property
    def accuracy(self) -> float:
        """The tolerance on W relative to its maximum; by default what the precision comfortably allows."""
        return TOLERANCES[self.precision] if self.tolerance is None else self.tolerance

    @property
    def intervals(self) -> int:
        """Equal intervals between outputs."""
        return OUTPUTS if self.outputs is None else self.outputs

    @property
    def times(self) -> tuple[float, ...]:
        """Output times from 0 to `duration`; the last interval is shorter when `save_every` does not divide it."""
        if self.save_every is None:
            return (*(self.duration * n / self.intervals for n in range(self.intervals)), self.duration)
        whole = math.ceil(self.duration / self.save_every * (1 - 1e-12))
        return (*(self.save_every * n for n in range(whole)), self.duration)

    @property
    def when(self) -> dict[str, Any]:
        """The output times as arguments of a run: so many equal intervals, where they are equal."""
        whole = len(self.times) - 1
        if self.save_every is None or math.isclose(whole * self.save_every, self.duration, rel_tol=1e-12):
            return {"duration": self.duration, "outputs": whole}
        return {"times": self.times}


class _File(Table):
    model: ModelTable
    initial: dict[str, Any] | None = None
    grid: GridTable = GridTable()
    run: Run = Run()
    steady: Steady = Steady()
    compare: Compare = Compare()
    sweep: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Config:
    """A checked configuration.

    Attributes
    ----------
    text : str
        The configuration as it was written; it goes into the result file.
    model : Model
    initial : Initial or None
        The table ``[initial]``; None where the file has none.
    axes : mapping of str to FixedAxis
        What the file fixes of each axis; what is missing is for `evolve` to choose.
    grid : GridTable
        Whether the grid may change during the run, and within which memory.
    run : Run
        Output times and numerical settings.
    steady : Steady
        How accurately and with which step a steady state is sought.
    compare : Compare
        When a theory counts as broken, and what the figures of a comparison show.
    sweep : Sweep or None
        Numbers to vary, and their values.
    tables : dict
        Every value of the file and every default, without ``[sweep]``.
    folder : Path
        Where files lie that it names.
    """

    text: str
    model: Model
    initial: Initial | None
    axes: Mapping[str, FixedAxis]
    grid: GridTable
    run: Run
    steady: Steady
    compare: Compare
    sweep: Sweep | None
    tables: Mapping[str, Any]
    folder: Path = Path()

    @cached_property
    def initial_state(self) -> State | None:
        """The initial state, if any; ConfigError where it is none."""
        try:
            return None if self.initial is None else self.initial.state(self.model)
        except InputError as error:
            raise error.under("initial", ConfigError) from None

    @property
    def state(self) -> State:
        """The initial state; ConfigError where there is none."""
        if self.initial_state is None:
            raise ConfigError("initial", *MISSING)
        return self.initial_state

    @property
    def steady_tolerance(self) -> float:
        """Of a steady state: that of ``[steady]``, of ``[run]``, or what float64 comfortably allows."""
        return self.steady.tolerance or self.run.tolerance or TOLERANCES["float64"]

    @property
    def steady_dt(self) -> float | None:
        """Time step with which a steady state is sought; None leaves it open."""
        return self.steady.dt or self.run.dt

    @classmethod
    def load(cls, path: str | Path, *, runs: bool = True) -> Config:
        """The configuration in the file at `path`.

        ConfigError where it says something that cannot be read or used, or lacks what a run needs unless `runs` is
        False.
        """
        return cls.from_text(read(path), name=str(path), runs=runs, folder=str(Path(path).parent))

    @classmethod
    def from_text(cls, text: str, *, name: str = "configuration", runs: bool = True, folder: str | Path = "") -> Config:
        """The configuration written in `text`; `name` stands for it in errors, files that it names are in `folder`.

        ConfigError where it is not TOML, says something that cannot be used, or lacks the initial state and the
        duration of a run unless `runs` is False.
        """
        mistakes = Mistakes()
        config = cls._of(parse(text, name=name), text, Path(folder), mistakes, runs=runs)
        mistakes.tell(text)
        assert config is not None
        return config

    def at(self, point: Mapping[str, float]) -> Config:
        """This configuration with the values of one point of its sweep; ConfigError where they cannot be used."""
        if self.sweep is None:
            raise ConfigError("sweep", "this table", "nothing")
        mistakes = Mistakes()
        config = self._of(self.sweep.put(point, tomllib.loads(self.text)), self.text, self.folder, mistakes)
        if config is not None:
            return config
        error, where = mistakes.found[0], ", ".join(f"{name} = {value:g}" for name, value in point.items())
        raise ConfigError(f"sweep at {where}: {error.argument}", error.expected, error.got)

    @classmethod
    def _of(
        cls, data: Mapping[str, Any], text: str, folder: Path, mistakes: Mistakes, *, runs: bool = False
    ) -> Config | None:
        """The configuration of tables that were read; None where something is wrong, all of which is noted."""
        tables, broken = _tables(data, mistakes)
        model = None if "model" in broken else tables.model.model(mistakes)
        initial, swept = None, None
        with mistakes:
            initial = None if tables.initial is None else _initial(tables.initial, folder)
        with mistakes:
            _check_run(tables.run)
        with mistakes:
            if model is not None and "run" not in broken:
                _check_observables(tables.run, model)
        axes = _axes(tables.grid, mistakes)
        if not broken:
            with mistakes:
                swept = sweep(data)
        for name, value in (("initial", tables.initial), ("run.duration", tables.run.end)) if runs else ():
            if value is None and name.partition(".")[0] not in broken:
                mistakes.found.append(ConfigError(name, *MISSING))
        if model is None:
            return None
        config = cls(
            text=text,
            model=model,
            initial=initial,
            axes=MappingProxyType(axes),
            grid=tables.grid,
            run=tables.run,
            steady=tables.steady,
            compare=tables.compare,
            sweep=swept,
            tables=MappingProxyType(
                tables.model_dump(exclude={"sweep"}, by_alias=True)
                | {"initial": None if initial is None else initial.model_dump()}
            ),
            folder=folder,
        )
        if initial is not None and (runs or initial.path is None):  # others read their file when it is needed
            with mistakes:
                _ = config.initial_state
        return None if mistakes.found else config


def model_in(text: str, *, name: str) -> Model:
    """The model of a configuration given as text, whatever else it asks for; `name` stands for it in errors.

    ConfigError where it cannot be read.
    """
    return Config.from_text(text, name=name, runs=False).model


def _tables(data: Mapping[str, Any], mistakes: Mistakes) -> tuple[_File, set[str]]:
    """The tables of a file, and the names of those that are broken, in whose place are harmless ones."""
    broken: set[str] = set()
    with mistakes:
        return validate(_File, data), broken
    broken = {error.argument.partition(".")[0] for error in mistakes.found}
    sound = {name: table for name, table in data.items() if name in _File.model_fields and name not in broken}
    return validate(_File, {"model": NO_MODEL, **sound}), broken


def _check_run(run: Run) -> None:
    for first, second in (("outputs", "save_every"), ("tolerance", "dt")):
        if getattr(run, first) is not None and getattr(run, second) is not None:
            raise ConfigError(f"run.{second}", f"either {first} or {second}", "both")
    if run.save_every is not None and run.end is not None and run.end / run.save_every > MAX_OUTPUTS:
        least = run.end / MAX_OUTPUTS
        raise ConfigError("run.save_every", f"a number >= {at_least(least)}", repr(run.save_every))


def _check_observables(run: Run, model: Model) -> None:
    try:
        Wanted.read(run.observables, model)
    except InputError as error:
        raise error.renamed(KEYS, ConfigError) from None


def _initial(data: Mapping[str, Any], folder: Path) -> Initial:
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        came = shown(kind) + suggestion(kind, KINDS) if "kind" in data else "nothing"
        raise ConfigError("initial.kind", f"one of {', '.join(KINDS)}", came)
    if isinstance(data.get("file"), str):
        data = {**data, "file": str(folder / data["file"])}
    return validate(KINDS[kind], data, ("initial",))


def _axes(table: GridTable, mistakes: Mistakes) -> dict[str, FixedAxis]:
    axes = {}
    for name in NAMES:
        axis = getattr(table, name)
        if axis is not None:
            with mistakes:
                try:
                    axes[name] = FixedAxis(axis.extent, axis.points)
                except GridError as error:
                    raise error.under(f"grid.{name}", ConfigError) from None
    return axes
