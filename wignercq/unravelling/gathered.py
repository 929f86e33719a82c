"""What is kept of trajectories: sums over them, from which every mean and its error follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import xarray as xr

from wignercq.unravelling.statistics import PairStatistics, Statistics

#: The sums as variables of a file, and their dimensions.
SUMS: Mapping[str, tuple[str, ...]] = {
    "sums_mean": ("time", "number"),
    "sums_scatter": ("time", "number", "number2"),
    "sums_rho_real": ("frame", "x", "x2"),
    "sums_rho_imaginary": ("frame", "x", "x2"),
    "sums_qp": ("frame", "q", "p"),
    "sums_qx": ("frame", "q", "x"),
    "sums_py": ("frame", "p", "y"),
    "sums_purity": ("block", "time"),
    "sums_single": ("time", "number", "kept"),
}
#: Those of two-time functions, of all numbers at all outputs.
PAIR_SUMS: Mapping[str, tuple[str, ...]] = {
    "sums_pair_mean": ("record",),
    "sums_pair_first": ("record", "record2"),
    "sums_pair_mixed": ("record", "record2"),
    "sums_pair_second": ("record", "record2"),
}


@dataclass(eq=False)
class Gathered:
    """Sums over the trajectories of some blocks.

    Parameters
    ----------
    statistics : Statistics
        Of the numbers of every trajectory, at T outputs.
    rho : ndarray, shape (F, nx, nx), complex
        Sum of ``psi(x) psi*(x')`` at F frames.
    qp, qx, py : ndarray, shape (F, bins, ...)
        Numbers of trajectories in each bin of (q, p); sums of |psi(x)|**2 over those in each bin of q, and of
        |psi(y)|**2 over those in each bin of p.
    purity : ndarray, shape (blocks, T)
        Of the reduced state, from the trajectories of each block alone, without their overlaps with themselves.
    single : ndarray, shape (T, K, kept)
        The numbers of those that are kept one by one.
    pairs : PairStatistics or None
        Of numbers at all outputs, if two-time functions are wanted.
    """

    statistics: Statistics
    rho: np.ndarray
    qp: np.ndarray
    qx: np.ndarray
    py: np.ndarray
    purity: np.ndarray
    single: np.ndarray
    pairs: PairStatistics | None = None

    @property
    def blocks(self) -> int:
        """How many blocks they are."""
        return len(self.purity)

    def add(self, other: Gathered) -> None:
        """Those of further blocks, which came after."""
        self.statistics.add(other.statistics)
        for name in ("rho", "qp", "qx", "py"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.purity = np.concatenate([self.purity, other.purity])
        if self.pairs is not None and other.pairs is not None:
            self.pairs.add(other.pairs)

    def variables(self) -> dict[str, Any]:
        """As variables of a dataset."""
        of_all, rho = self.statistics, self.rho
        values = (of_all.mean, of_all.scatter, rho.real, rho.imag, self.qp, self.qx, self.py, self.purity, self.single)
        told = {name: (dimensions, value) for (name, dimensions), value in zip(SUMS.items(), values, strict=True)}
        if self.pairs is not None:
            own = (self.pairs.mean, self.pairs.first, self.pairs.mixed, self.pairs.second)
            told |= {name: (its, value) for (name, its), value in zip(PAIR_SUMS.items(), own, strict=True)}
        return told

    @classmethod
    def read(cls, dataset: xr.Dataset) -> Self:
        """From a dataset that has them."""
        sums = (dataset[name].values.copy() for name in SUMS)
        mean, scatter, real, imaginary, qp, qx, py, purity, single = sums
        count, pairs = int(dataset.attrs["trajectories"]), None
        if set(PAIR_SUMS) <= set(dataset.variables):
            pairs = PairStatistics(count, *(dataset[name].values.copy() for name in PAIR_SUMS))
        return cls(Statistics(count, mean, scatter), real + 1j * imaginary, qp, qx, py, purity, single, pairs)
