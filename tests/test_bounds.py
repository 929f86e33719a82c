"""Numbers that messages suggest."""

from __future__ import annotations

import re

import pytest

from wignercq import Model
from wignercq.errors import InputError, at_least, at_most
from wignercq.planning.numerics import Numerics
from wignercq.states import gaussian


@pytest.mark.parametrize("bound", [0.5, 1 / 3, 2 / 3, 1e-6, 0.30000000000000004, 12345678.9, 1e-300, 1.7e308, -1 / 3])
def test_bounds_are_rounded_the_safe_way(bound: float) -> None:
    """Kills: a bound rounded to the nearest few digits, which is refused half of the time."""
    assert bound <= float(at_least(bound)) <= bound + abs(bound) * 1e-5
    assert bound - abs(bound) * 1e-5 <= float(at_most(bound)) <= bound


@pytest.mark.parametrize("diffusion", [0.3, 0.7, 1.1, 0.6123])
def test_a_suggested_decoherence_is_accepted(diffusion: float) -> None:
    """Kills: `at least 0.833333`, below the bound 1/(4 D2) by more than is let pass."""
    with pytest.raises(InputError) as refusal:
        Model("q**2", "x**2", "q*x", diffusion=diffusion, decoherence=0.25 / diffusion * (1 - 1e-9))
    least, came = re.findall(r"at least (\S+), got (\S+) ", str(refusal.value))[0]
    assert float(least) > float(came)
    Model("q**2", "x**2", "q*x", diffusion=diffusion, decoherence=float(least))


def test_what_came_differs_from_what_was_expected() -> None:
    """Kills: "at least hbar/2 = 0.5, got 0.5"."""
    with pytest.raises(InputError) as refusal:
        gaussian((0, 0, 0, 0), (1, 1, 0.5, 0.49999999), hbar=1.0)
    least, came = re.findall(r"= (\S+), got (\S+)$", str(refusal.value))[0]
    assert float(came) < float(least) == 0.5


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_suggested_tolerance_is_accepted(precision: str) -> None:
    """Kills: a bound of rounding errors printed with one digit after the point."""
    with pytest.raises(InputError) as refusal:
        Numerics(tolerance=1e-30, precision=precision)
    Numerics(tolerance=float(re.findall(r"at least (\S+) with", str(refusal.value))[0]), precision=precision)
