"""One run in several processes, `wignercq run --join`, and on fewer of them from its checkpoint."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.configurations import box, configuration

import wignercq
from wignercq.cli import commands as cli
from wignercq.errors import InputError
from wignercq.propagation.engines import processes

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
RUN = {"duration": 2.0, "outputs": 2, "dt": 0.02, "on_unresolved": "warn", "save_state": True}
SETTINGS = {**RUN, "engine": "jax", "checkpoint_every": "0.001 s", "observables": {"moment": "q*x + y"}}
EXTENTS = ((-6.0, 6.0), (-7.0, 7.0), (-5.0, 5.0), (-6.0, 6.0))


def started(folder: Path, number: int, *options: str) -> subprocess.Popen[str]:
    """One of two processes that SLURM has started, as their environment says."""
    own = {"SLURM_JOB_ID": f"{os.getpid()}", "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_STEP_NUM_NODES": "1"}
    own |= {"SLURM_NTASKS": "2", "SLURM_PROCID": str(number), "SLURM_LOCALID": str(number)}
    return subprocess.Popen(
        [sys.executable, "-m", "wignercq.cli", "run", "one.toml", *options],
        cwd=folder,
        env={**os.environ, **own, "JAX_PLATFORMS": "cpu"},
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@needs_jax
@pytest.mark.slow
def test_two_processes_carry_out_one_run_and_one_goes_on_with_it(tmp_path: Path) -> None:
    """Kills: a signal to one that leaves the other waiting, a checkpoint of one part of W, one that only two can read,

    errors told twice. W of the tiled engine is that of the run in two processes and one, to 1e-12.
    """
    (tmp_path / "one.toml").write_text(configuration(grid=box(20, 22, 24, 26, extents=EXTENTS), run=SETTINGS))
    both = [started(tmp_path, k, "--join", "slurm") for k in range(2)]
    end = time.monotonic() + 200
    while not (tmp_path / "one.nc.checkpoint.previous").exists() and time.monotonic() < end:
        time.sleep(0.02)
    both[1].send_signal(signal.SIGTERM)
    said = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [143, 143], said
    assert ["go on with --resume" in text for text in said] == [True, False]
    alone = started(tmp_path, 0, "--resume", "--quiet")
    assert (alone.communicate(timeout=200)[1].count("equal to rounding"), alone.returncode) == (1, 0)
    found = wignercq.load(tmp_path / "one.nc").dataset
    assert found.attrs["resumed"].endswith(" with 1 in place of 2 devices")
    tiled = {key: value for key, value in SETTINGS.items() if key not in ("engine", "checkpoint_every")}
    (tmp_path / "one.toml").write_text(configuration(grid=box(20, 22, 24, 26, extents=EXTENTS), run=tiled))
    alone = started(tmp_path, 0, "--quiet", "-o", "tiled.nc")
    assert (alone.communicate(timeout=200), alone.returncode)[1] == 0
    expected = wignercq.load(tmp_path / "tiled.nc").dataset
    assert np.abs(found["W"] - expected["W"]).max() < 1e-12 * np.abs(expected["W"]).max()
    assert np.abs(found["moment"] - expected["moment"]).max() < 1e-12


@pytest.mark.parametrize("how", ["", "pbs", "head,1/2", "head:1,0/2", "head:1,3/2", "head:1"])
def test_ways_to_join_that_are_none_are_refused(how: str) -> None:
    """Kills: a process that waits for five minutes for others that were never meant."""
    with pytest.raises(InputError, match=r"^join: expected one of slurm, openmpi, mpi4py, or HOST:PORT,K/N, got "):
        processes.join(how)
    assert (processes.count(), processes.is_first(), processes.first_says(3.5)) == (1, True, 3.5)


def test_only_the_engine_of_several_devices_joins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: every process computing the whole run and writing over the others; a key that nobody heeds."""
    monkeypatch.chdir(tmp_path)
    Path("one.toml").write_text(configuration())
    assert cli.main(["run", "one.toml", "--join", "slurm"]) == 2
    assert capsys.readouterr().err.endswith("run.engine: expected \"jax\" together with --join, got 'tiled'\n")
    for value in (0, "cuda"):
        Path("one.toml").write_text(configuration(run={"duration": 0.1, "devices": value}))
        assert cli.main(["run", "one.toml"]) == 2
        assert 'run.devices: expected a whole number >= 1 or "gpu", got' in capsys.readouterr().err
    Path("one.toml").write_text(configuration(run={"duration": 0.1, "devices": 2}))
    assert cli.main(["run", "one.toml"]) == 2
    assert "run.devices: expected none, but with the engine 'jax', got 2" in capsys.readouterr().err
