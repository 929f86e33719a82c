"""Units of a process's own, in which its numbers are of order one: what is judged or solved in them knows no others.

Every unit is a power of two, so that going there and back rounds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import matrix_balance

NOISE, FORCE = 1e-3, 1e-6  # weights beside the drift, which alone decides wherever it can


def power_of_two(size: float) -> float:
    """The power of two next to a positive number, on a logarithmic scale; 1 for anything else."""
    return float(np.exp2(np.round(np.log2(size)))) if 0 < size < np.inf else 1.0


@dataclass(frozen=True, eq=False)
class OwnProcess:
    """``dz = -(A z - f) dt + noise`` with z in units u and time in units 1/rate.

    The drift A_ij is in units ``rate u_i/u_j``, the noise B_ij in ``rate u_i u_j`` and the force f_i in ``rate u_i``.
    """

    units: np.ndarray  # (n,)
    rate: float
    drift: np.ndarray
    diffusion: np.ndarray
    force: np.ndarray

    @classmethod
    def of(cls, drift: np.ndarray, diffusion: np.ndarray, force: np.ndarray) -> OwnProcess:
        """The units in which the drift is balanced and the rest, where it is free to, is of order one.

        Least squares for the logarithms of u and of the rate bring all numbers as near to one as they get, whatever
        the units they came in; balancing then makes the rows of the drift as large as its columns. Numbers so far apart
        that this is beyond floats stay as they are.
        """
        with np.errstate(all="ignore"):
            own = cls._in(np.exp2(np.round(_least_squares(drift, diffusion, force))), drift, diffusion, force)
            good = all(np.isfinite(values).all() for values in (own.products, own.ratios, *own._numbers))
        return own if good else cls(np.ones(len(force)), 1.0, drift, diffusion, force)

    @classmethod
    def _in(cls, units: np.ndarray, drift: np.ndarray, diffusion: np.ndarray, force: np.ndarray) -> OwnProcess:
        balanced = drift / units[:, None] * units
        if np.isfinite(balanced).all():
            _, (balance, _) = matrix_balance(balanced, permute=False, separate=True)
            units, balanced = units * balance, balanced / balance[:, None] * balance
        noise = np.abs(np.diag(diffusion)) / units**2
        rate = power_of_two(float(np.abs(balanced).max(initial=0.0)))
        units = units * power_of_two(float(np.sqrt(noise.max(initial=0.0) / rate)))
        return cls(units, rate, balanced / rate, diffusion / units[:, None] / units / rate, force / units / rate)

    @property
    def _numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.drift, self.diffusion, self.force

    @property
    def products(self) -> np.ndarray:
        """``u_i u_j``, the units of covariances."""
        return self.units[:, None] * self.units

    @property
    def ratios(self) -> np.ndarray:
        """``u_i/u_j``, the units of the flow."""
        return self.units[:, None] / self.units


def _least_squares(drift: np.ndarray, diffusion: np.ndarray, force: np.ndarray) -> np.ndarray:
    """Binary logarithms of the units, shape (n,)."""
    n = len(force)
    rows, sizes = [np.zeros(n + 1)], [0.0]

    def ask(value: float, weight: float, *, of: Iterable[int], over: Iterable[int] = ()) -> None:
        if value:
            row = np.zeros(n + 1)
            row[-1] = weight
            for i in of:
                row[i] += weight
            for j in over:
                row[j] -= weight
            rows.append(row)
            sizes.append(weight * float(np.log2(abs(value))))

    for i in range(n):
        for j in range(n):
            ask(drift[i, j], 1.0, of=[i], over=[j])
        ask(diffusion[i, i], NOISE, of=[i, i])
        ask(force[i], FORCE, of=[i])
    logs = np.linalg.lstsq(np.array(rows), np.array(sizes), rcond=1e-10)[0][:n]
    return logs - logs.mean() if n else logs


def in_widths(matrix: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Deviations ``sqrt(|S_ii|)`` (..., n), 1 for 0, and S in units of them, (..., n, n); 1 or -1 on its diagonal."""
    array = np.asarray(matrix, dtype=float)
    widths = np.sqrt(np.abs(np.diagonal(array, axis1=-2, axis2=-1)))
    widths = np.where(widths > 0, widths, 1.0)
    return widths, array / widths[..., :, None] / widths[..., None, :]
