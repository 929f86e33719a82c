"""A run goes on from a checkpoint to the last bit, and from nothing else than its own whole checkpoint."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import systems
from support.processes import require_identical
from support.systems import SMALL

from wignercq import Axis, FixedAxis, Grid, Solution, evolve
from wignercq.errors import CheckpointError, CheckpointWarning, InputError, Interrupted, MemoryLimitError
from wignercq.run.array_file import Archive
from wignercq.run.request import ALONE
from wignercq.run.track import Track

SETTINGS: dict[str, Any] = {
    "grid": SMALL,
    "times": [0.1, 0.25],
    "dt": 0.1,
    "tolerance": 0.05,
    "frames": 2,
    "keep_state": True,
}


@pytest.fixture
def stop_at_looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A list; when W is looked at and the first number in it counts down to zero, Ctrl-C is pressed."""
    yield from _stopping(monkeypatch)


def _stopping(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    looks: list[int] = []
    judge = Track._judge

    def stopping(self: Track, *arguments: Any) -> None:
        judge(self, *arguments)
        if looks:
            looks[0] -= 1
            if looks[0] == 0:
                looks.pop(0)
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Track, "_judge", stopping)
    yield looks


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Solution]:
    """A checkpoint at t = 0.1 with one of t = 0 before it, and the run as it is without a stop."""
    path = tmp_path_factory.mktemp("stopped") / "run.checkpoint"
    whole = evolve(systems.quartic(), systems.packet(), **SETTINGS)
    with pytest.MonkeyPatch.context() as monkeypatch:
        looks = next(_stopping(monkeypatch))
        looks.append(2)
        with pytest.raises(Interrupted):
            evolve(systems.quartic(), systems.packet(), **SETTINGS, checkpoint=path, checkpoint_every=1e-9)
    return path, whole


@pytest.fixture
def checkpoint(stopped: tuple[Path, Solution], tmp_path: Path) -> Path:
    """A copy of both checkpoints, to be spoiled."""
    path, _ = stopped
    for file in (path, previous(path)):
        shutil.copy(file, tmp_path)
    return tmp_path / path.name


def previous(path: Path) -> Path:
    return path.with_name(path.name + ".previous")


def resume(path: Path, **changes: Any) -> Solution:
    return evolve(systems.quartic(), systems.packet(), **{**SETTINGS, **changes}, checkpoint=path, resume=True)


def test_resuming_is_identical_while_the_grid_grows(tmp_path: Path, stop_at_looks: list[int], monkeypatch) -> None:
    """Kills: steps fused differently after a stop; stretches, copies, warnings or energy rates that were forgotten.

    The grid grows before, between and after the stops, outputs lie between steps, threads change, W is float32, and
    the stretches between two looks become shorter as the grid grows.
    """
    grid = Grid(Axis(-3.4, 3.6, 16), Axis(-4.2, 4.0, 18), Axis(-3.3, 3.2, 20), Axis(-3.6, 3.7, 22))
    settings = {**SETTINGS, "grid": grid, "adapt": True, "times": [0.13, 0.3, 0.55, 0.8], "dt": 0.05}
    settings |= {"tolerance": 1.1e-4, "precision": "float32", "frames": 3}
    monkeypatch.setattr("wignercq.run.time_loop.CHECKS_PER_RUN", 4)
    monkeypatch.setattr("wignercq.run.time_loop.STRETCH_WORK", 4 * grid.size)
    with pytest.warns(match="edge mass of axis q"):
        whole = evolve(systems.quartic(), systems.packet(), **settings)
    settings["checkpoint"] = tmp_path / "run.checkpoint"
    stop_at_looks.append(2)
    with pytest.warns(match="edge mass of axis q"), pytest.raises(Interrupted):
        evolve(systems.quartic(), systems.packet(), **settings)
    for threads, stop in enumerate([3, 1, 2, 1], start=1):  # a second warning would be an error
        stop_at_looks.append(stop)
        with pytest.raises(Interrupted):
            evolve(systems.quartic(), systems.packet(), **settings, resume=True, threads=threads)
    resumed = evolve(systems.quartic(), systems.packet(), **settings, resume=True)
    changes = [line.split(":")[0] for line in resumed.dataset.attrs["grid_changes"].splitlines()]
    places = resumed.dataset.attrs["resumed"].splitlines()
    assert len(set(changes)) >= 3
    assert len(places) == 5
    assert resumed.dataset["W"].dtype == np.float32
    require_identical(resumed.dataset, whole.dataset)


