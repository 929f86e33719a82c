"""Collects what a run reports: observables at outputs, the energy budget at every step, planes and W of some."""

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
from wignercq.propagation.engines.compiled_step import Boundary
from wignercq.propagation.frame import MovingFrame
from wignercq.results.variables import (
    FRAME_PLANES,
    ROW_DIMENSIONS,
    described,
    in_frame,
    kept_axis,
    kept_state,
)
from wignercq.run.observables import Field, Observers, Wanted


@dataclass(frozen=True, eq=False)
class Frame:
    """The marginal planes of one moment."""

    time: float
    grid: Grid  # at that moment, in the frame of the run
    planes: dict[str, np.ndarray]  # keys as in FRAME_PLANES

    def on(self, grid: Grid) -> dict[str, np.ndarray]:
        """The planes on another grid that holds them."""
        return {name: on_grid(self.planes[name], pair, self.grid, grid) for name, pair in FRAME_PLANES.items()}


@dataclass(frozen=True, eq=False)
class KeptState:
    """W at one moment."""

    time: float
    grid: Grid  # at that moment, in the laboratory
    W: np.ndarray  # shape grid.shape


@dataclass(eq=False)
class Record:
    """Everything a run has reported so far."""

    model: Model
    grid: Grid  # of W now, in its frame; :meth:`regrid` changes it
    framed: set[int]  # numbers of the outputs whose marginal planes are kept
    # the time and the observables of every output, names as in DESCRIPTIONS
    rows: list[dict[str, Any]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    rates: dict[float, float] = field(default_factory=dict)  # rate of <H> at step boundaries and outputs
    wanted: Wanted | None = None  # observables beside those of every run
    kept: frozenset[int] = frozenset()  # numbers of the outputs whose W is kept
    states: list[KeptState] = field(default_factory=list)
    latest: Frame | None = None  # planes of the last output, if it is not framed while others are
    origin: float = 0.0  # that is added to all times when they are told
    is_lenient: bool = False  # no observable that fails stops anything, not even at the first output
    frame: MovingFrame | None = None  # of the grid and the planes; None: the laboratory
    _observers: Observers | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.wanted is not None and self.wanted.asked:
            begun = self.is_lenient or bool(self.rows)
            self._observers = Observers(self.wanted, self.in_laboratory(0.0), begun=begun)
        self._look_on(self.in_laboratory(0.0))

    @property
    def times(self) -> list[float]:
        """Times of the outputs so far."""
        return [row["time"] for row in self.rows]

    def regrid(self, grid: Grid) -> None:
        """W is on another grid from now on."""
        self.grid = grid
        if self.frame is None:
            self._look_on(grid)

    def _look_on(self, grid: Grid) -> None:
        """Observe W on a grid in the laboratory."""
        self._energies = Energies(self.model, grid)
        if self._observers is not None and self._observers.grid != grid:
            self._observers.regrid(grid)

    def in_laboratory(self, time: float) -> Grid:
        """Where the grid is at a time of the run."""
        return self.grid if self.frame is None else self.grid.moved(self.frame.centre(self.origin + time))

    def add_boundaries(self, times: list[float], boundaries: list[Boundary]) -> None:
        """The energy rate at the step boundaries inside a run of fused steps, where they reveal all that it needs."""
        if self._energies.needs_y_squared or self.model.is_thermal:
            return
        plane_cell = self.grid.p.spacing * self.grid.y.spacing
        for time, boundary in zip(times, boundaries, strict=True):
            grid = self.in_laboratory(time)
            p_density = np.fft.ifft(boundary.p_characteristic).real
            p_squared = average(grid.p.values**2, p_density, grid.cell)
            energies = self._energies_at(time, grid)
            self.rates[time] = energies.rate(boundary.density_qx * plane_cell, p_squared)

    def _energies_at(self, time: float, grid: Grid) -> Energies:
        """The energies at a time of the run, when the grid is there in the laboratory."""
        return (self._energies if self.frame is None else Energies(self.model, grid)).at(self.origin + time)

    def add_rate(self, time: float, marginals: Marginals) -> None:
        """The energy rate at any other moment."""
        self.rates[time] = self._energies_at(time, marginals.grid).rate_of(marginals)

    def add_output(self, time: float, look: Look, W: Field | None = None) -> float:
        """All observables at an output time; what <H> leaves out at most, relative to the kinetic energy.

        W itself is needed where it is kept or where something was asked for beside the observables of every run.
        """
        if self.frame is not None:
            self._look_on(look.marginals.grid)
        row: dict[str, Any] = row_of(look, self._energies.at(self.origin + time))
        if W is not None and self._observers is not None:
            row |= self._observers.of(self.origin + time, look.marginals, W)
        if W is not None and len(self.rows) in self.kept:
            self.states.append(KeptState(time, look.marginals.grid, W.for_result()))
        self.add_rate(time, look.marginals)
        planes = {name: look.marginals.planes[pair] for name, pair in FRAME_PLANES.items()}
        self.add_row(time, row, planes)
        return float(row["energy_left_out"]) / self._energies.kinetic(look.marginals)

    def add_row(self, time: float, row: Mapping[str, Any], planes: dict[str, np.ndarray]) -> None:
        """What is known of an output, and its planes, which are kept if it is framed."""
        frame = Frame(time, self.grid, planes)
        self.latest = None
        if len(self.rows) in self.framed:
            self.frames.append(frame)
        elif self.framed:
            self.latest = frame
        self.rows.append({"time": time, **row})

    def drop_output(self) -> None:
        """Forget the last output, which another run will report."""
        time = self.rows.pop()["time"]
        self.rates.pop(time)
        if self.frames and self.frames[-1].time == time:
            self.frames.pop()
        self.latest = None

    def _budget_residual(self) -> tuple[np.ndarray, float]:
        """<H>(t) - <H>(0) - integral of the rate, along a quintic spline through all step boundaries, and its error.

        That of the integral is estimated as the largest difference to the one along a cubic spline.
        """
        energy = np.array([row["energy"] for row in self.rows])
        last = self.rows[-1]["time"]
        times = np.array(sorted(time for time in self.rates if time <= last))
        rates = np.array([self.rates[t] for t in times])
        if times.size == 1:
            return np.zeros(1), 0.0
        degree = min(5, times.size - 1)
        splines = (make_interp_spline(times, rates, k=k).antiderivative() for k in (degree, min(3, degree - 1)))
        supplied, rougher = (spline(np.array(self.times)) - spline(0.0) for spline in splines)
        return energy - energy[0] - supplied, float(np.abs(supplied - rougher).max())

    def dataset(
        self, attributes: Mapping[str, Any], W: np.ndarray | None = None, grid_of_W: Grid | None = None
    ) -> xr.Dataset:
        """The record as a dataset, with W at the last output if it is given, by default on the grid of now."""
        variables: dict[str, Any] = {
            name: (("time", *ROW_DIMENSIONS.get(name, ())), np.array([row[name] for row in self.rows]))
            for name in self.rows[0]
            if name != "time"
        }
        residual, error = self._budget_residual()
        variables["energy_budget_residual"] = (("time",), residual, {"integration_error": error})
        known = self.frames if self.latest is None else [*self.frames, self.latest]
        grid = common_grid([self.grid, *(frame.grid for frame in known)]) if W is None else grid_of_W or self.grid
        frames = [frame.on(grid) for frame in known]
        for name, (a, b) in FRAME_PLANES.items():
            shape = (len(frames), getattr(grid, a).points, getattr(grid, b).points)
            variables[name] = (("frame", a, b), np.array([planes[name] for planes in frames]).reshape(shape))
        if W is not None:
            variables["W"] = (NAMES, W)
        times = self.origin + np.array(self.times)
        coordinates = {
            "time": times,
            "frame": self.origin + np.array([frame.time for frame in known]),
            **{name: list(NAMES) for name in ("z", "z2", "axis")},
            **{name: axis.values for name, axis in zip(NAMES, grid, strict=True)},
        }
        dataset = xr.Dataset(variables, coordinates, dict(attributes))
        if self.frame is not None:
            dataset = in_frame(dataset, np.array([self.frame.centre(time) for time in times]))
        for name, its in (self.wanted.attributes if self.wanted is not None else {}).items():
            dataset[name].attrs.update(its)
        return described(self._with_states(dataset))

    def _with_states(self, dataset: xr.Dataset) -> xr.Dataset:
        """The dataset with every W that was kept on its way, each on axes of its own."""
        if not self.states:
            return dataset
        times = self.origin + np.array([state.time for state in self.states])
        for k, (time, state) in enumerate(zip(times, self.states, strict=True)):
            axes = {name: (kept_axis(name, k), axis.values) for name, axis in zip(NAMES, state.grid, strict=True)}
            dimensions = tuple(own for own, _ in axes.values())
            text = f"hybrid Wigner function at t = {time:.6g}"
            dataset[kept_state(k)] = (dimensions, state.W, {"long_name": text})
            dataset = dataset.assign_coords({own: (own, values) for own, values in axes.values()})
        return dataset.assign_coords(state_time=("state_time", times))
