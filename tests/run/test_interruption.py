"""A signal in the middle of something long: a change of the grid, steps, a check, an output between steps."""

from __future__ import annotations

import os
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.processes import require_identical

from wignercq import Axis, Grid, Solution, evolve
from wignercq.comparison import compare
from wignercq.comparison.measurements import Measurements
from wignercq.errors import Interrupted
from wignercq.propagation.engines import ArrayEngine, TiledEngine
from wignercq.propagation.engines.host import HostEngine
from wignercq.propagation.engines.interruption import Abandoned, Interruption
from wignercq.run.track import Track

#: A box that W outgrows at once and again later, outputs on and between steps, a check of the steps at 3/5.
TIGHT = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
SETTINGS: dict[str, Any] = {
    "grid": TIGHT,
    "adapt": True,
    "times": [0.13, 0.3, 0.8],
    "dt": 0.05,
    "tolerance": 1.1e-4,
    "keep_state": True,
    "order": 2,
}


def run(**changes: Any) -> Solution:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return evolve(systems.quartic(), systems.packet(), **{**SETTINGS, **changes})


@pytest.fixture(scope="module")
def whole() -> Solution:
    solution = run()
    changes = solution.dataset.attrs["grid_changes"].splitlines()
    assert len({line.split(":")[0] for line in changes}) >= 2
    return solution


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the grids on which passes were finished."""
    done: list[int] = []
    share = TiledEngine._share

    def counted(self: TiledEngine, *arguments: Any) -> None:
        share(self, *arguments)
        done.append(self.grid.size)

    monkeypatch.setattr(TiledEngine, "_share", counted)
    return done


PLACES = {
    "a transfer": (HostEngine, "transferred"),
    "steps": (TiledEngine, "momentum"),
    "the tables of a new grid": (TiledEngine, "compile_kick"),
    "a check of the steps": (Track, "check_step"),
    "an output": (Track, "reach"),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_left_at_once_taken_back_and_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Solution, passes: list[int], place: str
) -> None:
    """Kills: minutes until a signal is seen; a stretch half of which is kept, a change that is listed twice or lost."""
    kind, name = PLACES[place]
    original, running = getattr(kind, name), []
    presses = iter([False, True, False])  # in the second of such calls of the run itself

    def pressed(self: Any, *arguments: Any, **named: Any) -> Any:
        if running and next(presses, False):
            os.kill(os.getpid(), signal.SIGTERM)
            passes.clear()
        return original(self, *arguments, **named)

    def advance(self: Track, *arguments: Any) -> None:
        running.append(True)
        take_steps(self, *arguments)

    take_steps = Track.advance
    checkpoint = tmp_path / "checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(kind, name, pressed)
        patch.setattr(Track, "advance", advance)
        with pytest.raises(Interrupted) as stop:
            run(checkpoint=checkpoint)
    assert stop.value.signal == signal.SIGTERM
    assert passes == []
    resumed = run(checkpoint=checkpoint, resume=True)
    require_identical(resumed.dataset, whole.dataset)
    assert resumed.dataset.attrs["grid_changes"] == whole.dataset.attrs["grid_changes"]
    assert resumed.dataset.attrs["time_error_estimate"] == whole.dataset.attrs["time_error_estimate"]


def test_steps_on_a_grid_that_stays_are_left_at_once_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: list[int]
) -> None:
    """Kills: a signal that waits for steps, minutes on a large grid; W lost, or other bits, for not waiting."""
    settings = {"adapt": False, "on_unresolved": "warn", "times": [0.4, 0.8]}
    expected = run(**settings)
    momentum, advance = TiledEngine.momentum, Track.advance
    presses = iter([False, False, True])

    def pressed(self: TiledEngine, *arguments: Any, **named: Any) -> Any:
        if next(presses, False):
            os.kill(os.getpid(), signal.SIGHUP)
            passes.clear()
        return momentum(self, *arguments, **named)

    def stepped(self: Track, *arguments: Any) -> None:
        monkeypatch.setattr(TiledEngine, "momentum", pressed)
        advance(self, *arguments)

    checkpoint = tmp_path / "checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(Track, "advance", stepped)
        with pytest.raises(Interrupted) as stop:
            run(**settings, checkpoint=checkpoint)
    assert stop.value.signal == signal.SIGHUP
    assert passes == []
    require_identical(run(**settings, checkpoint=checkpoint, resume=True).dataset, expected.dataset)


@pytest.mark.slow
def test_an_output_that_is_measured_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: distances on a large grid that no signal ends; a row that stays without its distances, or comes twice."""
    settings = {
        **{name: SETTINGS[name] for name in ("grid", "adapt", "tolerance", "order")},
        "duration": 0.3,
        "threshold": 0.05,
        "outputs": 3,
        "checkpoint": tmp_path / "checkpoint",
    }
    system = systems.model(quantum="0.55*x**2 + 0.3*(1 - cos(1.3*x))", decoherence=0.75), systems.packet()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = compare(*system, **settings)
        distance, presses = Measurements._distance, iter([False, False, True])

        def pressed(self: Measurements, *arguments: Any) -> float:
            if next(presses, False):
                os.kill(os.getpid(), signal.SIGINT)
            return distance(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(Measurements, "_distance", pressed)
            with pytest.raises(Interrupted) as stop:
                compare(*system, **settings)
        found = compare(*system, **settings, resume=True)
    assert 1 <= stop.value.solution.dataset.sizes["time"] < 4
    require_identical(found.dataset, expected.dataset)


@pytest.mark.parametrize("kind", [TiledEngine, ArrayEngine])
def test_engines_leave_only_what_can_be_taken_back(kind: type[HostEngine]) -> None:
    """Kills: W of a run that cannot go back, spoilt by a signal; a transfer that fills the memory of a stopped run."""
    engine, target = kind(TIGHT), kind(systems.SMALL)
    W = engine.of(systems.gaussian_density(TIGHT))
    engine.interruption = Interruption(lambda: True)
    expected = engine.transferred(W, target)
    with engine.interruption.welcome(), pytest.raises(Abandoned):
        engine.transferred(W, target)
    np.testing.assert_array_equal(engine.transferred(W, target), expected)
