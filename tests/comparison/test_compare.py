"""A comparison end to end: quadratic models do not break down, and what cannot be computed is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import comparisons, systems

from wignercq import Axis, Grid, LinearModel, Model, evolve
from wignercq.comparison import OBSERVABLES, THEORIES, Breakdown, compare
from wignercq.comparison.measurements import Measurements
from wignercq.errors import InputError, Interrupted
from wignercq.gaussian import occupation
from wignercq.run.signals import Stop
from wignercq.states import gaussian

STATE = gaussian(comparisons.MEAN, comparisons.COVARIANCE, hbar=0.8)
GRID = Grid(Axis(-3.8, 4.4, 22), Axis(-4.2, 4.1, 24), Axis(-4.3, 3.7, 26), Axis(-4.1, 4.2, 28))
SETTINGS: dict = {"duration": 0.6, "outputs": 2, "grid": GRID, "tolerance": 1e-3, "frames": 2}


@pytest.fixture(scope="module")
def quadratic() -> Breakdown:
    return compare(systems.oscillators(), STATE, threshold=0.1, dt=0.35, **SETTINGS)


def test_all_theories_of_a_quadratic_model_agree(quadratic: Breakdown) -> None:
    """Kills: any breakdown reported where there is none, and a numerical error estimated too small."""
    data = quadratic.dataset
    assert not quadratic.is_broken
    assert quadratic.summary().splitlines()[-1] == "no breakdown"
    assert quadratic.note("fokker_planck") == quadratic.note("first_order") == "the same equation as exact"
    errors = data["error"].max("observable")
    assert (errors <= data["numerical_error"]).all()
    assert 5e-5 < errors.max() < 3e-4  # of a step so long that the time error is seen
    assert data["numerical_error"].max() < 1e-3
    theory = LinearModel.from_model(systems.oscillators())
    for name in THEORIES:
        mean, covariance = (data[v].sel(theory=name).values for v in ("mean", "covariance"))
        assert np.abs(mean - theory.mean(quadratic.time, comparisons.MEAN)).max() < 2e-4
        assert np.abs(covariance - theory.covariance(quadratic.time, comparisons.COVARIANCE)).max() < 2e-4


@pytest.mark.slow
def test_the_exact_theory_is_what_evolve_computes(quadratic: Breakdown) -> None:
    """Kills: another equation, step or observable under the name of the exact one."""
    solution = evolve(systems.oscillators(), STATE, dt=0.3, **SETTINGS)
    exact = quadratic.dataset.sel(theory="exact")
    for name in ("mean", "covariance", "energy", "energy_quantum", "purity", "negativity", "occupation", "wigner_xy"):
        assert np.abs(exact[name].values - solution.dataset[name].values).max() < 1e-10, name
    assert quadratic.dataset.attrs["time_step"] == pytest.approx(0.3)  # asked for 0.35
    assert quadratic.dataset.attrs["time_error_estimate"] == pytest.approx(solution.time_error, rel=0.5)


def test_gaussian_theories_report_what_the_grid_does(quadratic: Breakdown) -> None:
    """Kills: energies, purity, occupation or planes of the Gaussian theories by a wrong formula."""
    data = quadratic.dataset
    n = occupation(systems.oscillators(), data["covariance"].values, mean=data["mean"].values)
    assert np.abs(data["occupation"].values - n).max() < 1e-4
    names = ("energy_classical", "energy_quantum", "energy_interaction", "purity", "occupation", "density_qp")
    for name in (*names, "wigner_xy", "density_qx", "density_py"):
        for theory in ("closure", "linearised"):
            difference = np.abs(data[name].sel(theory=theory) - data[name].sel(theory="exact")).max()
            assert difference < 1e-4 * np.abs(data[name].sel(theory="exact")).max(), (name, theory)


def test_a_result_survives_the_disk(quadratic: Breakdown, tmp_path: Path) -> None:
    """Kills: names or notes that NetCDF cannot hold, and other files taken for a comparison."""
    quadratic.save(tmp_path / "result.nc")
    loaded = Breakdown.load(tmp_path / "result.nc")
    assert loaded.summary() == quadratic.summary()
    assert loaded.theories == THEORIES[1:]
    assert loaded.threshold == 0.1
    assert all(values.attrs["long_name"] for values in loaded.dataset.variables.values())
    for name in ("distance_W", "error", "numerical_error", "purity"):
        assert "units" not in loaded[name].attrs
    assert {loaded[name].attrs["units"] for name in ("breakdown_time", "mean", "x")} == {"model units"}
    np.testing.assert_array_equal(loaded.dataset["error"], quadratic.dataset["error"])
    quadratic.dataset.drop_vars("breakdown_time").to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="expected the result of a comparison, got another result"):
        Breakdown.load(tmp_path / "other.nc")


def test_theories_that_cannot_be_computed_are_left_out_with_a_reason() -> None:
    """Kills: a comparison that fails as a whole, or zeros where there is no result; V_I = q sin(x) at first order."""
    model = Model("q**2/2", "x**2/2", "0.6*q*sin(x)", hbar=0.8, diffusion=0.5, friction=0.3, quantum_mass=0.7)
    grid = Grid(Axis(-3.6, 4.2, 18), Axis(-3.9, 4.0, 20), Axis(-4.1, 3.3, 22), Axis(-3.8, 4.2, 24))
    result = compare(model, STATE, duration=0.4, outputs=2, grid=grid, tolerance=5e-3, dt=0.2, threshold=0.5)
    assert "hbar_order: expected an order at which the truncated decoherence damps" in result.note("first_order")
    assert result.dataset["error"].sel(theory="first_order").isnull().all()
    assert all(time is None for time in result.times("first_order").values())
    assert set(result.times("closure")) == set(OBSERVABLES)
    others = result.dataset["error"].sel(theory=["fokker_planck", "closure", "linearised"])
    assert (others.sel(observable=["W", "density_matrix"]).isel(time=-1) > 0.01).all()
    assert result.dataset["frame"].size == result.time.size == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tolerance": 1e-3},
            "tolerance: expected a positive number, at most 0.0001 for a threshold of 0.01, got 0.001",
        ),
        ({"threshold": 1.5}, "threshold: expected a number between 0 and 1, got 1.5"),
        ({"outputs": 0}, "outputs: expected a whole number from 1 to 1000000, got 0"),
        ({"duration": -1.0}, "duration: expected a positive number, from 1e-100 to 1e+100, got -1.0"),
        ({"frames": 9}, "frames: expected 'all' or a whole number from 0 to 5, got 9"),
    ],
)
def test_unusable_settings_are_refused(changes: dict, message: str) -> None:
    """Kills: a tolerance so loose that time errors look like a breakdown, and other nonsense accepted."""
    settings = {"duration": 0.8, "outputs": 4, "grid": GRID, **changes}
    with pytest.raises(InputError) as caught:
        compare(systems.oscillators(), STATE, **settings)
    assert str(caught.value) == message


def test_a_signal_while_an_output_is_measured_leaves_the_outputs_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: a second Ctrl-C that ends in a KeyError, or in an output half of whose theories are missing."""
    measured, calls = Measurements.of_gaussian, iter(range(4))

    def interrupted(self: Measurements, *arguments: Any) -> Any:
        if next(calls) == 3:  # the last theory at the second output
            raise Stop(2)
        return measured(self, *arguments)

    monkeypatch.setattr(Measurements, "of_gaussian", interrupted)
    with pytest.raises(Interrupted) as stop:
        compare(systems.quartic(), STATE, threshold=0.1, dt=0.3, **SETTINGS)
    dataset = stop.value.solution.dataset
    assert dataset["time"].values.tolist() == [0.0]
    assert dataset["frame"].values.tolist() == [0.0]
    assert dataset["mean"].notnull().all()


