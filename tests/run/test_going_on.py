"""W that is kept: at chosen times, of a run that was stopped, through checkpoints, as the beginning of another run."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.processes import require_identical
from support.systems import SMALL

from wignercq import Axis, FixedAxis, Grid, Solution, evolve, load
from wignercq.errors import CheckpointError, InputError, Interrupted, MemoryLimitError, ResolutionError
from wignercq.gaussian import LinearModel
from wignercq.observables.marginals import Marginals
from wignercq.run.track import Track

TIGHT = Grid(Axis(-3.0, 3.4, 18), Axis(-4.4, 4.2, 20), Axis(-3.4, 3.3, 22), Axis(-3.7, 3.8, 24))
HOT = systems.oscillators(diffusion=6.0)
SETTINGS: dict[str, Any] = {"grid": SMALL, "times": [0.1, 0.2, 0.25, 0.4], "dt": 0.1, "tolerance": 0.05, "frames": 2}
ASKED = {"x4": "x**4", "mixed": "q*x*y"}


def interrupted(monkeypatch: pytest.MonkeyPatch, number: int, **settings: Any) -> Solution:
    """What there is of a run in which Ctrl-C is pressed when W has been looked at so often."""
    judge, looks = Track._judge, [number]

    def stopping(self: Track, *arguments: Any) -> None:
        judge(self, *arguments)
        looks[0] -= 1
        if looks[0] == 0:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Track, "_judge", stopping)
        with pytest.raises(Interrupted) as caught:
            evolve(systems.quartic(), systems.packet(), **settings)
    assert caught.value.solution is not None
    return caught.value.solution


def test_states_are_kept_at_chosen_times_without_changing_a_number() -> None:
    """Kills: a time that is no output dropped or moved, other numbers changed by it, the last W kept twice."""
    plain = evolve(systems.quartic(), systems.packet(), **SETTINGS, keep_state=True)
    assert plain.state_times.tolist() == [0.4]
    run = evolve(systems.quartic(), systems.packet(), **SETTINGS, keep_state=[0.3, 0.1])
    assert run.time.tolist() == [0, 0.1, 0.2, 0.25, 0.3, 0.4]
    assert run.state_times.tolist() == [0.1, 0.3]
    assert np.array_equal(run.mean[[0, 1, 2, 3, 5]], plain.mean)
    with pytest.raises(InputError, match=r"W: expected a run with keep_state=True, got .* only W at t = 0.1, 0.3"):
        _ = run.W
    with pytest.raises(InputError, match=r"t: expected a time at which W was kept, 0.1, 0.3, got 0.2"):
        run.state(0.2)
    for time in (0.1, 0.3):
        marginals = Marginals.of(run.state(time).values, SMALL)
        assert np.array_equal(marginals.mean, run.dataset["mean"].sel(time=time))
    all_of_them = evolve(systems.quartic(), systems.packet(), **SETTINGS, keep_state=plain.time)
    assert all_of_them.state_times.tolist() == plain.time.tolist()
    assert np.array_equal(all_of_them.W, plain.W)
    assert all_of_them.dataset["W_0"].dims == ("q_0", "p_0", "x_0", "y_0")
    assert "W_4" not in all_of_them.dataset


@pytest.mark.parametrize(
    ("keep_state", "message"),
    [
        ([0.1, 0.5], "keep_state: expected times from 0 to 0.4, got 0.5"),
        ("all", "keep_state: expected True, False or times, got 'all'"),
        ([[0.1]], "keep_state: expected True, False or times"),
        ([float("nan")], "keep_state: expected True, False or times"),
        (0.1, "keep_state: expected True, False or times, got 0.1"),
    ],
)
def test_times_to_keep_are_checked(keep_state: Any, message: str) -> None:
    """Kills: a raw TypeError, a time that is silently left out."""
    with pytest.raises(InputError, match=message):
        evolve(systems.quartic(), systems.packet(), **SETTINGS, keep_state=keep_state)


def test_states_count_as_memory() -> None:
    """Kills: a run that is killed by the states that it was asked to keep, after hours."""
    limit = 80_640 * 8 * 12.0  # twelve times W
    run = evolve(systems.quartic(), systems.packet(), **SETTINGS, memory_limit=limit)
    assert run.time.size == 5
    with pytest.raises(MemoryLimitError, match=r"a memory limit of 7\.4 MiB"):
        evolve(systems.quartic(), systems.packet(), **SETTINGS, keep_state=np.linspace(0, 0.4, 9), memory_limit=limit)


def test_all_frames_are_a_plane_at_each_output() -> None:
    """Kills: the text that the documentation offers refused with a TypeError."""
    run = evolve(systems.quartic(), systems.packet(), **{**SETTINGS, "frames": "all"})
    assert run.dataset["frame"].values.tolist() == run.time.tolist()
    with pytest.raises(InputError, match=r"frames: expected 'all' or a whole number >= 0, got 1\.5"):
        evolve(systems.quartic(), systems.packet(), **{**SETTINGS, "frames": 1.5})


@pytest.fixture(scope="module")
def lost() -> Solution:
    """A run that its grid loses on the way, p being heated beyond the ends of the box."""
    times = [0.1, 0.27, 0.5, 0.74, 1.0]
    settings = {"grid": TIGHT, "dt": 0.1, "tolerance": 0.01, "frames": 1, "keep_state": True}
    with pytest.warns(), pytest.raises(ResolutionError) as caught:
        evolve(HOT, systems.packet(), times=times, **settings)
    assert caught.value.solution is not None
    return caught.value.solution


def test_a_stopped_run_keeps_its_last_good_state_and_planes(lost: Solution) -> None:
    """Kills: W of a moment when it was lost already, none at all, planes of none of the outputs that there are."""
    last = lost.time[-1]
    assert 0 < last < 1.0
    assert lost.state_times.tolist() == [last]
    marginals = Marginals.of(lost.W.values, lost.grid)
    assert np.array_equal(marginals.mean, lost.mean[-1])
    assert lost.dataset["frame"].values.tolist() == [last]
    assert np.array_equal(marginals.planes["x", "y"], lost.dataset["wigner_xy"].values[-1])


@pytest.mark.slow
def test_a_lost_run_goes_on_on_a_larger_grid(lost: Solution) -> None:
    """Kills: a W shifted by a point or put on another axis, times that begin at 0 again, a box that is not larger.

    Whatever W is by then, its moments obey the exact theory of a quadratic model from there on.
    """
    axes = [(axis, cells) for axis, cells in zip(TIGHT, (6, 12, 2, 3), strict=True)]
    wide = Grid(*(Axis(a.lower - n * a.spacing, a.upper + n * a.spacing, a.points + 2 * n) for a, n in axes))
    start = float(lost.time[-1])
    further = evolve(HOT, lost, grid=wide, times=[start, start + 0.13, 0.6], dt=0.1, tolerance=0.01, frames=2)
    assert further.time == pytest.approx([start, start + 0.13, 0.6], abs=1e-15)
    assert further.dataset["frame"].values == pytest.approx([start, 0.6], abs=1e-15)
    assert further.mean[0] == pytest.approx(lost.mean[-1], abs=1e-12)
    theory, elapsed = LinearModel.from_model(HOT), 0.6 - start
    assert further.mean[-1] == pytest.approx(theory.mean(elapsed, lost.mean[-1]), abs=2e-4)
    assert further.covariance[-1] == pytest.approx(theory.covariance(elapsed, lost.covariance[-1]), abs=2e-3)


def test_a_run_goes_on_from_a_file_where_its_grid_was(tmp_path: Path) -> None:
    """Kills: a W that is changed on its own grid, times of the two parts that do not join, a box of before."""
    settings = {**SETTINGS, "times": [0.1, 0.2]}
    evolve(systems.quartic(), systems.packet(), **settings, keep_state=True).save(tmp_path / "first.nc")
    first = load(tmp_path / "first.nc")
    assert isinstance(first, Solution)
    whole = evolve(systems.quartic(), systems.packet(), **{**SETTINGS, "times": [0.2, 0.3, 0.4]}, keep_state=True)
    second = evolve(
        systems.quartic(),
        first.state(0.2),
        duration=0.2,
        outputs=2,
        dt=0.1,
        tolerance=0.05,
        adapt=False,
        keep_state=[0.3],
    )
    assert second.time == pytest.approx([0.2, 0.3, 0.4], abs=1e-15)
    assert second.state_times == pytest.approx([0.3], abs=1e-15)
    assert second.mean == pytest.approx(whole.mean[1:], abs=1e-12)
    assert second.state(0.3)["x"].values == pytest.approx(SMALL.x.values, abs=1e-14)
    again = {"times": [0.4], "dt": 0.1, "tolerance": 0.05, "keep_state": True}
    wider = evolve(systems.quartic(), first, grid={"x": FixedAxis((-6.0, 6.0))}, **again)
    assert wider.grid.q.points >= SMALL.q.points
    assert (wider.grid.x.lower, wider.grid.x.upper) == (-6.0, 6.0)
    assert wider.mean[-1] == pytest.approx(whole.mean[-1], abs=2e-3)
    told = r"times: expected increasing times >= 0.2, where the run begins, got \[0.1, 0.4\]"
    with pytest.raises(InputError, match=told):
        evolve(systems.quartic(), first, times=[0.1, 0.4])
    bare = evolve(systems.quartic(), systems.packet(), **settings)
    with pytest.raises(InputError, match="state: expected a result that keeps W, of a run with keep_state, got one"):
        evolve(systems.quartic(), bare, duration=1.0)


@pytest.mark.parametrize(
    ("keep_state", "looks"),
    [
        ([0.1, 0.3], 5),
        pytest.param([0.1, 0.25, 0.3], 2, marks=pytest.mark.slow),
        pytest.param(True, 4, marks=pytest.mark.slow),
        pytest.param(True, 5, marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_keeps_what_it_was_asked_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep_state: Any, looks: int
) -> None:
    """Kills: states and observables that a checkpoint forgets, a W at the last output that is overwritten by steps.

    One of the stops is at an output between two steps, one between two outputs. The
    stopped run keeps W at its last output.
    """
    settings = {**SETTINGS, "times": [0.1, 0.2, 0.25, 0.6], "observables": ASKED, "keep_state": keep_state}
    whole = evolve(systems.quartic(), systems.packet(), **settings)
    every = evolve(systems.quartic(), systems.packet(), **{**settings, "keep_state": [*whole.time]})
    settings["checkpoint"] = tmp_path / "run.checkpoint"
    stopped = interrupted(monkeypatch, looks, **settings)
    assert np.array_equal(stopped.W, every.state(stopped.time[-1]))
    assert stopped.dataset["frame"].values[-1] == stopped.time[-1]
    again = interrupted(monkeypatch, 1, **settings, resume=True)
    assert np.array_equal(again.W, every.state(again.time[-1]))
    resumed = evolve(systems.quartic(), systems.packet(), **settings, resume=True)
    require_identical(resumed.dataset, whole.dataset)


def test_a_state_that_was_not_kept_is_not_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: W of the moment of a checkpoint called that of the output before, when a resumed run is to keep it."""
    settings = {**SETTINGS, "times": [0.1, 0.25, 0.6], "checkpoint": tmp_path / "run.checkpoint"}
    assert interrupted(monkeypatch, 5, **settings).time[-1] == 0.25
    stopped = interrupted(monkeypatch, 1, **settings, resume=True, keep_state=True)
    assert stopped.time[-1] == 0.25
    assert not stopped.state_times.size
    resumed = evolve(systems.quartic(), systems.packet(), **settings, resume=True, keep_state=True)
    assert np.array_equal(Marginals.of(resumed.W.values, SMALL).mean, resumed.mean[-1])


def test_another_wish_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a resumed run whose observables are those of two formulas."""
    settings = {**SETTINGS, "checkpoint": tmp_path / "run.checkpoint"}
    interrupted(monkeypatch, 2, **settings, observables=ASKED, keep_state=[0.1])
    for changes, message in (
        ({"observables": {**ASKED, "x4": "x**3"}}, r"observables.x4: expected x\*\*4 as in the checkpoint"),
        ({"observables": {"x4": "x**4"}}, r"observables.mixed: expected q\*x\*y as in the checkpoint, got nothing"),
        ({"keep_state": [0.2]}, "keep_state.1: expected 0.1 as in the checkpoint, got nothing|keep_state"),
    ):
        asked = {"observables": ASKED, "keep_state": [0.1], **changes}
        with pytest.raises(CheckpointError, match=message):
            evolve(systems.quartic(), systems.packet(), **settings, **asked, resume=True)
