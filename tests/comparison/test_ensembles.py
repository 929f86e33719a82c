"""Averages over trajectories as theories of a comparison: what they measure, their errors, and how they are resumed."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import comparisons, systems

from wignercq import Axis, Grid, LinearModel, Model, classical
from wignercq.comparison import THEORIES, Breakdown, compare
from wignercq.comparison.breakdown_times import NOISE
from wignercq.comparison.ensembles import noise, planes_on
from wignercq.comparison.measurements import Measurements
from wignercq.errors import CheckpointError, InputError, Interrupted
from wignercq.run.signals import Stop
from wignercq.states import cat, gaussian
from wignercq.unravelling import trajectories
from wignercq.unravelling.block import block

STATE = gaussian(comparisons.MEAN, comparisons.COVARIANCE, hbar=0.8)
GRID = Grid(Axis(-3.6, 4.4, 16), Axis(-4.0, 4.2, 16), Axis(-4.1, 3.5, 18), Axis(-3.9, 4.2, 18))
SETTINGS: dict[str, Any] = {
    "duration": 0.2,
    "outputs": 2,
    "grid": GRID,
    "tolerance": 2e-3,
    "dt": 0.1,
    "threshold": 0.2,
    "frames": 2,
    "trajectories": 500,
    "mean_field": True,
    "semiclassical": True,
    "seed": 3,
}


def compared(**changes: Any) -> Breakdown:
    return compare(systems.oscillators(), STATE, **{**SETTINGS, **changes})


@pytest.fixture(scope="module")
def result() -> Breakdown:
    return compared()


def test_trajectories_stand_beside_the_other_theories(result: Breakdown) -> None:
    """Kills: numbers of another output or theory, errors in the wrong units, zeros for a W that nobody knows."""
    data = result.dataset
    assert result.theories == (*THEORIES[1:], "trajectories", "mean_field", "semiclassical")
    assert (data.attrs["trajectories"], data.attrs["seed"]) == (512, 3)
    its = data.sel(theory="trajectories")
    linear = LinearModel.from_model(systems.oscillators())
    for name, exact in (
        ("mean", linear.mean(result.time, STATE.mean)),
        ("covariance", linear.covariance(result.time, STATE.covariance)),
    ):
        apart = np.abs(its[name].values - exact)[1:] / its[f"{name}_error"].values[1:]
        assert 0.3 < np.sqrt((apart**2).mean()) < 2
        assert apart.max() < 4
    shaken, still = (data["covariance"].sel(theory=name)[-1, 1, 1] for name in ("mean_field", "semiclassical"))
    error = data["covariance_error"].sel(theory="mean_field")[-1, 1, 1]
    assert 0 < float(shaken - still) < 5 * float(error)  # the noise of the bath, in a short time
    width = np.sqrt(linear.covariance(0.2, STATE.covariance)[3, 3])
    found = its["statistical_error"].sel(observable="mean_y")[-1]
    assert found == pytest.approx(float(its["mean_error"][-1, 3]) / width, rel=1e-3)
    apart = (its["error"] - NOISE * its["statistical_error"]).drop_sel(observable=["W", "density_matrix"])
    assert float(apart.max()) < float(its["numerical_error"].max())
    for name in ("distance_W", "negativity", "cumulant3", "relative_entropy"):
        assert its[name].isnull().all(), name
        assert data[name].sel(theory="closure").notnull().all(), name
    assert (data["statistical_error"].sel(theory=list(THEORIES)) == 0).all()
    assert (data["mean_error"].sel(theory="closure") == 0).all()
    assert result.times("trajectories") == dict.fromkeys(result.times("trajectories"))
    assert "512 trajectories; errors of means and covariances up to" in result.summary()


def test_planes_of_trajectories_are_those_of_the_theory(result: Breakdown) -> None:
    """Kills: planes transposed, of another frame or not normalised; bins that lose what lies between two cells."""
    last = result.dataset.isel(frame=-1)
    for name in ("density_qp", "wigner_xy", "density_qx", "density_py"):
        exact, found = (last[name].sel(theory=theory) for theory in ("exact", "trajectories"))
        cell = np.prod([float(found[axis][1] - found[axis][0]) for axis in found.dims])
        assert float(found.sum()) * cell == pytest.approx(1, abs=5e-3), name
        assert float(abs(found - exact).sum()) * cell < (0.35 if name == "density_qp" else 0.2), name
    distance = last["distance_density_matrix"].sel(theory="trajectories")[-1]
    assert 0.3 < distance / last["distance_density_matrix_error"].sel(theory="trajectories")[-1] < 2  # of one draw
    ensemble = trajectories(systems.oscillators(), STATE, 0.1, outputs=1, count=256, dt=0.1, frames="all")
    wide = Grid(*(Axis(-20.0 + k, 21.0, 93 + k) for k in range(4)))
    q_p = planes_on(wide, ensemble, 1)["density_qp"]
    assert q_p.sum() * wide.q.spacing * wide.p.spacing == pytest.approx(1, abs=1e-12)
    mean = float((wide.q.values @ q_p).sum() * wide.q.spacing * wide.p.spacing)
    assert abs(mean - ensemble.mean[1, 0]) < 0.01


def test_the_noise_of_a_density_matrix() -> None:
    """Kills: a bound that is none, or so wide that nothing is ever seen: 400 times 50 states of three levels."""
    random = np.random.default_rng(1)
    states = np.array([[1, 0, 0], [0.6, 0.8, 0], [0.5, -0.5, np.sqrt(0.5)]])
    rho = np.einsum("k,ki,kj->ij", [0.5, 0.3, 0.2], states, states)
    drawn = states[random.choice(3, (400, 50), p=[0.5, 0.3, 0.2])]
    means = np.einsum("tni,tnj->tij", drawn, drawn) / 50
    distance = np.abs(np.linalg.eigvalsh(means - rho)).sum(axis=1).mean()
    assert 0.75 < distance / noise(rho, 50) < 1
    assert noise(np.diag([1.0, 0.0]), 50) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trajectories": -1}, "trajectories: expected a whole number >= 0, got -1"),
        ({"seed": 0.5}, f"seed: expected a whole number from 0 to {2**63 - 1}, got 0.5"),
        (
            {"trajectories": 0, "mean_field": False},
            "semiclassical: expected a number of trajectories, over which it is averaged, got none",
        ),
        ({"trajectories": 0}, "mean_field: expected a number of trajectories, over which it is averaged, got none"),
    ],
)
def test_unusable_numbers_are_refused(changes: dict, message: str) -> None:
    """Kills: a theory left out in silence, nonsense that is found after a long run."""
    with pytest.raises(InputError) as caught:
        compared(**changes)
    assert str(caught.value) == message


def test_a_state_without_trajectories_leaves_the_others() -> None:
    """Kills: a comparison that fails as a whole, a column without a word."""
    W = STATE.wigner(GRID)
    found = compare(
        systems.oscillators(),
        W,
        **{**SETTINGS, "duration": 0.1, "outputs": 1, "mean_field": False, "semiclassical": False},
    )
    assert found.note("trajectories") == "state: expected a State, of which trajectories are drawn, got W as an array"
    assert found.dataset["error"].sel(theory="trajectories").isnull().all()
    assert "trajectories" not in found.dataset.attrs
    assert "statistical_error" not in found.dataset
    assert found.summary().splitlines()[-2].startswith("trajectories   state: expected")


def interrupted_at(monkeypatch: pytest.MonkeyPatch, last: int) -> list[int]:
    """Let a signal come with some block; the numbers of the blocks that are computed."""
    computed: list[int] = []

    def counted(job: Any, number: int) -> Any:
        computed.append(number)
        if len(computed) == last:
            os.kill(os.getpid(), signal.SIGINT)
        return block(job, number)

    monkeypatch.setattr(import_module("wignercq.unravelling.trajectories"), "block", counted)
    return computed


def test_an_interruption_among_trajectories_loses_none(
    result: Breakdown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Kills: trajectories computed twice, other bits after --resume, a checkpoint asked for where there is none yet."""
    files: dict[str, Any] = {"checkpoint": tmp_path / "some.nc.checkpoint", "threads": 1}
    interrupted_at(monkeypatch, 1)
    with pytest.raises(Interrupted, match=r"interrupted at \d+ of 500 trajectories of trajectories, kept in") as stop:
        compared(**files)
    assert stop.value.solution is None
    assert [path.name for path in tmp_path.iterdir()] == ["some.nc.checkpoint.trajectories.nc"]
    computed = interrupted_at(monkeypatch, 99)
    resumed = compared(**files, resume=True)
    assert len(computed) < 6
    for name in ("mean", "covariance_error", "error", "statistical_error", "breakdown_time", "density_qp"):
        xr.testing.assert_identical(resumed.dataset[name], result.dataset[name])


