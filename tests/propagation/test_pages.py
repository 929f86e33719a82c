"""Fields on pages of their own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from wignercq.grid.grid import Axis, Grid
from wignercq.propagation.engines import TiledEngine, pages

MIB = 2**20


def resident() -> int:
    """Bytes this process holds in memory."""
    return int(psutil.Process().memory_info().rss)


def test_fields_begin_at_a_cache_line_and_are_zero() -> None:
    """Kills: FFTW plans for aligned tiles on arrays that are not; pages that were somebody else's."""
    field = pages.zeros((3, 5, 7), np.dtype(np.complex64))
    assert field.ctypes.data % 64 == 0
    assert field.flags.writeable
    assert not field.any()


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux about its pages")
def test_pages_are_private_and_may_be_huge() -> None:
    """Kills: a mapping shared by default, which Linux gives small pages: transport passes took 9 % longer."""
    field = pages.zeros((8 * MIB,), np.dtype(float))
    field[:] = 1
    lines = Path("/proc/self/smaps").read_text().splitlines()
    ours = next(i for i, line in enumerate(lines) if _holds(line, field.ctypes.data))
    flags = next(line for line in lines[ours:] if line.startswith("VmFlags:")).split()
    assert "sh" not in flags
    assert "hg" in flags


def _holds(line: str, address: int) -> bool:
    """Whether a line of smaps begins the mapping in which an address lies."""
    match = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
    return match is not None and int(match[1], 16) <= address < int(match[2], 16)


@pytest.mark.skipif(sys.platform != "linux", reason="counts resident memory as Linux reports it")
def test_a_field_that_is_let_go_is_no_longer_in_memory() -> None:
    """Kills: freed fields in the allocator's heap. One of 20 MiB first taught it to keep what is below that."""
    np.ones(20 * MIB // 8).sum()
    engine = TiledEngine(Grid(Axis(-3, 4, 38), Axis(-3, 4, 36), Axis(-3, 4, 34), Axis(-3, 4, 40)))  # 14 MiB
    fields = [engine.copy(engine.allocate()) for _ in range(4)]
    above = np.ones(MIB // 16)  # at the top of the heap, if the fields are in it
    before = resident()
    del fields
    assert before - resident() > 0.9 * 4 * engine.grid.size * 8
    assert above.all()


def test_no_room_is_a_memory_error() -> None:
    """Kills: an OSError that nobody expects from an array."""
    with pytest.raises(MemoryError, match="no room for an array of shape"):
        pages.zeros((2**55,), np.dtype(float))
