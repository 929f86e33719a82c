"""What tells models apart: equality, hash and repr."""

from __future__ import annotations

import pickle
import re

import pytest

from wignercq import Axis, Grid, Model, evolve
from wignercq.model.model import BATH, UNITS
from wignercq.states import ClassicalGaussian, cat, gaussian, product

NAMES = ["alpha", "D0", "D2", "M", "m", "V_C", "V_Q", "V_I", "a"]


def with_parameters(**changes: float) -> Model:
    """A model whose parameters are called as its own numbers, all different."""
    parameters = {name: 1.5 + 0.1 * i for i, name in enumerate(NAMES)} | changes
    return Model(
        "m*q**2/2 + D2*q + V_C + V_I",
        "alpha*x**2/2 + a + V_Q",
        "D0*q*x/M",
        parameters=parameters,
        classical_mass=3.1,
        quantum_mass=3.2,
        friction=0.31,
        diffusion=0.32,
        decoherence=3.3,
    )


def test_parameters_called_as_numbers_of_the_model_are_shown_beside_them() -> None:
    """Kills: a parameter m that is shown as the quantum mass, here and in the attributes of a result."""
    model = with_parameters()
    shown = dict(re.findall(r"([\w.]+) = ([^,)]+)", repr(model)))
    for short, name in (UNITS | BATH).items():
        assert float(shown[short]) == getattr(model, name)
    for name, value in model.parameters.items():
        assert float(shown[name if name == "a" else f"parameters.{name}"]) == value
    assert len(shown) == 3 + len(NAMES) + 6


def test_a_result_says_what_was_run() -> None:
    """Kills: the attribute `model` with a number in the place of another."""
    grid = Grid(*(Axis(-5, 5, 24) for _ in range(4)))
    model = with_parameters()
    run = evolve(
        model, gaussian((0, 0, 0, 0), (0.5,) * 4, hbar=1.0), 0.01, grid=grid, dt=0.01, outputs=1, tolerance=0.1
    )
    assert run.dataset.attrs["model"] == repr(model)
    for text in ("m = 3.2,", "parameters.m = 1.9,", "D2 = 0.32,", "parameters.D2 = 1.7,", "alpha = 0.31,"):
        assert text in run.dataset.attrs["model"]
    assert len(repr(run)) < 150


@pytest.mark.parametrize("change", [{"lam": 0.6}, {"hbar": 0.9}, {"friction": 0.2}, {"quantum_mass": 2.0}])
def test_models_are_equal_when_all_of_them_is(change: dict[str, float]) -> None:
    """Kills: equality by identity, or one that leaves out a number."""
    model, same, other = Model.oscillators(), Model.oscillators(), Model.oscillators(**change)
    assert model == same == pickle.loads(pickle.dumps(model))
    assert hash(model) == hash(same)
    assert {model: 1}[same] == 1
    assert model != other
    assert Model("q**2", "x**2") != Model("q**2", "2*x**2")
    assert model != "model"


def test_reprs_are_one_short_line() -> None:
    """Kills: arrays of a state, or the whole dataset of a result, printed by a notebook."""
    grid = Grid(*(Axis(-5, 4.5, points) for points in (16, 18, 20, 22)))
    assert repr(grid) == "Grid(q=(-5, 4.5, 16), p=(-5, 4.5, 18), x=(-5, 4.5, 20), y=(-5, 4.5, 22))"
    assert repr(grid.x) == "Axis(-5, 4.5, 20)"
    state = gaussian((0, 0, 0.2, 0), (0.25, 0.49, 0.64, 1), hbar=0.7)
    assert repr(state) == "GaussianState(mean=(0, 0, 0.2, 0), widths=(0.5, 0.7, 0.8, 1), hbar=0.7)"
    classical = ClassicalGaussian((0, 1), (0.25, 0.49))
    assert repr(classical) == "ClassicalGaussian(mean=(0, 1), widths=(0.5, 0.7))"
    quantum = cat((1.2, 0), mass=1, frequency=1, hbar=1)
    for each in (quantum, product(classical, quantum)):
        assert repr(each).isprintable()
        assert len(repr(each)) < 120
