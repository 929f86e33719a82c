"""Runs short of disk, memory or a folder to write to, and runs in each other's way: real processes, real limits."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from support.processes import COMMAND, CONFIG, Run, Undisturbed, folder_with, load, require_identical, wait_for

pytestmark = pytest.mark.slow

KIB, MIB = 2**10, 2**20
READ_ONLY, REMOUNT, DETACH = 1, 32, 2  # flags of mount and umount2 on Linux
LIBC = ctypes.CDLL(None, use_errno=True)


def limited(kind: int, size: int) -> None:
    """Limit this process."""
    resource.setrlimit(kind, (size, size))


def warned_of_checkpoints(run: Run) -> list[str]:
    return [line for line in run.lines if "expected a checkpoint that can be written" in line]


def test_files_that_may_not_grow(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Kills: a crash of HDF5 instead of a line, a checkpoint given up for a result that was never written."""
    folder = folder_with(tmp_path, "run")
    run = Run(folder, *COMMAND, prepare=partial(limited, resource.RLIMIT_FSIZE, 100 * KIB))
    assert run.finish() == 2
    assert len(warned_of_checkpoints(run)) > 3
    assert run.lines[-1] == "wignercq: out.nc: expected a file that can be written, got: File too large"
    assert sorted(os.listdir(folder)) == ["run.toml", "stderr.txt", "stdout.txt"]
    run = Run(folder, *COMMAND)
    wait_for(folder / "out.nc.checkpoint")
    run.send(signal.SIGTERM)
    assert run.finish() == 143
    (folder / "out.nc").unlink()
    run = Run(folder, *COMMAND, "--resume", prepare=partial(limited, resource.RLIMIT_FSIZE, 100 * KIB))
    assert run.finish() == 2
    assert run.lines[-1].endswith("got: File too large; --resume goes on from the last checkpoint")
    assert Run(folder, *COMMAND, "--resume").finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB: room for one checkpoint, not for two, nor for one and the result."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=8m"):
        pytest.skip("mounting takes privileges")
    yield folder
    LIBC.umount2(os.fsencode(folder), DETACH)


def remounted(folder: Path, options: str, flags: int = 0) -> bool:
    """Whether the small disk could be given other options."""
    return LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", REMOUNT | flags, options.encode()) == 0


def test_a_full_disk(small_disk: Path, undisturbed: Undisturbed) -> None:
    """Kills: the good checkpoint overwritten by one that does not fit; work lost at the very end of a run."""
    folder = folder_with(small_disk, "run")
    run = Run(folder, *COMMAND)
    assert run.finish() == 2
    assert "got: No space left on device; going on without" in warned_of_checkpoints(run)[0]
    assert run.lines[-1] == (
        "wignercq: out.nc: expected a file that can be written, got: No space left on device; "
        "--resume goes on from the last checkpoint"
    )
    left = sorted(os.listdir(folder))
    assert left[0].startswith("out.nc.checkpoint")
    assert left[-3:] == ["run.toml", "stderr.txt", "stdout.txt"]
    assert remounted(small_disk, "size=64m")
    assert Run(folder, *COMMAND, "--resume").finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)


def test_a_folder_that_is_or_becomes_read_only(small_disk: Path, undisturbed: Undisturbed) -> None:
    """Kills: an hour computed for a result that cannot be written; the checkpoint removed along with the result."""
    assert remounted(small_disk, "size=64m")
    folder = folder_with(small_disk, "run")
    run = Run(folder, *COMMAND)
    wait_for(folder / "out.nc.checkpoint")
    run.send(signal.SIGTERM)
    assert run.finish() == 143
    kept = sorted(os.listdir(folder))
    elsewhere = folder_with(small_disk.parent, "elsewhere")
    command = ("run", "run.toml", "-o", str(folder / "out.nc"), "--quiet", "--resume")
    assert remounted(small_disk, "size=64m", READ_ONLY)
    run = Run(elsewhere, *command)
    assert run.finish() == 2
    assert run.lines == [
        f"wignercq: {folder / 'out.nc'}: expected a folder that can be written to, got: Read-only file system"
    ]
    assert sorted(os.listdir(folder)) == kept
    assert remounted(small_disk, "size=64m")
    assert Run(elsewhere, *command).finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)


def test_a_folder_that_is_removed_and_two_runs_in_one_place(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Kills: a traceback after hours when the folder is gone; two runs that overwrite each other's checkpoints."""
    folder = folder_with(tmp_path, "run")
    (folder / "results").mkdir()
    away = Run(folder, "run", "run.toml", "-o", "results/out.nc", "--quiet")
    wait_for(folder / "results" / "out.nc.checkpoint")
    shutil.rmtree(folder / "results")
    assert away.finish() == 2
    assert "going on without" in warned_of_checkpoints(away)[0]
    assert away.lines[-1].endswith("out.nc: expected a file in an existing folder, got results, which is none")
    first = Run(folder, *COMMAND)
    wait_for(folder / "out.nc.checkpoint")
    second = Run(folder, *COMMAND)
    assert second.finish() == 2
    assert "wignercq: out.nc: expected a file that no other run is writing, got one in use" in second.lines
    assert first.finish() == 0
    require_identical(load(folder / "out.nc"), undisturbed.result)
    assert not (folder / "out.nc.lock").exists()


def test_memory_that_is_not_there(tmp_path: Path) -> None:
    """Kills: the out-of-memory killer where a line would do; growth beyond the limit; need and have not stated."""
    folder = folder_with(tmp_path, "run")
    run = Run(folder, *COMMAND, prepare=partial(less_address_space, 4 * MIB))
    assert run.finish() == 2
    assert run.lines[-1].startswith("wignercq: grid: expected a run that fits the free memory of ")
    assert " MiB, got 16 x 18 x 20 x 22 points, which need " in run.lines[-1]
    folder = folder_with(tmp_path, "limit", CONFIG.replace("adapt = true", 'adapt = true\nmemory_limit = "3 MiB"'))
    run = Run(folder, *COMMAND)
    assert run.finish() == 2
    assert "expected a run that fits a memory limit of 3.0 MiB, got 16 x 18" in run.lines[-1]
    folder = folder_with(tmp_path, "growth", CONFIG.replace("adapt = true", 'adapt = true\nmemory_limit = "12 MiB"'))
    assert Run(folder, *COMMAND).finish() == 0
    changes = load(folder / "out.nc").attrs["grid_changes"].splitlines()
    assert "not done, beyond the memory limit, " in changes[-1]
    assert len(changes) >= 2


def less_address_space(more: int) -> None:
    """Allow this process `more` bytes than it has."""
    limited(resource.RLIMIT_AS, psutil.Process().memory_info().vms + more)
