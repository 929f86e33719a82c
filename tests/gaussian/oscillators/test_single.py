"""Appendix A: one oscillator, with and without friction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from support.parameters import frictions, masses, noises, springs, two_hundred

from wignercq.errors import InputError, ModelError
from wignercq.gaussian import SingleOscillator


@two_hundred
@given(mass=masses, stiffness=springs, friction=frictions, diffusion=noises)
def test_closed_forms_equal_linear_algebra(mass: float, stiffness: float, friction: float, diffusion: float) -> None:
    """Kills a wrong eigenvalue (127) or steady covariance (131): against numpy.poly and the Lyapunov equation."""
    oscillator = SingleOscillator(mass=mass, stiffness=stiffness, friction=friction, diffusion=diffusion)
    process = oscillator.process
    polynomial = np.poly(oscillator.eigenvalues).real
    expected = [1, -np.trace(process.drift), np.linalg.det(process.drift)]
    np.testing.assert_allclose(polynomial, expected, rtol=1e-12)
    np.testing.assert_allclose(oscillator.steady_covariance(), process.steady_covariance(), rtol=1e-12, atol=1e-14)


def test_steady_state_is_thermal() -> None:
    """Kills a temperature off by a factor: equipartition k <qq> = <pp>/M = k_B T, eq (132)."""
    oscillator = SingleOscillator(mass=1.7, stiffness=0.6, friction=0.3, diffusion=0.45)
    steady = oscillator.steady_covariance()
    assert oscillator.temperature == pytest.approx(0.75, rel=1e-15)
    assert 0.6 * steady[0, 0] == pytest.approx(0.75, rel=1e-14)
    assert steady[1, 1] / 1.7 == pytest.approx(0.75, rel=1e-14)


def test_undamped_oscillator_heats_linearly() -> None:
    """Kills a heating rate off by 2: <E> = E0 + D t/(2M), eq (121), from the covariance of the process in time."""
    oscillator = SingleOscillator(mass=1.7, stiffness=0.6, friction=0.0, diffusion=0.45)
    times = np.array([0.0, 0.7, 13.0, 400.0])
    covariance = oscillator.process.covariance(times, np.diag([0.3, 0.8]))
    energy = 0.6 * covariance[:, 0, 0] / 2 + covariance[:, 1, 1] / (2 * 1.7)
    np.testing.assert_allclose(oscillator.energy(times, energy[0]), energy, rtol=1e-12)
    np.testing.assert_allclose(oscillator.eigenvalues, [-1j * np.sqrt(0.6 / 1.7), 1j * np.sqrt(0.6 / 1.7)], rtol=1e-14)


def test_undamped_oscillator_has_no_steady_state_and_says_so() -> None:
    """Kills a steady state of the undamped oscillator; the message states its heating rate."""
    oscillator = SingleOscillator(mass=1.6, stiffness=0.6, friction=0.0, diffusion=0.48)
    assert not oscillator.process.is_stable
    assert oscillator.temperature == float("inf")
    with pytest.raises(ModelError, match=r"grows for ever at the rate D/\(2 M\) = 0.15"):
        oscillator.steady_covariance()


def test_regimes_of_damping() -> None:
    """Kills a swap of the under- and overdamped regimes, eq (128): the roots at zeta = 1/2 and zeta = 5/3."""
    slow = SingleOscillator(mass=1.0, stiffness=4.0, friction=2.0, diffusion=1.0)
    fast = SingleOscillator(mass=1.0, stiffness=9.0, friction=10.0, diffusion=1.0)
    np.testing.assert_allclose(slow.eigenvalues, [1 - np.sqrt(3) * 1j, 1 + np.sqrt(3) * 1j], rtol=1e-14)
    np.testing.assert_allclose(fast.eigenvalues, [1, 9], rtol=1e-14)
    with pytest.raises(InputError, match="linear heating"):
        fast.energy(1.0, 0.0)


@pytest.mark.parametrize("name", ["mass", "stiffness", "friction", "diffusion"])
def test_impossible_parameters_are_refused(name: str) -> None:
    """Kills an oscillator with a negative constant."""
    values = {"mass": 1.0, "stiffness": 1.0, "friction": 0.1, "diffusion": 0.2, name: -1.0}
    with pytest.raises(ModelError, match=f"^{name}: expected"):
        SingleOscillator(**values)
