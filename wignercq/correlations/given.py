"""The times that were given to :func:`wignercq.correlation`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wignercq.errors import InputError, brief


def checked_times(times: Sequence[float] | np.ndarray) -> np.ndarray:
    """Delays tau as an array; InputError unless they increase from 0 or later on."""
    try:
        values = np.asarray(times, dtype=float)
    except (TypeError, ValueError):
        values = np.zeros((0, 0))
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise InputError("times", "increasing numbers >= 0", brief(times))
    if values[0] < 0 or values[-1] == 0 or (np.diff(values) <= 0).any():
        wrong = f"{values[0]:g} as the first" if values[0] < 0 else "0 alone" if values.size == 1 else "others"
        raise InputError("times", "increasing numbers >= 0", wrong)
    return values
