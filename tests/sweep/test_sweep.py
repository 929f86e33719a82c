"""Sweeps: which numbers vary, and that a sweep survives whatever happens to it or to its processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest
from support import results
from support.configurations import box, configuration

from wignercq.comparison import Breakdown
from wignercq.config import Config
from wignercq.config.execute import execute_comparison
from wignercq.config.identity import point_identity
from wignercq.errors import ConfigError, InputError, ResolutionWarning
from wignercq.sweep import SweepResult, run_sweep
from wignercq.sweep import process_pool as workers
from wignercq.sweep.carrier import own_outcomes

# A small process that does what its jobs say, in place of one that solves equations.
OBEDIENT = """
import json, os, sys, time
for line in sys.stdin:
    job = json.loads(line)
    if job["do"] == "die once" and os.path.exists(job["file"]):
        os.remove(job["file"]); os.kill(os.getpid(), 9)
    if job["do"] == "die": os.kill(os.getpid(), 9)
    if job["do"] == "exit": sys.exit(7)
    if job["do"] == "sleep": open(job["file"], "w").write(str(os.getpid())); time.sleep(60)
    print(json.dumps("no" if job["do"] == "fail" else None), flush=True)
"""
# Two seconds a point, on a grid that is just fine enough not to lose it.
TINY = configuration(
    grid=box(20, 22, 26, 28),
    run={"duration": 0.6, "outputs": 5, "tolerance": 9e-4},
    compare={"threshold": 0.09, "observables": ["cov_xx", "W", "mean_p"]},
)
POINTS = "g = [0.1, 0.3]\nhbar = [0.4, 0.7]"


def with_sweep(table: str, text: str = results.CONFIG) -> Config:
    return Config.from_text(f"{text}\n[sweep]\n{table}\n")


@pytest.mark.parametrize(
    ("table", "key", "values"),
    [
        ("g = [0.3, 0.1]", "model.parameters.g", (0.1, 0.3)),
        ("model.parameters.g = [0.1]", "model.parameters.g", (0.1,)),
        ('"model.classical.mass" = [1.5, 2]', "model.classical.mass", (1.5, 2)),
        ("quantum_mass = { from = 2, to = 0.5, points = 3, scale = 'log' }", "model.quantum.mass", (0.5, 1.0, 2.0)),
        ("temperature = { from = 1.0, to = 2.0, points = 3 }", "model.classical.diffusion", (1.0, 1.5, 2.0)),
        ("initial.frequency = [1.1, 1.3]", "initial.frequency", (1.1, 1.3)),
    ],
)
def test_numbers_are_named_by_parameter_short_name_or_key(table: str, key: str, values: tuple[float, ...]) -> None:
    """Kills: a name that reaches another number, values out of order, linear spacing in place of logarithmic."""
    config = with_sweep(table)
    assert config.sweep is not None
    (axis,) = config.sweep.axes
    assert axis.key == key
    assert axis.values == pytest.approx(values, rel=1e-11)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("", "sweep: expected one or two numbers to vary, got 0"),
        ("g = [1]\nlam = [1]\nhbar = [1]", "sweep: expected one or two numbers to vary, got 3"),
        (
            "gg = [1]",
            "sweep.gg: expected one of classical_mass, .*, or a dotted key .*; did you mean 'g'?",
        ),
        ("model.classical.potential = [1]", "sweep.model.classical.potential: expected one of"),
        ("theory = [1]", "sweep.theory: expected a name that the result does not use itself, got theory"),
        ("g = []", r"sweep.g: expected a list of numbers or { from = ..., to = ..., points = ... }, got \[\]"),
        ("g = [0.1, true]", r"sweep.g: expected a list of numbers .*, got \[0.1, true\]"),
        ("g = [0.1, 0.1]", "sweep.g: expected values that differ, got one twice"),
        (
            "g = { from = 0, to = 1, points = 3, scale = 'log' }",
            "sweep.g: expected positive numbers on a log scale, got 0",
        ),
        ("g = { from = 0, to = 1 }", "sweep.g.points: expected this key, got nothing"),
        (
            "g = { from = 0, to = 1, points = 3, step = 1 }",
            "sweep.g.step: expected one of from, to, points, scale, got an",
        ),
        ("hbar = [1]\nmodel.hbar = [2]", "sweep.model.hbar: expected another number than hbar, got the same"),
        (
            "diffusion = [1]\ntemperature = [2]",
            "sweep.temperature: expected another number than diffusion, got the same",
        ),
        (
            "g = { from = 0, to = 1, points = 5000 }\nlam = [0.1, 0.2, 0.3]",
            "sweep: expected at most 10000 points, got more",
        ),
    ],
)
def test_sweeps_that_cannot_be_used(table: str, line: str) -> None:
    """Kills: a traceback, or a message that does not name the key."""
    with pytest.raises(ConfigError, match=f"^{line}"):
        with_sweep(table)


def test_a_temperature_needs_friction() -> None:
    """Kills: D2 = 0 for every temperature, which is no bath at all."""
    with pytest.raises(ConfigError, match=r"sweep\.temperature: expected friction > 0, .*, got 0"):
        with_sweep("temperature = [1.0]", results.CONFIG.replace("friction = 0.35", ""))


def test_points_are_configurations_with_the_values_put_in() -> None:
    """Kills: values exchanged, a temperature that ignores a friction varied beside it, a table lost on the way."""
    config = with_sweep("temperature = [0.5, 2.0]\nfriction = [0.2, 0.9]")
    assert config.sweep is not None
    points = list(config.sweep.points)
    assert [tuple(point.values()) for point in points] == [(0.5, 0.2), (0.5, 0.9), (2.0, 0.2), (2.0, 0.9)]
    for point in points:
        model = config.at(point).model
        assert (model.friction, model.bath_temperature) == (point["friction"], pytest.approx(point["temperature"]))
        assert 4 * model.D0 * model.diffusion == pytest.approx(1.0)
        assert model.parameters == config.model.parameters
    assert config.at(points[0]).sweep is None
    impossible = with_sweep("hbar = [-0.5]\ng = [0.1]")
    with pytest.raises(ConfigError, match=r"sweep at hbar = -0\.5, g = 0\.1: model\.hbar: expected a positive number"):
        impossible.at({"hbar": -0.5, "g": 0.1})


def test_identities_are_those_of_the_numbers() -> None:
    """Kills: results of other settings taken for finished, or finished points computed again for another figure."""
    base = results.CONFIG
    same = base.replace("hbar = 0.7", "hbar = 7e-1").replace("[run]", "[run]\nframes = 3").replace('"cov_xx", ', "")
    assert point_identity(results.config(base)) == point_identity(results.config(same))
    others = [("0.35", "0.36"), ("g = 0.2", "g = 0.21"), ("points = 18", "points = 20"), ("= 0.0001", "= 9e-5")]
    others += [("x**4/4", "x**4/8"), ("outputs = 5", "outputs = 6"), ("-0.3, -0.2", "-0.3, -0.1")]
    names = {point_identity(results.config(base.replace(*change))) for change in [("a", "a"), *others]}
    assert len(names) == 1 + len(others)


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that do what their jobs say."""
    monkeypatch.setattr(workers, "COMMAND", (sys.executable, "-IS", "-c", OBEDIENT))


