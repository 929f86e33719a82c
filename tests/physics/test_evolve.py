"""The solver end to end, against exact solutions, an independent discretisation, and what any solution must satisfy."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from support import systems
from support.reference import cases
from support.reference.hermite_galerkin import fock_functions
from support.reference.kramers import gaussian as classical_gaussian
from support.reference.kramers import harmonic_moments
from support.reference.schroedinger import QuantumParticle, gaussian_packet, wigner

from wignercq import Axis, FixedAxis, Grid, LinearModel, Model, StateError, evolve
from wignercq.errors import InputError, MemoryLimitError
from wignercq.states import ClassicalGaussian, fock, from_wavefunction, gaussian, product


def compare_with_theory(model: Model, state: object, duration: float, outputs: int) -> tuple[float, float, float]:
    """Largest errors of mean and covariance against the Gaussian theory, and of the norm."""
    solution = evolve(model, state, duration=duration, outputs=outputs)
    theory = LinearModel.from_model(model)
    mean_error = np.abs(solution.mean - theory.mean(solution.time, state.mean)).max()
    covariance_error = np.abs(solution.covariance - theory.covariance(solution.time, state.covariance)).max()
    norm = solution.dataset["norm"].values
    return mean_error, covariance_error, np.abs(norm - 1).max()


def test_oscillators_follow_the_gaussian_theory_for_a_while() -> None:
    """Kills: wrong dynamics, grid or step chosen too coarse, by default settings."""
    mean, covariance, norm = compare_with_theory(systems.oscillators(), systems.displaced(), 1.0, 4)
    assert mean < 1e-6
    assert covariance < 1e-6
    assert norm < 1e-12


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::wignercq.errors.SizeWarning")
def test_oscillators_follow_the_gaussian_theory_to_t_20() -> None:
    """Kills: slow drifts; the paper's oscillators from a displaced state to t = 20, default tolerance."""
    state = gaussian([1.0, 0.0, -1.0, 0.0], [0.5] * 4, hbar=1.0)
    mean, covariance, norm = compare_with_theory(Model.oscillators(), state, 20.0, 20)
    assert mean < 1e-6
    assert covariance < 1e-6
    assert norm < 1e-12


QUARTIC_GRID = Grid(Axis(-4.3, 4.6, 40), Axis(-5.6, 5.5, 42), Axis(-4.6, 4.5, 60), Axis(-6.6, 6.4, 72))
OVERDAMPED_GRID = Grid(Axis(-4.4, 4.7, 42), Axis(-5.3, 5.2, 40), Axis(-4.3, 4.5, 50), Axis(-5.2, 5.1, 58))
COUPLING_GRID = Grid(Axis(-4.6, 4.9, 48), Axis(-5.4, 5.0, 46), Axis(-4.4, 4.5, 52), Axis(-4.9, 4.8, 54))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "grid", "dt"),
    [
        (cases.quartic_case, QUARTIC_GRID, 0.1),
        (cases.nonlinear_coupling_case, COUPLING_GRID, 0.05),
        (cases.overdamped_case, OVERDAMPED_GRID, None),
    ],
)
def test_moments_equal_those_of_a_galerkin_solver(case: object, grid: Grid, dt: float) -> None:
    """Kills: any error the grid code shares with its own theory; hbar = 0.7, M = 1.6, m = 0.8, 4 D0 D2 = 1.5.

    The steps of the last case, with gamma dt near 1, are chosen.
    """
    problem = case()
    system = problem.system
    model = Model(
        problem.classical_formula,
        problem.quantum_formula,
        problem.interaction_formula,
        **systems.numbers_of(system),
    )
    state = gaussian(problem.mean, problem.variances, hbar=system.hbar)
    solution = evolve(model, state, grid=grid, times=problem.times, dt=dt, tolerance=1e-5)
    for i, reference in enumerate(problem.reference(), start=1):
        assert np.abs(solution.mean[i] - reference.mean).max() < 1e-5
        assert np.abs(solution.covariance[i] - reference.covariance).max() < 1e-5
        assert solution.dataset["energy"].values[i] == pytest.approx(reference.energy, abs=1e-5)
        purity = np.trace(reference.density_matrix @ reference.density_matrix).real
        assert solution.dataset["purity"].values[i] == pytest.approx(purity, abs=1e-5)