@pytest.mark.slow
def test_an_interruption_at_an_output_keeps_the_trajectories(
    result: Breakdown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Kills: rows of trajectories lost or doubled by a checkpoint, one that is resumed with another number of them."""
    files: dict[str, Any] = {"checkpoint": tmp_path / "some.checkpoint", "checkpoint_every": 1e-9}
    measured, calls = Measurements.of_ensemble, iter(range(99))

    def stopped(self: Measurements, *arguments: Any) -> Any:
        if next(calls) == 3:  # the last theory at the second output
            raise Stop(2)
        return measured(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Measurements, "of_ensemble", stopped)
        with pytest.raises(Interrupted) as stop:
            compared(**files)
    assert stop.value.solution.dataset["mean_error"].sizes["time"] == 1
    with pytest.raises(CheckpointError, match="trajectories: expected 500 as in the checkpoint, got 600"):
        compared(**files, resume=True, trajectories=600)
    computed = interrupted_at(monkeypatch, 99)
    resumed = compared(**files, resume=True)
    assert not computed
    xr.testing.assert_identical(resumed.dataset["error"], result.dataset["error"])
    xr.testing.assert_identical(resumed.dataset["wigner_xy"], result.dataset["wigner_xy"])


@pytest.mark.slow
def test_mean_field_is_wrong_where_trajectories_are_right() -> None:
    """Kills: the same dynamics under both names, a breakdown called on noise, one of mean-field theory not seen.

    A superposition of two places pulls the classical particle by -0.5 q x: it goes one way or the other, and its record
    tells which. The mean force is zero, so mean-field theory knows nothing of that.
    """
    model = Model(
        "0.05*q**2", "0.05*x**2", "-0.5*q*x", classical_mass=1.2, quantum_mass=1.5, friction=0.2, diffusion=0.15
    )
    state = classical(q=0.0, p=0.0, variances=(0.3, 0.4)) * cat((1.5, 0.0), mass=1.5, frequency=0.7, hbar=1.0)
    grid = Grid(Axis(-4.4, 4.4, 32), Axis(-4.6, 4.6, 32), Axis(-6.5, 6.5, 40), Axis(-6.5, 6.5, 40))
    result = compare(
        model, state, 1.0, outputs=5, grid=grid, tolerance=1e-3, threshold=0.1, trajectories=4096, mean_field=True
    )
    data = result.dataset
    its = data.sel(theory="trajectories", time=slice(0.1, None))
    apart = its["error"] / its["statistical_error"]
    assert float(apart.drop_sel(observable="W").max()) < 4
    assert not result.broken("trajectories")
    times = result.times("mean_field")
    assert times["cov_px"] < 0.2 < times["cov_qx"] < 0.5
    assert times["mean_q"] is None
    exact = LinearModel.from_model(model).covariance(1.0, state.covariance)
    assert data["covariance"].sel(theory="exact").values[-1] == pytest.approx(exact, abs=3e-3)
    broken = abs(data["covariance"].sel(theory="mean_field")[-1] - exact)[0, 2]
    assert broken > 20 * data["covariance_error"].sel(theory="mean_field")[-1, 0, 2]