def test_the_last_two_are_kept_and_each_is_signed(stopped: tuple[Path, Solution]) -> None:
    """Kills: partial files left behind, one checkpoint only, and damage that goes unnoticed: every byte counts."""
    path, _ = stopped
    assert sorted(os.listdir(path.parent)) == ["run.checkpoint", "run.checkpoint.previous"]
    assert Archive.read(path).header["header"]["steps"] == 1
    assert Archive.read(previous(path)).header["header"]["steps"] == 0
    whole = path.read_bytes()
    spoiled = path.with_name("spoiled")
    rng = np.random.default_rng(5)
    places = [0, 30, 95, 110, 2000, len(whole) - 1, *rng.integers(0, len(whole), 14)]
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        spoiled.write_bytes(flipped)
        with pytest.raises(CheckpointError, match="a damaged one"):
            Archive.read(spoiled)
    for size in [0, 50, 96, 103, 5000, len(whole) - 1]:
        spoiled.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="a damaged one"):
            Archive.read(spoiled)
    spoiled.unlink()


@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing"])
def test_the_one_before_stands_in_for_a_damaged_one(checkpoint: Path, stopped, damage: str, recwarn) -> None:
    """Kills: a run that is lost with one bad file, or goes on from it; the spare overwritten by the damaged one."""
    whole = checkpoint.read_bytes()
    if damage == "missing":
        checkpoint.unlink()
    else:
        checkpoint.write_bytes(whole[:-7] if damage == "truncated" else whole[:-7] + b"?" + whole[-6:])
    spare = previous(checkpoint).read_bytes()
    resumed = resume(checkpoint, checkpoint_every=1e9)
    assert [str(w.message) for w in recwarn if w.category is CheckpointWarning] == (
        [f"{checkpoint}: expected a whole checkpoint, got a damaged one; going on from the one before"]
        if damage != "missing"
        else []
    )
    assert resumed.dataset.attrs["resumed"] == "at t = 0"
    assert (previous(checkpoint) if damage == "missing" else checkpoint).read_bytes() == spare
    require_identical(resumed.dataset, stopped[1].dataset)


def test_both_damaged_or_none_there_is_an_error(checkpoint: Path) -> None:
    """Kills: a run that starts afresh in silence."""
    for path in (checkpoint, previous(checkpoint)):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        CheckpointError, match=r"run\.checkpoint: .* damaged one; .*run\.checkpoint\.previous: .* damaged"
    ):
        resume(checkpoint)
    for path in (checkpoint, previous(checkpoint)):
        path.unlink()
    with pytest.raises(CheckpointError, match="expected a checkpoint to resume, got nothing at this path"):
        resume(checkpoint)
    checkpoint.mkdir()
    with pytest.raises(CheckpointError, match="expected a file to write, got a folder"):
        resume(checkpoint)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 0.05}, r"dt: expected 0\.1 as in the checkpoint, got 0\.05"),
        ({"order": 2}, "order: expected 4 as in the checkpoint, got 2"),
        ({"tolerance": 0.04}, "tolerance: expected 0.05"),
        ({"precision": "float32"}, "precision: expected float64"),
        ({"engine": "array"}, "engine: expected tiled"),
        ({"hbar_order": 0}, "hbar_order: expected None"),
        ({"frames": 3}, "frames: expected 2"),
        ({"adapt": True}, "adapt: expected extents of no axis"),
        ({"times": [0.1, 0.26]}, r"times: expected 3 outputs to t = 0\.25"),
        ({"times": [0.11, 0.25]}, r"times: expected 3 outputs to t = 0\.25"),
        ({"grid": Grid(*list(SMALL)[:3], Axis(-4.6, 4.7, 24))}, r"grid\.y: expected .* points 20 as .* points 24"),
        ({"grid": {"y": FixedAxis(points=20)}}, r"grid\.q: expected extent \[-4\.6, 4\.9\], points 14 .* chosen"),
    ],
)
def test_another_run_is_refused_by_name(stopped: tuple[Path, Solution], changes: dict, message: str) -> None:
    """Kills: results of two runs glued together; the message says what differs."""
    with pytest.raises(CheckpointError, match=message):
        resume(stopped[0], **changes)


