"""Collects what a run reports: observables at outputs, the energy budget at every step, marginal planes at frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from scipy.interpolate import make_interp_spline

from wignercq.grid.grid import NAMES, Grid
from wignercq.grid.interpolation import common_grid, on_grid
from wignercq.model.model import Model
from wignercq.observables.averages import average
from wignercq.observables.energies import Energies
from wignercq.observables.marginals import Marginals
from wignercq.observables.resolution import Look
from wignercq.observables.row import row_of
from wignercq.propagation.engines.base import Boundary
from wignercq.results.variables import FRAME_PLANES, ROW_DIMENSIONS, described


@dataclass(frozen=True, eq=False)
class Frame:
    """The marginal planes of one moment."""

    time: float
    grid: Grid  # at that moment
    planes: dict[str, np.ndarray]  # keys as in FRAME_PLANES

    def on(self, grid: Grid) -> dict[str, np.ndarray]:
        """The planes on another grid that holds them."""
        return {name: on_grid(self.planes[name], pair, self.grid, grid) for name, pair in FRAME_PLANES.items()}


@dataclass(eq=False)
class Record:
    """Everything a run has reported so far."""

    model: Model
    grid: Grid  # of W now; :meth:`regrid` changes it
    framed: set[int]  # numbers of the outputs whose marginal planes are kept
    # the time and the observables of every output, names as in DESCRIPTIONS
    rows: list[dict[str, Any]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    rates: dict[float, float] = field(default_factory=dict)  # rate of <H> at step boundaries and outputs

    def __post_init__(self) -> None:
        self.regrid(self.grid)

    @property
    def times(self) -> list[float]:
        """Times of the outputs so far."""
        return [row["time"] for row in self.rows]

    def regrid(self, grid: Grid) -> None:
        """W is on another grid from now on."""
        self.grid = grid
        self._energies = Energies(self.model, grid)

    def add_boundaries(self, times: list[float], boundaries: list[Boundary]) -> None:
        """The energy rate at the step boundaries inside a run of fused steps."""
        plane_cell = self.grid.p.spacing * self.grid.y.spacing
        for time, boundary in zip(times, boundaries, strict=True):
            p_density = np.fft.ifft(boundary.p_characteristic).real
            p_squared = average(self.grid.p.values**2, p_density, self.grid.cell)
            self.rates[time] = self._energies.rate(boundary.density_qx * plane_cell, p_squared)

    def add_rate(self, time: float, marginals: Marginals) -> None:
        """The energy rate at any other moment."""
        p_squared = float(marginals.covariance[1, 1] + marginals.mean[1] ** 2) * marginals.norm
        self.rates[time] = self._energies.rate(marginals.planes["q", "x"], p_squared)

    def add_output(self, time: float, look: Look) -> float:
        """All observables at an output time; what <H> leaves out at most, relative to the kinetic energy."""
        self.add_rate(time, look.marginals)
        planes = {name: look.marginals.planes[pair] for name, pair in FRAME_PLANES.items()}
        row = row_of(look, self._energies)
        self.add_row(time, row, planes)
        return float(row["energy_left_out"]) / self._energies.kinetic(look.marginals)

    def add_row(self, time: float, row: Mapping[str, Any], planes: dict[str, np.ndarray]) -> None:
        """What is known of an output, and its planes, which are kept if it is framed."""
        if len(self.rows) in self.framed:
            self.frames.append(Frame(time, self.grid, planes))
        self.rows.append({"time": time, **row})

    def drop_output(self) -> None:
        """Forget the last output, which another run will report."""
        time = self.rows.pop()["time"]
        self.rates.pop(time)
        if self.frames and self.frames[-1].time == time:
            self.frames.pop()

    def _budget_residual(self) -> np.ndarray:
        """<H>(t) - <H>(0) - integral of the rate, the integral taken along a spline through all step boundaries."""
        energy = np.array([row["energy"] for row in self.rows])
        last = self.rows[-1]["time"]
        times = np.array(sorted(time for time in self.rates if time <= last))
        rates = np.array([self.rates[t] for t in times])
        if times.size == 1:
            return np.zeros(1)
        integral = make_interp_spline(times, rates, k=min(5, times.size - 1)).antiderivative()
        supplied = integral(np.array(self.times)) - integral(0.0)
        return energy - energy[0] - supplied

    def dataset(self, attributes: Mapping[str, Any], W: np.ndarray | None) -> xr.Dataset:
        """The record as a dataset."""
        variables: dict[str, Any] = {
            name: (("time", *ROW_DIMENSIONS.get(name, ())), np.array([row[name] for row in self.rows]))
            for name in self.rows[0]
            if name != "time"
        }
        variables["energy_budget_residual"] = (("time",), self._budget_residual())
        grid = common_grid([self.grid, *(frame.grid for frame in self.frames)]) if W is None else self.grid
        frames = [frame.on(grid) for frame in self.frames]
        for name, (a, b) in FRAME_PLANES.items():
            shape = (len(frames), getattr(grid, a).points, getattr(grid, b).points)
            variables[name] = (("frame", a, b), np.array([planes[name] for planes in frames]).reshape(shape))
        if W is not None:
            variables["W"] = (NAMES, W)
        coordinates = {
            "time": np.array(self.times),
            "frame": np.array([frame.time for frame in self.frames]),
            **{name: list(NAMES) for name in ("z", "z2", "axis")},
            **{name: axis.values for name, axis in zip(NAMES, grid, strict=True)},
        }
        return described(xr.Dataset(variables, coordinates, dict(attributes)))
