"""Properties that hold for every model: checked on random polynomial potentials and grids.

All are claimed to rounding error and tried with noise as W, which has all frequencies and both signs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.random_systems import System, decimals, examples, formula, systems
from support.systems import numbers_of

from wignercq import Axis, Grid, Model
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.propagator import Propagator
from wignercq.propagation.schemes import BY_ORDER


@st.composite
def grids(draw: Any) -> Grid:
    """Four sizes, all different, odd and even."""
    sizes = draw(st.lists(st.integers(10, 20), min_size=4, max_size=4, unique=True))
    return Grid(*(Axis(-draw(decimals(3, 5)), draw(decimals(3, 5)), size) for size in sizes))


def noise(grid: Grid, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=grid.shape)


def advanced(
    system: System, grid: Grid, fields: list[np.ndarray], dt: float, *, order: int = 4, hbar_order: int | None = None
) -> list[np.ndarray]:
    """Each field two steps later."""
    engine = TiledEngine(grid)
    propagator = Propagator(system.model(), engine, BY_ORDER[order], dt, hbar_order)
    results = []
    for each in fields:
        W = engine.of(each)
        propagator.advance(W, 2)
        results.append(np.array(W))
    return results


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


def conserves_and_composes(system: System, grid: Grid, order: int) -> None:
    """The norm of noise, and of its image; superpositions; two steps at once, one by one and unfused."""
    engine = TiledEngine(grid)
    propagator = Propagator(system.model(), engine, BY_ORDER[order], 0.07)

    def moved(start: np.ndarray, advance: Callable[[Any], object]) -> np.ndarray:
        W = engine.of(start)
        advance(W)
        return np.array(W)

    a, b = noise(grid, 1), noise(grid, 2)
    after_a, after_b, after_both = (moved(f, lambda W: propagator.advance(W, 2)) for f in (a, b, 1.7 * a - 0.6 * b))
    assert abs(after_a.sum() - a.sum()) < 1e-12 * np.abs(a).sum()
    assert difference(1.7 * after_a - 0.6 * after_b, after_both) < 1e-12
    once = moved(a, lambda W: propagator.advance(W, 1))
    assert difference(moved(once, lambda W: propagator.advance(W, 1)), after_a) < 1e-12
    leaped = moved(a, lambda W: propagator.leap(W, 0.07))
    assert difference(leaped, once) < 1e-12


@pytest.mark.slow
@examples(4)
@given(systems(), grids(), st.sampled_from([2, 4]))
def test_norm_superposition_and_composition(system: System, grid: Grid, order: int) -> None:
    """Kills: clipping, renormalisation, and a fused or partial step that is not the product of its stages."""
    conserves_and_composes(system, grid, order)


@pytest.mark.slow
@examples(40)
@given(systems(), grids(), st.sampled_from([2, 4]))
def test_norm_superposition_and_composition_of_many(system: System, grid: Grid, order: int) -> None:
    """Kills: the same for sizes, models and orders that a few examples miss."""
    conserves_and_composes(system, grid, order)


scales = st.tuples(*[decimals(0.3, 3.0)] * 4)


def knows_no_units(system: System, grid: Grid, units: tuple[float, float, float, float], order: int) -> None:
    length_q, length_x, time, action = units
    lengths = (length_q, action / length_q, length_x, action / length_x)
    scaled = Grid(*(Axis(a.lower / u, a.upper / u, a.points) for a, u in zip(grid, lengths, strict=True)))
    field = noise(grid, 3)
    for hbar_order in (None, 0):
        (plain,) = advanced(system, grid, [field], 0.05, order=order, hbar_order=hbar_order)
        other = system.in_units(*units)
        (changed,) = advanced(other, scaled, [field * action**2], 0.05 / time, order=order, hbar_order=hbar_order)
        assert difference(changed / action**2, plain) < 1e-10


@examples(2)
@given(systems(), grids(), scales, st.sampled_from([2, 4]))
def test_a_change_of_units_changes_nothing(
    system: System, grid: Grid, units: tuple[float, float, float, float], order: int
) -> None:
    """Kills: hbar, a mass, alpha, D2 or D0 missing from a term or there with a wrong power."""
    knows_no_units(system, grid, units, order)


@pytest.mark.slow
@examples(15)
@given(systems(), grids(), scales, st.sampled_from([2, 4]))
def test_a_change_of_units_changes_nothing_in_many(
    system: System, grid: Grid, units: tuple[float, float, float, float], order: int
) -> None:
    """Kills: the same in a term that a few examples hardly feel."""
    knows_no_units(system, grid, units, order)


def forgets_the_origin(system: System, grid: Grid, shift: tuple[float, float]) -> None:
    """Potentials and grid moved by the same lengths: nothing else may change."""
    a, b = shift
    model = system.model()
    moved_model = Model(
        *(
            formula(terms).replace("q", f"(q - ({a}))").replace("x", f"(x - ({b}))")
            for terms in (system.V_C, system.V_Q, system.V_I)
        ),
        **numbers_of(model),
    )
    q, x = (Axis(z.lower + s, z.upper + s, z.points) for z, s in ((grid.q, a), (grid.x, b)))
    fields = []
    for each, where in ((model, grid), (moved_model, Grid(q, grid.p, x, grid.y))):
        engine = TiledEngine(where)
        W = engine.of(noise(grid, 4))
        Propagator(each, engine, BY_ORDER[4], 0.06).advance(W, 1)
        fields.append(np.array(W))
    assert difference(fields[1], fields[0]) < 1e-10


@examples(2)
@given(systems(), grids(), st.tuples(decimals(-2, 2), decimals(-2, 2)))
def test_no_place_is_special(system: System, grid: Grid, shift: tuple[float, float]) -> None:
    """Kills: a derivative taken at the origin, or positions counted from the middle of the box."""
    forgets_the_origin(system, grid, shift)


def exchanges(system: System, grid: Grid, hbar_order: int | None) -> None:
    """Without friction and with as much diffusion in y as in p, a bilinear coupling treats both particles alike."""
    coupling, hbar = max(abs(system.V_I[1, 1]), 0.05), system.hbar
    diffusion = max(system.diffusion, hbar * coupling)
    twin = System(
        V_C=system.V_C,
        V_Q={(j, i): c for (i, j), c in system.V_C.items()},
        V_I={(1, 1): coupling},
        classical_mass=system.classical_mass,
        quantum_mass=system.classical_mass,
        hbar=hbar,
        friction=0.0,
        diffusion=diffusion,
        decoherence=diffusion / (hbar * coupling) ** 2,
    )
    start = noise(grid, 5)
    (plain,) = advanced(twin, grid, [start], 0.06, hbar_order=hbar_order)
    (exchanged,) = advanced(
        twin, Grid(grid.x, grid.y, grid.q, grid.p), [start.transpose(2, 3, 0, 1)], 0.06, hbar_order=hbar_order
    )
    assert difference(exchanged.transpose(2, 3, 0, 1), plain) < 1e-11


@examples(2)
@given(systems(), grids())
def test_classical_particles_can_be_exchanged(system: System, grid: Grid) -> None:
    """Kills: axes or masses mixed up where the two particles are treated apart; potentials are anharmonic."""
    exchanges(system, grid, hbar_order=0)


@examples(3)
@given(systems(quadratic=True), grids())
def test_quadratic_particles_can_be_exchanged(system: System, grid: Grid) -> None:
    """Kills: a decoherence that is not the diffusion hbar**2 D0 lam**2 of y, eq (74)."""
    exchanges(system, grid, hbar_order=None)


@examples(4)
@given(systems(quadratic=True), grids(), st.sampled_from([2, 4]))
def test_quadratic_dynamics_is_classical_diffusion(system: System, grid: Grid, order: int) -> None:
    """Kills: a term of the exact symbol that should vanish for quadratic potentials, eq (112)."""
    start = noise(grid, 6)
    (exact,) = advanced(system, grid, [start], 0.08, order=order)
    (classical,) = advanced(system, grid, [start], 0.08, order=order, hbar_order=0)
    assert difference(classical, exact) < 1e-12
