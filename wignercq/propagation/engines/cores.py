"""The cores that this process may use."""

from __future__ import annotations

import os

import numpy as np

from wignercq.errors import InputError, brief

MOST = 4096  # threads anybody may ask for


def cores() -> int:
    """How many: those of its affinity, which batch systems and ``taskset`` set, or of the machine where there is none.

    At least 1.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # of Linux alone
    return (len(affinity(0)) if affinity else os.cpu_count()) or 1


def thread_count(asked: int | None) -> int:
    """Worker threads of an engine: so many as asked, one for each core by default.

    InputError where that is no number of threads.
    """
    if asked is None:
        return cores()
    if isinstance(asked, bool) or not isinstance(asked, (int, np.integer)) or not 1 <= asked <= MOST:
        raise InputError("threads", f"a whole number from 1 to {MOST}", brief(asked))
    return int(asked)
