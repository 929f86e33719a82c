"""Thermal dynamics: their numbers, from operators alone, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from wignercq import Model, evolve
from wignercq.errors import InputError, ModelError, ResolutionWarning
from wignercq.gaussian import LinearModel, gibbs_covariance, gibbs_distance, steady_entropy_production
from wignercq.gaussian.closure import gaussian_closure
from wignercq.model.definition import definition_of, model_of
from wignercq.model.thermal import thermal_terms
from wignercq.states import gaussian

LEVELS, LOW = 40, 25  # of the oscillator, and those that the cut does not reach
NUMBERS = {"hbar": 0.8, "classical_mass": 1.3, "quantum_mass": 0.7}


def thermal(half_quantum: float, V_C: str = "0.9*q**2/2") -> Model:
    """A model with linear terms in every place, at a temperature of hbar w/(2 half_quantum)."""
    frequency = np.sqrt(1.6 / 0.7)
    temperature = 0.8 * frequency / (2 * half_quantum)
    potentials = V_C, "1.2*x**2/2 + 0.1*x", "0.4*(q - x)**2/2 + 0.3*q"
    return Model.thermal(*potentials, friction=0.3, temperature=temperature, **NUMBERS)


@pytest.mark.parametrize("half_quantum", [0.12, 1.0, 4.0])
def test_the_numbers_are_those_of_the_operators(half_quantum: float) -> None:
    """Kills: a wrong S, kappa, friction or noise of x or y, a constant in L that pushes x, a sign of H_s.

    The operators are matrices between the levels of h(q), as in arXiv:2504.10587.
    """
    model, q = thermal(half_quantum), 0.7
    hbar, m, D0, beta = model.hbar, model.quantum_mass, model.D0, 1 / model.bath_temperature
    w, lowering = np.sqrt(1.6 / m), np.diag(np.sqrt(np.arange(1, LEVELS)), 1)
    x = (0.4 * q - 0.1) / 1.6 * np.eye(LEVELS) + np.sqrt(hbar / (2 * m * w)) * (lowering + lowering.T)
    y = 1j * np.sqrt(hbar * m * w / 2) * (lowering.T - lowering)
    energies = hbar * w * (np.arange(LEVELS) + 0.5)
    t = beta * np.subtract.outer(energies, energies) / 2
    slope = 0.4 * (q * np.eye(LEVELS) - x) + 0.3 * np.eye(LEVELS)
    L = slope * np.where(t == 0, 1.0, -np.expm1(-t) / np.where(t == 0, 1.0, t))
    H = np.diag(energies) + 0.5j * hbar * D0 * (L.T @ L) * np.tanh(t / 2)

    def rate(A: np.ndarray) -> np.ndarray:
        """d<A>/dt as an operator, apart from q and p."""
        lost = L.T @ L @ A + A @ L.T @ L
        return (D0 * (L.T @ A @ L - lost / 2) + 1j / hbar * (H @ A - A @ H))[:LOW, :LOW]

    terms, low = thermal_terms(model), (slice(LOW), slice(LOW))
    away = x - (terms.slope * q + terms.offset) * np.eye(LEVELS)
    one, scale = np.eye(LOW), np.abs(rate(y)).max()
    drift_x, drift_y = y / m - terms.friction_x * away, -terms.stiffness * away - terms.friction_y * y
    assert np.abs(rate(x) - drift_x[low]).max() < 1e-13 * scale
    assert np.abs(rate(y) - drift_y[low]).max() < 1e-13 * scale
    for z, drift, noise in ((x, drift_x, terms.noise_x**2), (y, drift_y, terms.diffusion_y)):
        left = rate(z @ z) - (z @ drift + drift @ z)[low]
        assert np.abs(left - noise * one).max() < 1e-12 * np.abs(rate(z @ z)).max()
    measured = (slope[low] * one).diagonal().mean() * one + terms.coupling * terms.S * away[low]
    assert np.abs((L + L.T)[low] / 2 - measured).max() < 1e-13 * np.abs(L[low]).max()
    assert np.abs((L - L.T)[low] / 2 - 1j * terms.coupling * terms.kappa * y[low]).max() < 1e-13 * np.abs(L[low]).max()
    assert abs(terms.noise_p * terms.noise_x - hbar * terms.coupling * terms.kappa / 2) < 1e-15


@pytest.mark.parametrize("half_quantum", [0.12, 0.3, 1.0, 2.0, 4.0])
def test_the_thermal_state_is_steady(half_quantum: float) -> None:
    """Kills: any wrong term of the drift or of the noise; a Hessian read off the drift, which has another one here."""
    model = thermal(half_quantum)
    process, state = LinearModel.from_model(model), gibbs_covariance(model)
    residual = process.drift @ state + state @ process.drift.T - process.diffusion
    assert np.abs(residual).max() < 1e-15 * np.abs(process.diffusion).max() + 1e-15
    assert np.abs(process.steady_covariance() - state).max() < 1e-14 * np.abs(state).max()
    least = np.linalg.solve([[1.3, -0.4], [-0.4, 1.6]], [-0.3, -0.1])  # of V
    assert np.abs(process.fixed_point - [least[0], 0, least[1], 0]).max() < 1e-14
    assert gibbs_distance(model) < 1e-13
    assert steady_entropy_production(model) == 0


def test_at_high_temperature_both_dynamics_agree_to_second_order_in_beta() -> None:
    """Kills: thermal dynamics that differ from the minimal ones by a term of first order in beta, or by none.

    In units of the thermal widths the differences are of second order: S - 1, g and the noise of x and y over k_B T.
    """
    for time in (0.7, 3.0, 1000.0):
        apart = []
        for T in (40.0, 80.0):
            pair = [
                LinearModel.from_model(
                    Model("0.9*q**2/2", "1.2*x**2/2", "0.4*(q-x)**2/2", friction=0.3, diffusion=0.6 * T, dynamics=kind)
                )
                for kind in ("minimal", "thermal")
            ]
            start = T * np.diag([1.0, 0.5, 0.8, 1.2])
            minimal, kept = (process.covariance([time], start)[0] / T for process in pair)
            apart.append(np.abs(kept - minimal).max())
        assert apart[0] > 1e-6
        assert abs(np.log2(apart[0] / apart[1]) - 2) < 0.01


def test_the_closure_is_exact_where_the_theory_is() -> None:
    """Kills: units mixed up in what thermal dynamics add to the closure; x0 without its offset."""
    model, times = thermal(1.0), np.array([0.0, 0.5, 2.0])
    mean, covariance = np.array([0.5, 0.1, -0.6, 0.3]), np.diag([3.0, 0.2, 0.35, 0.9])
    found, theory = gaussian_closure(model, mean, covariance, times), LinearModel.from_model(model)
    assert np.abs(found.mean - theory.mean(times, mean)).max() < 1e-9
    assert np.abs(found.covariance - theory.covariance(times, covariance)).max() < 1e-9


def test_what_thermal_dynamics_need_is_asked_for_in_a_line() -> None:
    """Kills: an interaction whose operators are not linear taken as if they were; a bath that is none; a trade-off of
    another measurement; dynamics that are not known."""
    good = {"friction": 0.3, "diffusion": 0.3, "dynamics": "thermal"}
    cases = (
        (("q**2", "x**2", "q*x"), good | {"friction": 0}, "friction: expected a positive number with thermal"),
        (("q**2", "x**2", "q*x"), good | {"decoherence": 2.0}, "decoherence: expected 1/\\(4 D2\\) = 0.83.* got 2.0"),
        (("q**2", "x**2", "q*x"), good | {"dynamics": "thermo"}, "dynamics: expected 'minimal' or 'thermal'"),
        (
            ("q**2", "x**2", "q*x"),
            good | {"quantum_bath": {"friction": 1, "temperature": 1}},
            "dynamics: expected 'min",
        ),
        (
            ("q**2*sin(t)", "x**2", "q*x"),
            good,
            "dynamics: expected 'minimal' with potentials that depend on the time t",
        ),
        (("q**2", "x**2", "q*x"), good | {"noises": [{"force": "q"}]}, "dynamics: expected 'minimal' with a quantum_"),
        (("q**2", "x**2", "q*x"), good | {"diffusion": 0.01}, "temperature: expected at least hbar w/40 = 0.03535"),
    )
    for potentials, arguments, message in cases:
        with pytest.raises(ModelError, match=message) as refused:
            Model(*potentials, **arguments)
        assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="temperature: expected a positive number"):
        Model.thermal("q**2", "x**2", "q*x", friction=0.3, temperature=0)
    with pytest.warns(ResolutionWarning, match="hbar w/8 = 0.176777 or more"):
        Model.thermal("q**2", "x**2", "q*x", friction=0.3, temperature=0.17)
    alone = Model("q**2", "x**4", friction=0.3, diffusion=0.3, dynamics="thermal")
    assert not alone.is_thermal  # nothing to keep apart


@pytest.mark.parametrize("potentials", [("q**2", "x**4", "q*x"), ("q**2", "x**2", "q**2*x"), ("q**2", "-x**2", "q*x")])
def test_what_needs_linear_operators_names_trajectories(potentials: tuple[str, str, str]) -> None:
    """Kills: the grid or the Gaussian theory with operators of an oscillator where there is none."""
    model = Model.thermal(*potentials, friction=0.3, temperature=0.5)
    state = gaussian([0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], hbar=1.0)
    assert model.is_thermal
    assert not model.is_linear_thermal
    assert thermal(1.0).is_linear_thermal
    message = r"interaction: expected V_Q .* with A > 0, for thermal dynamics, got .*; trajectories\(...\) takes others"
    for refused in (
        lambda: evolve(model, state, 1.0),
        lambda: gaussian_closure(model, state.mean, state.covariance, [0.0, 1.0]),
        lambda: LinearModel.linearised(model, at=(0.0, 0.1)),
    ):
        with pytest.raises(ModelError, match=message):
            refused()


def test_dynamics_belong_to_a_model() -> None:
    """Kills: models that differ in dynamics alone counted as one, a definition without them, an old one refused."""
    model = thermal(1.0)
    minimal = Model(*(model.V_C, model.V_Q, model.V_I), friction=0.3, diffusion=model.diffusion, **NUMBERS)
    again = model_of(definition_of(model), where="model")
    assert again == model
    assert again.dynamics == "thermal"
    assert again != minimal
    assert "dynamics" not in str(definition_of(minimal))
    assert "thermal" in str(model)
