"""How a preparation says what it is doing: a callable that takes some words, by default one that does nothing."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]


def silent(text: str) -> None:
    """Say nothing."""
