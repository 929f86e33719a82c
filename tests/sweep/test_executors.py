"""Sweeps that an executor carries, and shares of sweeps that meet in one folder."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support import results
from support.configurations import configuration

import wignercq
from wignercq.cli import commands as cli
from wignercq.cli.lock import locked
from wignercq.config import Config
from wignercq.errors import InputError
from wignercq.steady import SteadyState
from wignercq.sweep import carrier, folder, here, kinds, points, process_pool, sweep_steady_states, worker

SWEPT = configuration(initial={}, grid={}, run={}, compare={}, steady={"tolerance": 1e-3}, sweep={"g": [0.1, 0.2, 0.3]})
# A small process that does what its jobs say, in place of one that solves equations.
OBEDIENT = """
import json, os, sys
for line in sys.stdin:
    job = json.loads(line)
    if job.get("file") and os.path.exists(job["file"]):
        os.remove(job["file"]); os.kill(os.getpid(), 9)
    print(json.dumps(str(os.getpid())), flush=True)
"""


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Steady states by g, known beforehand and found in this process; those that were asked for."""
    asked: list[float] = []

    def execute(config: Config, *, threads: int) -> SteadyState:
        asked.append(config.model.parameters["g"])
        return results.steady(round(10 * asked[-1]))

    monkeypatch.setattr(kinds, "execute_steady", execute)
    monkeypatch.setattr(carrier, "do_here", worker.outcome)
    return asked


def test_a_broken_pool_is_told_point_by_point_and_costs_nothing_that_is_finished() -> None:
    """Kills: a sweep that ends in a traceback or waits for ever, an answer lost with the pool."""
    jobs = [("good", "0"), ("killed", "import os; os._exit(3)"), ("left", "0")]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        ended = dict(carrier.outcomes(pool, exec, jobs))
        assert ended.pop("good") is None
        assert {reason.partition(":")[0] for reason in map(str, ended.values())} == {"BrokenProcessPool"}
        assert len(ended) == 2
        refused = dict(carrier.outcomes(pool, exec, [("late", "0")]))
    assert str(refused["late"]).startswith("BrokenProcessPool: ")


def test_a_job_that_an_executor_carries_has_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: a death that reaches the executor's worker, a process for each job, processes that stay for ever."""
    monkeypatch.setattr(process_pool, "COMMAND", (sys.executable, "-IS", "-c", OBEDIENT))
    monkeypatch.setattr(here, "IDLE", 0.05)
    (tmp_path / "alive").touch()
    with ThreadPoolExecutor(1) as pool:
        jobs = [(1, {}), (2, {}), (3, {"file": str(tmp_path / "alive")}), (4, {})]
        pids = [int(str(pid)) for _, pid in sorted(carrier.outcomes(pool, here.do_here, jobs))]
    assert os.getpid() not in pids
    assert (pids[0] == pids[1], pids[1] == pids[2], pids[2] == pids[3]) == (True, False, True)
    end = time.monotonic() + 10
    while here._workers._living and time.monotonic() < end:
        time.sleep(0.01)
    assert here._workers._living == []


def test_shares_meet_in_one_folder_and_the_same_command_gathers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], computed: list[float]
) -> None:
    """Kills: a point in no share or in two, a share that waits for the lock of another, one that gathers too soon."""
    monkeypatch.setattr(
        carrier, "own_outcomes", lambda count, jobs, stopped: ((label, worker.outcome(job)) for label, job in jobs)
    )
    monkeypatch.chdir(tmp_path)
    Path("swept.toml").write_text(SWEPT)
    command = ["steady", "swept.toml", "-o", "out.nc"]
    with locked(Path("out.nc.lock"), Path("out.nc")):
        for share, asked, count in (("2/2", [0.2], "1 of 1"), ("1/2", [0.2, 0.1, 0.3], "2 of 2")):
            assert cli.main([*command, "--points", share]) == 0
            assert computed == asked
            told = (
                f"{count} points of the share {share} are finished in out.nc.points; the same command without --points"
            )
            assert capsys.readouterr().out.startswith(told)
    assert not Path("out.nc").exists()
    assert cli.main([*command, "--quiet"]) == 0
    assert len(computed) == 3
    gaps = wignercq.load("out.nc").dataset["gap"]
    assert [float(gap) for gap in gaps] == [results.steady(k).gap for k in (1, 2, 3)]