def test_another_model_or_state_is_refused_by_name(stopped: tuple[Path, Solution]) -> None:
    """Kills: a model compared by its rounded text, a state not compared at all."""
    common = {**SETTINGS, "checkpoint": stopped[0], "resume": True}
    with pytest.raises(
        CheckpointError, match=r"friction: expected 0\.3 as in the checkpoint, got 0\.30000000000000004"
    ):
        evolve(systems.quartic(friction=np.nextafter(0.3, 1)), systems.packet(), **common)
    parameters = {"k": 0.8, "kappa": 1.1, "g": 0.16, "lam": 0.4}
    with pytest.raises(CheckpointError, match=r"parameters\.g: expected 0\.15 .* got 0\.16"):
        evolve(systems.quartic(parameters=parameters), systems.packet(), **common)
    with pytest.raises(CheckpointError, match="state: expected the initial state of the checkpoint, got another"):
        evolve(systems.quartic(), systems.packet(-0.2001), **common)
    with pytest.raises(CheckpointError, match=r"state: expected GaussianState as .* got sha256"):
        evolve(systems.quartic(), systems.packet().wigner(SMALL), **common)


def test_versions_that_differ_are_told(checkpoint: Path, stopped: tuple[Path, Solution]) -> None:
    """Kills: a silent mixture of versions, or a refusal to go on at all."""
    archive = Archive.read(checkpoint)
    archive.header["header"]["versions"] |= {"numpy": "1.99.9", "wignercq": "0.0.7"}
    Archive(archive.header, {name: array.copy() for name, array in archive.arrays.items()}).write(checkpoint)
    with pytest.warns(CheckpointWarning, match=r"begun with wignercq 0\.0\.7, numpy 1\.99\.9, going on with wignercq"):
        resumed = resume(checkpoint)
    assert (
        f"at t = 0.1 with wignercq {stopped[1].dataset.attrs['wignercq_version']}, numpy"
        in (resumed.dataset.attrs["resumed"])
    )
    assert "scipy" not in resumed.dataset.attrs["resumed"]
    assert resumed.dataset.attrs["wignercq_version"] == "0.0.7"
    for name, variable in stopped[1].dataset.data_vars.items():
        np.testing.assert_allclose(resumed.dataset[name], variable, rtol=1e-12, atol=1e-12, err_msg=str(name))


def test_a_checkpoint_that_cannot_be_written_is_a_warning(tmp_path: Path, stopped, monkeypatch) -> None:
    """Kills: hours of work that end because a disk is full; both checkpoints lost to a write that failed."""
    path, syncs = tmp_path / "run.checkpoint", iter([None, None, OSError(errno.ENOSPC, "No space left on device")])
    fsync = os.fsync

    def failing(handle: int) -> None:
        fault = next(syncs, None)
        if fault is not None:
            raise fault
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.warns(CheckpointWarning, match="got: No space left on device; going on without"):
        solution = evolve(systems.quartic(), systems.packet(), **SETTINGS, checkpoint=path, checkpoint_every=1e-9)
    require_identical(solution.dataset, stopped[1].dataset)
    assert os.listdir(tmp_path) == ["run.checkpoint"]
    assert Archive.read(path).header["header"]["steps"] == 0  # the second one was not written


