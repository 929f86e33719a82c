"""In which line of a configuration a key is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from wignercq.config.validation import dotted

TOKEN = re.compile(
    r"(?P<text>\"\"\".*?(?<!\\)(?:\\\\)*\"{3,5}|'''.*?'{3,5}|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
    r"|(?P<comment>#[^\n]*)|(?P<end>\n)|(?P<mark>[][{}=.])|(?P<bare>[\w+-]+)|(?P<rest>.)",
    re.DOTALL,
)


class Lines(dict[str, int]):
    """Lines, counted from 1, by dotted key."""

    def find(self, argument: str) -> int | None:
        """The line of what an error is about: a dotted key, or the innermost table that lacks it; None without one."""
        key = re.split(" (?:with|or) ", argument)[0]
        while key and key not in self:
            key = key.rpartition(".")[0]
        return self.get(key)


def lines_of(text: str) -> Lines:
    """The lines of all keys and tables of TOML, which has been parsed before."""
    return Lines(_lines(text))


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Dotted keys and headers of tables, and their lines; keys within braces are not told apart from the key before."""
    table: list[str] = []
    for number, tokens in _statements(text):
        if tokens[0][1] == "[":
            table = _parts(token for token in tokens if token[1] not in "[]")
            yield dotted(table), number
        else:
            equals = next((i for i, token in enumerate(tokens) if token[1] == "="), len(tokens))
            parts = _parts(iter(tokens[:equals]))
            for length in range(1, len(parts) + 1):  # a.b = 1 makes the table a, too
                yield dotted([*table, *parts[:length]]), number


def _statements(text: str) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Lines in which statements begin, with their tokens, kind and text; a value may go on over several lines."""
    number, begun, depth = 1, 1, 0
    tokens: list[tuple[str, str]] = []
    for match in TOKEN.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        if kind == "end" and tokens and depth <= 0:
            yield begun, tokens
            tokens, depth = [], 0
        elif kind in ("text", "mark", "bare"):
            begun = begun if tokens else number
            tokens.append((kind, piece))
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(piece, 0) if kind == "mark" else 0
        number += piece.count("\n")
    if tokens:
        yield begun, tokens


def _parts(tokens: Iterator[tuple[str, str]]) -> list[str]:
    """The parts of a dotted key."""
    return [
        tomllib.loads(f"key = {piece}")["key"] if kind == "text" else piece for kind, piece in tokens if piece != "."
    ]
