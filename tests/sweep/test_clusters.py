"""A sweep through dask and through MPI, whose workers are killed on the way, gives the files of one that is left alone.

The extras dask and mpi, with the wheel of MPICH, bring what these tests need; they are skipped where it is not.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import psutil
import pytest
import xarray as xr
from support.configurations import box, configuration

pytestmark = pytest.mark.slow

# 6 points, most of whose time is that of starting, reading and writing.
SWEPT = configuration(
    grid=box(10, 12, 12, 14),
    run={"duration": 0.1, "outputs": 1, "dt": 0.1, "on_unresolved": "warn"},
    compare={"observables": ["cov_xx"]},
    sweep={"g": [0.1, 0.2, 0.3], "lam": [0.3, 0.5]},
)
MPIEXEC = Path(sys.executable).with_name("mpiexec")
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs the extra dask")
needs_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs the extra mpi and mpich"
)


def command(folder: Path, *options: str) -> list[str]:
    python = [sys.executable, "-m", "wignercq.cli", "compare", str(folder / "swept.toml"), "-o", str(folder)]
    return [*python, "--quiet", *options]


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
    shares = [subprocess.Popen(command(folder, "--processes", "1", "--points", f"{k}/2")) for k in (1, 2)]
    assert [share.wait(timeout=600) for share in shares] == [0, 0]
    points = contents(folder)
    assert len(points) == 6
    assert not (folder / "sweep.nc").exists()
    return points


def require_the_same(folder: Path, local: dict[str, xr.Dataset], kept: dict[str, tuple[int, int]]) -> None:
    """All points, equal to the last bit, and none written again."""
    assert 1 <= len(kept) < 6
    now = points_of(folder)
    assert {name: now[name] for name in kept} == kept
    found = contents(folder)
    assert sorted(found) == sorted(local)
    for name, dataset in found.items():
        xr.testing.assert_identical(dataset, local[name])


@needs_dask
def test_a_sweep_goes_on_when_a_worker_of_dask_is_killed(tmp_path: Path, local: dict[str, xr.Dataset]) -> None:
    """Kills: points lost or repeated with the worker that had them, a point computed on when its worker is gone."""
    (tmp_path / "swept.toml").write_text(SWEPT)
    file = tmp_path / "scheduler.json"
    dask, at = [sys.executable, "-m", "dask"], ["--scheduler-file", file, "--no-dashboard"]
    worker = [*dask, "worker", *at, "--nthreads", "1", "--no-nanny", "--local-directory", tmp_path / "dask"]
    with ExitStack() as stack:
        scheduler = stack.enter_context(started(*dask, "scheduler", "--port", "0", *at))
        first, second = (stack.enter_context(started(*worker)) for _ in range(2))
        until(lambda: file.exists() and file.read_text().endswith("}"), scheduler)
        address = json.loads(file.read_text())["address"]
        sweep = stack.enter_context(started(*command(tmp_path, "--points", "1/1", "--scheduler", address)))
        until(lambda: points_of(tmp_path) and computing(first.pid) and computing(second.pid), sweep)
        left = computing(first.pid)
        first.kill()
        kept = points_of(tmp_path)
        assert psutil.wait_procs(left, timeout=30)[1] == []
        assert (sweep.wait(timeout=300), second.poll()) == (0, None)
    require_the_same(tmp_path, local, kept)


@needs_mpi
def test_a_sweep_over_mpi_goes_on_when_what_computes_is_killed(tmp_path: Path, local: dict[str, xr.Dataset]) -> None:
    """Kills: a point's death that ends all ranks, points lost with them when a rank itself is killed."""
    (tmp_path / "swept.toml").write_text(SWEPT)
    ranks = [MPIEXEC, "-n", "2", *command(tmp_path, "--points", "1/1", "--mpi")]
    with started(*ranks) as sweep:
        until(lambda: points_of(tmp_path), sweep)
        (parent,) = {process.ppid() for process in computing(sweep.pid)[:1]}
        left = computing(sweep.pid)
        psutil.Process(parent).kill()
        assert sweep.wait(timeout=60) != 0  # so it is with MPI
        assert psutil.wait_procs(left, timeout=30)[1] == []
    kept = points_of(tmp_path)
    with started(*ranks) as sweep:
        until(lambda: computing(sweep.pid), sweep)
        computing(sweep.pid)[0].kill()
        assert sweep.wait(timeout=300) == 0, said(sweep).read()
    require_the_same(tmp_path, local, kept)
