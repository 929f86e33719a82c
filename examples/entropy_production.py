"""Entropy production
==================

Entropy production of the steady state and its distance from the Gibbs state against the diffusion D2.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from wignercq import Model
from wignercq.gaussian import LinearModel, entropy_rates, gibbs_distance, steady_entropy_production
from wignercq.plotting import styled


def model(diffusion: float) -> Model:
    """Unequal oscillators at a saturated trade-off."""
    return Model.oscillators(k_C=1.3, k_Q=0.8, lam=0.5, friction=0.4, diffusion=diffusion)


@styled
def main(output_dir: str | Path = "out") -> Path:
    """Draw the figure into `output_dir`; returns the path of the PNG."""
    diffusions = np.geomspace(0.05, 50, 31)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.0, 3.0), layout="constrained")
    models = [model(D) for D in diffusions]
    left.loglog(diffusions, [steady_entropy_production(m) for m in models], label="entropy production rate")
    left.loglog(diffusions, [gibbs_distance(m) for m in models], label="distance from the Gibbs state (nats)")
    left.loglog(diffusions[-14:], 0.06 * diffusions[-14:] ** -2.0, "k:", lw=1, label="$D_2^{-2}$, $D_2^{-4}$")
    left.loglog(diffusions[-14:], 0.05 * diffusions[-14:] ** -4.0, "k:", lw=1)
    left.set(xlabel="diffusion $D_2$", title="steady state")
    left.legend()
    process = LinearModel.from_model(model(0.5))
    times = np.linspace(0, 40, 401)
    start = np.diag([0.1, 0.1, 0.5, 0.5])
    rates = [entropy_rates(process, covariance) for covariance in process.covariance(times, start)]
    for name in ("production", "change", "flux"):
        right.plot(times, [getattr(rate, name) for rate in rates], label=name)
    right.axhline(steady_entropy_production(model(0.5)), color="k", ls=":", lw=1, label="steady production")
    right.set(xlabel="$t$", ylabel="nats per unit time", title="relaxation at $D_2=0.5$", ylim=(-0.5, 1))
    right.legend()
    path = Path(output_dir) / "entropy_production.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:2])
