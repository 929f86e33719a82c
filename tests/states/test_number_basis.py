"""States between number states: QuTiP's Wigner functions are ours, both ways, and what is none is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import qutip
from scipy.special import eval_genlaguerre
from support import results

import wignercq as wc
from wignercq import Axis
from wignercq.errors import InputError, StateError
from wignercq.results.quantum_state import DensityMatrix
from wignercq.states import coherent, fock, from_number_basis, thermal

HBAR, MASS, FREQUENCY = 0.7, 1.3, 2.1
OSCILLATOR = {"mass": MASS, "frequency": FREQUENCY, "hbar": HBAR}
LENGTH, MOMENTUM = math.sqrt(HBAR / (MASS * FREQUENCY)), math.sqrt(HBAR * MASS * FREQUENCY)
X, Y = Axis(-4.3, 4.1, 100), Axis(-11.0, 11.4, 116)
EXACT = 1e-10

OBJECTS = {
    "ket": qutip.rand_ket(11, seed=3),
    "bra": qutip.rand_ket(9, seed=4).dag(),
    "mixture": qutip.rand_dm(10, seed=5),
    "coherent": qutip.coherent(20, 0.5 - 0.4j),
    "thermal": qutip.thermal_dm(14, 0.2),
}
each_object = pytest.mark.parametrize("rho", OBJECTS.values(), ids=OBJECTS)


def matrix(rho: qutip.Qobj) -> np.ndarray:
    """The density matrix of an object of QuTiP."""
    return (rho if rho.isoper else rho.proj()).full()


def by_qutip(rho: qutip.Qobj, g: float = math.sqrt(2)) -> np.ndarray:
    """W on the axes by QuTiP, whose x and y are sqrt(2)/g times ours in units of the oscillator."""
    unit = math.sqrt(2) / g
    return qutip.wigner(rho, X.values / LENGTH * unit, Y.values / MOMENTUM * unit, g=g).T * unit**2 / HBAR


def state_of(W: np.ndarray) -> DensityMatrix:
    return wc.quantum_state(W, X, Y, hbar=HBAR, mass=MASS)


@pytest.mark.parametrize("g", [math.sqrt(2), 2.0])
@each_object
def test_wigner_functions_are_those_of_qutip(rho: qutip.Qobj, g: float) -> None:
    """Kills: a wrong unit of length, a complex conjugate, a transposed plane, a bra taken for a ket, a wrong g."""
    assert np.abs(from_number_basis(rho, **OSCILLATOR).wigner(X, Y) - by_qutip(rho, g)).max() < EXACT


@each_object
def test_there_and_back(rho: qutip.Qobj) -> None:
    """Kills: an inverse transform of another sign or unit, levels out of order, a trace that was scaled."""
    full, W = matrix(rho), from_number_basis(rho, **OSCILLATOR).wigner(X, Y)
    back = state_of(W).to_qutip(frequency=FREQUENCY, levels=len(full), tolerance=EXACT)
    assert np.abs(back.full() - full).max() < EXACT
    assert np.abs(by_qutip(back) - W).max() < EXACT
    assert np.abs(by_qutip(back, g=2.0) - W).max() < EXACT


def test_the_way_back_from_a_plane_that_is_no_number_state() -> None:
    """Kills: number states of the wrong oscillator, or displaced the wrong way; levels that follow from no tail."""
    W = 0.6 * coherent(0.5, -0.7, **OSCILLATOR).wigner(X, Y)
    W += 0.4 * thermal(0.9, position=-0.3, momentum=1.1, **OSCILLATOR).wigner(X, Y)
    other = {"frequency": 1.4 * FREQUENCY, "position": 0.2, "momentum": 0.3}
    rho = state_of(W).to_qutip(**other, tolerance=1e-13)
    again = from_number_basis(rho, **{**OSCILLATOR, **other}, tolerance=1e-12)
    assert 20 < rho.shape[0] < 100
    assert np.abs(again.wigner(X, Y) - W).max() < 2e-6  # sqrt of what is left out
    few = state_of(W).to_qutip(**other, tolerance=1e-4)
    assert 1e-9 < 1 - few.tr().real < 1e-4  # left out, not made up for
    assert few.shape < rho.shape


def test_matrix_elements_are_closed_forms() -> None:
    """Kills: an error that the way there and the way back share; W of |m><n| is a Laguerre polynomial."""
    n, m = 2, 5
    rho = np.zeros((6, 6), complex)
    rho[n, n] = rho[m, m] = 0.5
    rho[m, n], rho[n, m] = 0.3 + 0.2j, 0.3 - 0.2j
    u, v = np.ix_(X.values / LENGTH, Y.values / MOMENTUM)
    r = 2 * (u**2 + v**2)
    envelope = np.exp(-r / 2) / (np.pi * HBAR)
    diagonal = sum(0.5 * (-1) ** k * eval_genlaguerre(k, 0, r) for k in (n, m))
    ratio = math.sqrt(math.factorial(n) / math.factorial(m)) * math.sqrt(2) ** (m - n) * (-1) ** n
    mixed = ratio * (u - 1j * v) ** (m - n) * eval_genlaguerre(n, m - n, r)  # of |m><n|
    expected = envelope * (diagonal + 2 * ((0.3 + 0.2j) * mixed).real)
    assert np.abs(from_number_basis(rho, **OSCILLATOR).wigner(X, Y) - expected).max() < 1e-13


def test_levels_of_a_run_are_those_of_its_tolerance() -> None:
    """Kills: 30 levels of noise of a run of tolerance 1e-3; a tolerance of 1e-6 that leaves out 1e-12."""
    data = results.result(outputs=2).assign_attrs(hbar=0.7, quantum_mass=0.9)
    found = {tol: wc.Solution(data.assign_attrs(tolerance=tol)).quantum_state() for tol in (1e-3, 1e-6, 0.1)}
    assert [state.tolerance for state in found.values()] == pytest.approx([1e-6, 1e-8, 1e-2])
    assert wc.Solution(data.assign_attrs(tolerance="low")).quantum_state().tolerance == 1e-8
    for state in found.values():
        basis = state.number_basis(frequency=1.0)
        assert abs(state.trace - np.trace(basis).real) <= state.tolerance
        assert abs(state.trace - np.trace(basis[:-1, :-1]).real) > state.tolerance


def test_high_levels_are_number_states() -> None:
    """Kills: a recursion that is lost to rounding errors, where QuTiP's own overflows."""
    ket = np.zeros(301)
    ket[300] = 1
    state, known = from_number_basis(ket, **OSCILLATOR), fock(300, **OSCILLATOR)
    assert np.abs(state.waves - known.waves).max() < 1e-12
    assert abs(state.covariance[1, 1] / (300.5 * MOMENTUM**2) - 1) < 1e-12


