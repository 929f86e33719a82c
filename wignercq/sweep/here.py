"""Jobs that an executor carried to some machine, done there by worker processes beside the executor's own worker.

Whatever that is, a thread, an MPI rank or a process that does something else: libraries have one thread, a point whose
process is killed is tried once more and takes nothing else with it, and where the executor's worker is killed, what it
had begun ends too.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

from wignercq.sweep.process_pool import Workers

IDLE = 60.0  # seconds after which no more jobs are expected

_workers = Workers()
_dismissal: threading.Timer | None = None


def do_here(job: dict[str, Any]) -> str | None:
    """Do a job in a worker process on the machine where this is called; it is kept for the next job, for a minute."""
    try:
        return _workers.do(job)
    finally:
        _dismiss_later()


def _dismiss_later() -> None:
    global _dismissal
    if _dismissal is not None:
        _dismissal.cancel()
    _dismissal = threading.Timer(IDLE, _workers.dismiss)
    _dismissal.daemon = True
    _dismissal.start()


@atexit.register
def _end() -> None:
    _workers.kill()
    _workers.close()


def _forked() -> None:
    """Workers belong to the process that started them; what is forked from it begins with none."""
    global _workers, _dismissal
    _workers, _dismissal = Workers(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
