"""Dry runs: what they say is what the run then does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xarray as xr
from support.configurations import box, configuration
from support.places import picture

from wignercq.cli import commands as cli

RUN = {"duration": 0.7, "outputs": 2, "tolerance": 3e-3, "frames": 1, "on_unresolved": "warn"}


@pytest.mark.filterwarnings("ignore::wignercq.errors.ResolutionWarning")
@pytest.mark.parametrize("grid", [box(16, 18, 20, 22), {}])
def test_a_dry_run_says_what_the_run_does_and_writes_nothing(
    grid: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: another grid or step than those of the run, another time by an order of magnitude, a file left behind."""
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(configuration(grid=grid, run=RUN))
    before = picture(tmp_path)
    assert cli.main(["run", "run.toml", "--dry-run", "--threads", "2", "--quiet"]) == 0
    said = dict(re.split(" {2,}", line, maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert picture(tmp_path) == before
    assert cli.main(["run", "run.toml", "--quiet"]) == 0
    attributes = xr.load_dataset("run.nc", engine="h5netcdf").attrs
    cells = 1
    for points in str(attributes["grid"]).split(" x "):
        cells *= int(points)
    assert said["grid"] == f"{attributes['grid']}, {cells} cells"
    assert said["time step"].startswith(f"{attributes['time_step']:.6g} (")
    assert said["steps"] == f"{round(0.7 / attributes['time_step'])} to t = 0.7, 3 outputs"
    assert said["engine"] == "tiled, float64, 2 threads"
    assert re.fullmatch(r"[0-9.]+ MiB of [0-9.]+ [GM]iB", said["memory"])
    assert re.fullmatch(r"0:00:\d\d" + (" or more, if the grid grows" if not grid else ""), said["expected time"])
    assert said["may change"] == ("nothing" if grid else "extents of q, p, x, y and points of q, p, x, y")


def test_a_dry_run_is_refused_as_the_run_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a dry run that promises what the run then refuses."""
    monkeypatch.chdir(tmp_path)
    for keys, line in (
        ({"threads": 0}, "run.threads: expected a number >= 1, got 0"),
        ({"precision": "float32", "tolerance": 1e-9}, "run.tolerance: expected at least"),
        ({"engine": "array", "tolerance": 1.5}, "run.tolerance: expected a number between 0 and 1, got 1.5"),
    ):
        Path("run.toml").write_text(configuration(grid=box(16, 18, 20, 22), run={**RUN, **keys}))
        for options in (["--dry-run"], []):
            assert cli.main(["run", "run.toml", *options]) == 2
            assert line in capsys.readouterr().err
