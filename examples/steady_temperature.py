"""How cold can a quartic oscillator get?
======================================

Energy of a quartic quantum oscillator in the steady state against the temperature of the classical bath.

Identical oscillators are coldest at k_B T = hbar w/4 when the coupling is weak (eq 85). Is a quartic one, w being that
of its first transition? Lines are the limit of weak coupling, where levels exchange populations at golden-rule rates.
Sixteen points take a minute or two each on a core.

.. image:: ../../images/steady_temperature.png
   :alt: Energy above the ground state against the temperature of the bath, in and out of resonance
"""

# sphinx_gallery_thumbnail_path = 'images/steady_temperature.png'

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.linalg import eigh

from wignercq import Model
from wignercq.gaussian import hybrid_covariance, occupation
from wignercq.plotting import styled
from wignercq.steady.steady_state import steady_state

POTENTIAL, HBAR, MASS = "x**4/4", 1.0, 1.0  # of the quantum particle
LIGHT, FRICTION, COUPLING = 0.25, 1.0, 0.2  # mass and friction of the classical one, lam of V_I = lam q x
TOLERANCE, STEP = 2e-4, 0.1  # the step makes an error of up to 6e-4 of the maximum of W
LEVELS = 24  # that exchange populations
FACTORS = (0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)  # temperatures in hbar w/4
DETUNINGS = {"resonant": 1.0, "detuned": 2.8}  # k_C/(M w**2)


def levels(points: int = 300, half: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """Energies of the quantum oscillator and matrix elements of x between its eigenstates, on a Fourier mesh."""
    x = np.linspace(-half, half, points, endpoint=False)
    k = 2 * np.pi * np.fft.fftfreq(points, 2 * half / points)
    kinetic = np.fft.ifft((HBAR * k)[:, None] ** 2 / (2 * MASS) * np.fft.fft(np.eye(points), axis=0), axis=0).real
    energies, states = eigh(kinetic + np.diag(x**4 / 4), subset_by_index=[0, LEVELS - 1])
    return energies, states.T @ (x[:, None] * states)


ENERGIES, ELEMENTS = levels()
FREQUENCY = float(ENERGIES[1] - ENERGIES[0]) / HBAR
UNIT = HBAR * FREQUENCY / 4  # of temperature


def model(temperature: float, detuning: float, lam: float = COUPLING, potential: str = POTENTIAL) -> Model:
    """The quartic oscillator, a classical one of stiffness M w**2 times a detuning, and its bath."""
    return Model(
        f"{LIGHT * FREQUENCY**2 * detuning!r}*q**2/2",
        potential,
        f"{lam}*q*x",
        classical_mass=LIGHT,
        quantum_mass=MASS,
        hbar=HBAR,
        friction=FRICTION,
        diffusion=2 * FRICTION * temperature,
    )


def weak_limit(temperature: float, detuning: float) -> float:
    """Energy above the ground state in hbar w for lam to 0.

    Rates from n to m are ``(lam/hbar)**2 |x_mn|**2 (S - hbar chi'')`` at ``w = (E_m - E_n)/hbar``, with the noise
    ``S = D2 |chi|**2 + hbar**2 D0`` and the loss ``chi'' = alpha w |chi|**2``, ``chi = 1/(k_C - M w**2 + i alpha w)``.
    """
    w = (ENERGIES[:, None] - ENERGIES) / HBAR
    diffusion = 2 * FRICTION * temperature
    squared = 1 / ((LIGHT * (FREQUENCY**2 * detuning - w**2)) ** 2 + (FRICTION * w) ** 2)
    rates = ELEMENTS**2 * (diffusion * squared + HBAR**2 / (4 * diffusion) - HBAR * FRICTION * w * squared)
    np.fill_diagonal(rates, 0.0)
    balance = rates - np.diag(rates.sum(axis=0))
    balance[0] = 1.0
    populations = np.linalg.solve(balance, np.eye(LEVELS)[0])
    return float(populations @ (ENERGIES - ENERGIES[0])) / (HBAR * FREQUENCY)


def harmonic(temperature: float, detuning: float, lam: float = COUPLING) -> float:
    """Occupation of a harmonic oscillator of the same frequency in its place, exact at any coupling."""
    other = model(temperature, detuning, lam, f"{MASS * FREQUENCY**2!r}*x**2/2")
    return float(occupation(other, hybrid_covariance(other)))


def exact(temperature: float, detuning: float, lam: float = COUPLING) -> float:
    """Energy above the ground state in hbar w."""
    found = steady_state(model(temperature, detuning, lam), tolerance=TOLERANCE, dt=STEP)
    return (float(found.dataset["energy_quantum"][0]) - ENERGIES[0]) / (HBAR * FREQUENCY)


def coldest(factors: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Where ``a T + b/T + c`` through the four points about the least value is least, and that least value."""
    k = min(max(int(np.argmin(values)), 1), len(values) - 3)
    near = slice(k - 1, k + 3)
    rows = np.stack([factors[near], 1 / factors[near], np.ones(4)], axis=1)
    a, b, c = np.linalg.lstsq(rows, values[near], rcond=None)[0]
    return float(np.sqrt(b / a)), float(2 * np.sqrt(a * b) + c)


def main(output_dir: str | Path = "out", factors: tuple[float, ...] = FACTORS) -> Path:
    """Draw the figure into `output_dir`; returns the path of the PNG."""
    found = {name: [exact(f * UNIT, detuning) for f in factors] for name, detuning in DETUNINGS.items()}
    return draw(np.array(factors), found, Path(output_dir) / "steady_temperature.png")


@styled
def draw(factors: np.ndarray, found: dict[str, list[float]], path: Path) -> Path:
    """The energies found at temperatures in hbar w/4, beside the limit of weak coupling and a harmonic oscillator."""
    fine = np.geomspace(0.95 * factors.min(), 1.05 * factors.max(), 80)
    figure, axes = plt.subplots(1, 2, figsize=(7.0, 3.3), layout="constrained", sharey=True)
    for ax, (name, values) in zip(axes, found.items(), strict=True):
        detuning = DETUNINGS[name]
        ax.plot(factors / 4, values, "o", color="C0", ms=4, label=f"quartic, $\\lambda={COUPLING}$")
        ax.plot(fine / 4, [weak_limit(f * UNIT, detuning) for f in fine], color="C0", label="quartic, $\\lambda\\to0$")
        other = [harmonic(f * UNIT, detuning) for f in fine]
        ax.plot(fine / 4, other, "--", lw=1, color="C1", label=f"harmonic, $\\lambda={COUPLING}$")
        ax.axvline(0.25, color="0.6", lw=0.7, zorder=0)
        least, times = coldest(factors, np.array(values))[0], "" if detuning == 1 else f"{detuning:g}\\,"
        ax.set_title(f"$k_C={times}M\\omega^2$, coldest at ${least:.2f}\\times\\hbar\\omega/4$")
        ax.set(xscale="log", xlabel="$k_BT/\\hbar\\omega$", ylim=(0, 1.1 * max(map(max, found.values()))))
        ax.set_xticks([0.125, 0.25, 0.5], ["1/8", "1/4", "1/2"])
        ax.minorticks_off()
    axes[0].set_ylabel("$(\\langle H_Q\\rangle-E_0)/\\hbar\\omega$")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:2])
