"""States stay states: random states on a grid that holds them, evolved by random anharmonic models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import eval_genlaguerre
from support.random_systems import System, decimals, examples

from wignercq import Axis, Grid, Model
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import BY_ORDER
from wignercq.states import ClassicalGaussian, State, cat, fock, gaussian, product

#: Resolves the states, and their products with Fock states.
RESOLVING = Grid(Axis(-5.7, 5.8, 24), Axis(-5.9, 6.1, 26), Axis(-5.5, 5.4, 36), Axis(-5.6, 5.8, 40))
RESOLUTION = 1e-5  # of the maximum: what the ends of this grid cut off
FOCK_STATES = 6


@st.composite
def confined_systems(draw: Any) -> System:
    """Anharmonic, but bound on all sides, with oscillator lengths of about one: what leaves the box proves nothing."""

    def well() -> tuple[float, float, float, float]:
        return draw(decimals(-0.2, 0.2)), draw(decimals(0.4, 0.6)), draw(decimals(-0.03, 0.03)), draw(decimals(0, 0.02))

    diffusion = draw(decimals(0.7, 1.0))
    coupling = {power: draw(decimals(-size, size)) for power, size in (((1, 1), 0.3), ((1, 2), 0.05), ((2, 1), 0.05))}
    return System(
        V_C={(n, 0): c for n, c in enumerate(well(), start=1)},
        V_Q={(0, n): c for n, c in enumerate(well(), start=1)},
        V_I=coupling,
        classical_mass=draw(decimals(0.9, 1.4)),
        quantum_mass=draw(decimals(0.9, 1.4)),
        hbar=draw(decimals(0.8, 1.1)),
        friction=draw(decimals(0.0, 0.5)),
        diffusion=diffusion,
        decoherence=0.25 / diffusion,
    )


@st.composite
def states(draw: Any, hbar: float) -> State:
    """Gaussian with correlations, Fock or cat."""
    mean = [draw(decimals(-0.3, 0.3)) for _ in range(4)]
    variances = [draw(decimals(0.5, 0.7)), draw(decimals(0.35, 0.45))]  # a narrow p feels most of the noise
    kind = draw(st.sampled_from(["gaussian", "fock", "cat"]))
    if kind == "gaussian":
        width = hbar / 2 + 0.1
        covariance = np.diag([*variances, width * draw(decimals(0.95, 1.05)), width])
        covariance[0, 2] = covariance[2, 0] = draw(decimals(-0.1, 0.1))
        return gaussian(mean, covariance, hbar=hbar)
    classical = ClassicalGaussian(np.array(mean[:2]), np.diag(variances))
    oscillator = {"mass": 1.0, "frequency": draw(decimals(0.9, 1.1)), "hbar": hbar}
    if kind == "fock":
        return product(classical, fock(1, position=mean[2], momentum=mean[3], **oscillator))
    return product(classical, cat((draw(decimals(0.6, 1.0)), 0.0), phase=draw(decimals(0, 3)), **oscillator))


def fock_transition(m: int, n: int, x: np.ndarray, y: np.ndarray, hbar: float) -> np.ndarray:
    """Wigner function of ``|m><n|`` for an oscillator of unit mass and frequency, m >= n, shape (nx, ny)."""
    z = (x[:, None] - 1j * y) / math.sqrt(hbar)
    size = np.abs(z) ** 2
    height = (-1) ** n * math.sqrt(math.factorial(n) / math.factorial(m)) * 2 ** ((m - n) / 2) / (math.pi * hbar)
    return height * z ** (m - n) * eval_genlaguerre(n, m - n, 2 * size) * np.exp(-size)


def density_matrices(planes: np.ndarray, grid: Grid, hbar: float) -> np.ndarray:
    """The first Fock elements of operators whose Wigner functions are `planes`, shape (..., nx, ny).

    The sum over the grid is the integral only where the grid resolves the product of both functions, which has
    twice their frequencies. A part of a positive matrix is positive, however few its states.
    """
    x, y = grid.x.values, grid.y.values
    rho = np.zeros((*planes.shape[:-2], FOCK_STATES, FOCK_STATES), complex)
    for m in range(FOCK_STATES):
        for n in range(m + 1):
            weight = 2 * math.pi * hbar * grid.x.spacing * grid.y.spacing * fock_transition(m, n, x, y, hbar)
            rho[..., n, m] = np.tensordot(planes, weight, axes=2)
            rho[..., m, n] = rho[..., n, m].conj()
    return rho


@pytest.mark.parametrize("hbar", [0.8, 1.1])
def test_the_yardstick_is_a_density_matrix(hbar: float) -> None:
    """Kills: a wrong basis in the tests below, by a state whose elements are known: <m|cat> ~ d**m/sqrt(m!)."""
    d = 0.9
    state = cat((d, 0.0), phase=0.4, mass=1.0, frequency=1.0, hbar=hbar)
    amplitude = d / math.sqrt(2 * hbar)
    c = np.array([amplitude**m / math.sqrt(math.factorial(m)) for m in range(40)]) * math.exp(-(amplitude**2) / 2)
    c = c * (1 + np.exp(0.4j) * (-1.0) ** np.arange(40))
    c /= np.linalg.norm(c)
    rho = density_matrices(state.wigner(RESOLVING.x, RESOLVING.y), RESOLVING, hbar)
    assert np.abs(rho - np.outer(c, c.conj())[:FOCK_STATES, :FOCK_STATES]).max() < 1e-8


def lowest(model: Model, state: State) -> tuple[float, float, float, float]:
    """After four steps: the norm less one, and the least of the density of (q, p), of the spectra of the reduced and
    of the conditional quantum states, each relative to its largest."""
    engine = TiledEngine(RESOLVING)
    W = engine.of(state.wigner(RESOLVING))
    Propagator(model, engine, BY_ORDER[4], 0.1).advance(W, 4)
    density = W.sum(axis=(2, 3))
    reduced = np.linalg.eigvalsh(density_matrices(W.sum(axis=(0, 1)), RESOLVING, model.hbar))
    conditional = np.linalg.eigvalsh(density_matrices(np.array(W[::3, ::3]), RESOLVING, model.hbar))
    return (
        float(W.sum() * RESOLVING.cell - 1),
        float(density.min() / density.max()),
        float(reduced[0] / reduced[-1]),
        float(conditional.min() / conditional.max()),
    )


@st.composite
def evolutions(draw: Any) -> tuple[System, State]:
    system = draw(confined_systems())
    return system, draw(states(system.hbar))


def test_the_bound_tells_states_from_others() -> None:
    """Kills: a bound so wide that half of the decoherence which the noise demands would do; a test that cannot fail."""
    quantum = fock(1, mass=1.0, frequency=1.0, hbar=0.9)
    state = product(ClassicalGaussian(np.zeros(2), np.diag([0.6, 0.35])), quantum)

    def conditional(decoherence: float) -> float:
        settings = {"hbar": 0.9, "friction": 0.3, "diffusion": 1.0, "allow_unphysical": True}
        model = Model("0.5*q**2", "0.5*x**2 + 0.02*x**4", "0.4*q*x", decoherence=decoherence, **settings)
        return lowest(model, state)[-1]

    assert conditional(0.25) > -RESOLUTION
    assert conditional(0.125) < -50 * RESOLUTION


def stays_a_state(system: System, state: State) -> None:
    norm, density, reduced, conditional = lowest(system.model(), state)
    assert abs(norm) < 1e-6
    assert min(density, reduced, conditional) > -RESOLUTION


@examples(2)
@given(evolutions())
def test_states_stay_states(evolution: tuple[System, State]) -> None:
    """Kills: back-action or decoherence that are wrong for each other, so that probabilities turn negative."""
    stays_a_state(*evolution)


@pytest.mark.slow
@examples(25)
@given(evolutions())
def test_many_states_stay_states(evolution: tuple[System, State]) -> None:
    """Kills: the same for states and couplings that a few examples miss."""
    stays_a_state(*evolution)
