"""Whole runs of driven models against independent answers: linear theory, a Schroedinger solver, the cycle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from support import systems
from support.processes import require_identical
from support.reference.schroedinger import gaussian_packet, wigner

from wignercq import Axis, Grid, Model, evolve
from wignercq.comparison import compare
from wignercq.gaussian import DrivenLinearModel
from wignercq.states import coherent, gaussian, product
from wignercq.states.classical import classical

M, MASS, HBAR, ALPHA, D2 = 1.3, 0.7, 0.8, 0.5, 0.6
D0 = 1 / (4 * D2)
NUMBERS = {"classical_mass": M, "quantum_mass": MASS, "hbar": HBAR, "friction": ALPHA, "diffusion": D2}
MEAN, VARIANCES = [0.5, 0.2, -0.4, 0.3], [0.5, 0.62, 0.42, 0.41]
STATE = gaussian(MEAN, VARIANCES, hbar=HBAR)
OSCILLATORS = Model(
    "0.45*q**2*(1 + 0.3*cos(2.3*t)) - 0.8*cos(1.7*t)*q",
    "0.6*x**2*(1 + 0.3*sin(1.9*t)) - 0.5*sin(2.1*t + 0.3)*x",
    "0.2*(1 + 0.4*cos(1.3*t))*(q - x)**2",
    **NUMBERS,
)


G_Q, D_XX, D_XY, D_YY = 0.35, 0.25, 0.1, 0.4
BATHS = {
    "quantum_bath": {"friction": G_Q, "diffusion": {"xx": D_XX, "xy": D_XY, "yy": D_YY}},
    "noises": [{"force": "0.7*x + 0.2*q**2", "decoherence": 0.3, "diffusion": 0.2}],
}


def exact_moments(times: np.ndarray, baths: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances of OSCILLATORS, with BATHS or without, from their equations written out."""
    gamma = G_Q / MASS if baths else 0.0
    more = np.zeros((4, 4))
    if baths:
        more[1, 1], more[2:, 2:] = 0.2, [[D_XX, D_XY], [D_XY, D_YY + 0.3 * (HBAR * 0.7) ** 2]]

    def rate(t: float, values: np.ndarray) -> np.ndarray:
        z, S = values[:4], values[4:].reshape(4, 4)
        k_C, k_Q = 0.9 * (1 + 0.3 * np.cos(2.3 * t)), 1.2 * (1 + 0.3 * np.sin(1.9 * t))
        lam = 0.4 * (1 + 0.4 * np.cos(1.3 * t))
        A = [[0, 1 / M, 0, 0], [-k_C - lam, -ALPHA / M, lam, 0], [0, 0, 0, 1 / MASS], [lam, 0, -k_Q - lam, -gamma]]
        force = [0, 0.8 * np.cos(1.7 * t), 0, 0.5 * np.sin(2.1 * t + 0.3)]
        flow = np.array(A) @ S
        B = more + np.diag([0, D2, 0, (HBAR * lam) ** 2 * D0])
        return np.concatenate([np.array(A) @ z + force, (flow + flow.T + B).ravel()])

    start = np.concatenate([MEAN, np.diag(VARIANCES).ravel()])
    found = solve_ivp(rate, (0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-13, atol=1e-14).y.T
    return found[:, :4], found[:, 4:].reshape(-1, 4, 4)


@pytest.mark.slow
@pytest.mark.parametrize("baths", [False, True], ids=["paper", "baths"])
def test_moments_of_a_driven_oscillator_are_those_of_the_linear_theory(baths: bool) -> None:
    """Kills: anything in a run that knows another time: the grid, the steps, the looks, the energy budget."""
    model = replace(OSCILLATORS, **BATHS, decoherence=D0) if baths else OSCILLATORS
    run = evolve(model, STATE, duration=1.0, outputs=4, dt=0.05)
    mean, covariance = exact_moments(run.time, baths)
    theory = DrivenLinearModel(model)
    assert np.abs(theory.mean(run.time, MEAN) - mean).max() < 1e-11
    assert np.abs(theory.covariance(run.time, np.diag(VARIANCES)) - covariance).max() < 1e-11
    assert np.abs(run.mean - mean).max() < 1e-7
    assert np.abs(run.dataset["covariance"].values - covariance).max() < 1e-7
    assert np.abs(run.dataset["energy_budget_residual"].values).max() < 1e-6


DUFFING = "0.55*x**2*(1 + 0.2*cos(3*t)) + 0.04*x**4 - 0.6*cos(1.4*t)*x + 0.3*cos(2*(x - 0.2*sin(5*t)))"


def schroedinger(time: float, points: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """psi of the driven particle on points of a fine periodic lattice, by its equation as one of ordinary type."""
    x = np.linspace(-10, 10, points, endpoint=False)
    k = 2 * np.pi * np.fft.fftfreq(points, x[1] - x[0])

    def rate(t: float, psi: np.ndarray) -> np.ndarray:
        V = 0.55 * x**2 * (1 + 0.2 * np.cos(3 * t)) + 0.04 * x**4 - 0.6 * np.cos(1.4 * t) * x
        V += 0.3 * np.cos(2 * (x - 0.2 * np.sin(5 * t)))
        return (np.fft.ifft(HBAR**2 * k**2 / (2 * MASS) * np.fft.fft(psi)) + V * psi) / (1j * HBAR)

    psi = gaussian_packet(0.9, -0.3, HBAR / (2 * MASS * 1.1), HBAR)(x).astype(complex)
    return x, solve_ivp(rate, (0, time), psi, method="DOP853", rtol=1e-10, atol=1e-12).y[:, -1]


@pytest.mark.slow
def test_a_driven_quantum_particle_alone_obeys_the_schroedinger_equation() -> None:
    """Kills: a Moyal bracket at another time, in the planes that an uncoupled W is solved on."""
    state = product(
        classical(q=0.3, p=0.1, variances=[0.5, 0.6]), coherent(0.9, -0.3, mass=MASS, frequency=1.1, hbar=HBAR)
    )
    model = Model("0.45*q**2 - 0.5*sin(t)*q", DUFFING, **NUMBERS)
    run = evolve(model, state, duration=3.0, outputs=3, tolerance=1e-7, frames=2)
    assert run.dataset.attrs["engine"] == "planes"
    nodes, psi = schroedinger(3.0)
    k = 2 * np.pi * np.fft.fftfreq(nodes.size, nodes[1] - nodes[0])
    amplitudes = np.fft.fft(psi) / nodes.size

    def wave(x: np.ndarray) -> np.ndarray:
        inside = np.abs(x) < 10
        return np.where(inside, np.exp(1j * k * (x[..., None] - nodes[0])) @ amplitudes, 0)

    plane = run.dataset["wigner_xy"].isel(frame=-1)
    some = slice(None, None, 3)
    expected = wigner(wave, plane["x"].values[some], plane["y"].values[some], hbar=HBAR, reach=16.0, nodes=401)
    assert np.abs(plane.values[some, some] - expected).max() < 1e-6 * np.abs(expected).max()
    assert expected.min() < -0.01 * expected.max()


STIRRED = Model("0.5*q**2 - 0.9*cos(4*t)*q", "0.6*x**2*(1 + 0.2*cos(4*t))", "0.4*(q - x)**2", **NUMBERS)


@pytest.mark.slow
def test_w_comes_back_after_a_period() -> None:
    """Kills: a cycle that is not that of the equation on the grid: its Gaussian, and a period later again."""
    cycle = DrivenLinearModel(STIRRED).cycle()
    state = gaussian(cycle.start_mean, cycle.start_covariance, hbar=HBAR)
    run = evolve(STIRRED, state, times=[cycle.period / 2, cycle.period], dt=cycle.period / 24)
    mean, covariance = cycle.moments(run.time)
    assert np.abs(run.mean - mean).max() < 1e-6
    assert np.abs(run.dataset["covariance"].values - covariance).max() < 1e-6


@pytest.mark.slow
def test_a_run_that_goes_on_knows_its_time(tmp_path: Path) -> None:
    """Kills: a drive that begins anew when a run goes on from a result or from a checkpoint."""
    grid = systems.SMALL
    model = systems.model("0.4*q**2 - 1.5*cos(3*t)*q", "0.55*x**2", "0.2*(1 + 0.5*cos(2*t))*(q - x)**2")
    settings = {"grid": grid, "dt": 0.1, "tolerance": 0.05}
    whole = evolve(model, systems.packet(), times=[0.2, 0.4], keep_state=True, **settings)
    first = evolve(model, systems.packet(), times=[0.2], keep_state=True, **settings)
    rest = evolve(model, first, times=[0.4], keep_state=True, **settings)
    again = evolve(model, first.W.values, times=[0.2], keep_state=True, **settings)
    assert np.abs(rest.W.values - whole.W.values).max() < 1e-13 * whole.W.values.max()
    assert np.abs(again.W.values - whole.W.values).max() > 1e-3 * whole.W.values.max()
    checkpoint = tmp_path / "checkpoint"
    evolve(
        model,
        systems.packet(),
        times=[0.2, 0.4],
        keep_state=True,
        checkpoint=checkpoint,
        checkpoint_every=1e-9,
        **settings,
    )
    previous = checkpoint.with_name(checkpoint.name + ".previous")
    resumed = evolve(
        model, systems.packet(), times=[0.2, 0.4], keep_state=True, checkpoint=previous, resume=True, **settings
    )
    assert "resumed" in resumed.dataset.attrs
    require_identical(resumed.dataset, whole.dataset)


@pytest.mark.slow
def test_theories_of_a_driven_model_side_by_side() -> None:
    """Kills: a closure or an energy at another time: of a quadratic model all of them are the exact solution."""
    grid = Grid(Axis(-6.0, 6.5, 30), Axis(-6.5, 6.0, 30), Axis(-6.5, 6.0, 34), Axis(-6.0, 6.5, 34))
    settings = {"grid": grid, "duration": 0.8, "outputs": 2, "dt": 0.1, "tolerance": 1e-4}
    result = compare(OSCILLATORS, STATE, trajectories=100, **settings).dataset
    assert "trajectories of wave functions" in result["note"].sel(theory="trajectories").item()
    for theory in ("closure", "linearised"):
        there, here = result.sel(theory=theory), result.sel(theory="exact")
        assert np.abs(there["mean"] - here["mean"]).max() < 1e-5
        assert np.abs(there["energy"] - here["energy"]).max() < 1e-5
