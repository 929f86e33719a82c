"""Ornstein-Uhlenbeck processes: flow, noise, stability and steady state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import dblquad, solve_ivp
from scipy.linalg import expm
from support.parameters import OSCILLATORS, coupled, two_hundred

from wignercq.errors import InputError, ModelError
from wignercq.gaussian import CoupledOscillators, OrnsteinUhlenbeck


@two_hundred
@given(oscillators=OSCILLATORS, t=st.floats(0.01, 3.0))
def test_propagator_and_noise_equal_the_block_matrix_exponential(oscillators: CoupledOscillators, t: float) -> None:
    """Kills a wrong Taylor coefficient or doubling: compared with Van Loan's block exponential.

    It grows as exp(alpha t/M), and over the whole time would lose more digits than are asked for here.
    """
    process = oscillators.process
    a, b = process.drift, process.diffusion
    block = expm(np.block([[-a, b], [np.zeros((4, 4)), a.T]]) * t / 8)
    flow = block[:4, :4]
    noise = block[:4, 4:] @ flow.T
    for _ in range(3):
        flow, noise = flow @ flow, noise + flow @ noise @ flow.T
    assert np.abs(process.propagator(t) - flow).max() <= 1e-12 * np.abs(flow).max()
    assert np.abs(process.noise_covariance(t) - noise).max() <= 1e-12 * np.abs(noise).max()


def test_mean_and_covariance_solve_the_moment_equations() -> None:
    """Kills a transposed drift, a force of the wrong sign or a noise counted twice: a three-dimensional process
    with every entry different, integrated as differential equations."""
    drift = np.array([[0.3, -1.1, 0.2], [0.9, 0.4, -0.5], [0.1, 0.7, 0.25]])
    diffusion = np.array([[0.5, 0.1, 0.0], [0.1, 0.3, -0.05], [0.0, -0.05, 0.2]])
    force = np.array([0.3, -0.7, 1.1])
    process = OrnsteinUhlenbeck(drift, diffusion, force)
    mean0, cov0 = np.array([1.0, -2.0, 0.5]), np.diag([0.4, 0.9, 0.2]) + 0.1

    def rates(_: float, state: np.ndarray) -> np.ndarray:
        mean, cov = state[:3], state[3:].reshape(3, 3)
        return np.concatenate([force - drift @ mean, (diffusion - drift @ cov - cov @ drift.T).ravel()])

    times = np.array([0.4, 1.7, 6.0])
    start = np.concatenate([mean0, cov0.ravel()])
    exact = solve_ivp(rates, (0, 6), start, t_eval=times, method="DOP853", rtol=1e-12, atol=1e-13).y.T
    assert np.abs(process.mean(times, mean0) - exact[:, :3]).max() < 1e-10
    assert np.abs(process.covariance(times, cov0) - exact[:, 3:].reshape(-1, 3, 3)).max() < 1e-10


@pytest.mark.parametrize("t", [1e-9, 1e-3, 1.0, 1e3])
def test_free_diffusion_entry_by_entry(t: float) -> None:
    """Kills the loss of the small entries at short times: <qq> = D t^3/(3 M^2) to relative 1e-13, drift nilpotent."""
    mass, noise = 1.7, 0.6
    process = OrnsteinUhlenbeck([[0, -1 / mass], [0, 0]], np.diag([0, noise]))
    expected = noise * np.array([[t**3 / (3 * mass**2), t**2 / (2 * mass)], [t**2 / (2 * mass), t]])
    np.testing.assert_allclose(process.noise_covariance(t), expected, rtol=1e-13)


def test_long_times_reach_the_steady_state() -> None:
    """Kills the growing exponential of the block method: after 1e4 relaxation times S is the steady one to 1e-12."""
    process = coupled().process
    steady = process.steady_covariance()
    late = process.covariance(1e4 / process.gap, np.diag([3.0, 1.0, 2.0, 5.0]))
    assert np.abs(late - steady).max() < 1e-12 * np.abs(steady).max()


def test_without_friction_or_noise_the_energy_is_conserved() -> None:
    """Kills any hidden damping: alpha = 0, D = 0 over 300 periods keeps the quadratic form of H to 1e-11."""
    process = coupled(friction=0.0, classical_diffusion=0.0, quantum_diffusion=0.0).process
    o = coupled()
    hessian = np.diag([o.k_C + o.lam, 1 / o.classical_mass, o.k_Q + o.lam, 1 / o.quantum_mass])
    hessian[0, 2] = hessian[2, 0] = -o.lam
    start = np.array([1.0, -0.4, 0.3, 0.9])
    end = process.mean(2000.0, start)
    assert abs(end @ hessian @ end / (start @ hessian @ start) - 1) < 1e-11


def test_any_shape_of_times() -> None:
    """Kills a reshape that mixes times and axes: (2, 3) times give (2, 3, 4, 4), each equal to its own call."""
    process = coupled().process
    times = np.array([[0.0, 0.3, 12.0], [5.0, 0.01, 70.0]])
    together = process.covariance(times, np.eye(4))
    assert together.shape == (2, 3, 4, 4)
    alone = np.array([[process.covariance(t, np.eye(4)) for t in row] for row in times])
    assert np.abs(together - alone).max() < 1e-13


def test_lyapunov_residual_survives_weak_damping() -> None:
    """Kills an ill-conditioned steady state: at lam = 1e-4 (gap 1e-8) the closed form (20) and (22) holds to 1e-7."""
    o = coupled(lam=1e-4)
    steady = o.process.steady_covariance()
    qq = (0.5 * (o.k_Q + o.lam) + 0.3 * (o.k_C + o.lam)) / (2 * o.friction * o.determinant)
    assert abs(steady[0, 0] / qq - 1) < 1e-7


@two_hundred
@given(oscillators=OSCILLATORS)
def test_characteristic_polynomial_vanishes_at_the_eigenvalues(oscillators: CoupledOscillators) -> None:
    """Kills a sign in the recursion: np.poly builds the same coefficients from the eigenvalues of -A."""
    process = oscillators.process
    expected = np.poly(-process.drift)
    assert np.abs(process.characteristic_polynomial - expected).max() < 1e-12 * np.abs(expected).max()


@given(entries=st.lists(st.floats(-2, 2), min_size=9, max_size=9))
@example(entries=[0, 0, 0, 0, 0, 6.6e-161, 0, 6.6e-161, -1.0])  # its minors underflow, at a rate of 1
def test_hurwitz_determinants_agree_with_the_eigenvalues(entries: list[float]) -> None:
    """Kills a misplaced entry of the Hurwitz matrix: stability by minors and by eigenvalues agree in dimension 3."""
    process = OrnsteinUhlenbeck(np.array(entries).reshape(3, 3), np.eye(3))
    if abs(process.gap) > 1e-3:
        assert process.is_stable == bool(np.all(process.hurwitz_determinants > 0))


def test_steady_density_is_normalised_and_has_the_covariance() -> None:
    """Kills a wrong prefactor of (18): the integral and the second moment by quadrature in two dimensions."""
    process = OrnsteinUhlenbeck([[0.6, -0.4], [1.1, 0.5]], [[0.3, 0.1], [0.1, 0.8]], [0.2, -0.5])
    q0, p0 = process.fixed_point
    box = (q0 - 9, q0 + 9, p0 - 9, p0 + 9)
    total = dblquad(lambda p, q: float(process.steady_density([q, p])), *box, epsabs=1e-9)[0]
    cross = dblquad(lambda p, q: (q - q0) * (p - p0) * float(process.steady_density([q, p])), *box, epsabs=1e-9)[0]
    assert abs(total - 1) < 1e-8
    assert abs(cross - process.steady_covariance()[0, 1]) < 1e-8


@pytest.mark.parametrize(
    ("drift", "diffusion", "force", "named"),
    [
        ([[1.0, 0.0]], [[1.0]], None, "drift"),
        ([[1.0]], [[1.0, 0.0], [0.0, 1.0]], None, "diffusion"),
        (np.eye(2), [[1.0, 0.3], [0.2, 1.0]], None, "diffusion"),
        (np.eye(2), [[1.0, 2.0], [2.0, 1.0]], None, "diffusion"),
        (np.eye(2), np.eye(2), [1.0], "force"),
        ([[np.nan]], [[1.0]], None, "drift"),
    ],
)
def test_what_is_not_a_process_is_refused(drift: object, diffusion: object, force: object, named: str) -> None:
    """Kills a silent acceptance of non-square, asymmetric, indefinite or non-finite input."""
    with pytest.raises(ModelError, match=f"^{named}: expected"):
        OrnsteinUhlenbeck(drift, diffusion, force)  # type: ignore[arg-type]


def test_negative_times_and_singular_drifts_are_refused() -> None:
    """Kills a propagation backwards in time and a fixed point of a singular drift."""
    process = OrnsteinUhlenbeck([[0.0, -1.0], [0.0, 0.3]], np.eye(2))
    with pytest.raises(InputError, match="t: expected finite times >= 0"):
        process.covariance(-0.1, np.eye(2))
    with pytest.raises(ModelError, match="singular"):
        _ = process.fixed_point
    with pytest.raises(ModelError, match="eigenvalue"):
        process.steady_covariance()
