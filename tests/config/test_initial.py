"""Wave functions given as formulas: each becomes the state it describes, on any scale, or is refused in one line."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.configurations import configuration
from support.reference.packets import Moments, Packet, deviation, wave_moments

from wignercq.config import Config
from wignercq.errors import ConfigError
from wignercq.states import State


def of_formula(psi: str, hbar: float) -> State:
    """The initial state of a configuration with this wave function."""
    initial = {"kind": "wavefunction", "psi": psi, "classical_mean": [0.2, -0.1], "classical_covariance": [0.5, 0.6]}
    return Config.from_text(configuration(model={"hbar": hbar}, initial=initial)).state


def quantum(state: State) -> Moments:
    """Mean and covariance of (x, y)."""
    return Moments(state.mean[2:], state.covariance[2:, 2:])


@pytest.mark.parametrize(
    ("psi", "hbar", "y", "xx"),
    [
        ("exp(-x**2/2 + 20*I*x)", 1.0, 20.0, 0.5),
        ("exp(-x**2/2 + 0.3*I*x/hbar)", 0.01, 0.3, 0.5),
        ("exp(-(x - 5)**2*1e8)", 0.7, 0.0, 2.5e-9),
    ],
)
def test_a_formula_keeps_its_momentum(psi: str, hbar: float, y: float, xx: float) -> None:
    """Kills samples that look resolved at an aliased frequency (<y> = -0.90 and -0.118), and a packet never seen."""
    state = quantum(of_formula(psi, hbar))
    expected = np.array([[xx, 0], [0, hbar**2 / (4 * xx)]])
    assert deviation(state, np.array([5.0 if xx < 0.1 else 0.0, y]), expected) < 1e-9


def packets(random: np.random.Generator) -> list[Packet]:
    """One or two packets, far, fast or narrow beyond what can be sampled."""
    uniform, width = random.uniform, 10 ** random.uniform(-2, 2)
    centre = width * 10 ** uniform(0, 4) * random.choice([-1, 1])
    fast = 10 ** uniform(0, 3.3)
    first = Packet(centre, width, uniform(-fast, fast) / width, complex(*uniform(0.3, 1, 2)), uniform(-1, 1) / width**2)
    if random.random() < 0.4:
        return [first]
    beside = centre + width * 10 ** uniform(0, 3.5) * random.choice([-1, 1])
    return [first, Packet(beside, width * 10 ** uniform(-2, 0.5), uniform(-9, 9) / width)]


def test_formulas_have_their_moments_or_are_refused() -> None:
    """Kills an aliased momentum, and a packet lost between the places where a wave function is looked for."""
    random, kept, refused = np.random.default_rng(5), 0, 0
    for _ in range(30):
        parts, hbar = packets(random), 10 ** random.uniform(-2, 0.5)
        try:
            state, message = of_formula(" + ".join(part.formula() for part in parts), hbar), ""
        except ConfigError as error:
            state, message = None, str(error)
        if state is None:
            refused += 1
            assert re.fullmatch(r"initial\.psi: expected .*", message)
            assert len(parts) == 2 or abs(parts[0].wavenumber) * parts[0].width > 200, parts
        else:
            kept += 1
            assert deviation(quantum(state), *wave_moments(parts, hbar)) < 1e-6, parts
    assert min(kept, refused) > 7


@pytest.mark.parametrize("beside", [1.0, -1.0, 0.9])
def test_narrow_packets_far_out_are_not_lost(beside: float) -> None:
    """Kills a closer look that misses what the first one saw, so that only one of two packets is left."""
    random = np.random.default_rng(3)
    for _ in range(8):
        place = 10 ** random.uniform(-4, 5.5)
        a, b = (
            f"exp(-(x - ({c!r}))**2/(4*({w!r})**2))" for c, w in ((place, 1e-5 * place), (-beside * place, place / 99))
        )
        with pytest.raises(
            ConfigError, match=r"^initial\.psi: expected (a function that 2048 )?samples (that )?resolve"
        ):
            of_formula(f"{a} + {b}", 1.0)


@pytest.mark.parametrize(
    ("psi", "message"),
    [
        (
            "exp(-x**2/2 + 900*I*x)",
            r"a function that 2048 samples resolve \(to 1e-08 between them\), got one",
        ),
        ("exp(-(x - 5)**2) + exp(-(x + 30)**2*1e6)", "samples that resolve their function"),
        ("exp(-(x - 1)**2*1e32)", "a function on a range with room for 64 points"),
    ],
)
def test_what_cannot_be_sampled_is_refused(psi: str, message: str) -> None:
    """Kills a state that is another one than asked for, without a word."""
    with pytest.raises(ConfigError, match=f"^initial.psi: expected {message}.*$"):
        of_formula(psi, 1.0)
