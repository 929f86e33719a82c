"""Configuration text: read from an ordinary file of a moderate size, and parsed as TOML."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from wignercq.errors import ConfigError, quoted

RESULT = b"\x89HDF\r\n\x1a\n"  # what a file of a result begins with
MAX_LENGTH = 100_000  # characters
MAX_LINE = 4_000  # characters
MAX_DEPTH = 32  # parts of a dotted key: time and memory to parse one grow with the square of their number
PART = r"""(?:(?<![\w-])[\w-]++|'[^'\n]*'|"(?:[^"\\\n]|\\.)*")"""
DEEP_KEY = re.compile(rf"(?:{PART}[ \t]*\.[ \t]*){{{MAX_DEPTH}}}")


def read(path: str | Path) -> str:
    """The text of a configuration file.

    A byte order mark is left out. ConfigError where it is missing, too long or not UTF-8, or a pipe or a device, which
    is not read at all.
    """
    try:
        content = _content(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ConfigError(path, "a readable file", quoted(error)) from None
    if content is None:
        raise ConfigError(path, "an ordinary file", "a pipe or a device")
    if content.startswith(RESULT):
        raise ConfigError(path, "a configuration in TOML", "a result, which wignercq info and plot show")
    if len(content) > 4 * MAX_LENGTH:
        raise ConfigError(path, f"at most {MAX_LENGTH} characters", "more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(path, "a text file in UTF-8", "something else") from None


def _content(path: Path) -> bytes | None:
    """What a file holds, up to the longest text in UTF-8; None without waiting if it is a pipe or a device."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        return None
    with path.open("rb") as file:
        return file.read(4 * MAX_LENGTH + 1)


def parse(text: str, *, name: str) -> dict[str, Any]:
    """The tables written in `text`; `name` stands for it in errors, ConfigError if it is too long or not TOML."""
    if len(text) > MAX_LENGTH:
        raise ConfigError(name, f"at most {MAX_LENGTH} characters", "more")
    longest = max(map(len, text.split("\n")))
    if longest > MAX_LINE:
        raise ConfigError(name, f"lines of at most {MAX_LINE} characters", f"one of {longest}")
    if DEEP_KEY.search(text):
        raise ConfigError(name, f"dotted keys of at most {MAX_DEPTH} parts", "a longer one")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(name, "TOML", quoted(error)) from None
