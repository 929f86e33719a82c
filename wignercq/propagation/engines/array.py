"""The reference engine: whole-array transforms with NumPy."""

from __future__ import annotations

import numpy as np

from wignercq.grid.integration import fold_power
from wignercq.propagation.engines.host import HostEngine
from wignercq.propagation.engines.multipliers import (
    BathFlow,
    Dissipation,
    DissipationTables,
    Kick,
    Push,
    QuantumFlow,
    Shear,
)


class ArrayEngine(HostEngine):
    """Whole-array transforms with ``numpy.fft``; simple, slow, and the judge of the other engines."""

    temporaries = 4

    def allocate(self) -> np.ndarray:
        return np.zeros(self.grid.shape, self.dtype)

    def compile_shear(self, shear: Shear) -> tuple[np.ndarray, np.ndarray]:
        q = np.ones((self.grid.q.points, self.grid.p.points)) if shear.q is None else shear.q
        q = q[:, :, None] if q.ndim == 2 else q
        return q[..., None].astype(self.complex_dtype), shear.x[None, None, :, :].astype(self.complex_dtype)

    def compile_bath(self, flow: BathFlow) -> tuple[np.ndarray, np.ndarray]:
        return flow.shear[:, :, None, None].astype(self.complex_dtype), flow.matrix.astype(self.dtype)

    def compile_quantum(self, flow: QuantumFlow) -> tuple[np.ndarray, np.ndarray | None]:
        shear = None if flow.shear is None else flow.shear[None, None].astype(self.complex_dtype)
        return flow.matrix.astype(self.dtype), shear

    def compile_kick(self, kick: Kick, *, times: int = 1) -> np.ndarray:
        n_q, n_p, n_x, _ = self.grid.shape
        table = kick.rows(0, n_q * n_x).reshape(n_q, n_x, n_p, -1)
        return np.moveaxis(table, 1, 2).astype(self.complex_dtype)

    def compile_dissipation(self, dissipation: Dissipation) -> DissipationTables:
        noise = dissipation.noise.T[:, :, None].astype(self.dtype)
        shifts = dissipation.shifts[:, None, :, None].astype(self.complex_dtype)
        return DissipationTables(dissipation.of_type(self.dtype), noise, shifts, self.compile_shear(dissipation.after))

    def dissipate(self, W: np.ndarray, tables: DissipationTables) -> np.ndarray:
        contracted = np.einsum("ap,bx,cy,qpxy->qabc", *tables.matrices, W, optimize=True)
        transformed = np.fft.rfftn(contracted, axes=(2, 1))
        transformed *= tables.noise
        transformed *= tables.shifts
        W[...] = np.fft.irfftn(transformed, s=(W.shape[2], W.shape[1]), axes=(2, 1))
        return W

    def transport(self, W: np.ndarray, shear: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        transformed = np.fft.rfftn(W, axes=(0, 2))
        transformed *= shear[0]
        transformed *= shear[1]
        W[...] = np.fft.irfftn(transformed, s=(W.shape[0], W.shape[2]), axes=(0, 2))
        return W

    def bath(self, W: np.ndarray, flow: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        shear, matrix = flow
        transformed = np.fft.rfft(W, axis=0)
        transformed *= shear
        transformed = np.einsum("ab,kbxy->kaxy", matrix, transformed)
        transformed *= shear
        W[...] = np.fft.irfft(transformed, n=W.shape[0], axis=0)
        return W

    def quantum(self, W: np.ndarray, flow: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
        matrix, shear = flow
        W[...] = np.einsum("ab,qpxb->qpxa", matrix, W)
        if shear is not None:
            W[...] = np.fft.irfft(np.fft.rfft(W, axis=2) * shear, n=W.shape[2], axis=2)
        return W

    def momentum(
        self,
        W: np.ndarray,
        kick: Kick | np.ndarray,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
        push: Push | None = None,
        into: np.ndarray | None = None,
    ) -> np.ndarray:
        table = self.compile_kick(kick) if isinstance(kick, Kick) else kick
        if contraction is not None:
            W[...] = np.einsum("ab,qbxy->qaxy", contraction.astype(self.dtype), W)
        transformed = np.fft.rfftn(W, axes=(1, 3))
        if push is not None:
            of_p, of_y = push.factors(self.grid)
            transformed *= of_p[:, None, None] * of_y
        if column is not None:
            column.reshape(W.shape[0], W.shape[2], W.shape[1])[...] = np.moveaxis(transformed[..., 0], 1, 2)
        for _ in range(times):
            transformed *= table
        result = W if into is None else into
        result[...] = np.fft.irfftn(transformed, s=(W.shape[1], W.shape[3]), axes=(1, 3))
        return result

    def spectral_power(self, W: np.ndarray) -> list[np.ndarray]:
        powers = []
        for axis in range(4):
            transformed = np.fft.fft(W[:, ::2] if axis in (0, 2) else W[::2], axis=axis)
            others = tuple(a for a in range(4) if a != axis)
            power = fold_power(np.asarray((abs(transformed) ** 2).sum(axis=others), float))
            powers.append(power / power.sum())
        return powers
