"""Sweeps of steady states: what is gathered, what is kept, and that nothing finished is computed again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import results
from support.configurations import configuration

import wignercq
from wignercq.config import Config
from wignercq.config.identity import steady_identity
from wignercq.errors import InputError
from wignercq.gaussian import LinearModel
from wignercq.steady import SteadyState
from wignercq.sweep import SteadySweep, carrier, kinds, sweep_steady_states, worker
from wignercq.sweep.steady_gathering import gather_steady

MODEL = configuration(initial={}, grid={}, run={}, compare={}, steady={"tolerance": 1e-3})
SWEPT = f"{MODEL}[sweep]\ng = [0.1, 0.3]\nlam = [0.4, 0.5, 0.7]\n"


@pytest.fixture(scope="module")
def swept() -> SteadySweep:
    """A sweep whose second point failed."""
    return results.steady_sweep()


def test_numbers_lie_under_their_point(swept: SteadySweep) -> None:
    """Kills: numbers under another point, W or planes gathered, a failed point that looks like one with zeros."""
    data = swept.dataset
    assert swept.axes == ("g", "lam")
    assert swept.failures == {"g = 0.1, lam = 0.5": "killed <by> the test"}
    point, expected = data.sel(g=0.3, lam=0.5), results.steady(4)
    for name in ("mean", "covariance", "purity", "edge_mass", "energy"):
        np.testing.assert_array_equal(point[name], expected.dataset[name].isel(time=0))
    for name in ("decay_rate", "mode_frequency", "drift_covariance"):
        np.testing.assert_array_equal(point[name], expected.dataset[name])
    assert (float(point["gap"]), float(point["residual"])) == (expected.gap, expected.residual)
    assert np.isnan(data.sel(g=0.1, lam=0.5)["covariance"]).all()
    assert data["covariance"].dims == ("g", "lam", "z", "z2")
    assert data["z"].values.tolist() == ["q", "p", "x", "y"]
    assert not {"q", "p", "x", "y", "frame", "time"} & set(data.dims)


def test_whatever_steady_states_measure_is_gathered() -> None:
    """Kills: a new number left out, a mode too few that ends a sweep, a swept number that its namesake hides."""
    settings = Config.from_text(SWEPT, runs=False)
    found = {(0.1, 0.4): results.steady(1), (0.3, 0.7): results.steady(2)}
    for k, each in enumerate(found.values(), start=3):
        each.dataset.attrs["warnings"] = f"warning {k}"
        each.dataset["heat"] = (("time",), [1.5 * k], {"long_name": "heat per unit time"})
        each.dataset["count"] = k
        each.dataset["lam"] = 99.0
    found[0.3, 0.7] = SteadyState(found[0.3, 0.7].dataset.isel(mode=slice(4)))
    data = gather_steady(settings, found, {}).dataset
    assert data["heat"].dims == ("g", "lam")
    assert data["heat"].attrs == {"long_name": "heat per unit time", "units": "model units"}
    assert [float(data[name].sel(g=0.3, lam=0.7)) for name in ("heat", "count")] == [6.0, 4.0]
    np.testing.assert_array_equal(data["lam"], [0.4, 0.5, 0.7])
    np.testing.assert_array_equal(np.isfinite(data["decay_rate"].sel(g=0.3, lam=0.7)), [True] * 4 + [False] * 2)
    assert data["warnings"].values.tolist() == [["warning 3", "", ""], ["", "", "warning 4"]]


def test_the_summary_says_what_was_found_and_what_was_not(swept: SteadySweep) -> None:
    """Kills: bounds of another variable, failures counted among what was found, nothing but failures as a traceback."""
    gaps = [results.steady(k).gap for k in (0, 2, 3, 4, 5)]
    lines = swept.summary().splitlines()
    assert (
        lines[0] == "2 values of g from 0.1 to 0.3 x 3 values of lam from 0.4 to 0.7; steady states, tolerance 0.0001"
    )
    assert lines[1].startswith("found          5 of 6 points, distances up to ")
    assert f"gap            {min(gaps):.4g} to {max(gaps):.4g}" in lines
    assert lines[-1] == "failed at g = 0.1, lam = 0.5: killed <by> the test"
    settings = Config.from_text(SWEPT, runs=False)
    assert settings.sweep is not None
    nothing = gather_steady(settings, {}, {tuple(point.values()): "no" for point in settings.sweep.points})
    assert nothing.summary().splitlines()[1] == "found          0 of 6 points"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda data: data.drop_vars("gap"), "expected numbers gap over"),
        (lambda data: data.assign(purity=("g", [1.0, 2.0])), "expected variables over"),
        (lambda data: data.assign(failure=data["failure"].astype(object) + "\x1b[2J"), "expected printable texts"),
        (lambda data: data.assign_coords(lam=[3.0, 2.0, 1.0]), "whole number as attribute log of lam"),
        (lambda data: data.assign_attrs(tolerance="small"), "expected a number as attribute tolerance"),
        (lambda data: data.assign_attrs(kind="steady state"), "expected a sweep of steady states, got another result"),
    ],
)
def test_sweeps_of_strangers_are_checked(
    swept: SteadySweep, spoil: Callable[[xr.Dataset], xr.Dataset], line: str
) -> None:
    """Kills: a file that breaks what reads it, or the terminal that shows it."""
    with pytest.raises(InputError, match=line):
        SteadySweep.checked(spoil(swept.dataset.copy(deep=True)), "swept.nc")


def test_points_are_computed_once_and_failures_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: finished points computed again, a failure taken for finished, points of comparisons taken for steady."""
    computed: list[tuple[float, float]] = []

    def execute(config: Config, *, threads: int) -> SteadyState:
        point = config.model.parameters["g"], config.model.parameters["lam"]
        computed.append(point)
        if point == (0.1, 0.7):
            raise InputError("model", "a steady state", "none")
        return results.steady(round(10 * point[0]))

    monkeypatch.setattr(kinds, "execute_steady", execute)
    monkeypatch.setattr(carrier, "do_here", worker.outcome)
    config = Config.from_text(f"{MODEL}[sweep]\ng = [0.1, 0.3]\nlam = [0.7]\n", runs=False)
    for _ in range(2):
        with ThreadPoolExecutor(1) as here:
            swept = sweep_steady_states(config, tmp_path / "points", executor=here)
        assert swept.failures == {"g = 0.1, lam = 0.7": "InputError: model: expected a steady state, got none"}
        assert float(swept.dataset["gap"].sel(g=0.3, lam=0.7)) == results.steady(3).gap
    assert sorted(computed) == [(0.1, 0.7), (0.1, 0.7), (0.3, 0.7)]
    (path,) = (tmp_path / "points").glob("*.nc")
    assert path.stem == steady_identity(config.at({"g": 0.3, "lam": 0.7}))
    kept = wignercq.load(path)
    assert isinstance(kept, SteadyState)
    assert ("W" in kept.dataset, kept.dataset.sizes["frame"]) == (False, 1)


