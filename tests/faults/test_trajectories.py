"""Trajectories whose process is killed at any moment: they go on to the very same bits."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from support.configurations import configuration
from support.processes import WELLS, Run, Undisturbed, folder_with, load, require_identical, wait_for

pytestmark = pytest.mark.slow

KILLS = 8
RUN = {"duration": 0.4, "outputs": 2, "tolerance": 1e-2, "frames": 2, "checkpoint_every": "0.001 s"}
CONFIG = configuration(**{name: table for name, table in WELLS.items() if name != "compare"}, run=RUN)
COMMAND = ("unravel", "run.toml", "--trajectories", "4000", "--seed", "5", "-o", "out.nc", "--quiet")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The result on threads."""
    folder, seconds = folder_with(tmp_path_factory.mktemp("trajectories"), "undisturbed", CONFIG), 0.0
    for again in ([], ["--force"]):  # the first one imports the package, too
        started = time.perf_counter()
        assert Run(folder, *COMMAND, *again).finish() == 0
        seconds = time.perf_counter() - started
    return Undisturbed(load(folder / "out.nc"), seconds)


def test_kill_9_at_random_moments(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Kills: a checkpoint cut short, blocks computed twice or left out, sums that depend on where it was killed."""
    rng, folder, kills, resumed = np.random.default_rng(16), folder_with(tmp_path, "run", CONFIG), 0, 0
    while not (folder / "out.nc").exists():
        there = (folder / "out.nc.checkpoint").exists()
        run = Run(folder, *COMMAND, *["--resume"] * there)
        resumed += there
        if kills < KILLS:
            time.sleep(rng.uniform(0.3, 0.8) * undisturbed.seconds)
            run.send(signal.SIGKILL)
        code = run.finish()
        kills += code == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL), run.lines
    assert resumed >= 2
    assert sorted(os.listdir(folder)) == ["out.nc", "run.toml", "stderr.txt", "stdout.txt"]
    require_identical(load(folder / "out.nc"), undisturbed.result)


def in_processes(folder: Path, *arguments: str) -> Run:
    """A run in a session of its own that has just written its first checkpoint."""
    run = Run(folder, *COMMAND, *arguments, prepare=os.setsid)
    wait_for(folder / "out.nc.checkpoint")
    return run


def to_all(run: Run, number: int) -> None:
    """Send a signal to all processes of its session, as a terminal does."""
    assert run.process.pid is not None
    os.killpg(run.process.pid, number)


def test_what_reaches_all_processes_loses_no_trajectories(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Kills: workers that the Ctrl-C of their terminal ends, with blocks in them, and other bits from other processes;
    workers that nobody ends once the program is killed.
    """
    folder = folder_with(tmp_path, "run", CONFIG)
    run = in_processes(folder, "--processes", "2")
    to_all(run, signal.SIGINT)
    assert run.finish() == 130
    assert "trajectories saved in out.nc; go on with --resume" in run.lines[-1]
    assert load(folder / "out.nc").attrs["trajectories"] < undisturbed.result.attrs["trajectories"]
    run = in_processes(folder, "--resume", "--processes", "3")
    run.send(signal.SIGKILL)
    run.finish()
    with suppress(ProcessLookupError):  # nobody is left
        for _ in range(1000):
            to_all(run, 0)
            time.sleep(0.03)
        pytest.fail("workers outlive the program")
    assert Run(folder, *COMMAND, "--resume", "--processes", "1").finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)
