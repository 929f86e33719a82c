"""Steady states, found directly instead of waited for, and how fast a model relaxes to its own."""

from typing import TYPE_CHECKING

from wignercq.lazy import export

if TYPE_CHECKING:
    from wignercq.steady.relaxation import Relaxation as Relaxation
    from wignercq.steady.relaxation import relaxation as relaxation
    from wignercq.steady.result import SteadyState as SteadyState
    from wignercq.steady.steady_state import steady_state as steady_state

export(
    __name__,
    {
        "steady.relaxation": "Relaxation relaxation",
        "steady.result": "SteadyState",
        "steady.steady_state": "steady_state",
    },
)