def test_a_point_that_another_job_finishes_meanwhile_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: list[float]
) -> None:
    """Kills: points computed twice by jobs that began at the same time, a finished file that is written over."""
    config = Config.from_text(SWEPT.replace(", 0.2, 0.3]", "]"), runs=False)

    def outcome(job: dict[str, Any]) -> str | None:
        worker.outcome(job)  # of the other job
        (path,) = tmp_path.glob(f"{job['identity']}*")
        before = path.stat().st_ino
        answer = worker.outcome(job)
        assert path.stat().st_ino == before
        return answer

    monkeypatch.setattr(carrier, "do_here", outcome)
    with ThreadPoolExecutor(1) as pool:
        assert sweep_steady_states(config, tmp_path, executor=pool).failures == {}
    assert computed == [0.1]


def test_writers_of_one_point_leave_each_other_alone(tmp_path: Path) -> None:
    """Kills: two jobs in one temporary file, a reader that sees half of one, what is left of a killed one for ever."""
    target = tmp_path / "point.nc"
    result = results.steady(2)
    result.dataset.attrs["identity"] = "point"
    seen = []
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(folder.keep, result, target) for _ in range(3)]
        while not all(writer.done() for writer in writers):
            time.sleep(0.02)
            seen += [folder.found(kinds.STEADY_STATES, target, "point")] if target.exists() else []
    assert [writer.exception() for writer in writers] == [None] * 3
    assert all(each is not None and each.gap == result.gap for each in seen)
    assert os.listdir(tmp_path) == ["point.nc"]
    for name, age in (("point.nc.killed", 2 * folder.ABANDONED), ("point.nc.living", 0.5 * folder.ABANDONED)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, times=(time.time() - age,) * 2)
    folder.prepare(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["point.nc", "point.nc.living"]


def test_what_other_machines_write_may_be_seen_late_or_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: list[float]
) -> None:
    """Kills: a failure where a network file system only shows a file late, a wait without end where it never does."""
    config = Config.from_text(SWEPT.replace(", 0.3]", "]"), runs=False)
    written: list[dict[str, Any]] = []
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += 20.0
        if clock[0] == 40.0:
            assert [worker.outcome(job) for job in written if job["point"] != {"g": 0.2}] == [None]

    monkeypatch.setattr(carrier, "do_here", written.append)
    monkeypatch.setattr(points, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: clock[0]))
    with ThreadPoolExecutor(1) as pool:
        swept = sweep_steady_states(config, tmp_path, executor=pool)
    reason = f"the result could not be read back from {tmp_path}, which all that compute must share"
    assert swept.failures == {"g = 0.2": reason}
    assert 60 < clock[0] < 90


def test_a_worker_with_another_wignercq_is_told(tmp_path: Path) -> None:
    """Kills: numbers of another version, or of another file of the initial state, under the name of this one."""
    job = {"kind": "steady state", "configuration": SWEPT, "point": {"g": 0.1}, "threads": 1}
    answer = worker.outcome({**job, "identity": "0123", "target": str(tmp_path / "0123.nc")})
    assert str(answer).startswith("expected a worker with the wignercq and the files of the sweep, got others, and 0.")
    assert os.listdir(tmp_path) == []


def test_what_is_no_executor_is_refused_in_one_line(tmp_path: Path) -> None:
    """Kills: an AttributeError after minutes, a number of processes that nobody heeds."""
    config = Config.from_text(SWEPT, runs=False)
    with pytest.raises(InputError, match=r"^executor: expected a concurrent\.futures\.Executor, such as .*, got \[\]$"):
        sweep_steady_states(config, tmp_path, executor=[])  # type: ignore[arg-type]
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(InputError, match=r"^processes: expected none beside"),
    ):
        sweep_steady_states(config, tmp_path, executor=pool, processes=2)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--points", "0/4"], "'--points': expected K/N, every Nth point from the Kth, with 1 <= K <= N, got '0/4'"),
        (["--points", "5/4"], "got '5/4'"),
        (["--points", "1"], "got '1'"),
        (["--mpi", "--processes", "2"], "--processes, --scheduler and --mpi exclude each other"),
        (
            ["--scheduler", "tcp://nowhere:1"],
            "--scheduler: expected the extra wignercq[dask], got no package distributed",
        ),
        (["--mpi"], "--mpi: expected the extra wignercq[mpi] and an MPI library, got"),
        (["--points", "1/2"], "sweep: expected this table, whose points can be spread over jobs, got nothing"),
    ],
)
def test_options_that_cannot_be_used(
    options: list[str],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kills: a traceback, or a run without a sweep that each job of an array repeats."""
    for package in ("distributed", "mpi4py"):
        monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / "plain.toml").write_text(SWEPT[: SWEPT.index("[sweep]")])
    assert cli.main(["steady", str(tmp_path / "plain.toml"), "-o", str(tmp_path / "out.nc"), *options]) == 2
    complaint = capsys.readouterr().err
    assert line in complaint
    assert complaint.count("\n") == 1
