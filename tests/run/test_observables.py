"""Observables that a user asks for: formulas, overlaps and functions, against integrals over W that was kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import systems
from support.systems import HBAR, SMALL

from wignercq import Axis, Grid, Solution, evolve, load
from wignercq.errors import ExpressionError, InputError, ObservableWarning, StateError
from wignercq.observables.marginals import Marginals
from wignercq.observables.physics import physics_of
from wignercq.run.observables import Observers, Wanted, Whole
from wignercq.states import ClassicalGaussian, State, coherent, gaussian, product, squeezed, thermal

SETTINGS: dict[str, Any] = {"grid": SMALL, "duration": 0.2, "outputs": 2, "dt": 0.1, "tolerance": 0.05}
QUANTUM = squeezed(-0.1, 0.4, squeezing=0.3, angle=0.4, mass=0.7, frequency=1.3, hbar=HBAR)
CLASSICAL = ClassicalGaussian([0.3, -0.2], [0.5, 0.7])
HYBRID = gaussian([0.2, 0.1, -0.3, 0.2], [0.5, 0.6, 0.5, 0.4], hbar=HBAR)


def third_cumulant(m: Marginals) -> float:
    """An observable that somebody could write: <(q - <q>)**3>."""
    return float(((m.grid.q.values - m.mean[0]) ** 3 * m.lines[0]).sum() * m.grid.q.spacing)


ASKED: dict[str, Any] = {
    "x4": "x**4",
    "force": "g*x**3 + kappa*x",
    "mixed": "q**2*x*y + x*sin(p) - 0.3*p*y + exp(-(q - x)**2 - y**2)",
    "overlap": QUANTUM,
    "classical": CLASSICAL,
    "hybrid": HYBRID,
    "whole": systems.gaussian_density(SMALL, np.array([0.2, 0.1, -0.3, 0.2]), np.diag([0.5, 0.6, 0.5, 0.4])),
    "skewness": third_cumulant,
    "S": "von_neumann_entropy",
    "holevo_information": "holevo_information",
}
UNITLESS = {"overlap", "skewness", "S", "holevo_information"}  # pure numbers, and what a function returns


@pytest.fixture(scope="module")
def run() -> Solution:
    return evolve(systems.quartic(), systems.packet(), **SETTINGS, observables=ASKED, keep_state=[0.1, 0.13, 0.2])


def test_observables_are_integrals_over_the_state(run: Solution) -> None:
    """Kills: weights of another moment or axis, a missing factor, a Weyl symbol summed over the wrong plane.

    Every W that was kept is summed in full, one step lies between two outputs.
    """
    assert run.observables == tuple(ASKED)
    assert run.state_times.tolist() == [0.1, 0.13, 0.2]
    assert run.time.tolist() == [0.0, 0.1, 0.13, 0.2]
    model = systems.quartic()
    q, p, x, y = SMALL.mesh
    symbols = {
        "x4": x**4,
        "force": 0.15 * x**3 + 1.1 * x,
        "mixed": q**2 * x * y + x * np.sin(p) - 0.3 * p * y + np.exp(-((q - x) ** 2) - y**2),
        "overlap": 2 * np.pi * HBAR * QUANTUM.wigner(SMALL.x, SMALL.y),
        "classical": CLASSICAL.density(SMALL.q, SMALL.p)[:, :, None, None],
        "hybrid": 2 * np.pi * HBAR * HYBRID.wigner(SMALL),
        "whole": 2 * np.pi * HBAR * ASKED["whole"],
    }
    for time in run.state_times:
        W, row = run.state(time), run.dataset.sel(time=time)
        assert W.dims == ("q", "p", "x", "y")
        assert float(W["time"]) == time
        for name, symbol in symbols.items():
            expected = float((W.values * symbol).sum()) * SMALL.cell
            assert float(row[name]) == pytest.approx(expected, rel=1e-12, abs=1e-12), name
        known = physics_of([*W.values], model, SMALL)
        assert float(row["S"]) == pytest.approx(known["von_neumann_entropy"], abs=1e-12)
        assert float(row["holevo_information"]) == pytest.approx(known["holevo_information"], abs=1e-12)
        assert float(row["skewness"]) == pytest.approx(third_cumulant(Marginals.of(W.values, SMALL)), abs=1e-12)
    assert run.W.identical(run.dataset["W"])
    assert np.ptp(run.dataset["x4"].values) > 1e-3


def test_overlaps_and_entropy_of_gaussians_have_closed_forms() -> None:
    """Kills: a factor of 2 pi hbar, a mean with the wrong sign, an entropy in bits or of another symplectic eigenvalue.

    The state is a product of Gaussians; the overlap is a Gaussian of the difference of the means with the
    sum of the covariances, and with a pure state it is the fidelity: 1 with itself.
    """
    grid = Grid(SMALL.q, SMALL.p, Axis(-7.2, 7.0, 44), Axis(-5.8, 5.9, 50))
    mine = coherent(0.5, -0.2, mass=0.7, frequency=1.1, hbar=HBAR)
    other = coherent(-0.3, 0.4, mass=0.7, frequency=1.6, hbar=HBAR)
    warm = thermal(0.9, mass=0.7, frequency=1.1, hbar=HBAR)
    asked = {"self": mine, "other": other, "S": "von_neumann_entropy"}
    wanted = Wanted.read(asked, systems.oscillators())

    def found_of(state: State) -> dict[str, float]:
        W = state.wigner(grid)
        return Observers(wanted, grid).of(0.0, Marginals.of(W, grid), Whole(W))

    found = found_of(product(CLASSICAL, mine))
    off, both = mine.mean - other.mean, mine.covariance + other.covariance
    expected = HBAR * np.exp(-off @ np.linalg.solve(both, off) / 2) / np.sqrt(np.linalg.det(both))
    assert found["other"] == pytest.approx(expected, rel=1e-8)
    assert found["self"] == pytest.approx(1, rel=1e-8)
    assert abs(found["S"]) < 1e-7
    found = found_of(product(CLASSICAL, warm))
    n = np.sqrt(np.linalg.det(warm.covariance)) / HBAR - 0.5
    assert found["S"] == pytest.approx((n + 1) * np.log(n + 1) - n * np.log(n), rel=1e-7)


def test_observables_follow_a_grid_that_grows() -> None:
    """Kills: weights of the grid before, a function on a grid that is not taken to the new one."""
    grid = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
    own = xr.DataArray(
        HYBRID.wigner(SMALL), dict(zip("qpxy", (a.values for a in SMALL), strict=True)), ("q", "p", "x", "y")
    )
    asked = {"x4": "x**4", "mixed": "q*p*x*y + x**2", "hybrid": HYBRID, "array": own, "plane": own.sum(["q", "p"])}
    run = evolve(
        systems.quartic(),
        systems.packet(),
        grid=grid,
        adapt=True,
        times=[0.25, 0.5],
        dt=0.05,
        tolerance=4e-4,
        keep_state=[0, 0.25, 0.5],
        observables=asked,
    )
    grids = [tuple(run.state(t).sizes.values()) for t in run.state_times]
    assert grids[0] == grid.shape
    assert len(set(grids)) > 1
    for time in run.state_times:
        W, row = run.state(time), run.dataset.sel(time=time)
        on = Grid(*(Axis.through(W[name].values) for name in "qpxy"))
        q, p, x, y = on.mesh
        norm = 2 * np.pi * HBAR * on.cell
        assert float(row["x4"]) == pytest.approx(float((W.values * x**4).sum()) * on.cell, rel=1e-12)
        assert float(row["mixed"]) == pytest.approx(float((W.values * (q * p * x * y + x**2)).sum()) * on.cell, 1e-12)
        assert float(row["hybrid"]) == pytest.approx(float((W.values * HYBRID.wigner(on)).sum()) * norm, rel=1e-12)
        assert float(row["array"]) == pytest.approx(float(row["hybrid"]), rel=2e-3)  # what its own grid resolves of it


def test_they_are_in_the_file_and_the_summary(run: Solution, tmp_path) -> None:
    """Kills: variables that a file loses or that make it unreadable, a summary that says nothing of them."""
    run.save(tmp_path / "run.nc")
    back = load(tmp_path / "run.nc")
    assert back.observables == tuple(ASKED)
    assert back.dataset["x4"].attrs == {
        "long_name": "x4, x**4",
        "formula": "x**4",
        "units": "model units",
        "description": "mean of x**4",
    }
    assert {name for name in ASKED if "units" not in back.dataset[name].attrs} == UNITLESS
    assert back.dataset["hybrid"].attrs["long_name"] == "hybrid"
    assert np.array_equal(back.state(0.13).values, run.state(0.13).values)
    line = next(line for line in back.summary().splitlines() if line.startswith("x4 "))
    assert line.split()[1] == f"{run.dataset['x4'].values[-1]:.8g}"
    assert line.endswith("mean of x**4")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"x4": "x**5 +"}, r"observables.x4: expected a number, a name or \( after '\+'"),
        ({"x4": "z**4"}, r"observables.x4: expected a formula in g, k, kappa.*z"),
        ({"mean": "x"}, "observables.mean: expected a name that the result does not use itself"),
        ({"gap": "x"}, "observables.gap: expected a name that the result does not use itself"),
        ({"W_3": "x"}, "observables.W_3: expected a name that the result does not use itself"),
        ({"entropy_flux": "x"}, "observables.entropy_flux: expected a name that the result does not use itself"),
        ({"a b": "x"}, "observables: expected names of letters, digits and _, got 'a b'"),
        ({"lambda": "x"}, "expected names of letters, digits and _, got 'lambda'"),
        (["purities"], "observables: expected names among occupation, .* got 'purities'"),
        ("x**4", "observables: expected a mapping of names to formulas, states or functions, got str"),
        ({"a": np.zeros((3, 3))}, r"observables.a: expected W on the grid, shape \(14, 16, 18, 20\), got an array"),
        ({"a": [1]}, "observables.a: expected a formula, a state, W or a function of marginals, got list"),
        ({"a": lambda m: None}, "observables.a: expected a function that returns a number, got TypeError"),
        ({"a": lambda m: m.nothing}, "observables.a: expected .* number, got AttributeError"),
        ({"a": "1/(x - 0.425)"}, None),
        ({"a": "1/(q + 4.6)"}, "observables.a: expected a formula that is finite on the grid"),
        ({"a": coherent(0, 0, mass=0.7, frequency=1, hbar=1.0)}, "observables.a.hbar: expected the model's hbar = 0.8"),
    ],
)
def test_what_cannot_be_recorded_is_refused(asked: Any, message: str | None) -> None:
    """Kills: names that hide those of the result, formulas or functions that fail after hours."""
    settings = {**SETTINGS, "outputs": 1, "duration": 0.1, "observables": asked}
    if message is None:
        assert np.isfinite(evolve(systems.quartic(), systems.packet(), **settings).dataset["a"]).all()
        return
    with pytest.raises(InputError, match=message):
        evolve(systems.quartic(), systems.packet(), **settings)


def test_a_function_that_fails_on_the_way_stops_nothing() -> None:
    """Kills: a run of hours lost by an observable that fails at one output."""

    calls: list[float] = []

    def early(m: Marginals) -> float:
        calls.append(m.norm)
        return 1 / (len(calls) < 2)

    with pytest.warns(ObservableWarning, match=r"observables.early: at t = 0.1 expected a number, got ZeroDivision"):
        run = evolve(systems.quartic(), systems.packet(), **SETTINGS, observables={"early": early})
    assert len(calls) == 3
    assert run.dataset["early"].values[0] == 1
    assert np.isnan(run.dataset["early"].values[1:]).all()


@pytest.mark.parametrize("state", ["gaussian", 3.0, None])
def test_what_is_no_state_is_refused(state: Any) -> None:
    """Kills: an AttributeError for a state of another kind."""
    with pytest.raises(StateError, match="state: expected a State, W as an array on a full grid, or a result"):
        evolve(systems.quartic(), state, **SETTINGS)


def test_a_formula_of_strangers_is_parsed_not_evaluated() -> None:
    """Kills: a formula that reaches eval."""
    with pytest.raises(ExpressionError):
        evolve(systems.quartic(), systems.packet(), **SETTINGS, observables={"a": "__import__('os').getcwd()"})


@pytest.mark.slow
def test_planes_and_whole_arrays_tell_the_same() -> None:
    """Kills: slabs or a W of the engine of planes that are those of another moment, or none at all."""
    model = systems.model(interaction="0")
    asked = {name: ASKED[name] for name in ("x4", "mixed", "overlap", "hybrid", "S", "holevo_information")}
    settings = {**SETTINGS, "observables": asked, "keep_state": [0.1, 0.13]}
    planes, whole = (evolve(model, systems.packet(), **settings, engine=engine) for engine in ("tiled", "array"))
    assert [run.dataset.attrs["engine"] for run in (planes, whole)] == ["planes", "array"]
    for name in asked:
        assert planes.dataset[name].values == pytest.approx(whole.dataset[name].values, abs=1e-11), name
    for time in (0.1, 0.13):
        assert planes.state(time).values == pytest.approx(whole.state(time).values, abs=1e-13)


@pytest.mark.slow
def test_jax_tells_the_same() -> None:
    """Kills: a W of a device that is kept by reference and spent by the next step, slabs in another order."""
    pytest.importorskip("jax")
    asked = {name: ASKED[name] for name in ("x4", "mixed", "hybrid", "holevo_information")}
    settings = {**SETTINGS, "observables": asked, "keep_state": [0.1, 0.13]}
    jax, tiled = (evolve(systems.quartic(), systems.packet(), **settings, engine=engine) for engine in ("jax", "tiled"))
    for name in asked:
        assert jax.dataset[name].values == pytest.approx(tiled.dataset[name].values, abs=1e-11), name
    for time in (0.1, 0.13):
        assert jax.state(time).values == pytest.approx(tiled.state(time).values, abs=1e-13)
