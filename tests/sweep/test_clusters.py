"""A sweep of 16 points through dask and through MPI gives the files of one that is left alone, and each worker that is
killed on the way costs its own point alone.

The extras dask and mpi, with the wheel of MPICH, bring what these tests need; they are skipped where it is not.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import psutil
import pytest
import xarray as xr
from support.configurations import box, configuration

from wignercq.cli import commands as cli

pytestmark = pytest.mark.slow

COUNT = 16  # points, most of whose time is that of planning, reading and writing
SWEPT = configuration(
    grid=box(10, 12, 12, 14),
    run={"duration": 0.02, "outputs": 1, "dt": 0.02, "order": 2, "on_unresolved": "warn"},
    compare={"observables": ["cov_xx"]},
    sweep={"g": [0.1, 0.2, 0.3, 0.4], "lam": [0.3, 0.4, 0.5, 0.6]},
)
# Beside what computes a point, a line for each that is begun; those after a number of lines wait while that is given.
COUNTED = """
import os, sys, time
if "wignercq.sweep.worker" in sys.orig_argv:
    from pathlib import Path
    from wignercq.sweep import kinds
    execute, folder = kinds.execute_comparison, Path(os.environ["COUNTED"])
    def counted(config, **asked):
        with open(folder / "begun", "a") as file:
            print(os.getpid(), config.model.parameters, file=file, flush=True)
        number = len((folder / "begun").read_text().splitlines())
        while (folder / f"held{number}").exists():
            time.sleep(0.01)
        return execute(config, **asked)
    kinds.execute_comparison = counted
