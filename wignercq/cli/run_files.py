"""The files of a run at the command line: the result, its lock, and the checkpoints beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wignercq.cli.lock import locked
from wignercq.config import Config
from wignercq.config.identity import are_same
from wignercq.errors import CheckpointError, InputError, Interrupted, StoppedError, quoted
from wignercq.results.result import Result
from wignercq.results.whole_file import destination
from wignercq.run.checkpoint import CheckpointFiles
from wignercq.run.progress import Progress
from wignercq.run.signals import StopRequests
from wignercq.sweep.loading import load

UNTOUCHED = "no finished result, or --force to replace it"


@dataclass(frozen=True)
class Output:
    """Where a run writes."""

    # the result file; checkpoints and a lock, both gone when the run is finished, have its name and a suffix; they lie
    # beside the file itself where this is a link
    target: Path

    @property
    def checkpoints(self) -> CheckpointFiles:
        """The checkpoints of the run."""
        return CheckpointFiles(self._beside(".checkpoint"))

    def _beside(self, suffix: str) -> Path:
        place = Path(os.path.realpath(self.target)) if self.target.is_symlink() else self.target
        return place.with_name(place.name + suffix)

    @contextmanager
    def reserved(self, config: Path) -> Iterator[None]:
        """Context in which this process alone writes the result.

        InputError where it could not be written in the end, or another run is writing it.
        """
        self.require_writable(config)
        with locked(self._beside(".lock"), self.target):
            yield

    def require_writable(self, config: Path) -> None:
        """InputError where the result could not be written: not in this place, or not over what is there."""
        target = self.target
        place = destination(target)
        if place.exists() and place.samefile(config):
            raise InputError(target, "a result file", "the configuration itself")
        if not place.parent.is_dir():
            raise InputError(target, "a file in an existing folder", f"{target.parent}, which is none")
        self.checkpoints.require_files()
        destination(self._beside(".lock"))
        try:
            with tempfile.TemporaryFile(dir=place.parent):
                pass
        except OSError as error:
            raise InputError(target, "a folder that can be written to", quoted(error)) from None

    def finished(self) -> Result | None:
        """The result that is there, unless it is of a run that was stopped; InputError where it is something else."""
        if not self.target.exists() or not self.target.stat().st_size:
            return None
        result = load(self.target)
        return None if result.dataset.attrs.get("stopped") else result

    def settled(
        self,
        is_same: Callable[[Result], bool],
        *,
        resume: bool = False,
        force: bool = False,
        quiet: bool = False,
        progress: Progress,
    ) -> bool:
        """Whether there is nothing to do because the result is there already; says so, and what is replaced.

        `is_same` tells whether a finished result is the one that is asked for. InputError where another one, or a file
        that is no result, would be replaced without `force`.
        """
        result = None if force and not resume else self._kept(resume)
        if result is not None and is_same(result):
            if resume:
                self.checkpoints.discard()
            if not quiet:
                hint = "nothing to resume" if resume else "--force computes it again"
                progress.say(f"wignercq: {self.target} is finished; {hint}")
            return True
        if resume:
            return False
        if result is not None:
            raise InputError(self.target, UNTOUCHED, f"the finished result of {_described(result)}")
        if not quiet and self.checkpoints.exist():
            progress.say(f"wignercq: starting afresh; {self.checkpoints.path} of an unfinished run will be replaced")
        return False

    def note_finished(self, is_same: Callable[[Result], bool], progress: Progress) -> None:
        """Say, before a rehearsal, which writes nothing, what a run would find in the place of its result."""
        try:
            result = self.finished()
        except InputError:
            progress.say(f"wignercq: {self.target} is a file that is no result; a run would need --force to replace it")
            return
        if result is None:
            return
        if is_same(result):
            progress.say(f"wignercq: {self.target} is finished; a run would need --force to compute it again")
        else:
            found = f"{self.target} is the finished result of {_described(result)}"
            progress.say(f"wignercq: {found}; a run would need --force to replace it, or another --output")

    def _kept(self, resume: bool) -> Result | None:
        try:
            return self.finished()
        except InputError as error:
            if resume:
                raise
            raise InputError(self.target, UNTOUCHED, f"a file that is none: expected {error.expected}") from None

    def require_gathered(self, kind: type[Result], points: Path, *, force: bool) -> None:
        """InputError where something else than the gathered result of a sweep would be replaced without `force`.

        Of a sweep whose points are still there nothing is lost.
        """
        result = None if force else self._kept(resume=False)
        if result is not None and not (type(result) is kind and any(points.glob("*.nc"))):
            raise InputError(self.target, UNTOUCHED, f"a finished result without its points in {points}")

    def require_resumable(self) -> None:
        """CheckpointError where there is nothing to go on from."""
        if not self.checkpoints.exist():
            if self.finished() is not None:
                raise CheckpointError(self.target, "a run to resume", "the finished result of another configuration")
            raise CheckpointError(self.checkpoints.path, "a checkpoint to resume", "nothing at this path")

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


def is_result_of(settings: Config, kind: type[Result]) -> Callable[[Result], bool]:
    """What tells whether a result is of a kind and of a configuration."""

    def told(result: Result) -> bool:
        return type(result) is kind and are_same(str(result.dataset.attrs.get("configuration", "")), settings.text)

    return told


def up_to(files: Output) -> Callable[[StoppedError], str]:
    """What is said of a run or comparison that was saved when it stopped."""

    def said(error: StoppedError) -> str:
        saved = f"result up to t = {error.solution.time[-1]:.6g} saved in {files.target}"
        resumable = isinstance(error, Interrupted) and files.checkpoints.exist()
        return f"{saved}; go on with --resume" if resumable else saved

    return said


def _described(result: Result) -> str:
    return "another configuration" if result.dataset.attrs.get("configuration") else "a run from Python"
