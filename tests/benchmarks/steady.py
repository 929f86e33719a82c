"""What finding a steady state costs beside marching to it, at three couplings. Markdown tables.

Usage: python tests/benchmarks/steady.py [tolerance, default 1e-6] [points per axis of the last table, default 40]

The march begins from the Gaussian of the thermal state, on the grid and with the step that the search chose, and ends
where its residual, the largest |dW/dt| over the largest W, is that of the steady state found. Work is counted in steps
times cells. A march of more than MOST steps is left, and its work extrapolated from the decay of its residual.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from wignercq import FixedAxis, LinearModel, Model, Propagator, steady_state
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.schemes import FORWARD_3
from wignercq.states import gaussian
from wignercq.steady.certificate import drift
from wignercq.steady.existence import thermal_extent
from wignercq.steady.result import SteadyState

BATH = {"classical_mass": 1.4, "quantum_mass": 0.8, "hbar": 0.8, "friction": 1.0, "diffusion": 1.0}
MOST = 4000  # steps of a march
LOOK = 100  # steps between two measurements of its residual


def quartic(coupling: float) -> Model:
    return Model("q**2/2", "x**2/2 + 0.05*x**4", f"-{coupling}*q*x", **BATH)


def march(model: Model, found: SteadyState) -> tuple[float, float, bool]:
    """Steps and seconds to the residual of what was found, and whether the march went so far."""
    engine = TiledEngine(found.grid)
    propagator = Propagator(model, engine, FORWARD_3, found.dataset.attrs["time_step"])
    extent = thermal_extent(model)
    W = engine.fill(gaussian(extent.mean, extent.widths**2, hbar=model.hbar).slab(engine.grid))
    residuals, begun = [], time.perf_counter()
    for steps in range(LOOK, MOST + 1, LOOK):
        W, _ = propagator.advance(W, LOOK)
        residuals.append(drift(propagator, engine.array(W)).residual)
        if residuals[-1] < found.residual:
            return float(steps), time.perf_counter() - begun, True
    seconds = time.perf_counter() - begun
    half = len(residuals) // 2
    rate = np.log(residuals[half] / residuals[-1]) / (LOOK * (len(residuals) - 1 - half))
    steps = MOST + np.log(residuals[-1] / found.residual) / rate
    return float(steps), seconds * steps / MOST, False


def row(name: str, model: Model, tolerance: float, grid: dict[str, FixedAxis] | None = None) -> None:
    begun = time.perf_counter()
    found = steady_state(model, tolerance=tolerance, grid=grid)
    seconds, attributes = time.perf_counter() - begun, found.dataset.attrs
    steps, marched, ended = march(model, found)
    work = attributes["cell_steps"] / found.W.size
    print(
        f"| {name} | {attributes['grid']} | {found.residual:.1e} | {found.distance:.1e} | {found.gap:.2g} | {work:.0f} "
        f"| {seconds:.0f} s | {'' if ended else 'about '}{steps:.0f} | {'' if ended else 'about '}{marched:.0f} s "
        f"| {steps / work:.1f} | {marched / seconds:.1f} |",
        flush=True,
    )


def main() -> None:
    numbers = [*sys.argv[1:], *("1e-6", "40")[len(sys.argv) - 1 :]]
    tolerance, points = float(numbers[0]), int(numbers[1])
    print("| model | grid | residual | distance | gap | steps | time | march | time | work | time |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for coupling in (0.5, 0.15, 0.05):
        row(f"quartic, lam = {coupling}", quartic(coupling), tolerance)
    boxed = {name: FixedAxis(points=points) for name in ("q", "p", "x", "y")}
    row("quartic, lam = 0.15", quartic(0.15), tolerance, boxed)
    oscillators = Model.oscillators(k_C=0.9, k_Q=1.2, lam=0.4, classical_mass=1.3, quantum_mass=0.7, **SOFT)
    found = steady_state(oscillators, tolerance=tolerance)
    S = LinearModel.from_model(oscillators).steady_covariance()
    exact = gaussian(np.zeros(4), S, hbar=0.8)
    engine = TiledEngine(found.grid)
    W = engine.array(engine.fill(exact.slab(engine.grid)))
    error = float(np.abs(W - found.W.values).max() / W.max())
    print(f"\noscillators: distance estimate {found.distance:.1e}, true distance {error:.1e}")


SOFT = {"hbar": 0.8, "friction": 0.3, "diffusion": 0.5}

if __name__ == "__main__":
    main()
