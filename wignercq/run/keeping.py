"""Of which outputs W is kept."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wignercq.errors import InputError, brief

SAME_TIME = 1e-9  # times that differ by so little, relative to the end of a run, are one
MOST = 10_000  # states


@dataclass(frozen=True)
class Keeping:
    """Which W a run keeps; one that keeps any has that of its last output if it is stopped."""

    last: bool = False  # that of the last output
    outputs: frozenset[int] = frozenset()  # numbers of other outputs

    def __bool__(self) -> bool:
        return self.last or bool(self.outputs)


class Moments(NamedTuple):
    """Output times, and of which W is kept."""

    times: np.ndarray
    keeping: Keeping


def moments(times: np.ndarray, keep_state: bool | Sequence[float] | np.ndarray, start: float = 0.0) -> Moments:
    """Output times with those at which W is to be kept among them.

    Parameters
    ----------
    times : np.ndarray
        Output times, counted from the beginning of the run.
    keep_state : bool or sequence of float
        Whether to keep W at the last of them, or the times at which to keep W, counted like `start`.
    start : float
        Time at which the run begins.

    Raises
    ------
    InputError
        Something else, or times that are not within those of the run.
    """
    if isinstance(keep_state, (bool, np.bool_)):
        return Moments(times, Keeping(last=bool(keep_state)))
    try:
        asked = np.asarray(keep_state, float)
    except (TypeError, ValueError):
        asked = np.zeros((0, 0))
    if isinstance(keep_state, (str, numbers.Number)) or asked.ndim != 1 or not np.isfinite(asked).all():
        raise InputError("keep_state", "True, False or times", brief(keep_state))
    if asked.size > MOST:
        raise InputError("keep_state", f"at most {MOST} times", str(asked.size))
    end = float(times[-1])
    for time in asked - start:
        if not -SAME_TIME * end <= time <= (1 + SAME_TIME) * end:
            raise InputError("keep_state", f"times from {start:g} to {start + end:g}", f"{start + time:g}")
        if np.abs(times - time).min() > SAME_TIME * end:
            times = np.sort(np.append(times, time))
    outputs = {int(np.abs(times - time).argmin()) for time in asked - start}
    last = times.size - 1
    return Moments(times, Keeping(last in outputs, frozenset(outputs - {last})))
