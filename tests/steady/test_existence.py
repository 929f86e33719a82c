"""What has no steady state, or many, is refused in one line within seconds."""

from __future__ import annotations

import time

import pytest

from wignercq import Model, ModelError
from wignercq.steady.steady_state import steady_state

BATH = {"classical_mass": 1.4, "quantum_mass": 0.8, "hbar": 0.8, "friction": 1.0, "diffusion": 1.0}
REFUSED = {
    "no friction": (("q**2/2", "x**2/2", "0.1*q*x"), {"friction": 0.0}, "friction: .* the noise heats it for ever"),
    "no noise": (("q**2/2", "x**2/2", "0"), {"diffusion": 0.0}, "diffusion: expected a positive number"),
    "no coupling": (("q**2/2", "x**2/2", "0"), {}, "interaction: .* unique, got none"),
    "a coupling of x alone": (("q**2/2", "x**2/2", "0.1*x**4"), {}, "interaction: .* unique, got none"),
    "parity": (("q**2/2 + q**4/8", "x**2/2 + x**4/8", "0.3*q*x**2"), {}, "conserves the parity of x about"),
    "parity elsewhere": (
        ("q**2/2 + q**4/8", "(x - 2)**4/8 + (x - 2)**2/2", "0.3*q*(x - 2)**2"),
        {},
        "parity of x about 2",
    ),
    "unbound": (("q**2/2", "-x**2/2", "0.1*q*x"), {}, "potentials that bind both particles"),
    "free": (("0", "x**2/2", "0.1*q*x"), {}, "potentials that bind both particles"),
    "cubic": (("q**2/2", "x**2/2 - 0.1*x**3", "0.1*q*x"), {}, "V that does not rise"),
    "Morse": (("q**2/2", "3*(1 - exp(-x))**2", "0.1*q*x"), {}, "potentials that bind both particles"),
    "a coupling that unbinds": (("q**2/2", "x**2/2", "0.1*q*x**2 + 0.1*q*x"), {}, "V that does not rise"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_no_steady_state_is_refused_in_seconds(what: str) -> None:
    """Kills: a search that never ends, a null vector of many taken for the steady state."""
    potentials, changes, message = REFUSED[what]
    begun = time.process_time()
    with pytest.raises(ModelError, match=message):
        steady_state(Model(*potentials, **{**BATH, **changes}))
    assert time.process_time() - begun < 5
