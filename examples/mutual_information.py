"""Mutual information at two times
===============================

Mutual information of the oscillators at two times: exact, and what survives at weak coupling (eqs 63-68).
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from wignercq.gaussian import (
    CoupledOscillators,
    asymptotic_mutual_information,
    mutual_information,
    two_time_correlation,
)
from wignercq.plotting import styled


@styled
def main(output_dir: str | Path = "out") -> Path:
    """Draw the figure into `output_dir`; returns the path of the PNG."""
    oscillators = CoupledOscillators(
        k_C=1.0, k_Q=1.0, lam=0.05, friction=0.3, classical_diffusion=0.2, quantum_diffusion=0.6
    )
    tau = np.linspace(0.02, 60, 3000)
    correlation = two_time_correlation(oscillators.process, tau)
    figure, axes = plt.subplots(figsize=(4.9, 3.1), layout="constrained")
    for (i, j), label in {
        (0, 0): "$q(t+\\tau)$ with $q(t)$",
        (0, 2): "$q(t+\\tau)$ with $x(t)$",
        (2, 2): "$x(t+\\tau)$ with $x(t)$",
    }.items():
        axes.plot(tau, mutual_information(correlation[:, i, j]), lw=1, label=label)
    late = tau > 2 / oscillators.friction
    axes.plot(
        tau[late],
        asymptotic_mutual_information(oscillators, tau[late]),
        "k:",
        lw=1.2,
        label="$q$ with $q$, leading order for late $\\tau$",
    )
    axes.set(xlabel="delay $\\tau$", ylabel="mutual information (nats)", ylim=(0, 2.2), xlim=(0, 60))
    axes.legend(loc="upper right")
    path = Path(output_dir) / "mutual_information.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:2])
