"""What a command shows from its first second on: on a terminal, in a file, and when it is stopped."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from support.configurations import box, configuration
from support.terminal import Terminal, seen

from wignercq.cli import commands as cli
from wignercq.planning.grid_choice import Outlook
from wignercq.planning.pilot import Pilot
from wignercq.run import progress
from wignercq.run.progress import Progress

#: Half a second of steps on a small grid; `OPEN` leaves the grid and the step to the program.
FIXED = configuration(grid=box(20, 22, 26, 28), run={"duration": 0.6, "outputs": 3, "dt": 0.2, "frames": 2})
OPEN = configuration(grid={}, run={"duration": 0.4, "outputs": 2, "tolerance": 1e-3, "frames": 2})
TINY = {"grid": box(20, 22, 26, 28), "compare": {"threshold": 0.09, "observables": ["cov_xx", "mean_p"]}}
COMPARED = configuration(**TINY, run={"duration": 0.3, "outputs": 2, "tolerance": 9e-4})
#: Ends with the names of what is loaded when the first line is shown.
TELLING = """
import sys
from wignercq.cli.commands import main
from wignercq.run import progress
progress.showing_command = lambda quiet: progress.Bar()
progress.Bar.tell = lambda self, text: sys.exit(" ".join(sys.modules))
main(["compare", "run.toml", "-o", "out"])
"""
HEAVY = {"numpy", "scipy", "sympy", "xarray", "pydantic", "matplotlib", "pyfftw"}


class Notes(Progress):
    """What is told, in order, and between what a bar went."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    def start(self, total: float, done: float = 0, *, text: str = "", unit: str = "") -> None:
        self.told.append(f"{done:g} to {total:g} {unit}".strip())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Of the next command."""
    notes = Notes()
    monkeypatch.setattr(progress, "showing_command", lambda quiet: notes)
    return notes


@contextmanager
def on_terminal(*arguments: str) -> Iterator[int]:
    """A command in a process of its own, on a terminal from which to read."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wignercq.cli", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        yield ours
        process.wait(60)
    os.close(ours)


def rest_of(terminal: int) -> str:
    """All that is still written."""
    pieces = []
    try:
        while piece := os.read(terminal, 4096):
            pieces.append(piece)
    except OSError:  # the other end is closed
        pass
    return b"".join(pieces).decode()


def test_the_first_line_is_there_before_the_libraries(folder: Path) -> None:
    """Kills: seconds of nothing after Enter, because something is imported before something is shown."""
    Path("run.toml").write_text(FIXED)
    begun = time.monotonic()
    with on_terminal("run", "run.toml") as terminal:
        first = os.read(terminal, 4096).decode()
        assert time.monotonic() - begun < 5.0  # it takes a tenth of a second on an idle machine
        assert first.strip() == "reading run.toml ..."
        lines = seen(first + rest_of(terminal))
    assert lines[-2].split() == ["written", "run.nc"]
    assert lines[-1].startswith("wignercq: next: wignercq plot run.nc -o ")
    assert any(line.startswith("100%|") and "t = 0.6/0.6" in line for line in lines)
    assert not any("..." in line for line in lines)
    done = subprocess.run([sys.executable, "-c", TELLING], capture_output=True, text=True, check=False)
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert "tqdm" in loaded
    assert loaded & HEAVY == set()


