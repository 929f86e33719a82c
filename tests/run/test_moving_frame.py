"""Runs in a frame that moves with W: small boxes for states displaced far, results in the laboratory."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.processes import require_identical
from support.reference.linear_moments import oscillator_drift, oscillator_noise, propagate

from wignercq import Axis, Grid, Model, Solution, evolve, load
from wignercq.errors import GridError, InputError, Interrupted, StateError
from wignercq.grid.interpolation import interpolation
from wignercq.planning import frame_choice
from wignercq.planning.frame_choice import FrameChoice
from wignercq.planning.grid_choice import Outlook
from wignercq.planning.numerics import Numerics
from wignercq.plotting.labels import variable
from wignercq.results.summary import description
from wignercq.run.track import Track
from wignercq.states import State, from_result, from_wigner, gaussian

TOLERANCE = 1e-3
DRIFT = oscillator_drift(k_C=0.9, k_Q=1.2, lam=0.4, classical_mass=1.3, quantum_mass=0.7, friction=0.3)
NOISE = oscillator_noise(lam=0.4, hbar=systems.HBAR, diffusion=0.5, decoherence=0.5)


def displaced(x: float, q: float = 0.3, p: float = -0.2) -> State:
    return gaussian([q, p, x, 0.4], systems.VARIANCES, hbar=systems.HBAR)


def duffing(x: float, interaction: str = "0.1*q") -> Model:
    """With a quartic part that is as large beside the quadratic one for every displacement but the smallest."""
    return systems.model(
        quantum="x**2/2 + g*x**4", interaction=interaction, parameters={"g": 2e-3 / max(1.0, x / 6) ** 2}
    )


def run(model: Model, state: State, duration: float = 0.5, **changes: Any) -> Solution:
    return evolve(model, state, duration, **{"outputs": 2, "tolerance": TOLERANCE, "frame": "moving", **changes})


def cells(solution: Solution) -> int:
    return math.prod(int(n) for n in solution.dataset.attrs["grid"].split(" x "))


@pytest.mark.parametrize("far", [pytest.param(30.0, marks=pytest.mark.slow), 1000.0])
@pytest.mark.parametrize(
    "make",
    [lambda x: systems.model(interaction="0.1*q"), pytest.param(duffing, marks=pytest.mark.slow)],
    ids=["harmonic", "Duffing"],
)
def test_a_displacement_costs_no_cells(make: Any, far: float) -> None:
    """Kills: a box that holds the way of W and not its width, extents of another trajectory than the frame's."""
    near = run(make(0.0), displaced(0.0))
    away = run(make(far), displaced(far), keep_state=True)
    assert cells(away) <= 2 * cells(near)
    data = away.dataset
    assert data.attrs["frame"] == "moving"
    assert data["edge_mass"].max() < 1e-3
    assert np.abs(data["centre"].values - data["mean"].values).max() < 0.3
    assert away.centre[0] == pytest.approx([0.3, -0.2, far, 0.4])
    assert np.abs(data["x"].values).max() < 10
    assert (away.W["x"].values - data["x"].values) == pytest.approx(away.centre[-1, 2])
    assert away.quantum_state().x.mean() == pytest.approx(away.centre[-1, 2], abs=1.0)


