"""Noise in V against one exact flow of friction and noise: errors by step and friction, and the cost of a stage.

Usage: python tests/benchmarks/damping.py [size, default 48] [rounds, default 9]

Errors are those of means and covariances, in units of the exact standard deviations, the largest of all steps to
t = 20: coupled oscillators with k_C = k_Q = 1, lam = 0.2, M = m = hbar = 1, D2 = friction, order 4. A splitting of
linear dynamics maps Gaussians to Gaussians, so no grid is needed. The cost is that of one transport and one momentum
stage in the tiled engine, with friction in both cases, the least processor time of all rounds with one thread.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import numpy as np
from common import grid_of, markdown, name_of, parse_shape
from scipy.linalg import expm, solve_continuous_lyapunov

from wignercq import Model, Propagator
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.engines.compiled_step import Leg
from wignercq.propagation.schemes import FORWARD_3, Part, Stage

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.reference.linear_moments import oscillator_drift, oscillator_noise

LAM, DURATION = 0.2, 20.0
FRICTIONS = (0.1, 0.3, 0.7, 1.0, 3.0, 10.0, 30.0)
STEPS = (20, 40, 80, 160)
MEAN, VARIANCES = np.array([1.0, 0.0, 0.5, 0.0]), np.full(4, 0.5)
Map = tuple[np.ndarray, np.ndarray]  # z -> L z + noise of a covariance


def kick(stage: Stage, dt: float, noise: np.ndarray) -> Map:
    """exp(w dt G + c dt**3 C) for linear forces F and noise B of the momenta: C takes -2 F F and -4 F B."""
    force = oscillator_drift(k_C=1, k_Q=1, lam=LAM, classical_mass=1, quantum_mass=1, friction=0)[1::2, 0::2]
    w, c = float(stage.fraction) * dt, float(stage.commutator) * dt**3
    linear, spread = np.eye(4), np.zeros((4, 4))
    linear[1::2, 0::2] = -(w * force - 2 * c * force @ force)
    momenta = noise[1::2, 1::2]
    spread[1::2, 1::2] = w * momenta - 2 * c * (force @ momenta + momenta @ force)
    return linear, spread


def flow(stage: Stage, dt: float, friction: float, diffusion: float) -> Map:
    """Free motion and friction, with the noise of p from its own Lyapunov equation."""
    drift = oscillator_drift(k_C=0, k_Q=0, lam=0, classical_mass=1, quantum_mass=1, friction=friction)
    t = float(stage.fraction) * dt
    f, linear, spread = math.exp(-friction * t), expm(-drift * t), np.zeros((4, 4))
    spread[0, 0] = t - 2 * (1 - f) / friction + (1 - f * f) / (2 * friction)
    spread[0, 1] = spread[1, 0] = (1 - f) ** 2 / 2
    spread[1, 1] = friction * (1 - f * f) / 2
    return linear, spread * diffusion / friction**2


def error(friction: float, steps: int, *, exact_bath: bool) -> float:
    """Largest error of the moments."""
    numbers = {"k_C": 1, "k_Q": 1, "lam": LAM, "classical_mass": 1, "quantum_mass": 1, "friction": friction}
    drift = oscillator_drift(**numbers)
    noise = oscillator_noise(lam=LAM, hbar=1, diffusion=friction, decoherence=1 / (4 * friction))
    steady, dt = solve_continuous_lyapunov(drift, noise), DURATION / steps
    of_v = noise * np.array([1.0, 0.0 if exact_bath else 1.0, 1.0, 1.0])
    maps = [
        kick(stage, dt, of_v) if stage.part is Part.MOMENTUM else flow(stage, dt, friction, friction * exact_bath)
        for stage in FORWARD_3.stages
    ]
    mean, covariance, worst = MEAN, np.diag(VARIANCES), 0.0
    for k in range(1, steps + 1):
        for linear, spread in maps:
            mean, covariance = linear @ mean, linear @ covariance @ linear.T + spread
        decay = expm(-drift * k * dt)
        true = steady + decay @ (np.diag(VARIANCES) - steady) @ decay.T
        widths = np.sqrt(np.diag(true))
        of_mean = np.abs(mean - decay @ MEAN) / widths
        worst = max(worst, of_mean.max(), (np.abs(covariance - true) / np.outer(widths, widths)).max())
    return worst


def costs(size: str, rounds: int) -> tuple[str, float, float]:
    """Name of the size and processor seconds of a stage both ways."""
    grid = grid_of(parse_shape(size))
    engine = TiledEngine(grid, threads=1)
    model = Model.oscillators(friction=3.0, diffusion=3.0)
    fields, legs = [], []
    for exact_bath in (False, True):
        fields.append(engine.of(np.random.default_rng(1).normal(size=grid.shape)))
        legs.append(Propagator(model, engine, FORWARD_3, 0.1, exact_bath=exact_bath).compiled.legs[0])

    def seconds(W: np.ndarray, leg: Leg) -> float:
        start = time.process_time()
        engine.momentum(engine.move(W, leg.shear, leg.bath, leg.quantum), leg.kick, contraction=leg.contraction)
        return time.process_time() - start

    times = [[seconds(W, leg) for W, leg in zip(fields, legs, strict=True)] for _ in range(rounds + 1)][1:]
    split, whole = np.min(times, axis=0)
    return name_of(parse_shape(size)), float(split), float(whole)


def main() -> None:
    settings = [*sys.argv[1:], *("48", "9")[len(sys.argv) - 1 :]]
    rows = []
    for friction in FRICTIONS:
        for exact_bath, name in ((False, "noise in V"), (True, "one flow")):
            errors = [f"{error(friction, n, exact_bath=exact_bath):.1e}" for n in STEPS]
            rows.append([f"{friction:g}", name, *errors])
    print(markdown(["friction", "", *(f"dt = {DURATION / n:g}" for n in STEPS)], rows))
    name, split, whole = costs(settings[0], int(settings[1]))
    print(
        f"\n{name}: {split * 1e3:.1f} ms with noise in V, {whole * 1e3:.1f} ms as one flow, ratio {whole / split:.2f}"
    )


if __name__ == "__main__":
    main()
