"""Is W still resolved? Edge mass and spectral tail of every axis, the norm, and finiteness; watched, never repaired."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from wignercq.errors import ResolutionError, ResolutionWarning, warn
from wignercq.grid.grid import NAMES, Axis
from wignercq.observables.marginals import Marginals

EDGE_BAND = 1 / 16  # share of an axis, at each end, that counts as edge
TAIL_BAND = 1 / 8  # share of the frequencies, next to Nyquist, that counts as tail
ERROR_LEVEL = 1e-2
NORM_ERROR_LEVEL = 1e-3
ENERGY_MARGIN = 10.0  # energies may be off by this many times the relative error of W


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen of W at one moment."""

    marginals: Marginals
    ends: np.ndarray  # mass near the lower and upper end of each axis, shape (4, 2)
    tail: np.ndarray  # spectral tail of each axis, shape (4,)

    @classmethod
    def of(cls, marginals: Marginals, powers: list[np.ndarray]) -> Look:
        """From the marginals of W and its spectral power along each axis."""
        return cls(marginals, mass_at_all_ends(marginals), spectral_tail(powers))

    @property
    def edge(self) -> np.ndarray:
        """Mass near both ends of each axis, shape (4,)."""
        return self.ends.sum(axis=1)


def mass_at_ends(axis: Axis, density: np.ndarray) -> np.ndarray:
    """Integral of the modulus of a one-variable density over the outer sixteenths of its axis, lower and upper."""
    band = max(1, round(axis.points * EDGE_BAND))
    size = np.abs(density)
    return np.array([size[:band].sum(), size[-band:].sum()]) * axis.spacing


def mass_at_all_ends(marginals: Marginals) -> np.ndarray:
    """:func:`mass_at_ends` of the axes q, p, x, y, shape (4, 2)."""
    return np.array([mass_at_ends(axis, line) for axis, line in zip(marginals.grid, marginals.lines, strict=True)])


def spectral_tail(powers: list[np.ndarray]) -> np.ndarray:
    """Root of the share of the spectral power of W in the top eighth of the frequencies of each axis, shape (4,)."""
    return np.array([np.sqrt(p[int(np.ceil((1 - TAIL_BAND) * (p.size - 1))) :].sum()) for p in powers])


@dataclass(eq=False)
class Watch:
    """Warns once per axis and quantity above `warning_level`; above the error level it raises ResolutionError.

    With `stops` False it warns once more instead, and keeps what it saw first in `unresolved`.
    """

    warning_level: float  # edge mass or spectral tail worth a warning; the tolerance of the run is a good choice
    stops: bool = True
    unresolved: str = ""
    warned: set[tuple[str, str]] = field(default_factory=set)  # axes and quantities already warned of

    def check(self, time: float, norm: float, edge: np.ndarray, tail: np.ndarray) -> None:
        """Look at one moment of the run.

        ResolutionError for an edge mass or spectral tail above 1e-2, a norm off by 1e-3, or numbers not finite.
        """
        if not (np.isfinite(norm) and np.isfinite(edge).all() and np.isfinite(tail).all()):
            raise ResolutionError(f"W is not finite at t = {time:.6g}: expected finite numbers, got NaN or infinity")
        if abs(norm - 1) > NORM_ERROR_LEVEL:
            self.lose(f"norm at t = {time:.6g}: expected 1, got {norm:.9g}")
        for name, value in zip(NAMES, edge, strict=True):
            self._judge(time, name, "edge mass", float(value), f"widen grid.{name}.extent")
        for name, value in zip(NAMES, tail, strict=True):
            self._judge(time, name, "spectral tail", float(value), f"raise grid.{name}.points")

    def check_energy(self, time: float, left_out: float) -> None:
        """Look at what <H> leaves out at most, relative to the kinetic energy; it is a loss of <H> and not of W."""
        level, key = ENERGY_MARGIN * self.warning_level, ("H", "left out")
        if left_out > level and key not in self.warned:
            self.warned.add(key)
            warn(
                f"energy at t = {time:.6g}: expected known to {level:.2g} of the kinetic energy, got up to "
                f"{left_out:.2g} of it left out at a wall of the potential, where W is below its errors",
                ResolutionWarning,
            )

    def check_purity(self, time: float, purity: float) -> None:
        """Look at the purity of a run of a model that need not lead from states to states."""
        key = ("purity", "above 1")
        if purity > 1 + self.warning_level and key not in self.warned:
            self.warned.add(key)
            warn(
                f"purity at t = {time:.6g}: expected at most 1, got {purity:.6g}; W is the Wigner function of no state "
                "any more, since 4 D0 D2 < 1 is not completely positive",
                ResolutionWarning,
            )

    def _judge(self, time: float, name: str, quantity: str, value: float, remedy: str) -> None:
        if value > ERROR_LEVEL:
            self.lose(
                f"{quantity} of axis {name} at t = {time:.6g}: expected below {ERROR_LEVEL:g}, "
                f"got {value:.2g}; {remedy}"
            )
        elif value > self.warning_level and (name, quantity) not in self.warned:
            self.warned.add((name, quantity))
            warn(
                f"{quantity} of axis {name} at t = {time:.6g}: expected below {self.warning_level:.2g}, "
                f"got {value:.2g}; {remedy}",
                ResolutionWarning,
            )

    def lose(self, message: str) -> None:
        """W is lost: stop, or go on and say so."""
        if self.stops:
            raise ResolutionError(message)
        if not self.unresolved:
            self.unresolved = message
            warn(f"{message}; going on without resolution", ResolutionWarning)
