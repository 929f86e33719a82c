"""Imports point one way: a part imports from lines above its own, as docs/design.md shows them, and from itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "wignercq"
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def rule(document: str) -> list[list[str]]:
    """The lines of the import rule as a page shows them."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [line.split() for line in re.findall(r"^ +\d+ {2}([a-z ]+)$", text, re.M)]


LINES = rule("docs/design.md")
FLOOR = {part: number for number, parts in enumerate(LINES) for part in parts}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[list[str]]:
    """Full names of everything a file imports, wherever in it, for annotations alone too, split at the dots."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: expected absolute imports"
            yield from (f"{node.module}.{alias.name}".split(".") for alias in node.names)


def test_the_rule_names_every_part_once() -> None:
    """Kills: a part under no rule, rules for parts that are gone, a module that lies beside the packages."""
    parts = {part_of(path) for path in FILES}
    assert sorted(part for line in LINES for part in line) == sorted(parts)
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == {"__init__.py", "errors.py", "py.typed"}
    assert rule("CONTRIBUTING.md") == LINES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """Kills: a lower part that leans on a higher one, on its neighbour or on the package as a whole."""
    allowed = {part_of(path)} | {part for line in LINES[: FLOOR[part_of(path)]] for part in line}
    if part_of(path) == "gaussian":  # it judges the rest
        allowed = {"gaussian", "model", "errors"}
    assert {name[1] for name in imports(path) if name[0] == "wignercq"} <= allowed


def lines_like(pattern: str) -> list[tuple[str, str]]:
    """Where a pattern is found in the files, and what."""
    texts = ((str(path.relative_to(PACKAGE)), path.read_text(encoding="utf-8")) for path in FILES)
    return [(name, found) for name, text in texts for found in re.findall(pattern, text, re.M)]


def test_what_a_lower_part_calls_of_a_higher_one_is_listed() -> None:
    """Kills: an import upwards that hides behind the name of a function as text, beside two."""
    assert lines_like(r"\bcalled\(\"[^)]*\)") == [
        ("model/model.py", 'called("states.wells", "well")'),
        ("results/result.py", 'called("config.config", "model_in")'),
    ]


def test_qutip_is_imported_where_it_is_needed() -> None:
    """Kills: a package that needs QuTiP, which is an extra, in order to be imported."""
    assert [name for name, _ in lines_like(r"^( *)import qutip|^from qutip")] == ["results/quantum_state.py"] * 2
    assert lines_like(r"^(?:import|from) qutip") == []


def test_only_plotting_imports_matplotlib() -> None:
    """Kills: a computation that needs a display library to be importable; an `imports` that sees nothing."""
    assert {part_of(path) for path in FILES if any(name[0] == "matplotlib" for name in imports(path))} == {"plotting"}