@pytest.mark.usefixtures("obedient")
def test_dead_workers_cost_their_own_job_at_most(tmp_path: Path) -> None:
    """Kills: a killed process that takes the others' jobs with it, a job lost in silence, or tried for ever."""
    (tmp_path / "alive").touch()
    jobs = [("good", {"do": ""}), ("bad", {"do": "fail"}), ("killed", {"do": "die"}), ("left", {"do": "exit"})]
    jobs += [("saved", {"do": "die once", "file": str(tmp_path / "alive")}), *((k, {"do": ""}) for k in range(9))]
    outcomes = dict(own_outcomes(2, jobs))
    assert outcomes.pop("bad") == "no"
    assert outcomes.pop("killed") == "a worker process was killed by signal 9, 2 times"
    assert outcomes.pop("left") == "a worker process was ended with code 7, 2 times"
    assert outcomes == dict.fromkeys(["good", "saved", *range(9)])
    assert not (tmp_path / "alive").exists()


@pytest.mark.usefixtures("obedient")
def test_leaving_a_sweep_ends_its_workers(tmp_path: Path) -> None:
    """Kills: processes that compute on after Ctrl-C, and a sweep that waits for them."""
    jobs = [("quick", {"do": ""}), ("slow", {"do": "sleep", "file": str(tmp_path / "pid")}), ("late", {"do": ""})]
    started = time.monotonic()
    with closing(own_outcomes(2, jobs)) as outcomes:
        assert next(outcomes)[0] in ("quick", "late")
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
    assert time.monotonic() - started < 30
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.usefixtures("obedient")
def test_a_sweep_that_is_asked_to_stop_does_not_wait_for_its_workers(tmp_path: Path) -> None:
    """Kills: a request that is looked at only when a point ends, which may be in an hour."""
    jobs = [(k, {"do": "sleep", "file": str(tmp_path / f"pid {k}")}) for k in range(2)]
    started = time.monotonic()
    ended = list(own_outcomes(2, jobs, lambda: time.monotonic() - started > 0.5))
    assert (ended, time.monotonic() - started < 30) == ([], True)


