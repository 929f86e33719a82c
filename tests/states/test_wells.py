"""Wells of a model: what their states take from it, where their minima are, what is refused."""

from __future__ import annotations

import inspect
import math
import re

import numpy as np
import pytest

import wignercq as wc
from wignercq import Axis, Grid, Model
from wignercq.errors import InputError, StateError
from wignercq.states import cat, coherent, fock, from_number_basis, product, squeezed, thermal, well

NUMBERS = {"quantum_mass": 1.7, "hbar": 0.6}
DOUBLE = Model("q**2/2", "c*(x**2 - b**2)**2", "0.3*q*x", parameters={"c": 0.4, "b": 1.5}, diffusion=0.5, **NUMBERS)
X, Y = Axis(-2.5, 5.0, 64), Axis(-6.0, 6.5, 70)


def test_a_well_has_the_numbers_of_its_model() -> None:
    """Kills: a frequency without the mass, of the wrong minimum, or with a coupling that was not asked for."""
    for x, bottom in ((0.1, 1.5), (40.0, 1.5), (-0.2, -1.5)):
        found = DOUBLE.well(x)
        assert abs(found.x - bottom) < 1e-12
        assert abs(found.frequency - math.sqrt(8 * 0.4 * 1.5**2 / 1.7)) < 1e-12
        assert (found.mass, found.hbar) == (1.7, 0.6)
        assert found == well(DOUBLE, x)
    tilted = DOUBLE.well(1.0, q=0.8).x
    assert abs(4 * 0.4 * tilted * (tilted**2 - 1.5**2) + 0.3 * 0.8) < 1e-12


def test_wells_of_any_size() -> None:
    """Kills: a search that knows lengths of order one only."""
    small = Model("q**2/2", "k*(x - a)**2/2", parameters={"k": 1e-3, "a": 3e-9}, quantum_mass=1e-27, hbar=1.05e-34)
    assert abs(small.well(7e-9).x / 3e-9 - 1) < 1e-12
    assert abs(small.well().frequency / 1e12 - 1) < 1e-12


@pytest.mark.parametrize(
    ("potential", "x", "message"),
    [
        ("(x**2 - 1)**2", 0.0, "got 0, a summit"),
        ("x**4", 1.0, "got 1, downhill"),
        ("x**4", 0.0, "got 0, downhill"),
        ("x", 1.0, "got 1, downhill"),
        ("x**3 - x", -2.0, "got -2, downhill"),
        ("exp(-x)", 2.0, "got 2, downhill"),
    ],
)
def test_places_in_no_well_are_refused(potential: str, x: float, message: str) -> None:
    """Kills: a frequency that is not a number, or one of a place that nobody asked for."""
    with pytest.raises(StateError, match=f"x: expected a place in a well of the quantum potential, {message}"):
        Model("q**2/2", potential).well(x)


def test_states_of_a_well_are_those_of_its_oscillator() -> None:
    """Kills: a factory under another's name, an argument that is dropped, a centre counted from 0."""
    found = DOUBLE.well(1.0)
    own = {"mass": 1.7, "frequency": found.frequency, "hbar": 0.6}
    centre = {"position": 1.7, "momentum": -0.3}
    rho = np.array([[0.6, 0.2j], [-0.2j, 0.4]])
    pairs = [
        (found.coherent(0.2, -0.3), coherent(1.7, -0.3, **own)),
        (found.squeezed(0.4, angle=0.7), squeezed(1.5, 0.0, squeezing=0.4, angle=0.7, **own)),
        (found.thermal(0.9, position=0.2, momentum=-0.3), thermal(0.9, **centre, **own)),
        (found.fock(3, position=0.2, momentum=-0.3), fock(3, **centre, **own)),
        (found.cat(0.8, phase=0.5), cat((0.8, 0.0), phase=0.5, position=1.5, **own)),
        (found.from_number_basis(rho, momentum=-0.3), from_number_basis(rho, position=1.5, momentum=-0.3, **own)),
    ]
    for mine, expected in pairs:
        assert np.abs(mine.wigner(X, Y) - expected.wigner(X, Y)).max() < 1e-12
        assert mine.mass == expected.mass == 1.7


def test_help_tells_the_arguments() -> None:
    """Kills: methods whose docstring points to a factory that has other arguments."""
    for name in ("coherent", "squeezed", "thermal", "fock", "cat", "from_number_basis"):
        method = getattr(wc.states.wells.Well, name)
        part = (inspect.getdoc(method) or "").partition("Parameters")[2].partition("Raises")[0]
        told = [one for entry in re.findall(r"^(\w+(?:, \w+)*) : ", part, re.M) for one in entry.split(", ")]
        assert sorted(told) == sorted([*inspect.signature(method).parameters][1:])


def test_a_product_is_a_product() -> None:
    """Kills: factors in the other order, a mean of p taken for a variance."""
    quantum = DOUBLE.well(1.0).cat(0.8)
    density = wc.classical(q=0.3, p=-0.4, variances=(0.5, 0.7))
    state, expected = density * quantum, product(density, quantum)
    assert state.mean[:2].tolist() == [0.3, -0.4]
    assert np.diag(state.covariance)[:2].tolist() == [0.5, 0.7]
    assert state.factors == expected.factors == (density, quantum)
    assert state.mass == 1.7
    with pytest.raises(StateError, match="quantum: expected a quantum state, got 2"):
        density * 2.0
    with pytest.raises(StateError, match="variances: expected either variances or covariance, got neither"):
        wc.classical()


GRID = Grid(Axis(-6.0, 6.5, 16), Axis(-6.5, 6.0, 18), Axis(-3.0, 6.0, 40), Axis(-8.0, 8.5, 42))


@pytest.mark.parametrize(("changes", "name"), [({"quantum_mass": 1.2}, "mass"), ({"hbar": 0.5}, "hbar")])
def test_states_of_another_model_are_refused(changes: dict[str, float], name: str) -> None:
    """Kills: a state of another mass that is silently another state; a grid chosen for one."""
    other = Model("q**2/2", "x**2/2", "0.3*q*x", diffusion=0.5, **{**NUMBERS, **changes})
    state = wc.classical(variances=(0.5, 0.7)) * DOUBLE.well(1.0).coherent()
    value = next(iter(changes.values()))
    got = {"mass": 1.7, "hbar": 0.6}[name]
    message = rf"^state\.{name}: expected the model's (quantum_)?{name} = {value:g}, got {got:g}$"
    for attempt in (
        lambda: wc.evolve(other, state, duration=0.1, tolerance=1e-3),
        lambda: wc.evolve(other, state, grid=GRID, duration=0.1),
        lambda: wc.choose_grid(other, state, 1.0),
    ):
        with pytest.raises(InputError, match=message):
            attempt()
