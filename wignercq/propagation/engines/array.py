"""The reference engine: whole-array transforms, written against NumPy's interface alone."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from wignercq.grid.grid import Grid
from wignercq.propagation.engines.base import Engine, Kick, Shear, fold_power


class ArrayEngine(Engine):
    """Whole-array transforms with ``xp.fft``; simple, slow, and the judge of the tiled engine.

    Parameters
    ----------
    grid : Grid
    dtype : np.dtype
    xp : module
        NumPy, or a module with its interface; only NumPy is tested.
    """

    def __init__(self, grid: Grid, dtype: np.dtype | type = float, *, xp: ModuleType = np) -> None:
        super().__init__(grid, dtype)
        self.xp = xp

    def allocate(self) -> Any:
        return self.xp.zeros(self.grid.shape, self.dtype)

    def compile_shear(self, shear: Shear) -> Any:
        convert = self.xp.asarray
        return (
            convert(shear.q[:, :, None, None], dtype=self.complex_dtype),
            convert(shear.x[None, None, :, :], dtype=self.complex_dtype),
        )

    def compile_kick(self, kick: Kick, *, times: int = 1) -> Any:
        n_q, n_p, n_x, _ = self.grid.shape
        table = kick.rows(0, n_q * n_x).reshape(n_q, n_x, n_p, -1)
        return self.xp.asarray(np.moveaxis(table, 1, 2), dtype=self.complex_dtype)

    def transport(self, W: Any, shear: Any) -> None:
        transformed = self.xp.fft.rfftn(W, axes=(0, 2))
        transformed *= shear[0]
        transformed *= shear[1]
        W[...] = self.xp.fft.irfftn(transformed, s=(W.shape[0], W.shape[2]), axes=(0, 2))

    def momentum(
        self,
        W: Any,
        kick: Any,
        *,
        times: int = 1,
        contraction: np.ndarray | None = None,
        column: np.ndarray | None = None,
    ) -> None:
        table = self.compile_kick(kick) if isinstance(kick, Kick) else kick
        if contraction is not None:
            W[...] = self.xp.einsum("ab,qbxy->qaxy", self.xp.asarray(contraction, dtype=self.dtype), W)
        transformed = self.xp.fft.rfftn(W, axes=(1, 3))
        if column is not None:
            column.reshape(W.shape[0], W.shape[2], W.shape[1])[...] = self.xp.moveaxis(transformed[..., 0], 1, 2)
        for _ in range(times):
            transformed *= table
        W[...] = self.xp.fft.irfftn(transformed, s=(W.shape[1], W.shape[3]), axes=(1, 3))

    def spectral_power(self, W: Any) -> list[np.ndarray]:
        powers = []
        for axis in range(4):
            transformed = self.xp.fft.fft(W, axis=axis)
            others = tuple(a for a in range(4) if a != axis)
            power = fold_power(np.asarray((abs(transformed) ** 2).sum(axis=others), float))
            powers.append(power / power.sum())
        return powers
