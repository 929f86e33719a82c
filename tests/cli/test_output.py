"""Where commands write: refused before anything is computed, and over a finished result only when they are told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from matplotlib.figure import Figure
from support import results
from support.configurations import box, configuration
from support.disk import keep_in_memory
from support.places import PLACES, make, picture

import wignercq
from wignercq.cli import commands as cli
from wignercq.errors import InputError
from wignercq.plotting import animate
from wignercq.plotting.figures import write_figures
from wignercq.results.solution import Solution
from wignercq.sweep import SteadySweep

CONFIG = configuration(grid=box(16, 18, 20, 22), run={"duration": 0.2, "outputs": 2, "dt": 0.1, "frames": 2})
COMMANDS = {
    "run": (["run", "model.toml", "-o", "out.nc"], "out.nc"),
    "run --dry-run": (["run", "model.toml", "-o", "out.nc", "--dry-run"], "out.nc"),
    "run --force": (["run", "model.toml", "-o", "out.nc", "--force"], "out.nc"),
    "steady": (["steady", "model.toml", "-o", "out.nc"], "out.nc"),
    "compare": (["compare", "model.toml", "-o", "."], "breakdown.nc"),
    "page of compare": (["compare", "model.toml", "-o", "."], "report.html"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a configuration, in which nothing can be computed."""
    monkeypatch.chdir(tmp_path)
    Path("model.toml").write_text(CONFIG)

    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("computed before the output was checked")

    for name in ("execute_run", "rehearse_run", "execute_comparison", "execute_steady"):
        monkeypatch.setattr(f"wignercq.config.execute.{name}", never)
    keep_in_memory(monkeypatch)
    return tmp_path


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_file_is_one_line_and_stays(
    command: str, kind: str, linked: bool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a device replaced by a result, a hang on a pipe, an hour computed for nothing."""
    arguments, name = COMMANDS[command]
    make(kind, folder / name, linked)
    before = picture(folder)
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{name}: expected a file " in err
    assert err.endswith(f"{kind}\n")
    assert picture(folder) == before


@pytest.mark.parametrize("kind", PLACES)
def test_figures_and_animations_go_over_files_alone(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: an image written to a device, a hang on a pipe after all was drawn."""
    monkeypatch.setattr(Figure, "savefig", lambda *arguments, **options: pytest.fail("drawn before it was checked"))
    make(kind, tmp_path / "moments.png", True)
    for name in ("planes.gif", "planes.mp4"):
        make(kind, tmp_path / name, False)
    before = picture(tmp_path)
    with pytest.raises(InputError, match=rf"moments\.png: expected a file .*{kind}$"):
        write_figures({"planes": Figure(), "moments": Figure()}, tmp_path, 50)
    with pytest.raises(InputError, match=rf"planes\.(gif|mp4): expected a file .*{kind}$"):
        animate(results.result(outputs=3, frames=2), tmp_path)
    assert picture(tmp_path) == before


@pytest.mark.parametrize("suffix", [".lock", ".checkpoint", ".checkpoint.previous", ".checkpoint.partial"])
def test_what_lies_beside_is_looked_at_too(suffix: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a hang on a pipe in the place of a lock, a device in the place of a checkpoint replaced."""
    make("a named pipe", folder / f"out.nc{suffix}", False)
    before = picture(folder)
    assert cli.main(["run", "model.toml", "-o", "out.nc"]) == 2
    assert f"out.nc{suffix}: expected a file to write, got a named pipe" in capsys.readouterr().err
    assert picture(folder) == before


@pytest.fixture
def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is asked of computations, each of which gives another result at once."""
    asked: list[dict[str, Any]] = []

    def run(settings: object, **options: object) -> Solution:
        asked.append(options)
        return Solution(results.result(outputs=4 + len(asked), frames=1))

    monkeypatch.setattr("wignercq.config.execute.execute_run", run)
    return asked


def test_a_finished_result_is_replaced_only_by_force(
    made: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a week of computing overwritten by the same command typed twice, or by another configuration."""

    def run(*options: str) -> tuple[int, str]:
        code = cli.main(["run", "model.toml", "-o", "out.nc", *options])
        return code, capsys.readouterr().err.splitlines()[0].removeprefix("wignercq: ")

    assert run("--threads", "3") == (0, "next: wignercq plot out.nc -o out_figures; wignercq info out.nc")
    assert made[0]["threads"] == 3
    assert run() == (0, "out.nc is finished; --force computes it again")
    assert run("--resume") == (0, "out.nc is finished; nothing to resume")
    Path("model.toml").write_text(CONFIG.replace("[run]", '[run]\nthreads = 2\ncheckpoint_every = "1 s"'))
    assert run() == (0, "out.nc is finished; --force computes it again")
    assert len(made) == 1
    Path("model.toml").write_text(CONFIG.replace("lam = 0.4", "lam = 0.5"))
    untouched = "out.nc: expected no finished result, or --force to replace it, got "
    assert run() == (2, f"{untouched}the finished result of another configuration")
    assert (len(made), wignercq.load("out.nc").dataset.sizes["time"]) == (1, 6)
    assert run("--force")[0] == 0
    assert (len(made), wignercq.load("out.nc").dataset.sizes["time"]) == (2, 7)
    Solution(results.result(outputs=5, frames=1)).save("out.nc")
    assert run() == (2, f"{untouched}the finished result of a run from Python")
    Path("out.nc").write_text("thesis")
    assert run() == (2, f"{untouched}a file that is none: expected a NetCDF-4 result file")
    assert Path("out.nc").read_text() == "thesis"
    Path("out.nc").write_text("")  # as mktemp makes them
    assert run()[0] == 0
    dataset = results.result(outputs=5, frames=1)
    dataset.attrs["stopped"] = "interrupted"
    Solution(dataset).save("out.nc")
    assert run()[0] == 0
    assert len(made) == 4


def test_a_rehearsal_goes_on_beside_a_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a dry run refused with code 2, or not made at all, because of a result that it would not touch."""
    rehearsal = type("Rehearsal", (), {"summary": lambda self: "steps 2"})
    monkeypatch.setattr("wignercq.config.execute.rehearse_run", lambda *_, **__: rehearsal())

    def told() -> tuple[int, str, str]:
        before = Path("out.nc").read_bytes()
        code = cli.main(["run", "model.toml", "-o", "out.nc", "--dry-run"])
        assert Path("out.nc").read_bytes() == before
        return code, *capsys.readouterr()

    found = Solution(results.result(outputs=5, frames=1))
    found.save("out.nc")
    first = "wignercq: out.nc is the finished result of a run from Python; a run would need --force to replace it, or "
    assert told() == (0, "steps 2\n", f"{first}another --output\n")
    found.dataset.attrs["configuration"] = CONFIG
    found.save("out.nc")
    assert told() == (0, "steps 2\n", "wignercq: out.nc is finished; a run would need --force to compute it again\n")
    Path("out.nc").write_text("thesis")
    no_result = "wignercq: out.nc is a file that is no result; a run would need --force to replace it\n"
    assert told() == (0, "steps 2\n", no_result)


def test_a_sweep_is_gathered_again_where_nothing_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a sweep that cannot be extended, or that replaces a file whose points are gone."""
    swept = results.steady_sweep()
    swept = SteadySweep(swept.dataset.assign(failure=xr.full_like(swept.dataset["failure"], "")))
    monkeypatch.setattr("wignercq.sweep.sweep_steady_states", lambda *arguments, **options: swept)
    Path("model.toml").write_text(CONFIG + "[sweep]\ng = [0.1, 0.2]\n")
    command = ["steady", "model.toml", "-o", "out.nc", "--quiet"]
    assert cli.main(command) == 0
    assert cli.main(command) == 2
    assert "got a finished result without its points in out.nc.points" in capsys.readouterr().err
    assert cli.main([*command, "--force"]) == 0
    Path("out.nc.points").mkdir()
    Path("out.nc.points", "0.nc").write_text("")
    assert cli.main(command) == 0
    Solution(results.result(outputs=5, frames=1)).save("out.nc")
    assert cli.main(command) == 2
