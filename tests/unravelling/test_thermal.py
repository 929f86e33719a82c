"""Trajectories of the dynamics that keep the thermal state, against operators written out, theory and equilibrium."""

from __future__ import annotations

import itertools
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse.linalg import expm_multiply
from support.processes import CONTEXT

from wignercq import Axis, LinearModel, Model
from wignercq.errors import InputError, ModelError
from wignercq.states import ClassicalGaussian, GibbsState, cat, fock, gaussian, gibbs, product
from wignercq.unravelling import Ensemble, trajectories
from wignercq.unravelling.measurement import Measurement
from wignercq.unravelling.preparation import eigenstates, packets, prepared
from wignercq.unravelling.pure import Trajectories
from wignercq.unravelling.scheme import Noise
from wignercq.unravelling.thermal import ThermalScheme
from wignercq.unravelling.thermal_operators import Operators, levels_at, spectrum

NUMBERS = {"hbar": 0.8, "classical_mass": 1.3, "quantum_mass": 0.7}
OSCILLATORS = Model.thermal(
    "0.9*q**2/2", "1.2*x**2/2 + 0.1*x", "0.4*(q - x)**2/2 + 0.3*q", friction=0.3, temperature=0.6, **NUMBERS
)
QUARTIC = Model.thermal(
    "q**2/2", "x**2/2 + x**4/10", "0.9*q*x + 0.1*q**2*x**2", friction=0.3, temperature=0.8, **NUMBERS
)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
AXIS, PLACE, REACH = Axis(-6, 6, 48), 0.7, 25.0
UPPER = np.triu_indices(4)


