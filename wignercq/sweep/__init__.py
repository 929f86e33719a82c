"""Sweeps: the comparison of theories at many values of one or two numbers of a configuration."""

from wignercq.sweep.result import SweepResult
from wignercq.sweep.run import run_sweep

__all__ = ["SweepResult", "run_sweep"]
