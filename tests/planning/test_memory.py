"""Peak memory of a run, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "memory.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts resident memory as Linux reports it")
@pytest.mark.parametrize(("order", "limit"), [(4, 44), (2, 36)])
def test_a_run_stays_within_its_bytes_per_cell(order: int, limit: int) -> None:
    """Kills: whole-array temporaries, one more table than needed, pilot runs that keep their fields."""
    output = subprocess.run(
        [sys.executable, SCRIPT, "48", str(order)], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    assert float(output.split(":")[1].split()[0]) < limit, output
