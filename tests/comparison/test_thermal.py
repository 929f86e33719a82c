"""Dynamics that keep the thermal state, compared with those of the master equation."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wignercq import Axis, Grid, Model
from wignercq.comparison import THEORIES, Breakdown, compare
from wignercq.config import Config
from wignercq.errors import InputError, Interrupted
from wignercq.gaussian import LinearModel
from wignercq.run.track import Track
from wignercq.states import gaussian

MINIMAL = Model.oscillators(
    k_C=0.9, k_Q=1.1, lam=0.8, classical_mass=1.3, quantum_mass=0.7, hbar=0.8, friction=0.4, diffusion=0.6
)
MEAN, COVARIANCE = np.array([0.4, -0.2, 0.3, 0.1]), np.diag([0.5, 0.6, 0.45, 0.5])
STATE = gaussian(MEAN, COVARIANCE, hbar=0.8)
GRID = Grid(Axis(-3.8, 4.4, 22), Axis(-4.4, 4.2, 20), Axis(-3.9, 4.3, 24), Axis(-4.2, 4.4, 22))
SETTINGS: dict[str, Any] = {"duration": 0.4, "outputs": 4, "grid": GRID, "tolerance": 1e-4, "thermal": True}


def compared(model: Model = MINIMAL, **changes: Any) -> Breakdown:
    return compare(model, STATE, **{**SETTINGS, **changes})


def test_the_thermal_theory_is_that_of_its_moments() -> None:
    """Kills: the minimal dynamics under both names, errors of another theory."""
    result = compared()
    assert result.theories == (*THEORIES[1:], "thermal")
    data, times = result.dataset.sel(theory="thermal"), result.dataset["time"].values
    thermal = LinearModel.from_model(replace(MINIMAL, dynamics="thermal")).covariance(times, COVARIANCE)
    minimal = LinearModel.from_model(MINIMAL).covariance(times, COVARIANCE)
    assert np.abs(data["covariance"].values - thermal).max() < 1e-4
    assert np.abs(result.dataset["covariance"].sel(theory="exact").values - minimal).max() < 1e-4
    apart = np.abs(thermal - minimal)[-1, 3, 3] / minimal[-1, 3, 3]
    assert apart > 0.02
    assert abs(float(data["error"].sel(observable="cov_yy")[-1]) / apart - 1) < 1e-2


def test_an_interrupted_comparison_has_the_same_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Kills: a checkpoint that goes on with the model's own dynamics, or with the energies of another one."""
    whole, files = compared(), {"checkpoint": tmp_path / "kept", "checkpoint_every": 1e-6}
    output = Track.output

    def and_stop(track: Track, time: float) -> None:
        output(track, time)
        if time > 0.15:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Track, "output", and_stop)
    with pytest.raises(Interrupted):
        compared(**files)
    monkeypatch.undo()
    resumed = compared(**files, resume=True)
    for name in ("covariance", "energy", "error", "distance_W"):
        assert np.array_equal(resumed.dataset[name], whole.dataset[name], equal_nan=True)


@pytest.mark.parametrize(
    ("model", "changes", "told"),
    [
        (replace(MINIMAL, dynamics="thermal"), {}, "thermal: expected .* got one with dynamics = 'thermal'"),
        (Model("q**2", "x**2"), {}, "thermal: expected .* got one without coupling"),
        (Model("q**2", "x**4", "q*x", friction=1, diffusion=1), {}, "interaction: expected V_Q"),
        (replace(MINIMAL, decoherence=3.0), {}, "decoherence: expected"),
        (MINIMAL, {"thermal": 1}, "thermal: expected True or False, got 1"),
    ],
)
def test_what_has_no_thermal_theory_is_a_line(model: Model, changes: dict[str, Any], told: str) -> None:
    """Kills: a long run in which the theory that was asked for is missing."""
    with pytest.raises(InputError, match=f"^{told}") as caught:
        compared(model, **changes)
    assert "\n" not in str(caught.value)


def test_a_configuration_asks_for_it() -> None:
    """Kills: a key that does not arrive."""
    text = (Path(__file__).parents[2] / "examples/oscillators.toml").read_text()
    assert Config.from_text(text + "\n[compare]\nthermal = true\n").compare.thermal
