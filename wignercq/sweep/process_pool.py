"""Worker processes that do the jobs of a sweep, replaced when they die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

COMMAND = (sys.executable, "-m", "wignercq.sweep.worker")
ATTEMPTS = 2  # processes that a job may cost
WINDOWS_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class WorkerDied(Exception):
    """The process ended before it answered; the message says how."""


class Worker:
    """One process, which is given one job at a time.

    It is no member of the terminal's process group, so that Ctrl-C reaches the sweep alone; and it ends with its
    standard input, whatever has become of the sweep.
    """

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        apart: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {"creationflags": WINDOWS_GROUP}
        self.process = subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, text=True, **apart)

    def __call__(self, job: dict[str, Any]) -> str | None:
        """What went wrong with a job, None when it is done; WorkerDied where the process ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        answer = ""
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer.endswith("\n"):
            code = self.process.wait()
            raise WorkerDied(f"killed by signal {-code}" if code < 0 else f"ended with code {code}")
        result: str | None = json.loads(answer)
        return result

    def close(self) -> None:
        """End the process, at once."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):  # of a job that it no longer read
                assert pipe is not None
                pipe.close()


@dataclass(eq=False)
class Workers:
    """Workers, started when they are needed."""

    _living: list[Worker] = field(init=False, default_factory=list)
    _idle: list[Worker] = field(init=False, default_factory=list)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _closed: bool = field(init=False, default=False)

    def do(self, job: dict[str, Any]) -> str | None:
        """What went wrong with a job, None when it is done; one whose process dies is tried once more."""
        death = ""
        for _ in range(ATTEMPTS):
            worker = self._take()
            try:
                answer = worker(job)
            except WorkerDied as error:
                death = str(error)
                self._bury(worker)
                continue
            with self._lock:
                self._idle.append(worker)
            return answer
        return f"a worker process was {death}, {ATTEMPTS} times"

    def dismiss(self) -> None:
        """End those that have nothing to do."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                self._living.remove(worker)
                worker.close()

    def kill(self) -> None:
        """End all of them, whatever they do; no other is started."""
        with self._lock:
            self._closed = True
            for worker in self._living:
                worker.process.kill()

    def close(self) -> None:
        """What is left to do once they are killed, and no thread waits for one."""
        for worker in self._living:
            worker.close()

    def _take(self) -> Worker:
        with self._lock:
            if self._closed:
                raise WorkerDied("closed")
            if self._idle:
                return self._idle.pop()
            worker = Worker()
            self._living.append(worker)
            return worker

    def _bury(self, worker: Worker) -> None:
        with self._lock:
            if not self._closed:
                self._living.remove(worker)
                worker.close()
