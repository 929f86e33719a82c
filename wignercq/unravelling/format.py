"""What a result of trajectories holds: numbers of each of them, the plan, the axes."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from wignercq.grid.grid import NAMES, Axis
from wignercq.results.summary import PAIRS

KIND = "trajectories"
ENERGIES = ("energy_classical", "energy_quantum", "energy_interaction")
#: The numbers of a trajectory: conditional means of z, of its products, energies, the square of the spread of x.
NUMBERS = (*NAMES, *(NAMES[i] + NAMES[j] for i, j in PAIRS), *ENERGIES, "spread")


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
    """

    axis: Axis
    steps: tuple[int, ...]
    q: Axis
    p: Axis
    time_error: float

    @property
    def bins(self) -> tuple[tuple[int, int], ...]:
        """Shapes of the densities of (q, p), (q, x) and (p, y)."""
        q, p, x = self.q.points, self.p.points, self.axis.points
        return (q, p), (q, x), (p, 2 * x)


def momentum_axis(x: Axis, hbar: float) -> Axis:
    """The momenta of wave functions on points of x, so dense that they resolve fringes between the ends of x."""
    highest = hbar * x.nyquist
    return Axis(-highest, highest, 2 * x.points)
