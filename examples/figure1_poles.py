"""Poles of the oscillators: Figure 1
==================================

Poles of the coupled oscillators in the plane of complex frequencies as the coupling grows (the paper's Figure 1).
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from wignercq.gaussian import CoupledOscillators, weak_poles
from wignercq.plotting import styled


def poles(lam: float, *, weak: bool) -> np.ndarray:
    """Frequencies w = i a for the eigenvalues a of the drift, exact or to second order in lam; those with Re w > 0."""
    oscillators = CoupledOscillators(
        k_C=1.6, k_Q=0.8, lam=lam, friction=0.6, classical_diffusion=0.5, quantum_diffusion=0.3
    )
    w = 1j * (weak_poles(oscillators) if weak else oscillators.process.eigenvalues)
    return w[w.real > 0]


@styled
def main(output_dir: str | Path = "out") -> Path:
    """Draw the figure into `output_dir`; returns the path of the PNG."""
    couplings = np.linspace(0, 1.2, 121)
    figure, axes = plt.subplots(figsize=(4.9, 3.2), layout="constrained")
    exact = np.array([poles(lam, weak=False) for lam in couplings])
    colours = np.repeat(couplings, 2)
    for sign in (1, -1):
        dots = axes.scatter(sign * exact.real, exact.imag, c=colours, s=9, cmap="viridis", zorder=2)
        axes.scatter(sign * exact.real, -exact.imag, c=colours, s=9, cmap="viridis", marker="x", lw=0.6, zorder=2)
    small = np.array([poles(lam, weak=True) for lam in np.linspace(0, 0.35, 36)])
    for branch in range(2):
        for sign in (1, -1):
            label = "second order in $\\lambda$" if (branch, sign) == (0, 1) else None
            axes.plot(sign * small[:, branch].real, small[:, branch].imag, "r-", lw=1.2, label=label, zorder=3)
    axes.plot([], [], "ko", ms=3, label="$\\omega = +i a$")
    axes.plot([], [], "kx", ms=4, label="$\\omega = -i a$, the conjugates")
    axes.axhline(0, color="0.6", lw=0.7, zorder=1)
    axes.axvline(0, color="0.6", lw=0.7, zorder=1)
    axes.set(xlabel="Re $\\omega$", ylabel="Im $\\omega$", ylim=(-0.4, 0.4))
    axes.legend(loc="upper center")
    figure.colorbar(dots, label="coupling $\\lambda$")
    path = Path(output_dir) / "figure1_poles.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:2])
