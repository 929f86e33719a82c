"""What an engine does: transform two axes of W, multiply, transform back.

Every array an engine hands out has the public axis order ``[q, p, x, y]``; how it lies in memory is the engine's
business. The position pass works in (k_q, p, k_x, y), the momentum pass in (q, r, x, s).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from wignercq.grid.grid import Grid


@dataclass(frozen=True, eq=False)
class Shear:
    """exp(-i [k_q p a + k_x y b]), the multiplier of a transport stage, as a product of two small tables.

    Parameters
    ----------
    q : np.ndarray
        exp(-i k_q p a), shape (nq, np), FFT order in k_q.
    x : np.ndarray
        exp(-i k_x y b), shape (nx // 2 + 1, ny).
    """

    q: np.ndarray
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class Kick:
    """exp(c_0 + c_1 r + c_2 r**2), the multiplier of a momentum stage, evaluated row by row.

    A row is one (q, x) pair, q slowest. At the Nyquist frequencies the mean over both signs is taken, so that the
    multiplier maps real arrays to real arrays and neighbouring stages fuse without loss. The real part of the
    exponent is clipped at zero: with the commutator it can turn positive in corners where W vanishes.

    Parameters
    ----------
    coefficients : np.ndarray
        c_0, c_1, c_2, complex, shape (3, nq * nx, ns).
    grid : Grid
    """

    coefficients: np.ndarray
    grid: Grid

    def rows(self, start: int, stop: int, columns: int | None = None) -> np.ndarray:
        """Multipliers of the rows [start, stop) at the first `columns` frequencies s, shape (rows, np, columns)."""
        c = self.coefficients[:, start:stop, None, :columns]
        r = self.grid.p.frequencies[:, None]
        values = _clipped_exponential(c, r)
        n_p, n_y = self.grid.p.points, self.grid.y.points
        if n_p % 2 == 0:
            mirrored = _clipped_exponential(c, -r[n_p // 2 : n_p // 2 + 1])
            values[:, n_p // 2] = (values[:, n_p // 2] + mirrored[:, 0]) / 2
        if n_y % 2 == 0 and columns is None:
            last = values[:, :, -1]
            opposite = last[:, -np.arange(n_p) % n_p]
            values[:, :, -1] = (last + opposite.conj()) / 2
        return values


def _clipped_exponential(c: np.ndarray, r: np.ndarray) -> np.ndarray:
    growth = np.minimum(c[0].real + r * (c[1].real + r * c[2].real), 0)
    angle = c[0].imag + r * (c[1].imag + r * c[2].imag)
    values = np.empty(angle.shape, complex)
    magnitude = np.exp(growth)
    np.multiply(magnitude, np.cos(angle), out=values.real)
    np.multiply(magnitude, np.sin(angle), out=values.imag)
    return values


class Engine(ABC):
    """Carries out transport and momentum stages on one grid.

    Parameters
    ----------
    grid : Grid
    dtype : np.dtype
        float64 or float32, the precision of W; tables are always built in float64.
    """

    def __init__(self, grid: Grid, dtype: np.dtype | type) -> None:
        self.grid = grid
        self.dtype = np.dtype(dtype)
        self.complex_dtype = np.result_type(self.dtype, np.complex64)

    @abstractmethod
    def allocate(self) -> Any:
        """A zero W of shape `grid.shape` in the layout this engine works on."""

    @abstractmethod
    def compile_shear(self, shear: Shear) -> Any:
        """The multiplier of a transport stage in the engine's own form."""

    @abstractmethod
    def compile_kick(self, kick: Kick, *, times: int = 1) -> Any:
        """The multiplier of a momentum stage as a stored table, mostly to be applied so many times in one pass."""

    @abstractmethod
    def transport(self, W: Any, shear: Any) -> None:
        """W <- F^-1 [shear * F W] in place, F transforming q and x."""

    @abstractmethod
    def momentum(
        self,
        W: Any,
        kick: Any,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
    ) -> None:
        """W <- F^-1 [kick**times * F (contraction W)] in place, F transforming p and y.

        Parameters
        ----------
        W : array
            From :meth:`allocate`.
        kick : Kick or what compile_kick returned
            A plain Kick is evaluated on the fly, without storing a table.
        times : int
            Two for a pair of fused neighbours.
        contraction : np.ndarray, optional
            Real matrix applied along p first, shape (np, np): friction.
        column : np.ndarray, optional
            Receives F (contraction W) at s = 0, complex, shape (nq * nx, np).
        """

    @abstractmethod
    def spectral_power(self, W: Any) -> list[np.ndarray]:
        """Share of sum |F W|**2 against |frequency|, from zero to Nyquist, for each of the axes q, p, x, y."""


def fold_power(power: np.ndarray) -> np.ndarray:
    """Add the power at -k to that at k: from FFT order, shape (n,), to shape (n // 2 + 1,)."""
    n = power.size
    folded = power[: n // 2 + 1].copy()
    negative = power[: n // 2 : -1]
    folded[1 : 1 + negative.size] += negative
    return folded