def test_properties_of_a_density_matrix() -> None:
    """Kills: a trace, purity or entropy without the spacing; hbar or mass forgotten on the way."""
    state = state_of(thermal(1.1, **OSCILLATOR).wigner(X, Y))
    occupation = 1 / math.expm1(HBAR * FREQUENCY / 1.1)
    entropy = (occupation + 1) * math.log(occupation + 1) - occupation * math.log(occupation)
    found = (state.trace, state.purity, state.entropy)
    np.testing.assert_allclose(found, (1, 1 / (2 * occupation + 1), entropy), atol=1e-9)
    assert (state.hbar, state.mass) == (HBAR, MASS)
    density = np.exp(-(state.x**2) / (LENGTH**2 * (2 * occupation + 1)))
    np.testing.assert_allclose(
        np.diag(state.rho).real, density / (density.sum() * (state.x[1] - state.x[0])), atol=1e-9
    )


def test_what_number_states_cannot_hold_is_refused() -> None:
    """Kills: a density matrix that is silently cut and renormalised, or levels without end."""
    state = state_of(coherent(1.5, 0.0, **OSCILLATOR).wigner(X, Y))
    cases = [
        (
            {"levels": 4},
            "levels: expected number .* leave out a population of at most 1e-08, got 0.64 with 4; name",
        ),
        ({"position": 30.0}, "levels: .* got 1 with 512; name another frequency or position, or a larger tol"),
        ({"frequency": 1e9}, "frequency: expected an oscillator of about the size of the state, got one of length 2.3"),
        ({"levels": 2.5}, "levels: expected a whole number from 1 to 512, got 2.5"),
        ({"frequency": -1.0}, "frequency: expected a finite number above 0"),
    ]
    for changes, message in cases:
        with pytest.raises(InputError, match=message):
            state.to_qutip(**{"frequency": FREQUENCY, **changes})
    with pytest.raises(InputError, match="mass: expected the mass"):
        wc.quantum_state(np.ones((100, 116)), X, Y, hbar=HBAR).to_qutip(frequency=1.0)
    with pytest.raises(InputError, match=r"W: expected shape \(100, 116\)"):
        wc.quantum_state(np.ones((116, 100)), X, Y, hbar=HBAR)


REFUSED = {
    "norm": (2 * qutip.basis(3, 1), "a ket of norm 1, got 2"),
    "trace": (np.eye(3), "a trace of 1, got 3"),
    "Hermitian": (np.array([[0.5, 0.1], [0.2, 0.5]]), "a Hermitian matrix, got one off by 0.2"),
    "positive": (np.diag([1.2, -0.2]), "a positive matrix, got the eigenvalue -0.2"),
    "shape": (np.ones((2, 3)), r"a ket \(n,\) or a density matrix \(n, n\), got shape \(2, 3\)"),
    "two modes": (qutip.tensor(qutip.basis(2, 0), qutip.basis(3, 0)), "of one oscillator, got a ket with dims"),
    "super": (qutip.to_super(qutip.num(2)), "a ket, bra or density matrix of one oscillator, got a super"),
    "levels": (np.eye(302)[301], "at most 301 levels, got 302"),
    "text": ("ket", "an array of complex numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_state_is_refused(case: str) -> None:
    """Kills: an operator taken for a state, a composite system for one oscillator."""
    rho, message = REFUSED[case]
    with pytest.raises(StateError, match=f"rho: expected .*{message}"):
        from_number_basis(rho, **OSCILLATOR)


def test_a_tolerance_lets_computed_matrices_in_as_they_are() -> None:
    """Kills: a computed state that is refused for its errors, or silently scaled to a trace of 1."""
    rho = np.diag([0.7, 0.3 - 3e-7, -1e-7])
    with pytest.raises(StateError):
        from_number_basis(rho, **OSCILLATOR)
    state = from_number_basis(rho, **OSCILLATOR, tolerance=1e-6)
    assert abs(state.weights.sum() - (1 - 4e-7)) < 1e-14
