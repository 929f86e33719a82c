"""Steps of driven models: order on the signed W, uniform forces, tables, engines, partial steps."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from support import systems

from wignercq import Axis, Grid, Model, Propagator
from wignercq.errors import ModelError
from wignercq.propagation.engines import ArrayEngine, Engine, TiledEngine
from wignercq.propagation.engines.multipliers import Kick
from wignercq.propagation.engines.planes import PlanesEngine
from wignercq.propagation.schemes import FORWARD_3, STRANG, Scheme

# resolves W to about 1e-8, below the time errors compared
RESOLVED = Grid(Axis(-5.3, 5.9, 34), Axis(-6.0, 5.7, 32), Axis(-4.9, 4.5, 36), Axis(-5.2, 5.4, 38))
MEAN = np.array([0.5, 0.2, -0.4, 0.3])
COVARIANCE = np.diag([0.5, 0.62, 0.42, 0.41])
START = 0.4
ANHARMONIC = systems.model(
    "0.4*q**2*(1 + 0.4*cos(2.3*t)) - 0.5*cos(1.7*t)*q",
    "0.55*x**2 + 0.015*x**4*(1 + 0.8*sin(1.9*t)) - 0.3*sin(2.1*t + 0.3)*x",
    "0.2*(1 + 0.3*cos(1.3*t))*(q - x)**2",
    decoherence=0.75,
)
#: Forces that are the same everywhere, and potentials without t.
PUSHED = systems.model("0.45*q**2 - 0.8*cos(1.7*t)*q", "0.6*x**2 + 0.04*x**4 - 0.5*sin(2.1*t + 0.3)*x")
DAMPED = systems.model(
    "0.45*q**2 - 0.8*cos(1.7*t)*q",
    "0.6*x**2*(1 + 0.3*sin(1.9*t)) - 0.5*sin(2.1*t + 0.3)*x",
    "0.2*(1 + 0.3*cos(1.3*t))*(q - x)**2",
    quantum_bath={"friction": 0.4, "diffusion": {"xx": 0.25, "xy": 0.1, "yy": 0.4}},
    noises=[{"force": "x**2 - 0.3*q*x", "decoherence": 0.1, "diffusion": "0.2 + 0.05*q**2"}],
)
UNCOUPLED = systems.model("0.45*q**2*(1 + 0.4*cos(2*t))", "0.6*x**2 + 0.04*x**4*(1 + sin(1.9*t)) - 0.5*t*x", "0")


def run(model: Model, scheme: Scheme, duration: float, steps: int, grid: Grid = RESOLVED, **options: Any) -> np.ndarray:
    engine: Engine = options.pop("engine", TiledEngine)(grid)
    W = engine.of(systems.gaussian_density(grid, MEAN, COVARIANCE))
    W, _ = Propagator(model, engine, scheme, duration / steps, **options).advance(W, steps, time=START)
    return np.array(engine.array(W))


@cache
def anharmonic(scheme: Scheme, steps: int, exact_bath: bool) -> np.ndarray:
    return run(ANHARMONIC, scheme, 0.6, steps, exact_bath=exact_bath)


def relative_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "exact_bath"), [(STRANG, False), (FORWARD_3, False), (FORWARD_3, True)])
def test_order_for_an_anharmonic_drive(scheme: Scheme, exact_bath: bool) -> None:
    """Kills: a stage at a time that is not its own, a commutator of another time. Friction and noise are on."""
    coarse, middle, fine = (anharmonic(scheme, steps, exact_bath) for steps in (3, 6, 12))
    observed = np.log2(relative_difference(coarse, middle) / relative_difference(middle, fine))
    assert observed == pytest.approx(scheme.order, abs=0.2)


def exact(duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of oscillators with every kind of drive, from their moment equations."""
    M, m, hbar, alpha, D2 = 1.3, 0.7, systems.HBAR, 0.5, 0.6

    def rate(t: float, values: np.ndarray) -> np.ndarray:
        z, S = values[:4], values[4:].reshape(4, 4)
        k_C, k_Q, lam = (
            0.9 * (1 + 0.3 * np.cos(2.3 * t)),
            1.2 * (1 + 0.3 * np.sin(1.9 * t)),
            0.4 * (1 + 0.4 * np.cos(1.3 * t)),
        )
        A = np.array([[0, 1 / M, 0, 0], [-k_C - lam, -alpha / M, lam, 0], [0, 0, 0, 1 / m], [lam, 0, -k_Q - lam, 0]])
        force = [0, 0.8 * np.cos(1.7 * t), 0, 0.5 * np.sin(2.1 * t + 0.3)]
        B = np.diag([0, D2, 0, (hbar * lam) ** 2 / (4 * D2)])
        return np.concatenate([A @ z + force, (A @ S + S @ A.T + B).ravel()])

    begin = np.concatenate([MEAN, COVARIANCE.ravel()])
    end = solve_ivp(rate, (START, START + duration), begin, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    return end[:4], end[4:].reshape(4, 4)


@pytest.mark.slow
@pytest.mark.parametrize("exact_bath", [False, True], ids=["noise in V", "noise in T"])
def test_order_against_the_exact_driven_gaussian(exact_bath: bool) -> None:
    """Kills: anything wrong in the driven linear dynamics: displacements, friction in them, D_y at its time."""
    model = systems.model(
        "0.45*q**2*(1 + 0.3*cos(2.3*t)) - 0.8*cos(1.7*t)*q",
        "0.6*x**2*(1 + 0.3*sin(1.9*t)) - 0.5*sin(2.1*t + 0.3)*x",
        "0.2*(1 + 0.4*cos(1.3*t))*(q - x)**2",
        friction=0.5,
        diffusion=0.6,
    )
    expected = systems.gaussian_density(RESOLVED, *exact(1.0))
    errors = [relative_difference(run(model, FORWARD_3, 1.0, n, exact_bath=exact_bath), expected) for n in (4, 8)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.2)
    assert errors[1] < 3e-7


@pytest.mark.parametrize(("exact_bath", "damped"), [(False, False), (True, True)], ids=["noise in V", "and in T"])
def test_a_uniform_force_displaces_a_free_particle_exactly(exact_bath: bool, damped: bool) -> None:
    """Kills: a displacement of q, p, x or y that is wrong or of finite order in the step; friction left out of it."""
    bath = {"friction": 0.5, "diffusion": {"xx": 0.25, "xy": 0.1, "yy": 0.4}} if damped else None
    numbers = {"classical_mass": 1.3, "quantum_mass": 0.7, "hbar": 0.8, "friction": 0.6, "quantum_bath": bath}
    model, still = Model("-0.9*cos(3*t)*q", "-0.7*sin(2*t)*x", **numbers), Model("0", "0", **numbers)
    grid = Grid(Axis(-6.0, 5.5, 30), Axis(-6.9, 6.2, 48), Axis(-9.0, 9.5, 48), Axis(-6.2, 6.6, 36))
    of_y = 0.5 / 0.7 if damped else 0.0

    def rate(t: float, z: np.ndarray) -> list[float]:
        return [z[1] / 1.3, 0.9 * np.cos(3 * t) - 0.6 / 1.3 * z[1], z[3] / 0.7, 0.7 * np.sin(2 * t) - of_y * z[3]]

    shift = solve_ivp(rate, (START, START + 0.9), np.zeros(4), method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    covariance, found = np.diag([0.5, 0.6, 0.45, 0.4]), []
    for each in (model, still):
        engine = PlanesEngine(grid)
        W = engine.of(systems.gaussian_density(grid, np.zeros(4), covariance))
        W, _ = Propagator(each, engine, STRANG, 0.9, exact_bath=exact_bath).advance(W, 1, time=START)
        planes, _ = engine.marginals(W)
        qp, xy = planes["q", "p"], planes["x", "y"]
        lines = [line / line.sum() for line in (qp.sum(1), qp.sum(0), xy.sum(1), xy.sum(0))]
        found.append([float(line @ axis.values) for line, axis in zip(lines, grid, strict=True)])
    assert np.abs(np.subtract(*found) - shift).max() < 1e-6
    assert np.abs(shift).min() > 0.1


@pytest.mark.parametrize("model", [PUSHED, DAMPED], ids=["uniform forces", "all, with bath and noise"])
def test_engines_and_what_boundaries_reveal_agree(model: Model) -> None:
    """Kills: a fused kick or a column of another time, in the engine that works by tiles."""
    found = []
    for make in (ArrayEngine, TiledEngine):
        engine = make(systems.SMALL)
        W = engine.of(systems.gaussian_density(systems.SMALL, MEAN, COVARIANCE))
        W, boundaries = Propagator(model, engine, FORWARD_3, 0.11).advance(W, 3, time=START)
        found.append((np.array(engine.array(W)), boundaries))
    (reference, expected), (W, boundaries) = found
    assert relative_difference(W, reference) < 1e-13
    for one, other in zip(boundaries, expected, strict=True):
        assert np.abs(one.p_characteristic - other.p_characteristic).max() < 1e-12 * other.density_qx.sum()
        assert np.abs(one.density_qx - other.density_qx).max() < 1e-12 * other.density_qx.max()


def test_steps_are_the_same_one_by_one() -> None:
    """Kills: a time that is lost between steps, a leap from another time, a boundary that is not that of W."""
    engine = TiledEngine(systems.SMALL)
    start = engine.of(systems.gaussian_density(systems.SMALL, MEAN, COVARIANCE))
    for model, exact_bath in ((ANHARMONIC, False), (PUSHED, True)):
        propagator = Propagator(model, engine, FORWARD_3, 0.11, exact_bath=exact_bath)
        fused, (boundary, _) = propagator.advance(engine.copy(start), 3, time=START)
        single = engine.copy(start)
        for k in range(3):
            single = propagator.leap(single, 0.11, time=START + k * 0.11)
            if k == 0:
                assert np.abs(single.sum(axis=(1, 3)) - boundary.density_qx).max() < 1e-12 * boundary.density_qx.max()
        assert relative_difference(fused, single) < 1e-13


def test_the_trade_off_holds_at_all_times() -> None:
    """Kills: noises that are looked at when a model is made alone: x**2 is measured later, and does not decohere."""
    noises = [{"force": "x", "decoherence": 0.5}]
    model = systems.model("0.4*q**2", "0.5*x**2", "q*(x*cos(t) + x**2*sin(t))", decoherence=0.0, noises=noises)
    engine = ArrayEngine(systems.SMALL)
    W = engine.of(systems.gaussian_density(systems.SMALL, MEAN, COVARIANCE))
    with pytest.raises(ModelError, match=r"noises: .* got -\d\S+ at q = "):
        Propagator(model, engine, STRANG, 0.1).advance(W, 1)
    rotating = systems.model("0.4*q**2", "0.5*x**2", "q*x*cos(t)", decoherence=0.0, noises=noises)
    Propagator(rotating, engine, STRANG, 0.1).advance(W, 1)


def test_planes_are_the_whole_w_of_an_uncoupled_drive() -> None:
    """Kills: a cross of rows from another time."""
    whole, planes = (run(UNCOUPLED, FORWARD_3, 0.4, 2, systems.SMALL, engine=e) for e in (ArrayEngine, PlanesEngine))
    assert relative_difference(planes, whole) < 1e-12


def test_a_force_that_is_the_same_everywhere_costs_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: multipliers evaluated in every pass where they never change."""
    evaluated: list[int] = []
    rows = Kick.rows
    monkeypatch.setattr(
        Kick, "rows", lambda self, *args, **options: (evaluated.append(1), rows(self, *args, **options))[1]
    )
    engine = ArrayEngine(systems.SMALL)
    propagator = Propagator(PUSHED, engine, FORWARD_3, 0.1)
    W = engine.of(systems.gaussian_density(systems.SMALL, MEAN, COVARIANCE))
    W, _ = propagator.advance(W, 1, time=START)
    first = len(evaluated)
    propagator.advance(W, 5, time=START + 0.1)
    assert len(evaluated) == first == 3  # two distinct stages, and the closing column
