"""Sweeps: the comparison of theories, or the steady state, at many values of one or two numbers of a configuration."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.sweep.result import SweepResult as SweepResult
    from wignercq.sweep.run import run_sweep as run_sweep
    from wignercq.sweep.run import sweep_steady_states as sweep_steady_states
    from wignercq.sweep.steady_result import SteadySweep as SteadySweep

export(
    __name__,
    {
        "sweep.result": "SweepResult",
        "sweep.run": "run_sweep sweep_steady_states",
        "sweep.steady_result": "SteadySweep",
    },
)
