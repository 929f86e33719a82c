"""Collects what a run reports: observables at outputs, the energy budget at every step, marginal planes at frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from scipy.interpolate import make_interp_spline

from wignercq.grid import NAMES, Grid
from wignercq.model import Model
from wignercq.observables import Energies, Marginals, occupation
from wignercq.propagator import Boundary

FRAME_PLANES = {
    "density_qp": ("q", "p"),
    "wigner_xy": ("x", "y"),
    "density_qx": ("q", "x"),
    "density_py": ("p", "y"),
}

DESCRIPTIONS = {
    "norm": "integral of W",
    "mean": "mean of z",
    "covariance": "covariance of z, Weyl-ordered",
    "energy": "<H>",
    "energy_classical": "<p**2/(2M) + V_C>",
    "energy_quantum": "<y**2/(2m) + V_Q>",
    "energy_interaction": "<V_I>",
    "energy_budget_residual": "<H>(t) - <H>(0) - integral of its rate from diffusion, decoherence and friction",
    "purity": "Tr rho**2 of the reduced quantum state",
    "negativity": "(integral of |W| - 1)/2",
    "occupation": "n of the reduced quantum state, n + 1/2 = <H_Q>/(hbar w_Q); NaN if V_Q is not a harmonic well",
    "edge_mass": "probability in the outer sixteenths of an axis",
    "spectral_tail": "root of the share of spectral power in the top eighth of the frequencies of an axis",
    "density_qp": "density of (q, p)",
    "wigner_xy": "Wigner function of the reduced quantum state",
    "density_qx": "density of (q, x)",
    "density_py": "density of (p, y)",
    "W": "hybrid Wigner function at the last output",
}


@dataclass(eq=False)
class Record:
    """Everything a run has reported so far.

    Parameters
    ----------
    model : Model
    grid : Grid
    frames : set of int
        Numbers of the outputs whose marginal planes are kept.
    """

    model: Model
    grid: Grid
    frames: set[int]
    times: list[float] = field(init=False, default_factory=list)
    _rows: list[dict[str, Any]] = field(init=False, default_factory=list)
    _planes: list[tuple[float, Marginals]] = field(init=False, default_factory=list)
    _rates: dict[float, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._energies = Energies(self.model, self.grid)

    def add_boundaries(self, times: list[float], boundaries: list[Boundary]) -> None:
        """The energy rate at the step boundaries inside a run of fused steps."""
        p_cell = self.grid.cell
        plane_cell = self.grid.p.spacing * self.grid.y.spacing
        for time, boundary in zip(times, boundaries, strict=True):
            p_weights = np.fft.ifft(boundary.p_characteristic).real * p_cell
            p_squared = float(p_weights @ self.grid.p.values**2)
            self._rates[time] = self._energies.rate(boundary.density_qx * plane_cell, p_squared)

    def add_rate(self, time: float, marginals: Marginals) -> None:
        """The energy rate at any other moment."""
        p_squared = float(marginals.covariance[1, 1] + marginals.mean[1] ** 2) * marginals.norm
        self._rates[time] = self._energies.rate(marginals.planes["q", "x"], p_squared)

    def add_output(self, time: float, marginals: Marginals, edge: np.ndarray, tail: np.ndarray) -> None:
        """All observables at an output time."""
        if len(self.times) in self.frames:
            self._planes.append((time, marginals))
        energies = self._energies
        parts = energies.classical(marginals), energies.quantum(marginals), energies.interaction(marginals)
        self.add_rate(time, marginals)
        self.times.append(time)
        self._rows.append(
            {
                "norm": marginals.norm,
                "mean": marginals.mean,
                "covariance": marginals.covariance,
                "energy": sum(parts),
                "energy_classical": parts[0],
                "energy_quantum": parts[1],
                "energy_interaction": parts[2],
                "purity": marginals.purity(self.model.hbar),
                "negativity": marginals.negativity,
                "occupation": occupation(self.model, marginals),
                "edge_mass": edge,
                "spectral_tail": tail,
            }
        )

    def _budget_residual(self) -> np.ndarray:
        """<H>(t) - <H>(0) - integral of the rate, the integral taken along a spline through all step boundaries."""
        energy = np.array([row["energy"] for row in self._rows])
        times = np.array(sorted(self._rates))
        rates = np.array([self._rates[t] for t in times])
        if times.size == 1:
            return np.zeros(1)
        integral = make_interp_spline(times, rates, k=min(5, times.size - 1)).antiderivative()
        supplied = integral(np.array(self.times)) - integral(0.0)
        return energy - energy[0] - supplied

    def dataset(self, attributes: Mapping[str, Any], W: np.ndarray | None) -> xr.Dataset:
        """The record as a dataset."""
        dims: dict[str, tuple[str, ...]] = {
            "mean": ("time", "z"),
            "covariance": ("time", "z", "z2"),
            "edge_mass": ("time", "axis"),
            "spectral_tail": ("time", "axis"),
        }
        variables: dict[str, Any] = {
            name: (dims.get(name, ("time",)), np.array([row[name] for row in self._rows])) for name in self._rows[0]
        }
        variables["energy_budget_residual"] = (("time",), self._budget_residual())
        for name, (a, b) in FRAME_PLANES.items():
            planes = np.array([marginals.planes[a, b] for _, marginals in self._planes])
            shape = (0, getattr(self.grid, a).points, getattr(self.grid, b).points)
            variables[name] = (("frame", a, b), planes if len(planes) else np.empty(shape))
        if W is not None:
            variables["W"] = (NAMES, W)
        coordinates = {
            "time": np.array(self.times),
            "frame": np.array([time for time, _ in self._planes]),
            **{name: list(NAMES) for name in ("z", "z2", "axis")},
            **{name: axis.values for name, axis in zip(NAMES, self.grid, strict=True)},
        }
        dataset = xr.Dataset(variables, coordinates, dict(attributes))
        for name, text in DESCRIPTIONS.items():
            if name in dataset:
                dataset[name].attrs["long_name"] = text
        return dataset
