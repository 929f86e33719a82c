"""Sweeps: the comparison of theories at many values of one or two numbers of a configuration."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.sweep.result import SweepResult as SweepResult
    from wignercq.sweep.run import run_sweep as run_sweep

export(__name__, {"sweep.result": "SweepResult", "sweep.run": "run_sweep"})
