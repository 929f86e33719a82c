"""What is kept of trajectories: sums over them, from which every mean and its error follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from wignercq.unravelling.statistics import Statistics


@dataclass(eq=False)
class Gathered:
    """Sums over the trajectories of some blocks.

    Parameters
    ----------
    statistics : Statistics
        Of the numbers of every trajectory, at T outputs.
    rho : ndarray, shape (F, nx, nx), complex
        Sum of ``psi(x) psi*(x')`` at F frames.
    density_qp, density_qx, density_py : ndarray, shape (F, bins, ...)
        Numbers of trajectories in each bin of (q, p); sums of |psi(x)|**2 over those in each bin of q, and of
        |psi(y)|**2 over those in each bin of p.
    purity : ndarray, shape (blocks, T)
        Of the reduced state, from the trajectories of each block alone, without their overlaps with themselves.
    single : ndarray, shape (T, K, kept)
        The numbers of those that are kept one by one.
    """

    statistics: Statistics
    rho: np.ndarray
    density_qp: np.ndarray
    density_qx: np.ndarray
    density_py: np.ndarray
    purity: np.ndarray
    single: np.ndarray
    blocks: int = field(default=1)

    def add(self, other: Gathered) -> None:
        """Those of further blocks, which came after."""
        self.statistics.add(other.statistics)
        for name in ("rho", "density_qp", "density_qx", "density_py"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.purity = np.concatenate([self.purity, other.purity])
        self.blocks += other.blocks