@pytest.mark.parametrize(
    "spoil",
    [
        {"header": {"steps": float("nan")}},
        {"header": {"steps": 10**9}},
        {"header": {"steps": -1}},
        {"header": {"dt": float("inf")}},
        {"header": {"dt": 0.2}},
        {"header": {"seconds": "a while"}},
        {"header": {"versions": ["numpy"]}},
        {"header": {"format": 1}},
        {"header": {"more": 1}},
        {"header": {"tracks": {}}},
        {"header": {"lost": ["run"]}},
        {"grid": [[0, 1, 8]] * 4},
        {"grid": [[0, 1, 10**8]] * 4},
        {"grid": [[1, 0, 14], [0, 1, 16], [0, 1, 18], [0, 1, 20]]},
        {"frames": [[0.0, [[0, 1, 8]] * 4]]},
        {"frames": [[0.0, "grid"]] * 10**4},
        {"rows/time": np.zeros(2)},
        {"rows/time": np.array([0.0, 0.05])},
        {"rows/mean": np.zeros((2, 3))},
        {"rates": np.full((2, 2), np.nan)},
        {"rates": np.zeros((0, 2))},
        {"W": np.zeros((14, 16, 18, 2))},
        {"W": np.zeros(SMALL.shape, np.float32)},
        {"probe": np.full(8**4 + 8, np.nan)},
        {"rows/purity": None},
    ],
    ids=lambda spoil: "-".join(name for part in (spoil, *spoil.values()) if isinstance(part, dict) for name in part),
)
def test_a_signed_checkpoint_with_nonsense_inside_is_one_line(checkpoint: Path, spoil: dict) -> None:
    """Kills: tracebacks from a stranger's checkpoint, memory allocated on its word, steps without end."""
    archive = Archive.read(checkpoint)
    header, arrays = archive.header, {name: array.copy() for name, array in archive.arrays.items()}
    for name, value in spoil.items():
        if name == "header":
            header["header"] |= value
        elif name in ("grid", "frames"):
            header["records"][ALONE][name] = value
        else:
            arrays[name if name == "probe" else f"{ALONE}/{name}"] = value
    Archive(header, {name: array for name, array in arrays.items() if array is not None}).write(checkpoint)
    previous(checkpoint).unlink()
    with pytest.raises(CheckpointError) as refused:
        resume(checkpoint)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "listed",
    [
        [["W", "<f8", [10**6, 10**6]]],
        [["W", "<f8", [-1, -5]]],
        [["W", "|O", [3]]],
        [["W", "<f8", [3.0]]],
        [["W", "<f8", []]],
        [[["W"], "<f8", [0]]],
        "W",
        7,
    ],
)
def test_array_lists_that_do_not_fill_the_file_are_refused(tmp_path: Path, listed: object) -> None:
    """Kills: objects unpickled, arrays as large as a file claims, bytes that belong to nothing."""
    content = json.dumps({"header": {}, "arrays": listed}).encode()
    body = len(content).to_bytes(8, "little") + content + bytes(64)
    path = tmp_path / "forged"
    path.write_bytes(b"wignercq archive 1, sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    with pytest.raises(CheckpointError, match="another content"):
        Archive.read(path)


def test_resuming_checks_memory_and_arguments(stopped: tuple[Path, Solution], tmp_path: Path) -> None:
    """Kills: a resumed run that meets the out-of-memory killer, checkpoints for a folder that is not there."""
    with pytest.raises(MemoryLimitError, match=r"a memory limit of 1\.0 MiB, got 14 x 16 x 18 x 20 points"):
        resume(stopped[0], memory_limit=2**20)
    with pytest.raises(InputError, match="checkpoint: expected a file in an existing folder"):
        resume(tmp_path / "none" / "run.checkpoint")
    with pytest.raises(InputError, match="checkpoint: expected the path of a checkpoint to resume, got none"):
        resume(None)


def test_evolve_outside_the_main_thread(tmp_path: Path, stopped: tuple[Path, Solution]) -> None:
    """Kills: signal handlers installed where Python refuses them, in a worker thread or a notebook."""
    found = []

    def work() -> None:
        path = tmp_path / "run.checkpoint"
        found.append(evolve(systems.quartic(), systems.packet(), **SETTINGS, checkpoint=path, checkpoint_every=1e-9))

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    require_identical(found[0].dataset, stopped[1].dataset)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
