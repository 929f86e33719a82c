"""The files of a run at the command line: the result, its lock, and the checkpoints beside it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wignercq.config import Config
from wignercq.config.identity import are_same
from wignercq.errors import CheckpointError, InputError, Interrupted, StoppedError, quoted
from wignercq.results.result import Result
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.progress import Progress
from wignercq.run.signals import StopRequests
from wignercq.sweep.loading import load


@dataclass(frozen=True)
class Output:
    """Where a run writes."""

    # the result file; checkpoints and a lock, both gone when the run is finished, have its name and a suffix
    target: Path

    @property
    def checkpoints(self) -> CheckpointFiles:
        """The checkpoints of the run."""
        return CheckpointFiles(self.target.with_name(self.target.name + ".checkpoint"))

    @contextmanager
    def reserved(self, config: Path) -> Iterator[None]:
        """Context in which this process alone writes the result.

        InputError where it could not be written in the end, or another run is writing it.
        """
        self._require_writable(config)
        lock = self.target.with_name(self.target.name + ".lock")
        with _locked(lock, self.target):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)

    def _require_writable(self, config: Path) -> None:
        target = self.target
        if target.is_dir():
            raise InputError(target, "a file to write", "a folder")
        if target.exists() and target.samefile(config):
            raise InputError(target, "a result file", "the configuration itself")
        if not target.parent.is_dir():
            raise InputError(target, "a file in an existing folder", f"{target.parent}, which is none")
        try:
            with tempfile.TemporaryFile(dir=target.parent):
                pass
        except OSError as error:
            raise InputError(target, "a folder that can be written to", quoted(error)) from None

    def finished(self, settings: Config, kind: type[Result]) -> bool:
        """Whether the result is there already and complete.

        CheckpointError where there is nothing to resume: no checkpoint, and no result of this configuration.
        """
        if self.target.exists():
            result = load(self.target)
            attributes = result.dataset.attrs
            if "stopped" not in attributes:
                if type(result) is kind and are_same(str(attributes.get("configuration", "")), settings.text):
                    return True
                if not self.checkpoints.exist():
                    raise CheckpointError(
                        self.target, "a run to resume", "the finished result of another configuration"
                    )
        if not self.checkpoints.exist():
            raise CheckpointError(self.checkpoints.path, "a checkpoint to resume", "nothing at this path")
        return False

    def settled(self, is_done: Callable[[], bool], *, resume: bool, quiet: bool, progress: Progress) -> bool:
        """Whether there is nothing to resume because all is done; says so, and what becomes of what is unfinished."""
        if resume and is_done():
            self.checkpoints.discard()
            if not quiet:
                progress.say(f"wignercq: {self.target} is finished; nothing to resume")
            return True
        if not resume and not quiet and self.checkpoints.exist():
            progress.say(f"wignercq: starting afresh; {self.checkpoints.path} of an unfinished run will be replaced")
        return False

    @contextmanager
    def saving(self, settings: Config, said: Callable[[StoppedError], str]) -> Iterator[None]:
        """Save what there is of a run that is stopped, with the attribute ``stopped``; `said` tells what that is."""
        try:
            yield
        except StoppedError as error:
            if error.solution is None:
                raise
            error.solution.dataset.attrs["stopped"] = str(error)
            self.save(error.solution, settings)
            message = f"{error}; {said(error)}"
            if isinstance(error, Interrupted):
                raise Interrupted(message, signal=error.signal) from None
            raise type(error)(message) from None

    def save(self, result: Result, settings: Config) -> None:
        """Write the result, whole or not at all; InputError where it cannot be, the disk being full for example."""
        result.dataset.attrs["configuration"] = settings.text
        try:
            with StopRequests(patient=True):
                result.save(self.target)
        except OSError as error:
            hint = "; --resume goes on from the last checkpoint" if self.checkpoints.exist() else ""
            raise InputError(self.target, "a file that can be written", quoted(error) + hint) from None


@contextmanager
def _locked(lock: Path, target: Path) -> Iterator[None]:
    while True:
        with open(lock, "a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(target, "a file that no other run is writing", "one in use") from None
            except OSError:  # some network file systems know no locks
                yield
                return
            try:
                current = os.stat(lock).st_ino == os.fstat(handle.fileno()).st_ino
            except FileNotFoundError:  # the run before has just removed it
                current = False
            if current:
                yield
                return
