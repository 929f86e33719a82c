"""How much memory this process may still use: what the machine has free, within the limits it was given."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from wignercq.errors import MemoryLimitError, readable_size
from wignercq.grid.grid import Grid
from wignercq.planning.numerics import Numerics
from wignercq.propagation.engines import processes
from wignercq.propagation.engines.base import Room

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
#: Names of the limit, the usage and the reclaimable part of it in memory.stat, for cgroups of version 2 and 1.
FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class Need(NamedTuple):
    """Bytes that something needs, and those it may have."""

    needed: float
    allowed: float

    def __str__(self) -> str:
        return f"{readable_size(self.needed)} of {readable_size(self.allowed)}"


def free_memory() -> float:
    """Bytes this process can still allocate: free memory, within the limits of control groups and of ``ulimit -v``."""
    limits = [math.inf, *_left_in_cgroups(), *_left_of_address_space()]
    with suppress(psutil.Error, OSError, NotImplementedError):  # a system that does not say
        limits.append(float(psutil.virtual_memory().available))
    return max(0.0, min(limits))


def held_memory() -> float:
    """Bytes this process holds now; 0 where the system does not say."""
    with suppress(psutil.Error, OSError, NotImplementedError):
        return float(psutil.Process().memory_info().rss)
    return 0.0


def _left_of_address_space() -> Iterator[float]:
    """What ``ulimit -v`` leaves, where there is such a limit."""
    if resource is None or not hasattr(resource, "RLIMIT_AS"):
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        yield float(soft - psutil.Process().memory_info().vms)


def _left_in_cgroups() -> Iterator[float]:
    """Bytes left in each control group with a limit that this process is in, containers and batch systems set them."""
    for folder in _own_cgroups():
        for limit, usage, reclaimable in FILES:
            try:
                stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                used = int((folder / usage).read_text()) - int(stat.get(reclaimable, 0))
                yield float(int((folder / limit).read_text()) - used)
            except (OSError, ValueError):  # no such file, or "max"
                continue


def _own_cgroups() -> Iterator[Path]:
    """The folders of this process's memory groups and of all above them."""
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            top = CGROUPS / controllers
            group = top / path.lstrip("/")
            yield from (folder for folder in (group, *group.parents) if folder == top or top in folder.parents)


def require_memory(
    grids: Sequence[Grid],
    numerics: Numerics,
    limit: float | None,
    remedy: str = "lower points or shorten the run",
    *,
    beside: float = 0.0,
) -> None:
    """Refuse, with MemoryLimitError, runs side by side, each on its grid, beyond the free memory or `limit` bytes.

    `beside` is what else is needed, in bytes.
    """
    room, needed = room_of(numerics, grids[0]), sum(map(numerics.memory, grids)) + beside
    if room is not None:
        _require_room_for_states(grids, numerics)
    free, where = (free_memory(), "") if room is None else (room.free, f" of the {room.parts}")
    allowed = free if limit is None else min(limit, free)
    if needed > allowed:
        what = "a run that fits" if len(grids) == 1 else f"{len(grids)} runs side by side that fit"
        whose = ("the free memory" + where) if allowed == free else "a memory limit"
        shares = "" if room is None or room.shares == 1 else f" on {room.shares} {room.parts}"
        raise MemoryLimitError(
            "grid",
            f"{what} {whose} of {_each(allowed, room)}",
            f"{' x '.join(map(str, grids[0].shape))} points, which need {_each(needed, room)}{shares}; {remedy}",
        )


def room_of(numerics: Numerics, grid: Grid) -> Room | None:
    """What there is of the memory that a run needs where that is not this process's alone, the same for all of them."""
    room, count = numerics.room(grid), processes.count()
    if room is not None or count == 1:
        return room
    free = processes.gathered(free_memory() / processes.neighbours()).min()
    return Room(count * float(free), count * float(processes.gathered(held_memory()).max()), count, "processes")


def _each(size: float, room: Room | None) -> str:
    """A size, or each one's share of it."""
    if room is None or room.shares == 1:
        return readable_size(size)
    return f"{readable_size(size / room.shares)} each"


def _require_room_for_states(grids: Sequence[Grid], numerics: Numerics) -> None:
    """Refuse to keep more W than this process can hold, where a run itself lies elsewhere."""
    needed, free = sum(map(numerics.memory_of_states, grids)), processes.first_says(free_memory())
    if needed > free:
        raise MemoryLimitError(
            "keep_state",
            f"states that fit the free memory of {readable_size(free)}",
            f"{numerics.kept}, which need {readable_size(needed)}",
        )
