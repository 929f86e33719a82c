"""Scheme tables: what is refused, and the order of what is offered, in exact rational arithmetic."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import factorial

import numpy as np
import pytest

from wignercq.errors import InputError
from wignercq.propagation.schemes import BY_ORDER, CHIN_4A, FORWARD_3, STRANG, Part, Scheme, Stage

HALF = Fraction(1, 2)
T, V = Part.TRANSPORT, Part.MOMENTUM
SCHEMES = [STRANG, CHIN_4A, FORWARD_3]


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


Series = dict[str, Fraction]
DEGREE = 5


def product(a: Series, b: Series) -> Series:
    """Product of series of words in the letters T and V that do not commute, cut beyond DEGREE letters."""
    result: Series = {}
    for u, x in a.items():
        for v, y in b.items():
            if len(u) + len(v) <= DEGREE:
                result[u + v] = result.get(u + v, Fraction(0)) + x * y
    return result


def flow(generator: Series) -> Series:
    """exp(generator)."""
    result, term = {"": Fraction(1)}, {"": Fraction(1)}
    for k in range(1, DEGREE + 1):
        term = {word: value / k for word, value in product(term, generator).items()}
        for word, value in term.items():
            result[word] = result.get(word, Fraction(0)) + value
    return result


def one_step(scheme: Scheme) -> Series:
    step: Series = {"": Fraction(1)}
    for stage in scheme.stages:
        c = stage.commutator  # [V, [T, V]] = 2 VTV - VVT - TVV
        momentum = {"V": stage.fraction, "VTV": 2 * c, "VVT": -c, "TVV": -c}
        step = product(flow({"T": stage.fraction} if stage.part is T else momentum), step)
    return step


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_one_step_agrees_with_the_exact_flow_to_the_declared_order_and_no_further(scheme: Scheme) -> None:
    """Kills: any wrong coefficient. T and V are letters here; a word of k letters has the weight 1/k! in exp(T + V)."""
    step = one_step(scheme)
    for length in range(scheme.order + 2):
        words = ["".join(letters) for letters in itertools.product("TV", repeat=length)]
        exact = all(step.get(word, 0) == Fraction(1, factorial(length)) for word in words)
        assert exact == (length <= scheme.order), length


def oscillator_error(scheme: Scheme, dt: float) -> float:
    """Largest entry of one step minus the exact rotation for H = p**2/2 + q**2/2."""
    step = np.eye(2)
    for stage in scheme.stages:
        t = float(stage.fraction) * dt
        kick = 2 * float(stage.commutator) * dt**3 - t  # [V, [T, V]] acts as the potential -force**2 = -q**2
        step = np.array([[1, t], [0, 1]] if stage.part is T else [[1, 0], [kick, 1]]) @ step
    return float(np.abs(step - [[np.cos(dt), np.sin(dt)], [-np.sin(dt), np.cos(dt)]]).max())


@pytest.mark.parametrize(
    ("scheme", "order"), [(STRANG, 2), (CHIN_4A, 4), (FORWARD_3, 6)], ids=["Strang", "Chin 4A", "forward"]
)
def test_order_for_the_harmonic_oscillator(scheme: Scheme, order: int) -> None:
    """Kills: a default of fourth order that has lost its sixth order without friction and anharmonicity."""
    errors = [oscillator_error(scheme, dt) for dt in (0.6, 0.3)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.2)


def test_schemes_are_offered_under_their_order() -> None:
    """Kills: `order=4` that hands out Strang's scheme."""
    assert {order: scheme.order for order, scheme in BY_ORDER.items()} == {2: 2, 4: 4}
