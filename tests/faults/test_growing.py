"""A real run whose grid grows and grows: stopped while it changes, and held to its memory limit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wignercq.run.array_file import Archive

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "growing.py"
LARGE = 2_000_000  # cells of the grid on the way to which it is stopped, from one of a million


@pytest.mark.parametrize("delay", [0.05, 1.5], ids=["in the transfer", "in the steps after it"])
def test_sigterm_while_the_grid_changes_ends_the_run_within_seconds(tmp_path: Path, delay: float) -> None:
    """Kills: a signal that is seen only when the grid has grown, which took minutes; a checkpoint half way through."""
    path, sizes = tmp_path / "checkpoint", [0]
    command = [sys.executable, str(SCRIPT), "2000", "2", "30", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while sizes[-1] < LARGE:
            sizes.append(int(process.stdout.readline()))
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        code = process.wait(60)
        seconds = time.monotonic() - start
        sizes += [int(line) for line in process.stdout if line.strip().isdigit()]  # changes since
    assert code == 128 + signal.SIGTERM
    assert seconds < 5
    archive = Archive.read(path)
    assert archive.arrays["run/W"].size in sizes


@pytest.mark.skipif(sys.platform != "linux", reason="counts resident memory as Linux reports it")
def test_a_grid_that_grows_keeps_to_its_memory_limit(tmp_path: Path) -> None:
    """Kills: old tables, the copy of the old W or a third W kept while the grid changes; symbols that nobody counts."""
    command = [sys.executable, str(SCRIPT), "300"]
    *changes, last = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "not done, beyond the memory limit, " in changes[-1]
    assert "x was refined 5 times" in changes[-1]
    assert len(changes) >= 6
    assert 0.6 < float(last.rpartition("a peak of ")[2].split()[0]) < 1, last
