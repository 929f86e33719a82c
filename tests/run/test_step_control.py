"""Steps that turn out worse than the pilot run said are shortened, or end the run, and are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import systems
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate

from wignercq import Axis, Grid, evolve
from wignercq.errors import Interrupted, ResolutionError, ResolutionWarning
from wignercq.planning.numerics import Numerics
from wignercq.planning.pilot import Pilot
from wignercq.planning.time_step import TimeStep
from wignercq.propagation.step_check import StepCheck
from wignercq.run import carry_out

GRID = Grid(Axis(-5.3, 5.9, 30), Axis(-6.0, 5.7, 28), Axis(-4.9, 4.5, 32), Axis(-5.2, 5.4, 34))
MODEL = systems.oscillators()
DURATION, STEPS = 2.0, 10  # of second order: a time error of 1e-2
SETTINGS: dict = {"grid": GRID, "duration": DURATION, "outputs": 4, "order": 2, "keep_state": True}


def understated(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """Let pilot runs that lose W choose 10 steps and tell errors, local ones too, that are too small by a factor."""
    original = Pilot.plan

    def plan(self: Pilot, numerics: Numerics, interval: float | None = None) -> tuple[TimeStep, StepCheck]:
        step, check = original(self, replace(numerics, dt=DURATION / STEPS))
        expected, error = [value / factor for value in check.expected], step.error / factor
        return TimeStep(step.dt, error), replace(
            check, expected=expected, error=error, is_given=numerics.dt is not None
        )

    monkeypatch.setattr(Pilot, "plan", plan)
    monkeypatch.setattr(Pilot, "held_w", False)


def true_error(W: np.ndarray) -> float:
    """Of W at the end, relative to its maximum."""
    numbers = {name: systems.NUMBERS[name] for name in ("classical_mass", "quantum_mass", "friction")}
    drift = oscillator_drift(k_C=0.9, k_Q=1.2, lam=0.4, **numbers)
    noise = oscillator_noise(lam=0.4, hbar=systems.HBAR, diffusion=0.5, decoherence=0.5)
    exact = systems.gaussian_density(GRID, *propagate(drift, noise, *start(), DURATION))
    return float(np.abs(W - exact).max() / exact.max())


def start() -> tuple[np.ndarray, np.ndarray]:
    state = systems.packet()
    return state.mean, state.covariance


def test_the_step_is_divided_where_that_keeps_the_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a warning alone; a lattice of steps that misses outputs; an estimate of the first step, or of the last."""
    plain = evolve(MODEL, systems.packet(), dt=DURATION / STEPS, tolerance=2e-2, **SETTINGS)
    understated(monkeypatch, 3.0)
    with pytest.warns(ResolutionWarning, match=r"local errors (2\.9|3\.\d) times as large; the step is divided by 2"):
        found = evolve(MODEL, systems.packet(), tolerance=1e-2, **SETTINGS)
    assert found.dataset.attrs["time_step"] == pytest.approx(DURATION / STEPS / 2)
    truth = true_error(found.W.values)
    assert truth < 0.8 * true_error(plain.W.values)
    assert truth / 3 < found.time_error < 3 * truth
    assert found.time_error <= 1e-2
    assert found.dataset["time"].values.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


@pytest.mark.slow
def test_a_divided_step_does_not_depend_on_the_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: the step changed at a moment that outputs move."""
    understated(monkeypatch, 3.0)
    settings = {name: value for name, value in SETTINGS.items() if name not in ("outputs", "duration")}
    runs = []
    for times in ([DURATION], [*np.linspace(0.03, 1.97, 9), DURATION]):
        with pytest.warns(ResolutionWarning, match="the step is divided by"):
            runs.append(evolve(MODEL, systems.packet(), times=times, tolerance=1e-2, **settings))
    few, many = runs
    assert few.dataset.attrs["time_step"] == many.dataset.attrs["time_step"] < DURATION / STEPS
    assert np.abs(few.W.values - many.W.values).max() < 1e-13


@pytest.mark.slow
def test_a_run_whose_tolerance_is_lost_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a run that goes on to the end although what it has lost already is more than the tolerance."""
    understated(monkeypatch, 1000.0)
    message = r"time error at t = 0\.4: .* so that the tolerance of 0\.001 is lost; lower tolerance or give run\.dt"
    with pytest.raises(ResolutionError, match=message) as stop:
        evolve(MODEL, systems.packet(), tolerance=1e-3, **SETTINGS)
    assert stop.value.solution.dataset["time"].values.tolist() == [0.0]
    with pytest.warns(ResolutionWarning, match="going on without resolution"):
        going_on = evolve(MODEL, systems.packet(), tolerance=1e-3, on_unresolved="warn", **SETTINGS)
    assert "the tolerance of 0.001 is lost" in going_on.dataset.attrs["unresolved"]
    truth = true_error(going_on.W.values)
    assert truth / 3 < going_on.time_error < 3 * truth


def test_a_given_step_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a step other than the one asked for; an estimate that does not know what was found."""
    understated(monkeypatch, 1000.0)
    with pytest.warns(ResolutionWarning, match=r"local errors \d{3,4}\.\d times as large; lower run\.dt"):
        found = evolve(MODEL, systems.packet(), dt=DURATION / STEPS, tolerance=1e-3, **SETTINGS)
    assert found.dataset.attrs["time_step"] == DURATION / STEPS
    truth = true_error(found.W.values)
    assert truth / 3 < found.time_error < 3 * truth


@pytest.mark.slow
def test_a_run_resumed_after_its_step_was_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a checkpoint that knows the first step only."""
    understated(monkeypatch, 3.0)
    settings = {**SETTINGS, "tolerance": 1e-2}
    with pytest.warns(ResolutionWarning, match="the step is divided by"):
        whole = evolve(MODEL, systems.packet(), **settings)
    original, path = carry_out._checkpoint, tmp_path / "checkpoint"

    def stop_after(files: object, session: carry_out.Session) -> None:
        original(files, session)
        if session.loop.dt < DURATION / STEPS:
            raise carry_out.Stop(2)

    monkeypatch.setattr(carry_out, "_checkpoint", stop_after)
    with pytest.raises(Interrupted), pytest.warns(ResolutionWarning, match="the step is divided by"):
        evolve(MODEL, systems.packet(), **settings, checkpoint=path, checkpoint_every=1e-9)
    monkeypatch.setattr(carry_out, "_checkpoint", original)
    again = evolve(MODEL, systems.packet(), **settings, checkpoint=path, resume=True)
    np.testing.assert_array_equal(again.W.values, whole.W.values)
    for name in ("time_step", "time_error_estimate"):
        assert again.dataset.attrs[name] == whole.dataset.attrs[name]
