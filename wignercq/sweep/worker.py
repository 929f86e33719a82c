"""A worker process of a sweep: ``python -m wignercq.sweep.worker``.

Each line of standard input is a job in JSON; it is answered with a line: null once the result is written, or what
went wrong. The process ends with its standard input.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

from threadpoolctl import threadpool_limits

from wignercq.config import Config
from wignercq.sweep.kinds import KINDS


def main() -> None:
    """Answer jobs until there are no more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may get among the answers
    with threadpool_limits(1):
        for line in sys.stdin:
            answers.write(json.dumps(outcome(json.loads(line))) + "\n")
            answers.flush()


def outcome(job: dict[str, Any]) -> str | None:
    """Do one job: compute a point and write it whole or not at all; what went wrong, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are among the attributes
            config = Config.from_text(job["configuration"], runs=False, folder=job.get("folder", "")).at(job["point"])
            result = KINDS[job["kind"]].compute(config, int(job["threads"]))
        result.dataset.attrs |= {"point": json.dumps(job["point"]), "identity": job["identity"]}
        result.save(job["target"])
    except Exception as error:  # whatever it is, the other points go on
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    main()