def test_the_result_says_what_failed_and_survives_the_disk(tmp_path: Path) -> None:
    """Kills: times of one point under the values of another, and failures that a file forgets."""
    result = results.sweep()
    assert result.axes == ("g", "temperature")
    assert result.failures == {"g = 0.1, temperature = 1": "killed <by> the test"}
    lines = result.summary().splitlines()
    assert (
        lines[0]
        == "2 values of g from 0.1 to 0.3 x 3 values of temperature from 0.5 to 2; t = 0 to 0.6, threshold 0.01"
    )
    assert lines[1].startswith("fokker_planck  breaks down at 4 of 5 points, first at t = ~0.105")
    assert lines[2] == "first_order    the same equation as exact"
    assert lines[-1] == "failed at g = 0.1, temperature = 1: killed <by> the test"
    point = result.dataset.sel(g=0.3, temperature=2.0)
    expected = results.breakdown(seed=5).dataset
    np.testing.assert_array_equal(point["breakdown_time"], expected["breakdown_time"])
    np.testing.assert_array_equal(point["final_error"], expected["error"][-1])
    result.save(tmp_path / "sweep.nc")
    loaded = SweepResult.load(tmp_path / "sweep.nc")
    assert loaded.summary() == result.summary()
    results.breakdown().save(tmp_path / "other.nc")
    with pytest.raises(InputError, match="expected the result of a sweep, got another result"):
        SweepResult.load(tmp_path / "other.nc")


def finished(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "points").glob("*.nc"))}


