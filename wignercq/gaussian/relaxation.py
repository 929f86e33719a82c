"""The spectrum of relaxation of an Ornstein-Uhlenbeck process."""

from __future__ import annotations

import math

import numpy as np

MOST = 400  # sums of eigenvalues that are made
ALIKE = 1e-9  # sums that differ by less, beside the fastest rate, are one


def sums_of_eigenvalues(eigenvalues: np.ndarray, most: float) -> np.ndarray:
    """Sums of eigenvalues of a drift with whole numbers of each, the spectrum of an Ornstein-Uhlenbeck generator.

    ``sum_i n_i mu_i`` with real parts from above 0 to `most`, the slowest few hundred, each complex pair once with the
    imaginary part that is not negative; complex, ascending in the real part.
    """
    sums = np.zeros(1, complex)
    for value in eigenvalues:
        counts = np.arange(min(math.floor(most / value.real) + 1, 2 * MOST))
        sums = (sums[:, None] + counts * value).ravel()
        sums = sums[sums.real <= most]
        sums = sums[np.argsort(sums.real, kind="stable")][: 2 * MOST]
    sums = sums.real + 1j * np.abs(sums.imag)
    rounded = np.round(sums / (ALIKE * most))
    _, first = np.unique(rounded, return_index=True)
    distinct = sums[np.sort(first)]
    return np.asarray(distinct[distinct.real > ALIKE * most][:MOST])
