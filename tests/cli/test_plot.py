"""The command plot: format, size, resolution, frames and names of figures as asked for; faults in a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support import results

from wignercq.cli import commands as cli
from wignercq.correlations import TwoTime
from wignercq.correlations.format import theory_attributes
from wignercq.gaussian import LinearModel
from wignercq.plotting.animation import rate
from wignercq.plotting.figures import figures
from wignercq.plotting.style import spread
from wignercq.results.solution import Solution


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with three frames."""
    path = tmp_path_factory.mktemp("plot") / "run.nc"
    Solution(results.result()).save(path)
    return path


def test_one_figure_of_this_size_in_this_format(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: an option that changes nothing; figures that were not asked for."""
    asked = ["--only", "moments", "--size", "3.4x3", "--dpi", "50"]
    assert cli.main(["plot", str(run), "-o", str(tmp_path), *asked]) == 0
    assert cli.main(["plot", str(run), "-o", str(tmp_path), "--format", "pdf", *asked]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / f"moments.{suffix}") for suffix in ("png", "pdf")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["moments.pdf", "moments.png"]
    with Image.open(tmp_path / "moments.png") as picture:
        assert picture.size == (170, 150)
    assert b"244.8 216" in (tmp_path / "moments.pdf").read_bytes()  # points


def test_frames_are_spread_over_the_run(run: Path) -> None:
    """Kills: the first frames in place of some from all the run; frames in another order."""
    assert [spread(21, count) for count in (1, 2, 5, 30)] == [[20], [0, 20], [0, 5, 10, 15, 20], [*range(21)]]
    drawn = figures(Solution.load(run).dataset, [], frames=2, only=["planes"], size=2.5)
    assert [ax.get_title() for ax in drawn["planes"].axes if ax.get_title()] == ["$t = 0$", "$t = 12$"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--only", "planes,moment"], "only: expected some of planes, moments, diagnostics, got moment"),
        (["--frames", "4"], "frames: expected a number from 1 to 3, the planes in the result, got 4"),
        (["--size", "wide"], "expected a width or width x height in inches, 3.4 or 7x5, got 'wide'"),
        (["--size", "700"], "size: expected a width, or width and height, from 0.5 to 100 inches, got 700.0"),
        (["--format", "jpg"], "'jpg' is not one of 'png', 'pdf', 'svg'"),
        (["--animate", "--frames", "2"], "--animate: expected none of --only, --frames and --format"),
    ],
)
def test_what_cannot_be_drawn(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    """Kills: tracebacks, and folders made for nothing."""
    assert cli.main(["plot", str(run), "-o", str(tmp_path / "new"), *options]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_an_animation_has_all_frames_and_says_how_to_get_more(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kills: five pictures taken for a smooth animation; a rate that makes a long run a blink."""
    assert cli.main(["plot", str(run), "-o", str(tmp_path), "--animate", "--dpi", "20", "--size", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(str(tmp_path / "planes."))
    assert "has the 3 frames of the result; a run with run.outputs = 48 and run.frames = 49 makes a smooth one" in err
    assert [rate(frames) for frames in (3, 48, 101, 1000)] == [4.0, 6.0, 12.625, 25.0]


def test_two_time_functions_of_a_quadratic_model_get_its_lines(tmp_path: Path) -> None:
    """Kills: a file that forgets its theory, lines of a theory beside a state that is not its steady one."""
    made = results.two_times(first="qx", second="x", end=4.0)
    made.dataset.attrs |= theory_attributes(results.RELAXING)
    made.save(tmp_path / "two.nc")
    loaded = TwoTime.load(tmp_path / "two.nc")
    theory = loaded.theory
    assert theory is not None
    drift = LinearModel.from_model(results.RELAXING).drift
    assert abs(theory.drift - drift).max() == 0
    lines = [line for ax in loaded.plot.functions().axes for line in ax.lines if len(line.get_xdata(orig=False)) == 400]
    assert len(lines) == 4
    changed = loaded.dataset.assign(state_change=loaded.dataset["state_change"] + 0.2)
    assert TwoTime(changed).theory is None
    assert theory_attributes(results.config().model) == {}
