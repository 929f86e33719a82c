"""Arguments of a run as users write them, in Python and in a configuration, and what they stand for."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from wignercq.errors import InputError, StateError, brief, kind_of, listed, suggestion
from wignercq.model.formulas import MAX_NUMBER
from wignercq.states import ClassicalState, QuantumState, State
from wignercq.states.arguments import came_as

EXACT = "exact"
ALL = "all"
SECONDS: Mapping[str, float] = {"s": 1.0, "min": 60.0, "h": 3600.0}
BYTES: Mapping[str, float] = {"B": 1.0, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}


def real(value: object) -> float | None:
    """A finite real number as a float; None for anything else, true and false among it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond the largest float
        return None
    return number if math.isfinite(number) else None


def number(argument: str, value: object, expected: str, accepts: Callable[[float], bool]) -> float:
    """A finite number that is accepted; InputError otherwise, with what was expected."""
    result = real(value)
    if result is None or not accepts(result):
        raise InputError(argument, expected, brief(value))
    return result


def moderate(argument: str, value: object) -> float:
    """A positive number that is neither too small nor too large; InputError otherwise."""
    least, most = 1 / MAX_NUMBER, MAX_NUMBER
    return number(argument, value, f"a positive number, from {least:g} to {most:g}", lambda v: least <= v <= most)


def whole(argument: str, value: object, least: int, most: float = math.inf) -> int:
    """A whole number from `least` to `most`; InputError otherwise. A float is none, even where it is whole."""
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    result = int(value) if is_whole else None  # type: ignore[call-overload]
    if result is None or not least <= result <= most:
        bounds = f">= {least}" if most == math.inf else f"from {least} to {most}"
        raise InputError(argument, f"a whole number {bounds}", brief(value))
    return result


def device_choice(value: object) -> int | str | None:
    """So many devices, or "gpu": all of these; InputError for anything else but None."""
    if value is None or value == "gpu":
        return value
    if isinstance(value, str):
        raise InputError("devices", "a whole number >= 1 or 'gpu'", brief(value))
    return whole("devices", value, 1)


def flag(argument: str, value: object) -> bool:
    """True or False; InputError for anything else."""
    if value is not True and value is not False:
        raise InputError(argument, "True or False", brief(value))
    return value


def quantity(value: object, units: Mapping[str, float]) -> float | None:
    """A positive number in the first of the units: given in it, or as text with one of them; None for anything else."""
    unit = next(iter(units))
    if isinstance(value, str):
        text, _, unit = value.strip().partition(" ")
        try:
            value = float(text)
        except ValueError:
            return None
    result = real(value)
    return result * units[unit] if result is not None and result > 0 and unit in units else None


def measured(argument: str, value: object, units: Mapping[str, float], example: str) -> float:
    """:func:`quantity`; InputError for anything else."""
    result = quantity(value, units)
    if result is None:
        known = listed([*units], limit=len(units))
        expected = f"a positive number, of {next(iter(units))}, or text such as {example!r} in {known}"
        unit = value.strip().partition(" ")[2] if isinstance(value, str) else ""
        raise InputError(argument, expected, brief(value) + suggestion(unit, units))
    return result


def seconds(argument: str, value: object) -> float:
    """A time, in seconds or as text with a unit."""
    return measured(argument, value, SECONDS, "5 min")


def memory_limit(value: object) -> float | None:
    """A size of memory, in bytes or as text with a unit; None is none."""
    return None if value is None else measured("memory_limit", value, BYTES, "4 GiB")


def hbar_order(value: object) -> int | None:
    """Order in hbar; None, all of them, is also written "exact"."""
    if value is None or (isinstance(value, str) and value == EXACT):
        return None
    try:
        return whole("hbar_order", value, 0)
    except InputError as error:
        raise InputError("hbar_order", f"{EXACT!r} or {error.expected}", error.got) from None


def frames(value: object, outputs: int, most: float = math.inf) -> int:
    """Number of frames, "all" being as many as outputs."""
    if isinstance(value, str) and value == ALL:
        return outputs
    try:
        return whole("frames", value, 0, most)
    except InputError as error:
        raise InputError("frames", f"{ALL!r} or {error.expected}", error.got) from None


def spread(held: int, count: int) -> list[int]:
    """So many of the numbers from 0, evenly, first and last among them; of one the last."""
    return sorted({round(k) for k in np.linspace(held - 1, 0, min(count, held))})


def path(argument: str, value: object) -> Path:
    """A path; InputError for anything that is none."""
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(argument, "a path", kind_of(value))
    return Path(value)


def require_state(value: object) -> State:
    """`value` itself, if it is a state of both particles; StateError otherwise."""
    if isinstance(value, (ClassicalState, QuantumState)):
        expected = "a state of both particles, such as product(classical, quantum)"
        raise StateError("state", expected, f"{kind_of(value)}, of one alone")
    if not isinstance(value, State):
        raise StateError(
            "state", "a State, W as an array on a full grid, or a result that keeps W", came_as(value, or_result=True)
        )
    return value
