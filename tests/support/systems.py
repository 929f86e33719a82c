"""Problems the tests share: four different axis sizes and extents, hbar not 1, masses not equal."""

from __future__ import annotations

import numpy as np

from wignercq import Axis, Grid, Model

HBAR = 0.8
MEAN = np.array([1.0, 0.3, -0.8, 0.2])
VARIANCES = np.array([0.6, 0.55, 0.5, 0.45])


def oscillators(**changes: float) -> Model:
    """Coupled oscillators with every number different."""
    settings = {
        "k_C": 0.9,
        "k_Q": 1.2,
        "lam": 0.4,
        "classical_mass": 1.3,
        "quantum_mass": 0.7,
        "hbar": HBAR,
        "friction": 0.3,
        "diffusion": 0.5,
    }
    return Model.oscillators(**{**settings, **changes})


def quartic(**changes: object) -> Model:
    """Quartic V_Q, friction, diffusion, unsaturated decoherence."""
    settings: dict = {
        "parameters": {"k": 0.8, "kappa": 1.1, "g": 0.15, "lam": 0.4},
        "classical_mass": 1.3,
        "quantum_mass": 0.7,
        "hbar": HBAR,
        "friction": 0.3,
        "diffusion": 0.5,
        "decoherence": 0.75,
    }
    return Model("k*q**2/2", "kappa*x**2/2 + g*x**4/4", "lam*(q - x)**2/2", **{**settings, **changes})


def grid(q: int = 28, p: int = 30, x: int = 32, y: int = 36) -> Grid:
    """A coarse grid with axes that all differ; enough for comparisons of codes on the same grid."""
    return Grid(Axis(-6.5, 7.0, q), Axis(-6.8, 6.3, p), Axis(-6.0, 5.7, x), Axis(-5.9, 6.1, y))


def gaussian_density(grid: Grid, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The normalised Gaussian on a grid, written out, shape grid.shape."""
    inverse = np.linalg.inv(covariance)
    offsets = [axis - centre for axis, centre in zip(grid.mesh, mean, strict=True)]
    exponent = sum(inverse[i, j] * offsets[i] * offsets[j] for i in range(4) for j in range(4))
    return np.exp(-exponent / 2) / np.sqrt(np.linalg.det(2 * np.pi * covariance))
