"""What a comparison reports, gathered output by output into a dataset."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
import xarray as xr

from wignercq.comparison.breakdown_times import ENERGIES, OBSERVABLES, breakdown_times, observable_errors
from wignercq.comparison.lockstep import EXACT, Look
from wignercq.gaussian.averages import GaussianAverages, exact_nodes
from wignercq.gaussian.closure import POINT, QUADRATURE, GaussianMoments
from wignercq.grid.grid import NAMES, Grid
from wignercq.model.model import Model, X
from wignercq.observables.density_matrix import density_matrix, trace_norm
from wignercq.observables.distances import (
    DENSITIES,
    cumulants,
    gaussian_plane,
    l1_distance,
    l1_distance_to_gaussian,
    relative_entropies,
)
from wignercq.observables.energies import Energies
from wignercq.results.variables import FRAME_PLANES

NUMERICAL_MARGIN = 10  # moments and distances may be off by this many times the relative error of W

#: Variables of dimensions (time, theory, ...): further dimensions and meaning.
VARIABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "mean": (("z",), "mean of z"),
    "covariance": (("z", "z2"), "covariance of z, Weyl-ordered"),
    "energy": ((), "<H>"),
    "energy_classical": ((), "<p**2/(2M) + V_C>"),
    "energy_quantum": ((), "<y**2/(2m) + V_Q>"),
    "energy_interaction": ((), "<V_I>"),
    "occupation": ((), "n of the quantum oscillator, NaN if V_Q is not a harmonic well"),
    "purity": ((), "2 pi hbar * integral of W_xy**2"),
    "negativity": ((), "(integral of |W| - 1)/2"),
    "cumulant3": (("z",), "third cumulant of each variable"),
    "cumulant4": (("z",), "fourth cumulant of each variable"),
    "excess_kurtosis": (("z",), "fourth cumulant over the squared variance"),
    "relative_entropy": (("density",), "of a marginal density to the Gaussian with the same moments, in nats"),
    "distance_W": ((), "integral of |W_exact - W|"),
    "distance_density_matrix": ((), "trace norm of the difference of the reduced density matrices"),
    "edge_mass": (("axis",), "probability in the outer sixteenths of an axis"),
    "spectral_tail": (("axis",), "root of the share of spectral power in the top eighth of the frequencies"),
}
COORDINATES = {"z": NAMES, "z2": NAMES, "axis": NAMES, "density": DENSITIES}


@dataclass(eq=False)
class Table:
    """Everything of a comparison so far; what a theory does not have is NaN.

    Parameters
    ----------
    model : Model
    grid : Grid
    times : np.ndarray, shape (n,)
    theories : sequence of str
        The exact one first.
    frames : sequence of int
        Numbers of the outputs whose planes are kept.
    """

    model: Model
    grid: Grid
    times: np.ndarray
    theories: Sequence[str]
    frames: Sequence[int]
    _values: dict[str, np.ndarray] = field(init=False)
    _planes: dict[str, np.ndarray] = field(init=False)
    _closure_error: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        theories = len(self.theories)
        sizes = {name: len(labels) for name, labels in COORDINATES.items()}
        self._values = {
            name: np.full((self.times.size, theories, *(sizes[d] for d in dims)), np.nan)
            for name, (dims, _) in VARIABLES.items()
        }
        self._planes = {
            name: np.full((len(self.frames), theories, *(getattr(self.grid, a).points for a in pair)), np.nan)
            for name, pair in FRAME_PLANES.items()
        }
        self._closure_error = np.zeros(theories)
        self._energies = Energies(self.model, self.grid)

    def add(self, k: int, looks: Mapping[str, Look], gaussians: Mapping[str, GaussianMoments]) -> None:
        """Everything at output k: the theories on the grid, and the Gaussian ones, whose moments hold all outputs."""
        exact = looks[EXACT]
        rho = self._density_matrix(exact.marginals.planes["x", "y"])
        for i, name in enumerate(self.theories):
            if name in looks:
                look = looks[name]
                values = self._of_look(look, exact)
                planes = {plane: look.marginals.planes[pair] for plane, pair in FRAME_PLANES.items()}
                missing = 0.0
            elif name in gaussians:
                moments = gaussians[name]
                mean, covariance = moments.mean[k], moments.covariance[k]
                values = self._of_gaussian(mean, covariance, exact)
                planes = {p: gaussian_plane(self.grid, pair, mean, covariance) for p, pair in FRAME_PLANES.items()}
                missing = max(0.0, 1 - planes["wigner_xy"].sum() * self.grid.x.spacing * self.grid.y.spacing)
                self._closure_error[i] = moments.error
            else:
                continue
            difference = rho - self._density_matrix(planes["wigner_xy"])
            values["distance_density_matrix"] = trace_norm(difference) + missing
            for variable, value in values.items():
                self._values[variable][k, i] = value
            if k in self.frames:
                for plane, value in planes.items():
                    self._planes[plane][self.frames.index(k), i] = value

    def _density_matrix(self, plane: np.ndarray) -> np.ndarray:
        return density_matrix(plane, self.grid.x, self.grid.y, hbar=self.model.hbar)

    def _of_look(self, look: Look, exact: Look) -> dict[str, Any]:
        marginals = look.marginals
        energies = self._energies
        third, fourth = cumulants(marginals)
        return {
            "mean": marginals.mean,
            "covariance": marginals.covariance,
            **self._energy_values(
                energies.classical(marginals), energies.quantum(marginals), energies.interaction(marginals)
            ),
            "purity": marginals.purity(self.model.hbar),
            "negativity": marginals.negativity,
            "cumulant3": third,
            "cumulant4": fourth,
            "excess_kurtosis": fourth / np.diag(marginals.covariance) ** 2,
            "relative_entropy": relative_entropies(marginals),
            "distance_W": 0.0 if look.W is exact.W else l1_distance(exact.W, look.W, self.grid),
            "edge_mass": look.edge,
            "spectral_tail": look.tail,
        }

    def _of_gaussian(self, mean: np.ndarray, covariance: np.ndarray, exact: Look) -> dict[str, Any]:
        kinetic = (np.diag(covariance) + mean**2)[1::2] / (2 * self.model.classical_mass, 2 * self.model.quantum_mass)
        V_C, V_Q, V_I = self._potentials(mean[POINT], covariance[POINT, POINT])
        return {
            "mean": mean,
            "covariance": covariance,
            **self._energy_values(kinetic[0] + V_C, kinetic[1] + V_Q, V_I),
            "purity": self.model.hbar / (2 * math.sqrt(np.linalg.det(covariance[2:, 2:]))),
            **dict.fromkeys(("negativity", "cumulant3", "cumulant4", "excess_kurtosis", "relative_entropy"), 0.0),
            "distance_W": l1_distance_to_gaussian(exact.W, self.grid, mean, covariance),
        }

    @cached_property
    def _potentials(self) -> GaussianAverages:
        nodes = exact_nodes(self.model) or QUADRATURE[-1]
        return GaussianAverages((self.model.V_C, self.model.V_Q, self.model.V_I), nodes)

    def _energy_values(self, classical: float, quantum: float, interaction: float) -> dict[str, float]:
        scale, offset = self._occupation_law
        return {
            **dict(zip(ENERGIES, (classical + quantum + interaction, classical, quantum, interaction), strict=True)),
            "occupation": scale * quantum + offset,
        }

    @cached_property
    def _occupation_law(self) -> tuple[float, float]:
        """a and b of ``n = a <H_Q> + b``, eq (79): ``n + 1/2 = (<H_Q> - min V_Q)/(hbar w_Q)``; NaN without a well."""
        stiffness = sp.diff(self.model.V_Q, X, 2)
        if not stiffness.is_number or stiffness <= 0:
            return math.nan, math.nan
        bottom = -sp.diff(self.model.V_Q, X).subs(X, 0) / stiffness
        quantum = self.model.hbar * math.sqrt(float(stiffness) / self.model.quantum_mass)
        return 1 / quantum, -float(self.model.V_Q.subs(X, bottom)) / quantum - 0.5

    def dataset(self, attributes: Mapping[str, Any], notes: Mapping[str, str]) -> xr.Dataset:
        """The table as a dataset, with errors and breakdown times."""
        masses = self.model.classical_mass, self.model.quantum_mass
        errors = observable_errors(self._values, masses)
        floor = self._numerical_error(attributes["time_error_estimate"])
        broken = breakdown_times(self.times, errors, floor, attributes["threshold"])
        variables: dict[str, Any] = {
            name: (("time", "theory", *dims), self._values[name], {"long_name": text})
            for name, (dims, text) in VARIABLES.items()
        }
        for name, pair in FRAME_PLANES.items():
            variables[name] = (("frame", "theory", *pair), self._planes[name])
        variables |= {
            "error": (("time", "theory", "observable"), errors, {"long_name": "error in units of the exact solution"}),
            "numerical_error": (("time", "theory"), floor, {"long_name": "below it an error is no breakdown"}),
            "breakdown_time": (("theory", "observable"), broken, {"long_name": "first time above the threshold"}),
            "note": (("theory",), [notes.get(name, "") for name in self.theories]),
        }
        coordinates = {
            "time": self.times,
            "frame": self.times[list(self.frames)],
            "theory": list(self.theories),
            "observable": list(OBSERVABLES),
            **{name: list(labels) for name, labels in COORDINATES.items()},
            **{name: axis.values for name, axis in zip(NAMES, self.grid, strict=True)},
        }
        return xr.Dataset(variables, coordinates, dict(attributes))

    def _numerical_error(self, time_error: float) -> np.ndarray:
        """Time error with a margin, and what the grid misses of the exact and of the other W; shape (time, theory)."""
        monitors = sum(np.nan_to_num(self._values[name].max(axis=2)) for name in ("edge_mass", "spectral_tail"))
        own = np.where(np.arange(len(self.theories)) > 0, monitors, 0.0)
        return NUMERICAL_MARGIN * time_error + monitors[:, :1] + own + self._closure_error
