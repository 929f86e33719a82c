"""Processes that carry out one run together, each with devices of its own: how they meet, what they agree on.

All of them do the same, and decide the same from what they see of W, which is the same for all. What one alone sees, a
clock, a signal, the memory of its machine, has to be agreed on before anything depends on it. A process that has not
joined others is on its own, whatever its environment says: then all this costs nothing, and JAX is not imported.
"""

from __future__ import annotations

import re
import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from wignercq.errors import InputError, brief, quoted

#: Who has started the processes, as it is given, and as JAX calls it.
LAUNCHERS = {"slurm": "slurm", "openmpi": "ompi", "mpi4py": "mpi4py"}
HOW = f"one of {', '.join(LAUNCHERS)}, or HOST:PORT,K/N"
MEET, GONE = 300, 60  # seconds until all have to be there, and until one that says nothing is given up
END = 20  # seconds until all have to be at the end, where one has come to it by an error

_joined: list[Any] = []  # JAX, once others were joined


class Failed(Exception):
    """The first process could not do what all wait for."""


def join(how: str) -> None:
    """Become one of several processes that carry out the same runs together with the engine ``"jax"``.

    It comes before anything else that uses JAX, and is for good.

    Parameters
    ----------
    how : str
        Who has started them: ``"slurm"``, ``"openmpi"``, or ``"mpi4py"`` for any MPI that mpi4py knows; or by hand
        ``"HOST:PORT,K/N"``: this is the K-th of N, the first of which is on HOST, where PORT is free.

    Raises
    ------
    InputError
        None of these, not what has started this process, or the others were not there within five minutes.
    """
    launcher, by_hand = LAUNCHERS.get(how), re.fullmatch(r"(.+:\d+),(\d+)/(\d+)", how)
    if launcher is None and (by_hand is None or not 1 <= int(by_hand[2]) <= int(by_hand[3])):
        raise InputError("join", HOW, brief(how))
    try:
        import jax
    except ModuleNotFoundError:
        raise InputError("join", "JAX (pip install 'wignercq[jax]')", "none") from None
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    options: dict[str, Any] = {"initialization_timeout": MEET, "heartbeat_timeout_seconds": GONE}
    if by_hand:
        options |= {"coordinator_address": by_hand[1], "cluster_detection_method": "deactivate"}
        options |= {"num_processes": int(by_hand[3]), "process_id": int(by_hand[2]) - 1}
    else:
        options["cluster_detection_method"] = launcher
    try:
        jax.distributed.initialize(**options)
    except (RuntimeError, ValueError, KeyError, ImportError) as error:
        expected = "all processes at HOST:PORT" if by_hand else f"a process that {how} has started"
        got = f"no {error.args[0]} in its environment" if isinstance(error, KeyError) else quoted(error)
        raise InputError("join", expected, got) from None
    _joined.append(jax)


def count() -> int:
    """How many there are."""
    return int(_joined[0].process_count()) if _joined else 1


def is_first() -> bool:
    """Whether this is the one that writes and tells; the only one is."""
    return not _joined or _joined[0].process_index() == 0


def name() -> str:
    """Which one this is, in words."""
    return f"process {_joined[0].process_index() + 1} of {count()}" if _joined else "the only process"


def gathered(number: float) -> np.ndarray:
    """The number that each of them has, shape (count,)."""
    if count() == 1:
        return np.array([float(number)])
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(np.float64(number)))


def first_says(number: float) -> float:
    """The number that the first one has."""
    return float(gathered(number)[0])


def first_does(act: Callable[[], Any]) -> Any:
    """What `act` returns in the first one, and None in the others, which wait for it.

    What it raises is raised; the others get Failed then.
    """
    if count() == 1:
        return act()
    result, error = None, None
    if is_first():
        try:
            result = act()
        except BaseException as raised:
            error = raised
    failed = first_says(error is not None)
    if error is not None:
        raise error
    if failed:
        raise Failed
    return result


def neighbours() -> int:
    """How many of them are on this machine."""
    own = float(zlib.crc32(socket.gethostname().encode()))
    return int((gathered(own) == own).sum())


def all_end() -> bool:
    """Whether all come to their end now, and none waits for another that is gone."""
    if count() == 1:
        return True
    met = threading.Event()

    def wait() -> None:
        with suppress(Exception):  # of whatever kind: the others are gone
            _meet()
            met.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(END + 1)
    return met.is_set()


def _meet() -> None:
    """Wait for all, at the barrier of JAX that has an end, or, where a JAX has it no longer, at its public one.

    The public one computes on the devices: it wants all to have come as far, and may wait for ever.
    """
    try:
        from jax._src.distributed import global_state

        client: Any = global_state.client
        barrier = client.wait_at_barrier
    except (ImportError, AttributeError):
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices("wignercq ends")
    else:
        barrier("wignercq ends", 1000 * END)
