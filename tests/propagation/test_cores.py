"""How many threads there are."""

from __future__ import annotations

import os

import numpy as np
import pytest
from support import systems

from wignercq import evolve
from wignercq.errors import InputError
from wignercq.planning.numerics import Numerics
from wignercq.propagation.engines import TiledEngine
from wignercq.propagation.engines.cores import cores, thread_count


def test_as_many_threads_as_cores_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills: two threads on any machine, cores of the machine that a batch system gave to others."""
    monkeypatch.setattr(os, "cpu_count", lambda: 48)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 6, 11, 12}, raising=False)
    assert (cores(), thread_count(None), Numerics().threads) == (5, 5, 5)
    assert thread_count(np.int64(7)) == 7
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == 48
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.mark.parametrize("given", [0, -1, 1.5, "2", True, 10**6])
def test_numbers_that_are_no_number_of_threads(given: object) -> None:
    """Kills: a TypeError of the pool of threads, after the grid was chosen."""
    with pytest.raises(InputError, match=r"^threads: expected a whole number from 1 to 4096, got "):
        evolve(systems.quartic(), systems.packet(), grid=systems.SMALL, duration=0.1, threads=given)  # type: ignore[arg-type]


def test_small_grids_do_without_the_buffers_of_all_threads() -> None:
    """Kills: hundreds of buffers for a W that one thread takes through its passes."""
    small, large = (TiledEngine(systems.SMALL.__class__(*axes), threads=9) for axes in (systems.SMALL, LARGE))
    assert [len(engine._rows.transforms) for engine in (small, large)] == [1, 9]


LARGE = [type(axis)(axis.lower, axis.upper, 24) for axis in systems.SMALL]
