"""Comparisons that are killed and starved: they go on to the very same bits, and take no more than they may."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from support.configurations import configuration
from support.processes import TIGHT, WELLS, Run, folder_with, load, require_identical, wait_for

from wignercq.planning import memory

COMMAND = ("compare", "run.toml", "-o", "out", "--quiet")
#: A box that the exact W outgrows; two outputs between steps, a checkpoint after every stretch of steps.
CONFIG = configuration(
    **{
        **WELLS,
        "quantum": {"mass": 0.7, "potential": "0.55*x**2 + 0.3*(1 - cos(1.3*x))"},
        "compare": {"threshold": 0.05},
    },
    grid={**TIGHT, "adapt": True},
    run={"duration": 0.8, "save_every": 0.27, "tolerance": 2e-4, "frames": 3, "checkpoint_every": "0.001 s"},
)


def checkpoint(folder: Path) -> Path:
    return folder / "out" / "breakdown.nc.checkpoint"


@pytest.mark.slow
def test_a_killed_comparison_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    """Kills: a theory, a distance or a grid of its own that is forgotten when a comparison is taken up again."""
    undisturbed, folder = folder_with(tmp_path, "undisturbed", CONFIG), folder_with(tmp_path, "killed", CONFIG)
    assert Run(undisturbed, "--version").finish() == 0  # the fork server starts up
    start = time.monotonic()
    assert Run(undisturbed, *COMMAND).finish() == 0
    seconds = time.monotonic() - start
    expected = load(undisturbed / "out" / "breakdown.nc")
    assert {line.partition(":")[0] for line in expected.attrs["grid_changes"].splitlines()} >= {"exact"}
    assert expected["time"].size == 4
    kills = 0
    while kills < 3:
        run = Run(folder, *COMMAND, *["--resume"] * (kills > 0))
        wait_for(checkpoint(folder))
        time.sleep(0.12 * seconds)
        run.send(signal.SIGKILL)
        if run.finish() != -signal.SIGKILL:
            break
        kills += 1
    assert kills >= 1
    if checkpoint(folder).exists():
        assert Run(folder, *COMMAND, "--resume").finish() == 0
    found = load(folder / "out" / "breakdown.nc")
    require_identical(found, expected)
    assert found.attrs["resumed"].startswith("at t = ")
    assert found.attrs["grid_changes"] == expected.attrs["grid_changes"]
    assert not checkpoint(folder).exists()
    assert (folder / "out" / "report.html").exists()
    assert Run(folder, *COMMAND, "--resume").finish() == 0  # finished: nothing to do


@pytest.mark.slow
def test_an_interrupted_comparison_says_how_to_go_on(tmp_path: Path) -> None:
    """Kills: a comparison that Ctrl-C ends without a checkpoint or a partial result."""
    folder = folder_with(tmp_path, "run", CONFIG)
    run = Run(folder, *COMMAND)
    wait_for(checkpoint(folder))
    run.send(signal.SIGINT)
    assert run.finish() == 130
    assert "saved in out/breakdown.nc; go on with --resume" in run.lines[-1]
    assert load(folder / "out" / "breakdown.nc").attrs["stopped"] == "interrupted"
    assert checkpoint(folder).exists()


def limited_group(folder: Path, left: int) -> None:
    """Put this process into a control group with so many bytes left."""
    for name, text in (("memory.max", 10**9), ("memory.current", 10**9 - left), ("memory.stat", "inactive_file 0")):
        (folder / name).write_text(f"{text}\n")
    (folder / "membership").write_text("0::/\n")
    memory.CGROUPS, memory.MEMBERSHIP = folder, folder / "membership"


@pytest.mark.parametrize("whose", ["a memory limit", "the free memory"])
def test_what_does_not_fit_is_refused_before_the_first_step(tmp_path: Path, whose: str) -> None:
    """Kills: a comparison that looks at the memory of the machine, and not at a limit or a control group.

    One run fits, three side by side do not.
    """
    fixed = CONFIG.replace("adapt = true", 'adapt = false\nmemory_limit = "12 MiB"' * (whose == "a memory limit"))
    folder = folder_with(tmp_path, "run", fixed)
    group = partial(limited_group, tmp_path, 12 * 2**20) if whose == "the free memory" else None
    run = Run(folder, *COMMAND, prepare=group)
    assert run.finish() == 2
    assert f"grid: expected 3 runs side by side that fit {whose} of 1" in run.lines[-1]
    assert "16 x 18 x 20 x 22 points, which need 1" in run.lines[-1]
    assert os.listdir(folder / "out") == []
