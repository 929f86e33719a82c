"""Types of single keys of the configuration: what may be written, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainValidator

from wignercq.config.validation import expected, is_number
from wignercq.planning.arguments import BYTES, SECONDS, quantity


def _hbar_order(value: object) -> int | None:
    if value == "exact":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise expected('"exact" or a whole number >= 0')


def _frames(value: object) -> int | str:
    if value == "all":
        return "all"
    if not isinstance(value, int) or isinstance(value, bool):
        raise expected('a whole number or "all"')
    if value < 1:
        raise expected("a number >= 1")
    return value


def _devices(value: object) -> int | str:
    if value == "gpu" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise expected('a whole number >= 1 or "gpu"')


def _save_state(value: object) -> bool | tuple[float, ...]:
    if isinstance(value, bool):
        return value
    if not isinstance(value, (list, tuple)) or not all(map(is_number, value)):
        raise expected("true, false or times in brackets")
    return tuple(float(time) for time in value)


def _quantity(units: Mapping[str, float], example: str) -> PlainValidator:
    """A positive number with one of the units, in the first of them; a bare number has that unit."""

    def check(value: object) -> float:
        number = quantity(value, units)
        if number is None:
            raise expected(f"a positive number with one of the units {', '.join(units)}, for example {example}")
        return number

    return PlainValidator(check)


Seconds = Annotated[float, _quantity(SECONDS, '"5 min"')]
Bytes = Annotated[float, _quantity(BYTES, '"4 GiB"')]
HbarOrder = Annotated[int | None, PlainValidator(_hbar_order)]
Devices = Annotated[int | str | None, PlainValidator(_devices)]
Frames = Annotated[int | str, PlainValidator(_frames)]
SaveState = Annotated[bool | tuple[float, ...], PlainValidator(_save_state)]
