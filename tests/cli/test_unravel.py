"""``wignercq unravel``: written, found again, added to, looked at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from support.configurations import configuration
from support.processes import WELLS

from wignercq import load
from wignercq.cli import cluster
from wignercq.cli import commands as cli
from wignercq.unravelling import Ensemble

RUN = {"duration": 0.2, "outputs": 2, "tolerance": 1e-1, "frames": 2, "observables": {"x4": "x**4"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    text = configuration(**{name: table for name, table in WELLS.items() if name != "compare"}, run=RUN)
    (tmp_path / "wells.toml").write_text(text)
    return tmp_path


def unravel(*arguments: str, two_time: bool = True) -> int:
    return cli.main(["unravel", "wells.toml", "--seed", "3", *["--two-time"] * two_time, *arguments])


class Counted(ThreadPoolExecutor):
    """An executor in place of one that leads elsewhere; what it was given."""

    carried = 0

    def submit(self, *asked: Any, **more: Any) -> Any:
        self.carried += 1
        return super().submit(*asked, **more)


def test_trajectories_are_added_to_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a file computed again or replaced unasked, trajectories added twice, others than in one go; options
    that do not arrive, a file of other questions that passes for finished.
    """
    assert unravel("--trajectories", "200") == 0
    assert "256 trajectories" in capsys.readouterr().out
    assert unravel("--trajectories", "200") == 0
    assert "is finished" in capsys.readouterr().err
    assert unravel("--trajectories", "500") == 2
    assert "expected --resume, which adds to those that are there, or --force, got 256" in capsys.readouterr().err
    assert unravel("--trajectories", "200", two_time=False) == 2
    assert "--force" in capsys.readouterr().err
    assert unravel("--trajectories", "500", "--resume", "--mixed") == 2
    assert "expected trajectories of the same observables" in capsys.readouterr().err
    assert unravel("--trajectories", "500", "--resume") == 0
    elsewhere = Counted(2)
    monkeypatch.setattr(cluster, "_executor", lambda scheduler, mpi: elsewhere)
    assert unravel("--trajectories", "500", "-o", "once.nc", "--quiet", "--mpi") == 0
    assert elsewhere.carried == 2
    found = load("wells_paths.nc")
    assert isinstance(found, Ensemble)
    xr.testing.assert_identical(found.dataset, load("once.nc").dataset)
    capsys.readouterr()
    assert cli.main(["info", "once.nc"]) == 0
    shown = capsys.readouterr().out
    assert "kind            trajectories" in shown
    assert "512 trajectories" in shown
    assert found.dataset["two_time_error"].shape == (3, 3, 4, 4)
    assert 0 < found.dataset["x4_error"][-1] < 0.3 * found.dataset["x4"][-1]


def test_what_trajectories_cannot_record_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: observables of the configuration forgotten, an error that does not name its key."""
    path = folder / "wells.toml"
    path.write_text(path.read_text().replace('"x**4"', '"von_neumann_entropy"'))
    assert unravel("--trajectories", "2") == 2
    assert "run.observables.x4: expected a formula" in capsys.readouterr().err


@pytest.mark.slow
def test_figures_of_trajectories(folder: Path) -> None:
    """Kills: figures that want what only a run on the grid has."""
    assert unravel("--trajectories", "2", "--quiet") == 0
    assert cli.main(["plot", "wells_paths.nc", "-o", "figures"]) == 0
    assert {path.name for path in Path("figures").iterdir()} == {"planes.png", "moments.png", "trajectories.png"}
