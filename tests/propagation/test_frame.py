"""A frame that moves: the same W as on a large grid that does not, for any potential, with the order of the scheme."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from support import systems

from wignercq import Axis, Grid, Model, Propagator
from wignercq.errors import InputError, ModelError
from wignercq.grid.interpolation import interpolation
from wignercq.model.evaluation import sampled
from wignercq.model.model import Q, X
from wignercq.propagation.engines.array import ArrayEngine
from wignercq.propagation.engines.base import Engine
from wignercq.propagation.engines.planes import PlanesEngine
from wignercq.propagation.engines.tiled import TiledEngine
from wignercq.propagation.frame import Beginning, MovingFrame
from wignercq.propagation.schemes import CHIN_4A, FORWARD_3, STRANG, Scheme

Point = tuple[float, float, float, float]

WIDTHS = (0.75, 0.8, 0.65, 0.7)
#: Planes, on which large and fine grids cost little: friction, every potential anharmonic.
ALONE = systems.model("0.4*q**2 + 0.004*q**4", "0.55*x**2 + 0.02*x**4 + 0.1*cos(1.3*x)", "0.1*q - 0.2*sin(x)")
FAR = (-2.1, 2.4, 2.6, -1.2)
PLANES = Grid(Axis(-10.0, 10.2, 180), Axis(-11.0, 11.5, 200), Axis(-9.4, 9.0, 216), Axis(-11.6, 11.3, 288))
NARROW = Grid(Axis(-6.4, 6.6, 112), Axis(-6.8, 6.9, 120), Axis(-6.6, 6.4, 150), Axis(-8.4, 8.2, 192))
#: Coupled by a force on p that is no linear function of x: decoherence and its commutator count.
COUPLED = systems.model("0.4*q**2 + 0.01*q**4", "0.55*x**2 + 0.02*x**4", "0.3*q*sin(0.6*x)", decoherence=0.7)
NEAR = (1.1, -0.7, 1.4, 0.6)
#: Baths of both particles, a noise of p that depends on q; alone, coupled, and quadratic.
BATHS: dict[str, Any] = {
    "quantum_bath": {"friction": 0.24, "diffusion": {"xx": 0.1, "xy": 0.06, "yy": 0.5}},
    "noises": [{"force": "x**2", "decoherence": 0.05, "diffusion": "0.1*q**2 + 0.05*q + 0.05"}],
}
ALONE_IN_BATHS = systems.model("0.4*q**2 + 0.004*q**4", "0.55*x**2 + 0.02*x**4", "0", **BATHS)
COUPLED_TO_BATHS = systems.with_baths()
QUADRATIC = systems.model(
    "0.4*q**2 - 3*q",
    "0.55*x**2 + 2*x",
    "0.3*q*x",
    quantum_bath=BATHS["quantum_bath"],
    noises=[{"force": "x", "decoherence": 0.1, "diffusion": 0.2}],
)
LARGE = Grid(Axis(-6.4, 7.0, 40), Axis(-7.0, 7.2, 42), Axis(-5.9, 6.6, 48), Axis(-6.8, 6.9, 54))
SMALL = Grid(Axis(-5.4, 5.6, 32), Axis(-5.7, 5.6, 34), Axis(-4.9, 5.0, 38), Axis(-5.2, 5.3, 42))
#: For noises, which widen W.
LARGER = Grid(Axis(-6.0, 7.4, 44), Axis(-7.4, 6.9, 46), Axis(-5.6, 7.2, 52), Axis(-7.3, 7.2, 60))
SMALLER = Grid(Axis(-5.6, 5.8, 36), Axis(-6.3, 6.1, 38), Axis(-5.2, 5.3, 42), Axis(-6.2, 6.3, 52))


def bells(grid: Grid, mean: Point) -> list[np.ndarray]:
    """Gaussian functions of (q, p) and of (x, y)."""
    lines = [np.exp(-(((a.values - m) / w) ** 2) / 2) for a, m, w in zip(grid, mean, WIDTHS, strict=True)]
    return [np.outer(*lines[:2]), np.outer(*lines[2:])]


def run(
    model: Model,
    engine: Engine,
    mean: Point,
    steps: int,
    *,
    duration: float = 0.9,
    scheme: Scheme = FORWARD_3,
    moving: bool = True,
    begin: float = 0.0,
    **options: Any,
) -> list[np.ndarray]:
    """W in the end, of planes both."""
    frame = MovingFrame(model, Beginning(mean, WIDTHS, begin)) if moving else None
    W = engine.product(*bells(engine.grid.moved(mean) if moving else engine.grid, mean))
    propagator = Propagator(model, engine, scheme, duration / steps, frame=frame, **options)
    W, boundaries = propagator.advance(W, steps, time=begin)
    assert len(boundaries) == steps - 1
    return [*W] if isinstance(engine, PlanesEngine) else [np.array(engine.array(W))]


def onto(fields: list[np.ndarray], grid: Grid, target: Grid) -> list[np.ndarray]:
    """Fields on a grid at the points of another, by trigonometric interpolation."""
    pairs, result = [*zip(grid, target, strict=True)], []
    for values in fields:
        own, pairs = pairs[: values.ndim], pairs[values.ndim :]
        for number, (axis, other) in enumerate(own):
            values = np.moveaxis(np.tensordot(interpolation(axis, other.values), values, (1, number)), 0, number)
        result.append(values)
    return result


def difference(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, expected, strict=True))


def trajectory(model: Model, start: Point, duration: float) -> np.ndarray:
    """By another integrator, with differences of the potential in place of derivatives."""
    V, h = sampled((Q, X), model.V_C + model.V_Q + model.V_I), 1e-5

    def rate(_time: float, z: np.ndarray) -> np.ndarray:
        q, p, x, y = z
        V_q, V_x = (V(q + h, x) - V(q - h, x)) / (2 * h), (V(q, x + h) - V(q, x - h)) / (2 * h)
        M, m = model.classical_mass, model.quantum_mass
        friction = 0.0 if model.quantum_bath is None else model.quantum_bath.friction
        return np.array([p / M, -V_q - model.friction / M * p, y / m, -V_x - friction / m * y])

    return solve_ivp(rate, (0, duration), start, method="LSODA", rtol=1e-11, atol=1e-12).y[:, -1]


@pytest.mark.slow
@pytest.mark.parametrize("hbar_order", [None, 1])
def test_planes_are_those_of_a_large_grid(hbar_order: int | None) -> None:
    """Kills: a wrong sign of a shift in p or y, a symbol taken at other points, Moyal terms of the wrong place."""
    found = run(ALONE, PlanesEngine(NARROW), FAR, 18, hbar_order=hbar_order)
    expected = run(ALONE, PlanesEngine(PLANES), FAR, 18, moving=False, hbar_order=hbar_order)
    there = NARROW.moved(trajectory(ALONE, FAR, 0.9))
    assert difference(found, onto(expected, PLANES, there)) < 3e-8
    assert difference(found, bells(NARROW, (0.0,) * 4)) > 0.1


def test_the_centre_is_the_classical_trajectory() -> None:
    """Kills: friction left out, a mass exchanged, a trajectory that depends on which times were asked for before."""
    frame, other = (MovingFrame(COUPLED, Beginning(NEAR, WIDTHS, 2.5)) for _ in range(2))
    assert frame.centre(2.5 + 7.0) == pytest.approx(trajectory(COUPLED, NEAR, 7.0), abs=1e-8)
    times = [2.5, 3.1, 9.5, 2.6]
    together = [frame.centre(time) for time in times]
    assert all((other.centre(time) == one).all() for time, one in zip(times[::-1], together[::-1], strict=True))
    with pytest.raises(InputError, match=r"^frame: expected a classical trajectory .* one that ends at t = 0\.\d+$"):
        MovingFrame(systems.model(quantum="-x**4"), Beginning((0.0, 0.0, 3.0, 0.0), WIDTHS)).centre(2.0)


@cache
def fine() -> list[np.ndarray]:
    return run(ALONE, PlanesEngine(NARROW), FAR, 24)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "steps"), [(STRANG, 10), (CHIN_4A, 5), (FORWARD_3, 5)], ids=["2", "4", "default"])
def test_the_order_is_that_of_the_scheme(scheme: Scheme, steps: int) -> None:
    """Kills: a centre that follows the scheme by less than its order, stages at the wrong time. Two-sided, signed."""
    engine = PlanesEngine(NARROW)
    errors = [difference(run(ALONE, engine, FAR, n, scheme=scheme), fine()) for n in (steps, 2 * steps)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(scheme.order, abs=0.3)
    assert errors[1] < 1e-2


def test_a_quadratic_model_is_what_it_is_at_rest() -> None:
    """Kills: tables of another place, a displacement that costs accuracy; about the centre W is the same."""
    model = systems.model("0.4*q**2 - 3*q", "0.55*x**2 + 2*x", "0.1*q + 0.2*x")
    engine = PlanesEngine(SMALLER)
    there, here = (run(model, engine, mean, 6) for mean in ((30.0, -70.0, 1000.0, -600.0), (0.0,) * 4))
    assert difference(there, here) < 1e-11


@pytest.mark.parametrize(
    ("grids", "start", "most"),
    [((SMALLER, LARGER), NEAR, 1e-9), pytest.param((NARROW, PLANES), FAR, 1e-8, marks=pytest.mark.slow)],
    ids=["near", "far"],
)
def test_planes_in_baths_are_those_of_a_large_grid(grids: tuple[Grid, Grid], start: Point, most: float) -> None:
    """Kills: friction of y left out of the way of the centre; D2(q) taken at q', or its term in r**3 lost.

    What is left when W fits is the error of the scheme along the way, which falls with the fourth power of the step.
    """
    small, large = grids
    found = run(ALONE_IN_BATHS, PlanesEngine(small), start, 5, duration=0.3)
    expected = run(ALONE_IN_BATHS, PlanesEngine(large), start, 5, duration=0.3, moving=False)
    there = small.moved(trajectory(ALONE_IN_BATHS, start, 0.3))
    assert difference(found, onto(expected, large, there)) < most


@pytest.mark.slow
def test_coupled_motion_in_baths_is_that_on_a_large_grid() -> None:
    """Kills: noises and their commutators at the wrong place where both particles are one."""
    model, options = COUPLED_TO_BATHS, {"duration": 0.3, "exact_bath": True}
    found = run(model, TiledEngine(SMALLER), NEAR, 3, **options)
    expected = run(model, TiledEngine(LARGER), NEAR, 3, moving=False, **options)
    assert difference(found, onto(expected, LARGER, SMALLER.moved(trajectory(model, NEAR, 0.3)))) < 1e-5


def test_a_quadratic_model_in_baths_is_what_it_is_at_rest() -> None:
    """Kills: tables of another place where there are noises, which quadratic models may have as well."""
    assert MovingFrame(QUADRATIC, Beginning(FAR, WIDTHS)).is_uniform
    assert not MovingFrame(COUPLED_TO_BATHS, Beginning(FAR, WIDTHS)).is_uniform
    there, here = (
        run(QUADRATIC, TiledEngine(systems.SMALL), at, 2) for at in ((30.0, -7.0, 1000.0, -600.0), (0.0,) * 4)
    )
    assert difference(there, here) < 1e-11
    assert difference(there, [np.multiply.outer(*bells(systems.SMALL, (0.0,) * 4))]) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("exact_bath", [False, True], ids=["noise in V", "noise in T"])
def test_coupled_motion_is_that_on_a_large_grid(exact_bath: bool) -> None:
    """Kills: decoherence or its commutator at the wrong place, a frame that forgets the other particle's force."""
    found = run(COUPLED, TiledEngine(SMALL), NEAR, 8, duration=0.6, exact_bath=exact_bath)
    expected = run(COUPLED, TiledEngine(LARGE), NEAR, 8, duration=0.6, moving=False, exact_bath=exact_bath)
    there = SMALL.moved(trajectory(COUPLED, NEAR, 0.6))
    assert difference(found, onto(expected, LARGE, there)) < 2e-6


