"""Other systems: what macOS or Windows do not have is hidden, and a run goes through all the same."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.configurations import box, configuration

import wignercq
from wignercq.cli import commands as cli
from wignercq.cli.lock import locked
from wignercq.errors import InputError
from wignercq.planning import memory

CONFIG = configuration(
    grid=box(16, 18, 20, 22),
    run={"duration": 0.2, "outputs": 2, "dt": 0.1, "on_unresolved": "warn", "checkpoint_every": "0.001 s"},
)
#: Hides what Windows lacks once the libraries, which know about that, are loaded; then runs, saves and reads.
ELSEWHERE = """
import sys, h5netcdf, h5py, matplotlib, mmap, numpy, os, psutil, pyfftw, scipy.fft, signal, sympy, threadpoolctl, xarray
import click, pydantic, tqdm, tempfile, subprocess
for name in ("fcntl", "resource"):
    sys.modules[name] = None
for module, names in {
    os: "sched_getaffinity posix_fallocate O_DIRECTORY fork geteuid",
    mmap: "MAP_PRIVATE MAP_ANONYMOUS MADV_HUGEPAGE",
    signal: "SIGHUP SIGUSR1 SIGKILL",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
from wignercq.cli.commands import main
from wignercq.run.signals import SIGNALS
assert [*SIGNALS] == [2, 15]
assert main(["run", "run.toml", "-o", "out.nc", "--quiet"]) == 0
assert main(["info", "out.nc"]) == 0
import wignercq.correlations, wignercq.plotting.figures, wignercq.report.write, wignercq.sweep.run, wignercq.steady
"""


@pytest.mark.slow
def test_the_package_runs_and_saves_without_what_windows_lacks(tmp_path: Path) -> None:
    """Kills: a module that cannot be imported without fcntl, a result that cannot be written without it."""
    (tmp_path / "run.toml").write_text(CONFIG)
    command = [sys.executable, "-W", "error::ImportWarning", "-c", ELSEWHERE]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.nc", "run.toml"]
    assert wignercq.load(tmp_path / "out.nc").dataset.sizes["time"] == 3


@pytest.mark.filterwarnings("ignore::wignercq.errors.ResolutionWarning")
def test_a_run_where_nothing_of_posix_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a call of the system that is not everywhere and is made without a look."""
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(CONFIG)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(memory, "resource", None)
    for module, names in ((os, "sched_getaffinity posix_fallocate O_DIRECTORY"), (mmap, "MAP_PRIVATE MADV_HUGEPAGE")):
        for name in names.split():
            monkeypatch.delattr(module, name, raising=False)
    assert cli.main(["run", "run.toml", "-o", "out.nc", "--quiet"]) == 0, capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.nc", "run.toml"]


def test_locks_of_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: two runs in one place where there is no fcntl, a lock that stays."""
    held: list[int] = []

    def locking(handle: int, mode: int, size: int) -> None:
        if held:
            raise OSError(36, "Resource deadlock avoided")  # what Windows calls it
        held.append(size)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    lock, target = tmp_path / "out.nc.lock", tmp_path / "out.nc"
    with locked(lock, target):
        assert lock.exists()
        with (
            pytest.raises(InputError, match=r"out\.nc: expected a file that no other run is writing, got one in use"),
            locked(lock, target),
        ):
            pass
    assert held == [1]
    assert not lock.exists()


def test_a_system_that_does_not_say_how_much_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a run that is refused, or a traceback, where psutil cannot tell the free memory."""

    def unknown() -> None:
        raise NotImplementedError

    monkeypatch.setattr(memory.psutil, "virtual_memory", unknown)
    monkeypatch.setattr(memory, "_left_in_cgroups", lambda: iter([3.0 * 2**30]))
    monkeypatch.setattr(memory, "resource", None)
    assert memory.free_memory() == 3 * 2**30
