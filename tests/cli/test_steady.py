"""``wignercq steady``: what it leaves behind, its exit codes, and one line for everything that is wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import results
from support.configurations import configuration
from support.disk import keep_in_memory

import wignercq
from wignercq.cli import commands as cli
from wignercq.config import Config, execute
from wignercq.errors import ConvergenceError, Interrupted
from wignercq.gaussian import LinearModel
from wignercq.results.solution import Solution
from wignercq.steady import SteadyState
from wignercq.steady.relaxation import Relaxation
from wignercq.steady.solver import Solver
from wignercq.sweep import SteadySweep

MODEL = configuration(initial={}, grid={}, run={}, compare={})
#: Strongly damped oscillators of which a guess takes a second.
DAMPED = configuration(
    model={"hbar": 0.8},
    classical={"mass": 0.8, "potential": "k_C*q**2/2", "friction": 1.0, "diffusion": 1.2},
    quantum={"mass": 0.9, "potential": "k_Q*x**2/2"},
    parameters={"k_C": 0.9, "k_Q": 0.7, "lam": 1.1},
    initial={},
    grid={},
    run={},
    compare={},
    steady={"tolerance": 1e-3},
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of a model alone in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.toml"
    path.write_text(MODEL)
    return path


def stopped(seed: int, reason: str = "interrupted", model: str = "") -> SteadyState:
    state = results.steady(seed)
    state.dataset.attrs |= {"stopped": reason, "model": model or str(results.config(configuration()).model)}
    return state


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results whose files hold a word and the datasets in memory: to write and read one takes half a second."""
    keep_in_memory(monkeypatch)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is asked of searches, which answer at once."""
    asked: list[dict[str, Any]] = []

    def search(settings: object, **options: Any) -> SteadyState:
        asked.append(options)
        return results.steady(7)

    monkeypatch.setattr(execute, "execute_steady", search)
    return asked


def raising(error: Exception) -> Callable[..., SteadyState]:
    def search(*arguments: object, **options: object) -> SteadyState:
        raise error

    return search


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def test_the_result_is_written_whole_and_shown(
    config: Path, searches: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a result without W or configuration, one that takes the place of a run's, leftovers, a lost summary."""
    assert cli.main(["steady", "model.toml"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert (out[0], out[-1].split()) == ("steady state", ["written", "model_steady.nc"])
    assert sorted(path.name for path in config.parent.iterdir()) == ["model.toml", "model_steady.nc"]
    loaded = wignercq.load("model_steady.nc")
    assert isinstance(loaded, SteadyState)
    assert loaded.dataset.attrs["configuration"] == MODEL
    np.testing.assert_array_equal(loaded.W, results.steady(7).W)
    assert searches[0]["start"] is None


@pytest.mark.usefixtures("disk")
@pytest.mark.parametrize(
    ("error", "code"), [(Interrupted, 130), (ConvergenceError, 3), (lambda *a: Interrupted(*a, 15), 143)]
)
def test_the_best_so_far_is_saved_and_gone_on_from(
    config: Path,
    searches: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Callable[..., Exception],
    code: int,
) -> None:
    """Kills: exit codes exchanged, the best W lost, a checkpoint older than it kept, a resumption that begins anew."""
    found = execute.execute_steady
    Path("out.nc.checkpoint").write_text("older")
    monkeypatch.setattr(execute, "execute_steady", raising(error("reason", stopped(5, "reason"))))
    assert cli.main(["steady", "model.toml", "-o", "out.nc"]) == code
    line = last_line(capsys)
    assert line == "wignercq: reason; best W so far saved in out.nc; go on with --resume"
    saved = wignercq.load("out.nc")
    assert isinstance(saved, SteadyState)
    assert (saved.dataset.attrs["stopped"], saved.converged) == ("reason", False)
    assert not Path("out.nc.checkpoint").exists()
    monkeypatch.setattr(execute, "execute_steady", found)
    assert cli.main(["steady", "model.toml", "-o", "out.nc", "--resume"]) == 0
    np.testing.assert_array_equal(searches[0]["start"].W, results.steady(5).W)
    assert wignercq.load("out.nc").dataset.attrs.get("stopped") is None
    capsys.readouterr()
    assert cli.main(["steady", "model.toml", "-o", "out.nc", "--resume"]) == 0
    assert capsys.readouterr().err == "wignercq: out.nc is finished; nothing to resume\n"
    assert len(searches) == 1


def test_stopped_before_there_was_anything(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a traceback, or a file with nothing in it, for Ctrl-C during the first guess."""
    monkeypatch.setattr(execute, "execute_steady", raising(Interrupted("interrupted", None)))
    assert cli.main(["steady", "model.toml"]) == 130
    assert last_line(capsys) == "wignercq: interrupted"
    assert not Path("model_steady.nc").exists()


@pytest.mark.usefixtures("disk")
def test_a_checkpoint_is_newer_than_a_stopped_result(config: Path, searches: list[dict[str, Any]]) -> None:
    """Kills: a search killed after a resumption that goes back to where the one before it ended."""
    stopped(5).save("out.nc")
    stopped(6).save("out.nc.checkpoint")
    assert cli.main(["steady", "model.toml", "-o", "out.nc", "--resume"]) == 0
    np.testing.assert_array_equal(searches[0]["start"].mean, results.steady(6).mean)
    assert not Path("out.nc.checkpoint").exists()


@pytest.mark.usefixtures("disk")
def test_resuming_what_cannot_be_resumed(
    config: Path, searches: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: the W of another model taken for the best so far, or a traceback of what reads it."""

    def refused(line: str) -> None:
        assert cli.main(["steady", "model.toml", "-o", "out.nc", "--resume"]) == 2
        assert last_line(capsys).startswith(f"wignercq: {line}")

    refused("out.nc.checkpoint: expected a checkpoint to resume, got nothing at this path")
    stopped(5, model="another").save("out.nc")
    refused("out.nc: expected the steady state of the same model, got that of another configuration")
    SteadyState(stopped(5).dataset.drop_vars("W")).save("out.nc")
    refused("out.nc: expected a steady state to go on from, got one without its W")
    Solution(results.result()).save("out.nc")
    refused("out.nc: expected a steady state to go on from, got none")
    finished = stopped(5)
    finished.dataset.attrs |= {"stopped": "", "configuration": MODEL.replace("0.35", "0.36")}
    finished.save("out.nc")
    refused("out.nc: expected a search to resume, got the finished result of another configuration")
    Path("out.nc.checkpoint").write_text("half")
    refused("out.nc.checkpoint: expected a steady state to go on from, got none: expected a NetCDF-4 result file")
    assert searches == []


def test_output_paths_are_checked_before_computing(
    config: Path, searches: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a search of an hour that cannot be written, or that overwrites its own configuration."""
    for path, line in ((".", "got a folder"), ("none/out.nc", "existing folder"), ("model.toml", "the configuration")):
        assert cli.main(["steady", "model.toml", "-o", path]) == 2
        assert line in last_line(capsys)
    config.write_text(MODEL + "[sweep]\ng = [0.1, 0.2]\n")
    Path("out.nc.points").write_text("taken")
    assert cli.main(["steady", "model.toml", "-o", "out.nc"]) == 2
    assert last_line(capsys).startswith("wignercq: out.nc.points: expected a folder to write to, got: ")
    assert searches == []


@pytest.mark.parametrize("command", [["run"], ["compare", "-o", "out"]])
def test_other_commands_need_more_than_a_model(
    config: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a traceback where there is no initial state, after an output folder was made."""
    assert cli.main([*command, "model.toml"]) == 2
    lines = [f"wignercq: {key}: expected this key, got nothing\n" for key in ("initial", "run.duration")]
    assert capsys.readouterr().err == "".join(lines)
    assert cli.main(["theory", "model.toml"]) == 0
    assert not Path("out").exists()


@pytest.mark.usefixtures("disk")
def test_a_run_does_not_take_a_steady_state_for_its_own_result(
    config: Path, searches: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: run --resume that says finished because the steady state of the same file lies there."""
    config.write_text(configuration())
    assert cli.main(["steady", "model.toml", "-o", "out.nc", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert cli.main(["run", "model.toml", "-o", "out.nc", "--resume"]) == 2
    assert "expected a run to resume, got the finished result of another configuration" in last_line(capsys)


@pytest.mark.slow
@pytest.mark.usefixtures("disk")
def test_info_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a steady state shown as a run, with figures in time of one moment; a sweep drawn as that of breakdowns."""
    state, swept = tmp_path / "steady.nc", tmp_path / "swept.nc"
    results.steady().save(state)
    results.steady_sweep().save(swept)
    assert cli.main(["info", str(state)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["kind", "steady", "state"]
    assert f"{'purity':<16}{float(results.steady().dataset['purity'][0]):.6g}" in lines
    assert any("1, from t = 0 to 0" in line for line in lines)
    gap = results.steady().gap
    assert f"{'gap':<16}{gap:.4g}, relaxation time {1 / gap:.4g}" in lines
    assert cli.main(["plot", str(state), "-o", str(tmp_path / "figures")]) == 0
    drawn = capsys.readouterr().out.splitlines()
    assert drawn == [str(tmp_path / "figures" / f"{name}.png") for name in ("planes", "relaxation")]
    assert not (tmp_path / "figures" / "moments.png").exists()
    assert cli.main(["info", str(swept)]) == 0
    told = capsys.readouterr().out
    purity = results.steady_sweep().dataset["purity"]
    assert f"{'purity':<16}{float(purity.min()):.6g} to {float(purity.max()):.6g}" in told
    assert told.rstrip().endswith(results.steady_sweep().summary())
    assert cli.main(["plot", str(swept), "-o", str(tmp_path / "swept")]) == 0
    assert (tmp_path / "swept" / "numbers.png").exists()
    assert not (tmp_path / "swept" / "map.png").exists()


@pytest.mark.usefixtures("disk")
def test_a_sweep_is_kept_beside_its_file(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: points in another folder, --processes ignored, a failed point that exits 0."""
    asked: list[object] = []

    def sweep(settings: object, folder: Path, *, progress: object, **means: object) -> SteadySweep:
        asked.extend((folder, means))
        return results.steady_sweep()

    monkeypatch.setattr("wignercq.sweep.sweep_steady_states", sweep)
    config.write_text(MODEL + "[sweep]\ng = [0.1, 0.3]\nlam = [0.4, 0.5, 0.7]\n")
    assert cli.main(["steady", "model.toml", "-o", "out.nc", "--processes", "3", "--threads", "2"]) == 3
    out, err = capsys.readouterr()
    assert asked == [Path("out.nc.points"), {"processes": 3, "threads": 2, "executor": None}]
    assert err == ("wignercq: 1 points failed, the rest is in out.nc; g = 0.1, lam = 0.5: killed <by> the test\n")
    assert out.splitlines()[0].startswith("2 values of g from 0.1 to 0.3 x 3 values of lam from 0.4 to 0.7")
    assert isinstance(wignercq.load("out.nc"), SteadySweep)


@pytest.mark.slow
def test_a_search_interrupted_by_a_signal_goes_on_to_the_covariance_of_the_gaussian_theory(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: Ctrl-C in the middle of a search that loses its W, and a start that is not heeded by the solver."""
    config.write_text(DAMPED)
    # slow modes, which take ten seconds and are not looked at here
    few = Relaxation(np.array([-0.3, -0.5 + 1j]), np.zeros(2), [])
    monkeypatch.setattr(import_module("wignercq.steady.steady_state"), "slowest_modes", lambda *_, **__: few)
    steps: list[int] = []
    measure = Solver._measure

    def interrupted(solver: Solver, equation: Any) -> None:
        if not steps:
            os.kill(os.getpid(), signal.SIGINT)
        steps.append(solver.steps)
        measure(solver, equation)

    monkeypatch.setattr(Solver, "_measure", interrupted)
    assert cli.main(["steady", "model.toml", "-o", "out.nc"]) == 130
    assert last_line(capsys).endswith("interrupted; best W so far saved in out.nc; go on with --resume")
    first = wignercq.load("out.nc")
    assert isinstance(first, SteadyState)
    assert (first.dataset.attrs["stopped"], first.converged) == ("interrupted", False)
    assert cli.main(["steady", "model.toml", "-o", "out.nc", "--resume"]) == 0
    found = wignercq.load("out.nc")
    assert isinstance(found, SteadyState)
    assert found.converged
    assert found.distance < 1e-3
    theory = LinearModel.from_model(Config.from_text(DAMPED, runs=False).model)
    np.testing.assert_allclose(found.covariance[0], theory.steady_covariance(), atol=1e-2)
