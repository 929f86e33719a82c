"""Boxes that go with W: a small box for a state that is displaced far, in a run that nothing else tells apart."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate

from wignercq import FixedAxis, Solution, choose_grid, evolve
from wignercq.errors import Interrupted
from wignercq.planning import grid_choice
from wignercq.run.track import Track
from wignercq.states import gaussian

TOLERANCE = 1e-3
MEAN = np.array([0.3, -0.2, 16.0, 0.4])
DURATION = 1.2


@pytest.fixture(autouse=True)
def small_boxes_move_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_choice, "STAYING", 0)


def run(**changes: Any) -> Solution:
    state = gaussian(MEAN, systems.VARIANCES, hbar=systems.HBAR)
    arguments = {"duration": DURATION, "outputs": 4, "tolerance": TOLERANCE, **changes}
    return evolve(systems.oscillators(), state, **arguments)


def cells(solution: Solution) -> int:
    return math.prod(int(n) for n in solution.dataset.attrs["grid"].split(" x "))


@pytest.mark.slow
def test_means_and_covariances_are_those_of_theory() -> None:
    """Kills: a box that moves the wrong way, by parts of a cell, or too late; cells that are saved by losing W."""
    solution = run()
    drift = oscillator_drift(k_C=0.9, k_Q=1.2, lam=0.4, classical_mass=1.3, quantum_mass=0.7, friction=0.3)
    noise = oscillator_noise(lam=0.4, hbar=systems.HBAR, diffusion=0.5, decoherence=0.5)
    data = solution.dataset
    assert "goes with W" in data.attrs["grid_changes"]
    for time, mean, covariance in zip(data.time.values, data["mean"].values, data["covariance"].values, strict=True):
        true_mean, true_covariance = propagate(drift, noise, MEAN, np.diag(systems.VARIANCES), time)
        assert np.abs(mean - true_mean).max() < 3 * TOLERANCE
        assert np.abs(covariance - true_covariance).max() < 3 * TOLERANCE
    state = gaussian(MEAN, systems.VARIANCES, hbar=systems.HBAR)
    assert 4 * cells(solution) < choose_grid(systems.oscillators(), state, DURATION, tolerance=TOLERANCE).size
    assert np.abs(data["energy_budget_residual"]).max() < 1e-3 * data["energy"].values[0]


@pytest.mark.slow
def test_frames_lie_on_axes_that_hold_them_all() -> None:
    """Kills: planes of the beginning cut off by the box of the end."""
    data = run(frames=3, outputs=2).dataset
    x, q = data["x"].values, data["q"].values
    names = [name for name in data if data[name].dims == ("frame", "x", "y")]
    assert names
    for name in names:
        lines = data[name].values.sum(axis=2)
        mass = lines.sum(axis=1) * (x[1] - x[0]) * float(data["y"][1] - data["y"][0])
        assert mass == pytest.approx(1, abs=2e-3)
        mean = (lines * x).sum(axis=1) / lines.sum(axis=1)
        at = [np.abs(data.time.values - time).argmin() for time in data["frame"].values]
        assert mean == pytest.approx(data["mean"].values[at, 2], abs=1e-2)
    assert q.size < x.size


@pytest.mark.slow
def test_what_may_not_change_does_not_move() -> None:
    """Kills: a box that moves against adapt=False, or along an axis whose extent is given."""
    fixed = {"x": FixedAxis(extent=(-4.0, 22.0))}
    solution = run(grid=fixed, duration=0.6)
    assert "x" not in solution.dataset.attrs["grid_changes"].partition("along")[2].split("\n")[0]
    assert (solution.dataset["x"].values[0], solution.dataset["x"].size) == (-4.0, solution.dataset["x"].size)
    still = run(adapt=False, duration=0.3, dt=0.05)
    assert still.dataset.attrs["grid_changes"] == ""


@pytest.mark.slow
def test_a_resumed_run_moves_on(tmp_path: Path) -> None:
    """Kills: a box that stays where the checkpoint found it, or another place than without the stop."""
    whole = run()
    path = tmp_path / "checkpoint"
    reported, report = [], Track.report

    def stopping(self: Track, time: float) -> None:
        report(self, time)
        reported.append(time)
        if len(reported) == 7:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Track, "report", stopping)
        with pytest.raises(Interrupted):
            run(checkpoint=path, checkpoint_every=1e-9)
    assert len(reported) == 7
    resumed = run(checkpoint=path, resume=True)
    assert np.array_equal(resumed.dataset["mean"].values, whole.dataset["mean"].values)
    assert resumed.dataset.attrs["grid_changes"] == whole.dataset.attrs["grid_changes"]
