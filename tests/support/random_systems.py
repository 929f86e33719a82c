"""Random models with polynomial potentials, and the settings of the tests that draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from support.systems import numbers_of
from wignercq import Model

Terms = dict[tuple[int, int], float]  # coefficients of q**i x**j
Test = TypeVar("Test", bound=Callable[..., None])


def examples(count: int) -> Callable[[Test], Test]:
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def decimals(lower: float, upper: float) -> st.SearchStrategy[float]:
    """Numbers of three digits, so that a failing example can be read."""
    return st.integers(round(lower * 1000), round(upper * 1000)).map(lambda n: n / 1000)


@dataclass(frozen=True)
class System:
    """The numbers of a model with polynomial potentials."""

    V_C: Terms
    V_Q: Terms
    V_I: Terms
    classical_mass: float
    quantum_mass: float
    hbar: float
    friction: float
    diffusion: float
    decoherence: float

    def model(self) -> Model:
        return Model(*(formula(terms) for terms in (self.V_C, self.V_Q, self.V_I)), **numbers_of(self))

    def in_units(self, length_q: float, length_x: float, time: float, action: float) -> System:
        """The same system where the numbers count other units: those of q and x, of time and of p q, y x and hbar.

        Every term of the master equation has to keep its weight: ``V' = V time/action``, ``M' = M length_q**2/(time
        action)`` and m likewise, ``alpha' = alpha length_q**2/action``, ``D2' = D2 time length_q**2/action**2``,
        ``D0' = D0 action**2/(time length_q**2)``.
        """

        def scaled(terms: Terms) -> Terms:
            return {(i, j): c * length_q**i * length_x**j * time / action for (i, j), c in terms.items()}

        return System(
            *(scaled(terms) for terms in (self.V_C, self.V_Q, self.V_I)),
            classical_mass=self.classical_mass * length_q**2 / (time * action),
            quantum_mass=self.quantum_mass * length_x**2 / (time * action),
            hbar=self.hbar / action,
            friction=self.friction * length_q**2 / action,
            diffusion=self.diffusion * time * length_q**2 / action**2,
            decoherence=self.decoherence * action**2 / (time * length_q**2),
        )


def formula(terms: Terms) -> str:
    return " + ".join(f"({c!r})*q**{i}*x**{j}".replace("*q**0", "").replace("*x**0", "") for (i, j), c in terms.items())


@st.composite
def systems(draw: Any, *, quadratic: bool = False) -> System:
    def terms(powers: list[tuple[int, int]], size: float) -> Terms:
        return {power: draw(decimals(-size, size)) for power in powers}

    cubic = 0.0 if quadratic else 0.1
    diffusion, coupling = draw(decimals(0.3, 1.0)), [(1, 1)] if quadratic else [(1, 1), (1, 2), (2, 1), (2, 2)]
    return System(
        V_C={(2, 0): draw(decimals(0.3, 0.9)), **terms([(1, 0)], 0.5), **terms([(3, 0), (4, 0)], cubic)},
        V_Q={(0, 2): draw(decimals(0.3, 0.9)), **terms([(0, 1)], 0.5), **terms([(0, 3), (0, 4)], cubic)},
        V_I={**terms(coupling, 0.2), (2, 0): draw(decimals(0, 0.2))},
        classical_mass=draw(decimals(0.7, 1.9)),
        quantum_mass=draw(decimals(0.7, 1.9)),
        hbar=draw(decimals(0.5, 1.4)),
        friction=draw(decimals(0.0, 0.5)),
        diffusion=diffusion,
        decoherence=round(draw(decimals(1.0, 2.0)) / (4 * diffusion) + 1e-3, 3),
    )
