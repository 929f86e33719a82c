"""A quantum particle in a double well: W turns or is negative, and decoherence removes that at the rate of the fringes.

Fringes between places dx apart have the frequency s = dx/hbar in y. With V_I = -lam q x decoherence is diffusion in y,
D_y = hbar**2 lam**2 D0, which damps them at the rate ``D_y s**2/2 = D0 lam**2 dx**2/2``.
"""

from __future__ import annotations

import numpy as np
import pytest
from support import comparisons
from support.reference.schroedinger import QuantumParticle, gaussian_packet, wigner

from wignercq import Axis, Grid, Model
from wignercq.states import ClassicalGaussian, GaussianQuantumState, QuantumState, from_wavefunction, product

HBAR, MASS, WELL, LAM, DIFFUSION = 0.9, 0.9, 1.4, 0.5, 0.5
GRID = Grid(Axis(-3.4, 3.3, 22), Axis(-4.9, 4.7, 20), Axis(-3.4, 3.5, 40), Axis(-6.6, 6.5, 42))
STEP = 0.1


def particle(height: float) -> QuantumParticle:
    """The same quantum particle alone, by another method."""
    return QuantumParticle(lambda x: height * (x**2 / WELL**2 - 1) ** 2, MASS, HBAR, -5, 5, 120)


def looks(
    quantum: QuantumState, height: float, decoherence: float, outputs: int, steps: int
) -> list[dict[str, comparisons.Seen]]:
    """Marginals at outputs `steps` apart; `decoherence` is D0."""
    model = Model(
        "0.7*q**2",
        "h*(x**2/b**2 - 1)**2",
        "-lam*q*x",
        parameters={"h": height, "b": WELL, "lam": LAM},
        classical_mass=1.6,
        quantum_mass=MASS,
        hbar=HBAR,
        friction=0.4,
        diffusion=DIFFUSION,
        decoherence=decoherence,
    )
    W = product(ClassicalGaussian([0, 0], [0.35, 0.6]), quantum).wigner(GRID)
    run = comparisons.SideBySide(model, W, GRID, STEP)
    result = [run.look(0.0)]
    for k in range(1, outputs + 1):
        run.advance(steps)
        result.append(run.look(k * steps * STEP))
    return result


def negativities(found: list[dict[str, comparisons.Seen]], theory: str) -> np.ndarray:
    return np.array([at[theory].marginals.negativity if theory in at else np.nan for at in found])


@pytest.mark.slow
def test_fringes_of_a_stationary_superposition_decay_at_the_rate_of_their_separation() -> None:
    """Kills: decoherence off by a factor, or without the square of the separation.

    The ground state of the double well is a superposition of both sides and does not move by itself, so that W changes
    as diffusion in y alone would change it, as long as heating has not spread it.
    """
    energies, vectors = particle(2.5).spectrum
    assert energies[1] - energies[0] < 0.2 < 1.5 < energies[2] - energies[0]
    ground = from_wavefunction(particle(2.5).nodes, vectors[:, 0].astype(complex), hbar=HBAR)
    plane = ground.wigner(GRID.x, GRID.y)
    spectrum, s = np.fft.rfft(plane, axis=1), GRID.y.half_frequencies
    cell = GRID.x.spacing * GRID.y.spacing
    times = STEP * np.arange(3)
    rates = []
    for decoherence in (0.5, 1.0, 2.0):
        measured = negativities(looks(ground, 2.5, decoherence, 2, 1), "exact")
        D_y = (HBAR * LAM) ** 2 * decoherence
        damped = [np.fft.irfft(spectrum * np.exp(-D_y * s**2 * t / 2), n=GRID.y.points, axis=1) for t in times]
        predicted = np.array([(np.abs(W).sum() * cell - 1) / 2 for W in damped])
        assert measured[0] > 0.15
        assert measured == pytest.approx(predicted, rel=0.01)
        rates.append(np.log(measured[0] / measured[2]) / times[2])
    assert np.array(rates) / rates[0] == pytest.approx([1, 2, 4], rel=0.04)
    separation = 2 * np.sqrt(ground.covariance[0, 0])  # of two places at equal weight
    assert rates[0] == pytest.approx(0.5 * LAM**2 * separation**2 / 2, rel=0.5)


@pytest.mark.slow
def test_a_localised_state_turns_negative_as_it_spreads_and_decoherence_removes_it() -> None:
    """Kills: negativity from the grid alone, negativity that never goes, a counterpart that is not a probability.

    A packet on top of the barrier turns negative like the particle alone (Schroedinger's equation), less so by no more
    than about exp(-rate t), with the rate D0 lam**2 (2 b)**2/2 of fringes between the two wells; and once there it
    loses them in the time 1/rate, where the particle alone keeps them.
    """
    variance, height, decoherence = 0.25, 1.6, 2.0
    packet = GaussianQuantumState([0, 0], [variance, HBAR**2 / (4 * variance)], hbar=HBAR)
    found = looks(packet, height, decoherence, 12, 2)
    exact, counterpart = negativities(found, "exact"), negativities(found, "fokker_planck")
    times = 2 * STEP * np.arange(13)
    psi = gaussian_packet(0.0, 0.0, variance, HBAR)
    x, y = np.linspace(-4, 4, 61), np.linspace(-7, 7, 71)
    planes = [wigner(particle(height).evolve(psi, t), x, y, hbar=HBAR, reach=9.0, nodes=401) for t in times]
    alone = np.array([(np.abs(W).sum() * (x[1] - x[0]) * (y[1] - y[0]) - 1) / 2 for W in planes])

    rate = decoherence * LAM**2 * (2 * WELL) ** 2 / 2
    assert exact[0] < 1e-6
    assert (exact[2:] < alone[2:]).all()
    assert (exact[2:] > alone[2:] * np.exp(-1.25 * rate * times[2:])).all()
    peak = int(np.argmax(exact))
    assert 0.05 < exact[peak] < alone[peak] / 2
    fading = np.interp(-np.log(exact[peak] / np.e), -np.log(exact[peak:]), times[peak:]) - times[peak]
    assert fading == pytest.approx(1 / rate, rel=0.5)
    assert exact[-1] < 0.01 < 0.25 < alone[-1]
    assert np.nanmax(counterpart) < 0.02 * exact[peak]
