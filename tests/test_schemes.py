"""Scheme tables: what is refused, and the order conditions of what is offered, in exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest

from wignercq.errors import InputError
from wignercq.schemes import BY_ORDER, CHIN_4A, STRANG, Part, Scheme, Stage

HALF = Fraction(1, 2)
T, V = Part.TRANSPORT, Part.MOMENTUM
SCHEMES = [STRANG, CHIN_4A]


@pytest.mark.parametrize("fraction", [Fraction(0), Fraction(-1, 6)])
@pytest.mark.parametrize("part", [T, V])
def test_only_positive_times(part: Part, fraction: Fraction) -> None:
    """Kills: a stage that runs diffusion backwards, which is ill-posed."""
    with pytest.raises(InputError, match=rf"Stage\.fraction: expected a positive number .* got {fraction}"):
        Stage(part, fraction)


def test_transport_carries_no_commutator() -> None:
    """Kills: a correction that is silently ignored because only momentum stages apply it."""
    with pytest.raises(InputError, match=r"Stage\.commutator: expected 0 for a transport stage"):
        Stage(T, HALF, Fraction(1, 72))


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ((Stage(T, HALF), Stage(V, Fraction(1)), Stage(T, HALF)), "V, T, V"),
        ((Stage(V, Fraction(1)), Stage(T, Fraction(1))), "V, T, V"),
        ((Stage(V, HALF), Stage(V, HALF), Stage(T, Fraction(1))), "V, T, V"),
        ((), "V, T, V"),
        ((Stage(V, Fraction(1, 3)), Stage(T, Fraction(1)), Stage(V, Fraction(2, 3))), "palindromic"),
        ((Stage(V, HALF, Fraction(1, 9)), Stage(T, Fraction(1)), Stage(V, HALF)), "palindromic"),
        ((Stage(V, HALF), Stage(T, HALF), Stage(V, HALF)), "T fractions to add up to 1, got 1/2"),
        ((Stage(V, Fraction(1)), Stage(T, Fraction(1)), Stage(V, Fraction(1))), "V fractions to add up to 1, got 2"),
    ],
)
def test_malformed_tables_are_refused(stages: tuple[Stage, ...], message: str) -> None:
    """Kills: a table with a typing error that would run and be inconsistent or not fuse."""
    with pytest.raises(InputError, match=f"Scheme wrong: expected .*{message}"):
        Scheme("wrong", 2, stages)


def times(scheme: Scheme) -> tuple[list[Fraction], list[Fraction]]:
    """Momentum fractions, and the transport time elapsed before each of them."""
    elapsed, kicks, moments = Fraction(0), [], []
    for stage in scheme.stages:
        if stage.part is T:
            elapsed += stage.fraction
        else:
            kicks.append(stage.fraction)
            moments.append(elapsed)
    return kicks, moments


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_kicks_are_a_quadrature_of_the_declared_order(scheme: Scheme) -> None:
    """Kills: a wrong fraction. With a given force the kicks integrate t**n over [0, 1]: exactly for n < order."""
    kicks, moments = times(scheme)
    defects = [sum(v * t**n for v, t in zip(kicks, moments, strict=True)) - Fraction(1, n + 1) for n in range(5)]
    assert not any(defects[: scheme.order])
    assert defects[scheme.order]


def test_commutator_of_chin_cancels_the_remaining_third_order_term() -> None:
    """Kills: a wrong sign or size of the correction.

    For H = p**2/2 + q**2/2 the correction is a kick as well, and the trace of the 2 x 2 matrix of one step must be that
    of a rotation, 2 cos(dt) = 2 - dt**2 + dt**4/12 - ..., up to dt**5.
    """
    identity = [[[Fraction(1)], [Fraction(0)]], [[Fraction(0)], [Fraction(1)]]]
    step = identity
    for stage in CHIN_4A.stages:
        if stage.part is T:  # q += p dt
            factor = [[[Fraction(1)], [Fraction(0), stage.fraction]], [[Fraction(0)], [Fraction(1)]]]
        else:  # the double commutator is the potential -force**2 = -q**2
            kick = [Fraction(0), -stage.fraction, Fraction(0), 2 * stage.commutator]
            factor = [[[Fraction(1)], [Fraction(0)]], [kick, [Fraction(1)]]]
        step = multiply(factor, step)
    trace = add(step[0][0], step[1][1])
    assert trace[:6] == [2, 0, -1, 0, Fraction(1, 12), 0]


Polynomial = list[Fraction]


def add(a: Polynomial, b: Polynomial) -> Polynomial:
    size = max(len(a), len(b))
    return [
        x + y for x, y in zip(a + [Fraction(0)] * (size - len(a)), b + [Fraction(0)] * (size - len(b)), strict=True)
    ]


def product(a: Polynomial, b: Polynomial) -> Polynomial:
    result = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def multiply(a: list[list[Polynomial]], b: list[list[Polynomial]]) -> list[list[Polynomial]]:
    return [[add(product(a[i][0], b[0][j]), product(a[i][1], b[1][j])) for j in range(2)] for i in range(2)]


def test_schemes_are_offered_under_their_order() -> None:
    """Kills: `order=4` that hands out Strang's scheme."""
    assert {order: scheme.order for order, scheme in BY_ORDER.items()} == {2: 2, 4: 4}
