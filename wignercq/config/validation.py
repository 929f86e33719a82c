"""Tables of a configuration file: strict types, no unknown keys, and errors of one line that name the key."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from wignercq.errors import ConfigError, cut, nearest, suggestion


class Table(BaseModel):
    """A table whose keys are all known and whose values have exactly the declared types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


MOST = 20  # mistakes that are told one by one

AnyTable = TypeVar("AnyTable", bound=Table)

#: What was expected, by the kind of an error of pydantic, with values of its context.
EXPECTED = {
    "expected": "{what}",
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a finite number"),
    **dict.fromkeys(("int_type", "int_from_float"), "a whole number"),
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "greater_than": "a number > {gt}",
    "greater_than_equal": "a number >= {ge}",
    "less_than": "a number < {lt}",
    "less_than_equal": "a number <= {le}",
    "literal_error": "{expected}",
    **dict.fromkeys(("model_type", "dict_type"), "a table"),
}


def expected(what: str) -> PydanticCustomError:
    """The error of a value that is not `what`."""
    return PydanticCustomError("expected", "{what}", {"what": what})


def is_number(value: object) -> bool:
    """Whether `value` is a finite real number; true and false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def _row(value: object, length: int) -> tuple[float, ...] | None:
    if isinstance(value, (list, tuple)) and len(value) == length and all(map(is_number, value)):
        return tuple(float(number) for number in value)
    return None


def _numbers(length: int) -> PlainValidator:
    def check(value: object) -> tuple[float, ...]:
        row = _row(value, length)
        if row is None:
            raise expected(f"{length} numbers in brackets")
        return row

    return PlainValidator(check)


def _covariance(size: int) -> PlainValidator:
    def check(value: object) -> tuple[tuple[float, ...], ...]:
        diagonal = _row(value, size)
        if diagonal is not None:
            return tuple(tuple(diagonal[i] if i == j else 0.0 for j in range(size)) for i in range(size))
        rows = [_row(row, size) for row in value] if isinstance(value, (list, tuple)) else []
        if len(rows) != size or None in rows:
            raise expected(f"{size} numbers (a diagonal) or {size} rows of {size} numbers")
        return tuple(row for row in rows if row is not None)

    return PlainValidator(check)


Two = Annotated[tuple[float, ...], _numbers(2)]
Four = Annotated[tuple[float, ...], _numbers(4)]
Covariance2 = Annotated[tuple[tuple[float, ...], ...], _covariance(2)]
Covariance4 = Annotated[tuple[tuple[float, ...], ...], _covariance(4)]


def validate(table: type[AnyTable], data: Mapping[str, Any], prefix: Sequence[str] = ()) -> AnyTable:
    """Check `data` against `table`.

    ConfigError says all that is wrong, unknown keys before everything else, each on a line with its dotted path.
    """
    try:
        return table.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    details.sort(key=lambda detail: detail["type"] != "extra_forbidden")
    meant = {dotted(_meant(table, detail)) for detail in details[:MOST]}
    told = [detail for detail in details if detail["type"] != "missing" or dotted(detail["loc"]) not in meant]
    errors = [ConfigError(dotted((*prefix, *detail["loc"])), *_parts(table, detail)) for detail in told[:MOST]]
    if len(told) > MOST:
        errors.append(
            ConfigError(dotted(prefix) or "configuration", "no more mistakes than these", f"{len(told)} in all")
        )
    raise ConfigError.of(errors) from None


def _meant(table: type[Table], error: ErrorDetails) -> tuple[str | int, ...]:
    """The key for which an unknown one was written; nothing for other errors."""
    *outer, name = error["loc"]
    near = nearest(str(name), _known_keys(table, outer)) if error["type"] == "extra_forbidden" else None
    return (*outer, near) if near else ()


def _parts(table: type[Table], error: ErrorDetails) -> tuple[str, str]:
    """What was expected of a key, and what came."""
    if error["type"] == "extra_forbidden":
        known = _known_keys(table, error["loc"][:-1])
        return f"one of {', '.join(known)}", f"an unknown key{suggestion(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return "this key", "nothing"
    known = re.findall(r"'(\w+)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []
    return _expected(error), shown(error["input"]) + suggestion(error["input"], known)


def _known_keys(table: type[Table], location: Sequence[str | int]) -> list[str]:
    for name in location:
        if isinstance(name, int):  # a place in a list of tables
            continue
        annotation = table.model_fields[name].annotation
        table = next(t for t in (annotation, *get_args(annotation)) if isinstance(t, type) and issubclass(t, Table))
    return [field.alias or name for name, field in table.model_fields.items()]


def _expected(error: ErrorDetails) -> str:
    if error["type"] not in EXPECTED:
        return error["msg"]
    bounds = {key: f"{v:g}" if isinstance(v, float) else v for key, v in error.get("ctx", {}).items()}
    text = EXPECTED[error["type"]].format(**bounds)
    return text.replace("'", '"') if error["type"] == "literal_error" else text


def dotted(location: Sequence[str | int]) -> str:
    """The dotted path of a key; parts that are not plain names are quoted, so that it stays on one short line."""
    parts = ((cut(str(part)), isinstance(part, int)) for part in location)
    return ".".join(
        part if (part.replace("-", "_").isidentifier() and part.isascii()) or is_place else ascii(part)
        for part, is_place in parts
    )


def shown(value: object) -> str:
    """A value as TOML would write it, on one line, cut when long."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, float):
        return repr(value)
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):  # dates, and whole numbers of thousands of digits
        text = f"a {type(value).__name__}" if isinstance(value, int) else ascii(str(value))
    return cut(text)