def finished(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "out.nc.points").glob("*.nc"))}


@pytest.mark.slow
def test_a_sweep_interrupted_goes_on_to_what_the_gaussian_theory_says(tmp_path: Path) -> None:
    """Kills: points lost or found twice, and states of one point under another."""
    tables: dict[str, Any] = {
        "model": {"hbar": 0.8},
        "classical": {"mass": 0.8, "potential": "k_C*q**2/2", "friction": 1.0, "diffusion": 1.2},
        "quantum": {"mass": 0.9, "potential": "k_Q*x**2/2"},
        "parameters": {"k_C": 0.9, "k_Q": 0.7, "lam": 1.1},
        **{name: {} for name in ("initial", "grid", "run", "compare")},
        "steady": {"tolerance": 1e-2},
        "sweep": {"lam": [0.9, 1.1], "friction": [1.0]},
    }
    (tmp_path / "swept.toml").write_text(configuration(**tables))
    command = [sys.executable, "-m", "wignercq.cli", "steady", "swept.toml", "-o", "out.nc", "--processes", "1"]
    sweep = subprocess.Popen(command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while sweep.poll() is None and not finished(tmp_path):
        time.sleep(0.05)
    sweep.send_signal(signal.SIGINT)
    _, complaint = sweep.communicate(timeout=60)
    kept = finished(tmp_path)
    assert (sweep.returncode, len(kept)) == (130, 1)
    assert "1 of 2 points are finished in out.nc.points; the same command goes on with the rest" in complaint
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=True)
    assert "found          2 of 2 points" in done.stdout
    assert {name: finished(tmp_path)[name] for name in kept} == kept
    swept = wignercq.load(tmp_path / "out.nc")
    config = Config.from_text(configuration(**tables), runs=False)
    for lam in (0.9, 1.1):
        theory = LinearModel.from_model(config.at({"lam": lam, "friction": 1.0}).model).steady_covariance()
        found = swept.dataset["covariance"].sel(lam=lam, friction=1.0).transpose("z", "z2")
        np.testing.assert_allclose(found, theory, atol=5e-2)
