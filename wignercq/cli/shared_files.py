"""The files of a run that several processes carry out together: the first one reads and writes, the others wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from wignercq.cli.run_files import Output
from wignercq.config import Config
from wignercq.errors import StoppedError
from wignercq.propagation.engines.processes import first_does, first_says, is_first
from wignercq.results.result import Result


class SharedOutput(Output):
    """Where several processes write together; processes.Failed in the others where the first one could not."""

    @contextmanager
    def reserved(self, config: Path) -> Iterator[None]:
        with ExitStack() as stack:
            first_does(lambda: stack.enter_context(Output.reserved(self, config)))
            yield

    def settled(self, is_same: Callable[[Result], bool], **asked: Any) -> bool:
        return bool(first_says(bool(first_does(lambda: Output.settled(self, is_same, **asked)))))

    def require_resumable(self) -> None:
        first_does(lambda: Output.require_resumable(self))

    @contextmanager
    def saving(self, settings: Config, said: Callable[[StoppedError], str]) -> Iterator[None]:
        if is_first():
            with Output.saving(self, settings, said):
                yield
            return
        try:
            yield
        except StoppedError as error:
            if error.solution is not None:
                self.save(error.solution, settings)
            raise

    def save(self, result: Result, settings: Config) -> None:
        first_does(lambda: Output.save(self, result, settings))
