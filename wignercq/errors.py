"""Exceptions and warnings a user of wignercq can catch."""

from __future__ import annotations

from typing import Any


class WignerCQError(Exception):
    """Base of every error raised on purpose by wignercq."""


class InputError(WignerCQError, ValueError):
    """Something the user supplied cannot be used; the message names it, what was expected and what came."""


class ExpressionError(InputError):
    """A potential or wave function given as text or SymPy is not an accepted formula."""


class ModelError(InputError):
    """The model is incomplete or unphysical, for example 4 D0 D2 < 1."""


class GridError(InputError):
    """An axis or a grid cannot be built."""


class StateError(InputError):
    """An initial state is not a state: uncertainty bound, trace, Hermiticity or positivity violated."""


class ConfigError(InputError):
    """A configuration file has an unknown key, a wrong type or an impossible value."""


class MemoryLimitError(InputError):
    """The run needs more memory than the machine has; raised before anything is allocated."""


class CheckpointError(InputError):
    """There is no checkpoint to resume, it is damaged, or it belongs to another run."""


class StoppedError(WignerCQError):
    """A run ended before its time.

    Attributes
    ----------
    solution : Solution or None
        Everything computed up to the last good output; None if there was none.
    """

    def __init__(self, message: str, solution: Any = None) -> None:
        super().__init__(message)
        self.solution = solution


class ResolutionError(StoppedError):
    """The grid no longer resolves the state, or the numbers are no longer finite."""


class Interrupted(StoppedError):
    """The run was interrupted, by Ctrl-C or by SIGTERM.

    Attributes
    ----------
    solution : Solution or None
        Everything computed up to the last output; None if there was none.
    signal : int
        Number of the signal.
    """

    def __init__(self, message: str, solution: Any = None, signal: int = 2) -> None:
        super().__init__(message, solution)
        self.signal = signal


class ResolutionWarning(UserWarning):
    """The grid is close to not resolving the state; the message says which number to change."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written or is damaged; the run goes on without it."""
