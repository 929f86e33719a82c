"""Results of a comparison and of a sweep with numbers that nobody computed, every one different."""

from __future__ import annotations

import numpy as np
import xarray as xr

from wignercq.comparison import OBSERVABLES, THEORIES, Breakdown
from wignercq.config import Config
from wignercq.grid.grid import NAMES
from wignercq.sweep import SweepResult
from wignercq.sweep.gathering import gathered

CONFIG = """
[model]
hbar = 0.7
[model.classical]
mass = 1.7
potential = "k_C*q**2/2"
friction = 0.35
diffusion = 0.6
[model.quantum]
mass = 0.8
potential = "k_Q*x**2/2 + g*x**4/4"
[model.interaction]
potential = "lam*(q - x)**2/2"
[model.parameters]
k_C = 1.3
k_Q = 0.9
g = 0.2
lam = 0.4
[initial]
kind = "coherent"
mean = [0.4, -0.3, -0.2, 0.3]
classical_covariance = [0.5, 0.6]
frequency = 1.2
[grid]
q = { extent = [-4.9, 5.0], points = 16 }
p = { extent = [-6.6, 6.5], points = 18 }
x = { extent = [-4.6, 4.5], points = 20 }
y = { extent = [-5.1, 5.2], points = 22 }
[run]
duration = 0.6
outputs = 5
tolerance = 1e-4
[compare]
observables = ["cov_xx", "W", "mean_p"]
"""
SAME = "the same equation as exact"
SIZES = {"q": 16, "p": 18, "x": 20, "y": 22}


def breakdown(*, broken: bool = True, seed: int = 3) -> Breakdown:
    """Six outputs, three frames; errors grow, the first order is the exact equation, the closure has no occupation."""
    random = np.random.default_rng(seed)
    times = np.linspace(0, 0.6, 6)
    errors = random.uniform(0.5, 2.0, (6, 5, len(OBSERVABLES))) * (1e-3 * (1 + 20 * times))[:, None, None]
    errors[:, [0, 2]] = 0.0
    errors[:, 3, OBSERVABLES.index("occupation")] = np.nan
    broken_at = np.where(errors[-1] > 0.01, random.uniform(0.1, 0.6, errors[-1].shape), np.nan)
    x, y = np.linspace(-4.6, 4.5, 20, endpoint=False), np.linspace(-5.1, 5.2, 22, endpoint=False)
    packet = np.exp(-((x[:, None] + 0.8) ** 2) - (y - 0.4) ** 2 / 2)
    planes = packet * (
        1 - 0.3 * np.arange(1, 4)[:, None, None, None] * np.array([1, 0.8, 1, 0.6, 0.5])[:, None, None] * y
    )
    planes[:, 2] = planes[:, 0]
    variables = {
        "error": (("time", "theory", "observable"), errors if broken else errors / 1e4),
        "numerical_error": (("time", "theory"), 1e-5 * random.uniform(1, 2, (6, 5))),
        "breakdown_time": (("theory", "observable"), broken_at if broken else np.full_like(broken_at, np.nan)),
        "note": (("theory",), ["", "", SAME, "", ""]),
        "wigner_xy": (("frame", "theory", "x", "y"), planes),
        "edge_mass": (("time", "theory", "axis"), random.uniform(1e-9, 1e-8, (6, 5, 4))),
        "spectral_tail": (("time", "theory", "axis"), random.uniform(1e-7, 1e-6, (6, 5, 4))),
    }
    coordinates = {
        "time": times,
        "frame": times[[0, 2, 5]],
        "theory": list(THEORIES),
        "observable": list(OBSERVABLES),
        "axis": list(NAMES),
        "q": np.linspace(-4.9, 5.0, 16, endpoint=False),
        "p": np.linspace(-6.6, 6.5, 18, endpoint=False),
        "x": x,
        "y": y,
    }
    attributes = {
        "wignercq_version": "0.1.0",
        "model": "a model",
        "scheme": "Strang",
        "grid": "16 x 18 x 20 x 22",
        "tolerance": 1e-4,
        "threshold": 0.01,
        "time_step": 0.0375,
        "time_error_estimate": 3.7e-7,
        "wall_time": 4.2,
        "warnings": "edge mass of axis p is large",
    }
    return Breakdown(xr.Dataset(variables, coordinates, attributes))


def config(text: str = CONFIG) -> Config:
    """The configuration that goes with it."""
    return Config.from_text(text)


def sweep(
    table: str = "g = [0.1, 0.3]\ntemperature = { from = 0.5, to = 2.0, points = 3, scale = 'log' }",
) -> SweepResult:
    """A sweep whose second point failed and whose first never breaks down."""
    settings = config(f"{CONFIG}[sweep]\n{table}\n")
    assert settings.sweep is not None
    points = [tuple(point.values()) for point in settings.sweep.points]
    results = {point: breakdown(seed=k, broken=k > 0) for k, point in enumerate(points) if k != 1}
    return gathered(settings, results, {points[1]: "killed <by> the test"})
