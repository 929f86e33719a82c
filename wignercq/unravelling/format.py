"""What a result of trajectories holds: numbers of each of them, the plan, the axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from wignercq.grid.grid import NAMES, Axis
from wignercq.results.summary import PAIRS
from wignercq.results.variables import MODEL_UNITS, PURE

KIND = "trajectories"
ENERGIES = ("energy_classical", "energy_quantum", "energy_interaction")
EXTRA_DIMENSIONS = ("number", "number2", "block", "kept", "x2", "time2", "of_time", "of_time2", "record", "record2")
#: The numbers of a trajectory: conditional means of z, of its products, energies, the square of the spread of x.
NUMBERS = (*NAMES, *(NAMES[i] + NAMES[j] for i, j in PAIRS), *ENERGIES, "spread")

#: What it has beside the variables of a run: a few words, and units.
OWN: Mapping[str, tuple[str, str]] = {
    "conditional_spread": ("variance of x in a trajectory", MODEL_UNITS),
    "record_purity": ("purity given the record", PURE),
    "two_time": ("covariance at two times", MODEL_UNITS),
    "trajectory": ("single trajectories", MODEL_UNITS),
    "trajectory_spread": ("variance of x in single trajectories", MODEL_UNITS),
}


def is_own(name: str) -> bool:
    """Whether a result of trajectories has, or may have, something of this name beside what runs have."""
    return name in OWN or name.endswith("_error") or name.startswith("sums_") or name in EXTRA_DIMENSIONS


def is_ensemble(dataset: xr.Dataset) -> bool:
    """Whether a dataset is that of trajectories."""
    return dataset.attrs.get("kind") == KIND


@dataclass(frozen=True)
class Plan:
    """How trajectories are to be computed.

    Parameters
    ----------
    axis : Axis
        Of x, which a block of trajectories may widen for itself.
    steps : tuple of int
        To each output from the one before.
    q, p : Axis
        Bins of the densities.
    time_error : float
        Estimated, of means and covariances, relative to the spread of each.
    reach : float
        Energy of levels with thermal dynamics, in units of k_B T; more where a trajectory needs them.
    """

    axis: Axis
    steps: tuple[int, ...]
    q: Axis
    p: Axis
    time_error: float
    reach: float = 0.0

    @property
    def bins(self) -> tuple[tuple[int, int], ...]:
        """Shapes of the densities of (q, p), (q, x) and (p, y)."""
        q, p, x = self.q.points, self.p.points, self.axis.points
        return (q, p), (q, x), (p, 2 * x)


def momentum_axis(x: Axis, hbar: float) -> Axis:
    """The momenta of wave functions on points of x, so dense that they resolve fringes between the ends of x."""
    highest = hbar * x.nyquist
    return Axis(-highest, highest, 2 * x.points)