@pytest.mark.parametrize("dt", [0.0, -0.3, float("nan"), float("inf"), 1e-320])
def test_steps_that_are_none_are_refused(dt: float) -> None:
    """Kills: a division by the step before anybody has looked at it."""
    with pytest.raises(InputError, match=rf"dt: expected a positive number, .* got {dt!r}"):
        compare(systems.oscillators(), STATE, **{**SETTINGS, "tolerance": 1e-4}, dt=dt)


def test_a_counterpart_gets_its_grid_at_any_tolerance() -> None:
    """Kills: a level of refinement above the one at which a theory is given up."""
    model = Model("0.4*q**2", "0.5*x**2 + 0.5*x**4/4", "-0.3*q*x", hbar=0.8, friction=0.3, diffusion=0.3)
    state = gaussian([0.2, 0, -1, 0.3], [0.4, 0.4, 0.42, 0.42], hbar=0.8)
    grid = Grid(Axis(-3.4, 3.8, 16), Axis(-3.6, 3.6, 16), Axis(-4.2, 4.2, 30), Axis(-5.6, 5.6, 36))
    result = compare(model, state, duration=2.5, outputs=2, grid=grid, tolerance=4e-3, threshold=0.4, frames=0)
    assert result.note("fokker_planck") == ""
    assert "fokker_planck: t = " in result.dataset.attrs["grid_changes"]
    assert result.dataset["error"].sel(theory="fokker_planck", observable="W").notnull().all()
