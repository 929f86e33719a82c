"""A terminal to write to: what would be seen on it."""

from __future__ import annotations

import io
import re


class Terminal(io.StringIO):
    """A stream that says it is a terminal and keeps all that was written, cursor movements included."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        """The lines that are seen, without spaces at their ends; those that show nothing are left out."""
        return seen(self.getvalue())


def seen(written: str) -> list[str]:
    """The lines that a terminal shows after all this, as far as ``\\r`` and ``\\n`` move its cursor."""
    assert "\x1b" not in written
    lines = []
    for line in re.sub("\r+\n", "\n", written).split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        lines.append("".join(cells).rstrip())
    return [line for line in lines if line]