def begun(folder: Path, points: int) -> subprocess.Popen[str]:
    """A sweep at the command line, once it has finished some points."""
    command = [sys.executable, "-m", "wignercq.cli", "compare", str(folder / "tiny.toml"), "-o", str(folder)]
    process = subprocess.Popen(
        [*command, "--processes", "2"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while process.poll() is None and len(finished(folder)) < points:
        time.sleep(0.05)
    return process


def killed_a_worker(sweep: subprocess.Popen[str]) -> bool:
    """Whether a worker was there to be killed: between two points there may be none."""
    try:
        psutil.Process(sweep.pid).children()[0].kill()
    except (IndexError, psutil.NoSuchProcess):
        return False
    return True


@pytest.mark.slow
def test_a_sweep_survives_interruption_and_the_death_of_a_worker(tmp_path: Path) -> None:
    """Kills: points lost or computed twice, a worker's death that ends the sweep, numbers other than one run gives."""
    (tmp_path / "tiny.toml").write_text(f"{TINY}\n[sweep]\n{POINTS}\n")
    sweep = begun(tmp_path, 1)
    sweep.send_signal(signal.SIGINT)
    _, complaint = sweep.communicate(timeout=60)
    kept = finished(tmp_path)
    assert sweep.returncode == 130
    assert (
        f"{len(kept)} of 4 points are finished in {tmp_path}/points; the same command goes on with the rest"
        in complaint
    )
    assert 1 <= len(kept) < 4

    sweep = begun(tmp_path, len(kept))
    while not killed_a_worker(sweep):
        assert sweep.poll() is None
    summary, complaint = sweep.communicate(timeout=120)
    assert (sweep.returncode, complaint.count("Traceback")) == (0, 0)
    whole = finished(tmp_path)
    assert len(whole) == 4
    assert {name: whole[name] for name in kept} == kept

    result = SweepResult.load(tmp_path / "sweep.nc")
    assert "linearised     breaks down at 1 of 4 points" in summary
    with pytest.warns(ResolutionWarning, match="raise grid.q.points"):
        alone = execute_comparison(results.config(TINY.replace("g = 0.2", "g = 0.3")), frames=0, threads=1).dataset
    point = result.dataset.sel(g=0.3, hbar=0.7)
    np.testing.assert_allclose(point["breakdown_time"], alone["breakdown_time"], rtol=1e-9)
    np.testing.assert_allclose(point["final_error"], alone["error"][-1], rtol=1e-6, atol=1e-12)
    assert "raise grid.q.points" in point["warnings"].item()


@pytest.mark.slow
def test_a_failing_point_is_reported_and_a_damaged_one_computed_again(tmp_path: Path) -> None:
    """Kills: one bad point that ends a sweep, a failure taken for finished, and trust in a half-written file."""
    config = Config.from_text(f"{TINY}\n[sweep]\nfriction = [0.35]\ndiffusion = [0.6, 90.0]\n")
    folder = tmp_path / "points"
    result = run_sweep(config, folder, processes=2)
    (point,) = result.failures
    assert point == "friction = 0.35, diffusion = 90"
    assert result.failures[point].startswith("ResolutionError: ")
    (path,) = folder.glob("*.nc")
    before = Breakdown.load(path).dataset["error"].values
    path.write_bytes(path.read_bytes()[:5000])
    again = run_sweep(config, folder, processes=1)
    assert set(again.failures) == {point}
    np.testing.assert_array_equal(Breakdown.load(path).dataset["error"].values, before)


def test_what_is_no_sweep_is_refused_in_one_line(tmp_path: Path) -> None:
    """Kills: an AssertionError for a configuration without a sweep, or an AttributeError for a path to one."""
    plain = Config.from_text(TINY)
    for config, processes, line in (
        (plain, 1, "sweep: expected this table, got nothing"),
        ("sweep.toml", 1, "config: expected a Config, got 'sweep.toml'"),
        (with_sweep("g = [0.1]"), 0, "processes: expected a whole number >= 1, got 0"),
    ):
        with pytest.raises(InputError) as refusal:
            run_sweep(config, tmp_path, processes=processes)
        assert str(refusal.value) == line


def test_parameters_called_as_numbers_of_the_model_are_swept_as_parameters() -> None:
    """Kills: a parameter called temperature multiplied by twice the friction, and a number out of reach behind one."""
    tables = {
        "quantum": {"potential": "friction*x**2/2 + temperature*x**4"},
        "parameters": {"k_C": 1.3, "lam": 0.4, "friction": 1.0, "temperature": 0.01},
    }
    for table, name, found in (
        ("temperature = [0.02]", "temperature", lambda model: model.parameters["temperature"]),
        ("friction = [0.7]", "friction", lambda model: model.parameters["friction"]),
        ('"model.classical.friction" = [0.6]', "model.classical.friction", lambda model: model.friction),
    ):
        config = with_sweep(table, configuration(**tables))
        (point,) = config.sweep.points
        assert found(config.at(point).model) == point[name]
