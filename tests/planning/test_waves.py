"""Wave functions along classical paths: the box of bound states, fringes, and what leaves a well."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import systems

from wignercq import Axis, Model
from wignercq.planning import waves
from wignercq.planning.grid_choice import Outlook
from wignercq.planning.waves import reaches
from wignercq.states import ClassicalGaussian, State, cat, coherent, fock, from_wavefunction, gaussian, product, thermal

REST = ClassicalGaussian([0.5, -0.2], [0.5, 0.6])
OSCILLATOR = {"mass": 0.7, "frequency": 1.3, "hbar": systems.HBAR}
WELL = "-3*1.5/cosh(x)**2"  # for hbar = 1, mass = 1 / 1.5: l (l + 1) = 6, ground state cosh(x)**-2, energy -3
LEVEL = 1e-5


def bound(width: float = 1.0) -> State:
    """The ground state of WELL."""
    return product(REST, from_wavefunction((-30.0, 30.0), lambda x: np.cosh(x / width) ** -2, hbar=1.0))


def well(interaction: str = "0", **changes: float) -> Model:
    return Model("q**2/2", WELL, interaction, quantum_mass=1 / 1.5, **changes)


def mass_beyond(x: float) -> float:
    """Of ``cosh(x)**-4``, by its integral ``tanh x - tanh(x)**3/3``."""
    t = math.tanh(x)
    return (2 / 3 - t + t**3 / 3) / (4 / 3)


@pytest.mark.parametrize("duration", [0.5, 50.0])
def test_a_ground_state_needs_its_own_box_for_as_long_as_one_likes(duration: float) -> None:
    """Kills: a bound state that spreads like the classical particles of its spread, over the edge of its well."""
    found = reaches(well(), bound(), duration, LEVEL)
    assert found is not None
    x, y = found
    lower, upper = x.ends(LEVEL)
    assert mass_beyond(upper) == pytest.approx(LEVEL, rel=0.7)  # to a point of the axis
    assert lower == pytest.approx(-upper, rel=0.1)
    # cosh(x)**-2 has the transform k / sinh(pi k / 2)
    k = np.linspace(1e-6, 30, 30_001)
    density = (k / np.sinh(np.pi * k / 2)) ** 2
    tail = np.cumsum(density[::-1])[::-1] / density.sum() / 2
    assert y.ends(LEVEL)[1] == pytest.approx(k[np.argmax(tail < LEVEL)], rel=0.1)


def test_fringes_are_those_of_the_wigner_function() -> None:
    """Kills: frequencies of x and y mixed up, counted from the width, or without hbar."""
    state = product(REST, cat((1.5, 0.4), phase=0.6, **OSCILLATOR))
    model = systems.quartic(g=0.05, parameters={"k": 0.8, "kappa": 1.1, "g": 0.05, "lam": 0.0})
    found = reaches(model, state, 1e-6, LEVEL)
    assert found is not None
    x, y = Axis(-9.0, 9.5, 300), Axis(-8.0, 9.0, 320)
    wigner = state.quantum.wigner(x, y)
    for along, axis, reach in ((0, x, found[0]), (1, y, found[1])):
        power = (np.abs(np.fft.fft(wigner, axis=along)) ** 2).sum(axis=1 - along)
        order = np.argsort(np.abs(axis.frequencies))
        tail = np.sqrt(np.cumsum(power[order][::-1])[::-1] / power.sum())
        needed = np.abs(axis.frequencies)[order][np.argmax(tail < LEVEL)]
        assert reach.frequency(LEVEL) == pytest.approx(needed, rel=0.12)


@pytest.mark.slow
def test_what_lies_above_the_well_leaves() -> None:
    """Kills: a box that holds only what is bound: a wave function half as wide escapes with speeds of its own."""
    narrow, ground = (reaches(well(), bound(width), 3.0, LEVEL) for width in (0.5, 1.0))
    assert narrow is not None
    assert ground is not None
    assert narrow[0].ends(LEVEL)[1] > 2 * ground[0].ends(LEVEL)[1]
    assert narrow[1].ends(LEVEL)[1] > 1.7 * ground[1].ends(LEVEL)[1]


def test_a_coupled_quadratic_model_is_held_as_theory_says() -> None:
    """Kills: noise, decoherence or the classical spread left out of the paths, or a mixture of one wave function."""
    model = systems.oscillators()
    states = (systems.displaced(), product(REST, thermal(1.6, **OSCILLATOR)))
    for state in (*states, gaussian([0.5, 0, 0.3, 0], CORRELATED, hbar=systems.HBAR)):
        outlook = Outlook.of(model, state, 2.0, LEVEL / 0.03)
        intervals, _ = outlook._needs(1.0)
        found = reaches(model, state, 2.0, LEVEL)
        assert found is not None
        for reach, interval in zip(found, intervals[2:], strict=True):
            lower, upper = reach.ends(LEVEL)
            assert 0.72 < (upper - lower) / (interval[1] - interval[0]) < 1.1


CORRELATED = np.array([[0.6, 0.0, 0.3, 0.0], [0.0, 0.5, 0.0, 0.1], [0.3, 0.0, 0.8, 0.1], [0.0, 0.1, 0.1, 0.7]])


def test_wave_functions_that_take_too_long_are_left_to_trajectories() -> None:
    """Kills: minutes spent on a choice: a packet at x = 1000 would take hundreds of thousands of points."""
    model = Model("q**2/2", "x**4/4")
    assert reaches(model, product(REST, coherent(1000, 0, mass=1, frequency=1, hbar=1)), 1.0, LEVEL) is None


def test_number_states_in_their_own_well_stay() -> None:
    """Kills: sampled states put at another place, momentum or scale than their own."""
    state = product(REST, fock(2, position=1.2, momentum=-0.7, **OSCILLATOR))
    found = reaches(Model("q**2/2", "x**3/1000", quantum_mass=0.7, hbar=systems.HBAR), state, 1e-6, LEVEL)
    assert found is not None
    for reach, centre in zip(found, (1.2, -0.7), strict=True):
        lower, upper = reach.ends(LEVEL)
        assert (lower + upper) / 2 == pytest.approx(centre, abs=0.1)


def test_steps_as_long_as_they_may_be_find_what_short_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: steps so long that they mix states of different energies, fringes of what that puts where nothing goes."""
    still = {"friction": 0.0, "diffusion": 0.0, "decoherence": 0.0, "allow_unphysical": True}
    model = systems.model("0.55*q**2", "0.03*x**4 - 0.25*x**2", "0.3*q*x", **still)
    state = product(REST, coherent(-1.3, 0.1, **OSCILLATOR))
    found = []
    for phase in (waves.STEP_PHASE, waves.STEP_PHASE / 20):
        monkeypatch.setattr(waves, "STEP_PHASE", phase)
        monkeypatch.setattr(waves, "WORK", 1e12)
        seen = reaches(model, state, 3.0, LEVEL)
        assert seen is not None
        x, y = seen
        found.append([*x.ends(LEVEL), *y.ends(LEVEL), x.frequency(LEVEL), y.frequency(LEVEL)])
    assert found[0][:4] == pytest.approx(found[1][:4], rel=4e-3)
    assert found[0][4:] == pytest.approx(found[1][4:], rel=2e-2)


@pytest.mark.parametrize("level", [1e-5, 1e-7])
def test_fringes_are_as_fine_as_the_density_is_wide(level: float) -> None:
    """Kills: rounding far from W, or the range of y cut short, taken for fringes: twice the points along y."""
    state = product(REST, coherent(-1.3, 0.1, **OSCILLATOR))
    found = reaches(systems.model("0.55*q**2", "0.03*x**4 - 0.25*x**2", "0.3*q*x"), state, 3.0, level)
    assert found is not None
    lower, upper = found[0].ends(level)
    assert 0.9 < found[1].frequency(level) * systems.HBAR / (upper - lower) < 1.15