@pytest.mark.slow
def test_the_order_of_coupled_motion() -> None:
    """Kills: an error of the commutator in q or x alone, which planes do not show. Two-sided on the signed W."""
    engine = TiledEngine(SMALL)
    exact = run(COUPLED, engine, NEAR, 32, duration=0.9, scheme=CHIN_4A, begin=1.5)
    errors = [difference(run(COUPLED, engine, NEAR, n, duration=0.9, scheme=CHIN_4A, begin=1.5), exact) for n in (3, 6)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.3)


def test_a_leap_is_a_step_and_steps_add_up() -> None:
    """Kills: places of a step on the fly that are not those of a step in a row, time that is not passed on."""
    engine, frame = PlanesEngine(SMALLER), MovingFrame(ALONE, Beginning(NEAR, WIDTHS, 0.4))
    propagator = Propagator(ALONE, engine, FORWARD_3, 0.05, frame=frame)
    start = engine.product(*bells(SMALLER.moved(NEAR), NEAR))
    together, _ = propagator.advance(engine.copy(start), 3, time=0.4)
    first, _ = propagator.advance(engine.copy(start), 2, time=0.4)
    apart = propagator.leap(first, 0.05, time=0.5)
    assert difference([*apart], [*together]) < 1e-12


def test_a_way_to_where_the_model_is_none_is_refused() -> None:
    """Kills: a run that ends in an error where its box arrives, as D2(q) below 0 would be one."""
    model = systems.model("-0.6*q", "0.55*x**2 + 0.02*x**4", "0", noises=[{"diffusion": "0.9 - 0.1*q"}])
    frame = MovingFrame(model, Beginning((0.0, 6.0, 1.0, 0.0), WIDTHS))
    propagator = Propagator(model, ArrayEngine(systems.SMALL), STRANG, 0.1, frame=frame)
    propagator.require_way(1.2)
    with pytest.raises(ModelError, match=r"^noises: expected no D2\(q\) [^\n]* got -0\.[^\n]*$"):
        propagator.require_way(3.0)
