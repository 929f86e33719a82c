"""A cat and mean-field dynamics
=============================

What a classical particle learns of a cat: hybrid dynamics, on the grid and by trajectories, against mean-field.

Usage: python examples/mean_field.py [folder, default out]

The quantum particle begins in a superposition of two places and pulls the classical one with the force lam x. The mean
force is zero, so that in the mean-field dynamics the classical particle is only shaken by its bath; in the hybrid
dynamics it goes one way or the other, and the superposition decoheres. Half a minute on two cores.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import wignercq as wc
from wignercq.plotting import styled
from wignercq.plotting.picture import PALETTE
from wignercq.states import cat
from wignercq.unravelling import Ensemble

MODEL = wc.Model(
    "0.05*q**2", "0.05*x**2", "-0.5*q*x", classical_mass=1.2, quantum_mass=1.5, friction=0.2, diffusion=0.15
)
DURATION, COUNT = 2.5, 4096


def state() -> wc.State:
    """A superposition of two packets beside a cold classical particle."""
    return wc.classical(q=0.0, p=0.0, variances=(0.1, 0.1)) * cat((1.8, 0.0), mass=1.5, frequency=0.7, hbar=1.0)


def density(result: wc.Solution) -> tuple[np.ndarray, np.ndarray]:
    """Of q at the end."""
    last = result.dataset.isel(frame=-1)
    return last["q"].values, (last["density_qp"].sum("p") * float(last["p"][1] - last["p"][0])).values


def main(output_dir: str | Path = "out", count: int = COUNT, tolerance: float = 1e-3) -> Path:
    """Run all three, draw the figure and return its path."""
    start = state()
    run = wc.evolve(MODEL, start, DURATION, outputs=6, tolerance=tolerance, frames=2)
    paths = {
        dynamics: wc.trajectories(
            MODEL, start, DURATION, count=count, outputs=30, seed=1, frames=2, dynamics=dynamics, tolerance=tolerance
        )
        for dynamics in ("hybrid", "mean_field")
    }
    path = Path(output_dir) / "mean_field.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(run, paths).savefig(path, dpi=200)
    return path


@styled
def draw(run: wc.Solution, paths: dict[str, Ensemble]) -> Figure:
    """Single trajectories of both kinds, and the densities of q."""
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=False)
    for ax, (name, its), colour in zip(axes, paths.items(), PALETTE, strict=False):
        ax.plot(its.time, its["trajectory"].values[:, 0], color=colour, lw=0.9)
        ax.set(xlabel="$t$", ylabel="$q$", title=name.replace("_", "-"), xlim=(0, DURATION), ylim=(-6, 6))
    for (name, its), colour in zip(paths.items(), PALETTE, strict=False):
        q, values = density(its)
        axes[2].stairs(
            values, np.append(q, 2 * q[-1] - q[-2]) - (q[1] - q[0]) / 2, color=colour, label=name.replace("_", "-")
        )
    axes[2].plot(*density(run), color="0.2", lw=1.2, ls="--", label="grid")
    axes[2].set(xlabel="$q$", ylabel=f"density at $t = {DURATION:g}$", xlim=(-6, 6), ylim=(0, None))
    axes[2].legend(fontsize="small", frameon=False, loc="upper left")
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
