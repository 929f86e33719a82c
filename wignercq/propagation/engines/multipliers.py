"""What the transforms of W are multiplied by in the stages of a step, before an engine gives it its own form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wignercq.grid.grid import Grid


@dataclass(frozen=True, eq=False)
class Shear:
    """exp(-i [k_q p a + k_x y b]), the multiplier of a transport stage, as a product of two small tables.

    Parameters
    ----------
    q : np.ndarray or None
        exp(-i k_q p a), shape (nq, np), FFT order in k_q. None leaves q alone. Of shape (nq, np, nx // 2 + 1) it may
        depend on k_x as well.
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


@dataclass(frozen=True)
class Push:
    """A displacement of p and y, exp(-i [r p + s y]) in (r, s): what a force does that is the same everywhere."""

    p: float
    y: float

    def factors(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """Of r, shape (np,), and of s >= 0, shape (ny // 2 + 1,); at Nyquist frequencies the mean over both signs."""
        of_p, of_y = np.exp(-1j * grid.p.frequencies * self.p), np.exp(-1j * grid.y.half_frequencies * self.y)
        for factor, points in ((of_p, grid.p.points), (of_y, grid.y.points)):
            if points % 2 == 0:
                factor[points // 2] = factor[points // 2].real
        return of_p, of_y


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
class Dissipation:
    """What happens to (p, x, y) at rest in q: contractions, noise of p and x together; and another shear after it.

    Parameters
    ----------
    matrices : tuple of np.ndarray
        Contractions of p, x and y about 0, real, shapes (np, np), (nx, nx), (ny, ny).
    noise : np.ndarray
        Multiplier in (k_x, r), real, shape (nx, np // 2 + 1), FFT order in k_x.
    shifts : np.ndarray
        exp(-i k_x b(q)), shape (nq, nx), FFT order.
    after : Shear
    """

    matrices: tuple[np.ndarray, np.ndarray, np.ndarray]
    noise: np.ndarray
    shifts: np.ndarray
    after: Shear

    def of_type(self, dtype: np.dtype) -> tuple[np.ndarray, ...]:
        """The matrices in a precision."""
        return tuple(matrix.astype(dtype) for matrix in self.matrices)


class DissipationTables(NamedTuple):
    """The same in an engine's own form; `after` is what compile_shear returned."""

    matrices: tuple[np.ndarray, ...]
    noise: np.ndarray
    shifts: np.ndarray
    after: Any


@dataclass(frozen=True, eq=False)
class Kick:
    """exp(c_0 + c_1 r + c_2 r**2 + ...), the multiplier of a momentum stage, evaluated row by row.

    A row is one (q, x) pair, of those in :attr:`Engine.rows`. At the Nyquist frequencies the mean over both signs is
    taken, so that the multiplier maps real arrays to real arrays and neighbouring stages fuse without loss. The real
    part of the exponent is clipped at zero: with the commutator it can turn positive in corners where W vanishes.
    Where noise of p in the transport stages makes up for it, up to ``growth * r**2`` is let through.

    Parameters
    ----------
    coefficients : np.ndarray
        c_0, c_1, c_2 and higher ones if any, complex, shape (3 or more, rows, ns).
    """

    coefficients: np.ndarray
    grid: Grid
    growth: float = 0.0

    def rows(self, start: int, stop: int | None, columns: int | None = None) -> np.ndarray:
        """Multipliers of the rows [start, stop) at the first `columns` frequencies s, shape (rows, np, columns)."""
        c = self.coefficients[:, start:stop, None, :columns]
        r = self.grid.p.frequencies[:, None]
        values = _on_frequencies(c[:, :, 0], r, self.growth)
        n_p, n_y = self.grid.p.points, self.grid.y.points
        if n_p % 2 == 0:
            mirrored = clipped_exponential(c, -r[n_p // 2 : n_p // 2 + 1], self.growth)
            values[:, n_p // 2] = (values[:, n_p // 2] + mirrored[:, 0]) / 2
        if n_y % 2 == 0 and columns is None:
            last = values[:, :, -1]
            opposite = last[:, -np.arange(n_p) % n_p]
            values[:, :, -1] = (last + opposite.conj()) / 2
        return values


def clipped_exponential(c: np.ndarray, r: np.ndarray, allowed: float = 0.0) -> np.ndarray:
    """exp(c_0 + c_1 r + c_2 r**2 + ...), the real part of the exponent clipped at ``allowed * r**2``."""
    growth, angle = c[-1].real, c[-1].imag
    for power in c[-2::-1]:
        growth, angle = power.real + r * growth, power.imag + r * angle
    growth = np.minimum(growth, allowed * r**2 if allowed else 0)
    values = np.empty(angle.shape, complex)
    magnitude = np.exp(growth)
    np.multiply(magnitude, np.cos(angle), out=values.real)
    np.multiply(magnitude, np.sin(angle), out=values.imag)
    return values


def _on_frequencies(c: np.ndarray, r: np.ndarray, allowed: float = 0.0) -> np.ndarray:
    """:func:`clipped_exponential` at all frequencies r of an axis in FFT order, shape (rows, frequencies, columns).

    They are multiples of one frequency, and so phases that are linear in r are powers: cosines take longer.
    """
    if len(c) > 3 or c[2].imag.any():
        return clipped_exponential(c[:, :, None], r, allowed)
    values = np.empty((c.shape[1], len(r), c.shape[2]), complex)
    positive = (len(r) + 1) // 2
    start, turn = np.exp(1j * c[0].imag), np.exp(1j * c[1].imag * r[1])
    _fill_powers(values[:, :positive], start, turn)
    _fill_powers(values[:, : positive - 1 : -1], start * turn.conj(), turn.conj())
    growth = c[2, :, None].real * r
    growth += c[1, :, None].real
    growth *= r
    growth += c[0, :, None].real
    np.minimum(growth, allowed * r**2 if allowed else 0, out=growth)
    np.exp(growth, out=growth)
    values.real *= growth
    values.imag *= growth
    return values


def _fill_powers(out: np.ndarray, start: np.ndarray, ratio: np.ndarray) -> None:
    """Write ``start * ratio**k`` into ``out[:, k]``, doubling what is there."""
    out[:, 0], done = start, 1
    while done < out.shape[1]:
        more = min(done, out.shape[1] - done)
        np.multiply(out[:, :more], ratio[:, None], out=out[:, done : done + more])
        done, ratio = done + more, ratio * ratio