def written_out(model: Model, q: float, reach: float = REACH) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Waves (nx, n) of the levels at q, and h + H_s and L between them, by integrals of exponentials of matrices."""
    energies, waves = spectrum(model, AXIS, q)
    beta, x, E = 1 / model.bath_temperature, AXIS.values, energies - energies[0]
    kept = 1.2 * REACH / beta >= E
    waves, E = waves[:, kept], E[kept]
    h, cut = np.diag(E), np.exp(-((E * beta / reach) ** 16))
    slope = (waves.T * (0.9 * x + 0.2 * q * x**2)) @ waves * np.outer(cut, cut)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    L = sum(
        w / 2 * scipy.linalg.expm(-u * beta * h / 2) @ slope @ scipy.linalg.expm(u * beta * h / 2)
        for u, w in zip((nodes + 1) / 2, weights, strict=True)
    )
    H = h + 0.5j * model.hbar * model.D0 * (L.T @ L) * np.tanh(beta * np.subtract.outer(E, E) / 4)
    return waves, H, L


def lindbladian(model: Model, H: np.ndarray, L: np.ndarray) -> np.ndarray:
    """On rho by rows: ``-(i/hbar) [H, rho] + D0 (L rho L^+ - {L^+ L, rho}/2)``."""
    one = np.eye(len(H))
    lost = L.T @ L
    coherent = -1j / model.hbar * (np.kron(H, one) - np.kron(one, H.T))
    return coherent + model.D0 * (np.kron(L, L) - 0.5 * np.kron(lost, one) - 0.5 * np.kron(one, lost.T))


def test_tables_are_the_operators_at_any_place() -> None:
    """Kills: L and its transpose exchanged, a wrong H_s, tables that are not interpolated to 1e-7."""
    made = Operators(QUARTIC, AXIS, 0.1, REACH)
    for q in (-1.3, 0.7, 2.1):
        waves, H, L = written_out(QUARTIC, q)
        ((cell, _),) = made.groups(np.array([q]))
        half, kick = (cell.at(table, np.array([q]))[0] for table in (cell.half, cell.kick))
        A = -1j / 0.8 * H - QUARTIC.D0 / 2 * (L.T @ L + L @ L)
        to = cell.orbitals.T @ waves
        assert np.abs(to.T @ half @ to - scipy.linalg.expm(A * 0.05))[:6, :6].max() < 3e-6
        assert np.abs(to.T @ kick @ to + np.sqrt(QUARTIC.D0 * 0.1) * L)[:6, :6].max() < 3e-6
        rho = np.diag(np.exp(-(H.diagonal().real) / QUARTIC.bath_temperature))
        assert np.abs(lindbladian(QUARTIC, H, L) @ rho.ravel()).max() < 1e-13  # the thermal state stays


def test_a_kick_is_the_master_equation_to_second_order() -> None:
    """Kills: noise of psi with the wrong sign or beside that of p, a record right to first order in dt alone.

    Without statistical errors: the average of one kick at a fixed q over the normal number, by quadrature, of rho,
    R rho and R**2 rho against the exponential of the generator, ``d_p (L rho + rho L^+)/2 + (D2/2) d_p**2`` included.
    """
    model = Model.thermal("0*q", QUARTIC.V_Q, QUARTIC.V_I, friction=0.5, temperature=0.8, hbar=0.8,
                          classical_mass=1e12, quantum_mass=0.7)  # fmt: skip
    waves, H, L = written_out(model, PLACE)
    G, one = lindbladian(model, H, L), np.eye(len(H))
    force, zero = 0.5 * (np.kron(L, one) + np.kron(one, L)), np.zeros_like(G)
    moments = np.block([[G, zero, zero], [-force, G, zero], [model.diffusion * np.eye(len(G)), -2 * force, G]])
    start = np.exp((-0.9 + 0.8j) * np.arange(len(H)))
    start /= np.linalg.norm(start)
    rho = np.outer(start, start.conj()).ravel()
    normal, weights = np.polynomial.hermite_e.hermegauss(12)
    errors = []
    for dt in (0.1, 0.05):
        exact = expm_multiply(moments * dt, np.concatenate([rho, 0 * rho, 0 * rho]), traceA=0.0)
        psi = np.tile(waves @ start / np.sqrt(AXIS.spacing), (12, 1))
        now = Trajectories(np.full(12, PLACE), np.zeros(12), psi)
        ThermalScheme(model, AXIS, dt, reach=REACH).advance(now, [Noise(None, normal, 0 * normal, 0 * normal)])
        c = now.psi @ waves * np.sqrt(AXIS.spacing)
        found = [np.einsum("n,ni,nj", weights / weights.sum() * now.p**k, c, c.conj()) for k in range(3)]
        errors.append(np.abs(np.ravel(found) - exact).max())
    assert errors[1] < 2e-5
    assert 6.5 < errors[0] / errors[1] < 9.5


def test_weak_order_is_two() -> None:
    """Kills: a splitting or a record of first order, friction in the wrong place.

    Without statistical errors: one point and one packet, all normal numbers by quadrature, to t = 0.6.
    """
    model, packet, time = OSCILLATORS, np.array([[0.21, 0.05], [0.05, (0.16 + 0.0025) / 0.21]]), 0.6
    start = np.array([0.6, -0.4, -0.3, 0.5])
    theory, S = LinearModel.from_model(model), np.zeros((4, 4))
    S[2:, 2:] = packet
    mean, covariance = theory.mean(time, start), theory.covariance(time, S)
    exact = np.concatenate([mean, (covariance + np.outer(mean, mean))[UPPER]])
    normal, weights = np.polynomial.hermite_e.hermegauss(4)
    one = [(r, b, w / 2) for (r, w), b in itertools.product(zip(normal, weights / weights.sum(), strict=True), (-1, 1))]
    errors = []
    for steps in (1, 2, 4):
        paths = np.array([*itertools.product(one, repeat=steps)])  # (n, steps, 3)
        n, axis = len(paths), Axis(-6, 6, 40)
        psi = packets(np.full(n, start[2]), np.full(n, start[3]), packet, axis, 0.8)
        now = Trajectories(np.full(n, start[0]), np.full(n, start[1]), psi)
        noise = [Noise(None, *paths[:, i, :2].T, np.zeros(n)) for i in range(steps)]
        ThermalScheme(model, axis, time / steps, reach=20.0).advance(now, noise)
        errors.append(Measurement(model, axis).numbers(now)[:14] @ paths[:, :, 2].prod(axis=1) - exact)
    sizes = np.linalg.norm(errors, axis=1)
    assert sizes[2] < 6e-3
    assert 3.7 < sizes[1] / sizes[2] < 4.5


def test_moments_are_those_of_the_gaussian_theory() -> None:
    """Kills: a drift, friction or noise other than those of the linear terms of thermal dynamics."""
    found = trajectories(OSCILLATORS, STATE, times=[1.0], count=512, seed=1, frames=0, tolerance=1e-2)
    theory = LinearModel.from_model(OSCILLATORS)
    require_near(found, theory.mean(1.0, STATE.mean), theory.covariance(1.0, STATE.covariance))


def require_near(found: Ensemble, mean: np.ndarray, covariance: np.ndarray) -> None:
    """Fail where a last mean or covariance is further than 4 standard errors away."""
    assert np.abs((found.mean[-1] - mean) / found.dataset.mean_error[-1].values).max() < 4
    assert np.abs(((found.covariance[-1] - covariance) / found.dataset.covariance_error[-1].values)[UPPER]).max() < 4


def test_what_thermal_trajectories_do_not_have_is_refused() -> None:
    """Kills: mean-field dynamics of another equation, an axis with too few points for the levels, a bath at rest."""
    for arguments, message in (
        ({"dynamics": "mean_field"}, "dynamics: expected 'hybrid' with a model whose dynamics are thermal, got 'mean"),
        ({"conditional": "mixed"}, "conditional: expected 'pure' with thermal dynamics, .*, got 'mixed'"),
    ):
        with pytest.raises(InputError, match=message):
            trajectories(QUARTIC, STATE, 0.1, **arguments)
    with pytest.raises(InputError, match=r"axis: expected points for 8 levels .* and more, got 8 points"):
        levels_at(QUARTIC, Axis(-4, 4, 8), 60.0, 0.0)
    cold = Model.thermal("q**2", "x**4 + x**2", "q*x", friction=0.3, temperature=0.02)
    with pytest.raises(ModelError, match=r"temperature: expected at least 0\.05.*, a fortieth of the lowest exc"):
        trajectories(cold, gaussian([0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], hbar=1.0), 1.0)


def test_more_trajectories_are_the_same_ones() -> None:
    """Kills: tables or levels that depend on what was computed before, a plan that a file loses."""
    arguments = {"times": [0.2], "seed": 3, "frames": 1, "dt": 0.1}
    once = trajectories(QUARTIC, STATE, count=512, **arguments)
    half = trajectories(QUARTIC, STATE, count=256, **arguments)
    assert half.plan.reach == once.plan.reach > 18
    twice = trajectories(QUARTIC, STATE, count=512, start=half, **arguments)
    assert np.array_equal(once.mean, twice.mean)
    assert np.array_equal(once.dataset.wigner_xy, twice.dataset.wigner_xy)


@pytest.mark.slow
def test_a_file_goes_on_in_other_processes(tmp_path: Path) -> None:
    """Kills: other bits in other processes, operators that do not travel."""
    arguments = {"times": [0.5, 1.0], "seed": 3, "tolerance": 1e-2, "two_time": True, "observables": {"x4": "x**4"}}
    once = trajectories(QUARTIC, STATE, count=768, **arguments)
    trajectories(QUARTIC, STATE, count=256, **arguments).save(tmp_path / "paths.nc")
    with ProcessPoolExecutor(2, CONTEXT) as executor:
        start = Ensemble.load(tmp_path / "paths.nc")
        twice = trajectories(QUARTIC, STATE, count=768, start=start, executor=executor, **arguments)
    for name in ("mean", "covariance_error", "x4", "two_time", "density_qp"):
        assert np.array_equal(once.dataset[name], twice.dataset[name]), name


@pytest.fixture(scope="module")
def equilibrium() -> GibbsState:
    return gibbs(QUARTIC)


def quantum_numbers(state: GibbsState) -> dict[str, float]:
    """<x**4> and the energy of the quantum particle with the interaction, over q by the weights of the state."""
    x, found = state.axis.values, []
    for q in state.places.values:
        energies, waves = spectrum(QUARTIC, state.axis, q)
        weights = np.exp((energies[0] - energies) / state.temperature)
        weights /= weights.sum()
        found.append([weights @ (waves.T**2 @ x**4), weights @ energies])
    x4, energy = state.shares @ np.array(found)
    return {"x4": x4, "energy_of_h": energy}


@pytest.mark.slow
@pytest.mark.parametrize("start", ["there", "far"])
def test_anharmonic_particles_stay_in_or_come_to_equilibrium(start: str, equilibrium: GibbsState) -> None:
    """Kills: an L that is not that of the levels at each q, heat that the minimal dynamics feed for ever."""
    far = product(ClassicalGaussian([0.8, 0.5], [0.2, 0.5]), fock(1, mass=0.7, frequency=1.4, hbar=0.8))
    state, times, count = (equilibrium, [2.0, 6.0], 2048) if start == "there" else (far, [3.0, 24.0], 512)
    asked = {"x4": "x**4", "energy_of_h": f"y**2/1.4 + {QUARTIC.V_Q} + {QUARTIC.V_I}"}
    found = trajectories(QUARTIC, state, times=times, count=count, seed=4, frames=0, tolerance=1e-2, observables=asked)
    require_near(found, equilibrium.mean, equilibrium.covariance)
    for name, value in quantum_numbers(equilibrium).items():
        apart = (found.dataset[name] - value) / found.dataset[f"{name}_error"]
        assert abs(apart[-1]) < 4, name
        assert start == "there" or abs(apart[0]) > 20


@pytest.mark.slow
def test_a_particle_that_rests_obeys_its_lindblad_equation() -> None:
    """Kills: coherences between levels damped otherwise than by the operators, which moments do not show.

    q is frozen by its mass, and QuTiP solves the equation with h + H_s and L as matrices between levels.
    """
    qutip = pytest.importorskip("qutip")
    model = Model.thermal("0*q", QUARTIC.V_Q, QUARTIC.V_I, friction=0.2, temperature=0.8, hbar=0.8,
                          classical_mass=1e12, quantum_mass=0.7)  # fmt: skip
    start = cat((0.9, 0.0), mass=0.7, frequency=1.4, hbar=0.8)
    asked = {"x4": "x**4", "y4": "y**4", "there": start}
    found = trajectories(
        model, product(ClassicalGaussian([PLACE, 0.0], [1e-12, 0.1]), start), times=[0.5, 2.0], count=2048, seed=7,
        tolerance=2e-3, observables=asked, frames=0,
    )  # fmt: skip
    waves, H, L = written_out(model, PLACE, 36.0)
    x, dx = AXIS.values, AXIS.spacing
    y2 = np.fft.ifft((0.8 * AXIS.frequencies[:, None]) ** 2 * np.fft.fft(waves, axis=0), axis=0).real
    populations, states = eigenstates(start, AXIS)
    c = waves.T @ states[np.argmax(populations)] * np.sqrt(dx)
    wanted = {"x4": (waves.T * x**4) @ waves, "y4": y2.T @ y2, "there": np.outer(c, c.conj())}
    exact = qutip.mesolve(
        qutip.Qobj(H / 0.8), qutip.Qobj(np.outer(c, c.conj())), [0, 0.5, 2.0], [np.sqrt(model.D0) * qutip.Qobj(L)],
        e_ops=[qutip.Qobj(its) for its in wanted.values()], options={"atol": 1e-9, "rtol": 1e-8, "nsteps": 100_000},
    )  # fmt: skip
    for name, values in zip(wanted, exact.expect, strict=True):
        apart = (found.dataset[name].values[1:] - values[1:]) / found.dataset[f"{name}_error"].values[1:]
        assert np.abs(apart).max() < 4, name
    assert exact.expect[2][2] < 0.8  # much has happened


def populations(model: Model, time: float, levels: int) -> np.ndarray:
    """Of the levels of an oscillator about q that began in the first excited one, at hbar = m = w = 1, exactly.

    ``sum_n z**n |n><n|`` is a Gaussian, up to its norm, which the linear dynamics leave one: the coefficient of z in
    it, and of u**n in the mean of ``u**n``, by the residues on two circles.
    """
    process, n, radius = LinearModel.from_model(model), 64, 0.4
    circle = radius * np.exp(2j * np.pi * np.arange(n) / n)
    relative = np.array([[-1.0, 0, 1, 0], [0, 0, 0, 1]])
    own, flow = np.diag([0.0, 0, 0.5, 0.5]), process.propagator(time)
    noise = relative @ process.noise_covariance(time) @ relative.T
    spread = relative @ flow @ own @ flow.T @ relative.T
    z, u = circle[:, None], circle
    V = spread * ((1 + z) / (1 - z))[..., None, None] + noise + 0.5 * ((1 + u) / (1 - u))[:, None, None] * np.eye(2)
    values = 1 / ((1 - z) * (1 - u) * np.sqrt(np.linalg.det(V)))
    return np.asarray((np.fft.fft2(values) / n**2).real[1, :levels] / radius ** (1 + np.arange(levels)))


@pytest.mark.slow
def test_figure_3_of_layton_and_miller() -> None:
    """Kills: a quantum particle that goes to other populations than those of equilibrium, as the minimal dynamics do.

    arXiv:2504.10587, Fig. 3: hbar = m = M = w = Omega = gamma = beta = 1, q and p at rest but for 1e-3, |n = 1> about
    q. Populations of the first five levels, in time and at its end, and the density of (q, p).
    """
    potentials = "q**2/2", "x**2/2", "q**2/2 - q*x"
    model = Model.thermal(*potentials, friction=1.0, temperature=1.0)
    axis, levels, dt = Axis(-9, 9, 64), np.arange(5), 0.1
    now = prepared(product(ClassicalGaussian([0, 0], [1e-6, 1e-6]), fock(1, mass=1.0, frequency=1.0, hbar=1.0)), axis)(
        2048, random := np.random.default_rng(8)
    )
    scheme, equilibrium = ThermalScheme(model, axis, dt), np.exp(-levels) * (1 - np.exp(-1))
    for steps, time in ((10, 1.0), (20, 3.0), (70, 10.0)):
        scheme.advance(now, [Noise.drawn(now.count, random) for _ in range(steps)])
        waves = np.stack([fock_waves(axis.values - q, 5) for q in now.q])
        each = np.abs(np.einsum("nlx,nx->nl", waves, now.psi) * axis.spacing) ** 2
        error = each.std(axis=0) / np.sqrt(now.count)
        assert np.abs((each.mean(axis=0) - populations(model, time, 5)) / error).max() < 4
    assert np.abs((each.mean(axis=0) - equilibrium) / error).max() < 4
    minimal = populations(Model(*potentials, friction=1.0, diffusion=2.0), 10.0, 5)
    assert abs(each.mean(axis=0)[0] - minimal[0]) > 5 * error[0]
    for z in (now.q, now.p):
        assert abs(z.var() - 1) < 4 * np.sqrt(2 / now.count)


def fock_waves(x: np.ndarray, count: int) -> np.ndarray:
    """Of an oscillator at hbar = m = w = 1, shape (count, nx)."""
    waves = [np.pi**-0.25 * np.exp(-(x**2) / 2)]
    waves.append(np.sqrt(2) * x * waves[0])
    for n in range(2, count):
        waves.append(np.sqrt(2 / n) * x * waves[-1] - np.sqrt((n - 1) / n) * waves[-2])
    return np.array(waves)
