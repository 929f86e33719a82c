"""Baths and noises in a configuration: they arrive, can be varied, and mistakes in them are one line each."""

from __future__ import annotations

import pytest

from wignercq import QuantumBath
from wignercq.config import Config
from wignercq.errors import ConfigError

TEXT = """
[model]
[model.classical]
potential = "q**2/2"
friction = 0.3
diffusion = 0.5
[model.quantum]
potential = "x**2/2"
friction = 0.2
diffusion = { xx = 0.05, xy = 0.02, yy = 0.4 }
[model.interaction]
potential = "lam*q*x"
[model.parameters]
lam = 0.3
[[model.noise]]
force = "lam*x**2"
decoherence = 0.1
diffusion = "q**2/5"
[[model.noise]]
force = "x"
decoherence = 0.4
"""


def test_baths_and_noises_arrive() -> None:
    """Kills: a key that is read and forgotten."""
    model = Config.from_text(TEXT, runs=False).model
    assert model.quantum_bath == QuantumBath(friction=0.2, diffusion={"xx": 0.05, "xy": 0.02, "yy": 0.4})
    assert [noise.decoherence for noise in model.noises] == [0.1, 0.4]
    L, _, D2 = model.noise_terms[0]
    assert (str(L), str(D2)) == ("3*x**2/10", "q**2/5")


def test_their_numbers_can_be_varied() -> None:
    """Kills: a swept number that is put beside the one of the model."""
    text = TEXT + '[sweep]\nquantum_friction = [0.1, 0.15]\n"model.noise.1.decoherence" = [0.2, 0.3]\n'
    config = Config.from_text(text, runs=False)
    assert config.sweep is not None
    tables = [config.sweep.put(point, config.tables) for point in config.sweep.points]
    found = [(t["model"]["quantum"]["friction"], t["model"]["noise"][1]["decoherence"]) for t in tables]
    assert found == [(0.1, 0.2), (0.1, 0.3), (0.15, 0.2), (0.15, 0.3)]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "xx = 0.05",
            "xx = 0.01",
            "model.quantum.diffusion: expected xx yy - xy**2 >= (hbar friction/(2 m))**2 = 0.01 (complete positivity), "
            "so xx at least 0.0260001, got 0.0036 (line 10)",
        ),
        ("friction = 0.2", "friction = -0.2", "model.quantum.friction: expected a number >= 0, got -0.2 (line 9)"),
        ("yy =", "zz =", "model.quantum.diffusion.zz: expected one of xx, xy, yy, got an unknown key"),
        (
            "decoherence = 0.4",
            "decoherenc = 0.4",
            "model.noise.1.decoherenc: expected one of force, decoherence, diffusion",
        ),
        ('"x"\n', '"x*z"\n', "model.noise.1.force: expected a formula in"),
    ],
)
def test_mistakes_are_one_line(old: str, new: str, line: str) -> None:
    """Kills: a traceback for a list of tables, and errors about arguments that no file has."""
    with pytest.raises(ConfigError) as caught:
        Config.from_text(TEXT.replace(old, new), runs=False)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
