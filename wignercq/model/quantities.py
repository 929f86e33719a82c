"""Numbers of a model as they are given: finite, in range, of a size that arithmetic bears."""

from __future__ import annotations

import keyword
import math
import numbers
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

from wignercq.errors import ModelError, brief
from wignercq.model.formulas import CONSTANTS, FUNCTIONS, MAX_NUMBER

LONGEST_NAME = 60  # characters
RESERVED = {"q", "p", "x", "y", "t", "I", "hbar", *CONSTANTS, *FUNCTIONS, *keyword.kwlist}


def quantity(name: str, value: object, expected: str, accepts: Callable[[float], bool]) -> float:
    """A number that is accepted and neither too large nor too small; ModelError otherwise."""
    result = number(name, value, expected, accepts)
    if result and not 1 / MAX_NUMBER <= abs(result) <= MAX_NUMBER:
        raise ModelError(name, f"a size from {1 / MAX_NUMBER:g} to {MAX_NUMBER:g}", f"{result:g}")
    return result


def number(name: str, value: object, expected: str, accepts: Callable[[float], bool]) -> float:
    """A finite number that is accepted; ModelError otherwise."""
    result = math.nan
    if isinstance(value, numbers.Real):
        with suppress(OverflowError):
            result = float(value)
    if isinstance(value, bool) or not math.isfinite(result) or not accepts(result):
        raise ModelError(name, expected, brief(value))
    return result


def diffusion_at(temperature: float, friction: float) -> float:
    """D2 of a bath of a temperature, ``2 alpha k_B T``."""
    T = quantity("temperature", temperature, "a positive number", lambda v: v > 0)
    return 2 * quantity("friction", friction, "a positive number with a temperature", lambda v: v > 0) * T


def parameters_of(parameters: object) -> Mapping[str, float]:
    """Numbers by names that formulas may use; ModelError otherwise."""
    if not isinstance(parameters, Mapping):
        raise ModelError("parameters", "a mapping of names to numbers", brief(parameters))
    for name in parameters:
        text = name if isinstance(name, str) else ""
        short = text.isprintable() and len(text) <= LONGEST_NAME
        if not (short and text.isidentifier() and text.isascii()) or text in RESERVED:
            raise ModelError(
                f"parameters.{text if text and short else brief(name)}",
                f"a plain name that is not reserved, of at most {LONGEST_NAME} characters",
                brief(name),
            )
    values = {n: number(f"parameters.{n}", v, "a finite number", lambda _: True) for n, v in parameters.items()}
    return MappingProxyType(values)
