"""What the transforms of W are multiplied by in the stages of a step, before an engine gives it its own form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wignercq.grid.grid import Grid


@dataclass(frozen=True, eq=False)
class Shear:
    """exp(-i [k_q p a + k_x y b]), the multiplier of a transport stage, as a product of two small tables.

    Parameters
    ----------
    q : np.ndarray or None
        exp(-i k_q p a), shape (nq, np), FFT order in k_q. None leaves q alone.
    x : np.ndarray
        exp(-i k_x y b), shape (nx // 2 + 1, ny).
    """

    q: np.ndarray | None
    x: np.ndarray


@dataclass(frozen=True, eq=False)
class BathFlow:
    """Free motion of q, friction and noise of p as one flow: a shear of q, a matrix along p, the same shear again.

    Parameters
    ----------
    shear : np.ndarray
        Multiplier in (k_q, p), shape (nq // 2 + 1, np).
    matrix : np.ndarray
        Real, shape (np, np).
    """

    shear: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True, eq=False)
class QuantumFlow:
    """Friction and noise of (x, y), after the shear of x: a matrix along y, then another shear of x.

    Parameters
    ----------
    matrix : np.ndarray
        Real, shape (ny, ny).
    shear : np.ndarray or None
        Multiplier in (k_x, y), shape (nx // 2 + 1, ny); None leaves x alone.
    """

    matrix: np.ndarray
    shear: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Kick:
    """exp(c_0 + c_1 r + c_2 r**2 + ...), the multiplier of a momentum stage, evaluated row by row.

    A row is one (q, x) pair, of those in :attr:`Engine.rows`. At the Nyquist frequencies the mean over both signs is
    taken, so that the multiplier maps real arrays to real arrays and neighbouring stages fuse without loss. The real
    part of the exponent is clipped at zero: with the commutator it can turn positive in corners where W vanishes.

    Parameters
    ----------
    coefficients : np.ndarray
        c_0, c_1, c_2 and higher ones if any, complex, shape (3 or more, rows, ns).
    """

    coefficients: np.ndarray
    grid: Grid

    def rows(self, start: int, stop: int | None, columns: int | None = None) -> np.ndarray:
        """Multipliers of the rows [start, stop) at the first `columns` frequencies s, shape (rows, np, columns)."""
        c = self.coefficients[:, start:stop, None, :columns]
        r = self.grid.p.frequencies[:, None]
        values = clipped_exponential(c, r)
        n_p, n_y = self.grid.p.points, self.grid.y.points
        if n_p % 2 == 0:
            mirrored = clipped_exponential(c, -r[n_p // 2 : n_p // 2 + 1])
            values[:, n_p // 2] = (values[:, n_p // 2] + mirrored[:, 0]) / 2
        if n_y % 2 == 0 and columns is None:
            last = values[:, :, -1]
            opposite = last[:, -np.arange(n_p) % n_p]
            values[:, :, -1] = (last + opposite.conj()) / 2
        return values


def clipped_exponential(c: np.ndarray, r: np.ndarray) -> np.ndarray:
    """exp(c_0 + c_1 r + c_2 r**2 + ...), the real part of the exponent clipped at zero."""
    growth, angle = c[-1].real, c[-1].imag
    for power in c[-2::-1]:
        growth, angle = power.real + r * growth, power.imag + r * angle
    growth = np.minimum(growth, 0)
    values = np.empty(angle.shape, complex)
    magnitude = np.exp(growth)
    np.multiply(magnitude, np.cos(angle), out=values.real)
    np.multiply(magnitude, np.sin(angle), out=values.imag)
    return values