@pytest.mark.slow
def test_w_is_that_of_a_large_grid() -> None:
    """Kills: coordinates of W off by a cell or by the way of one step, energies of the frame in place of the lab's."""
    model, state = duffing(6.0), displaced(6.0)
    moving = run(model, state, 1.0, keep_state=True, tolerance=1e-5)
    fixed = run(model, state, 1.0, keep_state=True, tolerance=1e-5, frame="fixed")
    assert 2 * cells(moving) < cells(fixed)
    W = fixed.W.values
    for number, name in enumerate("qpxy"):
        axis = Axis.through(fixed.W[name].values)
        W = np.moveaxis(np.tensordot(interpolation(axis, moving.W[name].values), W, (1, number)), 0, number)
    assert np.abs(moving.W.values - W).max() < 2e-5 * W.max()
    for name in ("mean", "covariance", "energy", "energy_quantum", "purity", "energy_budget_residual"):
        difference = np.abs(moving.dataset[name].values - fixed.dataset[name].values)
        assert difference.max() < 5e-5 * max(1.0, np.abs(fixed.dataset[name].values).max()), name
    here = {"q": 0.25, "p": -0.1}
    found, expected = (each.conditional_state(**here).attrs["density"] for each in (moving, fixed))
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
def test_baths_and_noises_are_those_of_the_laboratory() -> None:
    """Kills: numbers, rates of energy or users' observables of the frame in place of the laboratory's.

    With friction of y the energy budget needs <y**2>, with D2(q) and a nonlinear operator it needs the place.
    """
    model, start = systems.with_baths(), gaussian([1.6, 1.2, 2.4, 1.5], systems.VARIANCES, hbar=systems.HBAR)
    asked: dict[str, Any] = {
        **{name: name for name in ("temperature_quantum", "gibbs_distance", "holevo_information")},
        "symbol": "q*x**2 + y",
        "function": lambda marginals: float(marginals.mean[1] ** 2),
        "overlap": gaussian([1.2, 1.0, 2.2, 0.5], systems.VARIANCES, hbar=systems.HBAR),
    }
    settings: dict[str, Any] = {"tolerance": 1e-4, "observables": asked}
    moving, fixed = (run(model, start, frame=frame, **settings).dataset for frame in ("moving", "fixed"))
    assert moving.attrs["frame"] == "moving"
    for name in (*asked, "mean", "covariance", "energy", "energy_interaction", "purity", "negativity"):
        expected = fixed[name].values
        assert np.abs(moving[name].values - expected).max() < 1e-4 * max(1.0, np.abs(expected).max()), name
    assert np.ptp(fixed["energy"].values) > 0.4
    assert np.abs(moving["energy_budget_residual"]).max() < 1e-5 * fixed["energy"].values[0]


def test_the_cheaper_frame_is_taken() -> None:
    """Kills: a frame that moves for nothing, or a large box where a small one would do; extents taken for relative."""
    choice, count = FrameChoice("auto"), Numerics().cells
    for model, far, moves in (
        (systems.oscillators(), 0.0, False),
        (systems.oscillators(), 30.0, True),
        (duffing(60.0, "0.2*(q - x)**2"), 60.0, True),
    ):
        still = Outlook.of(model, displaced(far), 2.0, TOLERANCE)
        chosen = choice.preferred(still, {}, count)
        assert (chosen is not still) == moves
        both = [count(each.grid({})) for each in (still, still.in_moving_frame())]
        assert (both[1] < both[0] / 2) == moves


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"frame": "rotating"}, "^frame: expected 'auto' or 'fixed' or 'moving', got 'rotating'"),
        ({"frame": None}, "^frame: expected 'auto' or 'fixed' or 'moving', got None"),
        (
            {"engine": "jax"},
            "^frame: expected 'fixed', with engine 'jax' and a model [^\n]* got 'moving'$",
        ),
        (
            {"model": systems.model(quantum="x**2/2 + x*sin(t)")},
            "^frame: expected 'fixed', with potentials that depend on time, got 'moving'$",
        ),
        (
            {"model": Model.thermal("q**2/2", "x**2/2", "q*x/4", friction=1, temperature=1, hbar=systems.HBAR)},
            "^frame: expected 'fixed', with thermal dynamics, got 'moving'$",
        ),
        ({"model": systems.model(quantum="-x**4")}, "^(frame|grid): expected [^\n]*$"),
        (
            {"grid": systems.SMALL, "observables": {"other": np.ones(systems.SMALL.shape)}},
            "^observables.other: expected a DataArray with coordinates, got [^\n]*$",
        ),
    ],
)
def test_what_cannot_be_is_a_line(changes: dict[str, Any], told: str) -> None:
    """Kills: a traceback, or a run in another frame than was asked."""
    model = changes.pop("model", duffing(6.0))
    with pytest.raises((InputError, GridError), match=told):
        run(model, displaced(3.0), 3.0, **changes)


def test_a_file_knows_its_frame(tmp_path: Path) -> None:
    """Kills: coordinates in a file that nothing says are relative, a centre that is lost or in natural units."""
    model = duffing(60.0)
    solution = run(model, displaced(60.0), frames=2, keep_state=[0.25, 0.5])
    solution.save(tmp_path / "run.nc")
    again = load(tmp_path / "run.nc")
    assert (again.centre == solution.centre).all()
    assert "relative to the centre" in again.dataset["x"].attrs["long_name"]
    assert again.state(0.25)["x"].values.mean() == pytest.approx(again.centre[1, 2], abs=1.0)
    assert again.state(0.5)["x"].values.mean() == pytest.approx(again.centre[2, 2], abs=1.0)
    assert variable(again.dataset, "x") == r"$x - x_\mathrm{c}$"
    relative, told = again.dataset["W"], r"of the laboratory, those of the result's `W` .* relative to the centre"
    for use in (lambda: from_wigner(relative, hbar=systems.HBAR), lambda: evolve(model, relative)):
        with pytest.raises(StateError, match=told):
            use()
    assert from_result(again).mean[2] == pytest.approx(again.mean[-1, 2], abs=1e-9)
    assert "relative to a centre that moves, at last to (" in description(again.dataset)


