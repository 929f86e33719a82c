"""A result as the file contract describes it, made from the Gaussian theory alone, without the grid solver."""

from __future__ import annotations

import numpy as np
import xarray as xr

from wignercq.gaussian import LinearModel
from wignercq.grid.grid import NAMES, Axis, Grid
from wignercq.model.model import Model

PLANES = {"density_qp": "qp", "wigner_xy": "xy", "density_qx": "qx", "density_py": "py"}
MEAN = np.array([1.2, -0.3, -0.8, 0.4])
COVARIANCE = np.diag([0.5, 0.6, 0.35, 0.45])


def model() -> Model:
    """Coupled oscillators with every number different from the others and from 1."""
    return Model.oscillators(
        k_C=1.3, k_Q=0.9, lam=0.4, classical_mass=1.7, quantum_mass=0.8, hbar=0.7, friction=0.35, diffusion=0.6
    )


def grid() -> Grid:
    """Four axes that differ in extent and size."""
    return Grid(Axis(-5.0, 6.0, 26), Axis(-7.0, 6.5, 30), Axis(-6.0, 5.5, 34), Axis(-4.5, 5.0, 38))


def result(outputs: int = 24, frames: int = 3, duration: float = 12.0) -> xr.Dataset:
    """The evolution of a displaced Gaussian as a result dataset."""
    theory, axes = LinearModel.from_model(model()), dict(zip(NAMES, grid(), strict=True))
    times = np.linspace(0, duration, outputs + 1)
    mean, covariance = theory.mean(times, MEAN), theory.covariance(times, COVARIANCE)
    chosen = np.unique(np.linspace(0, outputs, frames).round().astype(int))
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "mean": (("time", "z"), mean),
        "covariance": (("time", "z", "z2"), covariance),
        "norm": (("time",), 1 + 1e-14 * np.arange(len(times))),
        "energy_budget_residual": (("time",), 1e-9 * np.sin(times)),
        "purity": (("time",), 0.35 / np.sqrt(np.linalg.det(covariance[:, 2:, 2:]))),
        "negativity": (("time",), 0.02 * np.exp(-times)),
        "occupation": (("time",), 0.5 * covariance[:, 2, 2] + 0.3),
        "edge_mass": (("time", "axis"), 1e-12 * np.exp(0.2 * np.outer(times, [1, 2, 3, 0.5]))),
        "spectral_tail": (("time", "axis"), 1e-10 * np.exp(-0.1 * np.outer(times, [1, 2, 3, 0.5]))),
    }
    parts = ("energy_classical", "energy_quantum", "energy_interaction")
    for share, name in enumerate(parts, start=1):
        variables[name] = (("time",), share * (mean[:, 0] ** 2 + covariance[:, 2, 2]))
    variables["energy"] = (("time",), sum(variables[name][1] for name in parts))
    for name, (a, b) in PLANES.items():
        planes = [_plane(mean[i], covariance[i], axes, a, b) for i in chosen]
        variables[name] = (("frame", a, b), np.array(planes))
    coordinates = {name: axis.values for name, axis in axes.items()}
    names = {"z": list(NAMES), "z2": list(NAMES), "axis": list(NAMES)}
    attributes = {
        "wignercq_version": "0.1.0",
        "versions": "numpy 2.1.0",
        "engine": "tiled",
        "precision": "float64",
        "scheme": "Strang",
        "hbar_order": "exact",
        "grid": "26 x 30 x 34 x 38",
        "time_step": 0.125,
        "time_error_estimate": 3.7e-7,
        "wall_time": 4.2,
    }
    return xr.Dataset(variables, {"time": times, "frame": times[chosen], **coordinates, **names}, attributes)


def _plane(mean: np.ndarray, covariance: np.ndarray, axes: dict[str, Axis], a: str, b: str) -> np.ndarray:
    pair = [NAMES.index(a), NAMES.index(b)]
    precision = np.linalg.inv(covariance[np.ix_(pair, pair)])
    z = np.stack(np.meshgrid(axes[a].values, axes[b].values, indexing="ij"), axis=-1) - mean[pair]
    exponent = np.einsum("...i,ij,...j", z, precision, z)
    return np.exp(-exponent / 2) * np.sqrt(np.linalg.det(precision)) / (2 * np.pi)
