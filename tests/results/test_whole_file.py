"""Where results go: over files alone, through links, and never over anything else."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pytest
from support import results, systems
from support.places import PLACES, make, picture

from wignercq import evolve
from wignercq.errors import InputError
from wignercq.results.solution import Solution
from wignercq.results.whole_file import destination, whole_file


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("kind", PLACES)
def test_what_is_no_file_is_left_as_it_is(kind: str, linked: bool, tmp_path: Path) -> None:
    """Kills: a device, a pipe, a socket or a file that is read-only replaced by the superuser, or through a link."""
    target = tmp_path / "out.nc"
    make(kind, target, linked)
    before = picture(tmp_path)
    save: list[Any] = [
        lambda: destination(target),
        lambda: Solution(results.result(outputs=6, frames=2)).save(target),
        lambda: evolve(
            systems.quartic(), systems.packet(), grid=systems.SMALL, duration=0.1, dt=0.1, checkpoint=target
        ),
    ]
    for attempt in save:
        with pytest.raises(InputError) as refused:
            attempt()
        leads = f"a link to {tmp_path.resolve() / 'place'}, " if linked else ""
        assert str(refused.value).endswith(f", got {leads}{kind}")
        assert str(refused.value).startswith(f"{target}: expected a file ")
    assert picture(tmp_path) == before


def test_the_null_device_is_a_device() -> None:
    """Kills: ``-o /dev/null`` of the superuser, after which the machine has no null device."""
    with pytest.raises(InputError, match=r"^/dev/null: expected a file to write, got a device$"):
        destination(Path("/dev/null"))


def test_links_to_files_stay(tmp_path: Path) -> None:
    """Kills: a link replaced by a file, its file left as it was; one that leads nowhere or in a circle followed."""
    there, link, new = tmp_path / "there" / "out.nc", tmp_path / "out.nc", tmp_path / "new.nc"
    there.parent.mkdir()
    there.write_text("old")
    link.symlink_to(there)
    new.symlink_to(Path("there") / "new.nc")
    for target, place in ((link, there), (new, there.with_name("new.nc"))):
        with whole_file(target) as partial:
            assert partial.parent == there.parent
            partial.write_text("new")
        assert target.is_symlink()
        assert place.read_text() == "new"
    assert sorted(path.name for path in there.parent.iterdir()) == ["new.nc", "out.nc"]
    nowhere, circle = tmp_path / "nowhere", tmp_path / "circle"
    nowhere.symlink_to(tmp_path / "none" / "out.nc")
    circle.symlink_to(circle)
    with pytest.raises(
        InputError, match=r"expected a file in an existing folder, got a link to .* whose folder is none"
    ):
        destination(nowhere)
    with pytest.raises(InputError, match="circle: expected a file to write, got: Too many levels of symbolic links"):
        destination(circle)
    with pytest.raises(InputError, match="expected a file to write, got: embedded null"):
        destination(Path("a\0b"))


def test_a_file_in_the_way_of_the_partial_one_is_no_reason_to_wait(tmp_path: Path) -> None:
    """Kills: a run that hangs at its very end because a named pipe has the name of its partial file."""
    os.mkfifo(tmp_path / "out.nc.partial")
    before = picture(tmp_path)
    with (
        pytest.raises(InputError, match=r"out\.nc\.partial: expected a file to write, got a named pipe"),
        whole_file(tmp_path / "out.nc"),
        warnings.catch_warnings(),
    ):
        pass
    assert picture(tmp_path) == before
