"""The command line: what each command leaves behind, its exit codes, and one line for everything that is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support import results
from support.configurations import box, configuration

from wignercq.cli import commands as cli
from wignercq.config import Config
from wignercq.errors import Interrupted, ResolutionError
from wignercq.gaussian import LinearModel
from wignercq.results.solution import Solution
from wignercq.results.summary import final_table

CONFIG = configuration(
    quartic=False,
    initial={"kind": "gaussian", "mean": [0.4, -0.3, -0.2, 0.3], "covariance": [0.5, 0.6, 0.35, 0.45]},
    grid=box(24, 26, 28, 30),
    run={"duration": 0.7, "outputs": 2, "dt": 0.1, "frames": 2},
    compare={},
)


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A configuration in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A result of `wignercq run`, and what the command printed, computed once for this module."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "wignercq.cli", "run", "small.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return folder / "small.nc", done


def one_line(capsys) -> str:
    """The single line the command left on stderr; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wignercq: ")
    assert err.count("\n") == 1
    return err


def test_run_writes_a_result_that_agrees_with_the_gaussian_theory(result):
    """Kills: settings lost on the way to the solver, or a file without the configuration that made it."""
    path, _ = result
    dataset = xr.load_dataset(path, engine="h5netcdf")
    settings = Config.from_text(CONFIG)
    np.testing.assert_allclose(dataset["time"], [0.0, 0.35, 0.7], atol=1e-15)
    theory = LinearModel.from_model(settings.model)
    mean = theory.mean(0.7, settings.state.mean)
    np.testing.assert_allclose(dataset["mean"][-1], mean, atol=2e-3)
    np.testing.assert_allclose(dataset["covariance"][-1], theory.covariance(0.7, settings.state.covariance), atol=5e-3)
    assert dataset.attrs["configuration"] == CONFIG
    assert dataset.attrs["time_step"] == 0.1
    sizes = {"time": 3, "frame": 2, "q": 24, "p": 26, "x": 28, "y": 30, "z": 4, "z2": 4, "axis": 4}
    assert dict(dataset.sizes) == sizes
    assert "W" not in dataset


def test_run_prints_the_summary_and_warnings_of_one_line(result):
    """Kills: a progress bar outside a terminal, warnings with their source line, or a table without theory."""
    _, done = result
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["at", "t", "=", "0.7", "grid", "theory", "difference"]
    assert [line.split()[0] for line in lines[1:5]] == ["<q>", "<p>", "<x>", "<y>"]
    assert len(lines[1:15]) == sum(line.count("cov(") + line.count("<") for line in lines[1:15])
    assert any(line.startswith("time error") for line in lines)
    assert lines[-1].split() == ["written", "small.nc"]
    *warned, following = done.stderr.splitlines()
    assert following == "wignercq: next: wignercq plot small.nc -o small_figures; wignercq info small.nc"
    warned = [line for line in warned if not re.search(r" \.\.\.$| gone, about ", line)]  # of a machine that is busy
    assert len(warned) > 0
    assert all(line.startswith("wignercq: warning: ") and "expected below" in line for line in warned)


