"""Trajectories: Figure 2
======================

Sample trajectories of the coupled oscillators with the predicted standard deviations (the paper's Figure 2).
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from wignercq.gaussian import CoupledOscillators, sample_exact, steady_covariance
from wignercq.plotting import styled


@styled
def main(output_dir: str | Path = "out") -> Path:
    """Draw the figure into `output_dir`; returns the path of the PNG."""
    oscillators = CoupledOscillators(
        k_C=1.0, k_Q=1.0, lam=0.25, friction=0.5, classical_diffusion=0.05, quantum_diffusion=0.05
    )
    times = np.linspace(0, 400, 8001)
    path = sample_exact(oscillators.process, times, trajectories=1, rng=3, start=np.zeros(4))[0]
    steady = np.sqrt(np.diag(steady_covariance(oscillators)))
    growing = np.sqrt(np.diagonal(oscillators.process.covariance(times, np.zeros((4, 4))), axis1=1, axis2=2))
    figure, axes = plt.subplots(2, 2, figsize=(7.0, 3.7), layout="constrained", width_ratios=(2.2, 1), sharey="row")
    for row, (index, name) in enumerate(((0, "q"), (2, "x"))):
        for column, late in enumerate((slice(None), times > 360)):
            panel = axes[row, column]
            panel.plot(times[late], path[late, index], lw=0.8, color=f"C{row}")
            panel.fill_between(times[late], -growing[late, index], growing[late, index], color="0.85", zorder=0)
            for sign in (1, -1):
                panel.axhline(sign * steady[index], color="k", ls="--", lw=0.8)
            panel.set_xlim(times[late][0], times[late][-1])
        axes[row, 0].set_ylabel(f"${name}(t)$")
    axes[0, 0].set_title("trajectory from rest, predicted deviation in time (grey)")
    axes[0, 1].set_title("the end: one frequency")
    for panel in axes[1]:
        panel.set_xlabel("$t$")
    path_out = Path(output_dir) / "figure2_trajectories.png"
    path_out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path_out, dpi=200)
    plt.close(figure)
    return path_out


if __name__ == "__main__":
    main(*sys.argv[1:2])
