"""What is shown of a computation: in place on a terminal, in few lines in a log, and never in the way of others."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from support.terminal import Terminal

from wignercq.run import progress
from wignercq.run.progress import Bar, Log, Progress, showing, showing_command


def test_one_line_is_replaced_in_place_and_gone_in_the_end() -> None:
    """Kills: a line for each stage; the rest of a longer text behind a shorter one; a text left behind an error."""

    def failing() -> None:
        with Bar() as shown:
            shown.tell("a long text about what is done")
            assert terminal.screen == ["a long text about what is done ..."]
            shown.tell("short")
            assert terminal.screen == ["short ..."]
            raise ZeroDivisionError

    with redirect_stderr(Terminal()) as terminal, pytest.raises(ZeroDivisionError):
        failing()
    assert terminal.screen == []


def test_the_bar_takes_the_place_of_the_line_and_stays() -> None:
    """Kills: a bar below the line, a text before the bar that stays, a bar that ends before its end or vanishes."""
    with redirect_stderr(Terminal()) as terminal, Bar() as shown:
        shown.tell("choosing the grid")
        shown.start(0.8, text="tables")
        (line,) = terminal.screen
        assert line.startswith("tables:   0%|")
        shown.reach(0.0)
        shown.reach(0.8)
        shown.finish()
        (line,) = terminal.screen
        assert line.startswith("100%|")
        assert "t = 0.8/0.8" in line
        shown.tell("writing")
        assert terminal.screen[1:] == ["writing ..."]
    assert terminal.screen == [line]


def test_texts_fit_the_terminal() -> None:
    """Kills: a text of two rows, the first of which nothing removes."""
    with redirect_stderr(Terminal()) as terminal, Bar() as shown:
        shown.tell("x" * 500)
        assert terminal.screen == ["x" * (progress.WIDTH - 5) + " ..."]


def test_warnings_and_messages_are_whole_lines_above() -> None:
    """Kills: a warning behind the text, on the same line; the text gone or doubled after it; warnings swallowed."""
    with redirect_stderr(Terminal()) as terminal, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = before = lambda message, *_: sys.stderr.write(f"{message}\n") and None
        with Bar() as shown:
            shown.tell("choosing the grid")
            warnings.warn("careful", stacklevel=1)
            shown.say("one more")
            assert terminal.screen == ["careful", "one more", "choosing the grid ..."]
        assert terminal.screen == ["careful", "one more"]
        assert warnings.showwarning is before


def test_warnings_that_are_recorded_stay_recorded() -> None:
    """Kills: pytest.warns, or a caller who collects warnings, that no longer sees those of a run with a bar."""
    with (
        redirect_stderr(Terminal()) as terminal,
        warnings.catch_warnings(record=True) as caught,
        Bar() as shown,
    ):
        warnings.simplefilter("always")
        shown.tell("choosing the grid")
        warnings.warn("careful", stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["careful"]
    assert terminal.screen == []


def test_who_shows_what() -> None:
    """Kills: a bar in a file, a bar although quiet, silence where progress was asked, two bars for one run."""
    kinds = {}
    for stream in (Terminal(), io.StringIO()):
        with redirect_stderr(stream):
            contexts = showing(True), showing(False), showing_command(False), showing_command(True)
        kinds[stream.isatty()] = [type(context) for context in contexts]
    assert kinds == {True: [Bar, Progress, Bar, Progress], False: [Log, Progress, Log, Progress]}
    mine = Progress()
    with showing(mine) as shown:
        assert shown is mine


def test_a_log_has_few_lines_that_say_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: a line in the log of a job of seconds, one for each step, a wrong time left, days of silence."""
    now = [1000.0]
    monkeypatch.setattr(progress.clock, "monotonic", lambda: now[0])
    with Log(progress.SILENCE, progress.FIRST) as log:
        log.tell("choosing the grid")
        now[0] += 12
        log.tell("trial runs")
        log.start(20.0, 4.0)
        for step in range(1, 1025):  # an hour and 40 minutes, 16 units of time
            now[0] += 6000 / 1024
            log.reach(4.0 + step / 64)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "wignercq: trial runs ..."
    assert lines[1] == "wignercq: t = 4.172 of 20, 0:01:04 gone, about 1:38:56 left"  # 11 of 1024, a minute later
    assert lines[2].startswith("wignercq: t = 5.781 of 20, ")  # another 103
    assert len(lines) == 2 + 1013 // 103
    with Log(progress.SILENCE, progress.FIRST) as log:
        log.start(1000.0)
        for step in range(1, 101):  # 10 % take ten hours
            now[0] += 600
            log.reach(step / 6)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 + 99 // 3
    assert lines[1].startswith("wignercq: t = 0.6667 of 1000, 0:40:00 gone")
    with Log() as log:
        log.start(3, unit="points")
        log.reach(1)
    assert capsys.readouterr().err.startswith("wignercq: 1 of 3 points, 0:00:00 gone")


NOTEBOOK = """
import sys
from unittest import mock
for name in ("ipykernel.zmqshell", "IPython", "IPython.display"):
    sys.modules[name] = mock.MagicMock()
sys.modules["IPython.html.widgets"] = None
class HBox(mock.MagicMock):
    def __init__(self, children=(), **options):
        super().__init__(children=children, **options)
sys.modules["ipywidgets"] = mock.MagicMock(HBox=HBox) if WIDGETS else None
from wignercq.run.progress import showing
with showing(True) as shown:
    shown.tell("choosing the grid")
    kinds = [kind.__module__ for kind in type(shown._shown).__mro__]
print("tqdm.notebook" in kinds)
"""


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_has_its_own_bar(tmp_path: Path, widgets: bool) -> None:
    """Kills: no bar in a kernel, whose stderr need not be a terminal; a warning where ipywidgets is not installed."""
    code = NOTEBOOK.replace("WIDGETS", str(widgets))
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, [str(widgets)]), done.stderr
    assert "Warning" not in done.stderr
    assert ("choosing the grid" in done.stderr) is not widgets