@pytest.mark.slow
def test_a_resumed_run_has_the_same_bits(tmp_path: Path) -> None:
    """Kills: a frame that begins anew where the checkpoint found it, or a record that forgets it."""
    settings: dict[str, Any] = {"outputs": 4, "keep_state": [0.2, 0.4], "observables": {"lab": "x**2"}, "dt": 0.02}
    model, state = duffing(30.0), displaced(30.0)
    whole = run(model, state, **settings)
    path, seen, report = tmp_path / "checkpoint", iter(range(99)), Track.report

    def stopping(self: Track, time: float) -> None:
        report(self, time)
        if next(seen) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Track, "report", stopping)
        with pytest.raises(Interrupted):
            run(model, state, checkpoint=path, checkpoint_every=1e-9, **settings)
    resumed = run(model, state, checkpoint=path, resume=True, **settings)
    require_identical(resumed.dataset, whole.dataset)
    assert resumed.dataset["lab"].values[-1] == pytest.approx(
        float(resumed.mean[-1, 2] ** 2 + resumed.covariance[-1, 2, 2]), rel=1e-9
    )


def test_a_box_grows_about_the_centre() -> None:
    """Kills: a new grid that is put where the laboratory's would be."""
    model = systems.model("-0.3*q", "-0.4*x", "0.1*q", diffusion=1.5)
    tight = Grid(Axis(-3.6, 3.4, 24), Axis(-3.7, 3.9, 26), Axis(-3.0, 3.1, 28), Axis(-2.9, 3.2, 30))
    solution = run(model, displaced(40.0, -20.0, 15.0), 1.5, grid=tight, adapt=True)
    assert solution.dataset.attrs["grid_changes"]
    assert np.abs(solution.mean - solution.centre).max() < 3e-3
    M, m, gamma = 1.3, 0.7, 0.3 / 1.3
    force, t, f = 0.2, 1.5, math.exp(-0.3 / 1.3 * 1.5)
    assert solution.mean[-1, 1] == pytest.approx(15.0 * f + force * (1 - f) / gamma, abs=3e-3)
    assert solution.mean[-1, 2] == pytest.approx(40.0 + 0.4 * t / m + 0.4 * t**2 / (2 * m), abs=3e-3)
    assert m < M


@pytest.mark.slow
@pytest.mark.parametrize(("far", "q", "p"), [(16.0, 0.3, -0.2), (1000.0, 60.0, -35.0)])
def test_means_and_covariances_are_those_of_theory(
    far: float, q: float, p: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: cells that are saved by losing W, a classical particle left behind, boundaries of another place."""
    monkeypatch.setattr(frame_choice, "STAYING", 0)
    solution = run(systems.oscillators(), displaced(far, q, p), 1.2, outputs=4, frame="auto")
    data, start = solution.dataset, np.array([q, p, far, 0.4])
    assert data.attrs["frame"] == "moving"
    for time, mean, covariance in zip(data.time.values, data["mean"].values, data["covariance"].values, strict=True):
        true_mean, true_covariance = propagate(DRIFT, NOISE, start, np.diag(systems.VARIANCES), time)
        assert np.abs(mean - true_mean).max() < 3 * TOLERANCE
        assert np.abs(covariance - true_covariance).max() < 3 * TOLERANCE
    assert np.abs(data["energy_budget_residual"]).max() < 1e-4 * data["energy"].values[0]


@pytest.mark.slow
def test_a_run_goes_on_where_another_one_ended() -> None:
    """Kills: W taken for one of the laboratory's origin, a frame that is lost between two runs."""
    model, state = duffing(12.0, "0.2*(q - x)**2"), displaced(12.0)
    settings: dict[str, Any] = {"keep_state": True, "dt": 0.1, "tolerance": 1e-2}
    whole = run(model, state, 0.8, **settings)
    first = run(model, state, 0.4, **settings)
    second = evolve(model, first, 0.4, outputs=2, **settings)
    assert second.dataset.attrs["frame"] == "moving"
    assert second.centre[-1] == pytest.approx(whole.centre[-1], abs=1e-9)
    assert second.mean[-1] == pytest.approx(whole.mean[-1], abs=2e-3)
    assert second.dataset["energy"].values[-1] == pytest.approx(whole.dataset["energy"].values[-1], rel=1e-4)
