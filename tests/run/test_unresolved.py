"""Grids that do not hold W: said before anything is searched for, or gone on with and said in the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Grid, Solution, evolve
from wignercq.errors import CheckpointError, InputError, ResolutionError, ResolutionWarning
from wignercq.planning.pilot import Pilot
from wignercq.run import carry_out
from wignercq.run.signals import Stop

COARSE = Grid(Axis(-4.5, 5.0, 32), Axis(-5.2, 5.0, 10), Axis(-4.3, 4.2, 32), Axis(-4.6, 4.7, 32))
#: W comes to the ends of p before the end of the run.
TIGHT = Grid(Axis(-3.4, 4.2, 16), Axis(-3.5, 2.9, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
SETTINGS: dict = {"grid": TIGHT, "times": [0.4, 0.8, 1.6], "dt": 0.1, "tolerance": 0.5}


def test_a_grid_that_does_not_resolve_the_initial_state_is_refused_before_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kills: seconds of pilot runs before a line that could have come at once."""
    monkeypatch.setattr(Pilot, "plan", lambda *_: pytest.fail("pilot runs of a hopeless grid"))
    state = systems.packet()
    with pytest.raises(ResolutionError, match=r"spectral tail of axis p at t = 0: .*; raise grid\.p\.points"):
        evolve(systems.quartic(), state, grid=COARSE, duration=1.0)


@pytest.mark.slow
def test_an_explorer_goes_on_and_the_result_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a mark that is lost on disk, in the summary or in a resumption; numbers that differ for being marked."""
    model, state = systems.quartic(diffusion=1.5), systems.packet()
    with pytest.raises(ResolutionError, match=r"expected below 0\.01") as stopped:
        evolve(model, state, **SETTINGS)
    with pytest.warns(ResolutionWarning, match=r"expected below 0\.01, got .*; going on without resolution") as warned:
        marked = evolve(model, state, **SETTINGS, on_unresolved="warn")
    assert sum("going on" in str(warning.message) for warning in warned) == 1
    assert marked.time.tolist() == [0.0, 0.4, 0.8, 1.6]
    lost = marked.dataset.attrs["unresolved"]
    assert str(stopped.value) == lost
    kept = stopped.value.solution
    np.testing.assert_array_equal(kept.covariance, marked.covariance[: kept.time.size])
    marked.save(tmp_path / "marked.nc")
    assert f"unresolved      {lost}" in Solution.load(tmp_path / "marked.nc").summary()

    write, path = carry_out._checkpoint, tmp_path / "checkpoint"

    def stop_late(files: object, session: carry_out.Session) -> None:
        write(files, session)
        if session.loop.time > 1.25:
            raise Stop(2)

    monkeypatch.setattr(carry_out, "_checkpoint", stop_late)
    again = {**SETTINGS, "checkpoint": path, "on_unresolved": "warn"}
    with pytest.warns(ResolutionWarning), pytest.raises(carry_out.Interrupted):
        evolve(model, state, **again, checkpoint_every=1e-9)
    with pytest.raises(CheckpointError, match="on_unresolved: expected warn as in the checkpoint, got stop"):
        evolve(model, state, **{**again, "on_unresolved": "stop"}, resume=True)
    resumed = evolve(model, state, **again, resume=True)
    assert resumed.dataset.attrs["unresolved"] == lost
    np.testing.assert_array_equal(resumed.covariance, marked.covariance)


def test_other_answers_are_refused() -> None:
    """Kills: a typing error that turns a stop into a run."""
    with pytest.raises(InputError, match="on_unresolved: expected 'stop' or 'warn', got 'ignore'"):
        evolve(systems.quartic(), systems.packet(), **SETTINGS, on_unresolved="ignore")
