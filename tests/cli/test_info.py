"""``wignercq info`` of every kind of file."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
import xarray as xr
from support import results
from support.configurations import box, configuration

from wignercq.cli import commands as cli
from wignercq.results.solution import Solution
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.track import Track

CONFIG = configuration(
    grid=box(16, 18, 20, 22), run={"duration": 0.3, "outputs": 3, "dt": 0.1, "frames": 1, "on_unresolved": "warn"}
)


def rows_of(text: str) -> dict[str, str]:
    return dict(re.split(" {2,}", line.strip(), maxsplit=1) for line in text.splitlines() if "  " in line.strip())


@pytest.mark.filterwarnings("ignore::wignercq.errors.ResolutionWarning")
def test_a_checkpoint_says_how_far_its_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a checkpoint that nobody can look into, or that is shown with numbers of another run."""
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(CONFIG)
    output, looks = Track.output, iter(range(9))

    def pressed(self: Track, time: float) -> None:
        output(self, time)
        if next(looks) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Track, "output", pressed)
    assert cli.main(["run", "run.toml", "-o", "out.nc", "--quiet"]) == 130
    capsys.readouterr()
    assert cli.main(["info", "out.nc.checkpoint"]) == 0
    rows = rows_of(capsys.readouterr().out)
    saved = xr.load_dataset("out.nc", engine="h5netcdf")
    assert rows["kind"] == "checkpoint of a run"
    assert rows["time step"] == "0.1, 1 steps, t = 0.1"
    assert (rows["friction"], rows["diffusion"], rows["engine"]) == ("0.35", "0.6", "tiled")
    purity = saved["purity"].values
    assert purity.size == 2
    assert rows["purity"] == f"{purity[0]:.6g} at t = 0, {purity[1]:.6g} at t = 0.1"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    path = CheckpointFiles(tmp_path / "out.nc.checkpoint").path
    path.write_bytes(path.read_bytes()[:-1])
    assert cli.main(["info", "out.nc.checkpoint"]) == 2
    assert "out.nc.checkpoint: expected a whole checkpoint, got a damaged one" in capsys.readouterr().err


def test_notes_of_a_run_are_shown_and_strange_signs_are_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a result that was stopped or resumed shown as any other; a terminal that a file can write to."""
    dataset = results.result(outputs=4, frames=1)
    dataset.attrs |= {
        "model": "H = p^2/2M",
        "grid_changes": "t = 1: q wider\nt = 2: x finer",
        "resumed": "at t = 1",
        "unresolved": "edge mass",
        "stopped": "interrupted",
        "tolerance": "1e-3\x1b[31m",
    }
    Solution(dataset).save(tmp_path / "out.nc")
    assert cli.main(["info", str(tmp_path / "out.nc")]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    rows = rows_of(out)
    for name in ("model", "resumed", "unresolved", "stopped"):
        assert rows[name] == dataset.attrs[name]
    assert f"{'grid changes':<16}t = 1: q wider\n{' ' * 16}t = 2: x finer" in out
