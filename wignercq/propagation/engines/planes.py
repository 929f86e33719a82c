"""The engine of a W that stays a product: two problems of two variables instead of one of four.

Where nothing couples the particles and W begins as a product, ``W(q, p, x, y) = W_C(q, p) W_Q(x, y)`` at all times, and
the multiplier of every stage is a product as well. That of a kick has an exponent ``f(q, r) + g(x, s)``: f is what
it is at any x and s = 0, g what it is at any q and r = 0. So a kick is known from its rows (q, x) on a cross, and a
pass goes through ``nq np + nx ny`` cells in place of the product of all four.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from wignercq.grid.grid import Grid
from wignercq.grid.integration import fold_power
from wignercq.grid.interpolation import interpolations
from wignercq.propagation.engines.base import FAINT, SYMBOL_BYTES, Deviation, Engine
from wignercq.propagation.engines.blas import single_threaded
from wignercq.propagation.engines.compiled_step import Boundary, Leg
from wignercq.propagation.engines.multipliers import BathFlow, Kick, Push, QuantumFlow, Shear, clipped_exponential

UNITS = 1000  # of rounding of the maximum: a field that is as close to a product is one
BOUNDARIES = 20  # between two looks at W, in round numbers
MATRICES = 4  # along p: of friction, one for each distinct transport stage, and one of a step on the fly
PLANES_OF_PAIRS = 4  # times the marginals of all pairs of variables: of two looks, and the energies


class Planes(NamedTuple):
    """W_C(q, p) and W_Q(x, y), arrays that nobody changes in place; multipliers on them as well."""

    classical: np.ndarray
    quantum: np.ndarray


class Shears(NamedTuple):
    """Multipliers in (k_q, p), or None, and in (k_x, y)."""

    q: np.ndarray | None
    x: np.ndarray


class PlanesEngine(Engine):
    """W as two planes, (q, p) and (x, y), for models without coupling."""

    temporaries = 6  # planes like those of W

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """A cross: all q at the middle x, then all x at the middle q."""
        q, x = self.grid.q.values, self.grid.x.values
        middle_q, middle_x = np.full(x.size, q[q.size // 2]), np.full(q.size, x[x.size // 2])
        return np.concatenate([q, middle_q]), np.concatenate([middle_x, x])

    @classmethod
    def cells(cls, grid: Grid) -> int:
        return grid.q.points * grid.p.points + grid.x.points * grid.y.points

    @classmethod
    def memory(cls, grid: Grid, dtype: np.dtype | type, *, tables: int) -> float:
        """Bytes of a run as for other engines, of planes; beside them matrices along an axis, marginals and rows."""
        n_q, n_p, n_x, n_y = grid.shape
        fields = (2 + cls.temporaries + tables * (1 + 2 / min(n_p, n_y))) * cls.cells(grid) * np.dtype(dtype).itemsize
        pairs = (sum(grid.shape) ** 2 - sum(n * n for n in grid.shape)) // 2
        matrices = MATRICES * n_p**2 + 2 * max(grid.shape) ** 2
        numbers = PLANES_OF_PAIRS * pairs + BOUNDARIES * n_q * n_x + matrices
        return 1.1 * fields + 8 * numbers + SYMBOL_BYTES * (n_q + n_x) * (n_y // 2 + 1)

    # W

    def fill(self, write: Callable[[int, np.ndarray], None]) -> Planes:
        """A new W of slabs that are those of a product; ValueError where they are not."""
        slab, top, place = np.empty(self.grid.shape[1:]), 0.0, (0, 0)
        classical, quantum = np.empty(self.grid.shape[:2]), np.zeros(self.grid.shape[2:])
        for i in range(self.grid.q.points):
            write(i, slab)
            if (highest := float(np.abs(slab).max())) > top:
                j, k, m = np.unravel_index(np.abs(slab).argmax(), slab.shape)
                top, place, quantum = highest, (int(k), int(m)), slab[j] / slab[j, k, m]
        for i, line in enumerate(classical):
            write(i, slab)
            line[...] = slab[:, *place]
            if not np.abs(slab - line[:, None, None] * quantum).max() <= UNITS * np.finfo(self.dtype).eps * top:
                raise ValueError("W: expected a function of (q, p) times one of (x, y)")
        return self.product(classical, quantum)

    def product(self, classical: np.ndarray, quantum: np.ndarray) -> Planes:
        return Planes(classical.astype(self.dtype), quantum.astype(self.dtype))

    def empty(self) -> Planes:
        n_q, n_p, n_x, n_y = self.grid.shape
        return Planes(np.empty((n_q, n_p), self.dtype), np.empty((n_x, n_y), self.dtype))

    def copy(self, W: Planes) -> Planes:
        return Planes(*W)

    def divided(self, W: Planes, number: float) -> Planes:
        return Planes(W.classical / self.dtype.type(number), W.quantum)

    def transferred(self, W: Planes, target: Engine) -> Planes:
        assert isinstance(target, PlanesEngine)
        self.interruption.look()
        along_q, along_p, along_x, along_y = interpolations(self.grid, target.grid)
        with single_threaded():
            return target.product(along_q @ W.classical @ along_p.T, along_x @ W.quantum @ along_y.T)

    def slabs(self, W: Planes) -> Iterator[np.ndarray]:
        for line in W.classical:
            yield line[:, None, None] * W.quantum

    def array(self, W: Planes) -> np.ndarray:
        return np.multiply.outer(W.classical, W.quantum)

    # W in a file

    @classmethod
    def stored_shapes(cls, grid: Grid) -> dict[str, tuple[int, ...]]:
        return {"W_qp": grid.shape[:2], "W_xy": grid.shape[2:]}

    def stored(self, W: Planes) -> dict[str, Iterable[np.ndarray]]:
        return {"W_qp": W.classical, "W_xy": W.quantum}

    def restored(self, arrays: Mapping[str, np.ndarray]) -> Planes:
        return self.product(arrays["W_qp"], arrays["W_xy"])

    # what is read off W

    def integral(self, W: Planes) -> float:
        return float(W.classical.sum(dtype=float) * W.quantum.sum(dtype=float)) * self.grid.cell

    def marginals(self, W: Planes) -> tuple[dict[tuple[str, str], np.ndarray], float]:
        q, p, x, y = (axis.spacing for axis in self.grid)
        qp, xy = (np.asarray(plane, float) for plane in W)
        of_q, of_p = qp.sum(axis=1) * p, qp.sum(axis=0) * q
        of_x, of_y = xy.sum(axis=1) * y, xy.sum(axis=0) * x
        planes = {
            ("q", "p"): qp * (xy.sum() * x * y),
            ("q", "x"): np.outer(of_q, of_x),
            ("q", "y"): np.outer(of_q, of_y),
            ("p", "x"): np.outer(of_p, of_x),
            ("p", "y"): np.outer(of_p, of_y),
            ("x", "y"): xy * (qp.sum() * q * p),
        }
        return planes, float(np.abs(qp).sum() * np.abs(xy).sum()) * self.grid.cell

    def spectral_power(self, W: Planes) -> list[np.ndarray]:
        powers = []
        for plane, axis in ((W.classical[:, ::2], 0), (W.classical[::2], 1), (W.quantum, 0), (W.quantum, 1)):
            power = fold_power(np.sum(np.abs(np.fft.fft(plane, axis=axis)) ** 2, axis=1 - axis, dtype=float))
            powers.append(power / power.sum())
        return powers

    def thinned(self, W: Planes) -> Planes:
        return Planes(*(plane[::2, ::2].copy() for plane in W))

    def deviation(self, weights: Sequence[float], fields: Sequence[Planes]) -> Deviation:
        """Without a field of four variables; inside is where neither plane is below FAINT.

        With u the last field and d the weighted sum, the sum of products is ``u_C d_Q + d_C u_Q`` and, of second order
        in differences, what for two fields is ``d_C d_Q``. As a function of the point (u_C, d_C) this is linear, and
        so it is of (u_Q, d_Q): its modulus is largest at corners of the convex hulls of both sets.
        """
        largest = np.prod([np.abs(plane).max() for plane in fields[-1]], dtype=float)
        found = []
        for faint in (FAINT, 0.0):
            corners = [_corners(weights, planes, faint) for planes in zip(*fields, strict=True)]
            pairs = zip(weights, *corners, strict=True)
            total = sum((weight * np.outer(classical, quantum) for weight, classical, quantum in pairs), np.zeros(1))
            found.append(float(np.abs(total).max() / largest))
        return Deviation(*found)

    def lines(self, field: Planes) -> list[np.ndarray]:
        classical, quantum = field
        of_one = [plane.sum(axis=1 - axis) for plane in field for axis in (0, 1)]
        return [line * other for line, other in zip(of_one, [quantum.sum()] * 2 + [classical.sum()] * 2, strict=True)]

    # multipliers

    def compile_shear(self, shear: Shear) -> Shears:
        half = self.grid.q.points // 2 + 1
        q = None if shear.q is None else shear.q[:half].astype(self.complex_dtype)
        return Shears(q, shear.x.astype(self.complex_dtype))

    def compile_bath(self, flow: BathFlow) -> tuple[np.ndarray, np.ndarray]:
        return flow.shear.astype(self.complex_dtype), flow.matrix.T.astype(self.dtype)

    def compile_quantum(self, flow: QuantumFlow) -> tuple[np.ndarray, np.ndarray | None]:
        return flow.matrix.T.astype(self.dtype), None if flow.shear is None else flow.shear.astype(self.complex_dtype)

    def compile_kick(self, kick: Kick, *, times: int = 1) -> Planes:
        n_q, n_p, _, n_y = self.grid.shape
        classical = kick.rows(0, n_q, columns=1)[:, : n_p // 2 + 1, 0]
        quantum = clipped_exponential(kick.coefficients[:, n_q:], np.zeros(1))
        if n_y % 2 == 0:
            quantum[:, -1] = quantum[:, -1].real
        return Planes(classical.astype(self.complex_dtype), quantum.astype(self.complex_dtype))

    # passes

    def transport(self, W: Planes, shear: Shears) -> Planes:
        self.interruption.look()
        classical = W.classical if shear.q is None else _multiplied(W.classical, shear.q, axis=0)
        return Planes(classical, _multiplied(W.quantum, shear.x, axis=0))

    def bath(self, W: Planes, flow: tuple[np.ndarray, np.ndarray]) -> Planes:
        shear, matrix = flow
        spectrum = np.fft.rfft(W.classical, axis=0) * shear
        with single_threaded():
            spectrum = (spectrum @ matrix) * shear
        return Planes(np.fft.irfft(spectrum, n=len(W.classical), axis=0), W.quantum)

    def quantum(self, W: Planes, flow: tuple[np.ndarray, np.ndarray | None]) -> Planes:
        matrix, shear = flow
        with single_threaded():
            moved = W.quantum @ matrix
        return Planes(W.classical, moved if shear is None else _multiplied(moved, shear, axis=0))

    def momentum(
        self,
        W: Planes,
        kick: Kick | Planes,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
        push: Push | None = None,
        into: Planes | None = None,
    ) -> Planes:
        kicked, spectrum = self._kicked(W, kick, times, contraction, push)
        if column is not None:
            density = W.quantum.sum(axis=1)
            column[...] = (self._whole(spectrum)[:, None] * density[:, None]).reshape(column.shape)
        return kicked

    def _kicked(
        self, W: Planes, kick: Kick | Planes, times: int, contraction: np.ndarray | None, push: Push | None
    ) -> tuple[Planes, np.ndarray]:
        """W after a kick, and the transform of (q, p) along p before it, shape (nq, np // 2 + 1)."""
        self.interruption.look()
        table = self.compile_kick(kick) if isinstance(kick, Kick) else kick
        classical = W.classical
        if contraction is not None:
            with single_threaded():
                classical = classical @ contraction.T.astype(self.dtype)
        spectrum, of_xy = np.fft.rfft(classical, axis=1), table.quantum**times
        if push is not None:
            of_p, of_y = push.factors(self.grid)
            spectrum, of_xy = spectrum * of_p[: spectrum.shape[1]], of_xy * of_y
        kicked = spectrum * table.classical**times
        quantum = _multiplied(W.quantum, of_xy, axis=1)
        return Planes(np.fft.irfft(kicked, n=classical.shape[1], axis=1), quantum), spectrum

    def cross(self, W: Planes, leg: Leg, closing_column: np.ndarray) -> tuple[Planes, Boundary]:
        """As with other engines; the marginal of x is that before the kick as well as after it."""
        density_x = W.quantum.sum(axis=1, dtype=float)
        W, spectrum = self._kicked(W, leg.kick, 2, leg.contraction, leg.push)
        column = self._whole(spectrum) * closing_column[: len(spectrum)]
        return W, Boundary(column.sum(axis=0) * density_x.sum(), np.outer(column[:, 0].real, density_x))

    def _whole(self, half: np.ndarray) -> np.ndarray:
        """A transform of real lines along p at all frequencies, from that at frequencies >= 0."""
        negative = half[:, 1 : (self.grid.p.points + 1) // 2]
        return np.concatenate([half, negative[:, ::-1].conj()], axis=1)


def _multiplied(plane: np.ndarray, multiplier: np.ndarray, axis: int) -> np.ndarray:
    """F^-1 [multiplier * F plane], F transforming one axis."""
    result: np.ndarray = np.fft.irfft(np.fft.rfft(plane, axis=axis) * multiplier, n=plane.shape[axis], axis=axis)
    return result


def _corners(weights: Sequence[float], planes: Sequence[np.ndarray], faint: float) -> np.ndarray:
    """Values of planes where a linear function of the last and the weighted sum can have its largest modulus."""
    from scipy.spatial import ConvexHull, QhullError

    if not all(np.isfinite(plane).all() for plane in planes):
        return np.full((len(planes), 1), np.nan)
    size = np.abs(planes[-1])
    values = np.array([plane[size >= faint * size.max()] for plane in planes], float)
    points = np.stack([values[-1], np.asarray(weights) @ values])
    sizes = np.abs(points).max(axis=1)
    scaled = points / np.where(sizes > 0, sizes, 1.0)[:, None]
    try:
        corners = ConvexHull(np.concatenate([scaled, -scaled], axis=1).T).vertices % scaled.shape[1]
    except QhullError:  # all of them are on a line through zero
        corners = np.abs(scaled).argmax(axis=1)
    return values[:, corners]
