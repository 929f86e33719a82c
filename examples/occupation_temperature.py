"""The coldest bath is not the best
================================

Occupation of the quantum oscillator against the temperature of the classical bath, with its minimum (eq 85).
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from wignercq import Model
from wignercq.gaussian import critical_temperature, hybrid_covariance, occupation, weak_occupation
from wignercq.plotting import styled

FRICTION, HBAR = 0.4, 1.0  # both springs and masses are 1, so that w = 1


def model(temperature: float, lam: float, trade_off: float = 1.0) -> Model:
    """Identical oscillators with a bath at `temperature` and 4 D0 D2 = `trade_off`."""
    diffusion = 2 * FRICTION * temperature
    return Model.oscillators(
        lam=lam,
        hbar=HBAR,
        friction=FRICTION,
        diffusion=diffusion,
        decoherence=trade_off / (4 * diffusion),
        allow_unphysical=trade_off < 1,
    )


def exact(temperature: float, lam: float, trade_off: float = 1.0) -> float:
    """Occupation of the steady state."""
    chosen = model(temperature, lam, trade_off)
    return float(occupation(chosen, hybrid_covariance(chosen)))


@styled
def main(output_dir: str | Path = "out") -> Path:
    """Draw the figure into `output_dir`; returns the path of the PNG."""
    temperatures = np.geomspace(0.03, 2.5, 36)
    figure, axes = plt.subplots(figsize=(4.9, 3.3), layout="constrained")
    for colour, lam in enumerate((0.3, 0.1, 0.01)):
        axes.plot(temperatures, [exact(T, lam) for T in temperatures], color=f"C{colour}", label=f"$\\lambda={lam}$")
    axes.plot(temperatures, [weak_occupation(model(T, 0.01)) for T in temperatures], "k:", label="leading order, (85)")
    forbidden = [exact(T, 0.01, 0.5) for T in temperatures]
    axes.plot(temperatures, forbidden, color="0.5", ls="--", label="$4D_0D_2=0.5$, $\\lambda=0.01$: unphysical")
    axes.axvline(critical_temperature(model(1.0, 0.01)), color="k", lw=0.7)
    axes.annotate("$k_BT_C=\\hbar\\omega/4$", (0.26, 0.85))
    axes.axhspan(-0.3, 0, color="C3", alpha=0.15)
    axes.annotate("below the ground state", (0.65, -0.17))
    axes.set(xscale="log", xlabel="$k_BT_C/\\hbar\\omega$", ylabel="occupation $n$", ylim=(-0.3, 2), xlim=(0.03, 2.5))
    axes.legend(loc="upper center", bbox_to_anchor=(0.72, 1.0))
    path = Path(output_dir) / "occupation_temperature.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:2])
