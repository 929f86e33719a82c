"""``wignercq compare``: what it leaves behind, its exit codes, and one line for everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr
from matplotlib.figure import Figure
from support import results
from support.configurations import box, configuration

from wignercq.cli import commands as cli
from wignercq.comparison import Breakdown
from wignercq.errors import Interrupted, ResolutionError
from wignercq.report import write as report
from wignercq.run.progress import Progress
from wignercq.sweep import SweepResult

FILES = ["breakdown.nc", "errors.png", "report.html", "theories.png"]
SWEPT = results.CONFIG + "[sweep]\ng = [0.1, 0.3]\ntemperature = [0.5, 1.0, 2.0]\n"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.toml"
    path.write_text(results.CONFIG)
    return path


@pytest.fixture
def blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures with nothing in them, which cost nothing."""
    names = {"breakdown.nc": ("theories", "errors"), "sweep.nc": ("map",)}

    def figures(dataset: xr.Dataset, config: object) -> dict[str, Figure]:
        return {name: Figure() for name in names["sweep.nc" if "failure" in dataset else "breakdown.nc"]}

    monkeypatch.setattr(report, "figures", figures)


def refused(config: Path, capsys: pytest.CaptureFixture[str], line: str, *options: str, code: int = 2) -> None:
    assert cli.main(["compare", str(config), "-o", "out", *options]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err


@pytest.mark.slow
@pytest.mark.usefixtures("blank")
def test_a_comparison_leaves_everything_in_one_folder(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: a file left out, a configuration or a summary lost, plot and info that do not know a comparison."""
    computed = "wignercq.cli.comparison_files.execute_comparison"
    monkeypatch.setattr(computed, lambda settings, **options: results.breakdown())
    assert cli.main(["compare", str(config), "-o", "new/out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(path.name for path in Path("new/out").iterdir()) == FILES
    result = Breakdown.load("new/out/breakdown.nc")
    assert result.dataset.attrs["configuration"] == results.CONFIG
    assert lines[:-1] == result.summary().splitlines()
    assert lines[-1].split() == ["written", "new/out/breakdown.nc,", "new/out/report.html"]
    assert cli.main(["info", "new/out/breakdown.nc"]) == 0
    told = capsys.readouterr().out
    assert "\n".join(lines[:-1]) in told
    for row in ("kind            comparison", "tolerance       0.0001", "warnings        edge mass of axis p is large"):
        assert row in told.splitlines()
    assert cli.main(["plot", "new/out/breakdown.nc", "-o", "drawn"]) == 0
    assert capsys.readouterr().out.split() == ["drawn/theories.png", "drawn/errors.png"]


@pytest.mark.usefixtures("blank")
def test_a_sweep_leaves_a_map(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: a sweep whose failures go unnoticed, or whose number of processes is not the one asked."""
    asked: dict[str, object] = {}

    def run(settings: object, folder: Path, **options: object) -> SweepResult:
        asked.update(options, folder=folder)
        return results.sweep()

    monkeypatch.setattr("wignercq.cli.comparison_files.run_sweep", run)
    config.write_text(SWEPT)
    assert cli.main(["compare", str(config), "-o", "out", "--processes", "3", "--quiet"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "wignercq: 1 points failed, the rest is in out/sweep.nc; g = 0.1, temperature = 1: killed <by> the test\n"
    )
    assert type(asked.pop("progress")) is Progress  # which shows nothing
    assert asked == {"processes": 3, "threads": None, "executor": None, "folder": Path("out/points")}
    assert sorted(path.name for path in Path("out").iterdir()) == ["map.png", "report.html", "sweep.nc"]
    assert cli.main(["info", "out/sweep.nc"]) == 0
    told = capsys.readouterr().out
    assert results.sweep().summary() in told
    assert f"model           {results.config(results.CONFIG).model}" in told


@pytest.mark.parametrize(("error", "code"), [(Interrupted, 130), (ResolutionError, 3)])
def test_stopped_comparisons_are_saved(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: type, code: int
) -> None:
    """Kills: exit codes exchanged, or what was computed lost when a comparison stops."""

    def stopped(settings: object, **options: object) -> None:
        raise error("reason", Breakdown(results.breakdown().dataset.isel(time=slice(4))))

    monkeypatch.setattr("wignercq.cli.comparison_files.execute_comparison", stopped)
    refused(config, capsys, "reason; result up to t = 0.36 saved in out/breakdown.nc", code=code)
    saved = Breakdown.load("out/breakdown.nc")
    assert saved.time.size == 4
    assert saved.dataset.attrs["stopped"] == "reason"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("[run]", "[run]\nhbar_order = 0", 'run.hbar_order: expected "exact" for a comparison, got 0'),
        ("[grid]", '[grid]\nframe = "moving"', 'grid.frame: expected "fixed" or "auto" for a comparison, got "moving"'),
        ("[run]", "[run]\nsave_state = true", "run.save_state: expected false for a comparison, got true"),
        (
            "[run]",
            "[run]\nobservables = { x4 = 'x**4' }",
            "run.observables: expected none for a comparison, got a table",
        ),
        ("= 0.0001", "= 0.001", "run.tolerance: expected a positive number, at most 0.0001 for a threshold of 0.01"),
        ("[compare]", "[compare]\nthreshold = 1.0", "compare.threshold: expected a number < 1, got 1.0"),
        ('"mean_p"', '"mean_r"', "compare.observables: expected some of mean_q, "),
        ('["cov_xx", "W", "mean_p"]', "[]", "compare.observables: expected a list of names in quotes, got []"),
    ],
)
def test_what_a_comparison_cannot_do_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: str
) -> None:
    """Kills: a setting that is silently ignored, or found wrong after an hour."""
    config.write_text(results.CONFIG.replace(old, new))
    refused(config, capsys, line)
    assert not Path("out/breakdown.nc").exists()


def test_folders_that_cannot_be_written(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a traceback for a folder that is a file."""
    Path("out").write_text("")
    refused(config, capsys, "out: expected a folder to write to, got: File exists")
    refused(config, capsys, "0 is not in the range x>=1", "--processes", "0")


def test_files_that_are_neither(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a traceback for a file with some names of a comparison."""
    dataset = xr.Dataset({"a": ("theory", [1.0])}, attrs={"wignercq_version": "0.1.0"})
    dataset.to_netcdf("strange.nc", engine="h5netcdf")
    for command in (["info", "strange.nc"], ["plot", "strange.nc", "-o", "out"]):
        assert cli.main(command) == 2
        assert "strange.nc: expected the result of a comparison, got another result" in capsys.readouterr().err


@pytest.mark.slow
def test_a_quadratic_model_does_not_break_down(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a command that does not do what its parts do; a breakdown where all theories are the same."""
    text = configuration(
        quartic=False,
        grid=box(24, 26, 26, 30),
        run={"duration": 0.6, "outputs": 2, "tolerance": 9e-4},
        compare={"threshold": 0.09, "observables": ["cov_xx", "W", "mean_p"]},
    )
    config.write_text(text)
    assert cli.main(["compare", str(config), "-o", "out"]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[-2] == "no breakdown"
    assert "No breakdown up to t = 0.6." in Path("out/report.html").read_text()
    assert sorted(path.name for path in Path("out").iterdir()) == FILES
