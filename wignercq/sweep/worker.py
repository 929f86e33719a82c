"""A worker process of a sweep: ``python -m wignercq.sweep.worker``.

Each line of standard input is a job in JSON; it is answered with a line: null once the result is written, or what
went wrong. The process ends with its standard input, at once: nobody waits for its answer any more.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from threadpoolctl import threadpool_limits

from wignercq.config import Config
from wignercq.results.provenance import __version__
from wignercq.sweep.folder import found, keep
from wignercq.sweep.kinds import KINDS


def main() -> None:
    """Answer jobs until there are no more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may get among the answers
    jobs: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    with threadpool_limits(1):
        while True:
            answers.write(json.dumps(outcome(json.loads(jobs.get()))) + "\n")
            answers.flush()


def _listen(jobs: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def outcome(job: dict[str, Any]) -> str | None:
    """Do one job: compute a point and write it whole or not at all; what went wrong, or None.

    What another job has finished in the meantime is not computed again.
    """
    try:
        kind, target, identity = KINDS[job["kind"]], Path(job["target"]), job["identity"]
        if found(kind, target, identity) is not None:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are among the attributes
            config = Config.from_text(job["configuration"], runs=False, folder=job.get("folder", "")).at(job["point"])
            if kind.identity(config) != identity:
                return f"expected a worker with the wignercq and the files of the sweep, got others, and {__version__}"
            result = kind.compute(config, int(job["threads"]))
        result.dataset.attrs |= {"point": json.dumps(job["point"]), "identity": identity}
        if found(kind, target, identity) is None:
            keep(result, target)
    except Exception as error:  # whatever it is, the other points go on
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    main()
