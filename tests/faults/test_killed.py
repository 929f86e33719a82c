"""Processes that are killed at any moment: what they leave, and that it goes on to the very same result."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.processes import COMMAND, CONFIG, OUTPUTS, Run, Undisturbed, folder_with, load, require_identical, wait_for

pytestmark = pytest.mark.slow

KILLS = 20
CALLS = ("fsync", "replace")


def going_on(folder: Path) -> bool:
    """Whether there is a checkpoint to go on from."""
    return any((folder / f"out.nc.checkpoint{suffix}").exists() for suffix in ("", ".previous"))


def test_kill_9_at_random_moments(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Kills: a checkpoint or a result cut short by a crash, a run that differs in its last bit for having been killed.

    A checkpoint is written after every step, so many of the moments lie within a write.
    """
    rng = np.random.default_rng(20)
    folder = folder_with(tmp_path, "run")
    kills = resumed = results = 0
    while kills < KILLS or not results:
        resuming = going_on(folder)
        run = Run(folder, *COMMAND, *["--resume"] * resuming)
        if kills < KILLS:
            time.sleep(rng.uniform(0.1, 0.65) * undisturbed.seconds)
            run.send(signal.SIGKILL)
        code = run.finish()
        if code == -signal.SIGKILL:
            kills += 1
            resumed += resuming
        else:
            assert code == 0, run.lines
            assert sorted(os.listdir(folder)) == ["out.nc", "run.toml", "stderr.txt", "stdout.txt"]
        if (folder / "out.nc").exists():  # written before the process was killed, or by one that was not
            require_identical(load(folder / "out.nc"), undisturbed.result)
            results += 1
            (folder / "out.nc").unlink()
    assert resumed >= 3
    assert kills == KILLS


@pytest.mark.parametrize("call", CALLS)
def test_killed_at_every_stage_of_writing(tmp_path: Path, undisturbed: Undisturbed, call: str) -> None:
    """Kills: an order of syncing and renaming in which some moment has no whole checkpoint or half a result."""
    folder = folder_with(tmp_path, "run")
    for number in range(1, 5):  # the run has moments for so many
        assert going_on(folder) == (number > 2)
        run = Run(folder, *COMMAND, *["--resume"] * going_on(folder), prepare=partial(_die_at, call, number))
        assert run.finish() == -signal.SIGKILL
        assert not (folder / "out.nc").exists()
    assert Run(folder, *COMMAND, "--resume").finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)


def _die_at(call: str, number: int) -> None:
    """Replace a function of the system by one that kills its process before the call with this number is made."""
    original: Callable = getattr(os, call)
    calls = iter(range(1, number))

    def dying(*arguments: object) -> object:
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)

    setattr(os, call, dying)


def test_killed_while_the_result_is_written(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Kills: half a result under its final name, --resume that starts afresh in silence or repeats what is done."""
    folder = folder_with(tmp_path, "run", CONFIG.replace("0.001 s", "1 h"))
    assert Run(folder, *COMMAND, prepare=partial(_die_at, "replace", 1)).finish() == -signal.SIGKILL
    assert sorted(os.listdir(folder))[:2] == ["out.nc.lock", "out.nc.partial"]
    run = Run(folder, *COMMAND, "--resume")
    assert run.finish() == 2
    assert run.lines == [
        "wignercq: out.nc.checkpoint: expected a checkpoint to resume, got nothing at this path",
    ]
    assert Run(folder, *COMMAND).finish() == 0
    assert sorted(os.listdir(folder)) == ["out.nc", "run.toml", "stderr.txt", "stdout.txt"]
    require_identical(load(folder / "out.nc"), undisturbed.result)
    written = (folder / "out.nc").stat().st_mtime_ns
    run = Run(folder, *COMMAND[:-1], "--resume")
    assert run.finish() == 0
    assert run.lines == ["wignercq: out.nc is finished; nothing to resume"]
    assert (folder / "out.nc").stat().st_mtime_ns == written


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_stops_after_the_current_steps(
    tmp_path: Path, undisturbed: Undisturbed, number: int, code: int
) -> None:
    """Kills: exit codes exchanged, no checkpoint, an unreadable result; a resumed run that then differs."""
    folder = folder_with(tmp_path, "run")
    run = Run(folder, *COMMAND)
    wait_for(folder / "out.nc.checkpoint")
    run.send(number)
    assert run.finish() == code
    saved = load(folder / "out.nc")
    last = run.lines[-1]
    assert last.startswith("wignercq: interrupted; result up to t = ")
    assert last.endswith(" saved in out.nc; go on with --resume")
    assert 1 <= saved.sizes["time"] < OUTPUTS
    assert saved.attrs["stopped"] == "interrupted"
    assert sorted(os.listdir(folder))[:2] == ["out.nc", "out.nc.checkpoint"]
    assert Run(folder, *COMMAND, "--resume").finish() == 0
    resumed = load(folder / "out.nc")
    assert "stopped" not in resumed.attrs
    require_identical(resumed, undisturbed.result)
    for name in ("mean", "covariance", "purity"):
        np.testing.assert_array_equal(saved[name], resumed[name][: saved.sizes["time"]])


def test_signals_that_do_not_wait(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Kills: Ctrl-C that a preparation of minutes swallows, a second one that waits as well, nohup's signal caught."""
    folder = folder_with(tmp_path, "run")
    run = Run(folder, *COMMAND, prepare=partial(_press_in, "wignercq.planning.pilot.Pilot.plan", signal.SIGINT))
    assert run.finish() == 130
    assert run.lines == ["wignercq: interrupted"]
    run = Run(folder, *COMMAND, prepare=partial(_press_in, "wignercq.planning.pilot.Pilot.plan", signal.SIGTERM))
    assert run.finish() == 143
    assert sorted(os.listdir(folder)) == ["run.toml", "stderr.txt", "stdout.txt"]
    twice = partial(_press_in, "wignercq.run.track.Track.advance", signal.SIGINT, signal.SIGTERM)
    run = Run(folder, *COMMAND, prepare=twice)
    assert run.finish() == 143
    assert load(folder / "out.nc")["time"].values.tolist() == [0.0]
    run = Run(folder, *COMMAND, prepare=partial(signal.signal, signal.SIGHUP, signal.SIG_IGN))  # as nohup does
    wait_for(folder / "out.nc.checkpoint.previous")
    run.send(signal.SIGHUP)
    assert run.finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)


def test_a_terminal_that_is_closed_stops_a_run_that_can_go_on(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Kills: a run lost with its terminal, because the line or the bar for it can no longer be written."""
    folder = folder_with(tmp_path, "run")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wignercq.cli", *COMMAND[:-1]]
    with subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        wait_for(folder / "out.nc.checkpoint")
        os.close(ours)  # what is written from now on fails
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 129
    assert load(folder / "out.nc").attrs["stopped"] == "interrupted"
    assert Run(folder, *COMMAND, "--resume").finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)


def _press_in(name: str, *numbers: int) -> None:
    """Send signals to this process whenever it comes to a function."""
    from _pytest.monkeypatch import MonkeyPatch

    def pressed(*arguments: object) -> None:
        for number in numbers:
            os.kill(os.getpid(), number)

    MonkeyPatch().setattr(name, pressed)