@pytest.mark.slow
def test_uncoupled_model_factorises() -> None:
    """Kills: cross-talk of the two halves; each factor is checked by its own code on the signed field."""
    hbar, M, m, alpha, D2, time = 0.8, 1.3, 0.7, 0.3, 0.5, 0.9
    model = systems.model("0.45*q**2", "0.6*x**2 + 0.08*x**4", "0")
    packets = [gaussian_packet(x, y, 0.35, hbar) for x, y in ((0.9, -0.4), (-0.7, 0.3))]
    x = np.linspace(-7, 7, 2001)
    weight = 1 / np.sqrt((np.abs(sum(packet(x) for packet in packets)) ** 2).sum() * (x[1] - x[0]))

    def psi(x: np.ndarray) -> np.ndarray:
        return weight * sum(packet(x) for packet in packets)

    mean, spread = np.array([0.7, -0.2]), np.array([0.5, 0.6])
    state = product(ClassicalGaussian(mean, spread), from_wavefunction((-7.0, 7.0), psi, hbar=hbar))
    grid = Grid(Axis(-5.2, 5.5, 32), Axis(-6.1, 5.7, 34), Axis(-4.3, 4.5, 54), Axis(-6.2, 5.9, 70))
    solution = evolve(model, state, grid=grid, times=[time], dt=0.06, tolerance=1e-5, keep_state=True)
    moments = harmonic_moments(mean, np.diag(spread), time, k=0.9, mass=M, friction=alpha, diffusion=D2)
    density = classical_gaussian(*moments)(grid.q.values[:, None], grid.p.values[None, :])
    particle = QuantumParticle(lambda x: 0.6 * x**2 + 0.08 * x**4, m, hbar, -7.0, 7.0, 160)
    quantum = wigner(particle.evolve(psi, time), grid.x.values, grid.y.values, hbar=hbar, reach=11.0)
    product_field = np.einsum("qp,xy->qpxy", density, quantum)
    assert quantum.min() < -0.03 * quantum.max()
    assert np.abs(solution.W.values - product_field).max() < 1e-6 * product_field.max()


@pytest.mark.slow
def test_anharmonic_run_satisfies_what_any_solution_must() -> None:
    """Kills: unphysical results that look smooth. The state starts with negative W."""
    model = systems.quartic()
    classical = ClassicalGaussian([0.4, -0.2], [0.45, 0.5])
    quantum = fock(1, position=0.2, momentum=0.1, mass=0.7, frequency=1.3, hbar=systems.HBAR)
    grid = Grid(Axis(-4.2, 4.8, 36), Axis(-5.0, 4.6, 38), Axis(-4.9, 5.1, 52), Axis(-5.5, 5.7, 64))
    solution = evolve(model, product(classical, quantum), grid=grid, duration=0.8, outputs=4, tolerance=1e-5, frames=5)
    data = solution.dataset
    assert np.abs(data["energy_budget_residual"].values).max() < 1e-5 * np.abs(data["energy"].values).max()
    assert np.abs(np.ptp(data["energy"].values)) > 1e-2  # the budget has something to balance
    assert data["negativity"].values[0] > 0.05
    assert data["density_qp"].values.min() > -1e-7 * data["density_qp"].values.max()
    for plane in data["wigner_xy"].values:
        spectrum = density_matrix_spectrum(plane, data, systems.HBAR)
        assert spectrum.min() > -1e-5
        assert spectrum.sum() == pytest.approx(1, abs=1e-4)  # what 16 levels hold
    quantum_block = data["covariance"].values[:, 2:, 2:]
    assert (np.linalg.det(quantum_block) > (systems.HBAR / 2) ** 2).all()


def density_matrix_spectrum(plane: np.ndarray, data: xr.Dataset, hbar: float) -> np.ndarray:
    """Eigenvalues of the operator whose Wigner function is `plane`, in a basis of 16 Fock states.

    <m|rho|n> = 2 pi hbar * integral of W times the Wigner function of |n><m|, by quadrature over x and y.
    """
    width = np.sqrt(hbar / (0.7 * 1.3))
    x, y = data["x"].values, data["y"].values
    u = np.linspace(-9, 9, 181) * width
    kernel = np.exp(1j * np.outer(y, u) / hbar)  # <n| (parity displaced to (x, y)) |m> = integral over u
    levels = 16
    rho = np.zeros((levels, levels), complex)
    for i, centre in enumerate(x):
        plus, minus = (fock_functions((centre + sign * u / 2) / width, levels) / np.sqrt(width) for sign in (1, -1))
        rho += (plus * (plane[i] @ kernel)) @ minus.T
    rho *= (u[1] - u[0]) * (x[1] - x[0]) * (y[1] - y[0])
    return np.linalg.eigvalsh((rho + rho.conj().T) / 2)


@pytest.mark.slow
def test_output_times_are_hit_and_do_not_change_the_result() -> None:
    """Kills: steps that depend on the outputs asked, and outputs rounded to steps."""
    model, grid = systems.quartic(), systems.grid(24, 26, 28, 32)
    wanted = [[0.7], [0.1, 0.25, 0.7], [0.33333, 0.7, 0.9], np.linspace(0.07, 0.7, 10)]
    fields = []
    for times in wanted:
        solution = evolve(model, systems.displaced(), grid=grid, times=times, dt=0.1, tolerance=0.5, keep_state=True)
        assert np.array_equal(solution.time, np.concatenate([[0.0], times]))
        row = list(solution.time).index(times[-1] if times[-1] == 0.7 else 0.7)
        fields.append((solution.mean[row], solution.covariance[row], solution.W.values if times[-1] == 0.7 else None))
    for mean, covariance, W in fields[1:]:
        assert np.abs(mean - fields[0][0]).max() < 1e-12
        assert np.abs(covariance - fields[0][1]).max() < 1e-12
        if W is not None:
            assert np.abs(W - fields[0][2]).max() < 1e-12 * np.abs(W).max()


