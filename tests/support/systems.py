"""Problems the tests share: four different axis sizes and extents, hbar not 1, masses not equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wignercq import Axis, Grid, Model
from wignercq.states import GaussianState, State, gaussian, gibbs

HBAR = 0.8
MEAN = np.array([1.0, 0.3, -0.8, 0.2])
VARIANCES = np.array([0.6, 0.55, 0.5, 0.45])
NUMBERS = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": HBAR, "friction": 0.3, "diffusion": 0.5}
SMALL = Grid(Axis(-4.6, 4.9, 14), Axis(-5.2, 5.0, 16), Axis(-4.3, 4.2, 18), Axis(-4.6, 4.7, 20))


def model(
    classical: str = "0.4*q**2", quantum: str = "0.55*x**2", interaction: str = "0.2*(q - x)**2", **changes: Any
) -> Model:
    """Potentials with the numbers of all systems here."""
    return Model(classical, quantum, interaction, **{**NUMBERS, **changes})


def oscillators(**changes: Any) -> Model:
    """Coupled oscillators with every number different."""
    return Model.oscillators(**{"k_C": 0.9, "k_Q": 1.2, "lam": 0.4, **NUMBERS, **changes})


def quartic(g: float = 0.15, **changes: Any) -> Model:
    """Quartic V_Q, friction, diffusion, unsaturated decoherence."""
    parameters = {"k": 0.8, "kappa": 1.1, "g": g, "lam": 0.4}
    potentials = "k*q**2/2", "kappa*x**2/2 + g*x**4/4", "lam*(q - x)**2/2"
    return model(*potentials, **{"parameters": parameters, "decoherence": 0.75, **changes})


def numbers_of(system: Any) -> dict[str, float]:
    """Masses, hbar, friction and noises of a model, or of what stands for one, as arguments of a Model."""
    return {name: getattr(system, name) for name in (*NUMBERS, "decoherence")}


def displaced() -> GaussianState:
    """A Gaussian away from the origin, all widths different."""
    return gaussian(MEAN, VARIANCES, hbar=HBAR)


def packet(x: float = -0.2) -> GaussianState:
    """One that the small grid holds for a few steps."""
    return gaussian([0.4, -0.3, x, 0.3], [0.5, 0.6, 0.4, 0.45], hbar=HBAR)


def grid(q: int = 28, p: int = 30, x: int = 32, y: int = 36) -> Grid:
    """A coarse grid with axes that all differ; enough for comparisons of codes on the same grid."""
    return Grid(Axis(-6.5, 7.0, q), Axis(-6.8, 6.3, p), Axis(-6.0, 5.7, x), Axis(-5.9, 6.1, y))


def gaussian_density(grid: Grid, mean: np.ndarray = MEAN, covariance: np.ndarray | None = None) -> np.ndarray:
    """The normalised Gaussian on a grid, written out, shape grid.shape."""
    covariance = np.diag(VARIANCES) if covariance is None else covariance
    inverse = np.linalg.inv(covariance)
    offsets = [axis - centre for axis, centre in zip(grid.mesh, mean, strict=True)]
    exponent = sum(inverse[i, j] * offsets[i] * offsets[j] for i in range(4) for j in range(4))
    return np.exp(-exponent / 2) / np.sqrt(np.linalg.det(2 * np.pi * covariance))


def with_baths() -> Model:
    """Friction and all diffusions of the quantum particle, a noise that depends on q, an operator beyond linear."""
    return Model(
        "0.4*q**2",
        "0.55*x**2 + 0.05*x**4",
        "0.35*q*x",
        hbar=HBAR,
        classical_mass=1.3,
        quantum_mass=0.9,
        friction=0.3,
        diffusion=0.5,
        quantum_bath={"friction": 0.24, "diffusion": {"xx": 0.1, "xy": 0.06, "yy": 0.5}},
        noises=[{"force": "x**2", "decoherence": 0.1, "diffusion": "0.1*q**2 + 0.05*q + 0.05"}],
    )


def thermal() -> Model:
    """Oscillators whose dynamics keep the thermal state, with linear terms in every place."""
    return Model.thermal(
        *("0.9*q**2/2", "1.2*x**2/2 + 0.1*x", "0.4*(q - x)**2/2 + 0.3*q"),
        friction=0.5,
        temperature=0.4,
        hbar=0.8,
        classical_mass=1.3,
        quantum_mass=0.7,
    )


def at_rest(V_C: str, widths: Sequence[float], points: Sequence[int]) -> tuple[Model, State, Grid]:
    """A model whose weak bath keeps its thermal state, this state, and a box of so many of its widths each way."""
    model = Model.thermal(
        *(V_C, "0.3*x**2/2", "0.08*(q - x)**2/2"), friction=0.05, temperature=0.4, hbar=0.9, classical_mass=1.2
    )
    state = gibbs(model)
    ends = np.array(widths) * np.sqrt(np.diag(state.covariance))
    return model, state, Grid(*(Axis(-end, end, n) for end, n in zip(ends, points, strict=True)))