def test_nothing_is_shown_when_quiet_or_in_a_file(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Kills: a bar in spite of --quiet, a bar in the log of a job."""
    Path("run.toml").write_text(FIXED.replace("dt = 0.2", "tolerance = 0.5"))
    with redirect_stderr(Terminal()) as terminal:
        assert cli.main(["run", "run.toml", "--quiet"]) == 0
    assert terminal.getvalue() == ""
    assert capfd.readouterr() == ("", "")
    assert cli.main(["run", "run.toml", "--force"]) == 0
    assert capfd.readouterr().err.startswith("wignercq: next: ")


@pytest.mark.slow
def test_stages_of_a_run(folder: Path, notes: Notes) -> None:
    """Kills: a stage that is not told, told too late or under the name of another."""
    Path("run.toml").write_text(OPEN)
    assert cli.main(["run", "run.toml"]) == 0
    begun, chosen = notes.told.index("choosing the grid"), notes.told.index("initial state on the grid")
    assert notes.told[:begun] == ["reading run.toml"]
    assert notes.told[begun + 1] == "trial runs for the time step (3, 6 steps)"
    assert all("trial runs for" in text for text in notes.told[begun + 1 : chosen])
    assert notes.told[chosen + 1 :] == ["0 to 0.4", "writing run.nc"]
    notes.told.clear()
    Path("run.toml").write_text(FIXED)
    assert cli.main(["run", "run.toml", "--force"]) == 0
    assert notes.told[:3] == [
        "reading run.toml",
        "initial state on the grid",
        "trial runs for the time step (3, 6 steps)",
    ]
    assert notes.told[-2:] == ["0 to 0.6", "writing run.nc"]
    notes.told.clear()
    assert cli.main(["plot", "run.nc", "-o", "figures"]) == 0
    names = ("planes", "moments", "diagnostics")
    assert notes.told == ["reading run.nc", "figures", *(f"drawing {name}.png" for name in names)]
    notes.told.clear()
    assert cli.main(["plot", "run.nc", "-o", "figures", "--animate"]) == 0
    assert notes.told[:2] == ["reading run.nc", "0 to 2 frames"]
    assert notes.told[2].startswith("writing planes.")
    notes.told.clear()
    assert cli.main(["theory", "run.toml"]) == 0
    assert notes.told == ["reading run.toml", "Gaussian theory of the model"]


@pytest.mark.slow
def test_stages_of_a_comparison_and_of_a_sweep(folder: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: minutes of figures behind a finished bar; points of a sweep that are done already, shown as to do."""
    Path("model.toml").write_text(COMPARED)
    assert cli.main(["compare", "model.toml", "-o", "out"]) == 0
    first = notes.told.index("trial runs for the time step (3, 6 steps)")
    assert notes.told[:first] == ["reading model.toml", "equations to compare", "initial state on the grid"]
    drawn = [f"drawing {name}.png" for name in ("theories", "errors")]
    last = notes.told.index("0 to 0.3")
    assert notes.told[last:] == [
        "0 to 0.3",
        "writing breakdown.nc",
        "figures",
        *drawn,
        "writing report.html",
    ]
    Path("swept.toml").write_text(COMPARED + "[sweep]\ng = [0.1, 0.2]\n")
    for done in (0, 2):
        notes.told.clear()
        assert cli.main(["compare", "swept.toml", "-o", "swept"]) == 0
        assert notes.told[:3] == ["reading swept.toml", "points of the sweep", f"{done} to 2 points"]
        assert notes.told[3:] == ["writing sweep.nc", "figures", "drawing map.png", "writing report.html"]


@pytest.mark.parametrize(("kind", "name"), [(Outlook, "of"), (Pilot, "run")])
def test_a_signal_during_the_search_leaves_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: type, name: str
) -> None:
    """Kills: Ctrl-C without effect before the first step, or its line behind what was shown."""

    def pressed(*arguments: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(kind, name, pressed)
    Path("run.toml").write_text(OPEN)
    with redirect_stderr(Terminal()) as terminal:
        assert cli.main(["run", "run.toml"]) == 130
    assert "choosing the grid" in terminal.getvalue()
    assert terminal.screen == ["wignercq: interrupted"]


def test_warnings_and_errors_are_lines_of_their_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a warning or an error behind a text or a bar, or with the rest of one behind it."""
    Path("run.toml").write_text(FIXED)
    with redirect_stderr(Terminal()) as terminal:
        assert cli.main(["run", "run.toml"]) == 0
    *warned, bar, following = terminal.screen
    assert following.startswith("wignercq: next: ")
    assert len(warned) >= 1
    assert all(line.startswith("wignercq: warning: ") for line in warned)
    assert bar.startswith("100%|")
    Path("run.toml").write_text(FIXED.replace("friction", "fricton"))
    with redirect_stderr(Terminal()) as terminal:
        assert cli.main(["run", "run.toml"]) == 2
    (line,) = terminal.screen
    assert line.startswith("wignercq: model.classical.fricton: expected")