"""
MPIEXEC = Path(sys.executable).with_name("mpiexec")
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs the extra dask")
needs_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs the extra mpi and mpich"
)


def arguments(folder: Path, *options: str) -> list[str]:
    return ["compare", str(folder / "swept.toml"), "-o", str(folder), "--quiet", *options]


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "wignercq.cli", *arguments(folder, *options)]


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the configuration, where every point that a process begins is counted."""
    (tmp_path / "swept.toml").write_text(SWEPT)
    (tmp_path / "sitecustomize.py").write_text(COUNTED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("COUNTED", str(tmp_path))
    return tmp_path


def begun(folder: Path) -> list[str]:
    """The points that were begun, in order, those that were begun again once more."""
    file = folder / "begun"
    return [line.partition(" ")[2] for line in file.read_text().splitlines()] if file.exists() else []


def hold(folder: Path, *numbers: int) -> list[Path]:
    """What has to go before the points that are begun as such can be computed."""
    files = [folder / f"held{number}" for number in numbers]
    for file in files:
        file.touch()
    return files


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A program, which ends with the context together with all that it started."""
    process = subprocess.Popen([*map(str, arguments)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        family = [process, *living(process.pid)]
        for each in family:
            each.kill()
        process.wait()
        said(process).close()


def said(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def living(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def points_of(folder: Path) -> dict[str, tuple[int, int]]:
    """The files of points, each with what changes when one is written again."""
    entries = [*os.scandir(folder / "points")] if (folder / "points").exists() else []
    return {each.name: (each.stat().st_ino, each.stat().st_mtime_ns) for each in entries if each.name.endswith(".nc")}


def until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 300
    while not happened():
        assert process.poll() is None, said(process).read()
        assert time.monotonic() < end
        time.sleep(0.01)


def computing(pid: int) -> list[psutil.Process]:
    """Processes below another that compute points."""
    found = []
    for process in living(pid):
        try:
            found += [process] if "wignercq.sweep.worker" in process.cmdline() else []
        except psutil.Error:  # it has just ended
            continue
    return found


def contents(folder: Path) -> dict[str, xr.Dataset]:
    """The points, without the time that they took."""
    files = {path.name: xr.load_dataset(path, engine="h5netcdf") for path in sorted((folder / "points").glob("*.nc"))}
    for dataset in files.values():
        del dataset.attrs["wall_time"]
    return files


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, xr.Dataset]:
    """The points as the sweep's own workers compute them, in two shares at the same time that are gathered by none."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "swept.toml").write_text(SWEPT)
    with subprocess.Popen(command(folder, "--processes", "1", "--points", "1/2")) as share:
        assert cli.main(arguments(folder, "--processes", "1", "--points", "2/2")) == 0
    assert share.returncode == 0
    points = contents(folder)
    assert len(points) == COUNT
    assert not (folder / "sweep.nc").exists()
    return points


def require_the_same(folder: Path, local: dict[str, xr.Dataset], kept: dict[str, tuple[int, int]]) -> None:
    """All points, equal to the last bit, and none written again."""
    now = points_of(folder)
    assert {name: now[name] for name in kept} == kept
    found = contents(folder)
    assert sorted(found) == sorted(local)
    for name, dataset in found.items():
        xr.testing.assert_identical(dataset, local[name])


@needs_dask
def test_a_killed_worker_of_dask_costs_its_own_point_alone(counted: Path, local: dict[str, xr.Dataset]) -> None:
    """Kills: points lost or repeated with the worker that had them, a point computed on when its worker is gone."""
    file = counted / "scheduler.json"
    dask, at = [sys.executable, "-m", "dask"], ["--scheduler-file", file, "--no-dashboard"]
    worker = [*dask, "worker", *at, "--nthreads", "1", "--no-nanny", "--local-directory", counted / "dask"]
    held = hold(counted, 5, 6)
    with ExitStack() as stack:
        scheduler = stack.enter_context(started(*dask, "scheduler", "--port", "0", *at))
        first, second = (stack.enter_context(started(*worker)) for _ in range(2))
        until(lambda: file.exists() and file.read_text().endswith("}"), scheduler)
        address = json.loads(file.read_text())["address"]
        sweep = stack.enter_context(started(*command(counted, "--points", "1/1", "--scheduler", address)))
        until(lambda: len(begun(counted)) == 6 and len(points_of(counted)) == 4, sweep)
        kept, left = points_of(counted), computing(first.pid)
        assert len(left) == len(computing(second.pid)) == 1
        first.kill()
        assert psutil.wait_procs(left, timeout=30)[1] == []
        for each in held:
            each.unlink()
        assert (sweep.wait(timeout=300), second.poll()) == (0, None)
    require_the_same(counted, local, kept)
    assert len(begun(counted)) == COUNT + 1
    assert len({*begun(counted)}) == COUNT


@needs_mpi
def test_what_is_killed_over_mpi_costs_its_own_point_alone(counted: Path, local: dict[str, xr.Dataset]) -> None:
    """Kills: a point's death that ends all ranks, points lost or repeated with them when a rank itself is killed."""
    ranks = [MPIEXEC, "-n", "2", *command(counted, "--points", "1/1", "--mpi")]
    held = hold(counted, 5, 10)
    with started(*ranks) as sweep:
        until(lambda: len(begun(counted)) == 5 and len(points_of(counted)) == 4, sweep)
        kept, left = points_of(counted), computing(sweep.pid)
        psutil.Process(left[0].ppid()).kill()
        assert sweep.wait(timeout=60) != 0  # so it is with MPI
        assert psutil.wait_procs(left, timeout=30)[1] == []
    assert points_of(counted) == kept
    with started(*ranks) as sweep:
        until(lambda: len(begun(counted)) == 10 and len(points_of(counted)) == 8, sweep)
        kept |= points_of(counted)
        computing(sweep.pid)[0].kill()
        assert sweep.wait(timeout=300) == 0, said(sweep).read()
    assert [each.exists() for each in held] == [True, True]  # numbers that no other point has
    require_the_same(counted, local, kept)
    assert len(begun(counted)) == COUNT + 2
    assert len({*begun(counted)}) == COUNT


@needs_dask
def test_what_is_no_scheduler_is_told_at_once(counted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: a traceback of dask after a minute of waiting."""

    def answer() -> None:
        with server.accept()[0] as connection:
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(answer)
        for address in ("tpc://127.0.0.1:8786", f"tcp://127.0.0.1:{server.getsockname()[1]}"):
            begin = time.monotonic()
            assert cli.main(arguments(counted, "--scheduler", address)) == 2
            complaint = capsys.readouterr().err
            assert f"--scheduler: expected the address of a scheduler of dask, got {address}: " in complaint
            assert complaint.count("\n") == 1
            assert time.monotonic() - begin < 20


@needs_mpi
def test_one_rank_alone_is_refused(counted: Path) -> None:
    """Kills: every process that srun starts with an MPI it does not know computes all points."""
    alone = subprocess.run(command(counted, "--mpi"), capture_output=True, text=True, check=False)
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert "--mpi: expected other ranks to compute with, as in mpiexec -n 17 wignercq ... --mpi, got" in alone.stderr
