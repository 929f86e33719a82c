"""Peak memory of a run, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "benchmarks" / "memory.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts resident memory as Linux reports it")
def test_fourth_order_run_stays_within_48_bytes_per_cell() -> None:
    """Kills: whole-array temporaries, one more table than needed, pilot runs that keep their fields."""
    output = subprocess.run(
        [sys.executable, SCRIPT, "48", "4"], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    assert float(output.split(":")[1].split()[0]) < 48, output
