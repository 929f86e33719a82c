"""What a comparison measures at each output beyond what a run does, and the dataset that it all makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from wignercq.comparison.breakdown_times import (
    ENERGIES,
    NOISE,
    OBSERVABLES,
    breakdown_times,
    observable_errors,
    statistical_errors,
)
from wignercq.comparison.ensembles import WITH_ERRORS, numbers, own_axes, planes_on, standard_errors
from wignercq.comparison.theories import EXACT
from wignercq.gaussian.averages import GaussianAverages, exact_nodes
from wignercq.gaussian.closure import POINT, QUADRATURE
from wignercq.grid.grid import NAMES, Grid
from wignercq.grid.interpolation import common_grid, on_grid
from wignercq.model.model import Model
from wignercq.observables.density_matrix import density_matrix, trace_norm
from wignercq.observables.distances import (
    DENSITIES,
    cumulants,
    gaussian_plane,
    l1_distance,
    l1_distance_to_gaussian,
    relative_entropies,
)
from wignercq.observables.energies import occupation_law
from wignercq.propagation.engines.base import Engine
from wignercq.results.variables import FRAME_PLANES, LABELS, MODEL_UNITS, PURE, ROW_SHAPES, described
from wignercq.run.record import Record
from wignercq.run.track import Track
from wignercq.unravelling import Ensemble

NUMERICAL_MARGIN = 10  # moments and distances may be off by this many times the relative error of W

#: Variables of dimensions (time, theory, ...): further dimensions and meaning.
VARIABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "mean": (("z",), "mean of z"),
    "covariance": (("z", "z2"), "covariance of z, Weyl-ordered"),
    "energy": ((), "<H>"),
    "energy_classical": ((), "<p**2/(2M) + V_C>"),
    "energy_quantum": ((), "<y**2/(2m) + V_Q>"),
    "energy_interaction": ((), "<V_I>"),
    "energy_left_out": ((), "bound of what is missing in <H>, W being below its errors at a wall of the potentials"),
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
#: Of these the ones that are pure numbers; others have the units of the model.
NUMBERS = {"excess_kurtosis", "distance_W", "distance_density_matrix"}
#: What axes of figures show of what a run does not have.
OWN_LABELS: dict[str, tuple[str, str]] = {
    **{
        name: (text, "nats" if name == "relative_entropy" else PURE if name in NUMBERS else MODEL_UNITS)
        for name, (_, text) in VARIABLES.items()
        if name not in LABELS
    },
    "error": ("error in units of the exact solution", PURE),
    "numerical_error": ("numerical error, below which an error is no breakdown", PURE),
    "statistical_error": ("standard error of the error", PURE),
    "breakdown_time": ("breakdown time, the first above the threshold", MODEL_UNITS),
    "note": ("what is to be said of a theory", PURE),
    "theory": ("theory", PURE),
    "observable": ("observable", PURE),
    "density": ("marginal density", PURE),
}
OWN_LABELS |= {
    f"{name}_error": (f"standard error of the {label}", units)
    for name, (label, units) in {**LABELS, **OWN_LABELS}.items()
    if name in WITH_ERRORS
}
COORDINATES = {"z": NAMES, "z2": NAMES, "axis": NAMES, "density": DENSITIES}
#: What an output of a comparison has beside the row of a run, by its shape.
EXTRA_SHAPES: dict[str, tuple[int, ...]] = {
    name: tuple(len(COORDINATES[dimension]) for dimension in dimensions)
    for name, (dimensions, _) in VARIABLES.items()
    if name not in ROW_SHAPES
}


@dataclass(frozen=True, eq=False)
class Measurements:
    """How far a theory is from the exact one at an output."""

    model: Model
    make_engine: Callable[[Grid], Engine]  # the engine of the run on a grid

    def of_track(self, track: Track, exact: Track) -> dict[str, Any]:
        """What a run does not report of itself: the shape of its marginals, and distances from the exact W.

        Where the grids differ, distances are taken on one that holds both, by exact interpolation.
        """
        assert track.look is not None
        marginals = track.look.marginals
        third, fourth = cumulants(marginals)
        distance = plane_distance = 0.0
        if track is not exact:
            distance = self._distance(track, exact)
            plane_distance = self._plane_distance(track.grid, marginals.planes["x", "y"], exact)
        return {
            "cumulant3": third,
            "cumulant4": fourth,
            "excess_kurtosis": fourth / np.diag(marginals.covariance) ** 2,
            "relative_entropy": relative_entropies(marginals),
            "distance_W": distance,
            "distance_density_matrix": plane_distance,
        }

    def of_gaussian(
        self, mean: np.ndarray, covariance: np.ndarray, exact: Track, time: float = 0.0
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The row of a Gaussian theory at a time, and its planes on the grid of the exact one."""
        grid = exact.grid
        planes = {name: gaussian_plane(grid, pair, mean, covariance) for name, pair in FRAME_PLANES.items()}
        missing = max(0.0, 1 - planes["wigner_xy"].sum() * grid.x.spacing * grid.y.spacing)
        kinetic = (np.diag(covariance) + mean**2)[1::2] / (2 * self.model.classical_mass, 2 * self.model.quantum_mass)
        V_C, V_Q, V_I = self._potentials(mean[POINT], covariance[POINT, POINT], time)
        energies = kinetic[0] + V_C, kinetic[1] + V_Q, V_I
        scale, offset = occupation_law(self.model)
        row = {name: np.full(shape, np.nan) for name, shape in ROW_SHAPES.items() if name != "time"}
        row |= {name: np.zeros(shape) for name, shape in EXTRA_SHAPES.items()}
        row |= dict(zip(ENERGIES, (sum(energies), *energies), strict=True))
        return row | {
            "energy_left_out": 0.0,
            "mean": mean,
            "covariance": covariance,
            "occupation": scale * energies[1] + offset,
            "purity": self.model.hbar / (2 * math.sqrt(np.linalg.det(covariance[2:, 2:]))),
            "negativity": 0.0,
            "distance_W": l1_distance_to_gaussian(exact.engine.slabs(exact.at_output), grid, mean, covariance),
            "distance_density_matrix": missing + self._plane_distance(grid, planes["wigner_xy"], exact),
        }, planes

    def of_ensemble(
        self, ensemble: Ensemble, output: int, exact: Track
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The row of an average over trajectories at an output, NaN where they do not tell; planes as above."""
        shapes = ROW_SHAPES | EXTRA_SHAPES
        row: dict[str, Any] = {name: np.full(shape, np.nan) for name, shape in shapes.items() if name != "time"}
        own = own_axes(ensemble)
        plane = ensemble.dataset["wigner_xy"].values[output]
        distance = self._plane_distance(Grid(exact.grid.q, exact.grid.p, own["x"], own["y"]), plane, exact)
        row |= {"distance_density_matrix": distance, "energy_left_out": 0.0}
        return row | numbers(ensemble, output), planes_on(exact.grid, ensemble, output)

    def _distance(self, track: Track, exact: Track) -> float:
        grid = common_grid([exact.grid, track.grid])
        engine = next((t.engine for t in (exact, track) if t.grid == grid), None) or self.make_engine(grid)
        a, b = (t.at_output if t.grid == grid else t.engine.transferred(t.at_output, engine) for t in (exact, track))
        return l1_distance(engine.slabs(a), engine.slabs(b), grid)

    def _plane_distance(self, grid: Grid, plane: np.ndarray, exact: Track) -> float:
        """Trace norm of the difference of two density matrices, given W(x, y) of one of them on its grid."""
        assert exact.look is not None
        common = common_grid([exact.grid, grid])
        pairs = ((exact.grid, exact.look.marginals.planes["x", "y"]), (grid, plane))
        a, b = (
            density_matrix(on_grid(values, "xy", own, common), common.x, common.y, hbar=self.model.hbar)
            for own, values in pairs
        )
        return trace_norm(a - b)

    @cached_property
    def _potentials(self) -> GaussianAverages:
        nodes = exact_nodes(self.model) or QUADRATURE[-1]
        return GaussianAverages((self.model.V_C, self.model.V_Q, self.model.V_I), nodes)


def breakdown_dataset(
    model: Model,
    theories: Sequence[str],
    records: Mapping[str, Record],
    notes: Mapping[str, str],
    own_errors: Mapping[str, float],
    ensembles: Mapping[str, Ensemble],
    attributes: Mapping[str, Any],
    outputs: int,
) -> xr.Dataset:
    """All theories in time up to so many outputs, their errors and the times at which they break down.

    Parameters
    ----------
    theories : sequence of str
        Names of the theories that were asked for, the exact one first.
    records : mapping of str to Record
        Of the theories that have a result, the exact one among them; what is missing in the end is NaN.
    notes : mapping of str to str
        What is to be said of a theory.
    own_errors : mapping of str to float
        Estimated errors of Gaussian theories, and time errors of trajectories.
    ensembles : mapping of str to Ensemble
        The averages over trajectories among the theories.
    attributes : mapping
        Of the dataset; ``threshold`` and ``time_error_estimate`` among them.
    """
    grid, times = common_grid([record.grid for record in records.values()]), np.array(records[EXACT].times[:outputs])
    frames = [frame.time for frame in records[EXACT].frames if frame.time <= times[-1]]
    values = {
        name: np.full((times.size, len(theories), *(len(COORDINATES[d]) for d in dims)), np.nan)
        for name, (dims, _) in VARIABLES.items()
    }
    sizes = dict(zip(NAMES, grid.shape, strict=True))
    planes = {
        name: np.full((len(frames), len(theories), sizes[a], sizes[b]), np.nan) for name, (a, b) in FRAME_PLANES.items()
    }
    for i, theory in enumerate(theories):
        if theory not in records:
            continue
        for k, row in enumerate(records[theory].rows[:outputs]):
            for name, array in values.items():
                array[k, i] = row[name]
        for k, frame in enumerate(records[theory].frames[: len(frames)]):
            for name, plane in frame.on(grid).items():
                planes[name][k, i] = plane
    masses = model.classical_mass, model.quantum_mass
    errors, noise = observable_errors(values, masses), np.zeros(1)
    numerical = _numerical_error(values, attributes["time_error_estimate"])
    numerical += [own_errors.get(name, 0.0) for name in theories]
    variables: dict[str, Any] = {
        name: (("time", "theory", *dims), values[name]) for name, (dims, _) in VARIABLES.items()
    }
    if ensembles:
        its = _standard_errors(values, theories, ensembles)
        variables |= {f"{name}_error": (("time", "theory", *VARIABLES[name][0]), its[name]) for name in WITH_ERRORS}
        noise = statistical_errors(its, values, masses)
        variables["statistical_error"] = (("time", "theory", "observable"), noise)
    broken = breakdown_times(times, errors, numerical[..., None] + NOISE * noise, attributes["threshold"])
    variables |= {name: (("frame", "theory", *pair), planes[name]) for name, pair in FRAME_PLANES.items()}
    variables |= {
        "error": (("time", "theory", "observable"), errors),
        "numerical_error": (("time", "theory"), numerical),
        "breakdown_time": (("theory", "observable"), broken),
        "note": (("theory",), [notes.get(name, "") for name in theories]),
    }
    coordinates = {
        "time": times,
        "frame": np.array(frames),
        "theory": list(theories),
        "observable": list(OBSERVABLES),
        **{name: list(labels) for name, labels in COORDINATES.items()},
        **{name: axis.values for name, axis in zip(NAMES, grid, strict=True)},
    }
    shape = " x ".join(map(str, grid.shape))
    return described(xr.Dataset(variables, coordinates, {**attributes, "grid": shape}), OWN_LABELS)


def _standard_errors(
    values: Mapping[str, np.ndarray], theories: Sequence[str], ensembles: Mapping[str, Ensemble]
) -> dict[str, np.ndarray]:
    """Those of all variables that may have one: zero where a theory does without chance, NaN where it has no result."""
    errors = {name: np.where(np.isnan(array), np.nan, 0.0) for name, array in values.items()}
    for theory, ensemble in ensembles.items():
        for name, error in standard_errors(ensemble).items():
            errors[name][:, theories.index(theory)] = error[: len(errors[name])]
    return errors


def _numerical_error(values: Mapping[str, np.ndarray], time_error: float) -> np.ndarray:
    """Time error with a margin, and what the grid misses of the exact and of the other W; shape (time, theory)."""
    monitors: np.ndarray = sum(np.nan_to_num(values[name].max(axis=2)) for name in ("edge_mass", "spectral_tail"))
    own = np.where(np.arange(monitors.shape[1]) > 0, monitors, 0.0)
    return NUMERICAL_MARGIN * time_error + monitors[:, :1] + own
