"""Trajectories whose process is killed at any moment: they go on to the very same bits."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from support.configurations import configuration
from support.processes import WELLS, Run, folder_with, load, require_identical

pytestmark = pytest.mark.slow

KILLS = 8
RUN = {"duration": 0.4, "outputs": 2, "tolerance": 1e-2, "frames": 2, "checkpoint_every": "0.001 s"}
CONFIG = configuration(**{name: table for name, table in WELLS.items() if name != "compare"}, run=RUN)
COMMAND = ("unravel", "run.toml", "--trajectories", "4000", "--seed", "5", "-o", "out.nc", "--quiet")


def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    """Kills: a checkpoint cut short, blocks computed twice or left out, sums that depend on where it was killed."""
    undisturbed = folder_with(tmp_path, "undisturbed", CONFIG)
    for again in ([], ["--force"]):  # the first one imports the package, too
        started = time.perf_counter()
        assert Run(undisturbed, *COMMAND, *again).finish() == 0
        seconds = time.perf_counter() - started
    rng, folder, kills, resumed = np.random.default_rng(16), folder_with(tmp_path, "run", CONFIG), 0, 0
    while not (folder / "out.nc").exists():
        there = (folder / "out.nc.checkpoint").exists()
        run = Run(folder, *COMMAND, *["--resume"] * there)
        resumed += there
        if kills < KILLS:
            time.sleep(rng.uniform(0.3, 0.8) * seconds)
            run.send(signal.SIGKILL)
        code = run.finish()
        kills += code == -signal.SIGKILL
        assert code in (0, -signal.SIGKILL), run.lines
    assert resumed >= 2
    assert sorted(os.listdir(folder)) == ["out.nc", "run.toml", "stderr.txt", "stdout.txt"]
    require_identical(load(folder / "out.nc"), load(undisturbed / "out.nc"))
