"""Imports point one way: a part of the package imports from the lines above its own in docs/design.md, and itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wignercq"
FILES = sorted(PACKAGE.rglob("*.py"))


def rule(document: str) -> list[list[str]]:
    """The lines of the import rule as a page shows them."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [line.split() for line in re.findall(r"^ +\d+ {2}([a-z ]+)$", text, re.M)]


LINES = rule("docs/design.md")
FLOOR = {part: number for number, parts in enumerate(LINES) for part in parts}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names of everything a file imports, wherever in it, for annotations alone too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: expected absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    """Other parts of the package that a file imports; the bare package counts as its `__init__`."""
    names = [name.split(".") for name in imports(path)]
    found = {
        name[1] if (PACKAGE / name[1]).is_dir() or name[1] in FLOOR else "__init__"
        for name in names
        if name[0] == "wignercq"
    }
    return found - {part_of(path)}


@pytest.mark.parametrize(
    "path", [p for p in FILES if part_of(p) != "__init__"], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_point_one_way(path: Path) -> None:
    """Kills: a lower layer that starts to lean on a higher one, on its neighbour or on the package as a whole."""
    allowed = {part for line in LINES[: FLOOR[part_of(path)]] for part in line}
    assert parts_imported(path) <= allowed