@pytest.mark.slow
def test_output_between_steps_is_as_accurate_as_one_on_a_step() -> None:
    """Kills: interpolation in time; t = 0.55 lies between steps of 0.1."""
    grid = Grid(Axis(-6.6, 7.0, 44), Axis(-7.0, 6.5, 40), Axis(-6.4, 6.2, 42), Axis(-6.0, 6.1, 40))
    model = systems.oscillators()
    solution = evolve(model, systems.displaced(), grid=grid, times=[0.5, 0.55], dt=0.1, tolerance=1e-4)
    theory = LinearModel.from_model(model)
    errors = np.abs(solution.mean - theory.mean(solution.time, systems.MEAN)).max(axis=1)
    assert errors[2] < 2 * errors[1] + 1e-7


@pytest.mark.slow
def test_engines_and_precisions_agree() -> None:
    """Kills: options that are accepted and ignored or wrong."""
    model, grid = systems.quartic(), systems.grid(24, 26, 28, 32)
    settings = {"grid": grid, "times": [0.3], "dt": 0.1, "tolerance": 0.5}
    tiled = evolve(model, systems.displaced(), **settings)
    array = evolve(model, systems.displaced(), **settings, engine="array")
    single = evolve(model, systems.displaced(), **settings, precision="float32")
    assert np.abs(tiled.covariance - array.covariance).max() < 1e-12
    difference = np.abs(tiled.covariance - single.covariance).max()
    assert 1e-9 < difference < 1e-4


def test_w_as_an_array_is_accepted_with_its_grid() -> None:
    """Kills: an array treated differently from the state it samples."""
    model, grid = systems.oscillators(), systems.grid(24, 26, 28, 32)
    settings = {"grid": grid, "times": [0.2], "dt": 0.1, "tolerance": 0.5}
    a, b = evolve(model, systems.displaced(), **settings), evolve(model, systems.displaced().wigner(grid), **settings)
    assert np.array_equal(a.mean, b.mean)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration": -1.0}, "duration: expected a positive number"),
        ({"duration": 1.0, "times": [1.0]}, "either duration or times"),
        ({"times": [0.5, 0.4]}, "increasing times"),
        ({"duration": 1.0, "outputs": 0}, "outputs: expected a whole number"),
        ({"duration": 1.0, "order": 3}, "order: expected 2 or 4, got 3"),
        ({"duration": 1.0, "tolerance": 0.0}, "tolerance: expected"),
        ({"duration": 1.0, "dt": -0.1}, "dt: expected a positive number"),
        ({"duration": 1.0, "precision": "float16"}, "precision: expected"),
        ({"duration": 1.0, "precision": "float32", "tolerance": 1e-6}, "tolerance: expected at least"),
        ({"duration": 1.0, "engine": "gpu"}, "engine: expected"),
        ({"duration": 1.0, "threads": 0}, "threads: expected"),
        ({"duration": 1.0, "grid": {"z": FixedAxis(points=8)}}, "axes q, p, x, y, got 'z'"),
    ],
)
def test_bad_arguments_are_named(changes: dict, message: str) -> None:
    """Kills: tracebacks from deep inside, and options silently ignored."""
    with pytest.raises(InputError, match=message):
        evolve(systems.oscillators(), systems.displaced(), **changes)


def test_states_that_do_not_fit_model_or_grid_are_refused() -> None:
    """Kills: hbar of the state differing from the model's, a box that cuts the state, arrays of wrong shape."""
    grid = systems.grid(8, 10, 12, 14)
    with pytest.raises(StateError, match=r"state.hbar: expected the model's hbar = 0.8, got 1"):
        evolve(systems.oscillators(), gaussian(systems.MEAN, [1, 1, 1, 1], hbar=1.0), grid=grid, times=[1])
    with pytest.raises(StateError, match="integral 1"):
        evolve(systems.oscillators(), np.ones(grid.shape), grid=grid, times=[1])
    with pytest.raises(StateError, match="shape"):
        evolve(systems.oscillators(), np.ones((3, 3)), grid=grid, times=[1])


def test_memory_beyond_the_machine_is_refused_before_allocating() -> None:
    """Kills: the out-of-memory killer."""
    huge = Grid(Axis(-6, 7, 1000), Axis(-6, 6, 1000), Axis(-7, 6, 1000), Axis(-6, 5, 1000))
    with pytest.raises(MemoryLimitError, match=r"1000 x 1000 x 1000 x 1000 points, which need .* GiB"):
        evolve(systems.oscillators(), systems.displaced(), grid=huge, times=[1])
