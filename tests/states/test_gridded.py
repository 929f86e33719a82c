"""States known by W on a grid: exact on other grids, with the numbers of the result they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import qutip
import xarray as xr
from support import systems

import wignercq as wc
from wignercq import Axis, Grid, Solution
from wignercq.errors import InputError, StateError
from wignercq.grid.grid import NAMES
from wignercq.states import State, from_result, from_wigner

HERE = Grid(Axis(-5.9, 6.4, 26), Axis(-6.2, 6.1, 24), Axis(-5.2, 5.0, 32), Axis(-5.6, 5.8, 36))
FINER = Grid(Axis(-6.5, 6.7, 30), Axis(-6.3, 7.1, 28), Axis(-6.1, 5.9, 44), Axis(-5.9, 6.6, 42))
LATER = 0.25
SMALL = Grid(Axis(-4.9, 5.4, 16), Axis(-5.2, 5.1, 18), Axis(-4.7, 4.5, 26), Axis(-4.6, 4.8, 28))
STEPS = {"grid": SMALL, "dt": 0.125, "tolerance": 1e-2, "keep_state": True}


def cat() -> State:
    """A signed W with every number different."""
    return wc.classical(q=0.3, p=-0.2, variances=(0.7, 0.8)) * systems.model().well().cat((0.6, 0.7), phase=0.4)


def labelled(W: np.ndarray, grid: Grid) -> xr.DataArray:
    return xr.DataArray(W, {name: axis.values for name, axis in zip(NAMES, grid, strict=True)}, NAMES)


@pytest.fixture(scope="module")
def run() -> Solution:
    return wc.evolve(systems.model(), cat(), duration=LATER, outputs=2, **STEPS)


def test_another_grid_is_exact() -> None:
    """Kills: linear interpolation, axes exchanged, a box whose ends are copied to the other side."""
    W, state = cat().wigner(HERE), from_wigner(labelled(cat().wigner(HERE), HERE), hbar=systems.HBAR)
    largest = np.abs(W).max()
    assert np.array_equal(state.wigner(HERE), W)
    assert np.abs(state.wigner(FINER) - cat().wigner(FINER)).max() < 3e-5 * largest
    turned = from_wigner(labelled(W, HERE).transpose("y", "q", "x", "p"), hbar=systems.HBAR)
    assert np.array_equal(turned.wigner(FINER), state.wigner(FINER))
    double = Grid(HERE.q, HERE.p, *(Axis(axis.lower, axis.upper, 2 * axis.points) for axis in (HERE.x, HERE.y)))
    assert np.abs(state.wigner(double)[:, :, ::2, ::2] - W).max() < 1e-14 * largest


def test_moments_support_and_bandwidth() -> None:
    """Kills: a covariance of the wrong pair, ends of another axis, a band that misses the fringes."""
    exact, state = cat(), from_wigner(cat().wigner(HERE), HERE, hbar=systems.HBAR)
    np.testing.assert_allclose(state.mean, exact.mean, atol=1e-5)
    np.testing.assert_allclose(state.covariance, exact.covariance, atol=1e-4)
    level = 1e-3
    for axis, mine, theirs in zip(HERE, state.support(level), exact.support(level), strict=True):
        assert (np.abs(mine - theirs) < 2 * axis.spacing).all()
    bands = list(zip(HERE, state.bandwidth(level), exact.bandwidth(level), strict=True))
    assert all(abs(mine - theirs) < 4 * 2 * np.pi / axis.length for axis, mine, theirs in bands)


def test_grids_that_cut_it_off_are_refused() -> None:
    """Kills: half of a state that goes on as if it were whole, and fringes that vanish on a coarse grid."""
    state = from_wigner(cat().wigner(HERE), HERE, hbar=systems.HBAR)
    for name, axis, what in (("y", Axis(-5.9, 1.0, 42), "extent"), ("x", Axis(-6.1, 5.9, 12), "finer mesh")):
        grid = Grid(**{**{n: getattr(FINER, n) for n in NAMES}, name: axis})
        with pytest.raises(
            StateError, match=rf"grid\.{name}: expected a grid that cuts off at most .*; a larger {what}"
        ):
            wc.evolve(systems.model(), state, grid=grid, duration=0.1, dt=0.1)


def test_a_run_goes_on_from_the_result_of_another(run: Solution, tmp_path: Any) -> None:
    """Kills: a start from another moment or with another hbar or mass, a scaled W; twice a time is the whole of it."""
    run.save(tmp_path / "run.nc")
    whole = wc.evolve(systems.model(), cat(), duration=2 * LATER, outputs=1, **STEPS).W.values
    again = wc.evolve(
        systems.model(), from_result(wc.load(tmp_path / "run.nc")), duration=LATER, outputs=1, **STEPS
    ).W.values
    assert np.abs(again - whole).max() < 1e-13 * np.abs(whole).max()
    state = from_result(run, LATER)
    assert np.array_equal(state.W, run.W.values)
    assert (state.hbar, state.mass) == (systems.HBAR, 0.7)


@pytest.mark.parametrize("changes", [{"hbar": 1.1}, {"quantum_mass": 0.9}])
def test_results_of_another_hbar_or_mass_are_refused(run: Solution, changes: dict[str, float]) -> None:
    """Kills: W of one particle taken for that of another."""
    name, value = next(iter(changes.items()))
    with pytest.raises(InputError, match=rf"state\.\w+: expected the model's {name} = {value:g}, got 0\.[78]$"):
        wc.evolve(systems.model(**changes), from_result(run), grid=SMALL, duration=0.1, dt=0.1)


def test_what_has_no_state_is_refused(run: Solution) -> None:
    """Kills: a traceback for a result without W, for another time, for a W that is none."""
    bare = Solution(run.dataset.drop_vars("W"))
    unknown = Solution(run.dataset.copy())
    del unknown.dataset.attrs["hbar"]
    W = labelled(cat().wigner(HERE), HERE)
    cases = [
        (lambda: from_result(bare), "result: expected a run with keep_state=True"),
        (lambda: from_result(unknown), "result: expected a result with its hbar and masses"),
        (
            lambda: from_result("run.nc"),
            "result: expected a result of a run, as from wignercq.load, got 'run.nc'; wignercq.load reads",
        ),
        (lambda: from_wigner(2 * W, hbar=1.0), "W: expected a finite W with integral 1, got 2"),
        (lambda: from_wigner(W[0], hbar=1.0), r"W: expected W\(q, p, x, y\), got dimensions p, x, y"),
        (lambda: from_wigner(W.values, hbar=1.0), "W: expected W with its coordinates or a Grid, got ndarray"),
        (lambda: from_wigner(W.values, FINER, hbar=1.0), r"W: expected W of shape \(30, 28, 44, 42\)"),
        (lambda: from_wigner(W.assign_coords(x=W.x**3), hbar=1.0), "W: expected a uniform increasing axis as coord"),
    ]
    for attempt, message in cases:
        with pytest.raises(StateError, match=message):
            attempt()
    with pytest.raises(StateError, match=r"time: expected a time at which W was kept, 0\.25, got 0\.1"):
        from_result(run, 0.1)


def test_times_are_those_of_results_that_keep_several(run: Solution) -> None:
    """Kills: the last W taken for an earlier one."""

    class Several:
        dataset = run.dataset

        def state(self, time: float) -> xr.DataArray:
            assert time == 0.125
            return run.W[::1]

    assert np.array_equal(from_result(Several(), 0.125).W, run.W.values)


def test_the_quantum_state_of_a_result(run: Solution) -> None:
    """Kills: a plane of another time, hbar or mass; a purity that is not that of the run."""
    for index, time in enumerate(run.time):
        state = run.quantum_state(time)
        assert abs(state.purity - run.dataset["purity"].values[index]) < 1e-10
        assert (state.time, state.hbar, state.mass) == (time, systems.HBAR, 0.7)
        second = np.diag(state.rho).real @ state.x**2 * (state.x[1] - state.x[0])
        expected = run.covariance[index, 2, 2] + run.mean[index, 2] ** 2
        assert abs(second - expected) < 1e-6  # what leaves the box of this grid
        rho = state.to_qutip(frequency=np.sqrt(1.1 / 0.7), tolerance=1e-7)
        occupation = run.dataset["occupation"].values[index]
        assert abs(qutip.expect(qutip.num(rho.shape[0]), rho) - occupation) < 1e-5
        assert abs(qutip.entropy_vn(rho) - state.entropy) < 1e-4
    assert run.quantum_state().time == LATER
    with pytest.raises(InputError, match=r"time: expected one of the frames, 0, 0\.125, 0\.25, got 0\.2"):
        run.quantum_state(0.2)


@pytest.mark.slow
def test_an_anharmonic_run_goes_on_from_a_file_on_a_grid_of_its_own(tmp_path: Any) -> None:
    """Kills: a grid chosen too small for what W has become, or a W that is changed on its way through file and grid."""
    model, options = systems.quartic(), {"outputs": 1, "tolerance": 1e-5, "keep_state": True}
    wc.evolve(model, cat(), duration=0.4, **options).save(tmp_path / "run.nc")
    again = wc.evolve(model, from_result(wc.load(tmp_path / "run.nc")), duration=0.4, **options)
    whole = wc.evolve(model, cat(), duration=0.8, **options)
    difference = np.abs(from_result(whole).wigner(again.grid) - again.W.values).max()
    assert difference < 1e-5 * np.abs(again.W.values).max()
