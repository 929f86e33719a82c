"""Derivatives of a run by the parameters of its model, against differences of runs on the other engine."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest

from wignercq import Axis, Grid, Model, evolve
from wignercq.errors import InputError, MemoryLimitError
from wignercq.run.gradient import _with, gradient
from wignercq.states import gaussian

BATH = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.3, "diffusion": 0.5}
QUARTIC = Model("q**2/2", "x**2/2 + g*x**4", "-lam*q*x", parameters={"g": 0.05, "lam": 0.5}, **BATH)
WELLS = Model("0.45*q**2", "c*(x**2 - b**2)**2", "-0.4*q*x", parameters={"c": 0.1, "b": 1.2}, **BATH)
STATE = gaussian([0.4, -0.3, -0.2, 0.3], [0.5, 0.6, 0.45, 0.5], hbar=0.8)
GRID = Grid(Axis(-5, 5.2, 18), Axis(-5.4, 5.2, 20), Axis(-4.8, 5, 24), Axis(-5.1, 5, 22))
RUN = {"grid": GRID, "dt": 0.2, "tolerance": 1e-2}


def number(model: Model, of: str) -> float:
    """The average at the end of the same run on the fast engine."""
    run = evolve(model, STATE, 1.0, outputs=1, observables={"number": of}, adapt=False, on_unresolved="warn", **RUN)
    return float(run.dataset["number"][-1])


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.parametrize(
    ("model", "of", "names"),
    [(QUARTIC, "x**2", ("g", "diffusion", "quantum_mass")), (WELLS, "q*x**3 + y**2", ("b", "c", "friction"))],
    ids=["quartic", "double well"],
)
def test_derivatives_are_those_of_differences(model: Model, of: str, names: tuple[str, ...]) -> None:
    """Kills: a table that is taken for a constant, a conjugate too many, a step that is differentiated once only."""
    found = gradient(model, STATE, 1.0, of=of, with_respect_to=names, **RUN)
    assert found.value == pytest.approx(number(model, of), rel=1e-12)
    assert found.steps == 5
    for name in names:
        size = model.parameters[name] if name in model.parameters else getattr(model, name)
        changed = [_with(model, name, d * size) for d in H]
        weights = (1, -8, 8, -1)
        expected = sum(w * number(m, of) for w, m in zip(weights, changed, strict=True)) / (12 * H[2] * size)
        assert found[name] == pytest.approx(expected, rel=1e-7)


H = (-2e-3, -1e-3, 1e-3, 2e-3)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_what_cannot_be_differentiated_is_refused() -> None:
    """Kills: an error of JAX about holomorphic functions, memory of a run alone that is asked for."""
    with pytest.raises(MemoryLimitError, match=r"points, which need 5\d\.\d MiB"):
        gradient(QUARTIC, STATE, 0.2, of="x", with_respect_to=["g"], memory_limit="40 MiB", **RUN)
    for of, came in ((lambda W: W.sum(0), r"float64 of shape \(20, 24, 22\)"), (lambda W: 1j * W.sum(), "complex128")):
        with pytest.raises(InputError, match=f"^of: expected a function .* real number, got .* {came}"):
            gradient(QUARTIC, STATE, 0.2, of=of, with_respect_to=["g"], **RUN)


def test_what_has_no_derivative_is_refused() -> None:
    """Kills: a derivative of zero for a name that is none."""
    for name, expected in (("k", "names among g, lam, friction"), ("hbar", "names among")):
        with pytest.raises(InputError, match=f"with_respect_to: expected {expected}"):
            gradient(QUARTIC, STATE, 1.0, of="x", with_respect_to=[name])
    with pytest.raises(InputError, match="got friction = 0"):
        gradient(replace(QUARTIC, friction=0.0), STATE, 1.0, of="x", with_respect_to=["friction"])
    with pytest.raises(InputError, match="expected names of parameters, got 3"):
        gradient(QUARTIC, STATE, 1.0, of="x", with_respect_to=3)  # type: ignore[arg-type]
    warm = Model.thermal("q**2/2", "x**2/2", "-lam*q*x", friction=0.3, temperature=0.9, parameters={"lam": 0.5})
    with pytest.raises(InputError, match="model: expected minimal dynamics for derivatives of a run, got"):
        gradient(warm, STATE, 1.0, of="x", with_respect_to=["lam"])
    driven = Model("q**2/2", "x**2/2 + cos(t)*x", "-lam*q*x", parameters={"lam": 0.5}, **BATH)
    with pytest.raises(InputError, match="model: expected potentials without t for derivatives of a run, got V_Q"):
        gradient(driven, STATE, 1.0, of="x", with_respect_to=["lam"])
