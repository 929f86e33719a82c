"""All that is wrong with a configuration, told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from wignercq.config.lines import lines_of
from wignercq.errors import ConfigError


@dataclass
class Mistakes:
    """What has been found so far; as a context, it notes a ConfigError and goes on behind."""

    found: list[ConfigError] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, ConfigError):
            return False
        self.found += error.parts
        return True

    def tell(self, text: str) -> None:
        """Raise a ConfigError of all that was found, by line of `text`, if there is anything."""
        if not self.found:
            return
        lines = lines_of(text)
        for error in self.found:
            error.line = lines.find(error.argument)
        raise ConfigError.of(sorted(self.found, key=lambda error: error.line or len(text)))
