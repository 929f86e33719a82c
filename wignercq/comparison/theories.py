"""The theories that a comparison sets side by side: what each solves, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wignercq.comparison.reading import MEAN_FIELD, SEMICLASSICAL, TRAJECTORIES
from wignercq.gaussian.closure import GaussianMoments, gaussian_closure, linearised
from wignercq.model.thermal import THERMAL
from wignercq.run.request import Equation


@dataclass(frozen=True)
class Theory:
    """A theory that is solved on the grid, by Gaussian moments, or as an average over trajectories."""

    name: str  # in reports
    meaning: str  # what it solves
    equation: Equation | None = None  # on the grid; None for a theory that is not
    # Gaussian moments of (model, mean, covariance, times); None for a theory on the grid
    moments: Callable[..., GaussianMoments] | None = None
    dynamics: str | None = None  # of the trajectories that it is an average of; None for others

    @property
    def mathtext(self) -> str:
        """Its name in figures."""
        return self.name.replace("ħ²", r"$\hbar^2$")


EXACT = "exact"
#: By their names in results; the exact one first.
TABLE: Mapping[str, Theory] = {
    EXACT: Theory("exact", "hybrid dynamics, all orders in ħ", Equation()),
    "fokker_planck": Theory(
        "Fokker-Planck",
        "the classical counterpart: same forces, diffusion of p and of y, no quantum corrections",
        Equation(0),
    ),
    "first_order": Theory("order ħ²", "the counterpart with its corrections in ħ²", Equation(1)),
    "closure": Theory(
        "Gaussian closure",
        "a Gaussian whose moments obey the moment equations self-consistently",
        moments=gaussian_closure,
    ),
    "linearised": Theory(
        "linearised", "a Gaussian carried along the classical trajectory of the initial mean", moments=linearised
    ),
    TRAJECTORIES: Theory(
        "trajectories", "hybrid dynamics, all orders in ħ, as an average over trajectories", dynamics="hybrid"
    ),
    MEAN_FIELD: Theory(
        "mean-field",
        "Ehrenfest dynamics: the quantum particle acts by its mean force and is not measured; over trajectories",
        dynamics="mean_field",
    ),
    SEMICLASSICAL: Theory(
        "semiclassical",
        "the same without the noise of the bath: neither noise nor decoherence; over trajectories",
        dynamics="semiclassical",
    ),
    THERMAL: Theory(
        "thermal",
        "dynamics with the same bath that keep the thermal state, of Layton and Miller",
        Equation(dynamics=THERMAL),
    ),
}
SAMPLED = {key: theory.dynamics for key, theory in TABLE.items() if theory.dynamics is not None}
#: The names of those that every comparison has, the exact one first.
THEORIES = tuple(key for key in TABLE if key not in SAMPLED and key != THERMAL)
EQUATIONS = {key: theory.equation for key, theory in TABLE.items() if theory.equation is not None}
GAUSSIAN_THEORIES = {key: theory.moments for key, theory in TABLE.items() if theory.moments is not None}


def compared(trajectories: int, mean_field: bool, semiclassical: bool, thermal: bool) -> tuple[str, ...]:
    """Names of the theories of a comparison with so many trajectories, in the order of its result."""
    sampled = {TRAJECTORIES: True, MEAN_FIELD: mean_field, SEMICLASSICAL: semiclassical}
    asked = {**{name: trajectories > 0 and wanted for name, wanted in sampled.items()}, THERMAL: thermal}
    return tuple(key for key in TABLE if asked.get(key, True))
