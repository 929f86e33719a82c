"""A quartic oscillator in the steady state against its levels, which exchange populations at weak coupling."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from wignercq.gaussian import critical_temperature, weak_occupation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    mpl.use("Agg")
    path = ROOT / "examples" / "steady_temperature.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_levels_are_those_of_the_quartic_oscillator(example: ModuleType) -> None:
    """Kills: a kinetic energy off by a factor. p**2 + u**4 has 1.0603620905, 3.7996730298 and 7.4556979380; here
    x**6 = 2 u**6, and energies are 2**(4/3) times smaller."""
    expected = np.array([1.0603620905, 3.7996730298, 7.4556979380]) / 2 ** (4 / 3)
    np.testing.assert_allclose(example.ENERGIES[:3], expected, rtol=1e-9)


def test_rates_give_the_occupation_of_a_harmonic_oscillator(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: rates upwards and downwards exchanged, a wrong factor between noise and loss: eq (85), in or out of
    resonance, of the levels of a harmonic oscillator."""
    n = np.arange(example.LEVELS)
    ladder = np.diag(np.sqrt(n[1:] * example.HBAR / (2 * example.MASS * example.FREQUENCY)), 1)
    monkeypatch.setattr(example, "ENERGIES", example.HBAR * example.FREQUENCY * (n + 0.5))
    monkeypatch.setattr(example, "ELEMENTS", ladder + ladder.T)
    potential = f"{example.MASS * example.FREQUENCY**2!r}*x**2/2"
    for factor, detuning in ((1.0, 1.0), (0.7, 1.0), (1.6, 2.8)):
        temperature = factor * example.UNIT
        expected = weak_occupation(example.model(temperature, detuning, 1e-9, potential))
        assert example.weak_limit(temperature, detuning) == pytest.approx(expected, abs=1e-8)


def test_the_coldest_temperature_of_eq_85_is_found(example: ModuleType) -> None:
    """Kills: a minimum read off the points, which lie to both sides of it, and temperatures in other units."""
    factors = np.array(example.FACTORS)
    potential = f"{example.MASS * example.FREQUENCY**2!r}*x**2/2"
    models = [example.model(factor * example.UNIT, 2.8, 1e-9, potential) for factor in factors]
    found, least = example.coldest(factors, np.array([weak_occupation(model) for model in models]))
    assert found == pytest.approx(critical_temperature(models[0]) / example.UNIT, rel=1e-7)
    assert least == pytest.approx(found / 2 - 0.5, rel=1e-6)


@pytest.mark.slow
def test_the_figure_is_drawn(example: ModuleType, tmp_path: Path) -> None:
    """Kills: a script left behind by a change of the library: a PNG of at least 600 x 400 pixels that is not empty."""
    factors = np.array(example.FACTORS)
    found = {name: [example.weak_limit(f * example.UNIT, d) for f in factors] for name, d in example.DETUNINGS.items()}
    path = example.draw(factors, found, tmp_path / "some.png")
    pixels = imread(path)[..., :3]
    assert pixels.shape[0] >= 400
    assert pixels.shape[1] >= 600
    assert 0.01 < np.mean(pixels.min(axis=-1) < 1) < 0.7


@pytest.mark.slow
def test_the_steady_state_of_a_quartic_oscillator_is_that_of_its_levels(example: ModuleType) -> None:
    """Kills: a wrong quantum correction of the steady state. At lam = 0.2 and k_B T = hbar w/4 the energy lies above
    the limit lam -> 0 by what it does for a harmonic oscillator of the same frequency, to a tenth of that."""
    unit = example.UNIT
    shift = example.exact(unit, 1.0) - example.weak_limit(unit, 1.0)
    assert example.harmonic(unit, 1.0, 1e-3) < 1e-6
    assert shift == pytest.approx(example.harmonic(unit, 1.0), abs=2e-3)
    assert shift == pytest.approx(0.0184, abs=2e-3)