@pytest.mark.slow
def test_save_state_and_output_option(config, capsys):
    """Kills: save_state ignored, -o ignored, or --quiet that prints."""
    config.write_text(CONFIG + "save_state = true\n")
    assert cli.main(["run", str(config), "-o", "other.nc", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    dataset = xr.load_dataset("other.nc", engine="h5netcdf")
    assert dataset["W"].dims == ("q", "p", "x", "y")
    cell = np.prod([float(dataset[name][1] - dataset[name][0]) for name in "qpxy"])
    assert float(dataset["W"].sum()) * cell == pytest.approx(1.0, abs=1e-5)
    assert not Path("small.nc").exists()


def test_observables_and_times_of_states_of_the_file(config, capsys):
    """Kills: keys of the file that the run never hears of, formulas without the parameters, an info without them.

    <k_Q x**2/2> is a potential energy known from mean and variance; W is kept at an output and between two.
    """
    text = CONFIG.replace("duration = 0.7", 'duration = 0.2\nsave_state = [0.05, 0.2]\nframes = "all"')
    text = text.replace("frames = 2\n", "")
    config.write_text(text + '[run.observables]\nspring = "k_Q*x**2/2"\nS = "von_neumann_entropy"\n')
    assert cli.main(["run", str(config)]) == 0
    shown = capsys.readouterr().out
    assert cli.main(["info", "small.nc"]) == 0
    told = capsys.readouterr().out
    dataset = xr.load_dataset("small.nc", engine="h5netcdf")
    assert dataset["time"].values.tolist() == [0.0, 0.05, 0.1, 0.2]
    assert dataset["frame"].values.tolist() == dataset["time"].values.tolist()
    assert dataset["state_time"].values.tolist() == [0.05]
    assert dataset["W_0"].dims == ("q_0", "p_0", "x_0", "y_0")
    assert "W" in dataset
    k_Q = Config.from_text(text).model.parameters["k_Q"]
    expected = k_Q / 2 * (dataset["mean"][:, 2] ** 2 + dataset["covariance"][:, 2, 2])
    np.testing.assert_allclose(dataset["spring"], expected, rtol=1e-12)
    assert "W kept          2, at t = 0.05, 0.2" in told.splitlines()
    for output in (shown, told):
        line = next(line for line in output.splitlines() if line.startswith("spring"))
        assert line.split()[1:] == [f"{float(dataset['spring'][-1]):.8g}", "mean", "of", "k_Q*x**2/2"]


def test_resolution_lost_exits_3_and_keeps_what_was_computed(config, capsys):
    """Kills: a run that throws away an hour of work at its last step."""
    text = CONFIG.replace("diffusion = 0.6", "diffusion = 6.0").replace("duration = 0.7", "duration = 3.0")
    config.write_text(text.replace("outputs = 2", "outputs = 30"))
    assert cli.main(["run", str(config)]) == cli.UNRESOLVED == 3
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("wignercq: ")
    assert "saved in small.nc" in last
    dataset = Solution.load("small.nc").dataset
    assert 1 <= dataset.sizes["time"] < 31
    assert dataset.attrs["stopped"] in last
    assert dataset.attrs["configuration"] == config.read_text()
    assert cli.main(["info", "small.nc"]) == 0
    assert "stopped" in capsys.readouterr().out


@pytest.mark.parametrize(("error", "code"), [(Interrupted, 130), (ResolutionError, 3)])
def test_stopped_runs_are_saved(config, capsys, monkeypatch, error, code):
    """Kills: exit codes exchanged, or the partial result lost when the run stops."""

    def stopped(*args, **settings):
        raise error("reason", Solution(results.result(outputs=5)))

    monkeypatch.setattr("wignercq.config.execute.execute_run", stopped)
    assert cli.main(["run", str(config)]) == code
    assert "reason; result up to t = 12 saved in small.nc" in one_line(capsys)
    np.testing.assert_array_equal(Solution.load("small.nc").mean, results.result(outputs=5)["mean"])


@pytest.mark.parametrize(("error", "code"), [(Interrupted, 130), (ResolutionError, 3)])
def test_stopped_before_the_first_output(config, capsys, monkeypatch, error, code):
    """Kills: a traceback when there is nothing to save yet."""

    def stopped(*args, **settings):
        raise error("reason")

    monkeypatch.setattr("wignercq.config.execute.execute_run", stopped)
    assert cli.main(["run", str(config)]) == code
    assert "reason" in one_line(capsys)
    assert not Path("small.nc").exists()


def test_interrupted_outside_the_time_loop(config, capsys, monkeypatch):
    """Kills: a traceback for Ctrl-C while the grid is being chosen."""

    def stopped(*args, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("wignercq.config.execute.execute_run", stopped)
    assert cli.main(["run", str(config)]) == 130
    assert capsys.readouterr().err.strip() == "wignercq: interrupted"


def test_bad_input_from_the_solver_names_the_key(config, capsys):
    """Kills: an error of the solver that names an argument instead of the key of the file."""
    config.write_text(CONFIG.replace("dt = 0.1", 'tolerance = 1e-9\nprecision = "float32"'))
    assert cli.main(["run", str(config)]) == 2
    assert one_line(capsys).startswith("wignercq: run.tolerance: expected")


def test_memory_beyond_the_machine_is_refused(config, capsys):
    """Kills: a grid of 10^12 cells that is allocated before it is checked."""
    config.write_text(CONFIG.replace("points = 24", "points = 100000").replace("points = 26", "points = 100000"))
    assert cli.main(["run", str(config)]) == 2
    assert "GiB" in one_line(capsys)


def refused(arguments, capsys, *parts):
    assert cli.main(arguments) == 2
    line = one_line(capsys)
    for part in parts:
        assert part in line
    return line


def test_output_paths_are_checked_before_computing(config, capsys, monkeypatch):
    """Kills: a run that computes for an hour and then cannot write, or overwrites its own configuration."""

    def never(*args, **settings):
        raise AssertionError("computed before the output was checked")

    monkeypatch.setattr("wignercq.config.execute.execute_run", never)
    refused(["run", str(config), "-o", "none/out.nc"], capsys, "none/out.nc: expected a file in an existing folder")
    refused(["run", str(config), "-o", "."], capsys, "expected a file to write, got a folder")
    refused(["run", str(config), "-o", str(config)], capsys, "got the configuration itself")
    refused(
        ["run", str(config), "-o", "/proc/out.nc"], capsys, "/proc/out.nc: expected a folder that can be written to"
    )
    assert config.read_text() == CONFIG


@pytest.mark.parametrize("command", ["run", "theory"])
def test_configurations_that_cannot_be_used(config, capsys, command):
    """Kills: a traceback or a wrong exit code for bad files."""
    refused([command, "none.toml"], capsys, "none.toml: expected a readable file, got: No such file")
    refused([command, "."], capsys, "Is a directory")
    config.write_text("[model")
    refused([command, str(config)], capsys, "small.toml: expected TOML")
    config.write_text(CONFIG.replace("friction", "fricton"))
    refused([command, str(config)], capsys, "model.classical.fricton", "did you mean 'friction'?")


@pytest.mark.parametrize("command", [["info"], ["plot", "-o", "figures"]])
def test_files_that_are_no_results(config, capsys, command):
    """Kills: a traceback of HDF5 for a file of another kind."""
    refused([*command, "none.nc"], capsys, "none.nc: expected a result file")
    refused([*command, str(config)], capsys, "small.toml: expected a NetCDF-4 result file")
    refused([*command, "."], capsys, "got a folder")
    xr.Dataset({"a": ("b", [1.0])}).to_netcdf("other.nc", engine="h5netcdf")
    refused([*command, "other.nc"], capsys, "other.nc: expected a result of wignercq")
    assert not Path("figures").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "command"),
        (["fly"], "fly"),
        (["run"], "CONFIG"),
        (["run", "a.toml", "--restart"], "--restart"),
        (["plot", "a.nc"], "--output"),
    ],
)
def test_wrong_usage_is_one_line(capsys, arguments, part):
    """Kills: the multi-line usage message of click, or an option that does not exist yet."""
    refused(arguments, capsys, part, "wignercq --help")


