"""Potentials that depend on time: what they are made of, what they are at a moment, where they are refused."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from support import systems

from wignercq import Model, correlation, evolve, gradient, relaxation, steady_state, trajectories
from wignercq.errors import InputError, ModelError
from wignercq.gaussian import LinearModel, potential_minimum, theory_report
from wignercq.model.definition import definition_of, model_of
from wignercq.model.drives import Q, T, X, delayed, forces_of, products, rate_of_change
from wignercq.states import gibbs
from wignercq.units import Units

DRIVEN = systems.model("k*q**2/2 - F*cos(1.7*t)*q", "0.6*x**2*(1 + 0.3*sin(2*t))", parameters={"k": 0.9, "F": 0.8})


def test_a_model_knows_whether_it_is_driven() -> None:
    """Kills: a t that is a parameter, a drive that is seen in no potential or in all; equality, file, text, latex."""
    assert DRIVEN.is_driven
    assert not systems.quartic().is_driven
    assert model_of(definition_of(DRIVEN), where="model") == DRIVEN
    assert (
        systems.model("k*q**2/2 - F*cos(1.8*t)*q", "0.6*x**2*(1 + 0.3*sin(2*t))", parameters={"k": 0.9, "F": 0.8})
        != DRIVEN
    )
    assert "cos(17*t/10)" in repr(DRIVEN)
    assert r"\cos" in DRIVEN._repr_latex_()
    assert DRIVEN.at(0.4).V_C.subs({Q: 2}) == pytest.approx(0.9 * 2 - 1.6 * np.cos(0.68), abs=1e-15)
    assert not DRIVEN.at(0.4).is_driven
    assert systems.quartic().at(3.0) is not None


@pytest.mark.parametrize(
    ("interaction", "coupled", "quadratic"),
    [
        ("cos(t)*(q - x)**2", True, True),
        ("cos(t)*q**2 + sin(t)*x**2", False, True),
        ("(1 + cos(t))*q*x - q*x - cos(t)*x*q", False, True),
        ("exp(-1000*(t - 40)**2)*q*x", True, True),
        ("cos(q - t)", False, False),
        ("exp(-(x - t)**2)*q", True, False),
        ("t*q**3", False, False),
    ],
)
def test_structure_holds_at_all_times(interaction: str, coupled: bool, quadratic: bool) -> None:
    """Kills: a coupling or an anharmonic term that is missed because it vanishes at some moment."""
    model = systems.model(interaction=interaction)
    assert (model.is_coupled, model.is_quadratic) == (coupled, quadratic)


def test_a_potential_is_the_sum_of_its_products() -> None:
    """Kills: a term that is lost or counted twice; a lattice that is shaken, a pulse that is no product."""
    potential = Model("0", "x**2 + (x - sin(t))**3*cos(t) + 2*cos(3*(x - 0.4*sin(t))) + exp(-(x - t)**2)").V_Q
    found = products(potential)
    assert found.rest == sp.exp(-((X - T) ** 2))
    total = found.still + found.rest + sum(f * U for f, U in zip(found.factors, found.parts, strict=True))
    assert all(
        f.free_symbols == {T} and T not in U.free_symbols for f, U in zip(found.factors, found.parts, strict=True)
    )
    for x, t in ((0.3, 1.1), (-1.2, 0.4)):
        assert float((total - potential).subs({X: x, T: t})) == pytest.approx(0, abs=1e-13)


def test_uniform_forces_are_told_from_potentials() -> None:
    """Kills: a force with the wrong sign or left in the potential as well, one of the interaction forgotten."""
    model = systems.model("0.4*q**2 - 0.8*cos(1.7*t)*q", "x**4 + 0.3*t*x", "0.2*(q - x + sin(t))**2")
    forces = forces_of(model)
    assert not forces.model.is_driven or forces.model.V_I.coeff(Q, 1).coeff(X, 0) == 0
    of_q, of_x = forces.at(np.array([0.7]))
    assert of_q[0] == pytest.approx(0.8 * np.cos(1.19) - 0.4 * np.sin(0.7), abs=1e-15)
    assert of_x[0] == pytest.approx(-0.21 + 0.4 * np.sin(0.7), abs=1e-15)
    assert not forces_of(systems.quartic()).act
    place = np.array([0.5, -1.0])
    assert rate_of_change(systems.model("0.4*q**2 - cos(6*t)*q"), 50.0, place, place) == pytest.approx(6, rel=1e-2)
    assert delayed(model, 0.5).V_Q.subs({X: 1, T: 1}) == 1 + sp.Rational(45, 100)


def test_the_model_of_a_moment_keeps_its_baths() -> None:
    """Kills: a noise whose parameters are gone with those of the potentials, a bath that is left behind."""
    noises = [{"force": "g*x", "decoherence": 0.4, "diffusion": "0.1 + b*q**2"}]
    model = systems.model(
        "q**2 - cos(t)*q",
        parameters={"g": 0.3, "b": 0.02},
        noises=noises,
        quantum_bath={"friction": 0.2, "temperature": 1.5},
    )
    for other in (model.at(0.4), delayed(model, 0.5), forces_of(model).model):
        assert other.noise_terms == model.noise_terms
        assert other.quantum_diffusion == model.quantum_diffusion
    assert float(model.at(0.4).noise_terms[0].diffusion.subs(Q, 2)) == pytest.approx(0.18, rel=1e-14)


def test_a_model_in_other_units_is_driven_in_theirs() -> None:
    """Kills: a time that stays in seconds: the phase of the drive has no unit."""
    units = Units(mass=2e-15, frequency=3e4)
    natural = Model("q**2/2", "x**2/2 - cos(2*t)*x", "0.1*q*x", diffusion=0.5)
    there = units.si_model(natural)
    argument = next(iter(there.V_Q.atoms(sp.cos))).args[0]
    assert float(argument.subs(T, units.size("time"))) == pytest.approx(2, rel=1e-12)


REFUSALS = {
    "a steady state": lambda: steady_state(DRIVEN),
    "decay rates": lambda: relaxation(DRIVEN),
    "functions of two times": lambda: correlation(DRIVEN, systems.packet(), "x", "x", times=[0.0, 1.0]),
    "trajectories of wave functions": lambda: trajectories(DRIVEN, systems.packet(), duration=1.0, count=4),
    "derivatives of a run": lambda: gradient(DRIVEN, systems.packet(), 1.0, of="x", with_respect_to=["k"]),
    "a thermal state": lambda: gibbs(DRIVEN),
    "this theory": lambda: LinearModel.from_model(DRIVEN),
    "a minimum": lambda: potential_minimum(DRIVEN),
    "a well": lambda: DRIVEN.well(0.0),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_has_no_meaning_for_a_drive_is_refused(what: str) -> None:
    """Kills: a NameError of 't' far down, or a number that holds at time 0 only."""
    with pytest.raises(ModelError, match=rf"^model: expected potentials without t for {what}.*, got V_.* depend on t$"):
        REFUSALS[what]()


@pytest.mark.parametrize(
    ("potential", "message"),
    [
        ("q**2/t", "classical_potential: expected .*"),
        ("q**2 + log(t - 1)*q", "classical_potential: expected .*"),
        ("q**2*(1 - t*p)", "classical_potential: .* got the unknown name 'p'"),
    ],
)
def test_bad_drives_are_one_line(potential: str, message: str) -> None:
    """Kills: a traceback, or NaN in W, from a drive that is singular when the run begins."""
    with pytest.raises(InputError, match=message) as caught:
        evolve(systems.model(potential), systems.packet(), grid=systems.SMALL, duration=0.2, dt=0.1)
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match=r"parameters.t: expected a plain name that is not reserved"):
        Model("t*q", "x", parameters={"t": 1.0})


def test_an_anharmonic_drive_has_no_gaussian_theory() -> None:
    """Kills: a report of a model linearised about a place that it does not stay at."""
    with pytest.raises(ModelError, match="expected potentials at most quadratic"):
        theory_report(systems.model("q**4 - cos(t)*q"))
