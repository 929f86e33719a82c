"""The tables ``[compare]`` and ``[sweep]``: what a comparison shows, and which numbers are varied over which values."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, PlainValidator

from wignercq.comparison.breakdown_times import REPORTED
from wignercq.config.keys import FURTHER_NUMBERS, NUMBERS
from wignercq.config.validation import Table, dotted, expected, is_number, shown, validate
from wignercq.errors import ConfigError, suggestion

MAX_POINTS = 10_000
MAX_AXES = 2  # what a map can show
TEMPERATURE = "temperature"
RESERVED = ("theory", "observable", "time")  # dimensions of the result


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise expected("a list of names in quotes")


class Compare(Table):
    """The table ``[compare]``: when a theory counts as broken, what the figures show, and how many trajectories."""

    threshold: float = Field(default=0.01, gt=0, lt=1)
    observables: Annotated[tuple[str, ...], PlainValidator(_names)] = REPORTED
    trajectories: int = Field(default=0, ge=0)
    mean_field: bool = False
    semiclassical: bool = False
    thermal: bool = False
    seed: int = Field(default=0, ge=0, lt=2**63)


class _Range(Table):
    start: float = Field(alias="from")
    to: float
    points: int = Field(ge=2, le=MAX_POINTS)
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True)
class SweptAxis:
    """One number of a configuration and the values it takes."""

    name: str  # as written in ``[sweep]``
    key: str  # dotted path of the number
    values: tuple[float, ...]  # increasing
    log: bool = False  # whether they are spaced logarithmically

    @property
    def is_temperature(self) -> bool:
        """Whether it is the temperature of the bath, and not a parameter of that name."""
        return self.name == TEMPERATURE and self.key == NUMBERS["diffusion"]


@dataclass(frozen=True)
class Sweep:
    """Values of one or two numbers, every combination of which is a point."""

    axes: tuple[SweptAxis, ...]

    @property
    def points(self) -> Iterator[dict[str, float]]:
        """Values by name of axis, the last axis varying fastest."""
        for values in product(*(axis.values for axis in self.axes)):
            yield dict(zip((axis.name for axis in self.axes), values, strict=True))

    def put(self, point: Mapping[str, float], data: Mapping[str, Any]) -> dict[str, Any]:
        """The tables of a configuration, `data`, with the values of a point put in and without ``[sweep]``.

        A temperature sets the diffusion, ``D2 = 2 alpha k_B T``.
        """
        result = copy.deepcopy({name: table for name, table in data.items() if name != "sweep"})
        for axis in sorted(self.axes, key=lambda axis: axis.is_temperature):
            value = point[axis.name]
            if axis.is_temperature:
                value *= 2 * _at(result, NUMBERS["friction"], 0.0)
            *tables, key = axis.key.split(".")
            table: Any = result
            for name in tables:
                table = table[int(name)] if isinstance(table, list) else table.setdefault(name, {})
            table[key] = value
        return result


def sweep(data: Mapping[str, Any]) -> Sweep | None:
    """The table ``[sweep]`` of a configuration, whose other tables are valid; None if there is none.

    ConfigError where a number cannot be varied, or values cannot be used.
    """
    if "sweep" not in data:
        return None
    written = list(_leaves(data["sweep"]))
    if not 1 <= len(written) <= MAX_AXES:
        raise ConfigError("sweep", "one or two numbers to vary", len(written))
    axes = tuple(_axis(path, values, data) for path, values in written)
    if len({axis.key for axis in axes}) < len(axes):
        raise ConfigError(f"sweep.{axes[1].name}", f"another number than {axes[0].name}", "the same")
    if any(axis.is_temperature for axis in axes) and not any(axis.key == NUMBERS["friction"] for axis in axes):
        friction = _at(data, NUMBERS["friction"], 0.0)
        if not friction > 0:
            raise ConfigError(f"sweep.{TEMPERATURE}", "friction > 0, since D2 = 2 alpha k_B T", f"{friction:g}")
    if math.prod(len(axis.values) for axis in axes) > MAX_POINTS:
        raise ConfigError("sweep", f"at most {MAX_POINTS} points", "more")
    return Sweep(axes)


def _leaves(table: Mapping[str, Any], prefix: Sequence[str] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values of a table; ``model.hbar = [...]`` and ``"model.hbar" = [...]`` are the same."""
    for name, value in table.items():
        path = (*prefix, *name.split("."))
        if isinstance(value, Mapping) and not set(value) & {"from", "to", "points", "scale"}:
            yield from _leaves(value, path)
        else:
            yield path, value


def _axis(path: Sequence[str], written: Any, data: Mapping[str, Any]) -> SweptAxis:
    name = ".".join(path)
    key = _key(name, data)
    where = f"sweep.{dotted(path)}"
    if isinstance(written, Mapping):
        values, log = _range(written, ("sweep", *path)), written.get("scale") == "log"
    elif isinstance(written, list) and written and all(map(is_number, written)):
        values, log = tuple(sorted(written)), False
    else:
        raise ConfigError(where, "a list of numbers or { from = ..., to = ..., points = ... }", shown(written))
    if len(set(values)) < len(values):
        raise ConfigError(where, "values that differ", "one twice")
    return SweptAxis(name, key, values, log)


def _range(written: Mapping[str, Any], path: Sequence[str]) -> tuple[float, ...]:
    table = validate(_Range, written, path)
    if table.scale == "log":
        if not min(table.start, table.to) > 0:
            least = min(table.start, table.to)
            raise ConfigError(dotted(path), "positive numbers on a log scale", f"{least:g}")
        inner = np.geomspace(table.start, table.to, table.points)
    else:
        inner = np.linspace(table.start, table.to, table.points)
    return tuple(sorted(float(f"{value:.12g}") for value in inner))


def _key(name: str, data: Mapping[str, Any]) -> str:
    """The dotted path of the number that a name in ``[sweep]`` stands for."""
    parameters = {name: f"model.parameters.{name}" for name in _at(data, "model.parameters", {})}
    initial = {f"initial.{key}" for key, value in data.get("initial", {}).items() if is_number(value)}
    noises = {
        f"model.noise.{i}.{key}"
        for i, noise in enumerate(_at(data, "model.noise", []))
        for key, value in noise.items()
        if is_number(value)
    }
    names = {**NUMBERS, **FURTHER_NUMBERS, TEMPERATURE: NUMBERS["diffusion"], **parameters}
    if name in RESERVED:
        raise ConfigError(f"sweep.{name}", "a name that the result does not use itself", name)
    if name in names:
        return names[name]
    if name in {*NUMBERS.values(), *FURTHER_NUMBERS.values(), *parameters.values(), *initial, *noises}:
        return name
    known = sorted({*names, *initial, *noises})
    raise ConfigError(
        f"sweep.{dotted(name.split('.'))}",
        f"one of {', '.join(known)}, or a dotted key of one",
        f"another name{suggestion(name, known)}",
    )


def _at(data: Mapping[str, Any], path: str, missing: Any) -> Any:
    for name in path.split("."):
        if name not in data:
            return missing
        data = data[name]
    return data
