"""What float32 costs in accuracy: its error against float64 at the same time step, as steps add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from common import markdown

from wignercq import Axis, Grid, Model, Propagator
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import BY_ORDER, Part, Scheme
from wignercq.states import gaussian

HBAR = 0.8
GRID = Grid(Axis(-6.5, 7.0, 24), Axis(-6.8, 6.3, 26), Axis(-6.0, 5.7, 28), Axis(-5.9, 6.1, 30))
STEPS = (100, 400, 1600)
DT = 0.05
MASSES = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": HBAR}
MODELS = {
    "quartic, damped": Model(
        "0.4*q**2", "0.55*x**2 + 0.0375*x**4", "0.2*(q - x)**2", friction=0.3, diffusion=0.5, **MASSES
    ),
    "oscillators, undamped": Model("0.45*q**2", "0.6*x**2", "0.2*(q - x)**2", diffusion=0.01, **MASSES),
}


@dataclass(frozen=True)
class Drift:
    """How far a float32 run is from the float64 run of the same steps.

    Parameters
    ----------
    steps : int
    passes : int
        Transport and momentum passes, neighbouring outer stages fused.
    error : float
        Largest difference of W relative to the largest W.
    norm : float
        Integral of the float32 W minus one.
    """

    steps: int
    passes: int
    error: float
    norm: float


def passes_per_step(scheme: Scheme) -> int:
    """Passes of a step whose outer stage is shared with its neighbour."""
    return len(scheme.stages) - 1


def drift(model: Model, marks: tuple[int, ...]) -> Iterator[Drift]:
    """The float32 run of `model` against its float64 run after each number of steps in `marks`."""
    scheme = BY_ORDER[4]
    start = gaussian([1.0, 0.3, -0.8, 0.2], [0.6, 0.55, 0.5, 0.45], hbar=HBAR)
    fields, propagators = [], []
    for dtype in (np.float64, np.float32):
        engine = TiledEngine(GRID, dtype)
        propagators.append(Propagator(model, engine, scheme, DT))
        fields.append(engine.allocate())
        start.fill(GRID, fields[-1])
    done = 0
    for mark in marks:
        for propagator, W in zip(propagators, fields, strict=True):
            propagator.advance(W, mark - done)
        done = mark
        double, single = fields
        yield Drift(
            mark,
            mark * passes_per_step(scheme) + sum(stage.part is Part.MOMENTUM for stage in scheme.stages[-1:]),
            float(np.abs(single - double).max() / np.abs(double).max()),
            float(single.sum(dtype=float) * GRID.cell - 1),
        )


def law(drifts: list[Drift]) -> tuple[float, float]:
    """Least-squares (c, a) of ``error = c * passes**a``."""
    slope, intercept = np.polyfit(np.log([d.passes for d in drifts]), np.log([d.error for d in drifts]), 1)
    return float(np.exp(intercept)), float(slope)


def table(marks: tuple[int, ...]) -> str:
    """Error and norm of float32 against steps, for every model, and the fitted law of the error."""
    rows = []
    for name, model in MODELS.items():
        drifts = list(drift(model, marks))
        c, a = law(drifts)
        rows += [(name, d.steps, d.passes, f"{d.error:.1e}", f"{d.norm:+.1e}", "") for d in drifts]
        rows[-1] = (*rows[-1][:-1], f"{c:.1e} * passes^{a:.2f}")
    header = ("model", "steps", "passes", "error of float32", "norm - 1", "fitted error")
    return markdown(header, rows)
