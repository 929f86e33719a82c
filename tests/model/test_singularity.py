"""Potentials that are singular or not real where W is."""

from __future__ import annotations

import re

import pytest

from wignercq import Grid, Model, choose_grid, evolve
from wignercq.errors import ModelError
from wignercq.grid.grid import Axis
from wignercq.model.singularity import require_regular
from wignercq.states import gaussian, gibbs

WRONG = {
    "pole": ("q**2/2", "x**2/2 + 1/(x - 1.5)", "a singular one at x = 1.5"),
    "weak pole": ("q**2/2 + 0.001/(q + 0.7)**2", "x**2/2", "a singular one at q = -0.7"),
    "logarithm of both signs": ("q**2/2", "x**4 + log(x**2)", "a singular one at x = 0"),
    "root": ("q**2/2", "x**2/2 + sqrt(x + 0.25)", "one that is not real at x = -0.25"),
    "root of q": ("q**2/2 + (q + 1)**2.5", "x**2/2", "one that is not real at q = -1"),
}
RIGHT = {
    "removable": "x**2/2 + sin(x)/x",
    "kink": "x**2/2 + sqrt(x**2 + 1e-12)",
    "high and smooth": "1e6*exp(-1e4*(x - 0.3)**2)",
    "pole elsewhere": "x**2/2 + 1/(x - 7)",
    "polynomial": "x**6 - 3*x**2",
}


@pytest.mark.parametrize(("classical", "quantum", "line"), WRONG.values(), ids=WRONG)
def test_what_is_singular_is_named_with_its_place(classical: str, quantum: str, line: str) -> None:
    """Kills: a pole between two places that are looked at, a logarithm, which grows slowly, and places beside it."""
    with pytest.raises(ModelError) as refusal:
        require_regular(Model(classical, quantum), (-3.0, 4.0), (-2.0, 5.0))
    came = refusal.value.got
    assert came.split(" = ")[0] == line.split(" = ")[0]
    assert float(came.split(" = ")[1]) == pytest.approx(float(line.split(" = ")[1]), abs=0.005)


@pytest.mark.parametrize("potential", RIGHT.values(), ids=RIGHT)
def test_what_is_smooth_is_accepted(potential: str) -> None:
    """Kills: a smooth peak, a removable singularity or a pole outside the region that is called singular."""
    require_regular(Model("q**2/2", potential), (-3.0, 4.0), (-2.0, 5.0))


def test_an_interaction_is_named_with_both_coordinates() -> None:
    """Kills: a pole of q - x that is looked for along one coordinate at a fixed value of the other, which it misses."""
    with pytest.raises(ModelError, match=r"^interaction: .* a singular one at q = (\S+), x = (\S+)$") as refusal:
        require_regular(Model("q**2/2", "x**2/2", "0.1/(q - x)", diffusion=0.5), (-3.0, 4.0), (-2.0, 5.0))
    q, x = map(float, re.findall(r"= ([-.\de]+)", refusal.value.got))
    assert abs(q - x) < 0.005


def test_a_run_says_singular_and_not_that_trajectories_run_away() -> None:
    """Kills: the symptom in place of the cause: force without bounds makes trajectories run away."""
    state = gaussian((0.5, 0, 0.4, 0), (0.5, 0.5, 0.5, 0.5), hbar=1.0)
    model = Model("q**2/2", "x**2/2 + 1/x", "0.1*q*x", friction=0.3, diffusion=0.5)
    for act in (
        lambda: choose_grid(model, state, 1.0),
        lambda: evolve(model, state, duration=0.1),
        lambda: gibbs(model),
    ):
        with pytest.raises(ModelError, match=r"^quantum_potential: expected .* got a singular one at x = 0$"):
            act()


def test_trajectories_that_come_to_a_pole_name_it() -> None:
    """Kills: only the initial state looked at, while W falls into a pole in the course of the run."""
    state = gaussian((0, 0, 4, -2), (0.5, 0.5, 0.05, 5.0), hbar=1.0)
    model = Model("q**2/2", "-1/x**2", "0.1*q*x", friction=0.3, diffusion=0.5)
    with pytest.raises(ModelError, match=r"^quantum_potential: expected .* got a singular one at x = 0$"):
        choose_grid(model, state, 6.0)


def test_on_a_given_grid_what_is_not_real_is_told_from_what_is_singular() -> None:
    """Kills: the root of a negative number called singular, and coordinates that the potential does not depend on."""
    grid = Grid(*(Axis(-6, 6, 24) for _ in range(4)))
    state = gaussian((0, 0, 1, 0), (0.5, 0.5, 0.5, 0.5), hbar=1.0)
    for potential, line in {"sqrt(x)": "one that is not real at x = -6", "1/(x - 1)": "a singular .* at x = 1"}.items():
        model = Model("q**2/2", f"x**2/2 + {potential}", "0.1*q*x", friction=0.3, diffusion=0.5)
        with pytest.raises(ModelError, match=rf"^quantum_potential: expected finite values on the grid, got {line}$"):
            evolve(model, state, duration=0.1, dt=0.1, tolerance=0.1, grid=grid)
