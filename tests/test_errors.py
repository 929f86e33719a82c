"""Errors that carry their parts, and the wording of values in their messages."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from wignercq import errors
from wignercq.errors import (
    CheckpointError,
    ConfigError,
    ExpressionError,
    GridError,
    InputError,
    MemoryLimitError,
    ModelError,
    StateError,
    brief,
    cut,
    listed,
    quoted,
    readable_size,
)

KINDS = [InputError, ExpressionError, ModelError, GridError, StateError, ConfigError, MemoryLimitError, CheckpointError]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_its_parts_through_copies_and_pickles(kind: type[InputError]) -> None:
    """Kills: parts lost or exchanged between processes, or a class that makes its message in another way."""
    for error in (made := kind("run.dt", "at most 0.5", 2.25), copy.copy(made), pickle.loads(pickle.dumps(made))):
        assert type(error) is kind
        assert (error.argument, error.expected, error.got) == ("run.dt", "at most 0.5", "2.25")
        assert str(error) == "run.dt: expected at most 0.5, got 2.25"


def test_an_error_is_put_under_a_prefix() -> None:
    """Kills: a prefix at the wrong end, a class that is lost, and the original changed by it."""
    error = GridError("points", "at least 8", "7; raise points")
    under = error.under("grid.x")
    assert (type(under), str(under)) == (GridError, "grid.x.points: expected at least 8, got 7; raise points")
    assert type(error.under("grid.x", ConfigError)) is ConfigError
    assert str(error) == "points: expected at least 8, got 7; raise points"


@pytest.mark.parametrize(
    ("argument", "renamed"),
    [
        ("state", "initial"),
        ("state.hbar", "initial.hbar"),
        ("parameters.state", "parameters.state"),
        ("states", "states"),
        ("state: 1", "state: 1"),
    ],
)
def test_only_the_first_part_is_renamed(argument: str, renamed: str) -> None:
    """Kills: a part that is renamed as if it were an argument, and a message cut at its colons."""
    error = StateError(argument, "an hbar: 1", "2").renamed({"state": "initial"}, ConfigError)
    assert (type(error), str(error)) == (ConfigError, f"{renamed}: expected an hbar: 1, got 2")
    assert type(StateError("a", "b", "c").renamed({})) is StateError


def test_what_others_say_stands_behind_a_colon(tmp_path: Path) -> None:
    """Kills: the path said twice, a message of several lines, and a second space."""
    with pytest.raises(OSError, match="none") as refusal:
        (tmp_path / "none").open()
    assert str(InputError(tmp_path, "a file", quoted(refusal.value))) == (
        f"{tmp_path}: expected a file, got: No such file or directory"
    )
    assert quoted(ValueError("two\n  lines")) == ": two lines"


def test_values_are_worded_on_one_short_line() -> None:
    """Kills: a message of the length of what came, or an exception while it is worded."""
    assert brief("a\n" + "b" * 70) == f"'a\\n{'b' * 58}...'"
    assert brief(10**40) == "1" + "0" * 17 + "..." + "0" * 19
    assert brief([10**5000]) == "a number of thousands of digits"
    assert brief({"k": 0.5}) == "{'k': 0.5}"
    assert (cut("c" * 60), cut("c" * 61)) == ("c" * 60, "c" * 60 + "...")
    assert (listed("abc", 3), listed("abc", 2)) == ("a, b, c", "a, b, ...")
    assert (readable_size(1.5 * 2**20), readable_size(2.25 * 2**30)) == ("1.5 MiB", "2.2 GiB")


def test_all_warnings_point_at_the_caller() -> None:
    """Kills: a new warning that points at a line of this package, where only `errors.warn` knows the caller's."""
    package = Path(errors.__file__).parent
    files = [path for path in package.rglob("*.py") if "warnings.warn(" in path.read_text(encoding="utf-8")]
    assert files == [package / "errors.py"]


def test_a_file_is_not_renamed() -> None:
    """Kills: `state.nc` called `initial.nc` because there is an argument of that name."""
    assert str(InputError(Path("state.nc"), "a result", "nothing").renamed({"state": "initial"})) == (
        "state.nc: expected a result, got nothing"
    )
