"""The run that nothing disturbs, which all others have to equal."""

from __future__ import annotations

import os
import time

import pytest
from support.processes import COMMAND, Run, Undisturbed, folder_with, load


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What `wignercq run` gives when it is left alone."""
    folder = folder_with(tmp_path_factory.mktemp("undisturbed"), "run")
    assert Run(folder, "--version").finish() == 0  # the fork server starts up
    start = time.monotonic()
    assert Run(folder, *COMMAND).finish() == 0
    seconds = time.monotonic() - start
    assert sorted(os.listdir(folder)) == ["out.nc", "run.toml", "stderr.txt", "stdout.txt"]
    result = load(folder / "out.nc")
    changes = result.attrs["grid_changes"].splitlines()
    assert len({line.partition(":")[0] for line in changes}) >= 3
    return Undisturbed(result, seconds)
