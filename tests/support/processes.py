"""Runs of the command line in processes of their own, which can be killed, starved and signalled.

A fork server imports the package once; a process then starts in milliseconds, and is as real as any other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import xarray as xr

from support.configurations import Table, box, configuration
from wignercq.cli import commands as cli

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["wignercq.config.execute", "wignercq.cli.run_files", "wignercq.report.write", "support.processes"]
)

WELLS: dict[str, Table] = {
    "model": {"hbar": 0.8},
    "classical": {"mass": 1.3, "potential": "0.4*q**2 + 0.08*q**4", "friction": 0.3, "diffusion": 0.5},
    "quantum": {"mass": 0.7, "potential": "0.55*x**2 + 0.04*x**4"},
    "interaction": {"potential": "0.2*(q - x)**2", "decoherence": 0.75},
    "parameters": {},
    "initial": {"kind": "gaussian", "mean": [0.4, -0.3, -0.2, 0.3], "covariance": [0.5, 0.6, 0.4, 0.45]},
    "compare": {},
}
TIGHT = box(16, 18, 20, 22, extents=((-3.4, 3.6), (-4.2, 4.0), (-3.3, 3.2), (-3.6, 3.7)))
WIDE = box(14, 16, 18, 20, extents=((-4.6, 4.9), (-5.2, 5.0), (-4.3, 4.2), (-4.6, 4.7)))
#: A box that W outgrows at three times, steps of 0.16, two outputs between steps, a checkpoint after every step.
CONFIG = configuration(
    **WELLS,
    grid={**TIGHT, "adapt": True},
    run={
        "duration": 0.8,
        "save_every": 0.27,
        "tolerance": 2e-4,
        "frames": 3,
        "save_state": True,
        "checkpoint_every": "0.001 s",
    },
)
OUTPUTS = 4
COMMAND = ("run", "run.toml", "-o", "out.nc", "--quiet")


@dataclass(frozen=True)
class Undisturbed:
    """The result of a run, and the seconds it takes from the start of its process to its end."""

    result: xr.Dataset
    seconds: float


class Run:
    """One process that runs `wignercq` with some arguments in a folder.

    Parameters
    ----------
    folder : Path
        Working folder; what the command writes to stderr is in ``stderr.txt`` there.
    arguments : str
    prepare : callable, optional
        Called in the process first, to bring about a fault.
    """

    def __init__(self, folder: Path, *arguments: str, prepare: Callable[[], None] | None = None) -> None:
        self.stderr = folder / "stderr.txt"
        self.process: BaseProcess = CONTEXT.Process(target=_run, args=(folder, arguments, prepare))
        self.process.start()

    def send(self, number: int) -> None:
        """Send a signal to the process, unless it has ended."""
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def finish(self) -> int:
        """Wait for the process; its exit code, negative for the signal that killed it."""
        self.process.join(300)
        assert self.process.exitcode is not None
        return self.process.exitcode

    @property
    def lines(self) -> list[str]:
        """What the command has written to stderr."""
        return self.stderr.read_text().splitlines()


def _run(folder: Path, arguments: tuple[str, ...], prepare: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the fork server ignores it
    os.chdir(folder)
    for stream, name in ((sys.stdout, "stdout.txt"), (sys.stderr, "stderr.txt")):
        stream.flush()
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    if prepare is not None:
        prepare()
    sys.exit(cli.main(arguments))


def folder_with(parent: Path, name: str, config: str = CONFIG) -> Path:
    """A new folder with the configuration run.toml."""
    folder = parent / name
    folder.mkdir()
    (folder / "run.toml").write_text(config)
    return folder


def load(path: Path) -> xr.Dataset:
    """A result file."""
    return xr.load_dataset(path, engine="h5netcdf")


def wait_for(path: Path) -> None:
    """Wait until a file appears."""
    deadline = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.002)


def require_identical(found: xr.Dataset, expected: xr.Dataset) -> None:
    """Fail unless all variables agree to the last bit."""
    assert set(found.variables) == set(expected.variables)
    for name, variable in expected.variables.items():
        np.testing.assert_array_equal(found[name].values, variable.values, err_msg=str(name))
        assert found[name].dtype == variable.dtype
