"""What --resume goes on with at the command line, and what it refuses to."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from support.configurations import configuration
from support.processes import WELLS, WIDE

from wignercq.cli import commands as cli
from wignercq.run.track import Track

SMALL = configuration(
    **WELLS,
    grid=WIDE,
    run={"duration": 0.3, "outputs": 3, "dt": 0.1, "precision": "float32", "checkpoint_every": "0.001 s"},
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::wignercq.errors.ResolutionWarning")
def test_the_command_line_resumes_what_belongs_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: --resume that starts afresh in silence, takes another run for its own or computes a finished one again."""
    config, result = tmp_path / "run.toml", tmp_path / "out.nc"

    def run(*options: str, friction: float = 0.3) -> tuple[int, str]:
        config.write_text(SMALL.replace("friction = 0.3", f"friction = {friction}"))
        code = cli.main(["run", str(config), "-o", str(result), *options])
        lines = [line for line in capsys.readouterr().err.splitlines() if ": warning: " not in line]
        return code, "".join(line.removeprefix(f"wignercq: {tmp_path}/") for line in lines)

    nothing = "out.nc.checkpoint: expected a checkpoint to resume, got nothing at this path"
    assert run("--resume") == (2, nothing)
    with monkeypatch.context() as patch:
        patch.setattr(Track, "_judge", lambda *arguments: os.kill(os.getpid(), signal.SIGINT))
        code, line = run()
    assert (code, line.rpartition("; ")[2]) == (130, "go on with --resume")
    assert run("--resume", friction=0.4) == (
        2,
        "wignercq: model.classical.friction: expected 0.3 as in the checkpoint, got 0.4 (line 7)",
    )
    code, line = run("--resume", "--quiet")
    assert (code, line) == (0, "")
    assert cli.main(["info", str(result)]) == 0
    assert re.search(r"^resumed +at t = 0", capsys.readouterr().out, flags=re.MULTILINE)
    assert run("--resume") == (0, "out.nc is finished; nothing to resume")
    code, line = run("--resume", friction=0.4)
    assert (code, line) == (2, "out.nc: expected a run to resume, got the finished result of another configuration")
    for suffix in ("", ".previous"):
        (tmp_path / f"out.nc.checkpoint{suffix}").write_bytes(b"damaged")
    code, line = run("--resume", friction=0.4)
    assert (code, line.count("got a damaged one")) == (2, 2)
    untouched = "out.nc: expected no finished result, or --force to replace it, got "
    assert run(friction=0.4) == (2, f"{untouched}the finished result of another configuration")
    code, line = run("--force", friction=0.4)
    assert code == 0
    assert line.startswith("wignercq: starting afresh; ")
    assert sorted(os.listdir(tmp_path)) == ["out.nc", "run.toml"]
