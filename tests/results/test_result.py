"""What all kinds of results share: one loader, one way to write, a summary."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import xarray as xr
from support import results

import wignercq
from wignercq.comparison import Breakdown
from wignercq.correlations import TwoTime
from wignercq.errors import InputError
from wignercq.results.result import Result
from wignercq.results.solution import Solution
from wignercq.results.whole_file import whole_file
from wignercq.steady import SteadyState
from wignercq.sweep import SteadySweep, SweepResult

MADE = {
    Solution: lambda: Solution(results.result(outputs=6, frames=2)),
    Breakdown: results.breakdown,
    SweepResult: results.sweep,
    TwoTime: results.two_times,
    SteadyState: results.steady,
    SteadySweep: results.steady_sweep,
}


@pytest.mark.parametrize("kind", MADE)
def test_one_loader_knows_every_kind_and_reads_once(
    kind: type[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: a kind taken for another, a file read twice."""
    made, path = MADE[kind](), tmp_path / "some.nc"
    made.save(path)
    read, original = [], xr.load_dataset
    monkeypatch.setattr(xr, "load_dataset", lambda *given, **named: read.append(given) or original(*given, **named))
    loaded = wignercq.load(path)
    assert (type(loaded), len(read)) == (kind, 1)
    xr.testing.assert_identical(loaded.dataset, kind.load(path).dataset)
    assert loaded.summary() == made.summary()
    for other in MADE:
        if issubclass(kind, other):  # a steady state is what a run gives at one time, and more
            continue
        with pytest.raises(InputError, match=r"some\.nc: expected .*, got "):
            other.load(path)


def test_what_is_no_result_is_refused_by_the_one_loader(tmp_path: Path) -> None:
    """Kills: a folder or a strange file that ends in a traceback of another library."""
    with pytest.raises(InputError, match="expected a result file, got a folder"):
        wignercq.load(tmp_path)
    with pytest.raises(InputError, match=r"none\.nc: expected a result file, got nothing at this path"):
        wignercq.load(tmp_path / "none.nc")


def test_only_results_with_outputs_have_times() -> None:
    """Kills: the times of a sweep or of delays, which have none, as an error that hasattr does not understand."""
    assert [hasattr(make(), "time") for make in MADE.values()] == [True, True, False, False, True, False]


def test_the_summary_of_a_run_holds_its_last_numbers_and_those_of_a_theory() -> None:
    """Kills: a summary without the numbers, without how far to trust them, or deaf to the theory."""
    solution = MADE[Solution]()
    alone, beside = solution.summary(), solution.summary(wignercq.LinearModel.from_model(results.model()))
    for text in (alone, beside):
        assert f"{solution.mean[-1, 2]:.8f}" in text
        assert f"{solution.time_error:.1e} of the maximum of W" in text
    assert [len(text.splitlines()[3].split()) for text in (alone, beside)] == [2, 4]


def test_a_whole_file_replaces_the_old_one_at_the_end(tmp_path: Path) -> None:
    """Kills: a target that changes before all is written, a partial file left beside it."""
    target = tmp_path / "page"
    target.write_text("old")
    with whole_file(target, room=1000) as partial:
        assert partial.stat().st_size in (0, 1000)
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    with pytest.raises(ZeroDivisionError), whole_file(target) as partial:
        partial.write_text(str(1 / 0))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"page": "new"}


@pytest.mark.parametrize("call", ["posix_fallocate", "fsync", "replace"])
def test_a_whole_file_that_cannot_be_written_leaves_nothing(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: an error of the system swallowed, or debris after it."""

    def failing(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(OSError, match="no space left"), whole_file(tmp_path / "page", room=1000) as partial:
        partial.write_text("new")
    assert list(tmp_path.iterdir()) == []


def test_a_system_that_reserves_no_room_writes_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: results that cannot be saved where os.posix_fallocate does not exist."""
    monkeypatch.delattr(os, "posix_fallocate")
    MADE[Solution]().save(tmp_path / "run.nc")
    assert wignercq.load(tmp_path / "run.nc").time.size == 7