def test_theory_as_table_and_json(config, capsys):
    """Kills: JSON that does not parse, or the theory of another model."""
    assert cli.main(["theory", str(config), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    drift = np.array(report["dynamics"]["drift"])
    np.testing.assert_allclose(drift, LinearModel.from_model(Config.from_text(CONFIG).model).drift, rtol=1e-12)
    assert cli.main(["theory", str(config)]) == 0
    out = capsys.readouterr().out
    assert "0.35" in out
    assert len(out.splitlines()) > 10


def test_info_describes_the_file(result, capsys):
    """Kills: sizes, times or extents read from the wrong dimension."""
    path, _ = result
    assert cli.main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "24 x 26 x 28 x 30" in out
    assert "3, from t = 0 to 0.7" in out
    assert "y [-5.1, 5.2]" in out
    assert "2, at t = 0, 0.7" in out
    assert "difference" in out
    dataset = xr.load_dataset(path, engine="h5netcdf")
    rows = dict(re.split(" {2,}", line.strip(), maxsplit=1) for line in out.splitlines() if "  " in line.strip())
    assert rows["kind"] == "run"
    assert rows["model"] == dataset.attrs["model"]
    assert float(rows["tolerance"]) == dataset.attrs["tolerance"]
    for name, row in (("purity", "purity"), ("negativity", "negativity"), ("energy_interaction", "interaction")):
        first, last = (float(text.split(" at t = ")[0]) for text in rows[row].split(", "))
        np.testing.assert_allclose([first, last], dataset[name][[0, -1]], rtol=1e-5)


@pytest.mark.slow
def test_plot_writes_three_figures(result, tmp_path, capsys):
    """Kills: a figure left out, or a folder that has to exist."""
    path, _ = result
    assert cli.main(["plot", str(path), "-o", str(tmp_path / "new" / "figures")]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [file.name for file in written] == ["planes.png", "moments.png", "diagnostics.png"]
    assert all(file.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and file.stat().st_size > 20_000 for file in written)


def test_plot_folder_that_is_a_file(result, tmp_path, capsys):
    """Kills: a traceback when the folder for the figures cannot be made."""
    path, _ = result
    (tmp_path / "taken").write_text("")
    refused(["plot", str(path), "-o", str(tmp_path / "taken")], capsys, "taken: expected a folder to write to")


def test_results_made_from_python_have_no_configuration(tmp_path, capsys):
    """Kills: info and plot that only accept what the command line wrote."""
    Solution(results.result()).save(tmp_path / "python.nc")
    assert cli.main(["info", str(tmp_path / "python.nc")]) == 0
    assert "theory" not in capsys.readouterr().out


def test_final_table_holds_the_numbers_of_its_labels():
    """Kills: rows of the covariance under each other's labels, or a difference of the wrong sign."""
    dataset = results.result()
    dataset["covariance"][-1, 1, 3] += 1e-3
    table = final_table(dataset, LinearModel.from_model(results.model()))
    rows = {line.split()[0]: [float(value) for value in line.split()[1:]] for line in table.splitlines()[1:]}
    assert len(rows) == 14
    assert rows["<x>"][0] == pytest.approx(float(dataset["mean"][-1, 2]), abs=1e-8)
    assert rows["cov(p,y)"][0] == pytest.approx(float(dataset["covariance"][-1, 1, 3]), abs=1e-8)
    assert rows["cov(p,y)"][2] == pytest.approx(1e-3, rel=0.06)
    assert abs(rows["cov(q,x)"][2]) < 1e-12


def test_the_installed_command_returns_the_exit_code():
    """Kills: a script that prints the error and exits 0."""
    script = Path(sys.executable).with_name("wignercq")
    done = subprocess.run([script, "info", "/none.nc"], capture_output=True, text=True, env={**os.environ}, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_each_mistake_is_a_line_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: several mistakes run together into one line, or lines without the name of the program."""
    path = tmp_path / "wrong.toml"
    path.write_text(CONFIG.replace("friction", "fricton").replace("hbar = 0.7", "hbar = true"))
    assert cli.main(["run", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["wignercq", "model.hbar"],
        ["wignercq", "model.classical.fricton"],
    ]
